/* A connection to SQLite, with its settings. */
#include "common/log.h"
#include "service/db/db_internal.h"

#include <stdio.h>
#include <string.h>

/* How many steps of SQLite's machine lie between two looks at the clock: some 50 µs. */
#define STEPS_PER_DEADLINE_CHECK 2000

/* Nothing that this program prepares comes near these. */
static const struct {
        int id, value;
} limits[] = {
        {SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024}, /* a stored reply is the largest value */
        {SQLITE_LIMIT_SQL_LENGTH, 128 * 1024},
        {SQLITE_LIMIT_COLUMN, 128},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},
        {SQLITE_LIMIT_COMPOUND_SELECT, 16},
        {SQLITE_LIMIT_VDBE_OP, 100000},
        {SQLITE_LIMIT_FUNCTION_ARG, 32},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 512},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 128},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 32}, /* cascades count */
        {SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const struct {
        int id, value;
} switches[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},     {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
};

static pthread_once_t configure_once = PTHREAD_ONCE_INIT;

/* SQLite's memory statistics put every allocation of every thread behind one lock. */
static void configure(void)
{
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum status db_conn_exec(struct db_conn *conn, const char *sql, struct error *reterr)
{
        int rc = sqlite3_exec(conn->handle, sql, NULL, NULL, NULL);

        return rc == SQLITE_OK ? STATUS_OK : db_conn_error(conn, rc, reterr);
}

enum status db_conn_query_int(struct db_conn *conn, const char *sql, int64_t *ret,
                              struct error *reterr)
{
        enum status st = STATUS_OK;
        sqlite3_stmt *query;
        int rc = sqlite3_prepare_v2(conn->handle, sql, -1, &query, NULL);

        if (rc != SQLITE_OK)
                return db_conn_error(conn, rc, reterr);
        rc = sqlite3_step(query);
        if (rc == SQLITE_ROW)
                *ret = sqlite3_column_int64(query, 0);
        else if (rc == SQLITE_DONE)
                st = error_set(reterr, STATUS_NOT_FOUND, "no row: %s", sql);
        else
                st = db_conn_error(conn, rc, reterr);
        sqlite3_finalize(query);
        return st;
}

/* SQLite calls this while it works: not 0 interrupts. */
static int past_deadline(void *arg)
{
        const struct db_conn *conn = arg;

        return deadline_passed(conn->deadline);
}

/* The answer to the pragma tells whether it was done; files that cannot be mapped, for one, cannot
 * have a write-ahead log. */
static enum status use_wal(struct db_conn *conn, struct error *reterr)
{
        sqlite3_stmt *pragma;
        bool is_wal = false;
        int rc = sqlite3_prepare_v2(conn->handle, "PRAGMA journal_mode = WAL", -1, &pragma, NULL);

        if (rc == SQLITE_OK)
                rc = sqlite3_step(pragma);
        if (rc != SQLITE_ROW) {
                enum status st = db_conn_error(conn, rc, reterr);
                sqlite3_finalize(pragma);
                return st;
        }
        const char *mode = (const char *)sqlite3_column_text(pragma, 0);
        is_wal = mode && strcmp(mode, "wal") == 0;
        sqlite3_finalize(pragma);
        if (!is_wal)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "'%s' is where no write-ahead log can be: use a local file system",
                                 conn->db->path);
        return STATUS_OK;
}

static enum status set_up_writer(struct db_conn *conn, struct error *reterr)
{
        /* Of a file that is still empty; others get it when they are upgraded. */
        enum status st = db_conn_exec(conn, "PRAGMA auto_vacuum = INCREMENTAL", reterr);

        if (st == STATUS_OK)
                st = use_wal(conn, reterr);
        if (st != STATUS_OK)
                return st;
        /* What is deleted is overwritten: that is how a user's key ceases to be. */
        return db_conn_exec(conn, "PRAGMA journal_size_limit = 16777216; PRAGMA secure_delete = ON",
                            reterr);
}

enum status db_conn_prepare(struct db_conn *conn, const char *sql, sqlite3_stmt **ret,
                            struct error *reterr)
{
        int rc = sqlite3_prepare_v3(conn->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);

        return rc == SQLITE_OK ? STATUS_OK : db_conn_error(conn, rc, reterr);
}

enum status db_conn_prepare_transactions(struct db_conn *conn, struct error *reterr)
{
        enum status st = db_conn_prepare(conn, "BEGIN", &conn->begin, reterr);

        return st == STATUS_OK ? db_conn_prepare(conn, "ROLLBACK", &conn->rollback, reterr) : st;
}

/* Only the writer commits and only the writer checkpoints: with two connections doing so at once,
 * SQLite before 3.51.3 may corrupt the file. */
static enum status set_up_reader(struct db_conn *conn, struct error *reterr)
{
        sqlite3_db_config(conn->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_progress_handler(conn->handle, STEPS_PER_DEADLINE_CHECK, past_deadline, conn);
        enum status st = db_conn_exec(conn, "PRAGMA query_only = ON", reterr);
        return st == STATUS_OK ? db_conn_prepare_transactions(conn, reterr) : st;
}

static enum status set_up(struct db_conn *conn, struct error *reterr)
{
        char cache_size[48];
        enum status st;

        sqlite3_extended_result_codes(conn->handle, 1);
        sqlite3_busy_timeout(conn->handle, DB_BUSY_TIMEOUT_MS);
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
                sqlite3_limit(conn->handle, limits[i].id, limits[i].value);
        for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
                int rc = sqlite3_db_config(conn->handle, switches[i].id, switches[i].value, NULL);
                if (rc != SQLITE_OK)
                        return db_conn_error(conn, rc, reterr);
        }
        st = db_conn_exec(conn,
                          "PRAGMA synchronous = FULL;"
                          "PRAGMA wal_autocheckpoint = 0;"
                          "PRAGMA cell_size_check = ON;"
                          "PRAGMA mmap_size = 0;"
                          "PRAGMA temp_store = MEMORY",
                          reterr);
        /* Below zero: in KiB, not in pages. */
        snprintf(cache_size, sizeof(cache_size), "PRAGMA cache_size = -%u", conn->db->cache_kib);
        if (st == STATUS_OK)
                st = db_conn_exec(conn, cache_size, reterr);
        if (st != STATUS_OK)
                return st;
        return conn->mode == LEASE_WRITE ? set_up_writer(conn, reterr)
                                         : set_up_reader(conn, reterr);
}

enum status db_conn_open(struct db_conn *conn, struct db *db, int id, enum lease_mode mode,
                         const char *vfs, struct error *reterr)
{
        int rc;

        pthread_once(&configure_once, configure);
        conn->db = db;
        conn->id = id;
        conn->mode = mode;
        conn->deadline = DEADLINE_NEVER;
        /* No CREATE: db_open() has made the file, with the right mode. */
        rc = sqlite3_open_v2(db->path, &conn->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                             vfs);
        if (rc != SQLITE_OK)
                return db_conn_error(conn, rc, reterr);
        return set_up(conn, reterr);
}

void db_conn_close(struct db_conn *conn)
{
        db_stmt_cache_deinit(conn);
        sqlite3_finalize(conn->begin);
        sqlite3_finalize(conn->rollback);
        sqlite3_close(conn->handle);
        conn->handle = NULL;
}

enum status db_conn_begin(struct db_conn *conn, struct error *reterr)
{
        sqlite3_step(conn->begin);
        int rc = sqlite3_reset(conn->begin);

        return rc == SQLITE_OK ? STATUS_OK : db_conn_error(conn, rc, reterr);
}

void db_conn_rollback(struct db_conn *conn)
{
        if (sqlite3_get_autocommit(conn->handle))
                return;
        /* It leaves the transaction whatever it returns. */
        sqlite3_step(conn->rollback);
        sqlite3_reset(conn->rollback);
}

/* --- who uses it --- */

static _Thread_local const char *request_id;

void db_set_request(const char *id)
{
        request_id = id;
}

const char *db_request_id(void)
{
        return request_id ? request_id : "";
}

/* Word by word, because others may look meanwhile. */
static void note_request(struct db_conn *conn)
{
        uint64_t words[DB_REQUEST_ID_BYTES / 8] = {0};

        if (request_id)
                memcpy(words, request_id, strnlen(request_id, sizeof(words) - 1));
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                db_counter_set(&conn->request_id[i], words[i]);
}

void db_conn_request_id(const struct db_conn *conn, char ret[static DB_REQUEST_ID_BYTES])
{
        for (size_t i = 0; i < ARRAY_SIZE(conn->request_id); i++) {
                uint64_t word = db_counter_get(&conn->request_id[i]);

                memcpy(ret + i * sizeof(word), &word, sizeof(word));
        }
        ret[DB_REQUEST_ID_BYTES - 1] = '\0';
}

void db_conn_hold(struct db_conn *conn, const char *holder, uint64_t now_ns, uint64_t waited_ns)
{
        db_counter_set(&conn->leased_at_ns, now_ns);
        db_counter_add(&conn->n_leases, 1);
        db_timing_add(&conn->waited, waited_ns);
        note_request(conn);
        atomic_store_explicit(&conn->holder, holder, memory_order_relaxed);
}

void db_conn_unhold(struct db_conn *conn)
{
        uint64_t held_ns = clock_mono_ns() - db_counter_get(&conn->leased_at_ns);

        if (held_ns > conn->db->long_lease_ns)
                LOG(WARNING, "a database lease was held for long",
                    LOG_STR("holder", atomic_load_explicit(&conn->holder, memory_order_relaxed)),
                    LOG_STR("request_id", db_request_id()), LOG_INT("connection", conn->id),
                    LOG_INT("ms", (int64_t)(held_ns / 1000000)));
        db_timing_add(&conn->held, held_ns);
        atomic_store_explicit(&conn->holder, NULL, memory_order_relaxed);
}
