#include "service/api/forget.h"

#include "service/api/wire.h"
#include "service/auth/authority.h"
#include "service/service.h"

static void drop_user(struct service *service, void *arg)
{
        authority_forget_user(service->authority, *(const int64_t *)arg);
}

static void drop_token(struct service *service, void *arg)
{
        authority_forget(service->authority, arg);
}

enum status forget_user(struct call *call, int64_t user_id, struct error *reterr)
{
        int64_t *arg = arena_memdup(call->arena, &user_id, sizeof(user_id));

        if (!arg)
                return wire_no_memory(reterr);
        return call_after_commit(call, drop_user, arg, reterr);
}

enum status forget_caller_token(struct call *call, struct error *reterr)
{
        uint8_t *arg = arena_memdup(call->arena, call->caller.jti, sizeof(call->caller.jti));

        if (!arg)
                return wire_no_memory(reterr);
        return call_after_commit(call, drop_token, arg, reterr);
}
