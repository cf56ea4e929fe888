/* Sessions: an access token is worth something only while its session is here. Inside the caller's
 * lease. */
#ifndef SERVICE_STORE_SESSION_H
#define SERVICE_STORE_SESSION_H

#include "common/status.h"
#include "service/db/db.h"
#include "service/store/user.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_JTI_BYTES 16

struct session {
        int64_t user_id;
        char username[64];
        enum user_role role;
        bool is_active; /* the user is */
        bool is_revoked;
        int64_t expires_at_ms;
};

/* Also drops the user's expired ones. FAILED_PRECONDITION: the user is gone. */
enum status session_add(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                        int64_t user_id, int64_t expires_at_ms, struct error *reterr) MUST_CHECK;
/* NOT_FOUND. Whether it is still good is for the caller to judge. */
enum status session_get(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                        struct session *ret, struct error *reterr) MUST_CHECK;
/* Nothing when it is not there or revoked already. */
enum status session_revoke(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                           struct error *reterr) MUST_CHECK;
/* All of a user but keep_jti (NULL: none is kept). */
enum status session_revoke_user(struct lease *lease, int64_t user_id, const uint8_t *keep_jti,
                                struct error *reterr) MUST_CHECK;

#endif
