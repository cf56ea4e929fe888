#include "gateway/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BACKLOG 1024

/* "[::1]:8000" is "::1" and "8000". */
static enum status split(const char *host_port, char *host, size_t size, const char **ret_port,
                         struct error *reterr)
{
        const char *given = host_port;
        const char *colon = strrchr(host_port, ':');
        size_t n = colon ? (size_t)(colon - host_port) : 0;

        if (n > 2 && host_port[0] == '[' && host_port[n - 1] == ']') {
                host_port++;
                n -= 2;
        }
        if (n == 0 || n >= size || !colon[1] ||
            strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5 ||
            strtoul(colon + 1, NULL, 10) > UINT16_MAX)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "--http %s: want HOST:PORT, as in 127.0.0.1:8000", given);
        memcpy(host, host_port, n);
        host[n] = '\0';
        *ret_port = colon + 1;
        return STATUS_OK;
}

static void format_address(int fd, char *ret, size_t size)
{
        struct sockaddr_storage address = {0};
        socklen_t n = sizeof(address);
        char host[64];
        char port[8];

        if (getsockname(fd, (struct sockaddr *)&address, &n) != 0 ||
            getnameinfo((struct sockaddr *)&address, n, host, sizeof(host), port, sizeof(port),
                        NI_NUMERICHOST | NI_NUMERICSERV) != 0)
                snprintf(ret, size, "?");
        else
                snprintf(ret, size, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                         port);
}

/* -1 and errno when it cannot. */
static int try_listen(const struct addrinfo *ai)
{
        int on = 1;
        int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
            bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
                return fd;
        int why = errno;
        if (fd >= 0)
                close(fd);
        errno = why;
        return -1;
}

enum status listener_open(const char *host_port, int *ret_fd, char *ret_address, size_t size,
                          struct error *reterr)
{
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
        struct addrinfo *list;
        char host[256];
        const char *port = NULL;

        enum status st = split(host_port, host, sizeof(host), &port, reterr);
        if (st != STATUS_OK)
                return st;
        int bad = getaddrinfo(host, port, &hints, &list);
        if (bad)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "--http %s: %s", host_port,
                                 gai_strerror(bad));
        int fd = -1;
        for (const struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
                fd = try_listen(ai);
        int why = errno;
        freeaddrinfo(list);
        if (fd < 0)
                return error_set(reterr, STATUS_UNAVAILABLE,
                                 "cannot listen on %s: %s; choose another address with --http",
                                 host_port, strerror(why));
        format_address(fd, ret_address, size);
        *ret_fd = fd;
        return STATUS_OK;
}
