#include "common/log.h"
#include "tests/support/failing_realloc.h"
#include "tests/unit/db_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status insert_and_look(void *arg, struct error *reterr)
{
        struct db_fixture *f = arg;
        struct db_conn_info conns[3];
        LEASE(lease, f->db, LEASE_WRITE, DEADLINE_NEVER);

        if (db_conn_list(f->db, conns, 3) != 3 || conns[2].mode != LEASE_WRITE ||
            !conns[2].leased || strcmp(conns[2].holder, "insert_and_look") != 0)
                return error_set(reterr, STATUS_INTERNAL, "the writer is not listed");
        return lease_commit(&lease, reterr);
}

static void a_lease_is_listed_with_its_holder_and_time(void **state)
{
        struct db_fixture *f = *state;
        struct db_conn_info conns[3];
        int64_t before_ms = clock_wall_ms();
        unsigned n_found = 0;

        ASSERT_OK(db_write(f->db, insert_and_look, f, DEADLINE_NEVER, err));
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        assert_int_equal(db_conn_list(f->db, conns, 1), 3);
        assert_int_equal(db_conn_list(f->db, conns, 3), 3);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(conns[i].id, i);
                if (!conns[i].leased)
                        continue;
                n_found++;
                assert_string_equal(conns[i].holder, __func__);
                assert_true(conns[i].leased_at_wall_ms >= before_ms - 1);
                assert_true(conns[i].leased_at_wall_ms <= clock_wall_ms() + 1);
                assert_int_equal(conns[i].mode, LEASE_READ);
        }
        assert_int_equal(n_found, 1);
        assert_int_equal(fixture_stats(f).n_leased, 1);
        assert_int_equal(fixture_stats(f).n_connections, 3);
}

static void leases_are_counted_and_timed(void **state)
{
        struct db_fixture *f = *state;
        struct db_stats before = fixture_stats(f), after;

        for (int i = 0; i < 7; i++)
                fixture_count(f->db);
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        after = fixture_stats(f);
        assert_int_equal(after.n_leases - before.n_leases, 8);
        assert_int_equal(after.lease_seconds.n - before.lease_seconds.n, 8);
        assert_int_equal(after.lease_wait_seconds.n - before.lease_wait_seconds.n, 8);
        assert_true(after.lease_seconds.sum_seconds > before.lease_seconds.sum_seconds);
        assert_int_equal(after.commit_seconds.n, 1);
        assert_int_equal(after.n_writes, 1);
        assert_int_equal(after.n_groups, 1);
        assert_true(after.wal_bytes > 0);
}

static const struct db_query_info *find(const struct db_query_info *all, size_t n, const char *sql)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(all[i].sql, sql) == 0)
                        return &all[i];
        return NULL;
}

static void statements_are_added_up_over_connections(void **state)
{
        struct db_fixture *f = *state;
        const struct db_query_info *query;
        struct db_query_info all[32], one[1];
        size_t n;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        assert_int_equal(fixture_add(f->db, "Ada", DEADLINE_NEVER, NULL), STATUS_ALREADY_EXISTS);
        for (int i = 0; i < 3; i++)
                fixture_count(f->db);
        n = db_query_list(f->db, all, ARRAY_SIZE(all));
        assert_int_equal(n, 2);
        assert_true(all[0].total_ms >= all[1].total_ms);
        query = find(all, n, "SELECT count(*) FROM person");
        assert_non_null(query);
        assert_int_equal(query->calls, 3);
        assert_int_equal(query->rows, 3);
        assert_int_equal(query->errors, 0);
        query = find(all, n, "INSERT INTO person (username, username_key) VALUES ($1, lower($1))");
        assert_non_null(query);
        assert_int_equal(query->calls, 2);
        assert_int_equal(query->errors, 1);
        assert_true(query->max_ms <= query->total_ms);
        assert_int_equal(db_query_list(f->db, one, 1), 1);
        assert_string_equal(one[0].sql, all[0].sql);
}

