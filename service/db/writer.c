/* The writer: one thread, one connection, one transaction for all jobs that wait.
 *
 *     BEGIN IMMEDIATE
 *         job 1: SAVEPOINT lease … RELEASE lease
 *         job 2: SAVEPOINT lease … ROLLBACK TO lease, RELEASE lease
 *         …
 *     COMMIT                     into the log; settle.c puts it on disk and answers
 *     checkpoint, when it is due while nobody waits for an answer
 *
 * SQLite rolls the whole transaction back by itself after some errors (disk full, I/O, no memory).
 * Then the group has failed: every job in it, also those that had run well, hears of that error. */
#include "service/db/db_internal.h"

/* A group is no longer than this, so that the first job in it does not wait for ever. */
#define MAX_GROUP 256

#define DEFAULT_MAX_QUEUED 4096

static _Thread_local const struct db *writer_of; /* the database whose writer this thread is */

bool db_on_writer(const struct db *db)
{
        return writer_of == db;
}

/* --- the group's transaction --- */

void db_writer_check_group(struct db *db, const struct error *error)
{
        struct db_writer *w = &db->writer;

        if (w->in_group && w->failure.status == STATUS_OK && sqlite3_get_autocommit(w->conn.handle))
                w->failure = *error;
}

/* Runs one of the statements that make up transactions. */
static enum status run(struct db *db, sqlite3_stmt *statement, struct error *reterr)
{
        int rc;

        sqlite3_step(statement);
        rc = sqlite3_reset(statement);
        return rc == SQLITE_OK ? STATUS_OK : db_conn_error(&db->writer.conn, rc, reterr);
}

/* A savepoint that cannot be taken back would carry into the commit what was to be undone: the
 * group goes with it. */
static void undo(struct db *db, sqlite3_stmt *rollback_to, sqlite3_stmt *release)
{
        struct db_writer *w = &db->writer;
        struct error error = ERROR_INIT;
        enum status st;

        if (w->failure.status != STATUS_OK)
                return;
        st = run(db, rollback_to, &error);
        if (st == STATUS_OK)
                st = run(db, release, &error);
        if (st != STATUS_OK && w->failure.status == STATUS_OK)
                w->failure = error;
}

enum status db_writer_lease_begin(struct db *db, struct error *reterr)
{
        struct db_writer *w = &db->writer;

        if (w->job_is_atomic && !w->job_open) {
                enum status st = run(db, w->job_savepoint, reterr);
                if (st != STATUS_OK)
                        return st;
                w->job_open = true;
        }
        return run(db, w->savepoint, reterr);
}

enum status db_writer_lease_commit(struct db *db, struct error *reterr)
{
        enum status st = run(db, db->writer.savepoint_release, reterr);

        if (st == STATUS_OK)
                db->writer.n_committed++;
        return st;
}

void db_writer_lease_rollback(struct db *db)
{
        undo(db, db->writer.savepoint_rollback, db->writer.savepoint_release);
        db_counter_add(&db->writer.n_rollbacks, 1);
}

static enum status group_begin(struct db *db, struct error *reterr)
{
        struct db_writer *w = &db->writer;
        enum status st;

        w->failure.status = STATUS_OK;
        w->n_committed = 0;
        st = run(db, w->begin, reterr);
        w->in_group = st == STATUS_OK;
        return st;
}

static enum status group_commit(struct db *db, struct db_group *group)
{
        struct db_writer *w = &db->writer;
        enum status st;

        group->commit_ns = clock_mono_ns();
        db->wal.grew = false;
        /* Before anybody can see it. */
        atomic_store(&db->settler.n_begun, ++group->number);
        st = run(db, w->commit, &group->error);
        group->must_sync = db->wal.grew;
        if (st != STATUS_OK)
                return st;
        db_counter_add(&w->n_groups, 1);
        db_counter_add(&w->n_writes, w->n_committed);
        return STATUS_OK;
}

static void group_end(struct db *db, struct db_group *group)
{
        struct db_writer *w = &db->writer;

        if (w->failure.status != STATUS_OK)
                group->error = w->failure;
        else if (w->n_committed > 0)
                group_commit(db, group);
        w->in_group = false;
        w->failure.status = STATUS_OK;
        /* Nothing was kept, or could be kept. */
        db_conn_rollback(&w->conn);
}

static void run_group(struct db *db, struct db_group *group)
{
        struct db_writer *w = &db->writer;

        if (group_begin(db, &group->error) != STATUS_OK)
                return;
        for (struct db_job *job = group->jobs; job && w->failure.status == STATUS_OK;
             job = job->next)
                job->run(job);
        group_end(db, group);
}

/* --- the queue --- */

