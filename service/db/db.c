/* Opening and closing the database. */
#include "service/db/db_internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static enum status cannot(struct error *reterr, const char *what, const char *path)
{
        return error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot %s '%s': %s", what, path,
                         strerror(errno));
}

/* One process has the database. Its lock is on a file of its own, because SQLite's locks on the
 * database are lost when any descriptor of that file is closed. The lock file stays: to remove it
 * would let two processes each lock "the" file. */
enum status db_lock(const char *path, int *ret_fd, struct error *reterr)
{
        char lock_path[PATH_MAX];
        int n = snprintf(lock_path, sizeof(lock_path), "%s.lock", path);

        if (n < 0 || (size_t)n >= sizeof(lock_path))
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the name of the database file is too long");
        int fd = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return cannot(reterr, "open", lock_path);
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                *ret_fd = fd;
                return STATUS_OK;
        }
        int reason = errno;
        close(fd);
        errno = reason;
        if (errno != EWOULDBLOCK)
                return cannot(reterr, "lock", lock_path);
        return error_set(reterr, STATUS_FAILED_PRECONDITION,
                         "another socializerd uses the database '%s': stop it first, or choose "
                         "another data folder",
                         path);
}

/* Creates the file with its mode, before SQLite opens it: while we have the lock and no connection,
 * there are no locks of SQLite's to lose by closing it. */
static enum status make_private_file(const char *path, struct error *reterr)
{
        AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        struct stat info;

        if (fd >= 0)
                return STATUS_OK;
        if (errno != EEXIST)
                return cannot(reterr, "create", path);
        if (stat(path, &info) != 0)
                return cannot(reterr, "open", path);
        if (!S_ISREG(info.st_mode))
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "'%s' is no file", path);
        if ((info.st_mode & 0077) != 0 && chmod(path, 0600) != 0)
                return cannot(reterr, "keep others from reading", path);
        if (access(path, R_OK | W_OK) != 0)
                return cannot(reterr, "write to", path);
        return STATUS_OK;
}

static uint64_t limit_ns(uint32_t ms)
{
        return ms ? (uint64_t)ms * 1000000 : UINT64_MAX;
}

static struct db *db_new(const struct db_options *options)
{
        struct db *db = calloc(1, sizeof(*db));

        if (!db)
                return NULL;
        db->lock_fd = -1;
        db->slow_query_ns = limit_ns(options->slow_query_ms);
        db->long_lease_ns = limit_ns(options->long_lease_ms);
        db->cache_kib = options->cache_kib ? options->cache_kib : DB_DEFAULT_CACHE_KIB;
        pthread_mutex_init(&db->pool.lock, NULL);
        pthread_mutex_init(&db->writer.lock, NULL);
        pthread_cond_init(&db->writer.not_empty, NULL);
        pthread_cond_init(&db->settler.changed, NULL);
        pthread_mutex_init(&db->backup_lock, NULL);
        pthread_mutex_init(&db->watcher.lock, NULL);
        clock_cond_init(&db->watcher.wake);
        db->path = strdup(options->path);
        db->backup_dir = strdup(options->backup_dir ? options->backup_dir : "");
        db->vfs = options->vfs;
        db->pool.conns = calloc(options->n_readers, sizeof(*db->pool.conns));
        if (!db->path || !db->backup_dir || !db->pool.conns)
                return db_close(db);
        return db;
}

/* What the text of an error does not say: which file, and what to do about it. */
static enum status explain(const struct db_options *options, const struct error *error,
                           struct error *reterr)
{
        if (error->status == STATUS_DATA_LOSS)
                return error_set(reterr, STATUS_DATA_LOSS,
                                 "'%s' is no database or a damaged one (%.80s): move it away and "
                                 "restore a backup",
                                 options->path, error->text);
        if (error->status == STATUS_INTERNAL)
                return error_set(reterr, STATUS_INTERNAL, "cannot open '%s': %s", options->path,
                                 error->text);
        if (reterr)
                *reterr = *error;
        return error->status;
}

static enum status open_writer(struct db *db, const struct db_options *options,
                               struct error *reterr)
{
        enum status st = db_conn_open(&db->writer.conn, db, (int)options->n_readers, LEASE_WRITE,
                                      options->vfs, reterr);

        if (st == STATUS_OK)
                st = db_migrate(db, options, reterr);
        if (st != STATUS_OK)
                return st;
        db_wal_watch(db);
        /* What the last run left in the log. */
        db_wal_checkpoint_all(db);
        /* From now on the settler sees to it that commits are on disk. */
        return db_conn_exec(&db->writer.conn, "PRAGMA synchronous = NORMAL", reterr);
}

static enum status open_readers(struct db *db, const struct db_options *options,
                                struct error *reterr)
{
        enum status st = STATUS_OK;

        for (unsigned i = 0; st == STATUS_OK && i < options->n_readers; i++) {
                struct db_conn *conn = &db->pool.conns[i];

                db->pool.n_conns++;
                db->pool.n_free++;
                conn->free = true;
                st = db_conn_open(conn, db, (int)i, LEASE_READ, options->vfs, reterr);
        }
        return st;
}

static void db_closep(struct db **db)
{
        db_close(*db);
}

static enum status open_all(struct db *db, const struct db_options *options, struct error *reterr)
{
        struct error error = ERROR_INIT;
        enum status st = open_writer(db, options, &error);

        if (st == STATUS_OK)
                st = open_readers(db, options, &error);
        if (st == STATUS_OK)
                st = db_settler_open(db, options->vfs, &error);
        if (st == STATUS_OK)
                st = db_settler_start(db, &error);
        if (st == STATUS_OK)
                st = db_writer_start(db, options->max_waiting_writes, &error);
        if (st == STATUS_OK)
                st = db_watcher_start(db, &error);
        return st == STATUS_OK ? st : explain(options, &error, reterr);
}

enum status db_open(const struct db_options *options, struct db **ret, struct error *reterr)
{
        enum status st;

        if (options->n_readers == 0)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "want at least one reader");
        CLEANUP(db_closep) struct db *db = db_new(options);
        if (!db)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");

        st = db_lock(db->path, &db->lock_fd, reterr);
        if (st == STATUS_OK)
                st = make_private_file(db->path, reterr);
        if (st == STATUS_OK)
                st = open_all(db, options, reterr);
        if (st == STATUS_OK)
                *ret = TAKE(db);
        return st;
}

struct db *db_close(struct db *db)
{
        bool was_open;

        if (!db)
                return NULL;
        assert(db->pool.n_free == db->pool.n_conns && db->pool.n_waiting == 0);
        db_watcher_stop(db);
        was_open = db->writer.started;
        db_writer_stop(db);
        db_settler_stop(db);
        for (unsigned i = 0; i < db->pool.n_conns; i++)
                db_conn_close(&db->pool.conns[i]);
        if (was_open)
                db_wal_checkpoint_all(db);
        db_conn_close(&db->writer.conn);
        if (db->lock_fd >= 0)
                close(db->lock_fd);
        pthread_cond_destroy(&db->settler.changed);
        pthread_cond_destroy(&db->writer.not_empty);
        pthread_mutex_destroy(&db->writer.lock);
        pthread_mutex_destroy(&db->pool.lock);
        pthread_mutex_destroy(&db->backup_lock);
        pthread_cond_destroy(&db->watcher.wake);
        pthread_mutex_destroy(&db->watcher.lock);
        free(db->pool.conns);
        free(db->backup_dir);
        free(db->path);
        free(db);
        return NULL;
}

int db_schema_version(const struct db *db)
{
        return db->version;
}
