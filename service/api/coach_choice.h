/* Which engine answers a user: their own settings, and where they have none the server's. */
#ifndef SERVICE_API_COACH_CHOICE_H
#define SERVICE_API_COACH_CHOICE_H

#include "service/coach/coach.h"
#include "service/service.h"
#include "service/store/coach_setting.h"
#include "service/store/room.h"
#include "service/store/user.h"

struct coach_choice {
        struct coach_settings settings;
        const char *language; /* "" = that of what is asked */
        int64_t requests_per_minute;
};

/* All of these read in the caller's lease, and open the key. FAILED_PRECONDITION: it cannot be
 * read. */

/* Who answers the user. PERMISSION_DENIED, field "endpoint": the user's is not allowed any more. */
enum status coach_choice_get(struct service *service, struct arena *arena, struct lease *lease,
                             const struct user *user, struct coach_choice *ret,
                             struct error *reterr) MUST_CHECK;
/* The same in a room, which chooses between the built-in coach and the server's. */
enum status coach_choice_in_room(struct service *service, struct arena *arena, struct lease *lease,
                                 const struct user *user, enum room_coach_kind coach,
                                 struct coach_choice *ret, struct error *reterr) MUST_CHECK;
/* Who evaluates the user: who answers, if the user allows that, and otherwise, or where that one
 * cannot be asked, the built-in coach. */
enum status coach_choice_of_evaluation(struct service *service, struct arena *arena,
                                       struct lease *lease, const struct user *user,
                                       struct coach_choice *ret, struct error *reterr) MUST_CHECK;

/* Whether users may set this endpoint; as coach_endpoint_check(). */
enum status coach_choice_allows(const struct coach_server_setting *server, const char *endpoint,
                                struct error *reterr) MUST_CHECK;

/* The engines that there are: coach_engine_name(0), … until NULL. The first is the built-in one. */
const char *coach_engine_name(size_t i);

#endif
