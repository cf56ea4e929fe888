/* The coach in a room, through a real gateway and service: who is answered, what an engine is told
 * of whom, and what ends an answer. */
#include "tests/bench/ws_client.h"
#include "tests/integration/test_gateway_http_client.h"
#include "tests/integration/upstream.h"
#include "tests/support/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON        "Content-Type: application/json\r\n"
#define STREAM_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
#define SECOND_NS   UINT64_C(1000000000)
#define WAIT_MS     10000

enum who { HUMAN, OTHER, THIRD, ADMIN, N_WHO };

static const char *const names[N_WHO] = {"human", "other", "third", "root_"};

/* A socket, and all that it has heard. */
struct peer {
        struct ws_client client;
        char heard[64 * 1024];
        size_t n;
};

struct fixture {
        struct server server;
        struct upstream upstream;
        char headers[N_WHO][2048]; /* with their tokens */
        int64_t ids[N_WHO];
        int64_t room;
        struct peer peer; /* OTHER's, in the room */
};

/* Whether the upstream goes on to the end; until then it waits behind the first word. */
static atomic_bool may_end;

static void speak(struct connection *c)
{
        if (!upstream_take_request(c) || !upstream_send(c, STREAM_HEAD) ||
            !upstream_send(c, "data: {\"choices\":[{\"delta\":{\"content\":\"Good \"}}]}\n\n"))
                return;
        while (!atomic_load(&may_end))
                if (upstream_wait_gone(c, 2))
                        return;
        if (upstream_send(c, "data: {\"choices\":[{\"delta\":{\"content\":\"question.\"}}]}\n\n"))
                upstream_send(c, "data: [DONE]\n\n");
}

/* --- calls --- */

static json_t *ask(struct fixture *f, enum who who, const char *verb, const char *path,
                   const char *body, unsigned status)
{
        struct answer a;

        http_request(f->server.http_url, verb, path, f->headers[who], body, &a);
        if (a.status != status)
                fail_msg("%s %s %s: %u %s", verb, path, body ? body : "", a.status, a.body);
        json_t *json = answer_json(&a);
        answer_deinit(&a);
        return json;
}

static void must(struct fixture *f, enum who who, const char *verb, const char *path,
                 const char *body)
{
        json_decref(ask(f, who, verb, path, body, 200));
}

/* A path in the room, which stays until the next. */
static const char *in_room(struct fixture *f, const char *rest)
{
        static char path[128];

        snprintf(path, sizeof(path), "/api/rooms/%lld%s", (long long)f->room, rest);
        return path;
}

static const char *text_of(const json_t *json, const char *name)
{
        const char *text = json_string_value(json_object_get(json, name));

        return text ? text : "";
}

static int64_t number_of(const json_t *json, const char *name)
{
        return json_integer_value(json_object_get(json, name));
}

static void sign_in(struct fixture *f, enum who who)
{
        char body[128];
        struct answer a;

        f->ids[who] = server_create_user(&f->server, names[who], "password123", who == ADMIN);
        snprintf(body, sizeof(body), "username=%s&password=password123", names[who]);
        http_request(f->server.http_url, "POST", "/token",
                     "Content-Type: application/x-www-form-urlencoded\r\n", body, &a);
        assert_int_equal(a.status, 200);
        json_t *json = answer_json(&a);
        snprintf(f->headers[who], sizeof(f->headers[who]), "Authorization: Bearer %s\r\n" JSON,
                 text_of(json, "access_token"));
        json_decref(json);
        answer_deinit(&a);
}

/* Says something; the name of an answer of the coach to it, which stays until the next. */
static const char *say(struct fixture *f, enum who who, const char *content)
{
        static char answer_id[32];
        char body[512];

        snprintf(body, sizeof(body), "{\"content\":\"%s\"}", content);
        json_t *json = ask(f, who, "POST", in_room(f, "/messages"), body, 201);
        snprintf(answer_id, sizeof(answer_id), "message-%lld",
                 (long long)number_of(json, "message_id"));
        json_decref(json);
        return answer_id;
}

static void set_room(struct fixture *f, const char *settings)
{
        must(f, HUMAN, "PATCH", in_room(f, ""), settings);
}

/* The room's newest message, to be released. */
static json_t *newest(struct fixture *f)
{
        json_t *json = ask(f, HUMAN, "GET", in_room(f, "/messages?page_size=1"), NULL, 200);
        json_t *message = json_incref(json_array_get(json_object_get(json, "messages"), 0));

        json_decref(json);
        return message;
}

/* --- the socket --- */

