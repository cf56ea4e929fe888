/* Who somebody is: access tokens, their revocation, and the operator token.
 *
 * Tokens are JSON Web Tokens, HS256, of our own small making on libsodium and jansson. A token is
 * worth something only while its session is in the database, not revoked and not expired, and its
 * user is active; the role is the database's, not the token's. What was verified is remembered, so
 * that a call costs no signature and no query, and forgotten the moment something changes. */
#ifndef SERVICE_AUTH_AUTHORITY_H
#define SERVICE_AUTH_AUTHORITY_H

#include "common/arena.h"
#include "common/frame.h"
#include "common/status.h"
#include "service/auth/caller.h"
#include "service/db/db.h"

struct authority;

struct authority_options {
        const char *data_dir; /* token.key (made on first start, 0600) and operator.token (made anew
                                 on every start, 0600) are in it */
        struct db *db;
        uint32_t token_ttl_s; /* how long a token is valid; 0 = 86,400 */
};

enum status authority_new(const struct authority_options *options, struct authority **ret,
                          struct error *reterr) MUST_CHECK;
struct authority *authority_free(struct authority *a);

/* The 32 bytes that hashes of requests are keyed with; made of token.key, and so the same after a
 * restart. The authority's. */
const uint8_t *authority_replay_secret(const struct authority *a);

/* Who holds this token. UNAUTHENTICATED when nobody does (malformed, forged, expired, revoked, user
 * inactive or gone); the text does not say more than "log in again". is_direct: the call came
 * straight from a client and not through a gateway; only then the operator token counts. May take a
 * read lease. Any thread that holds no lease. */
enum status authority_check(struct authority *a, struct frame_bytes token, bool is_direct,
                            deadline_ns deadline, struct caller *ret,
                            struct error *reterr) MUST_CHECK;

/* Who signs in, and with what. */
struct authority_login {
        int64_t user_id;
        const char *username;
        const char *client; /* in its own words; "" = unknown */
        int64_t since_ms; /* when the sign-in was that a fresh token goes on with; 0: now */
};

/* A new session of a user: stores it (within the write lease) and writes its token. */
enum status authority_issue(struct authority *a, struct lease *lease, struct arena *arena,
                            const struct authority_login *login, const char **ret_token,
                            uint32_t *ret_expires_in_s, struct error *reterr) MUST_CHECK;
/* Writes down which sessions have been used when, to the minute; what is not written now is written
 * later. Any thread that may db_write(). */
enum status authority_note_use(struct authority *a, deadline_ns deadline,
                               struct error *reterr) MUST_CHECK;
/* Revokes one session, or all of a user but keep_jti (NULL = none kept; *ret_n, if not NULL: how
 * many), within the write lease. To be followed by authority_forget…() after the commit
 * (call_after_commit()). */
enum status authority_revoke(struct lease *lease, const uint8_t jti[static 16],
                             struct error *reterr) MUST_CHECK;
enum status authority_revoke_user(struct lease *lease, int64_t user_id, const uint8_t *keep_jti,
                                  int64_t *ret_n, struct error *reterr) MUST_CHECK;
/* Against guessing passwords; before any is hashed. An attempt counts as failed until
 * authority_login_succeeded() says otherwise. RESOURCE_EXHAUSTED with the time to wait when this
 * account (capitals do not matter) had 10 failures within 5 minutes, or this address 100.
 * client_address "" (a direct caller) is not counted. Any thread. */
enum status authority_login_attempt(struct authority *a, const char *username,
                                    const char *client_address, struct error *reterr) MUST_CHECK;
void authority_login_succeeded(struct authority *a, const char *username,
                               const char *client_address);
/* It turned out to be neither right nor wrong (the database did not answer, say): takes the attempt
 * back. */
void authority_login_undecided(struct authority *a, const char *username,
                               const char *client_address);
/* Drops what is remembered: of one token, or of everything of a user (role, activity, deletion). */
void authority_forget(struct authority *a, const uint8_t jti[static 16]);
void authority_forget_user(struct authority *a, int64_t user_id);

#endif
