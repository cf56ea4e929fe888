/* Where the token of the last login is kept: a file that only its owner reads. */
#include "client/cli/cli.h"
#include "common/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static enum status no_memory(struct error *reterr)
{
        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory");
}

static enum status login_path(struct arena *arena, const char **ret_folder, const char **ret_file,
                              struct error *reterr)
{
        const char *config = getenv("XDG_CONFIG_HOME");
        const char *home = getenv("HOME");

        *ret_folder = *ret_file = "";
        if (config && config[0] == '/')
                *ret_folder = arena_printf(arena, "%s/socializer", config);
        else if (home && home[0])
                *ret_folder = arena_printf(arena, "%s/.config/socializer", home);
        else
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "neither XDG_CONFIG_HOME nor HOME is set, so there is no place "
                                 "for a login; use --token or SOCIALIZER_TOKEN");
        if (!*ret_folder)
                return no_memory(reterr);
        *ret_file = arena_printf(arena, "%s/token", *ret_folder);
        return *ret_file ? STATUS_OK : no_memory(reterr);
}

enum status login_file_read_line(const char *path, struct arena *arena, const char **ret,
                                 struct error *reterr)
{
        char line[FRAME_MAX_TOKEN_BYTES + 2];
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return error_set(reterr, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_UNKNOWN,
                                 "%.150s: %s", path, strerror(errno));
        ssize_t n = read(fd, line, sizeof(line) - 1);
        if (n < 0)
                return error_set(reterr, STATUS_UNKNOWN, "%.150s: %s", path, strerror(errno));
        line[n] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' || strlen(line) > FRAME_MAX_TOKEN_BYTES)
                return error_set(reterr, STATUS_NOT_FOUND, "%.150s: there is no token in it", path);
        *ret = arena_strdup(arena, line);
        explicit_bzero(line, sizeof(line));
        return *ret ? STATUS_OK : no_memory(reterr);
}

enum status login_file_read(struct arena *arena, const char **ret_token, struct error *reterr)
{
        const char *folder, *path;
        enum status st = login_path(arena, &folder, &path, reterr);

        if (st != STATUS_OK)
                return st;
        return login_file_read_line(path, arena, ret_token, reterr);
}

/* mkdir -p; what is made is its owner's only. */
static bool make_folders(char *path)
{
        for (char *at = path + 1; *at; at++) {
                if (*at != '/')
                        continue;
                *at = '\0';
                int rc = mkdir(path, 0700);
                *at = '/';
                if (rc != 0 && errno != EEXIST)
                        return false;
        }
        return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool write_file(const char *path, const char *token)
{
        AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        size_t n = strlen(token);

        return fd >= 0 && write(fd, token, n) == (ssize_t)n && write(fd, "\n", 1) == 1 &&
               fsync(fd) == 0;
}

enum status login_file_write(const char *token, struct arena *arena, const char **ret_path,
                             struct error *reterr)
{
        const char *folder, *path;
        enum status st = login_path(arena, &folder, &path, reterr);

        if (st != STATUS_OK)
                return st;
        char *made = arena_strdup(arena, folder);
        const char *fresh = arena_printf(arena, "%s.%d", path, (int)getpid());
        if (!made || !fresh)
                return no_memory(reterr);
        if (!make_folders(made))
                return error_set(reterr, STATUS_UNKNOWN, "cannot make the folder %.150s: %s",
                                 folder, strerror(errno));
        unlink(fresh);
        if (!write_file(fresh, token) || rename(fresh, path) != 0) {
                int saved = errno;
                unlink(fresh);
                return error_set(reterr, STATUS_UNKNOWN, "cannot write %.150s: %s", path,
                                 strerror(saved));
        }
        *ret_path = path;
        return STATUS_OK;
}

enum status login_file_remove(struct arena *arena, struct error *reterr)
{
        const char *folder, *path;
        enum status st = login_path(arena, &folder, &path, reterr);

        if (st != STATUS_OK)
                return st;
        if (unlink(path) != 0 && errno != ENOENT)
                return error_set(reterr, STATUS_UNKNOWN, "cannot remove %.150s: %s", path,
                                 strerror(errno));
        return STATUS_OK;
}
