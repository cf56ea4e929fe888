#include "service/api/practice.h"

#include "service/api/announce.h"
#include "service/api/coach_choice.h"
#include "service/api/disclose.h"
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

/* --- what service/progress/ asks back; the closure is the service --- */

static enum status choose(void *closure, struct lease *lease, struct arena *arena,
                          const struct user *user, struct coach_request *request,
                          struct error *reterr)
{
        struct coach_choice choice;
        enum status st = coach_choice_of_evaluation(closure, arena, lease, user, &choice, reterr);

        if (st != STATUS_OK)
                return st;
        request->settings = choice.settings;
        request->language = choice.language;
        return STATUS_OK;
}

static enum status keep_account(void *closure, struct lease *lease, struct arena *arena,
                                int64_t user_id, const struct coach_request *request,
                                struct error *reterr)
{
        Socializer__V1__Disclosure *entry = disclose_request(arena, request, reterr);

        return entry ? disclose(closure, arena, lease, user_id, entry, reterr)
                     : STATUS_RESOURCE_EXHAUSTED;
}

static void moved(void *closure, int64_t user_id, const struct level_moved *moved,
                  const char *skill_name)
{
        announce_level_now(closure, user_id, moved, skill_name);
}

enum status practice_start(struct service *service, struct error *reterr)
{
        const struct progress_options options = {
                .db = service->db,
                .coach = service->coach,
                .vault = service->vault,
                .choose = choose,
                .disclose = keep_account,
                .moved = moved,
                .closure = service,
        };

        return progress_new(&options, &service->progress, reterr);
}
