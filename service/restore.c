#include "service/restore.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sha256.h"
#include "service/auth/vault.h"
#include "service/db/db.h"
#include "service/store/schema.h"
#include "service/store/session.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES 65536

struct restoring {
        const char *file;
        int from; /* the file, opened by who called */
        char checksum[SHA256_CHARS + 1]; /* of FILE.sha256; "" = there is none */
        char database[PATH_MAX]; /* DATA_DIR/socializer.db */
        char stage[PATH_MAX]; /* beside it, until it is ready */
        char backups[PATH_MAX];
        char aside[PATH_MAX]; /* where what was there goes */
        int version; /* of the file */
        int64_t n_sessions;
};

static enum status failed(const char *what, const char *path, struct error *reterr)
{
        return error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot %s '%s': %s", what, path,
                         strerror(errno));
}

static enum status name_files(struct restoring *r, const char *data_dir, struct error *reterr)
{
        char moment[32];

        clock_format_basic(clock_wall_ms(), moment, sizeof(moment));
        if (strlen(data_dir) > PATH_MAX - 100)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the name of the data folder is too long");
        snprintf(r->database, sizeof(r->database), "%s/socializer.db", data_dir);
        snprintf(r->stage, sizeof(r->stage), "%s/socializer.db.restore", data_dir);
        snprintf(r->backups, sizeof(r->backups), "%s/backups", data_dir);
        snprintf(r->aside, sizeof(r->aside), "%s/backups/replaced-%s", data_dir, moment);
        return STATUS_OK;
}

/* Files that root makes would be none of the service's, whose user may have a number only
 * (DynamicUser=). So root becomes that user, for good. */
static enum status become_owner(const char *data_dir, struct error *reterr)
{
        struct stat info;

        if (stat(data_dir, &info) != 0)
                return failed("look at", data_dir, reterr);
        if (info.st_uid == geteuid())
                return STATUS_OK;
        if (geteuid() == 0) {
                if (setgroups(0, NULL) == 0 && setgid(info.st_gid) == 0 && setuid(info.st_uid) == 0)
                        return STATUS_OK;
                return failed("become the owner of", data_dir, reterr);
        }
        return error_set(reterr, STATUS_FAILED_PRECONDITION,
                         "'%s' belongs to another user: restore as that one (number %u)", data_dir,
                         (unsigned)info.st_uid);
}

/* --- the file --- */

/* The hash that is in FILE.sha256; "" where there is none. */
static enum status read_checksum(const char *file, char ret[static SHA256_CHARS + 1],
                                 struct error *reterr)
{
        char path[PATH_MAX];

        *ret = '\0';
        snprintf(path, sizeof(path), "%s.sha256", file);
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return STATUS_OK;
        ssize_t n = fd < 0 ? -1 : read(fd, ret, SHA256_CHARS);
        if (n < 0)
                return failed("read", path, reterr);
        ret[n] = '\0';
        if (strspn(ret, "0123456789abcdef") != SHA256_CHARS)
                return error_set(reterr, STATUS_DATA_LOSS, "'%s' has no SHA-256 in it", path);
        return STATUS_OK;
}

static enum status copy_block(int from, int to, crypto_hash_sha256_state *state, uint8_t *block,
                              ssize_t *ret_n)
{
        ssize_t n = read(from, block, BLOCK_BYTES);

        *ret_n = n;
        if (n <= 0)
                return n < 0 ? STATUS_FAILED_PRECONDITION : STATUS_OK;
        crypto_hash_sha256_update(state, block, (size_t)n);
        for (ssize_t done = 0; done < n;) {
                ssize_t written = write(to, block + done, (size_t)(n - done));

                if (written < 0)
                        return STATUS_FAILED_PRECONDITION;
                done += written;
        }
        return STATUS_OK;
}

static enum status copy_file(const struct restoring *r, char ret_sha256[static SHA256_CHARS + 1],
                             struct error *reterr)
{
        uint8_t block[BLOCK_BYTES];
        crypto_hash_sha256_state state;
        ssize_t n = -1;
        enum status st = STATUS_OK;

        unlink(r->stage);
        AUTO_CLOSE int to = open(r->stage, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (to < 0)
                return failed("write", r->stage, reterr);
        crypto_hash_sha256_init(&state);
        while (st == STATUS_OK && n != 0)
                st = copy_block(r->from, to, &state, block, &n);
        if (st != STATUS_OK)
                return failed("copy to", r->stage, reterr);
        sha256_final_hex(&state, ret_sha256);
        return STATUS_OK;
}

static enum status take_file(const struct restoring *r, struct error *reterr)
{
        const char *want = r->checksum;
        char got[SHA256_CHARS + 1];
        enum status st = copy_file(r, got, reterr);

