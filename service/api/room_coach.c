#include "service/api/room_coach.h"

#include "common/log.h"
#include "common/utf8.h"
#include "service/api/coach_answers.h"
#include "service/api/coach_choice.h"
#include "service/api/disclose.h"
#include "service/api/room_access.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/coach/prompt.h"
#include "service/events/publisher.h"
#include "service/rpc/pool.h"
#include "service/service.h"
#include "service/store/room_consent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ADDRESS     "@coach"
#define ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define STACK_BYTES ((size_t)512 * 1024)
#define WRITE_MS    10000 /* to keep an answer that is there */

struct room_coach {
        struct service *service;
        struct pool *pool;
};

/* What a question is, from the message to the answer. */
struct question {
        int64_t room_id, message_id, seq, user_id;
        char answer_id[32]; /* "message-" and the number */
        /* Until the answer is begun: */
        const char *username;
        int64_t requests_per_minute;
};

/* One answer, on its thread. */
struct asking {
        struct task task; /* the first member */
        struct service *service;
        struct question question;
        struct answer *answer;
        deadline_ns deadline;
        enum room_coach_kind coach; /* as the room had it when the engine was asked */
        enum coach_hears hears;
        struct arena arena;
        /* Below: in the arena. */
        struct coach_request request;
        struct room_message_list heard; /* what request.history is made of */
        struct coach_answer got;
        Socializer__V1__RoomEvent *event; /* that tells of the message */
};

/* --- whom a message addresses --- */

/* Whether c may stand in a name: users' names are of these. */
static bool is_of_name(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
}

/* A full stop or a dash behind a name is none of it unless the name goes on. */
static bool ends_name(const char *at)
{
        while (*at == '.' || *at == '-')
                at++;
        return !is_of_name(*at);
}

bool room_coach_is_addressed(const char *content)
{
        for (const char *at = content; (at = strchr(at, '@')); at++)
                if (strncasecmp(at, ADDRESS, strlen(ADDRESS)) == 0 &&
                    (at == content || (!is_of_name(at[-1]) && at[-1] != '@')) &&
                    ends_name(at + strlen(ADDRESS)))
                        return true;
        return false;
}

/* What is asked: the message without the address at its beginning. */
static const char *question_of(const char *content)
{
        const char *at = content + strspn(content, " \t\r\n");

        if (strncasecmp(at, ADDRESS, strlen(ADDRESS)) != 0 || !ends_name(at + strlen(ADDRESS)))
                return content;
        at += strlen(ADDRESS);
        at += strspn(at, " \t\r\n,:;.!-");
        return *at ? at : content;
}

/* --- what goes to the engine --- */

/* "NAME: TEXT", newest first; the coach's own words without a name. */
static enum status set_history(struct asking *a, struct error *reterr)
{
        struct memory_list *history = &a->request.history;

        history->items = arena_calloc(&a->arena, a->heard.n_items + 1, sizeof(*history->items));
        if (!history->items)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < a->heard.n_items; i++) {
                const struct room_message *m = &a->heard.items[i];
                bool is_coach = *m->coach_engine != '\0';
                struct memory_message *item = &history->items[history->n_items++];

                item->role = is_coach ? MEMORY_ROLE_ASSISTANT : MEMORY_ROLE_USER;
                item->content =
                        is_coach ? m->content
                                 : arena_printf(&a->arena, "%s: %s", m->username, m->content);
                if (!item->content)
                        return wire_no_memory(reterr);
        }
        return STATUS_OK;
}

static enum status set_choice(struct asking *a, struct lease *lease, const struct user *user,
                              const struct room *room, struct error *reterr)
{
        struct coach_choice choice;
        enum status st = coach_choice_in_room(a->service, &a->arena, lease, user, room->coach,
                                              &choice, reterr);

        if (st != STATUS_OK)
                return st;
        a->request.settings = choice.settings;
        a->request.language = choice.language;
        return STATUS_OK;
}

/* Who asks, what and where. */
struct found {
        struct user user;
        struct room room;
        struct room_message message;
};

