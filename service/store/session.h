/* Sessions: an access token is worth something only while its session is here. Inside the caller's
 * lease. */
#ifndef SERVICE_STORE_SESSION_H
#define SERVICE_STORE_SESSION_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/user.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_JTI_BYTES    16
#define SESSION_CLIENT_BYTES (4 * 256 + 1)

struct session {
        int64_t user_id;
        char username[64];
        enum user_role role;
        bool is_active; /* the user is */
        bool is_revoked;
        int64_t expires_at_ms;
};

/* What a new one begins with. */
struct session_draft {
        const char *client; /* what signs in, in its own words; "" = unknown */
        int64_t created_at_ms; /* 0: now. Of a session that goes on under a fresh token: its own. */
        int64_t expires_at_ms;
};

/* One of a user's, as the user sees it. */
struct session_info {
        int64_t id; /* ascending by age */
        uint8_t jti[SESSION_JTI_BYTES];
        const char *client;
        int64_t created_at_ms, expires_at_ms;
        int64_t last_used_at_ms; /* 0 = never */
};

struct session_list {
        struct session_info *items; /* the newest first */
        size_t n_items;
        bool more;
};

/* Also drops the user's expired ones. FAILED_PRECONDITION: the user is gone. */
enum status session_add(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                        int64_t user_id, const struct session_draft *draft,
                        struct error *reterr) MUST_CHECK;
/* NOT_FOUND. Whether it is still good is for the caller to judge. */
enum status session_get(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                        struct session *ret, struct error *reterr) MUST_CHECK;
/* Those of a user that are good at now_ms, with ids below before_id (0: all). NOT_FOUND: no such
 * user. */
enum status session_list(struct lease *lease, struct arena *arena, int64_t user_id, int64_t now_ms,
                         int64_t before_id, size_t limit, struct session_list *ret,
                         struct error *reterr) MUST_CHECK;
/* What its token's successor goes on with. NOT_FOUND. */
enum status session_get_draft(struct lease *lease, struct arena *arena,
                              const uint8_t jti[static SESSION_JTI_BYTES],
                              struct session_draft *ret, struct error *reterr) MUST_CHECK;
/* It was used at that time, or later. Nothing when it is not there. */
enum status session_touch(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                          int64_t at_ms, struct error *reterr) MUST_CHECK;
/* Revokes one of this user. NOT_FOUND: there is none, or it has ended. */
enum status session_revoke_one(struct lease *lease, int64_t user_id,
                               const uint8_t jti[static SESSION_JTI_BYTES],
                               struct error *reterr) MUST_CHECK;
/* Nothing when it is not there or revoked already. */
enum status session_revoke(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                           struct error *reterr) MUST_CHECK;
/* Everybody's, for good; *ret_n: how many. */
enum status session_delete_all(struct lease *lease, int64_t *ret_n,
                               struct error *reterr) MUST_CHECK;
/* All of a user but keep_jti (NULL: none is kept). *ret_n, if not NULL: how many had not ended. */
enum status session_revoke_user(struct lease *lease, int64_t user_id, const uint8_t *keep_jti,
                                int64_t *ret_n, struct error *reterr) MUST_CHECK;

#endif
