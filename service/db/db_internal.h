/* What the files of this folder share. Nothing outside includes it.
 *
 *     db.c        open, close            conn.c        a connection and its settings
 *     pool.c      who gets a reader      conn_error.c  SQLite's errors as ours
 *     lease.c     the scope of using it  stmt.c        statements; stmt_cache.c keeps them
 *     writer.c    group commit           settle.c      on disk, then answered
 *     checkpoint.c  the write-ahead log back into the file
 *     migrate.c   the schema             backup.c      copies of it
 *     stats.c     what an operator sees  watch.c       who holds a lease for too long
 */
#ifndef SERVICE_DB_DB_INTERNAL_H
#define SERVICE_DB_DB_INTERNAL_H

#include "service/db/db.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

/* A request's id, with its end; a multiple of 8. */
#define DB_REQUEST_ID_BYTES 72

/* How soon somebody who found the pool or the queue busy may come again. */
#define DB_RETRY_MS 100

/* How long SQLite may wait for a lock. Only recovery after a crash and the checkpoint that empties
 * the log ever find one taken. */
#define DB_BUSY_TIMEOUT_MS 1000

/* Pages that a connection keeps in memory, unless it is told otherwise. */
#define DB_DEFAULT_CACHE_KIB 8192

/* --- counters: written by the holder of a connection alone, read by whoever looks --- */

typedef _Atomic uint64_t db_counter;

static inline uint64_t db_counter_get(const db_counter *c)
{
        return atomic_load_explicit(c, memory_order_relaxed);
}

static inline void db_counter_set(db_counter *c, uint64_t value)
{
        atomic_store_explicit(c, value, memory_order_relaxed);
}

/* No read-modify-write: there is one writer at a time. */
static inline void db_counter_add(db_counter *c, uint64_t n)
{
        db_counter_set(c, db_counter_get(c) + n);
}

struct db_timing {
        db_counter counts[DB_HISTOGRAM_BUCKETS];
        db_counter sum_ns;
};

void db_timing_add(struct db_timing *t, uint64_t ns);

/* --- connections --- */

#define DB_MAX_PARAMETERS 15

struct db_stmt {
        const char *sql; /* static; also the key */
        sqlite3_stmt *handle;
        /* Where $1, $2 … are: SQLite takes "$2" for a name, and counts names as they come. 0: there
         * is none. */
        uint8_t places[DB_MAX_PARAMETERS + 1];
        bool writes;
        bool busy; /* handed out */
        bool done; /* stepped to its end: stepping on would start it anew */
        struct db_stmt *next_in_use; /* the lease's */
        struct db_stmt *next_copy; /* the same SQL once more, for use inside itself */
        struct db_stmt *next; /* all of the connection, newest first */
        db_counter calls, rows, errors, total_ns, max_ns;
};

/* One thread at a time uses a connection: its holder. What others look at is atomic. */
struct db_conn {
        struct db *db;
        int id;
        enum lease_mode mode;
        sqlite3 *handle;
        deadline_ns deadline; /* a read past it is interrupted */
        bool free; /* under the pool's lock */
        /* Prepared, because preparing takes memory, and a transaction must always end. */
        sqlite3_stmt *begin, *rollback;

        struct db_stmt **slots; /* open addressing by address of the SQL */
        size_t n_slots; /* a power of two, or 0 */
        size_t n_used;
        _Atomic(struct db_stmt *) statements; /* never shrinks while the database is open */
        _Atomic unsigned n_statements;

        _Atomic(const char *) holder; /* NULL: not leased */
        db_counter request_id[DB_REQUEST_ID_BYTES / 8]; /* whose lease it is or was, as text */
        uint64_t warned_at_ns; /* the watcher's: leased_at_ns of a lease that it told of */
        db_counter leased_at_ns;
        db_counter n_leases;
        struct db_timing held, waited;
};

/* Opens the file with everything that protects it switched on. */
enum status db_conn_open(struct db_conn *conn, struct db *db, int id, enum lease_mode mode,
                         const char *vfs, struct error *reterr) MUST_CHECK;
