/* Copies of the database: before its schema changes, and whenever somebody asks.
 *
 * One is made under another name, checked and made durable, and only then gets its own: what bears
 * that name is whole. */
#include "service/db/db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Pages between two looks whether somebody still wants it: 8 MiB. */
#define STEP_PAGES 2048
/* The same while SQLite checks, in steps of its machine. */
#define STEP_MACHINE 100000

/* A copy in the making. */
struct copy {
        const struct db *db;
        int version;
        const char *part_name; /* in backup_dir, until it is whole */
        bool (*stop)(void *arg); /* NULL: nobody stops it */
        void *arg;
        bool is_stopped;
        char name[DB_BACKUP_NAME_BYTES];
        char path[PATH_MAX], part[PATH_MAX];
};

static void cleanup_sqlite(sqlite3 **handle)
{
        sqlite3_close(*handle);
}

static void cleanup_statement(sqlite3_stmt **statement)
{
        sqlite3_finalize(*statement);
}

static void cleanup_conn(struct db_conn *conn)
{
        db_conn_close(conn);
}

static bool is_stopped(struct copy *c)
{
        if (c->stop && !c->is_stopped)
                c->is_stopped = c->stop(c->arg);
        return c->is_stopped;
}

static int on_progress(void *arg)
{
        return is_stopped(arg);
}

/* Whether the last failure says nothing of the file, but that there is no memory or no room. */
static bool is_for_want(sqlite3 *handle, struct error *ret)
{
        struct db_conn conn = {.handle = handle, .mode = LEASE_READ, .deadline = DEADLINE_NEVER};
        enum status st = db_conn_error(&conn, sqlite3_extended_errcode(handle), ret);

        return st == STATUS_RESOURCE_EXHAUSTED || st == STATUS_UNAVAILABLE;
}

static enum status copy_failed(const struct copy *c, sqlite3 *handle, struct error *reterr)
{
        struct error error = ERROR_INIT;
        const char *text = sqlite3_errmsg(handle);

        if (c->is_stopped)
                return error_set(reterr, STATUS_CANCELLED, "the backup was stopped");
        if (is_for_want(handle, &error))
                return error_retry(reterr, error.status, error.retry_after_ms,
                                   "cannot back up the database to '%s': %s", c->part, error.text);
        return error_set(reterr, STATUS_FAILED_PRECONDITION,
                         "cannot back up the database to '%s': %s", c->part, text);
}

/* The same of a system call. */
static enum status call_failed(const char *verb, const char *path, struct error *reterr)
{
        enum status st = STATUS_FAILED_PRECONDITION;

        if (errno == ENOSPC || errno == EDQUOT)
                st = STATUS_UNAVAILABLE;
        else if (errno == ENOMEM || errno == EMFILE || errno == ENFILE)
                st = STATUS_RESOURCE_EXHAUSTED;
        return error_set(reterr, st, "cannot %s '%s': %s", verb, path, strerror(errno));
}

/* The caller's transaction keeps the source as it is: without one a copy in several steps begins
 * anew whenever somebody writes. */
static enum status copy_pages(struct db_conn *conn, sqlite3 *to, struct copy *c,
                              struct error *reterr)
{
        sqlite3_backup *backup = sqlite3_backup_init(to, "main", conn->handle, "main");
        int rc = SQLITE_OK;

        if (!backup)
                return copy_failed(c, to, reterr);
        while (rc == SQLITE_OK && !is_stopped(c))
                rc = sqlite3_backup_step(backup, STEP_PAGES);
        sqlite3_backup_finish(backup);
        return rc == SQLITE_DONE ? STATUS_OK : copy_failed(c, to, reterr);
}

static enum status check_failed(sqlite3 *handle, struct error *reterr)
{
        struct error error = ERROR_INIT;
        const char *text = sqlite3_errmsg(handle);

        if (!is_for_want(handle, &error))
                return error_set(reterr, STATUS_DATA_LOSS, "integrity check: %s", text);
        if (reterr)
                *reterr = error;
        return error.status;
}

static enum status check_integrity(sqlite3 *handle, struct error *reterr)
{
        CLEANUP(cleanup_statement) sqlite3_stmt *query = NULL;

        if (sqlite3_prepare_v2(handle, "PRAGMA integrity_check(1)", -1, &query, NULL) !=
                    SQLITE_OK ||
            sqlite3_step(query) != SQLITE_ROW)
                return check_failed(handle, reterr);
        const char *answer = (const char *)sqlite3_column_text(query, 0);
        if (answer && strcmp(answer, "ok") == 0)
                return STATUS_OK;
        return error_set(reterr, STATUS_DATA_LOSS, "integrity check: %s",
                         answer ? answer : "no answer");
}

/* One file that stands by itself, without a log beside it. */
static enum status check_copy(sqlite3 *handle, struct copy *c, struct error *reterr)
{
        if (sqlite3_exec(handle, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK)
                return copy_failed(c, handle, reterr);
        sqlite3_progress_handler(handle, STEP_MACHINE, on_progress, c);
        enum status st = check_integrity(handle, reterr);
        return c->is_stopped ? copy_failed(c, handle, reterr) : st;
}

static enum status make_copy(struct db_conn *conn, struct copy *c, struct error *reterr)
{
        CLEANUP(cleanup_sqlite) sqlite3 *to = NULL;

        if (sqlite3_open_v2(c->part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                            c->db->vfs) != SQLITE_OK)
                return copy_failed(c, to, reterr);

