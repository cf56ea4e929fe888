/* What is answered is on disk, while the writer goes on; what is read and not yet on disk stays in
 * the process; and a disk that fails is not believed. */
#include "service/db/db_internal.h"
#include "tests/support/fault_vfs.h"
#include "tests/unit/db_fixture.h"

#include <stdatomic.h>
#include <stdio.h>

/* One job, or one that only waits for what others have written. */
struct watched {
        struct db_job job;
        struct db *db;
        char name[16];
        bool is_kept;
        atomic_bool run, done;
        atomic_uint *n_done;
        unsigned place;
        enum status status;
        struct error error;
};

static void watched_run(struct db_job *job)
{
        struct watched *j = (struct watched *)job;
        LEASE(lease, j->db, LEASE_WRITE, DEADLINE_NEVER);

        j->is_kept = fixture_insert(&lease, j->name, NULL) == STATUS_OK &&
                     lease_commit(&lease, NULL) == STATUS_OK;
        atomic_store(&j->run, true);
}

static void watched_done(struct db_job *job, enum status status, const struct error *error)
{
        struct watched *j = (struct watched *)job;

        j->status = status;
        j->error = *error;
        j->place = atomic_fetch_add(j->n_done, 1) + 1;
        atomic_store(&j->done, true);
}

static void watch(struct watched *j, struct db_fixture *f, const char *name, atomic_uint *n_done)
{
        *j = (struct watched){
                .job = {.run = watched_run, .done = watched_done},
                .db = f->db,
                .n_done = n_done,
        };
        snprintf(j->name, sizeof(j->name), "%s", name);
}

static void submit(struct watched *j, struct db_fixture *f, const char *name, atomic_uint *n_done)
{
        watch(j, f, name, n_done);
        ASSERT_OK(db_submit(f->db, &j->job, err));
}

/* The first commit to an empty log syncs its header by itself. */
static int setup(void **state)
{
        struct db_fixture *f;

        if (fixture_setup_fault(state) != 0)
                return -1;
        f = *state;
        return fixture_add(f->db, "Zoe", DEADLINE_NEVER, NULL) == STATUS_OK ? 0 : -1;
}

static void the_writer_goes_on_while_the_disk_works(void **state)
{
        struct db_fixture *f = *state;
        struct watched first, second, third;
        atomic_uint n_done = 0;

        fault_vfs_hold_syncs();
        submit(&first, f, "Ada", &n_done);
        WAIT_FOR(fault_vfs_held_syncs() == 1);
        submit(&second, f, "Grace", &n_done);
        WAIT_FOR(fixture_has(f->db, "Grace"));
        submit(&third, f, "Linus", &n_done);
        WAIT_FOR(fixture_has(f->db, "Linus"));
        assert_int_equal(n_done, 0); /* nobody has an answer yet */

        unsigned long n_syncs = fault_vfs_count(FAULT_SYNC);
        fault_vfs_release_syncs();
        WAIT_FOR(third.done);
        assert_int_equal(first.place, 1);
        assert_int_equal(second.place, 2);
        assert_int_equal(third.place, 3);
        assert_int_equal(third.status, STATUS_OK);
        assert_int_equal(fault_vfs_count(FAULT_SYNC), n_syncs + 1); /* one for both that waited */
        assert_int_equal(fixture_stats(f).commit_seconds.n, 4);
}

static void the_writer_is_not_far_ahead_of_the_disk(void **state)
{
        enum { N = DB_MAX_UNSETTLED + 2 };
        struct db_fixture *f = *state;
        struct watched jobs[N];
        atomic_uint n_done = 0;

        fault_vfs_hold_syncs();
        for (unsigned i = 0; i < N; i++) {
                char name[16];

                snprintf(name, sizeof(name), "p%u", i);
                submit(&jobs[i], f, name, &n_done);
                if (i < DB_MAX_UNSETTLED)
                        WAIT_FOR(jobs[i].run); /* a group of its own */
        }
        assert_int_equal(fixture_stats(f).n_queued_writes, 2);
        assert_int_equal(n_done, 0);
        fault_vfs_release_syncs();
        WAIT_FOR(jobs[N - 1].done);
        assert_int_equal(n_done, N);
        assert_int_equal(fixture_count(f->db), N + 1);
}

