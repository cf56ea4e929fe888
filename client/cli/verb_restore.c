/* Putting a backup in place of the database. Only the service's own program opens that, so it does
 * the work. */
#include "client/cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where socializerd is, seen from here: installed, and where it was built. */
static const char *const places[] = {"socializerd", "../sbin/socializerd",
                                     "../../service/socializerd"};

/* The socializerd that belongs to this program; else whichever is in the PATH. */
static const char *find_program(struct cli *cli)
{
        char own[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

        if (n <= 0)
                return places[0];
        own[n] = '\0';
        char *slash = strrchr(own, '/');
        if (!slash)
                return places[0];
        *slash = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                const char *path = arena_printf(&cli->arena, "%s/%s", own, places[i]);

                if (path && access(path, X_OK) == 0)
                        return path;
        }
        return places[0];
}

static int run(struct cli *cli)
{
        const char *program = find_program(cli);

        fflush(stdout);
        execlp(program, "socializerd", "--data", cli->data, "--restore", cli->arguments[0],
               (char *)NULL);
        return report_failed("cannot run %s: %s", program, strerror(errno));
}

const struct verb verb_restore = {
        .name = "restore",
        .run = run,
        .min_arguments = 1,
        .max_arguments = 1,
        .usage = "restore FILE",
        .summary = "Puts a backup in place of the database of a stopped service",
        .help = "FILE is checked first, against FILE.sha256 where that is, and upgraded if it is "
                "of an\n"
                "older schema; the master.key that it needs must be in the data folder. What was\n"
                "there goes to the folder backups/replaced-TIME. Everybody signs in again. As the\n"
                "user that owns the data folder; it is refused while the service runs.\n"
                "\n"
                "Examples:\n"
                "  socializer --data /var/lib/socializer restore /srv/backup/socializer.db\n",
};
