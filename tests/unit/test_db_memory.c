/* Memory that runs out: SQLite's n-th allocation fails, for n = 1, 2, 3 … until none does. */
#include "tests/unit/db_fixture.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>

static sqlite3_mem_methods real;
static atomic_long n_left; /* allocations until the one that fails; 0 = none does */
static atomic_uint n_hits;

static bool hit(void)
{
        if (atomic_load(&n_left) <= 0 || atomic_fetch_sub(&n_left, 1) != 1)
                return false;
        atomic_fetch_add(&n_hits, 1);
        return true;
}

static void *failing_malloc(int n)
{
        return hit() ? NULL : real.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
        return hit() ? NULL : real.xRealloc(p, n);
}

static int install(void **state)
{
        sqlite3_mem_methods failing;

        (void)state;
        if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK)
                return -1;
        failing = real;
        failing.xMalloc = failing_malloc;
        failing.xRealloc = failing_realloc;
        return sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK ? 0 : -1;
}

static void arm(long n)
{
        atomic_store(&n_hits, 0);
        atomic_store(&n_left, n);
}

static unsigned disarm(void)
{
        atomic_store(&n_left, 0);
        return atomic_load(&n_hits);
}

/* More than any case allocates. */
#define MAX_N 5000

static void a_write_without_memory_happens_or_does_not(void **state)
{
        struct db_fixture *f = *state;

        for (int n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;
                char name[32];

                /* The first time around nothing is prepared yet. */
                snprintf(name, sizeof(name), "n%d", n);
                arm(n);
                enum status st = fixture_add(f->db, name, DEADLINE_NEVER, &error);
                unsigned hits = disarm();

                assert_true(st == STATUS_OK || st == STATUS_RESOURCE_EXHAUSTED);
                assert_int_equal(fixture_has(f->db, name), st == STATUS_OK);
                ASSERT_OK(fixture_add(f->db, "between", DEADLINE_NEVER, err));
                fixture_close(f);
                remove(f->path);
                fixture_open(f);
                if (hits == 0)
                        return;
        }
        fail_msg("writing never succeeds");
}

static enum status read_sorted(struct db *db, int64_t *ret_n, struct error *reterr)
{
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT username FROM person ORDER BY username || 'x' DESC");
        enum status st;

        *ret_n = 0;
        while ((st = stmt_row(&q, reterr)) == STATUS_OK)
                ++*ret_n;
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static void a_read_without_memory_gives_its_connection_back(void **state)
{
        struct db_fixture *f = *state;
        int64_t n_rows;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        for (int n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;

                fixture_close(f);
                fixture_open(f);
                arm(n);
                enum status st = read_sorted(f->db, &n_rows, &error);
                unsigned hits = disarm();

                assert_true(st == STATUS_OK || st == STATUS_RESOURCE_EXHAUSTED);
                assert_int_equal(fixture_stats(f).n_leased, 0);
                ASSERT_OK(read_sorted(f->db, &n_rows, err));
                assert_int_equal(n_rows, 2);
                if (hits == 0)
                        return;
        }
        fail_msg("reading never succeeds");
}

/* Its connection would stay in the past for good. */
static void a_snapshot_ends_where_there_is_no_memory(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        for (int n = 1; n < 10; n++) {
                char name[32];

                {
                        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
                        assert_status(lease_snapshot(&lease, NULL), STATUS_OK);
                        STMT(q, &lease, "SELECT count(*) FROM person");
                        assert_status(stmt_row(&q, NULL), STATUS_OK);
                        assert_int_equal(stmt_int(&q, 0), n);
                        arm(n);
                }
                disarm();
                snprintf(name, sizeof(name), "n%d", n);
                ASSERT_OK(fixture_add(f->db, name, DEADLINE_NEVER, err));
                assert_true(fixture_has(f->db, name));
        }
}

static void a_backup_without_memory_says_so(void **state)
{
        struct db_fixture *f = *state;
        char name[DB_BACKUP_NAME_BYTES];

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        for (int n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;

                arm(n);
                enum status st = db_make_backup(f->db, NULL, NULL, name, &error);
                unsigned hits = disarm();

                if (st != STATUS_OK)
                        assert_int_equal(st, STATUS_RESOURCE_EXHAUSTED);
                if (hits == 0)
                        return;
        }
        fail_msg("a backup never succeeds");
}

static void opening_without_memory_loses_nothing(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        for (int n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;

                fixture_close(f);
                arm(n);
                enum status st = db_open(&f->options, &f->db, &error);
                unsigned hits = disarm();

                if (st != STATUS_OK) {
                        assert_null(f->db);
                        assert_true(hits > 0);
                        assert_int_equal(st, STATUS_RESOURCE_EXHAUSTED);
                        fixture_open(f);
                }
                assert_true(fixture_has(f->db, "Ada"));
                if (hits == 0)
                        return;
        }
        fail_msg("opening never succeeds");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_write_without_memory_happens_or_does_not),
                CASE(a_read_without_memory_gives_its_connection_back),
                cmocka_unit_test_setup_teardown(a_snapshot_ends_where_there_is_no_memory,
                                                fixture_setup_one_reader, fixture_teardown),
                CASE(a_backup_without_memory_says_so),
                CASE(opening_without_memory_loses_nothing),
        };

        return cmocka_run_group_tests(tests, install, NULL);
}