static void on_text(void *arg, const char *text, size_t n)
{
        struct peer *p = arg;

        assert_true(p->n + n + 2 < sizeof(p->heard));
        memcpy(p->heard + p->n, text, n);
        p->n += n;
        p->heard[p->n++] = '\n';
        p->heard[p->n] = '\0';
}

static bool hears(struct fixture *f, const char *text)
{
        ws_client_receive(&f->peer.client, on_text, &f->peer);
        return strstr(f->peer.heard, text) != NULL;
}

static void open_peer(struct fixture *f, enum who who)
{
        char token[2048], room[32];

        f->peer = (struct peer){0};
        snprintf(room, sizeof(room), "%lld", (long long)f->room);
        assert_int_equal(sscanf(f->headers[who], "Authorization: Bearer %2047s", token), 1);
        ws_client_open(&f->peer.client, (unsigned)atoi(strrchr(f->server.http_url, ':') + 1),
                       "/ws/chat", 0);
        ws_client_sign_in(&f->peer.client, token);
        ws_client_join(&f->peer.client, room);
}

/* --- the world --- */

static void make_room(struct fixture *f)
{
        char body[256];

        snprintf(body, sizeof(body), "{\"name\":\"Circle\",\"user_ids\":[%lld,%lld]}",
                 (long long)f->ids[OTHER], (long long)f->ids[THIRD]);
        json_t *room = ask(f, HUMAN, "POST", "/api/rooms", body, 201);
        f->room = number_of(room, "id");
        assert_true(json_is_false(json_object_get(room, "coach_enabled")));
        json_decref(room);
        must(f, OTHER, "POST", in_room(f, "/join"), "{}");
        must(f, THIRD, "POST", in_room(f, "/join"), "{}");
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        char body[512];

        if (!f)
                return -1;
        *state = f;
        atomic_store(&may_end, false);
        server_start(&f->server);
        server_start_gateway(&f->server);
        upstream_start(&f->upstream, speak);
        for (enum who who = HUMAN; who < N_WHO; who++)
                sign_in(f, who);
        snprintf(body, sizeof(body),
                 "{\"provider\":\"openai\",\"endpoint\":\"%s\",\"model\":\"m\"}", f->upstream.url);
        must(f, ADMIN, "PATCH", "/api/admin/coach/settings", body);
        make_room(f);
        open_peer(f, OTHER);
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        atomic_store(&may_end, true);
        server_assert_no_leases(&f->server);
        ws_client_close(&f->peer.client);
        server_stop(&f->server);
        upstream_stop(&f->upstream);
        free(f);
        return 0;
}

static void expect_no_entries(struct fixture *f, enum who who)
{
        json_t *ledger = ask(f, who, "GET", "/api/coach/ledger", NULL, 200);

        assert_int_equal(json_array_size(json_object_get(ledger, "disclosures")), 0);
        json_decref(ledger);
}

/* The newest entry of somebody's ledger, to be released. */
static json_t *entry_of(struct fixture *f, enum who who)
{
        json_t *ledger = ask(f, who, "GET", "/api/coach/ledger?page_size=1", NULL, 200);
        json_t *entry = json_incref(json_array_get(json_object_get(ledger, "disclosures"), 0));

        json_decref(ledger);
        assert_non_null(entry);
        return entry;
}

static void expect_texts(const json_t *entry, const char *const *texts, size_t n)
{
        const json_t *got = json_object_get(entry, "texts");

        assert_int_equal(json_array_size(got), n);
        for (size_t i = 0; i < n; i++)
                assert_string_equal(text_of(json_array_get(got, i), "text"), texts[i]);
}

/* --- who is answered --- */

