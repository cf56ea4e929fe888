/* The thread that evaluates, with an engine that answers as it is told; and reasons without the
 * messages' words. */
#include "service/progress/progress.h"

#include "service/auth/vault.h"

#include "service/coach/builtin.h"
#include "service/coach/coach.h"
#include "service/progress/cite.h"
#include "service/store/evaluation.h"
#include "service/store/level.h"
#include "service/store/message.h"
#include "service/store/room.h"
#include "service/store/training.h"
#include "tests/unit/store_fixture.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000

/* An engine that can be told to fail, or to wait until it is cancelled. */
static atomic_int n_asked;
static atomic_bool fails, hangs;
static struct coach_sink hanging;

static enum status start_engine(const struct coach_engine *engine,
                                const struct coach_request *request, const struct coach_sink *sink,
                                struct coach_run **ret, struct error *reterr)
{
        (void)engine;
        atomic_fetch_add(&n_asked, 1);
        if (fails)
                return error_set(reterr, STATUS_UNAVAILABLE, "told to fail");
        if (!hangs)
                return coach_builtin.start(&coach_builtin, request, sink, ret, reterr);
        hanging = *sink;
        *ret = NULL;
        return STATUS_OK;
}

static void cancel_engine(struct coach_run *run)
{
        const struct error error = {.status = STATUS_CANCELLED};

        (void)run;
        hanging.done(hanging.closure, STATUS_CANCELLED, &error);
}

static void finish_engine(struct coach_run *run)
{
        (void)run;
}

static const struct coach_engine engine = {"told", start_engine, cancel_engine, finish_engine};

struct world {
        struct store_fixture *store;
        struct coach *coach;
        struct vault *vault;
        struct progress *progress;
        int64_t user;
};

static struct world *scene; /* what scenarios, on the writer thread, work on */

static int setup(void **state)
{
        static const struct coach_engine *const engines[] = {&engine};
        struct world *w = calloc(1, sizeof(*w));

        atomic_store(&n_asked, 0);
        atomic_store(&fails, false);
        atomic_store(&hangs, false);
        if (store_setup((void **)&w->store) != 0 ||
            vault_new(w->store->dir, w->store->db, &w->vault, NULL) != STATUS_OK ||
            coach_new(engines, 1, &w->coach, NULL) != STATUS_OK)
                return -1;
        scene = w;
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;
        void *store = w->store;

        progress_free(w->progress);
        coach_free(w->coach);
        vault_free(w->vault);
        store_teardown(&store);
        free(w);
        return 0;
}

static void start(struct world *w)
{
        const struct progress_options options = {
                .db = w->store->db, .coach = w->coach, .vault = w->vault};

        assert_int_equal(progress_new(&options, &w->progress, NULL), STATUS_OK);
}

static void run(struct world *w, scenario_fn fn)
{
        store_fixture_run(w->store, fn);
        if (w->progress)
                progress_wake(w->progress);
}

static void sign_up(struct scenario *s)
{
        scene->user = store_fixture_user(s, "human");
        EXPECT(training_add_defaults(s->lease, scene->user, &s->error) == STATUS_OK);
}

static void say(struct scenario *s, const char *content)
{
        const struct message_draft draft = {.room_id = ROOM_GENERAL,
                                            .user_id = scene->user,
                                            .username = "human",
                                            .content = content};
        struct room_message message;
        bool repeated;

        EXPECT(message_append(s->lease, s->arena, &draft, &message, &repeated, &s->error) ==
               STATUS_OK);
}

static void say_three(struct scenario *s)
{
        say(s, "I understand that this is hard for you.");
        say(s, "I hear you, that was a long day.");
        say(s, "I can imagine that you are tired.");
}

static void say_two(struct scenario *s)
{
        say(s, "The train is late.");
        say(s, "See you tomorrow.");
}

/* A number that a read finds. */
static int64_t query(struct world *w, bool levels)
{
        LEASE(lease, w->store->db, LEASE_READ, DEADLINE_NEVER);
        struct scenario s = {.lease = &lease};

        return levels ? store_fixture_count(&s, "SELECT coalesce(sum(level), 0) FROM user_skill")
                      : store_fixture_count(&s, "SELECT count(*) FROM evaluation_pending");
}

static bool has_level_one(struct world *w)
{
        return query(w, true) == 1 && query(w, false) == 0;
}

