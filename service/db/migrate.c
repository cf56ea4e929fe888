/* Bringing the schema up to this program's version. The file says in its header (user_version)
 * which step it has come to. */
#include "common/log.h"
#include "service/db/db_internal.h"

#include <inttypes.h>
#include <stdio.h>

static int newest_version(const struct db_options *options)
{
        return options->n_migrations > 0 ? options->migrations[options->n_migrations - 1].version
                                         : 0;
}

/* Whether the file is ours to upgrade. */
static enum status check_version(struct db_conn *conn, const struct db_options *options,
                                 int64_t version, struct error *reterr)
{
        int64_t n_objects = 0;

        if (version > newest_version(options))
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the database is at schema %" PRId64 ", this program knows %d: "
                                 "install a newer socializerd or restore a backup",
                                 version, newest_version(options));
        if (version != 0)
                return STATUS_OK;

        enum status st =
                db_conn_query_int(conn, "SELECT count(*) FROM sqlite_schema", &n_objects, reterr);
        if (st == STATUS_OK && n_objects > 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "'%s' is the database of some other program", options->path);
        return st;
}

static enum status apply_step(struct db_conn *conn, const struct db_migration *step,
                              struct error *reterr)
{
        char set_version[64];
        struct error error = ERROR_INIT;
        enum status st = db_conn_exec(conn, step->sql, &error);

        if (st != STATUS_OK) {
                error_set(reterr, st, "schema step %d: %s", step->version, error.text);
                return st;
        }
        snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", step->version);
        return db_conn_exec(conn, set_version, reterr);
}

/* A step may rebuild tables that others refer to, which is why foreign keys are off meanwhile and
 * looked at once, in the end. */
static enum status check_references(struct db_conn *conn, struct error *reterr)
{
        int64_t ignored;
        enum status st = db_conn_query_int(
                conn, "SELECT count(*) FROM pragma_foreign_key_check HAVING count(*) > 0", &ignored,
                reterr);

        if (st == STATUS_NOT_FOUND)
                return STATUS_OK;
        return st != STATUS_OK ? st
                               : error_set(reterr, STATUS_INTERNAL,
                                           "after the upgrade rows would refer to missing ones");
}

static enum status apply_steps(struct db_conn *conn, const struct db_options *options,
                               int64_t version, struct error *reterr)
{
        enum status st = db_conn_exec(conn, "BEGIN IMMEDIATE", reterr);

        for (size_t i = 0; st == STATUS_OK && i < options->n_migrations; i++)
                if (options->migrations[i].version > version)
                        st = apply_step(conn, &options->migrations[i], reterr);
        if (st == STATUS_OK)
                st = check_references(conn, reterr);
        if (st == STATUS_OK)
                st = db_conn_exec(conn, "COMMIT", reterr);
        /* ROLLBACK leaves the transaction whatever it returns. */
        if (st != STATUS_OK && !sqlite3_get_autocommit(conn->handle))
                sqlite3_exec(conn->handle, "ROLLBACK", NULL, NULL, NULL);
        return st;
}

/* Files of the first releases cannot give back space. Where there is no room to write the file anew
 * it stays as it is, and works as before. */
static void allow_shrinking(struct db_conn *conn)
{
        int64_t mode = 0;
        struct error error = ERROR_INIT;
        enum status st = db_conn_query_int(conn, "PRAGMA auto_vacuum", &mode, &error);

        if (st == STATUS_OK && mode == 0) {
                /* VACUUM attaches the file that it writes. */
                int limit = sqlite3_limit(conn->handle, SQLITE_LIMIT_ATTACHED, 1);

                st = db_conn_exec(conn, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM", &error);
                sqlite3_limit(conn->handle, SQLITE_LIMIT_ATTACHED, limit);
        }
        if (st != STATUS_OK)
                LOG(WARNING, "the database file will not shrink", LOG_STR("error", error.text));
}

static enum status upgrade(struct db_conn *conn, const struct db_options *options, int64_t version,
                           struct error *reterr)
{
        enum status st = STATUS_OK;

        if (version > 0)
                st = db_backup(conn, (int)version, reterr);
        if (st == STATUS_OK)
                st = db_conn_exec(conn, "PRAGMA foreign_keys = OFF", reterr);
        if (st == STATUS_OK)
                st = apply_steps(conn, options, version, reterr);
        if (st == STATUS_OK)
                st = db_conn_exec(conn, "PRAGMA foreign_keys = ON", reterr);
        if (st == STATUS_OK && version > 0)
                allow_shrinking(conn);
        return st;
}

enum status db_migrate(struct db *db, const struct db_options *options, struct error *reterr)
{
        struct db_conn *conn = &db->writer.conn;
        int64_t version = 0;
        enum status st = db_conn_query_int(conn, "PRAGMA user_version", &version, reterr);

        if (st == STATUS_OK)
                st = check_version(conn, options, version, reterr);
        if (st != STATUS_OK)
                return st;
        db->version = (int)version;
        if (version < newest_version(options) && !options->check_only) {
                st = upgrade(conn, options, version, reterr);
                if (st != STATUS_OK)
                        return st;
                LOG(INFO, "the database schema is upgraded", LOG_INT("from", version),
                    LOG_INT("to", newest_version(options)));
                db->version = newest_version(options);
        }
        return STATUS_OK;
}