static void the_built_in_coach_answers_with_a_message(void **state)
{
        struct fixture *f = *state;
        static const char *const asked[] = {"how do I say no?"};

        set_room(f, "{\"coach_enabled\":true}");
        say(f, HUMAN, "@Coach, how do I say no?");
        assert_true(t_wait(hears(f, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(hears(f, "\"code\":\"OK\",\"engine\":\"builtin\""));
        assert_true(hears(f, "\"type\":\"coach_delta\""));
        assert_true(hears(f, "\"username\":\"coach\""));
        assert_true(hears(f, "\"kind\":\"coach\",\"engine\":\"builtin\""));

        json_t *message = newest(f);
        assert_string_equal(text_of(message, "kind"), "coach");
        assert_string_equal(text_of(message, "username"), "coach");
        assert_int_equal(number_of(message, "user_id"), 0);
        assert_string_equal(text_of(json_object_get(message, "reply_to"), "username"), "human");
        assert_non_null(strstr(text_of(message, "content"), "I am the built-in coach"));
        json_decref(message);

        json_t *entry = entry_of(f, HUMAN);
        assert_string_equal(text_of(entry, "task"), "room");
        assert_string_equal(text_of(entry, "engine"), "builtin");
        assert_string_equal(text_of(entry, "endpoint"), "");
        assert_string_equal(text_of(entry, "profile"), "{\"user\":\"human\"}");
        assert_int_equal(number_of(entry, "room_id"), f->room);
        expect_texts(entry, asked, 1);
        json_decref(entry);
        expect_no_entries(f, OTHER);
        assert_int_equal(atomic_load(&f->upstream.n_connections), 0);

        /* It counts as unread for who was not there, and the asker may take it away. */
        json_t *room = ask(f, THIRD, "GET", in_room(f, ""), NULL, 200);
        assert_int_equal(number_of(room, "unread_count"), 2);
        json_decref(room);
}

static void only_where_it_is_on_and_addressed(void **state)
{
        struct fixture *f = *state;

        say(f, HUMAN, "@coach are you here?");
        set_room(f, "{\"coach_enabled\":true}");
        say(f, HUMAN, "Our coach is good.");
        say(f, HUMAN, "Write to me@coach.example");
        say(f, HUMAN, "@coaches are many, and @coach.bob is one");
        const char *answer_id = say(f, OTHER, "What do you think, @coach?");
        assert_true(t_wait(hears(f, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(hears(f, answer_id));
        json_t *json = ask(f, HUMAN, "GET", in_room(f, "/messages"), NULL, 200);
        assert_int_equal(json_array_size(json_object_get(json, "messages")), 6);
        json_decref(json);
        expect_no_entries(f, HUMAN);
}

/* --- what goes to whom --- */

static void only_those_who_consent_are_heard(void **state)
{
        struct fixture *f = *state;
        static const char *const of_other[] = {"other: I feel left out."};
        static const char *const of_human[] = {"Tell us: @coach what now?"};

        set_room(f,
                 "{\"coach_enabled\":true,\"coach\":\"server\",\"coach_hears\":\"conversation\"}");
        say(f, OTHER, "Said before the consent.");
        must(f, OTHER, "PUT", in_room(f, "/coach-consent"), "{\"is_given\":true}");
        say(f, OTHER, "I feel left out.");
        say(f, THIRD, "Third keeps silent here.");
        say(f, HUMAN, "Human as well.");
        atomic_store(&may_end, true);
        say(f, HUMAN, "Tell us: @coach what now?");
        assert_true(t_wait(hears(f, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(hears(f, "\"content\":\"Good question.\""));
        assert_true(hears(f, "\"kind\":\"coach\",\"engine\":\"openai\""));

        assert_non_null(strstr(f->upstream.request, "other: I feel left out."));
        assert_non_null(strstr(f->upstream.request, "human: Tell us: @coach what now?"));
        assert_null(strstr(f->upstream.request, "before the consent"));
        assert_null(strstr(f->upstream.request, "keeps silent"));
        assert_null(strstr(f->upstream.request, "Human as well"));
        assert_null(strstr(f->upstream.request, "\\\"level\\\""));

        json_t *entry = entry_of(f, OTHER);
        assert_string_equal(text_of(entry, "engine"), "openai");
        assert_string_equal(text_of(entry, "endpoint"), f->upstream.url);
        assert_string_equal(text_of(entry, "model"), "m");
        assert_int_equal(number_of(entry, "asker_id"), f->ids[HUMAN]);
        expect_texts(entry, of_other, 1);
        json_decref(entry);
        entry = entry_of(f, HUMAN);
        expect_texts(entry, of_human, 1);
        json_decref(entry);
        expect_no_entries(f, THIRD);
}

static void the_message_alone_is_what_a_room_begins_with(void **state)
{
        struct fixture *f = *state;

        set_room(f, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        must(f, OTHER, "PUT", in_room(f, "/coach-consent"), "{\"is_given\":true}");
        say(f, OTHER, "I feel left out.");
        atomic_store(&may_end, true);
        say(f, HUMAN, "@coach what now?");
        assert_true(t_wait(hears(f, "\"type\":\"coach_done\""), WAIT_MS));
        assert_null(strstr(f->upstream.request, "left out"));
        expect_no_entries(f, OTHER);
}

static bool has_consented(struct fixture *f, enum who who)
{
        json_t *room = ask(f, who, "GET", in_room(f, ""), NULL, 200);
        bool has = json_is_true(json_object_get(room, "coach_consent"));

        json_decref(room);
        return has;
}

static void a_consent_ends_with_what_it_was_given_for(void **state)
{
        struct fixture *f = *state;

        must(f, OTHER, "PUT", in_room(f, "/coach-consent"), "{\"is_given\":true}");
        must(f, THIRD, "PUT", in_room(f, "/coach-consent"), "{\"is_given\":true}");
        assert_true(has_consented(f, OTHER));
        must(f, THIRD, "POST", in_room(f, "/leave"), "{}");
        char body[64];
        snprintf(body, sizeof(body), "{\"user_ids\":[%lld]}", (long long)f->ids[THIRD]);
        must(f, HUMAN, "POST", in_room(f, "/invites"), body);
        must(f, THIRD, "POST", in_room(f, "/join"), "{}");
        assert_false(has_consented(f, THIRD));
        set_room(f, "{\"coach\":\"server\"}");
        assert_false(has_consented(f, OTHER));
}

static void members_see_what_answers(void **state)
{
        struct fixture *f = *state;
        json_t *room;

        set_room(f, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        assert_true(t_wait(hears(f, "\"type\":\"room_updated\""), WAIT_MS));
        assert_true(hears(
                f, "\"coach_enabled\":true,\"coach\":\"server\",\"coach_hears\":\"message\""));
        room = ask(f, OTHER, "GET", in_room(f, ""), NULL, 200);
        assert_string_equal(text_of(room, "coach_engine"), "openai");
        assert_string_equal(text_of(room, "coach_endpoint"), f->upstream.url);
        assert_string_equal(text_of(room, "coach_model"), "m");
        json_decref(room);
        set_room(f, "{\"coach\":\"builtin\"}");
        room = ask(f, OTHER, "GET", in_room(f, ""), NULL, 200);
        assert_string_equal(text_of(room, "coach_engine"), "builtin");
        assert_string_equal(text_of(room, "coach_endpoint"), "");
        json_decref(room);
}

/* --- what ends an answer --- */

static bool upstream_is_gone(struct fixture *f)
{
        return atomic_load(&f->upstream.n_gone) == 1;
}

/* Asks the server's engine, which then waits behind its first word. */
static const char *begin(struct fixture *f, enum who who)
{
        set_room(f, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        const char *answer_id = say(f, who, "@coach what now?");
        assert_true(t_wait(hears(f, "\"type\":\"coach_delta\""), WAIT_MS));
        assert_true(hears(f, "\"text\":\"Good \""));
        return answer_id;
}

/* The upstream is left within a second, and nothing stays in the room. */
static void expect_ended(struct fixture *f, uint64_t since_ns)
{
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        assert_true(atomic_load(&f->upstream.gone_ns) - since_ns < SECOND_NS);
        json_t *message = newest(f);
        assert_string_not_equal(text_of(message, "kind"), "coach");
        json_decref(message);
}

static void its_asker_may_cancel_it(void **state)
{
        struct fixture *f = *state;
        char path[128];

        snprintf(path, sizeof(path), "/api/coach/answers/%s", begin(f, HUMAN));
        json_decref(ask(f, OTHER, "DELETE", path, NULL, 404));
        uint64_t since_ns = clock_mono_ns();
        must(f, HUMAN, "DELETE", path, NULL);
        assert_true(t_wait(hears(f, "\"code\":\"CANCELLED\""), WAIT_MS));
        expect_ended(f, since_ns);
}

static void switching_the_coach_off_ends_it(void **state)
{
        struct fixture *f = *state;

        begin(f, HUMAN);
        uint64_t since_ns = clock_mono_ns();
        set_room(f, "{\"coach_enabled\":false}");
        assert_true(t_wait(hears(f, "\"message\":\"the room's coach has changed\""), WAIT_MS));
        expect_ended(f, since_ns);
}

static void deleting_the_question_ends_it(void **state)
{
        struct fixture *f = *state;
        char path[64];

        begin(f, HUMAN);
        json_t *message = newest(f);
        snprintf(path, sizeof(path), "/messages/%lld", (long long)number_of(message, "message_id"));
        json_decref(message);
        uint64_t since_ns = clock_mono_ns();
        must(f, HUMAN, "DELETE", in_room(f, path), NULL);
        assert_true(t_wait(hears(f, "\"message\":\"the question is deleted\""), WAIT_MS));
        expect_ended(f, since_ns);
}

static void removing_the_asker_ends_it(void **state)
{
        struct fixture *f = *state;
        char path[64];

        begin(f, THIRD);
        snprintf(path, sizeof(path), "/members/%lld", (long long)f->ids[THIRD]);
        uint64_t since_ns = clock_mono_ns();
        must(f, HUMAN, "DELETE", in_room(f, path), NULL);
        assert_true(t_wait(hears(f, "\"message\":\"whoever asked has left the room\""), WAIT_MS));
        expect_ended(f, since_ns);
}

static void deleting_the_room_ends_it(void **state)
{
        struct fixture *f = *state;

        begin(f, HUMAN);
        uint64_t since_ns = clock_mono_ns();
        must(f, HUMAN, "DELETE", in_room(f, ""), NULL);
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        assert_true(atomic_load(&f->upstream.gone_ns) - since_ns < SECOND_NS);
}

static void a_killed_service_leaves_no_half_message(void **state)
{
        struct fixture *f = *state;

        begin(f, HUMAN);
        server_kill(&f->server);
        server_start_again(&f->server);
        json_t *message = newest(f);
        assert_string_equal(text_of(message, "content"), "@coach what now?");
        json_decref(message);
        atomic_store(&may_end, true);
        say(f, HUMAN, "@coach and now?");
        assert_true(t_wait(hears(f, "\"content\":\"Good question.\""), WAIT_MS));
}

static void a_server_that_is_away_is_stood_in_for(void **state)
{
        struct fixture *f = *state;

        must(f, ADMIN, "PATCH", "/api/admin/coach/settings",
             "{\"endpoint\":\"http://127.0.0.1:1/v1\"}");
        set_room(f, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        say(f, HUMAN, "@coach what now?");
        assert_true(t_wait(hears(f, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(
                hears(f, "\"code\":\"OK\",\"engine\":\"builtin\",\"notice\":\"The built-in coach"));
}

/* --- what stays --- */

static void a_deleted_account_takes_its_answers_along(void **state)
{
        struct fixture *f = *state;
        char path[64];

        set_room(f, "{\"coach_enabled\":true}");
        say(f, THIRD, "@coach my secret plan is late");
        assert_true(t_wait(hears(f, "\"type\":\"coach_done\""), WAIT_MS));
        snprintf(path, sizeof(path), "/api/users/%lld", (long long)f->ids[THIRD]);
        must(f, ADMIN, "DELETE", path, NULL);
        json_t *json = ask(f, HUMAN, "GET", in_room(f, "/messages?page_size=2"), NULL, 200);
        const json_t *messages = json_object_get(json, "messages");
        assert_int_equal(json_array_size(messages), 2);
        for (size_t i = 0; i < 2; i++)
                assert_string_equal(text_of(json_array_get(messages, i), "content"), "");
        json_decref(json);
}

static bool files_have(const struct server *s, const char *text)
{
        char command[2 * T_PATH_BYTES];

        snprintf(command, sizeof(command), "grep -rqa -- '%s' '%s'", text, s->data);
        return system(command) == 0;
}

static void a_ledger_is_sealed_and_its_owners(void **state)
{
        struct fixture *f = *state;
        static const char *const asked[] = {"Nobody reads gooseberry."};

        atomic_store(&may_end, true);
        must(f, HUMAN, "POST", "/api/coach/clarify", "{\"text\":\"Nobody reads gooseberry.\"}");
        json_t *entry = entry_of(f, HUMAN);
        assert_string_equal(text_of(entry, "task"), "clarify");
        expect_texts(entry, asked, 1);
        json_decref(entry);
        expect_no_entries(f, ADMIN);
        assert_false(files_have(&f->server, "gooseberry"));
        must(f, HUMAN, "DELETE", "/api/coach/ledger", NULL);
        expect_no_entries(f, HUMAN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(the_built_in_coach_answers_with_a_message),
                TEST(only_where_it_is_on_and_addressed),
                TEST(only_those_who_consent_are_heard),
                TEST(the_message_alone_is_what_a_room_begins_with),
                TEST(a_consent_ends_with_what_it_was_given_for),
                TEST(members_see_what_answers),
                TEST(its_asker_may_cancel_it),
                TEST(switching_the_coach_off_ends_it),
                TEST(deleting_the_question_ends_it),
                TEST(removing_the_asker_ends_it),
                TEST(deleting_the_room_ends_it),
                TEST(a_killed_service_leaves_no_half_message),
                TEST(a_server_that_is_away_is_stood_in_for),
                TEST(a_deleted_account_takes_its_answers_along),
                TEST(a_ledger_is_sealed_and_its_owners),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
