/* A database of people and their notes in a folder of its own, for the tests of service/db. */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include "service/db/db.h"
#include "tests/support/t.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct db_fixture {
        char dir[T_PATH_BYTES];
        char path[T_PATH_BYTES + 16];
        char backup_dir[T_PATH_BYTES + 16];
        struct db_options options; /* of the open database */
        struct db *db;
};

extern const struct db_migration fixture_migrations[];

/* cmocka's: two readers on the usual disk, one reader on it, two readers on the disk that fails. */
int fixture_setup(void **state);
int fixture_setup_one_reader(void **state);
int fixture_setup_fault(void **state);
/* Only a folder: the test opens. */
int fixture_setup_closed(void **state);
/* Fails when something is still leased. */
int fixture_teardown(void **state);

/* Opens f->db with f->options; asserts that it succeeds. */
void fixture_open(struct db_fixture *f);
void fixture_close(struct db_fixture *f);

struct db_stats fixture_stats(struct db_fixture *f);

/* Adds a person through db_write(). */
enum status fixture_add(struct db *db, const char *name, deadline_ns deadline,
                        struct error *reterr) MUST_CHECK;
/* The same within a write lease. */
enum status fixture_insert(struct lease *lease, const char *name, struct error *reterr) MUST_CHECK;
/* How many people readers see; asserts that reading succeeds. */
int64_t fixture_count(struct db *db);
bool fixture_has(struct db *db, const char *name);

/* A door that threads wait at. */
struct gate {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool open;
        unsigned n_arrived;
};

#define GATE_INIT \
        ((struct gate){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER})

void gate_pass(struct gate *gate);
void gate_open(struct gate *gate);
/* Waits until n threads have come to the gate. */
void gate_await(struct gate *gate, unsigned n);

/* Occupies the writer thread with a job that waits at a gate. */
struct blocker {
        struct db_job job;
        struct gate gate;
        struct gate finished; /* open once done() was called */
};

void blocker_init(struct blocker *b);
/* Submits it and waits until it blocks. */
void blocker_start(struct blocker *b, struct db *db);
/* Lets the writer go on and waits until the blocking job is done. */
void blocker_end(struct blocker *b);

/* Waits, 10 seconds at most, until the condition holds. */
#define WAIT_FOR(condition) assert_true(t_wait(condition, 10000))

#define ASSERT_OK(call)                                                              \
        do {                                                                         \
                struct error ok_error_ = ERROR_INIT;                                 \
                struct error *err = &ok_error_;                                      \
                enum status ok_status_ = (call);                                     \
                if (ok_status_ != STATUS_OK)                                         \
                        fail_msg("%s: %s", status_name(ok_status_), ok_error_.text); \
        } while (0)

#endif
