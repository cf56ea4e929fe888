/* CoachService.Chat: asks the coach, and remembers what was said. The question is kept before an
 * engine hears it, the answer when it is whole, or as far as it came, marked as interrupted. */
#include "service/api/coach_ask.h"
#include "service/api/practice.h"
#include "service/api/wire.h"
#include "service/auth/vault.h"
#include "service/service.h"

#include "handlers.gen.h"

#include <sodium.h>
#include <string.h>

#define DEFAULT_THREAD  "default"
#define ANSWER_ID_BYTES 16
#define INTERRUPTED     "\n\n(The answer was interrupted.)"
#define INTERRUPTED_MS  5000 /* to keep it: the call's own time may be over */

struct chat {
        struct coach_ask ask;
        bool is_new; /* the question is not in memory */
        int64_t question_id; /* in memory; 0: it was there before */
        Socializer__V1__ChatResponse *rsp;
};

static enum status remember(struct lease *lease, const struct chat *chat, enum memory_role role,
                            const char *content, int64_t *ret_id, struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct call *call = chat->ask.call;
        const struct memory_message message = {.role = role,
                                               .content = content,
                                               .thread_id = chat->ask.thread_id,
                                               .created_at_ms = MEMORY_NOW};
        enum status st =
                vault_user_key(call->service->vault, lease, chat->ask.user_id, true, &key, reterr);

        return st == STATUS_OK ? memory_append(lease, call->arena, &key, chat->ask.user_id,
                                               &message, 1, ret_id, reterr)
                               : st;
}

/* The question, and what the engine is going to be told. */
static enum status keep_question(void *arg, struct error *reterr)
{
        struct chat *chat = arg;
        LEASE(lease, chat->ask.call->service->db, LEASE_WRITE, chat->ask.call->deadline);
        enum status st = coach_ask_disclose(&chat->ask, &lease, reterr);

        if (st == STATUS_OK && chat->is_new)
                st = remember(&lease, chat, MEMORY_ROLE_USER, chat->ask.request.message,
                              &chat->question_id, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status keep_answer(struct call *call, struct lease *lease, void *arg,
                               struct error *reterr)
{
        static char skills[] = "skills", trainings[] = "trainings", conversation[] = "conversation";
        static char *const tools[] = {skills, trainings, conversation};
        struct chat *chat = arg;
        const struct coach_answer *got = &chat->ask.got;
        int64_t id;
        enum status st = remember(lease, chat, MEMORY_ROLE_ASSISTANT, got->text, &id, reterr);

        /* What somebody says to the coach is practice, too. */
        if (st == STATUS_OK && chat->question_id != 0)
                st = practice_told_coach(call, lease, chat->ask.user_id, chat->question_id, reterr);
        if (st != STATUS_OK)
                return st;
        chat->rsp->tools_used = arena_memdup(call->arena, tools, sizeof(tools));
        if (!chat->rsp->tools_used)
                return wire_no_memory(reterr);
        chat->rsp->n_tools_used = ARRAY_SIZE(tools);
        chat->rsp->response = (char *)got->text;
        chat->rsp->thread_id = (char *)chat->ask.thread_id;
        chat->rsp->engine = (char *)got->engine;
        chat->rsp->notice = (char *)got->notice;
        chat->rsp->answer_id = (char *)chat->ask.answer_id;
        return STATUS_OK;
}

static enum status keep_interrupted(void *arg, struct error *reterr)
{
        struct chat *chat = arg;
        int64_t id;
        const char *text =
                arena_printf(chat->ask.call->arena, "%s" INTERRUPTED, chat->ask.got.text);

        if (!text)
                return wire_no_memory(reterr);
        LEASE(lease, chat->ask.call->service->db, LEASE_WRITE, deadline_in_ms(INTERRUPTED_MS));
        enum status st = remember(&lease, chat, MEMORY_ROLE_ASSISTANT, text, &id, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* The caller is told why there is no answer; that this could not be kept would be one reason too
 * many. */
static void interrupted(struct chat *chat)
{
        struct db *db = chat->ask.call->service->db;

        if (*chat->ask.got.text)
                (void)!db_write(db, keep_interrupted, chat, deadline_in_ms(INTERRUPTED_MS), NULL);
}

/* Who asks again what has got no answer, as after a failure, has asked once. Takes the question out
 * of the history, where it is the newest, and returns whether it was. */
static bool is_asked_again(struct coach_request *request)
{
        struct memory_list *history = &request->history;

        if (history->n_items == 0 || history->items[0].role != MEMORY_ROLE_USER ||
            strcmp(history->items[0].content, request->message) != 0)
                return false;
        history->items++;
        history->n_items--;
        return true;
}

static enum status ask_coach(struct chat *chat, struct error *reterr)
{
        struct call *call = chat->ask.call;
        enum status st;

        chat->is_new = !is_asked_again(&chat->ask.request);
        st = db_write(call->service->db, keep_question, chat, call->deadline, reterr);
        if (st != STATUS_OK)
                return st;
        st = coach_ask_run(&chat->ask, reterr);
        if (st == STATUS_OK)
                st = call_write(call, keep_answer, chat, NULL, reterr);
        if (st != STATUS_OK)
                interrupted(chat);
        return st;
}

/* A name that nobody has chosen. */
static const char *name_answer(struct arena *arena)
{
        uint8_t bytes[ANSWER_ID_BYTES];
        char text[2 * ANSWER_ID_BYTES + 1];

        randombytes_buf(bytes, sizeof(bytes));
        sodium_bin2hex(text, sizeof(text), bytes, sizeof(bytes));
        return arena_strdup(arena, text);
}

enum status coach_service_chat(struct call *call, const Socializer__V1__ChatRequest *req,
                               Socializer__V1__ChatResponse *rsp, struct error *reterr)
{
        const char *thread_id = *req->thread_id ? req->thread_id : DEFAULT_THREAD;
        struct chat chat = {
                .ask = {.call = call,
                        .answer_id = *req->answer_id ? req->answer_id : name_answer(call->arena),
                        .thread_id = thread_id,
                        .thread_to_read = thread_id,
                        .request = {.task = COACH_CHAT, .message = req->message}},
                .rsp = rsp,
        };
        struct error error = ERROR_INIT;
        enum status st = call_subject(call, 0, &chat.ask.user_id, reterr);

        if (st == STATUS_OK && !chat.ask.answer_id)
                st = wire_no_memory(reterr);
        if (st == STATUS_OK)
                st = coach_ask_prepare(&chat.ask, reterr);
        if (st == STATUS_OK)
                st = coach_ask_begin(&chat.ask, reterr);
        if (st != STATUS_OK)
                return st;
        st = ask_coach(&chat, &error);
        coach_ask_end(&chat.ask, st, &error);
        if (st != STATUS_OK)
                *reterr = error;
        return st;
}
