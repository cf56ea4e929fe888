#include "tests/unit/db_fixture.h"

static enum status read_and_leave_early(struct db *db, bool early, struct error *reterr)
{
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT id FROM person");
        enum status st = stmt_row(&q, reterr);

        if (early)
                return st;
        STMT(bad, &lease, "SELECT nothing FROM nowhere");
        return stmt_row(&bad, reterr);
}

static void a_lease_is_released_on_every_path(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        for (int i = 0; i < 10; i++) {
                ASSERT_OK(read_and_leave_early(f->db, true, err));
                assert_int_equal(read_and_leave_early(f->db, false, &error), STATUS_INTERNAL);
                assert_int_equal(fixture_stats(f).n_leased, 0);
        }
}

struct waiting {
        struct db *db;
        deadline_ns deadline;
        enum status status;
        struct error error;
        struct gate *gate; /* held meanwhile; NULL: not */
        unsigned *n_served; /* under the lease, which is the only one */
        unsigned place;
};

static void *take_lease(void *arg)
{
        struct waiting *w = arg;
        LEASE(lease, w->db, LEASE_READ, w->deadline);

        w->status = lease_status(&lease, &w->error);
        if (w->status == STATUS_OK && w->n_served)
                w->place = ++*w->n_served;
        if (w->status == STATUS_OK && w->gate)
                gate_pass(w->gate);
        return NULL;
}

static void an_empty_pool_answers_unavailable_in_time(void **state)
{
        struct db_fixture *f = *state;
        struct gate gate = GATE_INIT;
        struct waiting holder = {.db = f->db, .deadline = DEADLINE_NEVER, .gate = &gate};
        struct error error = ERROR_INIT;
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, take_lease, &holder), 0);
        gate_await(&gate, 1);
        uint64_t before_ns = clock_mono_ns();
        {
                LEASE(lease, f->db, LEASE_READ, deadline_in_ms(20));
                assert_int_equal(lease_status(&lease, &error), STATUS_UNAVAILABLE);
                assert_true(error.retry_after_ms > 0);

                STMT(q, &lease, "SELECT 1");
                stmt_bind_int(&q, 1, 7);
                memset(&error, 0, sizeof(error));
                assert_int_equal(stmt_row(&q, &error), STATUS_UNAVAILABLE);
                assert_true(error.retry_after_ms > 0);
                assert_int_equal(stmt_int(&q, 0), 0);
                assert_string_equal(stmt_text(&q, 0), "");
        }
        assert_true(clock_mono_ns() - before_ns >= 19000000);
        gate_open(&gate);
        pthread_join(thread, NULL);
        assert_int_equal(fixture_stats(f).n_lease_timeouts, 1);
        assert_int_equal(fixture_count(f->db), 0); /* usable again */
}

static void who_came_first_is_served_first(void **state)
{
        struct db_fixture *f = *state;
        enum { N = 5 };
        struct gate gate = GATE_INIT;
        struct waiting holder = {.db = f->db, .deadline = DEADLINE_NEVER, .gate = &gate};
        struct waiting waiting[N];
        pthread_t first, threads[N];
        unsigned n_served = 0;

        assert_int_equal(pthread_create(&first, NULL, take_lease, &holder), 0);
        gate_await(&gate, 1);
        for (unsigned i = 0; i < N; i++) {
                waiting[i] = (struct waiting){
                        .db = f->db, .deadline = deadline_in_ms(10000), .n_served = &n_served};
                assert_int_equal(pthread_create(&threads[i], NULL, take_lease, &waiting[i]), 0);
                WAIT_FOR(fixture_stats(f).n_waiting == i + 1);
        }
        gate_open(&gate);
        pthread_join(first, NULL);
        for (unsigned i = 0; i < N; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(waiting[i].status, STATUS_OK);
                assert_int_equal(waiting[i].place, i + 1);
        }
}

