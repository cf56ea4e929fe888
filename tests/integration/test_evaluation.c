/* Who evaluates what people say, over real processes: the engine that is set, if the user allows
 * it, and the built-in coach in its place; and that the user hears of it at once. */
#include "tests/integration/coach_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_WORDS 5

static const char *const kind_words[N_WORDS] = {
        "I understand that this is hard for you.",
        "I hear you, that was a long day.",
        "It sounds as if nobody helped.",
        "I can imagine that you are tired.",
        "I am sorry to hear it.",
};

/* What the upstream says instead of an evaluation; NULL: it evaluates. */
static _Atomic(const char *) nonsense;
/* Whether it says anything at all. */
static atomic_bool may_speak;

static void evaluate(struct connection *c)
{
        const char *said = atomic_load(&nonsense);

        if (!upstream_take_request(c))
                return;
        while (!atomic_load(&may_speak))
                if (upstream_wait_gone(c, 2))
                        return;
        if (!said)
                said = "{\\\"changes\\\":[{\\\"skill\\\":\\\"clarity\\\",\\\"delta\\\":1,"
                       "\\\"evidence\\\":[0,1],\\\"why\\\":\\\"Plain words.\\\"}]}";
        if (upstream_send(c, STREAM_HEAD "data: {\"choices\":[{\"delta\":{\"content\":\"") &&
            upstream_send(c, said) && upstream_send(c, "\"}}]}\n\n"))
                upstream_send(c, "data: [DONE]\n\n");
}

static int setup(void **state)
{
        struct scene *s = calloc(1, sizeof(*s));

        if (!s)
                return -1;
        *state = s;
        atomic_store(&nonsense, NULL);
        atomic_store(&may_speak, true);
        scene_init(s, evaluate, HUMAN);
        /* Clarity is practised by who says so. */
        must(s, HUMAN, "PUT", "/api/users/me/skills/3", "{\"level\":0}");
        return 0;
}

static int teardown(void **state)
{
        atomic_store(&may_speak, true);
        scene_deinit(*state);
        free(*state);
        return 0;
}

static void allow(struct scene *s)
{
        must(s, HUMAN, "PATCH", "/api/coach/settings", "{\"remote_evaluation\":true}");
}

static void say_all(struct scene *s)
{
        for (unsigned i = 0; i < N_WORDS; i++)
                say(s, HUMAN, kind_words[i]);
}

/* The newest change of a level, to be released. */
static json_t *newest_change(struct scene *s)
{
        json_t *json = ask(s, HUMAN, "GET", "/api/users/me/levels?page_size=1", NULL, 200);
        json_t *change = json_incref(json_array_get(json_object_get(json, "changes"), 0));

        json_decref(json);
        assert_non_null(change);
        return change;
}

static void expect_change(struct scene *s, const char *engine, const char *skill)
{
        json_t *change = newest_change(s);

        assert_string_equal(text_of(change, "engine"), engine);
        assert_string_equal(text_of(change, "skill_name"), skill);
        json_decref(change);
}

static void the_engine_that_is_set_evaluates(void **state)
{
        struct scene *s = *state;

        allow(s);
        say_all(s);
        assert_true(t_wait(hears(s, "\"type\":\"level_changed\""), WAIT_MS));
        assert_true(hears(s, "\"skill_name\":\"clarity\",\"old_level\":0,\"new_level\":1"));
        expect_change(s, "openai", "clarity");
        json_t *entry = entry_of(s, HUMAN);
        assert_string_equal(text_of(entry, "task"), "evaluate");
        assert_string_equal(text_of(entry, "endpoint"), s->upstream.url);
        expect_texts(entry, kind_words, N_WORDS);
        json_decref(entry);
        assert_non_null(strstr(s->upstream.request, kind_words[0]));
}

static void nobody_else_does_unless_the_user_allows_it(void **state)
{
        struct scene *s = *state;

        say_all(s);
        assert_true(t_wait(hears(s, "\"type\":\"level_changed\""), WAIT_MS));
        expect_change(s, "builtin", "empathy");
        expect_no_entries(s, HUMAN);
        assert_int_equal(atomic_load(&s->upstream.n_connections), 0);
}

static void the_built_in_coach_stands_in(void **state)
{
        struct scene *s = *state;

        allow(s);
        atomic_store(&nonsense, "{\\\"changes\\\":[{\\\"skill\\\":\\\"juggling\\\"}]}");
        say_all(s);
        assert_true(t_wait(hears(s, "\"type\":\"level_changed\""), WAIT_MS));
        expect_change(s, "builtin", "empathy");
        must(s, ADMIN, "PATCH", "/api/admin/coach/settings",
             "{\"endpoint\":\"http://127.0.0.1:1/v1\"}");
        say_all(s);
        assert_true(t_wait(hears(s, "\"new_level\":2"), WAIT_MS));
        expect_change(s, "builtin", "empathy");
}

static void an_engine_that_is_slow_keeps_nobody_else_waiting(void **state)
{
        struct scene *s = *state;

        allow(s);
        atomic_store(&may_speak, false);
        say_all(s);
        assert_true(t_wait(atomic_load(&s->upstream.n_requests) == 1, WAIT_MS));
        server_assert_no_leases(&s->server);
        for (unsigned i = 0; i < N_WORDS; i++)
                say(s, OTHER, kind_words[i]);
        json_t *json = NULL;
        assert_true(t_wait((json_decref(json),
                            json = ask(s, OTHER, "GET", "/api/users/me/levels", NULL, 200),
                            json_array_size(json_object_get(json, "changes")) == 1),
                           WAIT_MS));
        json_decref(json);
        assert_false(hears(s, "\"type\":\"level_changed\""));
        atomic_store(&may_speak, true);
        assert_true(t_wait(hears(s, "\"type\":\"level_changed\""), WAIT_MS));
}

/* What somebody sets, disputes or completes is told, too. */
static void every_move_is_told(void **state)
{
        struct scene *s = *state;
        char path[96];

        must(s, HUMAN, "PUT", "/api/users/me/skills/1", "{\"level\":10}");
        assert_true(t_wait(hears(s, "\"type\":\"training_completed\""), WAIT_MS));
        assert_true(hears(s, "\"skill_name\":\"empathy\",\"old_level\":0,\"new_level\":10"));
        assert_true(hears(s, "\"is_reverted\":false,\"is_milestone\":true"));
        must(s, HUMAN, "PUT", "/api/users/me/skills/1", "{\"level\":3}");
        say_all(s);
        assert_true(t_wait(hears(s, "\"old_level\":3,\"new_level\":4"), WAIT_MS));
        json_t *change = newest_change(s);
        snprintf(path, sizeof(path), "/api/users/me/levels/%lld/dispute",
                 (long long)number_of(change, "id"));
        json_decref(change);
        must(s, HUMAN, "POST", path, "{\"reason\":\"no\"}");
        assert_true(t_wait(hears(s, "\"old_level\":4,\"new_level\":3"), WAIT_MS));
        assert_true(hears(s, "\"is_reverted\":true"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(the_engine_that_is_set_evaluates),
                TEST(nobody_else_does_unless_the_user_allows_it),
                TEST(the_built_in_coach_stands_in),
                TEST(an_engine_that_is_slow_keeps_nobody_else_waiting),
                TEST(every_move_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
