#include "service/auth/secret.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status path_join(const char *dir, const char *name, char ret[static PATH_MAX],
                             struct error *reterr)
{
        int n = snprintf(ret, PATH_MAX, "%s/%s", dir, name);

        if (n < 0 || n >= PATH_MAX)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "the name of the data folder is too long");
        return STATUS_OK;
}

static enum status failed(const char *path, const char *verb, struct error *reterr)
{
        return error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot %s %s: %s", verb, path,
                         strerror(errno));
}

/* So that a new name in the folder survives a power cut. */
static void sync_dir(const char *dir)
{
        AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0)
                (void)fsync(fd);
}

/* A new file (mode 0600) beside its final place, whole and on disk; ret_temp is its name. */
static enum status write_temp(const char *path, const void *data, size_t n,
                              char ret_temp[static PATH_MAX], struct error *reterr)
{
        char temp[PATH_MAX];
        int length = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);

        if (length < 0 || (size_t)length >= sizeof(temp))
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "the name of the data folder is too long");
        AUTO_CLOSE int fd = mkostemp(temp, O_CLOEXEC);
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

/* Makes the key unless somebody else does so first. */
static enum status create_key(const char *dir, const char *path, struct error *reterr)
{
        uint8_t key[TOKEN_KEY_BYTES];
        char temp[PATH_MAX];

        randombytes_buf(key, sizeof(key));
        enum status st = write_temp(path, key, sizeof(key), temp, reterr);
        sodium_memzero(key, sizeof(key));
        if (st != STATUS_OK)
                return st;
        /* A link never replaces a key that is there, and never shows half of one. */
        if (link(temp, path) != 0 && errno != EEXIST)
                st = failed(path, "create", reterr);
        unlink(temp);
        sync_dir(dir);
        return st;
}

static enum status read_key(int fd, const char *path, uint8_t ret[static TOKEN_KEY_BYTES],
                            struct error *reterr)
{
        struct stat info;
        uint8_t key[TOKEN_KEY_BYTES + 1]; /* one more, to see that there is not */

        if (fstat(fd, &info) != 0)
                return failed(path, "read", reterr);
        if (!S_ISREG(info.st_mode) || info.st_size != TOKEN_KEY_BYTES ||
            read(fd, key, sizeof(key)) != TOKEN_KEY_BYTES)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s is no key of %d bytes; restore it, or remove it and everybody "
                                 "logs in again",
                                 path, TOKEN_KEY_BYTES);
        if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "others may read %s; run chmod 600 on it, or remove it if "
                                 "somebody did",
                                 path);
        memcpy(ret, key, TOKEN_KEY_BYTES);
        sodium_memzero(key, sizeof(key));
        return STATUS_OK;
}

enum status secret_load_key(const char *data_dir, uint8_t ret[static TOKEN_KEY_BYTES],
                            struct error *reterr)
{
        char path[PATH_MAX];
        enum status st = path_join(data_dir, "token.key", path, reterr);

        if (st == STATUS_OK && access(path, F_OK) != 0 && errno == ENOENT)
                st = create_key(data_dir, path, reterr);
        if (st != STATUS_OK)
                return st;
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return failed(path, "open", reterr);
        return read_key(fd, path, ret, reterr);
}

enum status secret_write_operator(const char *data_dir, char ret[static SECRET_OPERATOR_BYTES],
                                  struct error *reterr)
{
        char path[PATH_MAX], temp[PATH_MAX], token[SECRET_OPERATOR_BYTES], text[44];
        uint8_t random[32];
        enum status st = path_join(data_dir, "operator.token", path, reterr);

        if (st != STATUS_OK)
                return st;
        randombytes_buf(random, sizeof(random));
        sodium_bin2base64(text, sizeof(text), random, sizeof(random),
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        snprintf(token, sizeof(token), "%s%s", SECRET_OPERATOR_PREFIX, text);
        sodium_memzero(text, sizeof(text));
        sodium_memzero(random, sizeof(random));

        st = write_temp(path, token, strlen(token), temp, reterr);
        if (st != STATUS_OK)
                return st;
        if (rename(temp, path) != 0) {
                st = failed(path, "replace", reterr);
                unlink(temp);
                return st;
        }
        memcpy(ret, token, sizeof(token));
        return STATUS_OK;
}
