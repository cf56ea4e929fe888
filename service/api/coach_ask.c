#include "service/api/coach_ask.h"

#include "service/api/coach_choice.h"
#include "service/api/disclose.h"
#include "service/auth/vault.h"
#include "service/service.h"
#include "service/store/user.h"

/* Messages of the conversation that the coach looks back at. */
#define HISTORY_MESSAGES 20

enum status coach_ask_prepare(struct coach_ask *ask, struct error *reterr)
{
        struct call *call = ask->call;
        struct coach_request *request = &ask->request;
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct coach_choice choice;
        struct user user;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = lease_snapshot(&lease, reterr);

        if (st == STATUS_OK)
                st = user_get(&lease, call->arena, ask->user_id, &user, reterr);
        if (st == STATUS_OK)
                st = coach_choice_get(call->service, call->arena, &lease, &user, &choice, reterr);
        if (st == STATUS_OK)
                st = user_skill_list(&lease, call->arena, user.id, &request->skills, reterr);
        if (st == STATUS_OK)
                st = training_list_of_user(&lease, call->arena, user.id, &request->trainings,
                                           reterr);
        if (st == STATUS_OK)
                st = vault_user_key(call->service->vault, &lease, user.id, false, &key, reterr);
        if (st == STATUS_OK && ask->thread_to_read)
                st = memory_list(&lease, call->arena, &key, user.id, ask->thread_to_read, 0,
                                 HISTORY_MESSAGES, &request->history, reterr);
        if (st != STATUS_OK)
                return st;
        request->deadline = call->deadline;
        request->username = user.username;
        request->settings = choice.settings;
        if (!request->language || !*request->language)
                request->language = choice.language;
        ask->requests_per_minute = choice.requests_per_minute;
        return STATUS_OK;
}

enum status coach_ask_disclose(struct coach_ask *ask, struct lease *lease, struct error *reterr)
{
        struct call *call = ask->call;
        Socializer__V1__Disclosure *entry = disclose_request(call->arena, &ask->request, reterr);

        if (!entry)
                return STATUS_RESOURCE_EXHAUSTED;
        entry->thread_id = (char *)ask->thread_id;
        return disclose(call->service, call->arena, lease, ask->user_id, entry, reterr);
}

enum status coach_ask_begin(struct coach_ask *ask, struct error *reterr)
{
        const struct answer_start start = {
                .user_id = ask->user_id,
                .id = ask->answer_id,
                .thread_id = ask->thread_id,
                .requests_per_minute = ask->requests_per_minute,
        };

        return answers_begin(ask->call->service->answers, &start, &ask->answer, reterr);
}

static enum status check(void *arg, struct error *reterr)
{
        struct coach_ask *ask = arg;
        enum status st = answer_check(ask->answer, reterr);

        return st == STATUS_OK ? call_check(ask->call, reterr) : st;
}

static void on_delta(void *arg, const char *text, size_t n)
{
        struct coach_ask *ask = arg;

        answer_say(ask->answer, text, n);
}

enum status coach_ask_run(struct coach_ask *ask, struct error *reterr)
{
        const struct coach_asker asker = {check, on_delta, ask};
        enum status st = coach_ask(ask->call->service->coach, &ask->request, &asker,
                                   ask->call->arena, &ask->got, reterr);

        return st == STATUS_OK ? check(ask, reterr) : st;
}

void coach_ask_end(struct coach_ask *ask, enum status status, const struct error *error)
{
        const struct answer_end end = {
                .status = status,
                .error = error,
                .text = ask->got.text,
                .engine = ask->got.engine,
                .notice = ask->got.notice,
        };

        answer_end(ask->answer, &end);
        ask->answer = NULL;
}
