/* Settings of the coach: each user's, and the server's. Keys are sealed by who stores them. Inside
 * the caller's lease; what is returned lives in the arena. */
#ifndef SERVICE_STORE_COACH_SETTING_H
#define SERVICE_STORE_COACH_SETTING_H

#include "common/arena.h"
#include "common/frame.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coach_user_setting {
        const char *provider, *endpoint, *model, *language; /* "" = the server's */
        struct frame_bytes api_key; /* sealed; n_bytes 0 = none */
        bool remote_evaluation; /* what the user says may be evaluated elsewhere */
};

struct coach_server_setting {
        const char *provider, *endpoint, *model; /* "" = none */
        struct frame_bytes api_key; /* sealed; n_bytes 0 = none */
        bool allow_private;
        int64_t requests_per_minute, context_bytes;
        const char **allowed;
        size_t n_allowed;
};

/* All of it "" where the user has set nothing. NOT_FOUND: no such user. */
enum status coach_user_setting_get(struct lease *lease, struct arena *arena, int64_t user_id,
                                   struct coach_user_setting *ret, struct error *reterr) MUST_CHECK;
/* Replaces it. NOT_FOUND: no such user. */
enum status coach_user_setting_put(struct lease *lease, int64_t user_id,
                                   const struct coach_user_setting *setting,
                                   struct error *reterr) MUST_CHECK;
enum status coach_server_setting_get(struct lease *lease, struct arena *arena,
                                     struct coach_server_setting *ret,
                                     struct error *reterr) MUST_CHECK;
/* Replaces it, list included. */
enum status coach_server_setting_put(struct lease *lease,
                                     const struct coach_server_setting *setting,
                                     struct error *reterr) MUST_CHECK;

#endif
