/* Levels that move by what people say, against a real service: with evidence, disputed, completed,
 * over a restart; never by what is said in a direct room. */
#include "tests/support/server/ask.h"
#include "tests/support/server/server.h"

#include "socializer.h"

#include <stdio.h>
#include <string.h>

#define WAIT_MS 20000

#define EMPATHY   1 /* of the catalogue */
#define LISTENING 2

static const char *const kind_words[] = {
        "I understand that this is hard for you.",
        "I hear you, that was a long day.",
        "It sounds as if nobody helped.",
        "I can imagine that you are tired.",
        "I am sorry to hear it.",
};
static const char *const dull_words[] = {
        "The train is late.", "See you tomorrow.", "The door is open.",
        "It is raining.",     "Nothing is new.",
};
#define N_WORDS ARRAY_SIZE(kind_words)

struct world {
        struct server server;
        soc_client *client;
        char *human, *other; /* tokens */
        int64_t human_id;
};

static void must(struct world *w, const char *token, const char *method, const char *request)
{
        json_decref(ask_well(w->client, token, method, request));
}

static const char *string(const json_t *object, const char *name)
{
        const char *value = json_string_value(json_object_get(object, name));

        assert_non_null(value);
        return value;
}

static char *sign_up(struct world *w, const char *name, int64_t *ret_id)
{
        char request[160];

        snprintf(request, sizeof(request),
                 "{\"username\":\"%s\",\"email\":\"%s@example.org\",\"password\":\"password123\"}",
                 name, name);
        json_t *body = ask_well(w->client, "", "UserService/Register", request);
        if (ret_id)
                *ret_id = ask_number(body, "id");
        json_decref(body);
        return ask_login(w->client, name, "password123");
}

static void connect_client(struct world *w)
{
        assert_int_equal(soc_client_new(w->server.rpc_url, NULL, &w->client, NULL), SOC_OK);
}

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        server_start(&w->server);
        connect_client(w);
        w->human = sign_up(w, "human", &w->human_id);
        w->other = sign_up(w, "other", NULL);
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        server_assert_no_leases(&w->server);
        free(w->human);
        free(w->other);
        soc_client_free(w->client);
        server_stop(&w->server);
        free(w);
        return 0;
}

static void say(struct world *w, int64_t room_id, const char *const *words, size_t n)
{
        char request[200];

        for (size_t i = 0; i < n; i++) {
                snprintf(request, sizeof(request), "{\"room_id\":%lld,\"content\":\"%s\"}",
                         (long long)room_id, words[i]);
                must(w, w->human, "ChatService/SendMessage", request);
        }
}

static int64_t level(struct world *w, int64_t skill_id)
{
        char request[64];

        snprintf(request, sizeof(request), "{\"user_id\":\"me\",\"skill_id\":%lld}",
                 (long long)skill_id);
        json_t *body = ask_well(w->client, w->human, "SkillService/GetUserSkillLevel", request);
        int64_t n = ask_number(body, "level");
        json_decref(body);
        return n;
}

/* The newest change in empathy, to be freed; as the user or another sees it. */
static json_t *newest_change(struct world *w, const char *token)
{
        char request[96];

        snprintf(request, sizeof(request), "{\"user_id\":%lld,\"skill_id\":%d,\"page_size\":1}",
                 (long long)w->human_id, EMPATHY);
        json_t *body = ask_well(w->client, token, "SkillService/ListLevelChanges", request);
        json_t *change = json_array_get(json_object_get(body, "changes"), 0);
        assert_non_null(change);
        json_incref(change);
        json_decref(body);
        return change;
}

static void dispute(struct world *w, int64_t id, enum status want)
{
        struct error error = ERROR_INIT;
        char request[96];

        snprintf(request, sizeof(request),
                 "{\"user_id\":\"me\",\"change_id\":%lld,\"reason\":\"I quoted somebody.\"}",
                 (long long)id);
        assert_status(
                ask(w->client, w->human, "SkillService/DisputeLevelChange", request, NULL, &error),
                want);
}

