#include "service/api/practice.h"

#include "service/api/wire.h"
#include "service/progress/progress.h"
#include "service/service.h"
#include "service/store/evaluation.h"

static void wake(struct service *service, void *arg)
{
        (void)arg;
        progress_wake(service->progress);
}

static void add(struct service *service, void *arg)
{
        const int64_t *user_id = arg;

        progress_add(service->progress, *user_id);
}

enum status practice_spoke(struct call *call, const struct room *room, struct error *reterr)
{
        if (room->kind == ROOM_KIND_DIRECT)
                return STATUS_OK;
        return call_after_commit(call, wake, NULL, reterr);
}

enum status practice_told_coach(struct call *call, struct lease *lease, int64_t user_id,
                                int64_t memory_id, struct error *reterr)
{
        bool due = false;
        enum status st = evaluation_note(lease, user_id, memory_id, &due, reterr);

        if (st != STATUS_OK || !due)
                return st;
        int64_t *arg = arena_memdup(call->arena, &user_id, sizeof(user_id));
        return arg ? call_after_commit(call, add, arg, reterr) : wire_no_memory(reterr);
}