static bool was_asked(struct world *w)
{
        (void)w;
        return atomic_load(&n_asked) > 0;
}

static bool has_counted_three(struct world *w)
{
        return query(w, false) == 3;
}

static void five_messages_move_a_level(void **state)
{
        struct world *w = *state;

        start(w);
        run(w, sign_up);
        run(w, say_three);
        assert_true(t_wait(has_counted_three(w), WAIT_MS));
        assert_int_equal(atomic_load(&n_asked), 0);
        run(w, say_two);
        assert_true(t_wait(has_level_one(w), WAIT_MS));
        assert_int_equal(atomic_load(&n_asked), 1);
}

static void counting_goes_on_after_a_restart(void **state)
{
        struct world *w = *state;

        start(w);
        run(w, sign_up);
        run(w, say_three);
        assert_true(t_wait(has_counted_three(w), WAIT_MS));
        w->progress = progress_free(w->progress);
        run(w, say_two); /* nobody is told of these */
        start(w);
        assert_true(t_wait(has_level_one(w), WAIT_MS));
}

static void what_failed_is_tried_again_at_the_next_start(void **state)
{
        struct world *w = *state;

        atomic_store(&fails, true);
        start(w);
        run(w, sign_up);
        run(w, say_three);
        run(w, say_two);
        assert_true(t_wait(was_asked(w), WAIT_MS));
        w->progress = progress_free(w->progress);
        assert_int_equal(query(w, true), 0);
        assert_int_equal(query(w, false), 5);
        atomic_store(&fails, false);
        start(w);
        assert_true(t_wait(has_level_one(w), WAIT_MS));
}

static void an_engine_that_hangs_does_not_hold_up_the_end(void **state)
{
        struct world *w = *state;

        atomic_store(&hangs, true);
        start(w);
        run(w, sign_up);
        run(w, say_three);
        run(w, say_two);
        assert_true(t_wait(was_asked(w), WAIT_MS));
        w->progress = progress_free(w->progress);
        assert_int_equal(query(w, false), 5);
}

/* --- reasons --- */

static const char *const messages[] = {
        "I understand that this is hard for you.",
        "Nothing of interest.",
        "I hear you, that was a long day and a longer night.",
};

static void assert_cited(const char *why, const char *want)
{
        static const size_t evidence[] = {0, 2};
        const struct document_change change = {
                .skill = "empathy", .delta = 1, .evidence = evidence, .n_evidence = 2, .why = why};
        AUTO_ARENA arena;

        arena_init(&arena, 1 << 16);
        assert_string_equal(cite_messages(&arena, &change, messages, ARRAY_SIZE(messages)), want);
}

static void quotations_become_numbers(void **state)
{
        (void)state;
        assert_cited("\"I understand that this is hard for you.\" and \"I hear you, that was a…\": "
                     "each acknowledges it.",
                     "[1] and [2]: each acknowledges it.");
        assert_cited("“I hear you” shows it, “something else” does not.",
                     "[2] shows it, […] does not.");
        assert_cited("Nothing is quoted here.", "Nothing is quoted here.");
        assert_cited("An open \" stays.", "An open \" stays.");
}

static void words_without_marks_are_not_kept(void **state)
{
        (void)state;
        assert_cited("You said that this is hard for you, which is kind.",
                     "2 messages show empathy.");
}

static void a_long_reason_is_cut_between_characters(void **state)
{
        char why[2 * CITE_MAX_BYTES + 3] = "x", want[CITE_MAX_BYTES + 1] = "x";

        (void)state;
        for (size_t i = 0; i < CITE_MAX_BYTES; i++)
                memcpy(why + 1 + 2 * i, "ü", 3);
        memcpy(want + 1, why + 1, CITE_MAX_BYTES - 2);
        assert_cited(why, want);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(five_messages_move_a_level, setup, teardown),
                cmocka_unit_test_setup_teardown(counting_goes_on_after_a_restart, setup, teardown),
                cmocka_unit_test_setup_teardown(what_failed_is_tried_again_at_the_next_start, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(an_engine_that_hangs_does_not_hold_up_the_end,
                                                setup, teardown),
                cmocka_unit_test(quotations_become_numbers),
                cmocka_unit_test(words_without_marks_are_not_kept),
                cmocka_unit_test(a_long_reason_is_cut_between_characters),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
