/* The gateway's limit of one address: WebSockets count until they sign in. */
#include "tests/integration/test_gateway_http_client.h"

#include "tests/support/server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT 3
#define UPGRADE                                                       \
        "GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n" \
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"         \
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"             \
        "X-Forwarded-For: %s\r\n\r\n"

static int setup(void **state)
{
        struct server *s = calloc(1, sizeof(*s));
        const char *const arguments[] = {"--max-connections-per-ip", "3", "--trusted-proxy",
                                         "127.0.0.0/8"};

        if (!s)
                return -1;
        *state = s;
        server_start(s);
        memcpy(s->gateway_arguments, arguments, sizeof(arguments));
        server_start_gateway(s);
        return 0;
}

static int teardown(void **state)
{
        server_stop(*state);
        free(*state);
        return 0;
}

/* Asks for a WebSocket in the name of an address; the descriptor, and what came first. */
static int ask(const struct server *s, const char *address, char *ret, size_t size)
{
        char text[512];
        int fd = http_connect(s->http_url);
        ssize_t n;

        snprintf(text, sizeof(text), UPGRADE, address);
        http_send(fd, text, strlen(text));
        assert_true(t_wait((n = recv(fd, ret, size - 1, MSG_DONTWAIT | MSG_PEEK)) > 4 &&
                                   memmem(ret, (size_t)n, "\r\n\r\n", 4),
                           5000));
        ret[n] = '\0';
        return fd;
}

static void strangers_of_one_address_are_limited(void **state)
{
        const struct server *s = *state;
        char text[2048];
        int fds[LIMIT], fd;

        for (int i = 0; i < LIMIT; i++) {
                fds[i] = ask(s, "192.0.2.1", text, sizeof(text));
                assert_memory_equal(text, "HTTP/1.1 101 ", 13);
        }
        fd = ask(s, "192.0.2.1", text, sizeof(text));
        assert_memory_equal(text, "HTTP/1.1 429 ", 13);
        assert_non_null(strstr(text, "Retry-After: "));
        close(fd);
        fd = ask(s, "192.0.2.2", text, sizeof(text));
        assert_memory_equal(text, "HTTP/1.1 101 ", 13);
        close(fd);
        close(fds[0]);
        /* Its end has to be seen first. */
        assert_true(t_wait((fd = ask(s, "192.0.2.1", text, sizeof(text)), close(fd),
                            memcmp(text, "HTTP/1.1 101 ", 13) == 0),
                           5000));
        for (int i = 1; i < LIMIT; i++)
                close(fds[i]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(strangers_of_one_address_are_limited, setup,
                                                teardown),
        };
        return !!cmocka_run_group_tests_name("gateway_strangers", tests, NULL, NULL);
}
