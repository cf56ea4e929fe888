/* A disk that fails at its n-th operation, for n = 1, 2, 3 … until nothing fails any more: whatever
 * fails is a documented status, what was acknowledged stays, what was not did not happen, and once
 * the fault has passed everything works. */
#include "tests/support/fault_vfs.h"
#include "tests/unit/db_fixture.h"

#include <stdio.h>
#include <unistd.h>

static const struct {
        enum fault fault;
        const char *name;
        enum status expected;
} faults[] = {
        {FAULT_READ, "read", STATUS_INTERNAL},
        {FAULT_WRITE, "write", STATUS_INTERNAL},
        {FAULT_SHORT_WRITE, "short write", STATUS_INTERNAL},
        {FAULT_FULL, "full", STATUS_UNAVAILABLE},
        {FAULT_SYNC, "sync", STATUS_INTERNAL},
        {FAULT_TRUNCATE, "truncate", STATUS_INTERNAL},
        {FAULT_OPEN, "open", STATUS_INTERNAL},
};

/* More faults than any of these cases has operations. */
#define MAX_N 500

/* Names are long so that a write touches pages enough. */
static void make_name(char *ret, size_t size, unsigned kind, unsigned n)
{
        snprintf(ret, size, "fault-%u-%u-%0200u", kind, n, 7u);
}

static void expect_usable(struct db_fixture *f, const char *what)
{
        char name[300];
        static unsigned n_checks;
        struct error error = ERROR_INIT;

        make_name(name, sizeof(name), 99, n_checks++);
        if (fixture_add(f->db, name, DEADLINE_NEVER, &error) != STATUS_OK)
                fail_msg("after a failed %s: %s", what, error.text);
        assert_true(fixture_has(f->db, name));
        assert_int_equal(fixture_stats(f).n_leased, 0);
}

static void fail_writes(struct db_fixture *f, unsigned kind)
{
        for (unsigned n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;
                char name[300];

                make_name(name, sizeof(name), kind, n);
                fault_vfs_arm(faults[kind].fault, n, 1);
                enum status st = fixture_add(f->db, name, DEADLINE_NEVER, &error);
                unsigned n_hits = fault_vfs_disarm();

                if (st != STATUS_OK && st != faults[kind].expected)
                        fail_msg("%s %u: %s: %s", faults[kind].name, n, status_name(st),
                                 error.text);
                if (st != STATUS_OK && n_hits == 0)
                        fail_msg("%s %u failed by itself: %s", faults[kind].name, n, error.text);
                expect_usable(f, faults[kind].name);
                assert_int_equal(fixture_has(f->db, name), st == STATUS_OK);
                if (n_hits == 0)
                        return;
        }
        fail_msg("%s never succeeds", faults[kind].name);
}

static void a_write_on_a_failing_disk_happens_or_does_not(void **state)
{
        for (unsigned kind = 0; kind < ARRAY_SIZE(faults); kind++)
                fail_writes(*state, kind);
}

