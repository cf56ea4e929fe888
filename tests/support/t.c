#include "tests/support/t.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 1000000

void t_temp_dir(char ret[static T_PATH_BYTES])
{
        const char *tmp = getenv("TMPDIR");
        int n = snprintf(ret, T_PATH_BYTES, "%s/socializer-test-XXXXXX",
                         tmp && *tmp ? tmp : "/tmp");

        if (n >= T_PATH_BYTES || !mkdtemp(ret))
                fail_msg("no temporary folder: %s", strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
        (void)st;
        (void)kind;
        (void)ftw;
        return remove(path);
}

void t_remove_dir(const char *path)
{
        if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
                fail_msg("%s stays: %s", path, strerror(errno));
}

int t_dir_setup(void **state)
{
        char *dir = malloc(T_PATH_BYTES);

        if (!dir)
                return -1;
        t_temp_dir(dir);
        *state = dir;
        return 0;
}

int t_dir_teardown(void **state)
{
        t_remove_dir(*state);
        free(*state);
        return 0;
}

void t_scratch_url(const char *dir, const char *name, char ret[static T_URL_BYTES])
{
        int n = snprintf(ret, T_URL_BYTES, "ipc://%s/%s.ipc", dir, name);

        /* The path of a Unix socket has 107 bytes. */
        if (n - (int)strlen("ipc://") > 107)
                fail_msg("%s is too long for a socket: set TMPDIR to a shorter one", ret);
}

uint16_t t_free_port(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
        socklen_t n = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, n) == 0 &&
                     getsockname(fd, (struct sockaddr *)&address, &n) == 0;

        if (fd >= 0)
                close(fd);
        if (!bound)
                fail_msg("no free port: %s", strerror(errno));
        return ntohs(address.sin_port);
}

char *t_read_file(const char *path, size_t *ret_n)
{
        FILE *file = fopen(path, "rbe");
        char *data = NULL;
        size_t n = 0;
        FILE *memory = file ? open_memstream(&data, &n) : NULL;
        bool good = memory;

        for (int c; good && (c = getc(file)) != EOF;)
                good = putc(c, memory) != EOF;
        if (file) {
                good = good && !ferror(file);
                fclose(file);
        }
        if (memory && fclose(memory) != 0)
                good = false;
        if (!good) {
                free(data);
                fail_msg("cannot read %s: %s", path, strerror(errno));
        }
        if (ret_n)
                *ret_n = n;
        return data;
}

void t_write_file(const char *path, const void *data, size_t n)
{
        FILE *file = fopen(path, "wbe");
        bool good = file && fwrite(data, 1, n, file) == n;

        if (file && fclose(file) != 0)
                good = false;
        if (!good)
                fail_msg("cannot write %s: %s", path, strerror(errno));
}

unsigned t_count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        const struct dirent *entry;
        unsigned n = 0;

        if (!dir)
                fail_msg("cannot list descriptors: %s", strerror(errno));
        while ((entry = readdir(dir)))
                n += entry->d_name[0] != '.';
        closedir(dir);
        return n - 1; /* the one that listed them */
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

void t_each_vector(const char *folder, const char *prefix, t_vector_fn fn, void *arg)
{
        char path[T_PATH_BYTES * 2];
        struct dirent **entries = NULL;
        unsigned n_called = 0;
        int n;

        snprintf(path, sizeof(path), "%s/%s", T_VECTORS, folder);
        n = scandir(path, &entries, NULL, compare_names);
        for (int i = 0; i < n; i++) {
                const char *name = entries[i]->d_name;
                size_t n_bytes;
                char *data;

                if (strncmp(name, prefix, strlen(prefix)) != 0)
                        continue;
                snprintf(path, sizeof(path), "%s/%s/%s", T_VECTORS, folder, name);
                data = t_read_file(path, &n_bytes);
                fn(name, data, n_bytes, arg);
                free(data);
                n_called++;
        }
        for (int i = 0; i < n; i++)
                free(entries[i]);
        free(entries);
        if (n_called == 0)
                fail_msg("no %s* in tests/vectors/%s", prefix, folder);
}

void t_pause_(void)
{
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

void t_assert_status_(enum status got, enum status want, const char *file, int line)
{
        if (got == want)
                return;
        print_error("%s is not %s\n", status_name(got), status_name(want));
        _fail(file, line);
}

const char *t_vectors(void)
{
        return T_VECTORS;
}
