/* Opens so many WebSockets to a gateway, signs each in, and holds them until standard input ends.
 *
 *     ws_idle PORT COUNT TOKEN
 *     prints "open" once all are open
 */
#include "common/cleanup.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

static int dial(unsigned port, unsigned i)
{
        /* A source address for every 20,000, since ports run out at 28,000. */
        struct sockaddr_in from = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(0x7f000001u + i / 20000)};
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
            connect(fd, (struct sockaddr *)&to, sizeof(to))) {
                perror("ws_idle: connect");
                exit(1);
        }
        return fd;
}

static void send_all(int fd, const void *data, size_t n)
{
        if (send(fd, data, n, MSG_NOSIGNAL) != (ssize_t)n) {
                perror("ws_idle: send");
                exit(1);
        }
}

/* Reads until the text appears in what came. */
static void expect(int fd, const char *text)
{
        char buffer[4096];
        size_t n = 0;

        while (n < sizeof(buffer) - 1) {
                ssize_t got = recv(fd, buffer + n, sizeof(buffer) - 1 - n, 0);
                if (got <= 0)
                        break;
                n += (size_t)got;
                if (memmem(buffer, n, text, strlen(text)))
                        return;
        }
        fprintf(stderr, "ws_idle: no '%s' in the answer\n", text);
        exit(1);
}

/* One text frame, masked with zeroes, which a mask may be. */
static void send_text(int fd, const char *text)
{
        unsigned char frame[4096] = {0x81};
        size_t n = strlen(text), at = 2;

        if (n < 126) {
                frame[1] = (unsigned char)(0x80 | n);
        } else {
                frame[1] = 0x80 | 126;
                frame[2] = (unsigned char)(n >> 8);
                frame[3] = (unsigned char)n;
                at = 4;
        }
        at += 4;
        memcpy(frame + at, text, n);
        send_all(fd, frame, at + n);
}

static int open_one(unsigned port, unsigned i, const char *token)
{
        char text[3072];
        int fd = dial(port, i);

        snprintf(text, sizeof(text),
                 "GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
                 port);
        send_all(fd, text, strlen(text));
        expect(fd, "101");
        snprintf(text, sizeof(text), "{\"type\":\"auth\",\"token\":\"%s\"}", token);
        send_text(fd, text);
        expect(fd, "connection_established");
        return fd;
}

int main(int argc, char **argv)
{
        if (argc != 4) {
                fprintf(stderr, "usage: ws_idle PORT COUNT TOKEN\n");
                return 2;
        }
        unsigned port = (unsigned)atoi(argv[1]), count = (unsigned)atoi(argv[2]);
        struct rlimit limit = {.rlim_cur = count + 64, .rlim_max = count + 64};

        setrlimit(RLIMIT_NOFILE, &limit);
        for (unsigned i = 0; i < count; i++)
                open_one(port, i, argv[3]);
        puts("open");
        fflush(stdout);
        while (getchar() != EOF)
                ;
        return 0;
}