/* All that waits, up to the bound of a group. */
static struct db_job *take_jobs(struct db_writer *w)
{
        struct db_job *jobs = w->first, *last = jobs;
        unsigned n = 1;

        while (last->next && n < MAX_GROUP) {
                last = last->next;
                n++;
        }
        w->first = last->next;
        if (!w->first)
                w->last = NULL;
        last->next = NULL;
        w->n_queued -= n;
        return jobs;
}

/* What is to be written next; waits for it, and for the settler when that is far behind. NULL: the
 * settler wants the log repaired, or closing and nothing is left. */
static struct db_group *take_group(struct db *db)
{
        struct db_writer *w = &db->writer;
        struct db_settler *s = &db->settler;
        struct db_group *group;

        LOCK(&w->lock);
        while (w->repair != REPAIR_WANTED && (!w->first || !s->free) &&
               (!w->closing || w->first || s->n_unsettled > 0))
                pthread_cond_wait(&w->not_empty, &w->lock);
        if (w->repair == REPAIR_WANTED || !w->first)
                return NULL;
        group = s->free;
        s->free = group->next;
        s->n_unsettled++;
        *group = (struct db_group){.jobs = take_jobs(w), .number = atomic_load(&s->n_begun)};
        return group;
}

static bool repair_is_wanted(struct db_writer *w)
{
        LOCK(&w->lock);
        return w->repair == REPAIR_WANTED;
}

static void repair_log(struct db *db)
{
        struct db_writer *w = &db->writer;
        struct error error = ERROR_INIT;

        db_wal_repair(db, &error);
        LOCK(&w->lock);
        w->repair_error = error;
        w->repair = REPAIR_DONE;
        pthread_cond_signal(&db->settler.changed);
}

static void *writer_main(void *arg)
{
        struct db *db = arg;
        struct db_group *group;

        writer_of = db;
        for (;;) {
                while ((group = take_group(db))) {
                        run_group(db, group);
                        db_settler_add(db, group);
                        db_wal_checkpoint_when_due(db);
                }
                if (!repair_is_wanted(&db->writer))
                        return NULL;
                repair_log(db);
        }
}

enum status db_submit(struct db *db, struct db_job *job, struct error *reterr)
{
        struct db_writer *w = &db->writer;

        if (db_on_writer(db))
                return error_set(reterr, STATUS_INTERNAL, "a job cannot submit another");

        LOCK(&w->lock);
        if (w->closing)
                return error_set(reterr, STATUS_UNAVAILABLE, "the service is shutting down");
        if (w->n_queued >= w->max_queued)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, DB_RETRY_MS,
                                   "too many writes are waiting");
        job->next = NULL;
        if (w->last)
                w->last->next = job;
        else
                w->first = job;
        w->last = job;
        if (w->n_queued++ == 0)
                pthread_cond_signal(&w->not_empty);
        return STATUS_OK;
}

/* Takes a job back. False: the writer has it already. */
static bool withdraw(struct db_writer *w, const struct db_job *job)
{
        struct db_job *previous = NULL, *at;

        LOCK(&w->lock);
        for (at = w->first; at && at != job; at = at->next)
                previous = at;
        if (!at)
                return false;
        if (previous)
                previous->next = at->next;
        else
                w->first = at->next;
        if (w->last == at)
                w->last = previous;
        w->n_queued--;
        return true;
}

/* --- writing and waiting for it --- */

struct sync_job {
        struct db_job job; /* first: the queue knows no more */
        struct db *db;
        db_write_fn fn;
        void (*then)(void *arg); /* may be NULL */
        void *arg;
        enum status fn_status;
        struct error fn_error;

        pthread_mutex_t lock;
        pthread_cond_t finished;
        bool is_finished;
        enum status status;
        struct error error;
};

static void sync_run(struct db_job *job)
{
        struct sync_job *sync = (struct sync_job *)job;
        struct db_writer *w = &sync->db->writer;
        unsigned n_committed = w->n_committed;

        w->job_is_atomic = true;
        sync->fn_status = sync->fn(sync->arg, &sync->fn_error);
        w->job_is_atomic = false;
        if (!w->job_open)
                return;
        w->job_open = false;
        if (w->failure.status != STATUS_OK)
                return;
        if (sync->fn_status != STATUS_OK) {
                undo(sync->db, w->job_rollback, w->job_release);
                w->n_committed = n_committed;
                return;
        }
        struct error error = ERROR_INIT;
        if (run(sync->db, w->job_release, &error) != STATUS_OK && w->failure.status == STATUS_OK)
                w->failure = error;
}

