#include "service/auth/keyfile.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status keyfile_path(const char *dir, const char *name, char ret[static PATH_MAX],
                         struct error *reterr)
{
        int n = snprintf(ret, PATH_MAX, "%s/%s", dir, name);

        if (n < 0 || n >= PATH_MAX)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "the name of the data folder is too long");
        return STATUS_OK;
}

bool keyfile_exists(const char *path)
{
        return access(path, F_OK) == 0 || errno != ENOENT;
}

static enum status failed(const char *path, const char *verb, struct error *reterr)
{
        return error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot %s %s: %s", verb, path,
                         strerror(errno));
}

/* So that a new name in the folder survives a power cut. */
static enum status sync_dir(const char *path, struct error *reterr)
{
        char dir[PATH_MAX];

        memcpy(dir, path, strlen(path) + 1);
        *strrchr(dir, '/') = '\0';
        AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0)
                return failed(path, "write", reterr);
        return STATUS_OK;
}

/* A new file beside its final place, whole and on disk; ret_temp is its name. That is always the
 * same one, so that what a crash has left there does not stay: nobody else writes in this folder.
 */
static enum status write_temp(const char *path, const void *data, size_t n,
                              char ret_temp[static PATH_MAX], struct error *reterr)
{
        char temp[PATH_MAX];
        int length = snprintf(temp, sizeof(temp), "%s.new", path);

        if (length < 0 || (size_t)length >= sizeof(temp))
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "the name of the data folder is too long");
        if (unlink(temp) != 0 && errno != ENOENT)
                return failed(path, "create", reterr);
        AUTO_CLOSE int fd =
                open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (fd < 0)
                return failed(path, "create", reterr);
        if (write(fd, data, n) != (ssize_t)n || fsync(fd) != 0) {
                enum status st = failed(path, "write", reterr);

                unlink(temp);
                return st;
        }
        memcpy(ret_temp, temp, sizeof(temp));
        return STATUS_OK;
}

enum status keyfile_create(const char *path, const void *data, size_t n, struct error *reterr)
{
        char temp[PATH_MAX];
        enum status st = write_temp(path, data, n, temp, reterr);

        if (st != STATUS_OK)
                return st;
        /* A link never replaces a file that is there, and never shows half of one. */
        if (link(temp, path) != 0 && errno != EEXIST)
                st = failed(path, "create", reterr);
        unlink(temp);
        return st == STATUS_OK ? sync_dir(path, reterr) : st;
}

enum status keyfile_replace(const char *path, const void *data, size_t n, struct error *reterr)
{
        char temp[PATH_MAX];
        enum status st = write_temp(path, data, n, temp, reterr);

        if (st != STATUS_OK)
                return st;
        if (rename(temp, path) != 0) {
                st = failed(path, "replace", reterr);
                unlink(temp);
                return st;
        }
        return sync_dir(path, reterr);
}

enum status keyfile_read(const char *path, void *ret, size_t room, size_t *ret_n,
                         struct error *reterr)
{
        struct stat info;
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
                return failed(path, "open", reterr);
        if (fstat(fd, &info) != 0)
                return failed(path, "read", reterr);
        if (!S_ISREG(info.st_mode))
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "%s is no file", path);
        if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "others may read %s; run chmod 600 on it, and make a new one if "
                                 "somebody did",
                                 path);
        ssize_t n = read(fd, ret, room);
        if (n < 0)
                return failed(path, "read", reterr);
        *ret_n = (size_t)n;
        return STATUS_OK;
}
