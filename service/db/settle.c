/* The settler: the thread that puts on disk what the writer has committed, and then answers.
 *
 *     writer    | group 1 | group 2 | group 3 |
 *     settler             | fsync 1 |  done() of 1  | fsync 2 and 3 | done() of 2 and 3 |
 *
 * A commit writes to the log and does not wait for the disk (synchronous=NORMAL); one fsync of the
 * log serves every group that was committed before it. The log keeps their order: what is on disk
 * has everything before it there, too. Readers see a group before it is on disk; what they saw
 * leaves the process only after db_when_settled().
 *
 * When the fsync fails, nobody knows what is on disk, and another fsync of the same pages would
 * report success without writing them. So the writer writes the whole log back into the database
 * file, which it syncs: that tells. Until it succeeds every group hears of the failure. */
#include "service/db/db_internal.h"

static _Thread_local const struct db *settler_of; /* the database whose settler this thread is */

bool db_on_settler(const struct db *db)
{
        return settler_of == db;
}

enum status db_settler_open(struct db *db, const char *vfs, struct error *reterr)
{
        struct db_settler *s = &db->settler;
        int64_t unused;
        enum status st =
                db_conn_open(&s->conn, db, (int)db->pool.n_conns + 1, LEASE_READ, vfs, reterr);

        /* The first read opens the log. */
        if (st == STATUS_OK)
                st = db_conn_query_int(&s->conn, "SELECT count(*) FROM sqlite_schema", &unused,
                                       reterr);
        if (st != STATUS_OK)
                return st;
        int rc =
                sqlite3_file_control(s->conn.handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &s->log);
        if (rc != SQLITE_OK)
                return db_conn_error(&s->conn, rc, reterr);
        return STATUS_OK;
}

/* Asks the writer to write the log back, and waits for it. */
static enum status repair(struct db *db, struct error *reterr)
{
        struct db_writer *w = &db->writer;

        LOCK(&w->lock);
        w->repair = REPAIR_WANTED;
        pthread_cond_signal(&w->not_empty);
        while (w->repair != REPAIR_DONE)
                pthread_cond_wait(&db->settler.changed, &w->lock);
        w->repair = REPAIR_NONE;
        if (w->repair_error.status != STATUS_OK)
                *reterr = w->repair_error;
        return w->repair_error.status;
}

static enum status sync_log(struct db *db, struct error *reterr)
{
        struct db_settler *s = &db->settler;
        int rc = SQLITE_OK;

        if (!s->failing) {
                rc = s->log->pMethods->xSync(s->log, SQLITE_SYNC_NORMAL);
                if (rc == SQLITE_OK)
                        return STATUS_OK;
        }
        struct error error = ERROR_INIT;
        enum status st = repair(db, &error);

        s->failing = st != STATUS_OK;
        if (!s->failing)
                return STATUS_OK;
        return error_retry(reterr, STATUS_UNAVAILABLE, DB_RETRY_MS,
                           "the disk does not confirm what was written; whether it lasts is not "
                           "known (%.120s)",
                           error.text);
}

/* Everything that was committed, oldest first; waits for it. NULL: closing, nothing left. */
static struct db_group *take_committed(struct db *db)
{
        struct db_settler *s = &db->settler;
        struct db_group *groups;

        LOCK(&db->writer.lock);
        while (!s->first && !s->closing)
                pthread_cond_wait(&s->changed, &db->writer.lock);
        groups = s->first;
        s->first = s->last = NULL;
        return groups;
}

static void answer(struct db_group *group, const struct error *failure)
{
        const struct error *error = group->error.status != STATUS_OK ? &group->error : failure;

        for (struct db_job *job = group->jobs, *next = NULL; job; job = next) {
                next = job->next; /* done() may free the job */
                job->is_committed = group->error.status == STATUS_OK;
                job->done(job, error->status, error);
        }
}

/* Gives the groups back to the writer. Returns those who waited for them, but wrote nothing. */
static struct db_job *give_back(struct db *db, struct db_group *groups)
{
        struct db_settler *s = &db->settler;
        struct db_job *ready = NULL, **end = &ready;
        uint64_t settled = atomic_load(&s->n_settled);

        LOCK(&db->writer.lock);
        for (struct db_group *group = groups, *next = NULL; group; group = next) {
                next = group->next;
                group->next = s->free;
                s->free = group;
                s->n_unsettled--;
        }
        while (s->first_waiting && s->first_waiting->number <= settled) {
                *end = s->first_waiting;
                end = &s->first_waiting->next;
                s->first_waiting = s->first_waiting->next;
        }
        *end = NULL;
        pthread_cond_signal(&db->writer.not_empty);
        return ready;
}

static void settle(struct db *db, struct db_group *groups)
{
        struct db_settler *s = &db->settler;
        struct error error = ERROR_INIT;
        bool must_sync = false;
        uint64_t number = 0;

        for (struct db_group *group = groups; group; group = group->next) {
                must_sync |= group->must_sync;
                number = group->number;
        }
        /* What was repeated, and so wrote nothing, must not be promised while the first is in
         * doubt.
         */
        if (must_sync || s->failing)
                (void)sync_log(db, &error); /* the error says it */
        atomic_store(&s->n_settled, number);
        for (struct db_group *group = groups; group; group = group->next) {
                if (group->must_sync && error.status == STATUS_OK)
                        db_timing_add(&s->commit_times, clock_mono_ns() - group->commit_ns);
                answer(group, &error);
        }
        for (struct db_job *job = give_back(db, groups), *next = NULL; job; job = next) {
                next = job->next;
                job->done(job, error.status, &error);
        }
}

static void *settler_main(void *arg)
{
        struct db *db = arg;
        struct db_group *groups;

        settler_of = db;
        while ((groups = take_committed(db)))
                settle(db, groups);
        return NULL;
}

bool db_is_settled(struct db *db)
{
        return atomic_load(&db->settler.n_begun) == atomic_load(&db->settler.n_settled);
}

bool db_when_settled(struct db *db, struct db_job *job)
{
        struct db_settler *s = &db->settler;

        LOCK(&db->writer.lock);
        job->number = atomic_load(&s->n_begun);
        if (job->number <= atomic_load(&s->n_settled))
                return false;
        job->next = NULL;
        if (s->first_waiting)
                s->last_waiting->next = job;
        else
                s->first_waiting = job;
        s->last_waiting = job;
        return true;
}

void db_settler_add(struct db *db, struct db_group *group)
{
        struct db_settler *s = &db->settler;

        LOCK(&db->writer.lock);
        group->next = NULL;
        if (s->last)
                s->last->next = group;
        else
                s->first = group;
        s->last = group;
        pthread_cond_signal(&s->changed);
}

enum status db_settler_start(struct db *db, struct error *reterr)
{
        struct db_settler *s = &db->settler;

        for (size_t i = 0; i < ARRAY_SIZE(s->groups); i++) {
                s->groups[i].next = s->free;
                s->free = &s->groups[i];
        }
        if (pthread_create(&s->thread, NULL, settler_main, db) != 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot start the settler");
        s->started = true;
        pthread_setname_np(s->thread, "db-settler");
        return STATUS_OK;
}

void db_settler_stop(struct db *db)
{
        struct db_settler *s = &db->settler;

        if (s->started) {
                pthread_mutex_lock(&db->writer.lock);
                s->closing = true;
                pthread_cond_signal(&s->changed);
                pthread_mutex_unlock(&db->writer.lock);
                pthread_join(s->thread, NULL);
        }
        db_conn_close(&s->conn);
}
