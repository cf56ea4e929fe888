/* The database: one connection that writes and N that read, each only ever inside a lease.
 *
 *     LEASE(lease, db, LEASE_READ, deadline);
 *     STMT(q, &lease, "SELECT username FROM account WHERE id = $1");
 *     stmt_bind_int(&q, 1, id);
 *     enum status st = stmt_row(&q, reterr);
 *     if (st != STATUS_OK)
 *             return st;
 *     name = arena_strdup(arena, stmt_text(&q, 0));
 *
 * A lease is declared and acquired in one statement and released at the end of its scope, on every
 * path: the statements it used are reset, what was not committed is rolled back. No lease is held
 * across an RPC, a network call, a coach's answer or a password hash.
 *
 * Threads. Read leases: any thread, one at a time a thread. Writes happen on the writer thread
 * alone, which commits whatever is waiting as one transaction (group commit); the settler thread
 * puts that on disk and answers it all afterwards, while the writer is at the next. On the writer
 * thread a LEASE_WRITE is a savepoint in that transaction. Elsewhere a LEASE_WRITE fails with
 * INTERNAL: hand a function to db_write() instead. A LEASE_READ on the writer thread is the
 * writer's connection too: it waits for nobody and sees what the group has written.
 *
 * Nothing above this folder knows SQLite: PostgreSQL is to fit under the same functions. */
#ifndef SERVICE_DB_DB_H
#define SERVICE_DB_DB_H

#include "common/clock.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_conn;
struct db_stmt; /* a prepared statement in a connection's cache */

/* One step of the schema. Steps are never changed once released, only added. */
struct db_migration {
        int version; /* 1, 2, 3 … */
        const char *sql; /* statements; runs in one transaction with the others of an upgrade */
};

struct db_options {
        const char *path; /* the database file; its folder must exist */
        const char *backup_dir; /* where a copy goes before a schema upgrade */
        const struct db_migration *migrations; /* ascending; service/store/schema.h */
        size_t n_migrations;
        bool check_only; /* look whether it could be opened, but upgrade nothing */
        unsigned n_readers; /* read connections, >= 1 */
        unsigned max_waiting_writes; /* jobs in the writer's queue; 0 = 4096 */
        const char *vfs; /* SQLite VFS, NULL = default; tests put a failing one here */
        uint32_t cache_kib; /* pages that each connection keeps in memory; 0 = 8192 */
        uint32_t slow_query_ms; /* log statements slower than this, without values; 0 = off */
        uint32_t long_lease_ms; /* log leases held longer than this, naming the holder, while they
                                   are held and when they end; 0 = off */
};

/* Opens or creates the database (mode 0600), upgrades its schema, starts the writer and the settler
 * thread. FAILED_PRECONDITION when the schema is newer than this program, when another process has
 * the database (it is locked by PATH.lock) or when its folder cannot be written to; DATA_LOSS when
 * the file is no (or a damaged) database; the text says what to do. Before an upgrade a checked
 * copy goes to backup_dir, which is created; without it there is no upgrade. */
enum status db_open(const struct db_options *options, struct db **ret,
                    struct error *reterr) MUST_CHECK;
/* Finishes waiting writes, checkpoints, closes. Asserts that nothing is leased. Accepts NULL. */
struct db *db_close(struct db *db);
int db_schema_version(const struct db *db);

/* --- copies --- */

#define DB_BACKUP_NAME_BYTES 128

/* A checked copy of the database as it is at one moment, in backup_dir, by a connection of its own:
 * writes go on. *ret_name: its file there. stop (may be NULL) is asked now and then, and ends it:
 * CANCELLED. ABORTED: another one is being made. Any thread that holds no lease, but the writer. */
enum status db_make_backup(struct db *db, bool (*stop)(void *arg), void *arg,
                           char ret_name[static DB_BACKUP_NAME_BYTES],
                           struct error *reterr) MUST_CHECK;
/* "DIR/NAME" of such a file, to be freed; NULL when there is no memory. */
char *db_backup_path(const struct db *db, const char *name) MUST_CHECK;
/* Whether a file that nobody has open is a whole database of one of the schemas that options know;
 * *ret_version: which. FAILED_PRECONDITION: of a newer one, or of another program. DATA_LOSS. */
enum status db_check_file(const struct db_options *options, int *ret_version,
                          struct error *reterr) MUST_CHECK;
/* Keeps every other process from opening the database, until *ret_fd is closed.
 * FAILED_PRECONDITION: one has it. */
enum status db_lock(const char *path, int *ret_fd, struct error *reterr) MUST_CHECK;

/* --- leases --- */

enum lease_mode { LEASE_READ, LEASE_WRITE };

struct lease {
        struct db *db;
        struct db_conn *conn; /* NULL: not acquired, failure says why */
        enum lease_mode mode;
        bool committed;
        bool nested; /* a write lease inside another of the same thread */
        struct error failure;
        struct db_stmt *in_use; /* to be reset on release */
};

