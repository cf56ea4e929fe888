#include "client/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define N 500

static struct pending_pool pool;

static int setup(void **state)
{
        struct soc_pending **calls = calloc(N, sizeof(struct soc_pending *));
        unsigned x = 12345;

        pending_pool_init(&pool);
        for (size_t i = 0; i < N; i++) {
                calls[i] = pending_new(&pool, 16);
                x = x * 1103515245u + 12345u;
                calls[i]->timer.at = (x >> 8) % 200; /* some of them are equal */
        }
        *state = calls;
        return 0;
}

static int teardown(void **state)
{
        struct soc_pending **calls = *state;

        for (size_t i = 0; i < N; i++)
                pending_unref(calls[i]);
        free(calls);
        pending_pool_deinit(&pool);
        return 0;
}

static void the_soonest_comes_first(void **state)
{
        struct soc_pending **calls = *state;
        struct timers t = {0};
        deadline_ns last = 0;

        for (size_t i = 0; i < N; i++)
                assert_true(timers_push(&t, &calls[i]->timer));
        for (size_t i = 0; i < N; i++) {
                struct timer *p = timers_first(&t);

                assert_true(p->at >= last);
                last = p->at;
                timers_remove(&t, p);
                assert_true(p->index == TIMERS_NOWHERE);
        }
        assert_null(timers_first(&t));
        timers_deinit(&t);
}

static void what_is_removed_from_the_middle_does_not_come(void **state)
{
        struct soc_pending **calls = *state;
        struct timers t = {0};
        deadline_ns last = 0;

        for (size_t i = 0; i < N; i++)
                assert_true(timers_push(&t, &calls[i]->timer));
        for (size_t i = 0; i < N; i += 2) {
                timers_remove(&t, &calls[i]->timer);
                timers_remove(&t, &calls[i]->timer); /* twice is once */
        }
        size_t n = 0;
        for (struct timer *p; (p = timers_first(&t)); n++) {
                assert_true(p->at >= last);
                last = p->at;
                timers_remove(&t, p);
        }
        assert_int_equal(n, N / 2);
        timers_deinit(&t);
}

static void what_is_moved_comes_at_its_new_time(void **state)
{
        struct soc_pending **calls = *state;
        struct timers t = {0};
        deadline_ns last = 0;

        for (size_t i = 0; i < N; i++)
                assert_true(timers_push(&t, &calls[i]->timer));
        for (size_t i = 0; i < N; i++)
                timers_move(&t, &calls[i]->timer, i % 2 ? i : 1000 - i);
        for (struct timer *p; (p = timers_first(&t));) {
                assert_true(p->at >= last);
                last = p->at;
                timers_remove(&t, p);
        }
        assert_int_equal(last, 1000);
        timers_deinit(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_soonest_comes_first, setup, teardown),
                cmocka_unit_test_setup_teardown(what_is_removed_from_the_middle_does_not_come,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(what_is_moved_comes_at_its_new_time, setup,
                                                teardown),
        };
        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
