/* What clumsy and hostile users of the gateway do, and what they get for it. */
#include "tests/integration/test_gateway_http_client.h"

#include "tests/support/server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
        struct server server;
        char token[2048];
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        *state = f;
        server_start(&f->server);
        server_start_gateway(&f->server);
        server_create_user(&f->server, "human", "password123", false);
        http_sign_in(f->server.http_url, "human", "", f->token, sizeof(f->token));
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        server_stop(&f->server);
        free(f);
        return 0;
}

/* --- WebSockets --- */

/* Connects and reads the answer to the handshake, and nothing behind it. */
static int ws_connect(const struct fixture *f)
{
        static const char handshake[] =
                "GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        int fd = http_connect(f->server.http_url);
        char head[1024] = "";

        http_send(fd, handshake, sizeof(handshake) - 1);
        for (size_t n = 0; !strstr(head, "\r\n\r\n"); n++) {
                assert_true(n < sizeof(head) - 1);
                assert_int_equal(recv(fd, head + n, 1, 0), 1);
        }
        assert_memory_equal(head, "HTTP/1.1 101 ", 13);
        return fd;
}

/* A frame with a mask of zeros. */
static void ws_send(int fd, unsigned opcode, const void *payload, size_t n)
{
        char frame[4096] = {(char)(0x80 | opcode)};
        size_t at = 2;

        assert_true(n < sizeof(frame) - 8);
        if (n < 126) {
                frame[1] = (char)(0x80 | n);
        } else {
                frame[1] = (char)(0x80 | 126);
                frame[at++] = (char)(n >> 8);
                frame[at++] = (char)n;
        }
        at += 4;
        memcpy(frame + at, payload, n);
        http_send(fd, frame, at + n);
}

static void ws_say(int fd, const char *text)
{
        ws_send(fd, 1, text, strlen(text));
}

static void ws_auth(int fd, const char *token)
{
        char text[3000];

        snprintf(text, sizeof(text), "{\"type\":\"auth\",\"token\":\"%s\"}", token);
        ws_say(fd, text);
}

/* Reads until the text has come. */
static void ws_expect(int fd, const char *want)
{
        static char got[256 * 1024];
        size_t n = 0;

        got[0] = '\0';
        while (!memmem(got, n, want, strlen(want))) {
                struct pollfd p = {.fd = fd, .events = POLLIN};

                if (poll(&p, 1, 10000) != 1 || n == sizeof(got))
                        fail_msg("'%s' does not come: %.*s", want, (int)n, got);
                ssize_t more = recv(fd, got + n, sizeof(got) - n, 0);
                if (more <= 0)
                        fail_msg("closed before '%s': %.*s", want, (int)n, got);
                n += (size_t)more;
        }
}

/* Reads until the gateway has closed the connection, soon. */
static void ws_expect_end(int fd, const char *last, size_t n)
{
        struct answer a;

        http_read(fd, &a);
        if (n > 0)
                assert_non_null(memmem(a.text, a.n, last, n));
        assert_in_range(a.elapsed_ms, 0, 4000);
        answer_deinit(&a);
        close(fd);
}

static void a_websocket_that_ends_closes_its_connection(void **state)
{
        static const char broken[][6] = {
                {'\x09', '\x80'}, /* a ping in pieces */
                {'\x81', '\xfe', '\0', '\x01'}, /* a length that is too long for its value */
        };
        int fd = ws_connect(*state);

        ws_send(fd, 8, "\x03\xe8", 2);
        ws_expect_end(fd, "\x88\x02\x03\xe8", 4);

        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                char frame[8] = {0};

                fd = ws_connect(*state);
                memcpy(frame, broken[i], sizeof(broken[i]));
                http_send(fd, frame, sizeof(frame));
                ws_expect_end(fd, NULL, 0);
        }
}