/* The only way to a connection. Waits no longer than the deadline, then UNAVAILABLE with a retry
 * hint. The first failure sticks: statements on a failed lease fail with the same error, so it need
 * not be checked by itself. Copying a lease out of its scope defeats it; lint refuses that. */
#define LEASE(name, database, lease_mode, deadline) \
        CLEANUP(lease_release)                      \
        struct lease name = lease_acquire_(database, lease_mode, deadline, __func__)

struct lease lease_acquire_(struct db *db, enum lease_mode mode, deadline_ns deadline,
                            const char *holder) MUST_CHECK;
void lease_release(struct lease *lease);
/* Keeps what this write lease did, once the group commits. Without it the release rolls back; a
 * nested one that is released so cannot be committed around: the outer commit fails with INTERNAL.
 * Ends the lease's statements: read their columns before. Only reading goes on after it. */
enum status lease_commit(struct lease *lease, struct error *reterr) MUST_CHECK;
/* Makes a read lease of several statements see one state of the database: that of the first
 * statement that follows, until the release. On the writer thread that is so anyway. */
enum status lease_snapshot(struct lease *lease, struct error *reterr) MUST_CHECK;
/* Gives a mebibyte of what is free in the file back to the file system, within a write lease.
 * *ret_more: there is more. */
enum status lease_shrink(struct lease *lease, bool *ret_more, struct error *reterr) MUST_CHECK;
/* STATUS_OK when the lease was acquired. */
enum status lease_status(const struct lease *lease, struct error *reterr) MUST_CHECK;

/* While a thread is in a view, its read leases share one connection and one snapshot of the
 * database, begun by the first of them. For reads that arrived together: locking the file for a
 * lease costs more than a point read does, and a view pays it once. Ends with its scope, in which
 * every lease has been released by then. An inner view changes nothing, nor does one of NULL. */
struct view {
        struct db *db;
};
#define VIEW(name, database) \
        CLEANUP(view_end) __attribute__((unused)) struct view name = view_begin_(database)

/* The reads of the caller's view that follow see the database as it is then: for what must not be
 * decided by the past. Holding no lease. */
void view_renew(void);

struct view view_begin_(struct db *db) MUST_CHECK;
void view_end(struct view *view);

/* --- statements: $1, $2 … are parameters, columns count from 0 --- */

struct stmt {
        struct lease *lease;
        struct db_stmt *prepared; /* NULL: failed */
        struct error failure;
        uint64_t started_ns;
        uint64_t n_rows;
};

/* A statement of the lease's connection, prepared once a connection and kept. sql is a literal: the
 * cache looks it up by address. Reset at the end of the scope. */
#define STMT(name, lease, sql) CLEANUP(stmt_finish) struct stmt name = stmt_prepare_(lease, "" sql)

struct stmt stmt_prepare_(struct lease *lease, const char *sql) MUST_CHECK;
void stmt_finish(struct stmt *s);

/* Bound text and blobs are not copied: they stay put until the statement is finished. */
void stmt_bind_int(struct stmt *s, int index, int64_t value);
void stmt_bind_double(struct stmt *s, int index, double value);
void stmt_bind_text(struct stmt *s, int index, const char *text); /* NULL binds NULL */
void stmt_bind_blob(struct stmt *s, int index, const void *data, size_t n); /* n 0: an empty one */
void stmt_bind_null(struct stmt *s, int index);

/* The next row. OK: there is one. NOT_FOUND: there is none (more); reterr is not touched then.
 * ALREADY_EXISTS: a unique constraint, error.field the column, without the "_key" of a folded one
 * ("username"; of several the last). FAILED_PRECONDITION: a foreign key or check. UNAVAILABLE: the
 * disk is full or busy. DEADLINE_EXCEEDED: a read lasted beyond its lease's deadline (what writes
 * is never interrupted). DATA_LOSS: the file is damaged. RESOURCE_EXHAUSTED: no memory. INTERNAL:
 * the rest. An error lasts until stmt_reset(). */
enum status stmt_row(struct stmt *s, struct error *reterr) MUST_CHECK;
/* Runs to the end; rows are skipped. OK or one of the errors above. */
enum status stmt_run(struct stmt *s, struct error *reterr) MUST_CHECK;
/* Back to before the first row, for other parameters. */
void stmt_reset(struct stmt *s);
/* Rows that the last INSERT, UPDATE or DELETE of this lease's connection changed. */
int64_t stmt_changes(const struct stmt *s);
/* The number of the row that the last INSERT added. */
int64_t stmt_last_id(const struct stmt *s);

int64_t stmt_int(const struct stmt *s, int column);
double stmt_double(const struct stmt *s, int column);
const char *stmt_text(const struct stmt *s, int column); /* until the next row; "" for NULL */
const void *stmt_blob(const struct stmt *s, int column, size_t *ret_n); /* never NULL */
bool stmt_is_null(const struct stmt *s, int column);

