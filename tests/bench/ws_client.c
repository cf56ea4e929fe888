#include "tests/bench/ws_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define BUFFER_BYTES (256u * 1024)

static _Noreturn void fail(const char *what, const char *why)
{
        fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
        exit(1);
}

/* After a system call; one that says 0 has met the end. */
static _Noreturn void fail_io(const char *what, ssize_t result)
{
        fail(what, result < 0 ? strerror(errno) : "the peer has closed");
}

void ws_client_allow(unsigned count)
{
        struct rlimit limit = {.rlim_cur = count + 64, .rlim_max = count + 64};

        if (setrlimit(RLIMIT_NOFILE, &limit))
                fail_io("descriptors", -1);
}

/* --- opening --- */

static int dial(unsigned port, unsigned i)
{
        /* A source address for every 20,000, since ports run out at 28,000. */
        struct sockaddr_in from = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(0x7f000001u + i / 20000)};
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

        if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
            connect(fd, (struct sockaddr *)&to, sizeof(to)) ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
                fail_io("connect", -1);
        return fd;
}

static void send_all(int fd, const void *data, size_t n)
{
        ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);

        if (sent != (ssize_t)n)
                fail("send", sent < 0 ? strerror(errno) : "cut short");
}

static void keep(struct ws_client *c, const void *data, size_t n)
{
        if (n > 0) {
                c->kept = malloc(n);
                if (!c->kept)
                        fail("receive", "out of memory");
                memcpy(c->kept, data, n);
        }
        c->n_kept = n;
}

/* Reads the head of the answer; what follows it is kept. */
static void expect_upgrade(struct ws_client *c)
{
        char buffer[4096];
        size_t n = 0;

        for (;;) {
                ssize_t got = recv(c->fd, buffer + n, sizeof(buffer) - n, 0);
                if (got <= 0)
                        fail_io("upgrade", got);
                n += (size_t)got;
                const char *end = memmem(buffer, n, "\r\n\r\n", 4);
                if (end) {
                        size_t head = (size_t)(end - buffer) + 4;

                        if (!memmem(buffer, head, " 101 ", 5))
                                fail("upgrade", "refused");
                        keep(c, buffer + head, n - head);
                        return;
                }
                if (n == sizeof(buffer))
                        fail("upgrade", "the answer is too long");
        }
}

void ws_client_open(struct ws_client *c, unsigned port, const char *path, unsigned i)
{
        char text[1024];
        int n = snprintf(text, sizeof(text),
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                         path, port);

        *c = (struct ws_client){.fd = dial(port, i)};
        send_all(c->fd, text, (size_t)n);
        expect_upgrade(c);
}

void ws_client_close(struct ws_client *c)
{
        close(c->fd);
        free(c->kept);
        *c = (struct ws_client){.fd = -1};
}

/* --- frames --- */

void ws_client_send(struct ws_client *c, const char *text, size_t n)
{
        unsigned char frame[8192] = {0x81};
        size_t at = 2;

        if (n > sizeof(frame) - 8)
                fail("send", "the text is too long");
        if (n < 126) {
                frame[1] = (unsigned char)(0x80 | n);
        } else {
                frame[1] = 0x80 | 126;
                frame[2] = (unsigned char)(n >> 8);
                frame[3] = (unsigned char)n;
                at = 4;
        }
        at += 4; /* masked with zeroes, which a mask may be */
        memcpy(frame + at, text, n);
        send_all(c->fd, frame, at + n);
}

/* The length of the frame's head and of its payload; false when the head is not there yet. */
static bool read_head(const uint8_t *at, size_t n, size_t *ret_head, size_t *ret_payload)
{
        size_t short_length = n < 2 ? 0 : at[1] & 0x7f;

        *ret_head = short_length < 126 ? 2 : short_length == 126 ? 4 : 10;
        if (n < *ret_head)
                return false;
        *ret_payload = *ret_head == 2 ? short_length : 0;
        for (size_t i = 2; i < *ret_head; i++)
                *ret_payload = *ret_payload << 8 | at[i];
        return true;
}

static void receive(struct ws_client *c, int flags, ws_client_text_fn on_text, void *arg)
{
        static uint8_t buffer[BUFFER_BYTES];
        size_t n = c->n_kept, at = 0, head, payload;

        if (n == sizeof(buffer))
                fail("receive", "a frame is too long");
        if (n > 0)
                memcpy(buffer, c->kept, n);
        ssize_t got = recv(c->fd, buffer + n, sizeof(buffer) - n, flags);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (got <= 0)
                fail_io("receive", got);
        n += (size_t)got;
        while (read_head(buffer + at, n - at, &head, &payload) && payload <= n - at - head) {
                if (buffer[at] == 0x81)
                        on_text(arg, (const char *)buffer + at + head, payload);
                at += head + payload;
        }
        free(TAKE(c->kept));
        keep(c, buffer + at, n - at);
}

void ws_client_receive(struct ws_client *c, ws_client_text_fn on_text, void *arg)
{
        receive(c, MSG_DONTWAIT, on_text, arg);
}

/* --- the gateway's protocol --- */

struct wait {
        const char *type;
        bool is_over;
};

static void look(void *arg, const char *text, size_t n)
{
        struct wait *w = arg;

        if (memmem(text, n, "\"type\":\"error\"", 14)) {
                fprintf(stderr, "%s: %.*s\n", program_invocation_short_name, (int)n, text);
                exit(1);
        }
        if (memmem(text, n, w->type, strlen(w->type)))
                w->is_over = true;
}

/* Reads until a frame of this type has come. */
static void expect(struct ws_client *c, const char *type)
{
        struct wait w = {.type = type};

        while (!w.is_over)
                receive(c, 0, look, &w);
}

void ws_client_sign_in(struct ws_client *c, const char *token)
{
        char text[3072];
        int n = snprintf(text, sizeof(text), "{\"type\":\"auth\",\"token\":\"%s\"}", token);

        ws_client_send(c, text, (size_t)n);
        expect(c, "\"connection_established\"");
}

void ws_client_join(struct ws_client *c, const char *room)
{
        char text[128];
        int n = snprintf(text, sizeof(text), "{\"type\":\"join_room\",\"room_id\":\"%s\"}", room);

        ws_client_send(c, text, (size_t)n);
        expect(c, "\"chat_history\"");
}
