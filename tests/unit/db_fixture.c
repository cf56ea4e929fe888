#include "tests/unit/db_fixture.h"

#include "common/log.h"
#include "tests/support/fault_vfs.h"

#include <stdio.h>

const struct db_migration fixture_migrations[] = {
        {1, "CREATE TABLE person ("
            "  id INTEGER PRIMARY KEY,"
            "  username TEXT NOT NULL,"
            "  username_key TEXT NOT NULL UNIQUE"
            ") STRICT;"
            "CREATE TABLE note ("
            "  id INTEGER PRIMARY KEY,"
            "  person_id INTEGER NOT NULL REFERENCES person (id),"
            "  title TEXT NOT NULL CHECK (title <> ''),"
            "  body BLOB,"
            "  weight REAL NOT NULL DEFAULT 0,"
            "  UNIQUE (person_id, title)"
            ") STRICT;"},
};

int fixture_setup_closed(void **state)
{
        struct db_fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        log_init("test_db", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
        t_temp_dir(f->dir);
        snprintf(f->path, sizeof(f->path), "%s/people.db", f->dir);
        snprintf(f->backup_dir, sizeof(f->backup_dir), "%s/backups", f->dir);
        f->options = (struct db_options){
                .path = f->path,
                .backup_dir = f->backup_dir,
                .migrations = fixture_migrations,
                .n_migrations = 1,
                .n_readers = 2,
        };
        *state = f;
        return 0;
}

static int setup(void **state, unsigned n_readers, const char *vfs)
{
        struct db_fixture *f;

        if (fixture_setup_closed(state) != 0)
                return -1;
        f = *state;
        f->options.n_readers = n_readers;
        f->options.vfs = vfs;
        fixture_open(f);
        return 0;
}

int fixture_setup(void **state)
{
        return setup(state, 2, NULL);
}

int fixture_setup_one_reader(void **state)
{
        return setup(state, 1, NULL);
}

int fixture_setup_fault(void **state)
{
        fault_vfs_register();
        return setup(state, 2, FAULT_VFS);
}

int fixture_teardown(void **state)
{
        struct db_fixture *f = *state;
        unsigned n_leased = f->db ? fixture_stats(f).n_leased : 0;

        fault_vfs_disarm();
        fault_vfs_release_syncs();
        f->db = db_close(f->db);
        t_remove_dir(f->dir);
        free(f);
        return n_leased == 0 ? 0 : -1;
}

void fixture_open(struct db_fixture *f)
{
        ASSERT_OK(db_open(&f->options, &f->db, err));
}

void fixture_close(struct db_fixture *f)
{
        f->db = db_close(f->db);
}

struct db_stats fixture_stats(struct db_fixture *f)
{
        struct db_stats stats;

        db_stats(f->db, &stats);
        return stats;
}

enum status fixture_insert(struct lease *lease, const char *name, struct error *reterr)
{
        STMT(q, lease, "INSERT INTO person (username, username_key) VALUES ($1, lower($1))");
        stmt_bind_text(&q, 1, name);
        return stmt_run(&q, reterr);
}

struct add {
        struct db *db;
        const char *name;
};

static enum status add(void *arg, struct error *reterr)
{
        const struct add *a = arg;
        LEASE(lease, a->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = fixture_insert(&lease, a->name, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status fixture_add(struct db *db, const char *name, deadline_ns deadline, struct error *reterr)
{
        struct add a = {db, name};

        return db_write(db, add, &a, deadline, reterr);
}

int64_t fixture_count(struct db *db)
{
        LEASE(lease, db, LEASE_READ, deadline_in_ms(10000));
        STMT(q, &lease, "SELECT count(*) FROM person");
        ASSERT_OK(stmt_row(&q, err));
        return stmt_int(&q, 0);
}

bool fixture_has(struct db *db, const char *name)
{
        LEASE(lease, db, LEASE_READ, deadline_in_ms(10000));
        STMT(q, &lease, "SELECT 1 FROM person WHERE username_key = lower($1)");
        stmt_bind_text(&q, 1, name);
        return stmt_row(&q, NULL) == STATUS_OK;
}

void gate_pass(struct gate *gate)
{
        pthread_mutex_lock(&gate->lock);
        gate->n_arrived++;
        pthread_cond_broadcast(&gate->changed);
        while (!gate->open)
                pthread_cond_wait(&gate->changed, &gate->lock);
        pthread_mutex_unlock(&gate->lock);
}

void gate_open(struct gate *gate)
{
        pthread_mutex_lock(&gate->lock);
        gate->open = true;
        pthread_cond_broadcast(&gate->changed);
        pthread_mutex_unlock(&gate->lock);
}

void gate_await(struct gate *gate, unsigned n)
{
        pthread_mutex_lock(&gate->lock);
        while (gate->n_arrived < n)
                pthread_cond_wait(&gate->changed, &gate->lock);
        pthread_mutex_unlock(&gate->lock);
}

static void block(struct db_job *job)
{
        gate_pass(&((struct blocker *)job)->gate);
}

static void unblocked(struct db_job *job, enum status st, const struct error *error)
{
        (void)st;
        (void)error;
        gate_open(&((struct blocker *)job)->finished);
}

void blocker_init(struct blocker *b)
{
        *b = (struct blocker){
                .job = {.run = block, .done = unblocked},
                .gate = GATE_INIT,
                .finished = GATE_INIT,
        };
}

void blocker_start(struct blocker *b, struct db *db)
{
        blocker_init(b);
        ASSERT_OK(db_submit(db, &b->job, err));
        gate_await(&b->gate, 1);
}

void blocker_end(struct blocker *b)
{
        gate_open(&b->gate);
        gate_pass(&b->finished);
}
