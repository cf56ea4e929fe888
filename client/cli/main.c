/* socializer: the command line of a Socializer service. */
#include "client/cli/cli.h"

#include <nng/nng.h>
#include <signal.h>
#include <stdio.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

int main(int argc, char **argv)
{
        struct cli cli = {0};

        signal(SIGPIPE, SIG_IGN); /* "socializer list | head" ends by a failed write */
        arena_init(&cli.arena, ARENA_BYTES);
        int code = options_parse(argc, argv, &cli);
        if (code == CLI_DONE && cli.verb)
                code = cli.verb->run(&cli);
        if (code == CLI_DONE && fflush(stdout) != 0)
                code = report_failed("cannot write the output");
        cli_disconnect(&cli);
        arena_deinit(&cli.arena);
#if defined(__SANITIZE_ADDRESS__)
        /* nng frees in the background what was closed; the search for leaks comes after. */
        nng_fini();
#endif
        return code;
}