void db_conn_close(struct db_conn *conn);
/* Runs SQL that returns nothing of interest. */
enum status db_conn_exec(struct db_conn *conn, const char *sql, struct error *reterr) MUST_CHECK;
/* The first column of the first row; NOT_FOUND when there is none. */
enum status db_conn_query_int(struct db_conn *conn, const char *sql, int64_t *ret,
                              struct error *reterr) MUST_CHECK;
/* A statement that lasts as long as the connection; to be finalized. */
enum status db_conn_prepare(struct db_conn *conn, const char *sql, sqlite3_stmt **ret,
                            struct error *reterr) MUST_CHECK;
/* What the next two run. Of the writer once its schema is up to date: a new schema has statements
 * prepared anew. */
enum status db_conn_prepare_transactions(struct db_conn *conn, struct error *reterr) MUST_CHECK;
/* Begins a transaction that reads. */
enum status db_conn_begin(struct db_conn *conn, struct error *reterr) MUST_CHECK;
/* Ends the transaction that is open, if one is, without keeping what it did. */
void db_conn_rollback(struct db_conn *conn);
/* Marks the connection as held from now on, and as free again. */
void db_conn_hold(struct db_conn *conn, const char *holder, uint64_t now_ns, uint64_t waited_ns);
void db_conn_unhold(struct db_conn *conn);
/* The request that holds or held the connection last, "" for none. Any thread; torn at worst. */
void db_conn_request_id(const struct db_conn *conn, char ret[static DB_REQUEST_ID_BYTES]);
/* The calling thread's; "" for none. */
const char *db_request_id(void);

/* What a result code of SQLite other than OK, ROW and DONE means. Also notices when SQLite has
 * rolled back the writer's group by itself. */
enum status db_conn_error(struct db_conn *conn, int rc, struct error *reterr);

/* The statement for a literal, prepared if need be, not busy. NULL: reterr says why. */
struct db_stmt *db_stmt_cache_get(struct db_conn *conn, const char *sql,
                                  struct error *reterr) MUST_CHECK;
void db_stmt_cache_deinit(struct db_conn *conn);
/* Ends the use of the statements a lease has handed out. */
void db_stmt_end_all(struct lease *lease);

/* --- the readers --- */

struct db_waiter;

struct db_pool {
        pthread_mutex_t lock;
        struct db_conn *conns;
        unsigned n_conns;
        unsigned n_free; /* > 0 only while nobody waits */
        unsigned n_waiting;
        struct db_waiter *first_waiting, *last_waiting;
        uint64_t n_timeouts;
};

/* A connection for this thread; NULL when the deadline came first. First come, first served. */
struct db_conn *db_pool_take(struct db_pool *pool, deadline_ns deadline) MUST_CHECK;
void db_pool_give_back(struct db_pool *pool, struct db_conn *conn);
/* Whether the calling thread holds a read lease. */
bool db_thread_holds_lease(void);

/* --- the writer --- */

struct db_writer {
        struct db_conn conn;
        pthread_t thread;
        bool started;

        pthread_mutex_t lock;
        pthread_cond_t not_empty;
        struct db_job *first, *last;
        unsigned n_queued, max_queued;
        bool closing;
        enum { REPAIR_NONE, REPAIR_WANTED, REPAIR_DONE } repair; /* of the log */
        struct error repair_error;

        /* The rest belongs to the writer thread. */
        sqlite3_stmt *begin, *commit;
        sqlite3_stmt *savepoint, *savepoint_release, *savepoint_rollback;
        sqlite3_stmt *job_savepoint, *job_release, *job_rollback;
        bool in_group;
        struct error failure; /* of the group: everything in it fails with this */
        unsigned n_committed; /* leases of the group */
        unsigned depth; /* leases of any kind at this moment */
        unsigned write_depth; /* of them, write leases: the outermost is a savepoint */
        bool poisoned; /* one inside the outermost was not committed */
        bool job_is_atomic; /* the job is undone as a whole when it fails */
        bool job_open; /* and has a savepoint already */

        db_counter n_groups, n_writes, n_rollbacks;
};