        if (st != STATUS_OK)
                return st;
        if (*want && strcmp(want, got) != 0)
                return error_set(reterr, STATUS_DATA_LOSS,
                                 "'%s' is not what it was: it does not fit %s.sha256", r->file,
                                 r->file);
        if (!*want)
                LOG(WARNING, "there is no checksum beside the backup", LOG_STR("file", r->file));
        return STATUS_OK;
}

/* --- the database that it becomes --- */

struct ending {
        struct db *db;
        int64_t n_sessions;
};

static enum status end_sessions(void *arg, struct error *reterr)
{
        struct ending *ending = arg;
        LEASE(lease, ending->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = session_delete_all(&lease, &ending->n_sessions, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void db_closep(struct db **db)
{
        db_close(*db);
}

static enum status make_ready(struct restoring *r, const char *data_dir, struct error *reterr)
{
        const struct db_options options = {
                .path = r->stage,
                .backup_dir = r->backups,
                .migrations = store_migrations,
                .n_migrations = store_n_migrations,
                .n_readers = 1,
        };
        CLEANUP(db_closep) struct db *db = NULL;
        struct error error = ERROR_INIT;
        enum status st = db_check_file(&options, &r->version, &error);

        if (st != STATUS_OK)
                return error_set(reterr, st, "'%s' cannot be restored: %s", r->file, error.text);
        st = db_open(&options, &db, reterr);
        if (st == STATUS_OK)
                st = vault_check(data_dir, db, reterr);
        if (st != STATUS_OK)
                return st;
        struct ending ending = {.db = db};
        st = db_write(db, end_sessions, &ending, DEADLINE_NEVER, reterr);
        r->n_sessions = ending.n_sessions;
        return st;
}

/* --- the last step --- */

static enum status sync_folder(const char *path, struct error *reterr)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 && fsync(fd) == 0 ? STATUS_OK : failed("sync", path, reterr);
}

/* Keeps a file of the old database. The database itself stays until the new one takes its name. */
static enum status set_aside(const struct restoring *r, const char *ending, bool moves,
                             struct error *reterr)
{
        char from[PATH_MAX + 8], to[PATH_MAX + 32];

        snprintf(from, sizeof(from), "%s%s", r->database, ending);
        snprintf(to, sizeof(to), "%s/socializer.db%s", r->aside, ending);
        if ((moves ? rename(from, to) : link(from, to)) == 0 || errno == ENOENT)
                return STATUS_OK;
        return failed("keep", from, reterr);
}

static enum status keep_old(const struct restoring *r, struct error *reterr)
{
        if ((mkdir(r->backups, 0700) != 0 && errno != EEXIST) || mkdir(r->aside, 0700) != 0)
                return failed("make", r->aside, reterr);
        return set_aside(r, "", false, reterr);
}

/* The log of the old database must not meet the new one. From its leaving to the end an
 * interruption leaves the stage, by which the next start knows. */
static enum status put_in_place(const struct restoring *r, const char *data_dir,
                                struct error *reterr)
{
        char shm[PATH_MAX + 8];

        snprintf(shm, sizeof(shm), "%s-shm", r->database);
        enum status st = set_aside(r, "-wal", true, reterr);
        if (st == STATUS_OK)
                st = sync_folder(r->aside, reterr);
        if (st != STATUS_OK)
                return st;
        unlink(shm);
        if (rename(r->stage, r->database) != 0)
                return failed("rename", r->stage, reterr);
        return sync_folder(data_dir, reterr);
}

static void forget_stage(const struct restoring *r)
{
        static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
        char path[PATH_MAX + 8];

        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                snprintf(path, sizeof(path), "%s%s", r->stage, endings[i]);
                unlink(path);
        }
}

enum status restore(const char *data_dir, const char *file, struct error *reterr)
{
        AUTO_CLOSE int lock = -1;
        AUTO_CLOSE int from = open(file, O_RDONLY | O_CLOEXEC);
        struct restoring r = {.file = file, .from = from};

        if (from < 0)
                return failed("read", file, reterr);
        enum status st = read_checksum(file, r.checksum, reterr);
        if (st == STATUS_OK)
                st = become_owner(data_dir, reterr);
        if (st == STATUS_OK)
                st = name_files(&r, data_dir, reterr);
        if (st == STATUS_OK)
                st = db_lock(r.database, &lock, reterr);
        if (st != STATUS_OK)
                return st;
        st = take_file(&r, reterr);
        if (st == STATUS_OK)
                st = make_ready(&r, data_dir, reterr);
        if (st == STATUS_OK)
                st = keep_old(&r, reterr);
        /* From here on the stage says how far it came. */
        bool is_ready = st == STATUS_OK;
        if (is_ready)
                st = put_in_place(&r, data_dir, reterr);
        if (!is_ready || st == STATUS_OK)
                forget_stage(&r);
        if (st == STATUS_OK)
                printf("restored %s (schema %d); what was there is in %s\n"
                       "%lld sessions have ended: everybody signs in again\n",
                       file, r.version, r.aside, (long long)r.n_sessions);
        return st;
}

enum status restore_check(const char *data_dir, struct error *reterr)
{
        AUTO_FREE char *path = NULL;

        if (asprintf(&path, "%s/socializer.db.restore", data_dir) < 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        if (access(path, F_OK) != 0)
                return STATUS_OK;
        return error_set(reterr, STATUS_FAILED_PRECONDITION,
                         "a restore was interrupted: run it again, or remove '%s' to go on with "
                         "what is there",
                         path);
}