        enum status st = copy_pages(conn, to, c, reterr);
        return st == STATUS_OK ? check_copy(to, c, reterr) : st;
}

static enum status sync_path(const char *path, struct error *reterr)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) != 0)
                return call_failed("sync", path, reterr);
        return STATUS_OK;
}

/* Creates it, empty and for nobody else to read. */
static enum status create_private(const char *path, struct error *reterr)
{
        unlink(path); /* left by an attempt that did not end */
        AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return call_failed("back up the database to", path, reterr);
        return STATUS_OK;
}

/* "DIR/socializer.db.v3.20261123T101112.123Z.backup", and the name it has until it is whole. */
static enum status name_copy(struct copy *c, struct error *reterr)
{
        const char *slash = strrchr(c->db->path, '/');
        char moment[32];

        clock_format_basic(clock_wall_ms(), moment, sizeof(moment));
        int n = snprintf(c->name, sizeof(c->name), "%s.v%d.%s.backup",
                         slash ? slash + 1 : c->db->path, c->version, moment);
        int n_path = snprintf(c->path, sizeof(c->path), "%s/%s", c->db->backup_dir, c->name);
        int n_part = snprintf(c->part, sizeof(c->part), "%s/%s", c->db->backup_dir, c->part_name);
        if (n < 0 || (size_t)n >= sizeof(c->name) || n_path < 0 ||
            (size_t)n_path >= sizeof(c->path) || n_part < 0 || (size_t)n_part >= sizeof(c->part))
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the name of the backup folder is too long");
        return STATUS_OK;
}

static enum status back_up(struct db_conn *conn, struct copy *c, struct error *reterr)
{
        enum status st = name_copy(c, reterr);

        if (st != STATUS_OK)
                return st;
        if (mkdir(c->db->backup_dir, 0700) != 0 && errno != EEXIST)
                return call_failed("create the backup folder", c->db->backup_dir, reterr);
        st = create_private(c->part, reterr);
        if (st == STATUS_OK)
                st = make_copy(conn, c, reterr);
        if (st == STATUS_OK)
                st = sync_path(c->part, reterr);
        if (st == STATUS_OK && rename(c->part, c->path) != 0)
                st = call_failed("rename to", c->path, reterr);
        if (st == STATUS_OK)
                return sync_path(c->db->backup_dir, reterr);
        unlink(c->part);
        return st;
}

enum status db_backup(struct db_conn *conn, int version, struct error *reterr)
{
        struct copy c = {.db = conn->db, .version = version, .part_name = "upgrade.part"};
        enum status st = db_conn_exec(conn, "BEGIN", reterr);

        if (st != STATUS_OK)
                return st;
        st = back_up(conn, &c, reterr);
        sqlite3_exec(conn->handle, "ROLLBACK", NULL, NULL, NULL);
        return st;
}

enum status db_make_backup(struct db *db, bool (*stop)(void *arg), void *arg,
                           char ret_name[static DB_BACKUP_NAME_BYTES], struct error *reterr)
{
        CLEANUP(cleanup_conn) struct db_conn conn = {0};
        struct copy c = {.db = db,
                         .version = db->version,
                         .part_name = "backup.part",
                         .stop = stop,
                         .arg = arg};

        if (pthread_mutex_trylock(&db->backup_lock) != 0)
                return error_set(reterr, STATUS_ABORTED, "another backup is being made");
        enum status st = db_conn_open(&conn, db, -1, LEASE_READ, db->vfs, reterr);
        if (st == STATUS_OK)
                st = db_conn_exec(&conn, "BEGIN", reterr);
        if (st == STATUS_OK)
                st = back_up(&conn, &c, reterr);
        if (st == STATUS_OK)
                memcpy(ret_name, c.name, sizeof(c.name));
        pthread_mutex_unlock(&db->backup_lock);
        return st;
}

char *db_backup_path(const struct db *db, const char *name)
{
        char *path;

        return asprintf(&path, "%s/%s", db->backup_dir, name) < 0 ? NULL : path;
}

/* --- a file that somebody brings --- */

static enum status read_version(sqlite3 *handle, const char *path, int *ret, struct error *reterr)
{
        CLEANUP(cleanup_statement) sqlite3_stmt *query = NULL;

        if (sqlite3_prepare_v2(handle, "PRAGMA user_version", -1, &query, NULL) != SQLITE_OK ||
            sqlite3_step(query) != SQLITE_ROW)
                return error_set(reterr, STATUS_DATA_LOSS, "'%s' is no database: %s", path,
                                 sqlite3_errmsg(handle));
        *ret = sqlite3_column_int(query, 0);
        return STATUS_OK;
}

enum status db_check_file(const struct db_options *options, int *ret_version, struct error *reterr)
{
        CLEANUP(cleanup_sqlite) sqlite3 *handle = NULL;
        int version = 0, newest = options->migrations[options->n_migrations - 1].version;

        if (sqlite3_open_v2(options->path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                            options->vfs) != SQLITE_OK)
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot open '%s': %s",
                                 options->path, sqlite3_errmsg(handle));
        enum status st = read_version(handle, options->path, &version, reterr);
        if (st != STATUS_OK)
                return st;
        if (version > newest)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "it is of schema %d, and this program knows %d: install a newer "
                                 "socializerd",
                                 version, newest);
        if (version == 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "it is no database of socializerd");
        st = check_integrity(handle, reterr);
        if (st == STATUS_OK)
                *ret_version = version;
        return st;
}