static void run_for_ms(struct db *db, unsigned ms)
{
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT 1");

        ASSERT_OK(stmt_row(&q, err));
        deadline_ns deadline = deadline_in_ms(ms);
        WAIT_FOR(deadline_passed(deadline));
}

static void slow_statements_are_logged(void **state)
{
        struct db_fixture *f = *state;
        uint64_t before;

        fixture_close(f);
        f->options.slow_query_ms = 20;
        fixture_open(f);
        log_init("test_db", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
        before = log_count(LOG_LEVEL_WARNING);
        fixture_count(f->db);
        assert_int_equal(log_count(LOG_LEVEL_WARNING), before);
        run_for_ms(f->db, 30);
        assert_int_equal(log_count(LOG_LEVEL_WARNING), before + 1);
}

static void a_long_lease_is_told_of_while_it_is_held(void **state)
{
        struct db_fixture *f = *state;
        uint64_t before;

        fixture_close(f);
        f->options.long_lease_ms = 20;
        log_init("test_db", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT); /* before there are threads */
        fixture_open(f);
        before = log_count(LOG_LEVEL_WARNING);
        fixture_count(f->db);
        {
                LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);

                WAIT_FOR(log_count(LOG_LEVEL_WARNING) > before);
                assert_int_equal(fixture_stats(f).n_long_leases, 1);
                assert_true(fixture_stats(f).oldest_lease_seconds >= 0.02);
                /* Once. */
                deadline_ns later = deadline_in_ms(60);
                WAIT_FOR(deadline_passed(later));
                assert_int_equal(log_count(LOG_LEVEL_WARNING), before + 1);
        }
        /* And how long it was in the end. */
        assert_int_equal(log_count(LOG_LEVEL_WARNING), before + 2);
        assert_true(fixture_stats(f).oldest_lease_seconds < 0.02);
}

static void a_lease_names_the_request_that_it_is_for(void **state)
{
        struct db_fixture *f = *state;
        struct db_conn_info conns[3];
        unsigned n_found = 0;

        db_set_request("0123456789012345678901234567890123456789012345678901234567890123456789");
        {
                LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);

                db_conn_list(f->db, conns, 3);
                for (int i = 0; i < 3; i++)
                        n_found += strlen(conns[i].request_id) == 70;
        }
        assert_int_equal(n_found, 1);
        db_set_request(NULL);
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        db_conn_list(f->db, conns, 3);
        for (int i = 0; i < 3; i++)
                assert_string_equal(conns[i].request_id, "");
}

static void a_statement_has_a_plan(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        char *plan = NULL;

        ASSERT_OK(db_query_plan(f->db, "SELECT count(*) FROM person", DEADLINE_NEVER, &plan, err));
        assert_non_null(strstr(plan, "SCAN person"));
        free(plan);
        /* What would write is only looked at. */
        ASSERT_OK(db_query_plan(f->db, "DELETE FROM person WHERE id = $1", DEADLINE_NEVER, &plan,
                                err));
        assert_non_null(strstr(plan, "SEARCH person"));
        free(plan);
        assert_int_equal(db_query_plan(f->db, "SELECT nothing", DEADLINE_NEVER, &plan, &error),
                         STATUS_INTERNAL);
}

static void a_plan_without_memory_is_none(void **state)
{
        static const char sql[] = "SELECT count(*) FROM person";
        struct db_fixture *f = *state;
        char *plan = NULL;
        enum status st;

        failing_realloc_arm(1, false);
        st = db_query_plan(f->db, sql, DEADLINE_NEVER, &plan, NULL);
        assert_true(failing_realloc_disarm());
        assert_status(st, STATUS_RESOURCE_EXHAUSTED);
        assert_null(plan);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_lease_is_listed_with_its_holder_and_time),
                CASE(leases_are_counted_and_timed),
                CASE(statements_are_added_up_over_connections),
                CASE(slow_statements_are_logged),
                CASE(a_long_lease_is_told_of_while_it_is_held),
                CASE(a_lease_names_the_request_that_it_is_for),
                CASE(a_statement_has_a_plan),
                CASE(a_plan_without_memory_is_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