static void who_gives_up_does_not_disturb_the_queue(void **state)
{
        struct db_fixture *f = *state;
        struct gate gate = GATE_INIT;
        struct waiting holder = {.db = f->db, .deadline = DEADLINE_NEVER, .gate = &gate};
        struct waiting hasty = {.db = f->db, .deadline = deadline_in_ms(30)};
        struct waiting patient = {.db = f->db, .deadline = deadline_in_ms(10000)};
        pthread_t threads[3];

        assert_int_equal(pthread_create(&threads[0], NULL, take_lease, &holder), 0);
        gate_await(&gate, 1);
        assert_int_equal(pthread_create(&threads[1], NULL, take_lease, &hasty), 0);
        assert_int_equal(pthread_create(&threads[2], NULL, take_lease, &patient), 0);
        pthread_join(threads[1], NULL);
        assert_int_equal(hasty.status, STATUS_UNAVAILABLE);
        WAIT_FOR(fixture_stats(f).n_waiting == 1);
        gate_open(&gate);
        pthread_join(threads[0], NULL);
        pthread_join(threads[2], NULL);
        assert_int_equal(patient.status, STATUS_OK);
}

static void a_second_lease_of_one_thread_is_refused(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        LEASE(first, f->db, LEASE_READ, DEADLINE_NEVER);
        LEASE(second, f->db, LEASE_READ, DEADLINE_NEVER);

        ASSERT_OK(lease_status(&first, err));
        assert_int_equal(lease_status(&second, &error), STATUS_INTERNAL);
        assert_int_equal(fixture_add(f->db, "Ada", DEADLINE_NEVER, &error), STATUS_INTERNAL);
}

static void a_thread_gets_the_connection_it_had(void **state)
{
        struct db_fixture *f = *state;
        struct db_conn_info conns[3];
        uint64_t n_used = 0;

        for (int i = 0; i < 10; i++)
                fixture_count(f->db);
        assert_int_equal(db_conn_list(f->db, conns, 3), 3);
        for (int i = 0; i < 2; i++)
                if (conns[i].n_leases > n_used)
                        n_used = conns[i].n_leases;
        assert_int_equal(n_used, 10);
}

static void writing_off_the_writer_thread_is_refused(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        LEASE(lease, f->db, LEASE_WRITE, DEADLINE_NEVER);

        assert_int_equal(lease_status(&lease, &error), STATUS_INTERNAL);
        assert_int_equal(fixture_insert(&lease, "Ada", &error), STATUS_INTERNAL);
        assert_int_equal(lease_commit(&lease, &error), STATUS_INTERNAL);
        assert_non_null(strstr(error.text, "writing_off_the_writer_thread_is_refused"));
}

static void a_read_lease_does_not_write(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);

        assert_int_equal(fixture_insert(&lease, "Ada", &error), STATUS_INTERNAL);
        assert_int_equal(lease_commit(&lease, &error), STATUS_INTERNAL);
        lease_release(&lease);
        assert_int_equal(fixture_count(f->db), 0);
}

static void what_outlives_its_lease_is_harmless(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT username FROM person");
        ASSERT_OK(stmt_row(&q, err));
        lease_release(&lease);
        lease_release(&lease);
        assert_int_equal(fixture_stats(f).n_leased, 0);
        assert_string_equal(stmt_text(&q, 0), "");
        assert_int_equal(stmt_row(&q, &error), STATUS_INTERNAL);
        assert_int_equal(lease_status(&lease, &error), STATUS_INTERNAL);
}

static int64_t count_within(struct lease *lease)
{
        STMT(q, lease, "SELECT count(*) FROM person");
        ASSERT_OK(stmt_row(&q, err));
        return stmt_int(&q, 0);
}

static void *add_bob(void *arg)
{
        struct error error = ERROR_INIT;

        return fixture_add(arg, "Bob", DEADLINE_NEVER, &error) == STATUS_OK ? NULL : arg;
}

static void count_around_a_write(struct db *db, bool snapshot, int64_t *ret_before,
                                 int64_t *ret_after)
{
        pthread_t thread;
        void *failed;
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);

        if (snapshot)
                ASSERT_OK(lease_snapshot(&lease, err));
        *ret_before = count_within(&lease);
        assert_int_equal(pthread_create(&thread, NULL, add_bob, db), 0);
        pthread_join(thread, &failed);
        assert_null(failed);
        *ret_after = count_within(&lease);
}