/* CANCELLED, NOT_FOUND: it is not to be answered any more. */
static enum status read_question(struct asking *a, struct lease *lease, struct found *ret,
                                 struct error *reterr)
{
        const struct question *q = &a->question;
        enum status st = user_get(lease, &a->arena, q->user_id, &ret->user, reterr);

        if (st == STATUS_OK)
                st = room_get(lease, &a->arena, q->room_id, q->user_id, &ret->room, reterr);
        if (st == STATUS_OK)
                st = message_get(lease, &a->arena, q->room_id, q->message_id, &ret->message,
                                 reterr);
        if (st == STATUS_OK &&
            (!room_is_in(&ret->room) || !ret->room.coach_enabled || ret->message.is_deleted))
                return error_set(reterr, STATUS_CANCELLED, "the question is not asked any more");
        return st;
}

/* Whether the question is still asked, under the same terms. */
static enum status read_same(struct asking *a, struct lease *lease, struct error *reterr)
{
        struct found found;
        enum status st = read_question(a, lease, &found, reterr);

        if (st == STATUS_OK && (found.room.coach != a->coach || found.room.coach_hears != a->hears))
                return error_set(reterr, STATUS_CANCELLED, "the room's coach has changed");
        return st;
}

/* Reads who asks what, and who answers, in one lease, which is given back. What has changed in the
 * room since the question was said either shows here, or ends the answer: when it is told
 * (answers_cancel_in_room()), or at the latest when the answer is to be kept. */
static enum status prepare(struct asking *a, struct error *reterr)
{
        struct found found;
        LEASE(lease, a->service->db, LEASE_READ, a->deadline);
        enum status st = lease_snapshot(&lease, reterr);

        if (st == STATUS_OK)
                st = read_question(a, &lease, &found, reterr);
        if (st == STATUS_OK)
                st = set_choice(a, &lease, &found.user, &found.room, reterr);
        if (st != STATUS_OK)
                return st;
        a->request.task = COACH_ROOM;
        a->request.deadline = a->deadline;
        a->request.username = found.user.username;
        a->request.message = question_of(found.message.content);
        a->coach = found.room.coach;
        a->hears = found.room.coach_hears;
        return STATUS_OK;
}

/* --- the ledgers --- */

/* Whose words those are: the coach's may be made of its asker's. */
static int64_t owner_of(const struct room_message *m)
{
        return m->user_id ? m->user_id : m->asker_id;
}

/* An entry for one of those whose words go along; of the asker the question is one of them. */
static enum status disclose_words(struct asking *a, struct lease *lease, int64_t user_id,
                                  struct error *reterr)
{
        const struct coach_request *request = &a->request;
        Socializer__V1__Disclosure *entry = disclose_begin(&a->arena, request, reterr);
        enum status st = entry ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED;

        for (size_t n = prompt_n_history(request); n-- > 0 && st == STATUS_OK;)
                if (owner_of(&a->heard.items[n]) == user_id)
                        st = disclose_text(&a->arena, entry, request->history.items[n].role,
                                           request->history.items[n].content, reterr);
        if (user_id == a->question.user_id && st == STATUS_OK)
                st = disclose_text(&a->arena, entry, MEMORY_ROLE_USER, request->message, reterr);
        if (st != STATUS_OK)
                return st;
        entry->room_id = a->question.room_id;
        entry->message_id = a->question.message_id;
        entry->asker_id = a->question.user_id;
        if (user_id != a->question.user_id)
                entry->profile = (char *)""; /* it is the asker's */
        return disclose(a->service, &a->arena, lease, user_id, entry, reterr);
}

static bool is_first_of_owner(const struct asking *a, size_t i)
{
        int64_t owner = owner_of(&a->heard.items[i]);

        for (size_t k = 0; k < i; k++)
                if (owner_of(&a->heard.items[k]) == owner)
                        return false;
        return owner != a->question.user_id;
}

/* Whose words go along is read in the transaction that keeps account of them: until then a consent
 * can be taken back, or a message deleted, and it counts. */
static enum status keep_account(void *arg, struct error *reterr)
{
        struct asking *a = arg;
        const struct question *q = &a->question;
        LEASE(lease, a->service->db, LEASE_WRITE, a->deadline);
        enum status st = read_same(a, &lease, reterr);

