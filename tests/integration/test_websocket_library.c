/* Chat with WebSocket libraries that others have written: the script says what. */
#include "tests/integration/test_gateway_http_client.h"

#include "tests/support/server/server.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define SKIPPED 77

static const char *script;

static int setup(void **state)
{
        struct server *s = calloc(1, sizeof(*s));

        if (!s)
                return -1;
        *state = s;
        server_start(s);
        server_start_gateway(s);
        server_create_user(s, "human", "password123", false);
        return 0;
}

static int teardown(void **state)
{
        server_stop(*state);
        free(*state);
        return 0;
}

static void a_library_of_others_chats(void **state)
{
        struct server *s = *state;
        char token[2048];
        char *arguments[] = {(char *)script, s->http_url, token, NULL};
        pid_t pid;
        int status;

        http_sign_in(s->http_url, "human", "", token, sizeof(token));
        assert_int_equal(posix_spawn(&pid, script, NULL, NULL, arguments, environ), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == SKIPPED)
                skip();
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_library_of_others_chats, setup, teardown),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test_websocket_library SCRIPT\n");
                return 2;
        }
        script = argv[1];
        return !!cmocka_run_group_tests_name("websocket_library", tests, NULL, NULL);
}