static void sync_done(struct db_job *job, enum status commit_status, const struct error *error)
{
        struct sync_job *sync = (struct sync_job *)job;

        if (job->is_committed && sync->fn_status == STATUS_OK && sync->then)
                sync->then(sync->arg);
        /* The waiter may be gone, and its stack with it, once the lock is let go. */
        LOCK(&sync->lock);
        sync->status = commit_status;
        if (commit_status != STATUS_OK)
                sync->error = *error;
        if (sync->fn_status != STATUS_OK) {
                sync->status = sync->fn_status;
                sync->error = sync->fn_error;
        }
        sync->is_finished = true;
        pthread_cond_signal(&sync->finished);
}

/* Until the job is finished or taken back; false then. */
static bool sync_wait(struct sync_job *sync, deadline_ns deadline)
{
        bool in_time = true;

        LOCK(&sync->lock);
        while (!sync->is_finished && in_time)
                in_time = clock_cond_wait(&sync->finished, &sync->lock, deadline);
        if (!sync->is_finished && withdraw(&sync->db->writer, &sync->job))
                return false;
        /* It is being run: that takes no time worth leaving it for, and it is on our stack. */
        while (!sync->is_finished)
                clock_cond_wait(&sync->finished, &sync->lock, DEADLINE_NEVER);
        return true;
}

enum status db_write(struct db *db, db_write_fn fn, void *arg, deadline_ns deadline,
                     struct error *reterr)
{
        return db_write_then(db, fn, NULL, arg, deadline, reterr);
}

enum status db_write_then(struct db *db, db_write_fn fn, void (*then)(void *arg), void *arg,
                          deadline_ns deadline, struct error *reterr)
{
        struct sync_job sync = {
                .job = {.run = sync_run, .done = sync_done},
                .db = db,
                .fn = fn,
                .then = then,
                .arg = arg,
        };
        enum status st;

        if (db_on_writer(db) || db_on_settler(db) || db_thread_holds_lease())
                return error_set(reterr, STATUS_INTERNAL,
                                 "db_write() inside a lease or a job would wait for itself");
        pthread_mutex_init(&sync.lock, NULL);
        clock_cond_init(&sync.finished);
        st = db_submit(db, &sync.job, reterr);
        if (st == STATUS_OK && !sync_wait(&sync, deadline)) {
                st = error_retry(reterr, STATUS_UNAVAILABLE, DB_RETRY_MS,
                                 "the write could not begin in time");
        } else if (st == STATUS_OK) {
                st = sync.status;
                if (st != STATUS_OK && reterr)
                        *reterr = sync.error;
        }
        pthread_cond_destroy(&sync.finished);
        pthread_mutex_destroy(&sync.lock);
        return st;
}

/* --- start and stop --- */

static enum status prepare_all(struct db_writer *w, struct error *reterr)
{
        const struct {
                sqlite3_stmt **ret;
                const char *sql;
        } all[] = {
                {&w->begin, "BEGIN IMMEDIATE"},
                {&w->commit, "COMMIT"},
                {&w->savepoint, "SAVEPOINT lease"},
                {&w->savepoint_release, "RELEASE lease"},
                {&w->savepoint_rollback, "ROLLBACK TO lease"},
                {&w->job_savepoint, "SAVEPOINT job"},
                {&w->job_release, "RELEASE job"},
                {&w->job_rollback, "ROLLBACK TO job"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                enum status st = db_conn_prepare(&w->conn, all[i].sql, all[i].ret, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return db_conn_prepare_transactions(&w->conn, reterr);
}

enum status db_writer_start(struct db *db, unsigned max_queued, struct error *reterr)
{
        struct db_writer *w = &db->writer;
        enum status st = prepare_all(w, reterr);
        int error;

        if (st != STATUS_OK)
                return st;
        w->max_queued = max_queued ? max_queued : DEFAULT_MAX_QUEUED;
        error = pthread_create(&w->thread, NULL, writer_main, db);
        if (error != 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot start the writer");
        w->started = true;
        pthread_setname_np(w->thread, "db-writer");
        return STATUS_OK;
}

void db_writer_stop(struct db *db)
{
        struct db_writer *w = &db->writer;
        sqlite3_stmt *const all[] = {w->begin,
                                     w->commit,
                                     w->savepoint,
                                     w->savepoint_release,
                                     w->savepoint_rollback,
                                     w->job_savepoint,
                                     w->job_release,
                                     w->job_rollback};

        if (w->started) {
                pthread_mutex_lock(&w->lock);
                w->closing = true;
                pthread_cond_signal(&w->not_empty);
                pthread_mutex_unlock(&w->lock);
                pthread_join(w->thread, NULL);
        }
        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                sqlite3_finalize(all[i]);
}