/* Of the writes that follow one another, a checkpoint among them, the n-th operation fails. */
static enum status write_much(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        STMT(q, &lease,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)"
             " INSERT INTO note (person_id, title, body)"
             " SELECT id, hex(randomblob(8)), zeroblob(500000) FROM person, n LIMIT 10");
        enum status st = stmt_run(&q, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void a_failed_checkpoint_fails_no_write(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        ASSERT_OK(db_write(f->db, write_much, f->db, DEADLINE_NEVER, err));
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        uint64_t n_before = fixture_stats(f).n_checkpoints;

        /* The commit syncs once; what is synced after it is the checkpoint's. */
        fault_vfs_arm(FAULT_SYNC, 2, 1);
        ASSERT_OK(db_write(f->db, write_much, f->db, DEADLINE_NEVER, err));
        WAIT_FOR(fixture_count(f->db) == 2);
        ASSERT_OK(fixture_add(f->db, "Linus", DEADLINE_NEVER, err));
        assert_int_equal(fault_vfs_disarm(), 1);

        ASSERT_OK(db_write(f->db, write_much, f->db, DEADLINE_NEVER, err));
        ASSERT_OK(fixture_add(f->db, "Ken", DEADLINE_NEVER, err));
        assert_true(fixture_stats(f).n_checkpoints > n_before);
        assert_int_equal(fixture_count(f->db), 4);
}

static void while_the_disk_is_full_reading_goes_on(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        fault_vfs_arm(FAULT_FULL, 1, 0);
        for (int i = 0; i < 5; i++) {
                assert_int_equal(fixture_add(f->db, "Grace", DEADLINE_NEVER, &error),
                                 STATUS_UNAVAILABLE);
                assert_string_equal(error.text, "the disk is full");
                assert_true(error.retry_after_ms > 0);
                assert_true(fixture_has(f->db, "Ada"));
        }
        assert_int_equal(fault_vfs_disarm(), 5);
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        assert_int_equal(fixture_count(f->db), 2);
}

/* --- a group of several jobs --- */

#define N_JOBS 6

struct group_job {
        struct db_job job;
        struct db *db;
        char name[300];
        enum status run_status, commit_status;
        bool is_last;
        struct gate *gate;
};

static void group_run(struct db_job *job)
{
        struct group_job *j = (struct group_job *)job;
        LEASE(lease, j->db, LEASE_WRITE, DEADLINE_NEVER);

        j->run_status = fixture_insert(&lease, j->name, NULL);
        if (j->run_status == STATUS_OK)
                j->run_status = lease_commit(&lease, NULL);
}

static void group_done(struct db_job *job, enum status commit_status, const struct error *error)
{
        struct group_job *j = (struct group_job *)job;

        (void)error;
        j->commit_status = commit_status;
        if (j->is_last)
                gate_open(j->gate);
}

static unsigned run_group(struct db_fixture *f, unsigned kind, unsigned n,
                          struct group_job jobs[static N_JOBS])
{
        struct gate gate = GATE_INIT;
        struct blocker blocker;

        blocker_start(&blocker, f->db);
        for (unsigned i = 0; i < N_JOBS; i++) {
                jobs[i] = (struct group_job){
                        .job = {.run = group_run, .done = group_done},
                        .db = f->db,
                        .run_status = STATUS_UNKNOWN,
                        .is_last = i + 1 == N_JOBS,
                        .gate = &gate,
                };
                make_name(jobs[i].name, sizeof(jobs[i].name), 1000 + 10 * kind + i, n);
                ASSERT_OK(db_submit(f->db, &jobs[i].job, err));
        }
        fault_vfs_arm(faults[kind].fault, n, 1);
        blocker_end(&blocker);
        gate_pass(&gate);
        return fault_vfs_disarm();
}

/* Each job hears whether it was kept; a commit that fails fails for all. */
static void fail_groups(struct db_fixture *f, unsigned kind)
{
        for (unsigned n = 1; n < MAX_N; n++) {
                struct group_job jobs[N_JOBS];
                unsigned n_hits = run_group(f, kind, n, jobs);

                for (unsigned i = 0; i < N_JOBS; i++) {
                        bool kept = jobs[i].commit_status == STATUS_OK &&
                                    jobs[i].run_status == STATUS_OK;

                        assert_int_equal(jobs[i].commit_status, jobs[0].commit_status);
                        assert_int_equal(fixture_has(f->db, jobs[i].name), kept);
                }
                expect_usable(f, faults[kind].name);
                if (n_hits == 0) {
                        assert_int_equal(jobs[0].commit_status, STATUS_OK);
                        return;
                }
        }
        fail_msg("%s never succeeds", faults[kind].name);
}

static void a_group_on_a_failing_disk_is_kept_or_failed_as_one(void **state)
{
        for (unsigned kind = 0; kind < ARRAY_SIZE(faults); kind++)
                fail_groups(*state, kind);
}

/* --- SQLite rolls back by itself --- */

static void roll_all_back(struct db_job *job)
{
        struct group_job *j = (struct group_job *)job;
        LEASE(lease, j->db, LEASE_WRITE, DEADLINE_NEVER);
        STMT(q, &lease,
             "INSERT OR ROLLBACK INTO person (username, username_key) VALUES ('Ada', 'ada')");

        j->run_status = stmt_run(&q, NULL);
        if (j->run_status == STATUS_OK || lease_commit(&lease, NULL) == STATUS_OK)
                j->run_status = STATUS_DATA_LOSS;
}

static void when_the_transaction_is_gone_every_job_hears_of_it(void **state)
{
        struct db_fixture *f = *state;
        struct group_job jobs[N_JOBS];
        struct gate gate = GATE_INIT;
        struct blocker blocker;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        blocker_start(&blocker, f->db);
        for (unsigned i = 0; i < N_JOBS; i++) {
                jobs[i] = (struct group_job){
                        .job = {.run = i == 2 ? roll_all_back : group_run, .done = group_done},
                        .db = f->db,
                        .run_status = STATUS_UNKNOWN,
                        .is_last = i + 1 == N_JOBS,
                        .gate = &gate,
                };
                snprintf(jobs[i].name, sizeof(jobs[i].name), "p%u", i);
                ASSERT_OK(db_submit(f->db, &jobs[i].job, err));
        }
        blocker_end(&blocker);
        gate_pass(&gate);
        for (unsigned i = 0; i < N_JOBS; i++)
                assert_int_equal(jobs[i].commit_status, STATUS_ALREADY_EXISTS);
        assert_int_equal(jobs[1].run_status, STATUS_OK);
        assert_int_equal(jobs[2].run_status, STATUS_ALREADY_EXISTS);
        assert_int_equal(jobs[3].run_status, STATUS_UNKNOWN); /* was not run */
        assert_int_equal(fixture_count(f->db), 1);
        expect_usable(f, "transaction");
}

/* --- copying --- */

static void a_backup_without_room_says_so(void **state)
{
        struct db_fixture *f = *state;
        char name[DB_BACKUP_NAME_BYTES];
        unsigned n_failed = 0;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        for (unsigned n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;

                fault_vfs_arm(FAULT_FULL, n, 0);
                enum status st = db_make_backup(f->db, NULL, NULL, name, &error);
                unsigned n_hits = fault_vfs_disarm();

                if (n_hits == 0) {
                        assert_int_equal(st, STATUS_OK);
                        break;
                }
                assert_int_equal(st, STATUS_UNAVAILABLE);
                assert_non_null(strstr(error.text, "the disk is full"));
                n_failed++;
        }
        assert_true(n_failed > 0);
        ASSERT_OK(db_make_backup(f->db, NULL, NULL, name, err));
}

/* --- reading, opening --- */

static enum status read_all(struct db *db, int64_t *ret_n, struct error *reterr)
{
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT username, username_key FROM person ORDER BY id");
        enum status st;

        *ret_n = 0;
        while ((st = stmt_row(&q, reterr)) == STATUS_OK)
                ++*ret_n;
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static void a_read_that_fails_gives_its_connection_back(void **state)
{
        struct db_fixture *f = *state;
        char name[300];
        int64_t n_rows;

        for (unsigned i = 0; i < 100; i++) {
                make_name(name, sizeof(name), 55, i);
                ASSERT_OK(fixture_add(f->db, name, DEADLINE_NEVER, err));
        }
        for (unsigned n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;

                /* A write makes the readers forget their pages, so that there is much to read. */
                make_name(name, sizeof(name), 56, n);
                ASSERT_OK(fixture_add(f->db, name, DEADLINE_NEVER, err));
                fault_vfs_arm(FAULT_READ, n, 1);
                enum status st = read_all(f->db, &n_rows, &error);
                unsigned n_hits = fault_vfs_disarm();

                assert_true(st == STATUS_OK || st == STATUS_INTERNAL);
                assert_int_equal(fixture_stats(f).n_leased, 0);
                ASSERT_OK(read_all(f->db, &n_rows, err));
                assert_int_equal(n_rows, 100 + n);
                if (n_hits == 0) {
                        assert_int_equal(st, STATUS_OK);
                        return;
                }
        }
        fail_msg("reading never succeeds");
}

static const struct db_migration newer[] = {
        {1, "CREATE TABLE person (id INTEGER PRIMARY KEY)"},
        {2, "ALTER TABLE person ADD COLUMN city TEXT NOT NULL DEFAULT ''"},
};

/* Opens with the n-th operation failing; whatever comes of it, what was there is there. */
static void fail_openings(struct db_fixture *f, unsigned kind)
{
        for (unsigned n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;

                fixture_close(f);
                fault_vfs_arm(faults[kind].fault, n, 1);
                enum status st = db_open(&f->options, &f->db, &error);
                unsigned n_hits = fault_vfs_disarm();

                if (st != STATUS_OK) {
                        assert_null(f->db);
                        assert_true(n_hits > 0);
                        assert_true(st == faults[kind].expected ||
                                    st == STATUS_FAILED_PRECONDITION || st == STATUS_DATA_LOSS);
                        fixture_open(f);
                }
                assert_true(fixture_has(f->db, "Ada"));
                expect_usable(f, faults[kind].name);
                if (n_hits == 0)
                        return;
        }
        fail_msg("%s: opening never succeeds", faults[kind].name);
}

static void opening_on_a_failing_disk_loses_nothing(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        for (unsigned kind = 0; kind < ARRAY_SIZE(faults); kind++)
                fail_openings(f, kind);
}

static void fail_upgrades(struct db_fixture *f, const struct db_options *old, unsigned kind)
{
        struct db_options upgrade = *old;

        upgrade.migrations = newer;
        upgrade.n_migrations = 2;
        for (unsigned n = 1; n < MAX_N; n++) {
                struct error error = ERROR_INIT;

                fixture_close(f);
                fault_vfs_arm(faults[kind].fault, n, 1);
                enum status st = db_open(&upgrade, &f->db, &error);
                unsigned n_hits = fault_vfs_disarm();

                if (st == STATUS_OK) {
                        assert_int_equal(db_schema_version(f->db), 2);
                        assert_true(fixture_has(f->db, "Ada"));
                        return;
                }
                assert_null(f->db);
                assert_true(n_hits > 0);
                if (db_open(old, &f->db, &error) != STATUS_OK) {
                        /* It was upgraded before something else failed. */
                        ASSERT_OK(db_open(&upgrade, &f->db, err));
                        assert_true(fixture_has(f->db, "Ada"));
                        return;
                }
                assert_int_equal(db_schema_version(f->db), 1);
                assert_true(fixture_has(f->db, "Ada"));
        }
        fail_msg("%s: upgrading never succeeds", faults[kind].name);
}

static void an_upgrade_on_a_failing_disk_happens_or_does_not(void **state)
{
        struct db_fixture *f = *state;

        for (unsigned kind = 0; kind < ARRAY_SIZE(faults); kind++) {
                ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
                fail_upgrades(f, &f->options, kind);
                fixture_close(f);
                unlink(f->path);
                fixture_open(f);
        }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup_fault, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_write_on_a_failing_disk_happens_or_does_not),
                CASE(a_failed_checkpoint_fails_no_write),
                CASE(a_backup_without_room_says_so),
                CASE(while_the_disk_is_full_reading_goes_on),
                CASE(a_group_on_a_failing_disk_is_kept_or_failed_as_one),
                CASE(when_the_transaction_is_gone_every_job_hears_of_it),
                CASE(a_read_that_fails_gives_its_connection_back),
                CASE(opening_on_a_failing_disk_loses_nothing),
                CASE(an_upgrade_on_a_failing_disk_happens_or_does_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