static void what_was_read_waits_for_the_disk(void **state)
{
        struct db_fixture *f = *state;
        struct watched written, reader;
        atomic_uint n_done = 0;

        watch(&reader, f, "", &n_done);
        assert_false(db_when_settled(f->db, &reader.job)); /* all is on disk */
        fault_vfs_hold_syncs();
        submit(&written, f, "Ada", &n_done);
        WAIT_FOR(fixture_has(f->db, "Ada"));
        assert_true(db_when_settled(f->db, &reader.job));
        assert_false(reader.done);
        fault_vfs_release_syncs();
        WAIT_FOR(reader.done);
        assert_true(written.done);
        assert_false(db_when_settled(f->db, &reader.job));
}

static void a_write_without_changes_waits_for_those_before_it(void **state)
{
        struct db_fixture *f = *state;
        struct watched written, repeated;
        atomic_uint n_done = 0;

        fault_vfs_hold_syncs();
        submit(&written, f, "Ada", &n_done);
        WAIT_FOR(fault_vfs_held_syncs() == 1);
        submit(&repeated, f, "Ada", &n_done); /* is there already: nothing is written */
        WAIT_FOR(repeated.run);
        assert_false(repeated.is_kept);
        assert_false(repeated.done);
        fault_vfs_release_syncs();
        WAIT_FOR(repeated.done);
        assert_true(written.done);
}

static void a_failed_sync_is_made_up_for_by_the_file_itself(void **state)
{
        struct db_fixture *f = *state;
        uint64_t n_checkpoints = fixture_stats(f).n_checkpoints;

        fault_vfs_arm(FAULT_SYNC, 1, 1);
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        assert_int_equal(fault_vfs_disarm(), 1);
        assert_int_equal(fixture_stats(f).n_checkpoints, n_checkpoints + 1);
}

static void while_the_disk_confirms_nothing_nothing_is_promised(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        unsigned long n_syncs;

        fault_vfs_arm(FAULT_SYNC, 1, 0);
        for (int i = 0; i < 3; i++) {
                char name[16];

                snprintf(name, sizeof(name), "p%d", i);
                assert_int_equal(fixture_add(f->db, name, DEADLINE_NEVER, &error),
                                 STATUS_UNAVAILABLE);
                assert_non_null(strstr(error.text, "whether it lasts is not known"));
                assert_true(error.retry_after_ms > 0);
                /* Neither is a repeat of it, although it is there to be seen. */
                assert_int_equal(fixture_add(f->db, name, DEADLINE_NEVER, &error),
                                 STATUS_ALREADY_EXISTS);
        }
        n_syncs = fault_vfs_count(FAULT_SYNC);
        assert_true(fault_vfs_disarm() > 0);
        /* The first after the fault writes all of it back before it is answered. */
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        assert_true(fault_vfs_count(FAULT_SYNC) >= n_syncs + 2);
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        assert_int_equal(fixture_count(f->db), 6);
}

static void closing_waits_for_the_disk(void **state)
{
        enum { N = 5 };
        struct db_fixture *f = *state;
        struct watched jobs[N];
        atomic_uint n_done = 0;

        for (unsigned i = 0; i < N; i++) {
                char name[16];

                snprintf(name, sizeof(name), "p%u", i);
                submit(&jobs[i], f, name, &n_done);
        }
        fixture_close(f);
        assert_int_equal(n_done, N);
        fixture_open(f);
        assert_int_equal(fixture_count(f->db), N + 1);
}

static void closing_on_a_failing_disk_ends(void **state)
{
        struct db_fixture *f = *state;
        struct watched job;
        atomic_uint n_done = 0;

        fault_vfs_arm(FAULT_SYNC, 1, 0);
        submit(&job, f, "Ada", &n_done);
        fixture_close(f);
        assert_int_equal(n_done, 1);
        assert_int_equal(job.status, STATUS_UNAVAILABLE);
        fault_vfs_disarm();
        fixture_open(f);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(the_writer_goes_on_while_the_disk_works),
                CASE(the_writer_is_not_far_ahead_of_the_disk),
                CASE(what_was_read_waits_for_the_disk),
                CASE(a_write_without_changes_waits_for_those_before_it),
                CASE(a_failed_sync_is_made_up_for_by_the_file_itself),
                CASE(while_the_disk_confirms_nothing_nothing_is_promised),
                CASE(closing_waits_for_the_disk),
                CASE(closing_on_a_failing_disk_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
