#include "client/cli/cli.h"
#include "common/buffer.h"
#include "common/json.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>

enum { MAX_BYTES = JSON_MAX_BYTES };

const char *input_all(struct cli *cli, size_t *ret_n)
{
        AUTO_BUFFER all = BUFFER_INIT;

        for (;;) {
                uint8_t *at = buffer_reserve(&all, 4096);
                if (!at) {
                        report_failed("no memory");
                        return NULL;
                }
                size_t n = fread(at, 1, 4096, stdin);
                if (n == 0)
                        break;
                all.n_bytes += n;
                if (all.n_bytes > MAX_BYTES) {
                        report_failed("standard input has more than %d bytes", MAX_BYTES);
                        return NULL;
                }
        }
        if (ferror(stdin)) {
                report_failed("cannot read standard input");
                return NULL;
        }
        *ret_n = all.n_bytes;
        char *copy =
                arena_strndup(&cli->arena, all.n_bytes ? (const char *)all.data : "", all.n_bytes);
        if (!copy)
                report_failed("no memory");
        return copy;
}

/* The terminal as it was, also when reading fails. */
struct echo {
        int fd;
        bool off;
        struct termios before;
};

static void echo_restore(struct echo *e)
{
        if (e->off)
                tcsetattr(e->fd, TCSAFLUSH, &e->before);
}

static bool read_line(FILE *from, bool secret, char *line, size_t size)
{
        CLEANUP(echo_restore) struct echo echo = {.fd = fileno(from)};

        if (secret && tcgetattr(echo.fd, &echo.before) == 0) {
                struct termios quiet = echo.before;
                quiet.c_lflag &= (tcflag_t)~ECHO;
                echo.off = tcsetattr(echo.fd, TCSAFLUSH, &quiet) == 0;
        }
        bool got = fgets(line, (int)size, from) != NULL;
        if (echo.off)
                fputc('\n', stderr);
        return got;
}

const char *input_line(struct cli *cli, const char *question, bool secret)
{
        char line[4096];

        if (isatty(STDIN_FILENO))
                fprintf(stderr, "%s: ", question);
        if (!read_line(stdin, secret, line, sizeof(line)) || line[0] == '\n') {
                report_failed("no %s given: type it, or put it on standard input", question);
                return NULL;
        }
        line[strcspn(line, "\r\n")] = '\0';
        const char *copy = arena_strdup(&cli->arena, line);
        explicit_bzero(line, sizeof(line));
        if (!copy)
                report_failed("no memory");
        return copy;
}
