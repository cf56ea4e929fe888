/* Which engine answers a user: their own settings, and where they have none the server's. */
#ifndef SERVICE_API_COACH_CHOICE_H
#define SERVICE_API_COACH_CHOICE_H

#include "service/coach/coach.h"
#include "service/rpc/call.h"
#include "service/store/coach_setting.h"
#include "service/store/user.h"

struct coach_choice {
        struct coach_settings settings;
        const char *language; /* "" = that of what is asked */
        int64_t requests_per_minute;
};

/* Reads it in the caller's lease, opens the key. PERMISSION_DENIED, field "endpoint": the user's is
 * not allowed any more. FAILED_PRECONDITION: the key cannot be read. */
enum status coach_choice_get(struct call *call, struct lease *lease, const struct user *user,
                             struct coach_choice *ret, struct error *reterr) MUST_CHECK;

/* Whether users may set this endpoint; as coach_endpoint_check(). */
enum status coach_choice_allows(const struct coach_server_setting *server, const char *endpoint,
                                struct error *reterr) MUST_CHECK;

/* The engines that there are: coach_engine_name(0), … until NULL. */
const char *coach_engine_name(size_t i);

#endif
