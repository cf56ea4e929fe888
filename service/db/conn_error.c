/* The one place where SQLite's result codes become ours. */
#include "service/db/db_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* From "UNIQUE constraint failed: account.username_key" the column, as people know it: "username".
 * Of an index over several columns the last one is what tells the rows apart. An index over an
 * expression has no column: "index 'name'". */
static void unique_column(const char *message, char *ret, size_t size)
{
        static const char key_suffix[] = "_key";
        const char *dot = strrchr(message, '.');
        size_t n;

        snprintf(ret, size, "%s", dot ? dot + 1 : "");
        n = strlen(ret);
        if (n > strlen(key_suffix) && strcmp(ret + n - strlen(key_suffix), key_suffix) == 0)
                ret[n - strlen(key_suffix)] = '\0';
}

static enum status constraint(int rc, const char *message, struct error *ret)
{
        char column[sizeof(ret->field)];

        switch (rc) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
                unique_column(message, column, sizeof(column));
                error_set(ret, STATUS_ALREADY_EXISTS, "this %s is taken",
                          *column ? column : "value");
                snprintf(ret->field, sizeof(ret->field), "%s", column);
                return STATUS_ALREADY_EXISTS;
        case SQLITE_CONSTRAINT_FOREIGNKEY:
                return error_set(ret, STATUS_FAILED_PRECONDITION,
                                 "something that this refers to does not exist, or something still "
                                 "refers to this");
        case SQLITE_CONSTRAINT_CHECK:
                return error_set(ret, STATUS_FAILED_PRECONDITION, "a value is outside its limits");
        case SQLITE_CONSTRAINT_TRIGGER:
                return error_set(ret, STATUS_FAILED_PRECONDITION, "%s", message);
        default:
                return error_set(ret, STATUS_INTERNAL, "%s (SQLite %d)", message, rc);
        }
}

/* What the system said to the last write into the log. */
static int errno_of_log(sqlite3 *handle)
{
        sqlite3_file *log = NULL;
        int error = 0;

        if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
            log && log->pMethods)
                (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
        return error;
}

/* SQLite knows a full disk, but not a quota nor a file that may not grow. */
static bool is_out_of_room(const struct db_conn *conn, int rc)
{
        if (rc != SQLITE_IOERR_WRITE || !conn->handle)
                return rc == SQLITE_FULL;
        int error = errno_of_log(conn->handle);
        return error == EDQUOT || error == EFBIG;
}

static enum status translate(const struct db_conn *conn, int rc, struct error *ret)
{
        const char *message = conn->handle ? sqlite3_errmsg(conn->handle) : sqlite3_errstr(rc);

        if (rc == SQLITE_IOERR_NOMEM)
                rc = SQLITE_NOMEM;
        if (rc == SQLITE_IOERR_CORRUPTFS)
                rc = SQLITE_CORRUPT;
        if (is_out_of_room(conn, rc))
                return error_retry(ret, STATUS_UNAVAILABLE, 1000, "the disk is full");
        switch (rc & 0xff) {
        case SQLITE_CONSTRAINT:
                return constraint(rc, message, ret);
        case SQLITE_BUSY:
        case SQLITE_PROTOCOL: /* lost the race for a lock too often */
                return error_retry(ret, STATUS_UNAVAILABLE, DB_RETRY_MS, "the database is busy");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return error_set(ret, STATUS_DATA_LOSS, "the database file is damaged: %s",
                                 message);
        case SQLITE_INTERRUPT:
                return deadline_passed(conn->deadline)
                               ? error_set(ret, STATUS_DEADLINE_EXCEEDED,
                                           "reading took longer than the time that was left")
                               : error_set(ret, STATUS_CANCELLED, "reading was interrupted");
        case SQLITE_NOMEM:
                return error_set(ret, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        default:
                return error_set(ret, STATUS_INTERNAL, "%s (SQLite %d)", message, rc);
        }
}

enum status db_conn_error(struct db_conn *conn, int rc, struct error *reterr)
{
        struct error error = ERROR_INIT;

        translate(conn, rc, &error);
        if (conn->mode == LEASE_WRITE)
                db_writer_check_group(conn->db, &error);
        if (reterr)
                *reterr = error;
        return error.status;
}
