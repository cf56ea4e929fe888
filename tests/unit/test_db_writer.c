#include "tests/support/fault_vfs.h"
#include "tests/unit/db_fixture.h"

#include <stdio.h>
#include <sys/stat.h>

/* --- what one job may do --- */

static enum status insert_uncommitted(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        return fixture_insert(&lease, "Ada", reterr);
}

static void what_is_not_committed_is_rolled_back(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(db_write(f->db, insert_uncommitted, f->db, DEADLINE_NEVER, err));
        assert_int_equal(fixture_count(f->db), 0);
        assert_int_equal(fixture_stats(f).n_rollbacks, 1);
        assert_int_equal(fixture_stats(f).n_writes, 0);
}

static enum status commit(struct db *db, const char *name, struct error *reterr)
{
        LEASE(lease, db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = fixture_insert(&lease, name, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status commit_and_fail(void *arg, struct error *reterr)
{
        enum status st = commit(arg, "Ada", reterr);

        return st == STATUS_OK ? error_set(reterr, STATUS_ABORTED, "changed my mind") : st;
}

static void a_function_that_fails_undoes_what_it_committed(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        assert_int_equal(db_write(f->db, commit_and_fail, f->db, DEADLINE_NEVER, &error),
                         STATUS_ABORTED);
        assert_string_equal(error.text, "changed my mind");
        assert_int_equal(fixture_count(f->db), 0);
}

static enum status commit_one_of_two(void *arg, struct error *reterr)
{
        enum status st = commit(arg, "Ada", reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        return fixture_insert(&lease, "Grace", reterr);
}

static void leases_one_after_the_other_stand_by_themselves(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(db_write(f->db, commit_one_of_two, f->db, DEADLINE_NEVER, err));
        assert_true(fixture_has(f->db, "Ada"));
        assert_false(fixture_has(f->db, "Grace"));
}

/* What a write is followed by. */
struct follow_up {
        struct db *db;
        enum status st; /* of the write */
        enum status write_status; /* of one in what follows */
        const char *name;
        unsigned n;
};

static enum status commit_as_told(void *arg, struct error *reterr)
{
        struct follow_up *f = arg;
        enum status st = commit(f->db, f->name, reterr);

        return st == STATUS_OK ? f->st : st;
}

static void look(void *arg)
{
        struct follow_up *f = arg;

        f->n++;
        f->write_status = fixture_add(f->db, "Linus", DEADLINE_NEVER, NULL);
}

static void what_follows_a_write_cannot_write(void **state)
{
        struct db_fixture *f = *state;
        struct follow_up follow = {.db = f->db, .st = STATUS_OK, .name = "Ada"};

        ASSERT_OK(db_write_then(f->db, commit_as_told, look, &follow, DEADLINE_NEVER, err));
        assert_int_equal(follow.n, 1);
        assert_int_equal(follow.write_status, STATUS_INTERNAL); /* it would wait for itself */
        follow.st = STATUS_ABORTED;
        follow.name = "Grace";
        assert_int_equal(db_write_then(f->db, commit_as_told, look, &follow, DEADLINE_NEVER, NULL),
                         STATUS_ABORTED);
        assert_int_equal(follow.n, 1); /* a write that failed is followed by nothing */
}

static enum status commit_nested(void *arg, struct error *reterr)
{
        LEASE(outer, arg, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = commit(arg, "Ada", reterr);

        if (st != STATUS_OK || outer.nested)
                return st != STATUS_OK ? st : STATUS_INTERNAL;
        return lease_commit(&outer, reterr);
}

static enum status commit_nested_only(void *arg, struct error *reterr)
{
        LEASE(outer, arg, LEASE_WRITE, DEADLINE_NEVER);
        return commit(arg, "Grace", reterr);
}

static void a_nested_lease_is_kept_with_its_outer_one(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(db_write(f->db, commit_nested, f->db, DEADLINE_NEVER, err));
        ASSERT_OK(db_write(f->db, commit_nested_only, f->db, DEADLINE_NEVER, err));
        assert_true(fixture_has(f->db, "Ada"));
        assert_false(fixture_has(f->db, "Grace"));
}

static enum status commit_around_a_nested_failure(void *arg, struct error *reterr)
{
        LEASE(outer, arg, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = fixture_insert(&outer, "Grace", reterr);

        if (st == STATUS_OK)
                st = insert_uncommitted(arg, reterr);
        return st == STATUS_OK ? lease_commit(&outer, reterr) : st;
}

static void an_uncommitted_nested_lease_poisons_the_outer_one(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        assert_int_equal(
                db_write(f->db, commit_around_a_nested_failure, f->db, DEADLINE_NEVER, &error),
                STATUS_INTERNAL);
        assert_int_equal(fixture_count(f->db), 0);
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err)); /* the next is not poisoned */
}

static enum status write_after_commit(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = fixture_insert(&lease, "Ada", reterr);

        if (st == STATUS_OK)
                st = lease_commit(&lease, reterr);
        if (st == STATUS_OK && fixture_insert(&lease, "Grace", reterr) == STATUS_OK)
                return error_set(reterr, STATUS_DATA_LOSS, "written after the commit");
        STMT(q, &lease, "SELECT count(*) FROM person");
        return st == STATUS_OK ? stmt_row(&q, reterr) : st;
}

static void after_its_commit_a_lease_only_reads(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(db_write(f->db, write_after_commit, f->db, DEADLINE_NEVER, err));
        assert_int_equal(fixture_count(f->db), 1);
}

static enum status return_a_row_and_commit(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        STMT(q, &lease,
             "INSERT INTO person (username, username_key) VALUES ('Ada', 'ada') RETURNING id");
        enum status st = stmt_row(&q, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void a_row_may_still_be_open_at_the_commit(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(db_write(f->db, return_a_row_and_commit, f->db, DEADLINE_NEVER, err));
        assert_int_equal(fixture_count(f->db), 1);
}

static enum status read_what_was_written(void *arg, struct error *reterr)
{
        LEASE(outer, arg, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = fixture_insert(&outer, "Ada", reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, arg, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT id FROM person");
        st = stmt_row(&q, reterr);
        if (st == STATUS_OK && fixture_insert(&lease, "Grace", reterr) != STATUS_INTERNAL)
                return error_set(reterr, STATUS_DATA_LOSS, "a read lease wrote");
        return st;
}

static void a_read_lease_on_the_writer_sees_the_group(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(db_write(f->db, read_what_was_written, f->db, DEADLINE_NEVER, err));
        assert_int_equal(fixture_count(f->db), 0);
}

static enum status write_within_a_write(void *arg, struct error *reterr)
{
        return db_write(arg, insert_uncommitted, arg, DEADLINE_NEVER, reterr);
}

static void a_job_cannot_wait_for_another(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        assert_int_equal(db_write(f->db, write_within_a_write, f->db, DEADLINE_NEVER, &error),
                         STATUS_INTERNAL);
        assert_false(db_on_writer(f->db));
}

/* --- groups --- */

#define N_JOBS 20

struct named_job {
        struct db_job job;
        struct db *db;
        char name[16];
        bool roll_back;
        unsigned *n_done; /* the writer's, until the gate opens */
        unsigned place;
        enum status run_status, commit_status;
        struct gate *gate; /* the last one opens it */
};

static void named_run(struct db_job *job)
{
        struct named_job *j = (struct named_job *)job;
        LEASE(lease, j->db, LEASE_WRITE, DEADLINE_NEVER);

        j->run_status = fixture_insert(&lease, j->name, NULL);
        if (j->run_status == STATUS_OK && !j->roll_back)
                j->run_status = lease_commit(&lease, NULL);
}

static void named_done(struct db_job *job, enum status commit_status, const struct error *error)
{
        struct named_job *j = (struct named_job *)job;

        (void)error;
        j->commit_status = commit_status;
        j->place = ++*j->n_done;
        if (j->place == N_JOBS)
                gate_open(j->gate);
}

static void submit_behind(struct db_fixture *f, struct blocker *blocker, struct named_job *jobs,
                          struct gate *gate, unsigned *n_done)
{
        blocker_start(blocker, f->db);
        for (unsigned i = 0; i < N_JOBS; i++) {
                jobs[i] = (struct named_job){
                        .job = {.run = named_run, .done = named_done},
                        .db = f->db,
                        .roll_back = i % 3 == 1,
                        .n_done = n_done,
                        .gate = gate,
                };
                /* Every fifth name is taken already. */
                snprintf(jobs[i].name, sizeof(jobs[i].name), "p%u", i % 5 == 4 ? 0 : i);
                ASSERT_OK(db_submit(f->db, &jobs[i].job, err));
        }
}

static void what_waits_is_committed_together(void **state)
{
        struct db_fixture *f = *state;
        struct named_job jobs[N_JOBS];
        struct gate gate = GATE_INIT;
        struct blocker blocker;
        unsigned n_done = 0, n_kept = 0;

        submit_behind(f, &blocker, jobs, &gate, &n_done);
        assert_int_equal(fixture_stats(f).n_queued_writes, N_JOBS);
        blocker_end(&blocker);
        gate_pass(&gate);
        for (unsigned i = 0; i < N_JOBS; i++) {
                bool taken = i % 5 == 4, kept = !taken && !jobs[i].roll_back;

                assert_int_equal(jobs[i].commit_status, STATUS_OK);
                assert_int_equal(jobs[i].place, i + 1); /* answered in their order */
                assert_int_equal(jobs[i].run_status, taken ? STATUS_ALREADY_EXISTS : STATUS_OK);
                if (!taken)
                        assert_int_equal(fixture_has(f->db, jobs[i].name), kept);
                n_kept += kept;
        }
        assert_int_equal(fixture_count(f->db), n_kept);
        assert_int_equal(fixture_stats(f).n_groups, 1);
        assert_int_equal(fixture_stats(f).n_writes, n_kept);
        assert_int_equal(fixture_stats(f).commit_seconds.n, 1);
}

static void closing_finishes_what_waits(void **state)
{
        struct db_fixture *f = *state;
        struct named_job jobs[N_JOBS];
        struct gate gate = GATE_INIT;
        struct blocker blocker;
        unsigned n_done = 0;

        submit_behind(f, &blocker, jobs, &gate, &n_done);
        gate_open(&blocker.gate);
        fixture_close(f);
        assert_int_equal(n_done, N_JOBS);
        fixture_open(f);
        assert_true(fixture_has(f->db, "p0"));
}

static enum status fail_at_once(void *arg, struct error *reterr)
{
        (void)arg;
        return error_set(reterr, STATUS_NOT_FOUND, "nothing to write");
}

static enum status commit_nothing(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        return lease_commit(&lease, reterr);
}

static void who_writes_nothing_syncs_nothing(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        unsigned long before = fault_vfs_count(FAULT_SYNC);

        assert_int_equal(db_write(f->db, fail_at_once, NULL, DEADLINE_NEVER, &error),
                         STATUS_NOT_FOUND);
        ASSERT_OK(db_write(f->db, insert_uncommitted, f->db, DEADLINE_NEVER, err));
        ASSERT_OK(db_write(f->db, commit_nothing, f->db, DEADLINE_NEVER, err));
        assert_int_equal(fault_vfs_count(FAULT_SYNC), before);
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        assert_true(fault_vfs_count(FAULT_SYNC) > before);
}

/* --- the queue --- */

static void a_write_that_waits_too_long_is_not_run(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        struct blocker blocker;

        blocker_start(&blocker, f->db);
        assert_int_equal(fixture_add(f->db, "Ada", deadline_in_ms(10), &error), STATUS_UNAVAILABLE);
        assert_true(error.retry_after_ms > 0);
        assert_int_equal(fixture_stats(f).n_queued_writes, 0);
        blocker_end(&blocker);
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        assert_false(fixture_has(f->db, "Ada"));
}

struct slow {
        struct db *db;
        struct gate gate;
        enum status status;
};

static enum status run_slowly(void *arg, struct error *reterr)
{
        struct slow *slow = arg;

        gate_pass(&slow->gate);
        return commit(slow->db, "Ada", reterr);
}

static void *write_slowly(void *arg)
{
        struct slow *slow = arg;

        slow->status = db_write(slow->db, run_slowly, slow, deadline_in_ms(50), NULL);
        return NULL;
}

static void a_write_that_has_begun_is_waited_for(void **state)
{
        struct db_fixture *f = *state;
        struct slow slow = {.db = f->db, .gate = GATE_INIT, .status = STATUS_UNKNOWN};
        deadline_ns much_later;
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, write_slowly, &slow), 0);
        gate_await(&slow.gate, 1);
        much_later = deadline_in_ms(100);
        WAIT_FOR(deadline_passed(much_later));
        gate_open(&slow.gate);
        pthread_join(thread, NULL);
        assert_int_equal(slow.status, STATUS_OK);
        assert_true(fixture_has(f->db, "Ada"));
}

static void a_full_queue_is_resource_exhausted(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        struct blocker blocker, second;

        fixture_close(f);
        f->options.max_waiting_writes = 1;
        fixture_open(f);
        blocker_start(&blocker, f->db);
        blocker_init(&second);
        ASSERT_OK(db_submit(f->db, &second.job, err));
        assert_int_equal(fixture_add(f->db, "Ada", DEADLINE_NEVER, &error),
                         STATUS_RESOURCE_EXHAUSTED);
        assert_true(error.retry_after_ms > 0);
        blocker_end(&blocker);
        blocker_end(&second);
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
}

/* --- the write-ahead log --- */

static enum status write_a_megabyte(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        STMT(q, &lease,
             "INSERT INTO note (person_id, title, body)"
             " VALUES (1, hex(randomblob(8)), zeroblob(1048576))");
        enum status st = stmt_run(&q, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void the_log_is_written_back_between_groups(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        unsigned long before = (unsigned long)fixture_stats(f).n_checkpoints;
        for (int i = 0; i < 20; i++)
                ASSERT_OK(db_write(f->db, write_a_megabyte, f->db, DEADLINE_NEVER, err));
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        assert_true(fixture_stats(f).n_checkpoints > before);
        assert_true(fixture_stats(f).wal_bytes < 10u * 1024 * 1024);
}

static void *write_seventy(void *arg)
{
        for (int i = 0; i < 70; i++)
                if (db_write(arg, write_a_megabyte, arg, DEADLINE_NEVER, NULL) != STATUS_OK)
                        return arg;
        return NULL;
}

/* Runs write(f->db) on a thread of its own while a reader, which then goes, pins the log. */
static void write_under_a_reader(struct db_fixture *f, void *(*write)(void *db))
{
        pthread_t thread;
        void *failed;

        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        ASSERT_OK(lease_snapshot(&lease, err));
        STMT(q, &lease, "SELECT count(*) FROM person");
        ASSERT_OK(stmt_row(&q, err));
        assert_int_equal(pthread_create(&thread, NULL, write, f->db), 0);
        pthread_join(thread, &failed);
        assert_null(failed);
}

static void a_log_that_a_reader_pins_shrinks_afterwards(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        write_under_a_reader(f, write_seventy);
        assert_true(fixture_stats(f).wal_bytes > 64u * 1024 * 1024);
        for (int i = 0; i < 5; i++)
                ASSERT_OK(db_write(f->db, write_a_megabyte, f->db, DEADLINE_NEVER, err));
        ASSERT_OK(fixture_add(f->db, "Grace", DEADLINE_NEVER, err));
        assert_true(fixture_stats(f).wal_bytes < 10u * 1024 * 1024);
}

/* The second write begins after what follows the first. */
static void *write_much_and_little(void *arg)
{
        if (db_write(arg, write_a_megabyte, arg, DEADLINE_NEVER, NULL) != STATUS_OK ||
            fixture_add(arg, "Grace", DEADLINE_NEVER, NULL) != STATUS_OK)
                return arg;
        return NULL;
}

static off_t log_bytes(const struct db_fixture *f)
{
        char path[sizeof(f->path) + 8];
        struct stat info;

        snprintf(path, sizeof(path), "%s-wal", f->path);
        assert_int_equal(stat(path, &info), 0);
        return info.st_size;
}

static off_t log_bytes_after_a_write(struct db_fixture *f)
{
        static unsigned n;
        char name[16];

        snprintf(name, sizeof(name), "p%u", n++);
        ASSERT_OK(fixture_add(f->db, name, DEADLINE_NEVER, err));
        return log_bytes(f);
}

/* What was deleted would else stay in the log because somebody has read at the wrong moment. */
static void a_log_that_is_to_be_emptied_outlasts_a_reader(void **state)
{
        struct db_fixture *f = *state;

        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        db_empty_log(f->db);
        write_under_a_reader(f, write_much_and_little);
        assert_true(log_bytes(f) > 1024 * 1024);
        WAIT_FOR(log_bytes_after_a_write(f) < 1024 * 1024);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define CASE_OF_SYNCS(name) \
        cmocka_unit_test_setup_teardown(name, fixture_setup_fault, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(what_is_not_committed_is_rolled_back),
                CASE(a_function_that_fails_undoes_what_it_committed),
                CASE(leases_one_after_the_other_stand_by_themselves),
                CASE(what_follows_a_write_cannot_write),
                CASE(a_nested_lease_is_kept_with_its_outer_one),
                CASE(an_uncommitted_nested_lease_poisons_the_outer_one),
                CASE(after_its_commit_a_lease_only_reads),
                CASE(a_row_may_still_be_open_at_the_commit),
                CASE(a_read_lease_on_the_writer_sees_the_group),
                CASE(a_job_cannot_wait_for_another),
                CASE(what_waits_is_committed_together),
                CASE(closing_finishes_what_waits),
                CASE_OF_SYNCS(who_writes_nothing_syncs_nothing),
                CASE(a_write_that_waits_too_long_is_not_run),
                CASE(a_write_that_has_begun_is_waited_for),
                CASE(a_full_queue_is_resource_exhausted),
                CASE(the_log_is_written_back_between_groups),
                CASE(a_log_that_a_reader_pins_shrinks_afterwards),
                CASE(a_log_that_is_to_be_emptied_outlasts_a_reader),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
