#include "service/api/forget.h"

#include "service/api/wire.h"
#include "service/auth/authority.h"
#include "service/events/publisher.h"
#include "service/service.h"

#include <string.h>

/* Whoever holds connections of the user looks at their tokens again, and a session that has ended
 * hears no more of what follows. */
static void tell_user(struct service *service, int64_t user_id)
{
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;
        Socializer__V1__SessionsChanged changed = SOCIALIZER__V1__SESSIONS_CHANGED__INIT;

        event.user_id = user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_SESSIONS;
        event.sessions = &changed;
        publisher_user_event(service->publisher, &event);
        publisher_rekey_user(service->publisher, user_id);
}

static void drop_user(struct service *service, void *arg)
{
        authority_forget_user(service->authority, *(const int64_t *)arg);
        tell_user(service, *(const int64_t *)arg);
}

/* A token, and whose it was. */
struct dropped {
        uint8_t jti[16];
        int64_t user_id;
};

static void drop_token(struct service *service, void *arg)
{
        const struct dropped *dropped = arg;

        authority_forget(service->authority, dropped->jti);
        tell_user(service, dropped->user_id);
}

enum status forget_user(struct call *call, int64_t user_id, struct error *reterr)
{
        int64_t *arg = arena_memdup(call->arena, &user_id, sizeof(user_id));

        if (!arg)
                return wire_no_memory(reterr);
        return call_after_commit(call, drop_user, arg, reterr);
}

enum status forget_token(struct call *call, int64_t user_id, const uint8_t jti[static 16],
                         struct error *reterr)
{
        struct dropped *arg = arena_alloc(call->arena, sizeof(*arg));

        if (!arg)
                return wire_no_memory(reterr);
        memcpy(arg->jti, jti, sizeof(arg->jti));
        arg->user_id = user_id;
        return call_after_commit(call, drop_token, arg, reterr);
}

enum status forget_caller_token(struct call *call, struct error *reterr)
{
        return forget_token(call, call->caller.user_id, call->caller.jti, reterr);
}
