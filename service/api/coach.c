/* CoachService: gathers what the coach should know, asks it, and remembers what was said. */
#include "service/coach/coach.h"

#include "service/api/practice.h"
#include "service/api/wire.h"
#include "service/rpc/call.h"
#include "service/service.h"
#include "service/store/user.h"

#include "handlers.gen.h"

/* Messages of the conversation that the coach looks back at. */
#define HISTORY_MESSAGES 20
#define DEFAULT_THREAD   "default"

struct chat {
        int64_t user_id;
        const char *message;
        const char *thread_id;
        struct coach_answer answer;
        Socializer__V1__ChatResponse *rsp;
};

/* Reads everything in one lease, which is given back before the engine is asked. */
static enum status gather(struct call *call, const struct chat *chat, struct coach_request *ret,
                          struct error *reterr)
{
        struct user user;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = user_get(&lease, call->arena, chat->user_id, &user, reterr);

        if (st == STATUS_OK)
                st = user_skill_list(&lease, call->arena, chat->user_id, &ret->skills, reterr);
        if (st == STATUS_OK)
                st = training_list_of_user(&lease, call->arena, chat->user_id, &ret->trainings,
                                           reterr);
        if (st == STATUS_OK)
                st = memory_list(&lease, call->arena, chat->user_id, chat->thread_id, 0,
                                 HISTORY_MESSAGES, &ret->history, reterr);
        if (st != STATUS_OK)
                return st;
        ret->username = user.username;
        ret->settings.temperature = user.temperature;
        ret->message = chat->message;
        return STATUS_OK;
}

static enum status check(void *arg, struct error *reterr)
{
        return call_check(arg, reterr);
}

static enum status remember(struct call *call, struct lease *lease, void *arg, struct error *reterr)
{
        static char skills[] = "skills", trainings[] = "trainings", conversation[] = "conversation";
        static char *const tools[] = {skills, trainings, conversation};
        struct chat *chat = arg;
        const struct memory_message said[] = {
                {.role = MEMORY_ROLE_USER,
                 .content = chat->message,
                 .thread_id = chat->thread_id,
                 .created_at_ms = MEMORY_NOW},
                {.role = MEMORY_ROLE_ASSISTANT,
                 .content = chat->answer.text,
                 .thread_id = chat->thread_id,
                 .created_at_ms = MEMORY_NOW},
        };
        int64_t ids[ARRAY_SIZE(said)];
        enum status st = memory_append(lease, chat->user_id, said, ARRAY_SIZE(said), ids, reterr);

        if (st == STATUS_OK)
                st = practice_told_coach(call, lease, chat->user_id, ids[0], reterr);
        if (st != STATUS_OK)
                return st;
        chat->rsp->tools_used = arena_memdup(call->arena, tools, sizeof(tools));
        if (!chat->rsp->tools_used)
                return wire_no_memory(reterr);
        chat->rsp->n_tools_used = ARRAY_SIZE(tools);
        chat->rsp->response = (char *)chat->answer.text;
        chat->rsp->thread_id = (char *)chat->thread_id;
        chat->rsp->engine = (char *)chat->answer.engine;
        return STATUS_OK;
}

enum status coach_service_chat(struct call *call, const Socializer__V1__ChatRequest *req,
                               Socializer__V1__ChatResponse *rsp, struct error *reterr)
{
        struct coach_request request = {.deadline = call->deadline};
        const struct coach_asker asker = {check, NULL, call};
        struct chat chat = {
                .message = req->message,
                .thread_id = *req->thread_id ? req->thread_id : DEFAULT_THREAD,
                .rsp = rsp,
        };
        enum status st = call_subject(call, 0, &chat.user_id, reterr);

        if (st == STATUS_OK)
                st = gather(call, &chat, &request, reterr);
        if (st == STATUS_OK)
                st = coach_ask(call->service->coach, &request, &asker, call->arena, &chat.answer,
                               reterr);
        if (st == STATUS_OK)
                st = call_check(call, reterr);
        return st == STATUS_OK ? call_write(call, remember, &chat, NULL, reterr) : st;
}
