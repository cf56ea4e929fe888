/* Access tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256, and nothing else of that
 * wide world. A token is
 *     base64url({"alg":"HS256","typ":"JWT"}) . base64url(claims) . base64url(signature)
 * with the claims sub (the user's number, as text), username, jti (16 bytes, base64url), iat, exp.
 * Any thread. */
#ifndef SERVICE_AUTH_TOKEN_H
#define SERVICE_AUTH_TOKEN_H

#include "common/arena.h"
#include "common/frame.h"
#include "common/status.h"

#include <stdint.h>

#define TOKEN_KEY_BYTES 32
#define TOKEN_JTI_BYTES 16

struct token_claims {
        int64_t user_id;
        char username[64];
        uint8_t jti[TOKEN_JTI_BYTES];
        int64_t issued_at_s, expires_at_s; /* since 1970 */
};

/* The text is the arena's. */
enum status token_encode(const uint8_t key[static TOKEN_KEY_BYTES],
                         const struct token_claims *claims, struct arena *arena, const char **ret,
                         struct error *reterr) MUST_CHECK;
/* UNAUTHENTICATED for anything but a token that this key signed and that is valid at now_s; the
 * text does not tell why. The algorithm is ours, whatever the header says, and a header that says
 * another or asks for an extension (crit) is refused. */
enum status token_verify(const uint8_t key[static TOKEN_KEY_BYTES], struct frame_bytes token,
                         int64_t now_s, struct token_claims *ret, struct error *reterr) MUST_CHECK;
/* What every refusal says. */
enum status token_refuse(struct error *reterr);

#endif