static void whoever_does_not_sign_in_first_is_closed_with_4003(void **state)
{
        static const char *const firsts[] = {
                "{\"type\":\"ping\"}",
                "{\"type\":\"auth\"}",
                "{\"type\":\"auth\",\"token\":5}",
                "{\"type\":\"auth\",\"token\":\"nobody's\"}",
                "{\"type\":\"nonsense\"}",
                "{",
        };

        for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
                int fd = ws_connect(*state);

                ws_say(fd, firsts[i]);
                ws_expect(fd, "\"type\":\"error\"");
                ws_send(fd, 8, "\x0f\xa3", 2);
                ws_expect_end(fd, NULL, 0);
        }
}

static void frames_sent_without_waiting_are_taken_in_order(void **state)
{
        const struct fixture *f = *state;
        int fd = ws_connect(f);

        ws_auth(fd, f->token);
        ws_say(fd, "{\"type\":\"join_room\",\"room_id\":\"general\"}");
        ws_say(fd, "{\"type\":\"chat_message\",\"content\":\"no waiting\"}");
        ws_expect(fd, "\"content\":\"no waiting\"");
        close(fd);

        fd = ws_connect(f);
        ws_auth(fd, f->token);
        ws_say(fd, "{\"type\":\"join_room\",\"room_id\":\"general\"}");
        ws_say(fd, "{\"type\":\"leave_room\",\"room_id\":\"general\"}");
        ws_expect(fd, "\"room_left\"");
        /* A room that is not there does not become the room of what follows. */
        ws_say(fd, "{\"type\":\"join_room\",\"room_id\":77}");
        ws_expect(fd, "no room 77");
        ws_say(fd, "{\"type\":\"chat_message\",\"content\":\"where?\"}");
        ws_expect(fd, "join a room first");
        close(fd);
}

/* The gateway asks again about every token half a minute after the last time: that would be too
 * late for ws_expect_end(). */
static void logging_out_closes_the_websockets_of_the_session(void **state)
{
        const struct fixture *f = *state;
        char headers[2200], other[2048];
        struct answer a;
        int fd = ws_connect(f);
        int fd_other = ws_connect(f);

        http_sign_in(f->server.http_url, "human", "", other, sizeof(other));
        ws_auth(fd, f->token);
        ws_expect(fd, "connection_established");
        ws_auth(fd_other, other);
        ws_expect(fd_other, "connection_established");
        snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n" JSON, f->token);
        http_request(f->server.http_url, "POST", "/api/auth/logout", headers, NULL, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
        ws_expect(fd, "\x0f\xa3");
        ws_send(fd, 8, "\x0f\xa3", 2);
        ws_expect_end(fd, NULL, 0);
        ws_say(fd_other, "{\"type\":\"ping\"}");
        ws_expect(fd_other, "pong");
        close(fd_other);
}

/* --- bodies --- */

/* Nothing behind a NUL is overlooked: it might be what a filter before the gateway has read. */
static void a_body_with_a_nul_is_refused(void **state)
{
        static const struct {
                const char *path, *type, *body;
                size_t n;
        } cases[] = {
                {"/token", FORM, "username=human&password=password123\0&x=1", 40},
                {"/api/auth/register", JSON, "{}\0{\"username\":1}", 17},
        };
        const struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[512];
                struct answer a;
                int n = snprintf(text, sizeof(text),
                                 "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s"
                                 "Content-Length: %zu\r\n\r\n",
                                 cases[i].path, cases[i].type, cases[i].n);

                memcpy(text + n, cases[i].body, cases[i].n);
                http_raw(f->server.http_url, text, (size_t)n + cases[i].n, &a);
                answer_assert_error(&a, 400, "INVALID_ARGUMENT");
                answer_deinit(&a);
        }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_body_with_a_nul_is_refused),
                CASE(a_websocket_that_ends_closes_its_connection),
                CASE(frames_sent_without_waiting_are_taken_in_order),
                CASE(logging_out_closes_the_websockets_of_the_session),
                CASE(whoever_does_not_sign_in_first_is_closed_with_4003),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