static void a_snapshot_sees_one_state(void **state)
{
        struct db_fixture *f = *state;
        int64_t before, after;

        count_around_a_write(f->db, true, &before, &after);
        assert_int_equal(before, 0);
        assert_int_equal(after, 0);
        assert_int_equal(fixture_count(f->db), 1); /* the snapshot ended with the lease */
}

static void without_a_snapshot_each_statement_sees_the_newest(void **state)
{
        struct db_fixture *f = *state;
        int64_t before, after;

        count_around_a_write(f->db, false, &before, &after);
        assert_int_equal(before, 0);
        assert_int_equal(after, 1);
}

static enum status read_for_ever(struct db *db, deadline_ns deadline, struct error *reterr)
{
        LEASE(lease, db, LEASE_READ, deadline);
        STMT(q, &lease,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
             " SELECT count(*) FROM n");
        return stmt_run(&q, reterr);
}

static void a_read_past_its_deadline_is_interrupted(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        for (int i = 0; i < 3; i++)
                assert_int_equal(read_for_ever(f->db, deadline_in_ms(10), &error),
                                 STATUS_DEADLINE_EXCEEDED);
        assert_int_equal(fixture_count(f->db), 0); /* the connection is fine */
}

static int64_t count_now(struct db *db)
{
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT count(*) FROM person");

        return stmt_row(&q, NULL) == STATUS_OK ? stmt_int(&q, 0) : -1;
}

static void a_view_shares_one_connection_and_one_state(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        {
                VIEW(view, f->db);
                assert_int_equal(count_now(f->db), 1);
                struct waiting other = {.db = f->db, .deadline = deadline_in_ms(0)};
                pthread_t thread;
                assert_int_equal(pthread_create(&thread, NULL, take_lease, &other), 0);
                assert_int_equal(pthread_join(thread, NULL), 0);
                assert_int_equal(other.status, STATUS_UNAVAILABLE); /* the one reader is ours */
                ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
                VIEW(inner, f->db);
                assert_int_equal(count_now(f->db), 1);
                assert_int_equal(fixture_stats(f).n_leased, 0);
                view_renew();
                assert_int_equal(count_now(f->db), 2);
        }
        assert_int_equal(count_now(f->db), 2);
        view_renew(); /* in none: nothing happens */
}

static void a_view_survives_a_failed_read(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        VIEW(view, f->db);
        assert_int_equal(read_for_ever(f->db, deadline_in_ms(10), &error),
                         STATUS_DEADLINE_EXCEEDED);
        assert_int_equal(read_and_leave_early(f->db, false, &error), STATUS_INTERNAL);
        assert_int_equal(count_now(f->db), 0);
}

static int64_t cache_size(struct db *db)
{
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "PRAGMA cache_size");

        assert_int_equal(stmt_row(&q, NULL), STATUS_OK);
        return stmt_int(&q, 0);
}

/* SQLite has KiB below zero. */
static void connections_keep_as_many_pages_as_they_are_told(void **state)
{
        struct db_fixture *f = *state;

        assert_int_equal(cache_size(f->db), -8192);
        fixture_close(f);
        f->options.cache_kib = 1024;
        fixture_open(f);
        assert_int_equal(cache_size(f->db), -1024);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define CASE_OF_ONE(name) \
        cmocka_unit_test_setup_teardown(name, fixture_setup_one_reader, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_lease_is_released_on_every_path),
                CASE(connections_keep_as_many_pages_as_they_are_told),
                CASE_OF_ONE(an_empty_pool_answers_unavailable_in_time),
                CASE_OF_ONE(who_came_first_is_served_first),
                CASE_OF_ONE(who_gives_up_does_not_disturb_the_queue),
                CASE(a_second_lease_of_one_thread_is_refused),
                CASE(a_thread_gets_the_connection_it_had),
                CASE(writing_off_the_writer_thread_is_refused),
                CASE(a_read_lease_does_not_write),
                CASE(what_outlives_its_lease_is_harmless),
                CASE(a_snapshot_sees_one_state),
                CASE(without_a_snapshot_each_statement_sees_the_newest),
                CASE(a_read_past_its_deadline_is_interrupted),
                CASE_OF_ONE(a_view_shares_one_connection_and_one_state),
                CASE_OF_ONE(a_view_survives_a_failed_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
