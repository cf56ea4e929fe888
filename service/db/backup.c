/* A copy of the database before its schema changes.
 *
 * It is made under another name, checked and made durable, and only then gets its own: what bears
 * that name is whole. */
#include "service/db/db_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void cleanup_sqlite(sqlite3 **handle)
{
        sqlite3_close(*handle);
}

static void cleanup_statement(sqlite3_stmt **statement)
{
        sqlite3_finalize(*statement);
}

static enum status copy_failed(sqlite3 *copy, const char *path, struct error *reterr)
{
        return error_set(reterr, STATUS_FAILED_PRECONDITION,
                         "cannot back up the database to '%s': %s", path, sqlite3_errmsg(copy));
}

/* All pages in one step: a copy in several starts anew whenever somebody writes. */
static enum status copy_pages(struct db_conn *conn, sqlite3 *copy, const char *path,
                              struct error *reterr)
{
        sqlite3_backup *backup = sqlite3_backup_init(copy, "main", conn->handle, "main");

        if (!backup)
                return copy_failed(copy, path, reterr);
        int rc = sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
        return rc == SQLITE_DONE ? STATUS_OK : copy_failed(copy, path, reterr);
}

/* One file that stands by itself, without a log beside it. */
static enum status check(sqlite3 *copy, const char *path, struct error *reterr)
{
        CLEANUP(cleanup_statement) sqlite3_stmt *query = NULL;

        if (sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_prepare_v2(copy, "PRAGMA integrity_check", -1, &query, NULL) != SQLITE_OK ||
            sqlite3_step(query) != SQLITE_ROW)
                return copy_failed(copy, path, reterr);

        const char *answer = (const char *)sqlite3_column_text(query, 0);
        if (answer && strcmp(answer, "ok") == 0)
                return STATUS_OK;
        return error_set(reterr, STATUS_DATA_LOSS, "integrity check: %s",
                         answer ? answer : "no answer");
}

static enum status make_copy(struct db_conn *conn, const char *vfs, const char *path,
                             struct error *reterr)
{
        CLEANUP(cleanup_sqlite) sqlite3 *copy = NULL;

        if (sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs) !=
            SQLITE_OK)
                return copy_failed(copy, path, reterr);

        enum status st = copy_pages(conn, copy, path, reterr);
        return st == STATUS_OK ? check(copy, path, reterr) : st;
}

static enum status sync_path(const char *path, struct error *reterr)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) != 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot sync '%s': %s", path,
                                 strerror(errno));
        return STATUS_OK;
}

/* Creates it, empty and for nobody else to read. */
static enum status create_private(const char *path, struct error *reterr)
{
        unlink(path); /* left by an attempt that did not end */
        AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "cannot back up the database to '%s': %s", path, strerror(errno));
        return STATUS_OK;
}

/* "DIR/socializer.db.v3.20261123T101112.123Z.backup", and the name it has until it is whole. */
static enum status name_copy(const struct db_options *options, int version, char *ret,
                             char *ret_part, size_t size, struct error *reterr)
{
        const char *slash = strrchr(options->path, '/');
        int64_t now_ms = clock_wall_ms();
        time_t seconds = (time_t)(now_ms / 1000);
        char moment[32];
        struct tm utc;

        gmtime_r(&seconds, &utc);
        strftime(moment, sizeof(moment), "%Y%m%dT%H%M%S", &utc);
        int n = snprintf(ret, size, "%s/%s.v%d.%s.%03dZ.backup", options->backup_dir,
                         slash ? slash + 1 : options->path, version, moment, (int)(now_ms % 1000));
        int n_part = snprintf(ret_part, size, "%s/upgrade.part", options->backup_dir);
        if (n < 0 || (size_t)n >= size || n_part < 0 || (size_t)n_part >= size)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the name of the backup folder is too long");
        return STATUS_OK;
}

enum status db_backup(struct db_conn *conn, const struct db_options *options, int version,
                      struct error *reterr)
{
        char path[PATH_MAX], part[PATH_MAX];
        enum status st = name_copy(options, version, path, part, sizeof(path), reterr);

        if (st != STATUS_OK)
                return st;
        if (mkdir(options->backup_dir, 0700) != 0 && errno != EEXIST)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "cannot create the backup folder '%s': %s", options->backup_dir,
                                 strerror(errno));
        st = create_private(part, reterr);
        if (st == STATUS_OK)
                st = make_copy(conn, options->vfs, part, reterr);
        if (st == STATUS_OK)
                st = sync_path(part, reterr);
        if (st == STATUS_OK && rename(part, path) != 0)
                st = error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot rename to '%s': %s",
                               path, strerror(errno));
        if (st == STATUS_OK)
                return sync_path(options->backup_dir, reterr);
        unlink(part);
        return st;
}