/* --- writing --- */

/* Work for the writer thread. run() is called there inside the group's transaction, takes
 * LEASE_WRITE leases and must not block. done() is called on the settler thread, in the order of
 * the commits, once the group is on disk (STATUS_OK), or failed to be committed and nothing of it
 * happened; UNAVAILABLE with is_committed when the disk fails so that nobody knows whether it
 * lasts. Both are needed. */
struct db_job {
        void (*run)(struct db_job *job);
        void (*done)(struct db_job *job, enum status commit_status, const struct error *error);
        struct db_job *next; /* the queue's */
        uint64_t number;
        bool is_committed; /* for done(): whatever the status, readers see it */
};

/* Queues a job. RESOURCE_EXHAUSTED when the queue is full, UNAVAILABLE while closing: done() is not
 * called then. Any thread but the writer. */
enum status db_submit(struct db *db, struct db_job *job, struct error *reterr) MUST_CHECK;

/* Runs fn on the writer thread and waits until it is committed. A status other than OK from fn
 * means that all its leases were rolled back, and is returned. The deadline bounds the waiting in
 * the queue: UNAVAILABLE then, and fn is not run; what has begun is waited for. Any thread but the
 * writer, none that holds a lease. */
typedef enum status (*db_write_fn)(void *arg, struct error *reterr);
enum status db_write(struct db *db, db_write_fn fn, void *arg, deadline_ns deadline,
                     struct error *reterr) MUST_CHECK;
/* The same, and then(arg) on the settler thread once fn's work is on disk, or committed and in
 * doubt, before what was committed later: what is told of writes is told in their order. */
enum status db_write_then(struct db *db, db_write_fn fn, void (*then)(void *arg), void *arg,
                          deadline_ns deadline, struct error *reterr) MUST_CHECK;
/* Whether all that was committed is on disk. Any thread. */
bool db_is_settled(struct db *db);
/* What a read lease saw may have been committed and not yet be on disk. True: job->done() is called
 * on the settler thread once all of that is, or cannot be; run() is not. False: it is on disk, and
 * the job is not used. After the lease's release, before what was read leaves the process. */
bool db_when_settled(struct db *db, struct db_job *job) MUST_CHECK;
/* After the next commit, or one that finds no reader in the way, the write-ahead log is written
 * back and emptied, so that what was deleted or overwritten is on disk no more. Any thread. */
void db_empty_log(struct db *db);
/* Whether the calling thread is the writer. */
bool db_on_writer(const struct db *db);

/* --- what an operator looks at --- */

/* What the calling thread's leases are for, in logs and db_conn_list(): the id of a request, which
 * lives until the next call. NULL: nothing that anybody asked for. */
void db_set_request(const char *id);

struct db_conn_info {
        int id;
        enum lease_mode mode;
        bool leased;
        char holder[64];
        char request_id[72]; /* "" = nobody's request */
        int64_t leased_at_wall_ms;
        double held_seconds; /* until now; 0 when it is free */
        uint64_t n_leases;
        unsigned n_statements;
};

#define DB_HISTOGRAM_BUCKETS 12
/* Upper bounds in seconds: 0.0001 0.00025 0.0005 0.001 0.0025 0.005 0.01 0.025 0.1 0.5 2.5 +Inf */
extern const double db_histogram_bounds[DB_HISTOGRAM_BUCKETS - 1];

struct db_histogram {
        uint64_t counts[DB_HISTOGRAM_BUCKETS]; /* not cumulative */
        uint64_t n;
        double sum_seconds;
};

struct db_stats {
        unsigned n_connections, n_leased, n_waiting;
        uint64_t n_leases, n_lease_timeouts, n_long_leases;
        double oldest_lease_seconds; /* of those that are held now */
        uint64_t n_groups, n_writes, n_rollbacks, n_checkpoints;
        uint64_t wal_bytes;
        unsigned n_queued_writes;
        struct db_histogram lease_seconds, lease_wait_seconds, commit_seconds;
};

void db_stats(struct db *db, struct db_stats *ret);
/* Fills at most n; returns how many connections there are. */
size_t db_conn_list(struct db *db, struct db_conn_info *ret, size_t n);

struct db_query_info {
        const char *sql; /* static */
        uint64_t calls, rows, errors;
        double total_ms, max_ms;
};
/* How SQLite goes about a statement of db_query_list(), a line a step: "SCAN room\n". To be freed.
 */
enum status db_query_plan(struct db *db, const char *sql, deadline_ns deadline, char **ret,
                          struct error *reterr) MUST_CHECK;
/* Per statement, all connections together, largest total first. Returns how many were filled. */
size_t db_query_list(struct db *db, struct db_query_info *ret, size_t n);

#endif