/* The training in empathy, to be freed. */
static json_t *training(struct world *w)
{
        json_t *body = ask_well(w->client, w->human, "TrainingService/ListUserTrainings",
                                "{\"user_id\":\"me\"}");
        json_t *found = json_array_get(json_object_get(body, "trainings"), 0);

        assert_int_equal(ask_number(found, "skill_id"), EMPATHY);
        json_incref(found);
        json_decref(body);
        return found;
}

static void assert_training(struct world *w, const char *status, double progress,
                            int64_t next_milestone)
{
        json_t *t = training(w);

        assert_string_equal(string(t, "status"), status);
        assert_true(json_number_value(json_object_get(t, "progress")) == progress);
        assert_int_equal(ask_number(t, "next_milestone"), next_milestone);
        assert_int_equal(json_is_null(json_object_get(t, "completed_at")),
                         strcmp(status, "completed") != 0);
        json_decref(t);
}

/* The evidence of a change: these of kind_words, whatever their order. */
static void assert_evidence(const json_t *change)
{
        const json_t *evidence = json_object_get(change, "evidence");

        assert_true(json_array_size(evidence) >= 2);
        for (size_t i = 0; i < json_array_size(evidence); i++) {
                const json_t *e = json_array_get(evidence, i);
                bool found = false;

                assert_string_equal(string(e, "source"), "room");
                assert_int_equal(ask_number(e, "room_id"), 1);
                for (size_t k = 0; k < N_WORDS && !found; k++)
                        found = strcmp(string(e, "text"), kind_words[k]) == 0;
                assert_true(found);
        }
}

static void five_messages_earn_a_level_that_can_be_disputed(void **state)
{
        struct world *w = *state;

        assert_training(w, "active", 0, 2);
        say(w, 1, kind_words, N_WORDS);
        assert_true(t_wait(level(w, EMPATHY) == 1, WAIT_MS));
        assert_training(w, "active", 0.1, 2);

        json_t *change = newest_change(w, w->human);
        int64_t id = ask_number(change, "id");
        assert_string_equal(string(change, "engine"), "builtin");
        assert_int_equal(ask_number(change, "new_level"), 1);
        assert_evidence(change);
        /* The reason names the messages and does not repeat them. */
        assert_non_null(strstr(string(change, "why"), "[1]"));
        assert_null(strstr(string(change, "why"), "hard"));
        json_decref(change);

        dispute(w, id, STATUS_OK);
        assert_int_equal(level(w, EMPATHY), 0);
        assert_training(w, "active", 0, 2);
        change = newest_change(w, w->human);
        assert_true(json_is_true(json_object_get(change, "is_reverted")));
        assert_string_equal(string(change, "dispute_reason"), "I quoted somebody.");
        json_decref(change);
        dispute(w, id, STATUS_FAILED_PRECONDITION);
}

/* By a second skill that is shown: when it has moved, the evaluation is over. */
static void disputed_messages_are_not_used_again(void **state)
{
        static const char *const questions[] = {
                "What happened then, and who was there?", "How did it come to that in the end?",
                "Where would you like to go from here?",  "Why is the evening better for you?",
                "Who could help you with it tomorrow?",
        };
        struct world *w = *state;

        say(w, 1, kind_words, N_WORDS);
        assert_true(t_wait(level(w, EMPATHY) == 1, WAIT_MS));
        json_t *change = newest_change(w, w->human);
        dispute(w, ask_number(change, "id"), STATUS_OK);
        json_decref(change);
        say(w, 1, questions, ARRAY_SIZE(questions));
        assert_true(t_wait(level(w, LISTENING) == 1, WAIT_MS));
        assert_int_equal(level(w, EMPATHY), 0);
}