        if (st == STATUS_OK && a->hears == COACH_HEARS_CONVERSATION)
                st = room_consent_messages(&lease, &a->arena, q->room_id, q->seq,
                                           ROOM_COACH_HISTORY, &a->heard, reterr);
        if (st == STATUS_OK)
                st = set_history(a, reterr);
        if (st == STATUS_OK)
                st = disclose_words(a, &lease, q->user_id, reterr);
        for (size_t i = 0; i < prompt_n_history(&a->request) && st == STATUS_OK; i++)
                if (is_first_of_owner(a, i))
                        st = disclose_words(a, &lease, owner_of(&a->heard.items[i]), reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- the answer --- */

static enum status check(void *arg, struct error *reterr)
{
        struct asking *a = arg;
        enum status st = answer_check(a->answer, reterr);

        if (st == STATUS_OK && deadline_passed(a->deadline))
                return error_set(reterr, STATUS_DEADLINE_EXCEEDED, "the coach took too long");
        return st;
}

static void on_delta(void *arg, const char *text, size_t n)
{
        struct asking *a = arg;

        answer_say(a->answer, text, n);
}

/* No message is longer than ROOM_COACH_CHARS characters. */
static const char *shorten(struct arena *arena, const char *text)
{
        size_t n = strlen(text), at = 0, last = 0;

        for (size_t n_chars = 0; at < n; n_chars++) {
                size_t n_bytes = utf8_char_bytes((const uint8_t *)text + at, n - at);

                if (n_chars == ROOM_COACH_CHARS - 1)
                        last = at;
                if (n_chars == ROOM_COACH_CHARS)
                        return arena_printf(arena, "%.*s…", (int)last, text);
                at += n_bytes ? n_bytes : 1;
        }
        return text;
}

/* On the writer thread. What has been committed by now ends the answer, told or not. */
static enum status keep_answer(void *arg, struct error *reterr)
{
        struct asking *a = arg;
        const struct question *q = &a->question;
        const struct message_draft draft = {
                .room_id = q->room_id,
                .username = MESSAGE_COACH,
                .content = shorten(&a->arena, a->got.text),
                .client_message_id = q->answer_id,
                .reply_to = q->message_id,
                .coach_engine = a->got.engine,
                .asker_id = q->user_id,
        };
        struct room_event event = {.room_id = q->room_id, .kind = ROOM_EVENT_MESSAGE};
        bool repeated;
        enum status st = answer_check(a->answer, reterr);

        if (st == STATUS_OK && !draft.content)
                st = wire_no_memory(reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, a->service->db, LEASE_WRITE, DEADLINE_NEVER);
        st = read_same(a, &lease, reterr);
        if (st == STATUS_OK)
                st = message_append(&lease, &a->arena, &draft, &event.message, &repeated, reterr);
        if (st != STATUS_OK)
                return st;
        event.seq = event.message.seq;
        event.created_at_ms = event.message.created_at_ms;
        a->event = wire_room_event(&a->arena, &event, NULL);
        return a->event ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}

static void tell_message(void *arg)
{
        struct asking *a = arg;

        publisher_room_event(a->service->publisher, a->event);
}

static enum status answer(struct asking *a, struct error *reterr)
{
        const struct coach_asker asker = {check, on_delta, a};
        enum status st = check(a, reterr);

        if (st == STATUS_OK)
                st = prepare(a, reterr);
        if (st == STATUS_OK)
                st = db_write(a->service->db, keep_account, a, a->deadline, reterr);
        if (st == STATUS_OK)
                st = coach_ask(a->service->coach, &a->request, &asker, &a->arena, &a->got, reterr);
        if (st == STATUS_OK && a->got.text[strspn(a->got.text, " \t\r\n")] == '\0')
                return error_set(reterr, STATUS_UNAVAILABLE, "the coach said nothing");
        if (st != STATUS_OK)
                return st;
        answer_tell(a->answer);
        return db_write_then(a->service->db, keep_answer, tell_message, a, deadline_in_ms(WRITE_MS),
                             reterr);
}

static void end(struct asking *a, enum status status, const struct error *error)
{
        const struct answer_end end = {
                .status = status,
                .error = error,
                .text = a->got.text,
                .engine = a->got.engine,
                .notice = a->got.notice,
        };

        answer_end(a->answer, &end);
        arena_deinit(&a->arena);
        free(a);
}

static void run(struct task *task)
{
        struct asking *a = (struct asking *)task;
        struct error error = ERROR_INIT;
        enum status st = answer(a, &error);

        if (st == STATUS_INTERNAL || st == STATUS_DATA_LOSS)
                LOG(WARNING, "the coach could not answer in a room",
                    LOG_INT("room", a->question.room_id), LOG_STR("status", status_name(st)),
                    LOG_STR("error", error.text));
        end(a, st, &error);
}

/* --- the question --- */

/* Right behind the commit, on the thread that tells of all commits: what is committed later finds
 * the answer. */
static void begin(struct service *service, void *arg)
{
        const struct question *q = arg;
        const struct answer_start start = {
                .user_id = q->user_id,
                .id = q->answer_id,
                .thread_id = "",
                .requests_per_minute = q->requests_per_minute,
                .room_id = q->room_id,
                .message_id = q->message_id,
                .username = q->username,
        };
        struct asking *a = calloc(1, sizeof(*a));
        struct error error = {.status = STATUS_RESOURCE_EXHAUSTED, .text = "out of memory"};

        if (!a || answers_begin(service->answers, &start, &a->answer, &error) != STATUS_OK) {
                free(a);
                answers_refuse(service->answers, &start, &error);
                return;
        }
        a->task.run = run;
        a->service = service;
        a->question = *q;
        a->deadline = deadline_in_ms(ROOM_COACH_MS);
        arena_init(&a->arena, ARENA_BYTES);
        a->got = (struct coach_answer){.text = "", .engine = "", .notice = ""};
        if (!pool_submit(service->room_coach->pool, &a->task)) {
                error_set(&error, STATUS_RESOURCE_EXHAUSTED,
                          "the coach is busy in other rooms; try again");
                end(a, error.status, &error);
        }
}

enum status room_coach_ask(struct call *call, struct lease *lease, const struct room *room,
                           const struct room_message *message, const char **ret_answer_id,
                           struct error *reterr)
{
        struct coach_server_setting server;
        struct question *q;

        *ret_answer_id = NULL;
        if (!room->coach_enabled || !room_coach_is_addressed(message->content))
                return STATUS_OK;
        q = arena_alloc(call->arena, sizeof(*q));
        if (!q)
                return wire_no_memory(reterr);
        enum status st = coach_server_setting_get(lease, call->arena, &server, reterr);
        if (st != STATUS_OK)
                return st;
        *q = (struct question){
                .room_id = room->id,
                .message_id = message->id,
                .seq = message->seq,
                .user_id = message->user_id,
                .username = message->username,
                .requests_per_minute = server.requests_per_minute,
        };
        snprintf(q->answer_id, sizeof(q->answer_id), "message-%" PRId64, q->message_id);
        *ret_answer_id = q->answer_id;
        return call_after_commit(call, begin, q, reterr);
}

/* --- the threads --- */

enum status room_coach_new(struct service *service, struct room_coach **ret, struct error *reterr)
{
        const struct pool_options options = {
                .name = "room coach",
                .n_threads = 1,
                .max_threads = ROOM_COACH_THREADS,
                .max_queued = ROOM_COACH_QUEUED,
                .stack_bytes = STACK_BYTES,
        };
        struct room_coach *c = calloc(1, sizeof(*c));

        if (!c)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        c->service = service;
        enum status st = pool_new(&options, &c->pool, reterr);
        if (st != STATUS_OK) {
                free(c);
                return st;
        }
        *ret = c;
        return STATUS_OK;
}

struct room_coach *room_coach_free(struct room_coach *c)
{
        if (!c)
                return NULL;
        answers_cancel_in_room(c->service->answers, 0, 0, 0, "the service stops");
        pool_free(c->pool);
        free(c);
        return NULL;
}