/* The writer's connection must be open. */
enum status db_writer_start(struct db *db, unsigned max_queued, struct error *reterr) MUST_CHECK;
/* Finishes what waits and joins the thread; the connection stays open. */
void db_writer_stop(struct db *db);
/* The savepoint of the outermost write lease. */
enum status db_writer_lease_begin(struct db *db, struct error *reterr) MUST_CHECK;
enum status db_writer_lease_commit(struct db *db, struct error *reterr) MUST_CHECK;
void db_writer_lease_rollback(struct db *db);
/* Called after every error on the writer's connection. */
void db_writer_check_group(struct db *db, const struct error *error);

/* --- the settler --- */

/* The writer is at most so many groups ahead of the disk. */
#define DB_MAX_UNSETTLED 8

/* What one transaction did. */
struct db_group {
        struct db_group *next;
        struct db_job *jobs;
        uint64_t number; /* of the last commit begun with it */
        uint64_t commit_ns; /* when that began */
        bool must_sync; /* it is in the log, and not known to be on disk */
        struct error error; /* nothing of it happened */
};

struct db_settler {
        struct db_conn conn; /* for its handle on the log; reads nothing */
        sqlite3_file *log;
        pthread_t thread;
        bool started;

        /* Under the writer's lock. */
        pthread_cond_t changed;
        struct db_group groups[DB_MAX_UNSETTLED], *free;
        struct db_group *first, *last; /* committed */
        unsigned n_unsettled;
        struct db_job *first_waiting, *last_waiting; /* of db_when_settled() */
        bool closing;

        _Atomic uint64_t n_begun; /* commits */
        _Atomic uint64_t n_settled; /* of them */

        /* The rest belongs to its thread. */
        bool failing; /* what is on disk is not known */
        struct db_timing commit_times; /* from the beginning of a commit until it is on disk */
};

enum status db_settler_open(struct db *db, const char *vfs, struct error *reterr) MUST_CHECK;
enum status db_settler_start(struct db *db, struct error *reterr) MUST_CHECK;
/* After the writer has stopped, which waits until all is settled. Closes the connection as well. */
void db_settler_stop(struct db *db);
/* Hands over a group, whose transaction has ended. Writer thread. */
void db_settler_add(struct db *db, struct db_group *group);
bool db_on_settler(const struct db *db);

/* --- the write-ahead log; writer thread only --- */

struct db_wal {
        int n_frames; /* after the last commit */
        int n_frames_tried; /* when it was last written back */
        bool failing;
        bool grew; /* the last commit has put something into it */
        atomic_bool must_be_empty; /* db_empty_log() has been asked for; any thread */
        deadline_ns empty_at; /* not sooner: a reader was in the way */
        db_counter bytes;
        db_counter n_checkpoints;
};

void db_wal_watch(struct db *db);
/* Writes the log back once it has grown. Readers go on; none is waited for until it is far too
 * large, and then briefly. */
void db_wal_checkpoint_when_due(struct db *db);
/* Writes all of it back, when it cannot be relied on any more. */
void db_wal_repair(struct db *db, struct error *reterr);
/* Writes back everything and empties the log. */
void db_wal_checkpoint_all(struct db *db);

/* --- the schema --- */

enum status db_migrate(struct db *db, const struct db_options *options,
                       struct error *reterr) MUST_CHECK;
/* A checked copy of the database in backup_dir, named by version and time, before an upgrade. */
enum status db_backup(struct db_conn *conn, int version, struct error *reterr) MUST_CHECK;

/* --- leases that last --- */

struct db_watcher {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool started, closing;
        _Atomic uint64_t n_long; /* leases that were held for too long */
};

enum status db_watcher_start(struct db *db, struct error *reterr) MUST_CHECK;
void db_watcher_stop(struct db *db);

struct db {
        char *path;
        char *backup_dir;
        const char *vfs; /* NULL = default */
        pthread_mutex_t backup_lock; /* held while a copy is made */
        int lock_fd;
        int version;
        uint64_t slow_query_ns, long_lease_ns; /* UINT64_MAX = off */
        uint32_t cache_kib;
        struct db_pool pool;
        struct db_writer writer;
        struct db_settler settler;
        struct db_wal wal;
        struct db_watcher watcher;
};

#endif