static void evidence_is_for_its_owner_and_goes_with_the_message(void **state)
{
        struct world *w = *state;
        char operator_token[256], request[96];

        say(w, 1, kind_words, N_WORDS);
        assert_true(t_wait(level(w, EMPATHY) == 1, WAIT_MS));
        server_operator_token(&w->server, operator_token, sizeof(operator_token));
        json_t *change = newest_change(w, operator_token);
        json_t *first = json_array_get(json_object_get(change, "evidence"), 0);
        assert_string_equal(string(first, "text"), "");
        assert_true(json_is_false(json_object_get(first, "is_gone")));

        snprintf(request, sizeof(request), "{\"room_id\":1,\"message_id\":%lld}",
                 (long long)ask_number(first, "message_id"));
        json_decref(change);
        must(w, w->human, "ChatService/DeleteMessage", request);
        change = newest_change(w, w->human);
        first = json_array_get(json_object_get(change, "evidence"), 0);
        assert_string_equal(string(first, "text"), "");
        assert_true(json_is_true(json_object_get(first, "is_gone")));
        json_decref(change);
}

static void level_ten_completes_the_training(void **state)
{
        struct world *w = *state;

        must(w, w->human, "SkillService/SetUserSkill",
             "{\"user_id\":\"me\",\"skill_id\":1,\"level\":9}");
        assert_training(w, "active", 0.9, 10);
        say(w, 1, kind_words, N_WORDS);
        assert_true(t_wait(level(w, EMPATHY) == 10, WAIT_MS));
        assert_training(w, "completed", 1, 0);

        json_t *change = newest_change(w, w->human);
        dispute(w, ask_number(change, "id"), STATUS_OK);
        json_decref(change);
        assert_int_equal(level(w, EMPATHY), 9);
        assert_training(w, "active", 0.9, 10);
}

static void a_restart_between_the_messages_loses_none(void **state)
{
        struct world *w = *state;

        say(w, 1, kind_words, 3);
        server_kill(&w->server);
        server_start_again(&w->server);
        w->client = soc_client_free(w->client);
        connect_client(w);
        assert_int_equal(level(w, EMPATHY), 0);
        say(w, 1, dull_words, 2);
        assert_true(t_wait(level(w, EMPATHY) == 1, WAIT_MS));
}

/* What is said in a group room afterwards is evaluated, and so it is known that the rest was not.
 */
static void direct_rooms_count_for_nothing(void **state)
{
        struct world *w = *state;

        must(w, w->human, "ChatService/CreateRoom", "{\"type\":\"direct\",\"user_ids\":[2]}");
        must(w, w->human, "ChatService/CreateRoom", "{\"name\":\"Circle\"}");
        say(w, 2, kind_words, N_WORDS);
        say(w, 3, kind_words, 2);
        say(w, 3, dull_words, N_WORDS - 2);
        assert_true(t_wait(level(w, EMPATHY) > 0, WAIT_MS));
        assert_int_equal(level(w, EMPATHY), 1);
        json_t *change = newest_change(w, w->human);
        json_t *evidence = json_object_get(change, "evidence");
        assert_int_equal(json_array_size(evidence), 2);
        for (size_t i = 0; i < json_array_size(evidence); i++)
                assert_int_equal(ask_number(json_array_get(evidence, i), "room_id"), 3);
        json_decref(change);
}

static void what_is_said_to_the_coach_counts_as_well(void **state)
{
        struct world *w = *state;

        say(w, 1, dull_words, 3);
        must(w, w->human, "CoachService/Chat",
             "{\"message\":\"I understand that this is hard for her.\"}");
        must(w, w->human, "CoachService/Chat",
             "{\"message\":\"I can imagine that she is tired.\"}");
        assert_true(t_wait(level(w, EMPATHY) == 1, WAIT_MS));
        json_t *change = newest_change(w, w->human);
        json_t *first = json_array_get(json_object_get(change, "evidence"), 0);
        assert_string_equal(string(first, "source"), "coach");
        assert_string_equal(string(first, "text"), "I understand that this is hard for her.");
        json_decref(change);
}

int main(void)
{
#define LEVELS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                LEVELS_TEST(five_messages_earn_a_level_that_can_be_disputed),
                LEVELS_TEST(disputed_messages_are_not_used_again),
                LEVELS_TEST(evidence_is_for_its_owner_and_goes_with_the_message),
                LEVELS_TEST(level_ten_completes_the_training),
                LEVELS_TEST(a_restart_between_the_messages_loses_none),
                LEVELS_TEST(direct_rooms_count_for_nothing),
                LEVELS_TEST(what_is_said_to_the_coach_counts_as_well),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
