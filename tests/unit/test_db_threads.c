/* Many readers and writers and somebody who looks at the figures, all at once: for the thread
 * sanitizer, and for what holds however they interleave. */
#include "tests/unit/db_fixture.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#define N_WRITERS 6
#define N_READERS 6
#define N_WRITES  60

struct crowd {
        struct db *db;
        atomic_uint n_writers_left, n_failed, n_gave_up;
};

struct worker {
        struct crowd *crowd;
        unsigned index;
};

/* One person and one note, or neither. */
struct pair {
        struct db *db;
        char name[32];
};

static enum status add_pair(void *arg, struct error *reterr)
{
        const struct pair *pair = arg;
        LEASE(lease, pair->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = fixture_insert(&lease, pair->name, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, &lease, "INSERT INTO note (person_id, title) SELECT max(id), $1 FROM person");
        stmt_bind_text(&q, 1, pair->name);
        st = stmt_run(&q, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void *write_pairs(void *arg)
{
        struct worker *worker = arg;
        struct crowd *crowd = worker->crowd;

        for (unsigned i = 0; i < N_WRITES; i++) {
                struct pair pair = {.db = crowd->db};

                snprintf(pair.name, sizeof(pair.name), "w%u-%u", worker->index, i);
                /* Some are in a hurry: what they give up on must not be written later. */
                bool hasty = i % 10 == 9;
                enum status st =
                        db_write(crowd->db, add_pair, &pair, hasty ? 1 : DEADLINE_NEVER, NULL);
                if (hasty && st == STATUS_UNAVAILABLE)
                        atomic_fetch_add(&crowd->n_gave_up, 1);
                else if (st != STATUS_OK)
                        atomic_fetch_add(&crowd->n_failed, 1);
        }
        atomic_fetch_sub(&crowd->n_writers_left, 1);
        return NULL;
}

/* In a snapshot there are as many notes as people. */
static void check_snapshot(struct crowd *crowd)
{
        int64_t n_people = 0, n_notes = -1;
        LEASE(lease, crowd->db, LEASE_READ, deadline_in_ms(60000));

        if (lease_snapshot(&lease, NULL) != STATUS_OK) {
                atomic_fetch_add(&crowd->n_failed, 1);
                return;
        }
        STMT(people, &lease, "SELECT count(*) FROM person");
        if (stmt_row(&people, NULL) == STATUS_OK)
                n_people = stmt_int(&people, 0);
        STMT(notes, &lease, "SELECT count(*) FROM note");
        if (stmt_row(&notes, NULL) == STATUS_OK)
                n_notes = stmt_int(&notes, 0);
        if (n_people != n_notes)
                atomic_fetch_add(&crowd->n_failed, 1);
}

static void *read_snapshots(void *arg)
{
        struct worker *worker = arg;

        while (atomic_load(&worker->crowd->n_writers_left) > 0)
                check_snapshot(worker->crowd);
        return NULL;
}

static void *watch(void *arg)
{
        struct crowd *crowd = ((struct worker *)arg)->crowd;
        struct db_conn_info conns[4];
        struct db_query_info queries[8];
        struct db_stats stats;

        while (atomic_load(&crowd->n_writers_left) > 0) {
                db_stats(crowd->db, &stats);
                db_conn_list(crowd->db, conns, ARRAY_SIZE(conns));
                db_query_list(crowd->db, queries, ARRAY_SIZE(queries));
                sched_yield();
        }
        return NULL;
}

static void readers_and_writers_do_not_disturb_each_other(void **state)
{
        struct db_fixture *f = *state;
        enum { N = N_WRITERS + N_READERS + 1 };
        struct crowd crowd = {.db = f->db, .n_writers_left = N_WRITERS};
        struct worker workers[N];
        pthread_t threads[N];

        for (unsigned i = 0; i < N; i++) {
                void *(*body)(void *) = i < N_WRITERS               ? write_pairs
                                        : i < N_WRITERS + N_READERS ? read_snapshots
                                                                    : watch;
                workers[i] = (struct worker){&crowd, i};
                assert_int_equal(pthread_create(&threads[i], NULL, body, &workers[i]), 0);
        }
        for (unsigned i = 0; i < N; i++)
                pthread_join(threads[i], NULL);

        struct db_stats stats = fixture_stats(f);
        unsigned n_written = N_WRITERS * N_WRITES - atomic_load(&crowd.n_gave_up);
        assert_int_equal(atomic_load(&crowd.n_failed), 0);
        assert_int_equal(fixture_count(f->db), n_written);
        assert_int_equal(stats.n_writes, n_written);
        assert_true(stats.n_groups < stats.n_writes); /* what waited went together */
        assert_int_equal(stats.n_leased, 0);
        assert_int_equal(stats.n_waiting, 0);
        assert_int_equal(stats.n_lease_timeouts, 0);
}

static void acknowledged_writes_are_there_after_reopening(void **state)
{
        struct db_fixture *f = *state;
        int64_t n;

        readers_and_writers_do_not_disturb_each_other(state);
        n = fixture_count(f->db);
        fixture_close(f);
        fixture_open(f);
        assert_int_equal(fixture_count(f->db), n);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(readers_and_writers_do_not_disturb_each_other),
                CASE(acknowledged_writes_are_there_after_reopening),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
