#include "service/rpc/pool.h"

#include "common/cleanup.h"
#include "tests/support/t.h"

#include <stdatomic.h>

/* Tasks that wait until the test lets them go. */
struct work {
        struct task task;
        atomic_bool *go;
        atomic_uint *n_started, *n_done;
};

struct bench {
        struct pool *pool;
        atomic_bool go;
        atomic_uint n_started, n_done;
        struct work work[64];
};

static void work_run(struct task *task)
{
        struct work *w = (struct work *)task;

        atomic_fetch_add(w->n_started, 1);
        while (!atomic_load(w->go))
                t_pause_();
        atomic_fetch_add(w->n_done, 1);
}

static struct bench *bench_new(unsigned n_threads, unsigned max_threads, unsigned max_queued)
{
        struct bench *b = calloc(1, sizeof(*b));
        const struct pool_options options = {.name = "test",
                                             .n_threads = n_threads,
                                             .max_threads = max_threads,
                                             .max_queued = max_queued};

        assert_non_null(b);
        assert_status(pool_new(&options, &b->pool, NULL), STATUS_OK);
        for (size_t i = 0; i < ARRAY_SIZE(b->work); i++)
                b->work[i] = (struct work){{.run = work_run}, &b->go, &b->n_started, &b->n_done};
        return b;
}

static void bench_free(struct bench *b)
{
        atomic_store(&b->go, true);
        pool_free(b->pool);
        free(b);
}

static void every_task_runs_once(void **state)
{
        struct bench *b = bench_new(3, 3, 64);
        (void)state;

        atomic_store(&b->go, true);
        for (size_t i = 0; i < 64; i++)
                assert_true(pool_submit(b->pool, &b->work[i].task));
        assert_true(t_wait(atomic_load(&b->n_done) == 64, 10000));
        assert_int_equal(pool_n_queued(b->pool), 0);
        bench_free(b);
}

static void what_does_not_fit_is_refused_at_once(void **state)
{
        struct bench *b = bench_new(2, 2, 3);
        (void)state;

        for (size_t i = 0; i < 5; i++)
                assert_true(pool_submit(b->pool, &b->work[i].task));
        assert_true(t_wait(atomic_load(&b->n_started) == 2, 10000));
        assert_false(pool_submit(b->pool, &b->work[5].task));
        assert_true(pool_submit_always(b->pool, &b->work[6].task));
        assert_int_equal(pool_n_queued(b->pool), 4);
        bench_free(b);
}

static void threads_are_added_while_all_are_busy(void **state)
{
        struct bench *b = bench_new(1, 4, 2);
        (void)state;

        for (size_t i = 0; i < 6; i++)
                assert_true(pool_submit(b->pool, &b->work[i].task));
        assert_false(pool_submit(b->pool, &b->work[6].task));
        assert_true(t_wait(atomic_load(&b->n_started) == 4, 10000));
        assert_int_equal(pool_n_threads(b->pool), 4);
        assert_int_equal(pool_n_queued(b->pool), 2);
        bench_free(b);
}

static void an_idle_thread_is_used_before_one_is_added(void **state)
{
        struct bench *b = bench_new(1, 4, 2);
        (void)state;

        atomic_store(&b->go, true);
        for (unsigned i = 0; i < 20; i++) {
                assert_true(pool_submit(b->pool, &b->work[i].task));
                assert_true(t_wait(atomic_load(&b->n_done) == i + 1, 10000));
        }
        /* A task may come between the end of the one before and the thread's asking for more. */
        assert_in_range(pool_n_threads(b->pool), 1, 2);
        bench_free(b);
}

static void a_task_is_taken_out_of_anywhere_in_the_queue(void **state)
{
        struct bench *b = bench_new(1, 1, 8);
        (void)state;

        for (size_t i = 0; i < 5; i++)
                assert_true(pool_submit(b->pool, &b->work[i].task));
        assert_true(t_wait(atomic_load(&b->n_started) == 1, 10000));
        assert_false(pool_remove(b->pool, &b->work[0].task));
        assert_true(pool_remove(b->pool, &b->work[2].task));
        assert_true(pool_remove(b->pool, &b->work[1].task));
        assert_true(pool_remove(b->pool, &b->work[4].task));
        assert_false(pool_remove(b->pool, &b->work[4].task));
        assert_int_equal(pool_n_queued(b->pool), 1);
        atomic_store(&b->go, true);
        assert_true(t_wait(atomic_load(&b->n_done) == 2, 10000));
        bench_free(b);
}

static void what_is_queued_is_done_before_the_end(void **state)
{
        struct bench *b = bench_new(1, 1, 64);
        (void)state;

        for (size_t i = 0; i < 20; i++)
                assert_true(pool_submit(b->pool, &b->work[i].task));
        atomic_store(&b->go, true);
        pool_stop(b->pool);
        assert_int_equal(atomic_load(&b->n_done), 20);
        assert_false(pool_submit(b->pool, &b->work[20].task));
        assert_false(pool_submit_always(b->pool, &b->work[20].task));
        bench_free(b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_task_runs_once),
                cmocka_unit_test(what_does_not_fit_is_refused_at_once),
                cmocka_unit_test(threads_are_added_while_all_are_busy),
                cmocka_unit_test(an_idle_thread_is_used_before_one_is_added),
                cmocka_unit_test(a_task_is_taken_out_of_anywhere_in_the_queue),
                cmocka_unit_test(what_is_queued_is_done_before_the_end),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
