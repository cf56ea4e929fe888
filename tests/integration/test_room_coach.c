/* The coach in a room, through a real gateway and service: who is answered, what an engine is told
 * of whom, and what ends an answer. */
#include "tests/integration/coach_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The room's newest message, to be released. */
static json_t *newest(struct scene *s)
{
        json_t *json = ask(s, HUMAN, "GET", in_room(s, "/messages?page_size=1"), NULL, 200);
        json_t *message = json_incref(json_array_get(json_object_get(json, "messages"), 0));

        json_decref(json);
        return message;
}

static int setup(void **state)
{
        struct scene *s = calloc(1, sizeof(*s));

        if (!s)
                return -1;
        *state = s;
        atomic_store(&may_end, false);
        scene_init(s, speak, OTHER);
        return 0;
}

static int teardown(void **state)
{
        atomic_store(&may_end, true);
        scene_deinit(*state);
        free(*state);
        return 0;
}

/* --- who is answered --- */

static void the_built_in_coach_answers_with_a_message(void **state)
{
        struct scene *s = *state;
        static const char *const asked[] = {"how do I say no?"};

        set_room(s, "{\"coach_enabled\":true}");
        say(s, HUMAN, "@Coach, how do I say no?");
        assert_true(t_wait(hears(s, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(hears(s, "\"code\":\"OK\",\"engine\":\"builtin\""));
        assert_true(hears(s, "\"type\":\"coach_delta\""));
        assert_true(hears(s, "\"username\":\"coach\""));
        assert_true(hears(s, "\"kind\":\"coach\",\"engine\":\"builtin\""));

        json_t *message = newest(s);
        assert_string_equal(text_of(message, "kind"), "coach");
        assert_string_equal(text_of(message, "username"), "coach");
        assert_int_equal(number_of(message, "user_id"), 0);
        assert_string_equal(text_of(json_object_get(message, "reply_to"), "username"), "human");
        assert_non_null(strstr(text_of(message, "content"), "I am the built-in coach"));
        json_decref(message);

        json_t *entry = entry_of(s, HUMAN);
        assert_string_equal(text_of(entry, "task"), "room");
        assert_string_equal(text_of(entry, "engine"), "builtin");
        assert_string_equal(text_of(entry, "endpoint"), "");
        assert_string_equal(text_of(entry, "profile"), "{\"user\":\"human\"}");
        assert_int_equal(number_of(entry, "room_id"), s->room);
        expect_texts(entry, asked, 1);
        json_decref(entry);
        expect_no_entries(s, OTHER);
        assert_int_equal(atomic_load(&s->upstream.n_connections), 0);

        /* It counts as unread for who was not there, and the asker may take it away. */
        json_t *room = ask(s, THIRD, "GET", in_room(s, ""), NULL, 200);
        assert_int_equal(number_of(room, "unread_count"), 2);
        json_decref(room);
}

static void only_where_it_is_on_and_addressed(void **state)
{
        struct scene *s = *state;

        say(s, HUMAN, "@coach are you here?");
        set_room(s, "{\"coach_enabled\":true}");
        say(s, HUMAN, "Our coach is good.");
        say(s, HUMAN, "Write to me@coach.example");
        say(s, HUMAN, "@coaches are many, and @coach.bob is one");
        const char *answer_id = say(s, OTHER, "What do you think, @coach?");
        assert_true(t_wait(hears(s, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(hears(s, answer_id));
        json_t *json = ask(s, HUMAN, "GET", in_room(s, "/messages"), NULL, 200);
        assert_int_equal(json_array_size(json_object_get(json, "messages")), 6);
        json_decref(json);
        expect_no_entries(s, HUMAN);
}

/* --- what goes to whom --- */

static void only_those_who_consent_are_heard(void **state)
{
        struct scene *s = *state;
        static const char *const of_other[] = {"other: I feel left out."};
        static const char *const of_human[] = {"Tell us: @coach what now?"};

        set_room(s,
                 "{\"coach_enabled\":true,\"coach\":\"server\",\"coach_hears\":\"conversation\"}");
        say(s, OTHER, "Said before the consent.");
        must(s, OTHER, "PUT", in_room(s, "/coach-consent"), "{\"is_given\":true}");
        say(s, OTHER, "I feel left out.");
        say(s, THIRD, "Third keeps silent here.");
        say(s, HUMAN, "Human as well.");
        atomic_store(&may_end, true);
        say(s, HUMAN, "Tell us: @coach what now?");
        assert_true(t_wait(hears(s, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(hears(s, "\"content\":\"Good question.\""));
        assert_true(hears(s, "\"kind\":\"coach\",\"engine\":\"openai\""));

        assert_non_null(strstr(s->upstream.request, "other: I feel left out."));
        assert_non_null(strstr(s->upstream.request, "human: Tell us: @coach what now?"));
        assert_null(strstr(s->upstream.request, "before the consent"));
        assert_null(strstr(s->upstream.request, "keeps silent"));
        assert_null(strstr(s->upstream.request, "Human as well"));
        assert_null(strstr(s->upstream.request, "\\\"level\\\""));

        json_t *entry = entry_of(s, OTHER);
        assert_string_equal(text_of(entry, "engine"), "openai");
        assert_string_equal(text_of(entry, "endpoint"), s->upstream.url);
        assert_string_equal(text_of(entry, "model"), "m");
        assert_int_equal(number_of(entry, "asker_id"), s->ids[HUMAN]);
        expect_texts(entry, of_other, 1);
        json_decref(entry);
        entry = entry_of(s, HUMAN);
        expect_texts(entry, of_human, 1);
        json_decref(entry);
        expect_no_entries(s, THIRD);
}

static void the_message_alone_is_what_a_room_begins_with(void **state)
{
        struct scene *s = *state;

        set_room(s, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        must(s, OTHER, "PUT", in_room(s, "/coach-consent"), "{\"is_given\":true}");
        say(s, OTHER, "I feel left out.");
        atomic_store(&may_end, true);
        say(s, HUMAN, "@coach what now?");
        assert_true(t_wait(hears(s, "\"type\":\"coach_done\""), WAIT_MS));
        assert_null(strstr(s->upstream.request, "left out"));
        expect_no_entries(s, OTHER);
}

static bool has_consented(struct scene *s, enum who who)
{
        json_t *room = ask(s, who, "GET", in_room(s, ""), NULL, 200);
        bool has = json_is_true(json_object_get(room, "coach_consent"));

        json_decref(room);
        return has;
}

static void a_consent_ends_with_what_it_was_given_for(void **state)
{
        struct scene *s = *state;

        must(s, OTHER, "PUT", in_room(s, "/coach-consent"), "{\"is_given\":true}");
        must(s, THIRD, "PUT", in_room(s, "/coach-consent"), "{\"is_given\":true}");
        assert_true(has_consented(s, OTHER));
        must(s, THIRD, "POST", in_room(s, "/leave"), "{}");
        char body[64];
        snprintf(body, sizeof(body), "{\"user_ids\":[%lld]}", (long long)s->ids[THIRD]);
        must(s, HUMAN, "POST", in_room(s, "/invites"), body);
        must(s, THIRD, "POST", in_room(s, "/join"), "{}");
        assert_false(has_consented(s, THIRD));
        set_room(s, "{\"coach\":\"server\"}");
        assert_false(has_consented(s, OTHER));
}

static void members_see_what_answers(void **state)
{
        struct scene *s = *state;
        json_t *room;

        set_room(s, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        assert_true(t_wait(hears(s, "\"type\":\"room_updated\""), WAIT_MS));
        assert_true(hears(
                s, "\"coach_enabled\":true,\"coach\":\"server\",\"coach_hears\":\"message\""));
        room = ask(s, OTHER, "GET", in_room(s, ""), NULL, 200);
        assert_string_equal(text_of(room, "coach_engine"), "openai");
        assert_string_equal(text_of(room, "coach_endpoint"), s->upstream.url);
        assert_string_equal(text_of(room, "coach_model"), "m");
        json_decref(room);
        set_room(s, "{\"coach\":\"builtin\"}");
        room = ask(s, OTHER, "GET", in_room(s, ""), NULL, 200);
        assert_string_equal(text_of(room, "coach_engine"), "builtin");
        assert_string_equal(text_of(room, "coach_endpoint"), "");
        json_decref(room);
}

/* --- what ends an answer --- */

static bool upstream_is_gone(struct scene *s)
{
        return atomic_load(&s->upstream.n_gone) == 1;
}

/* Asks the server's engine, which then waits behind its first word. */
static const char *begin(struct scene *s, enum who who)
{
        set_room(s, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        const char *answer_id = say(s, who, "@coach what now?");
        assert_true(t_wait(hears(s, "\"type\":\"coach_delta\""), WAIT_MS));
        assert_true(hears(s, "\"text\":\"Good \""));
        server_assert_no_leases(&s->server);
        return answer_id;
}

/* The upstream is left within a second, and nothing stays in the room. */
static void expect_ended(struct scene *s, uint64_t since_ns)
{
        assert_true(t_wait(upstream_is_gone(s), WAIT_MS));
        assert_true(atomic_load(&s->upstream.gone_ns) - since_ns < SECOND_NS);
        json_t *message = newest(s);
        assert_string_not_equal(text_of(message, "kind"), "coach");
        json_decref(message);
}

static void its_asker_may_cancel_it(void **state)
{
        struct scene *s = *state;
        char path[128];

        snprintf(path, sizeof(path), "/api/coach/answers/%s", begin(s, HUMAN));
        json_decref(ask(s, OTHER, "DELETE", path, NULL, 404));
        uint64_t since_ns = clock_mono_ns();
        must(s, HUMAN, "DELETE", path, NULL);
        assert_true(t_wait(hears(s, "\"code\":\"CANCELLED\""), WAIT_MS));
        expect_ended(s, since_ns);
}

static void switching_the_coach_off_ends_it(void **state)
{
        struct scene *s = *state;

        begin(s, HUMAN);
        uint64_t since_ns = clock_mono_ns();
        set_room(s, "{\"coach_enabled\":false}");
        assert_true(t_wait(hears(s, "\"message\":\"the room's coach has changed\""), WAIT_MS));
        expect_ended(s, since_ns);
}

static void deleting_the_question_ends_it(void **state)
{
        struct scene *s = *state;
        char path[64];

        begin(s, HUMAN);
        json_t *message = newest(s);
        snprintf(path, sizeof(path), "/messages/%lld", (long long)number_of(message, "message_id"));
        json_decref(message);
        uint64_t since_ns = clock_mono_ns();
        must(s, HUMAN, "DELETE", in_room(s, path), NULL);
        assert_true(t_wait(hears(s, "\"message\":\"the question is deleted\""), WAIT_MS));
        expect_ended(s, since_ns);
}

static void removing_the_asker_ends_it(void **state)
{
        struct scene *s = *state;
        char path[64];

        begin(s, THIRD);
        snprintf(path, sizeof(path), "/members/%lld", (long long)s->ids[THIRD]);
        uint64_t since_ns = clock_mono_ns();
        must(s, HUMAN, "DELETE", in_room(s, path), NULL);
        /* The key changes with it, and with that coach_done may be lost. */
        assert_true(t_wait(hears(s, "\"change\":\"removed\""), WAIT_MS));
        expect_ended(s, since_ns);
}

static void deleting_the_room_ends_it(void **state)
{
        struct scene *s = *state;

        begin(s, HUMAN);
        uint64_t since_ns = clock_mono_ns();
        must(s, HUMAN, "DELETE", in_room(s, ""), NULL);
        assert_true(t_wait(upstream_is_gone(s), WAIT_MS));
        assert_true(atomic_load(&s->upstream.gone_ns) - since_ns < SECOND_NS);
}

static void a_killed_service_leaves_no_half_message(void **state)
{
        struct scene *s = *state;

        begin(s, HUMAN);
        server_kill(&s->server);
        server_start_again(&s->server);
        json_t *message = newest(s);
        assert_string_equal(text_of(message, "content"), "@coach what now?");
        json_decref(message);
        atomic_store(&may_end, true);
        say(s, HUMAN, "@coach and now?");
        assert_true(t_wait(hears(s, "\"content\":\"Good question.\""), WAIT_MS));
}

static void a_stop_does_not_wait_for_it(void **state)
{
        struct scene *s = *state;

        begin(s, HUMAN);
        uint64_t since_ns = clock_mono_ns();
        assert_int_equal(server_terminate(&s->server), 0);
        assert_true(t_wait(upstream_is_gone(s), WAIT_MS));
        assert_true(atomic_load(&s->upstream.gone_ns) - since_ns < 5 * SECOND_NS);
        server_start_again(&s->server);
        json_t *message = newest(s);
        assert_string_equal(text_of(message, "content"), "@coach what now?");
        json_decref(message);
}

static void a_server_that_is_away_is_stood_in_for(void **state)
{
        struct scene *s = *state;

        must(s, ADMIN, "PATCH", "/api/admin/coach/settings",
             "{\"endpoint\":\"http://127.0.0.1:1/v1\"}");
        set_room(s, "{\"coach_enabled\":true,\"coach\":\"server\"}");
        say(s, HUMAN, "@coach what now?");
        assert_true(t_wait(hears(s, "\"type\":\"coach_done\""), WAIT_MS));
        assert_true(
                hears(s, "\"code\":\"OK\",\"engine\":\"builtin\",\"notice\":\"The built-in coach"));
}

/* --- what stays --- */

static void a_deleted_account_takes_its_answers_along(void **state)
{
        struct scene *s = *state;
        char path[64];

        set_room(s, "{\"coach_enabled\":true}");
        say(s, THIRD, "@coach my secret plan is late");
        assert_true(t_wait(hears(s, "\"type\":\"coach_done\""), WAIT_MS));
        snprintf(path, sizeof(path), "/api/users/%lld", (long long)s->ids[THIRD]);
        must(s, ADMIN, "DELETE", path, NULL);
        json_t *json = ask(s, HUMAN, "GET", in_room(s, "/messages?page_size=2"), NULL, 200);
        const json_t *messages = json_object_get(json, "messages");
        assert_int_equal(json_array_size(messages), 2);
        for (size_t i = 0; i < 2; i++)
                assert_string_equal(text_of(json_array_get(messages, i), "content"), "");
        json_decref(json);
}

static bool files_have(const struct server *server, const char *text)
{
        char command[2 * T_PATH_BYTES];

        snprintf(command, sizeof(command), "grep -rqa -- '%s' '%s'", text, server->data);
        return system(command) == 0;
}

static void a_ledger_is_sealed_and_its_owners(void **state)
{
        struct scene *s = *state;
        static const char *const asked[] = {"Nobody reads gooseberry."};

        atomic_store(&may_end, true);
        must(s, HUMAN, "POST", "/api/coach/clarify", "{\"text\":\"Nobody reads gooseberry.\"}");
        json_t *entry = entry_of(s, HUMAN);
        assert_string_equal(text_of(entry, "task"), "clarify");
        expect_texts(entry, asked, 1);
        json_decref(entry);
        expect_no_entries(s, ADMIN);
        assert_false(files_have(&s->server, "gooseberry"));
        must(s, HUMAN, "DELETE", "/api/coach/ledger", NULL);
        expect_no_entries(s, HUMAN);
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
                TEST(a_stop_does_not_wait_for_it),
                TEST(a_server_that_is_away_is_stood_in_for),
                TEST(a_deleted_account_takes_its_answers_along),
                TEST(a_ledger_is_sealed_and_its_owners),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
