#include "service/rpc/listener.h"

#include "common/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define IPC_SCHEME "ipc://"
#define TCP_SCHEME "tcp://"

/* Whether somebody listens on a unix socket. */
static bool is_alive(const struct sockaddr_un *address)
{
        AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        /* EAGAIN: somebody does, and is busy. */
        return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
                           errno == EAGAIN);
}

/* Makes way for a new socket file, but only where the old one is nobody's. */
static enum status remove_stale(const char *url, const char *path, struct error *reterr)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct stat st;

        if (strlen(path) >= sizeof(address.sun_path))
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "%s: a socket's path has at most %zu bytes", url,
                                 sizeof(address.sun_path) - 1);
        if (lstat(path, &st) < 0)
                return STATUS_OK;
        if (!S_ISSOCK(st.st_mode))
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s: there is a file of this name that is no socket", url);
        memcpy(address.sun_path, path, strlen(path));
        if (is_alive(&address))
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s: in use; is another one running?", url);
        if (unlink(path) < 0 && errno != ENOENT)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s: cannot remove the socket that was left behind: %s", url,
                                 strerror(errno));
        return STATUS_OK;
}

static enum status start_error(const char *url, int rv, struct error *reterr)
{
        switch (rv) {
        case NNG_EADDRINUSE:
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s: in use; is another one running?", url);
        case NNG_EADDRINVAL:
        case NNG_EINVAL:
        case NNG_ENOTSUP:
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "%s: no address to listen on; want ipc:///path or "
                                 "tcp://host:port",
                                 url);
        default:
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "%s: cannot listen: %s", url,
                                 nng_strerror(rv));
        }
}

/* "tcp://host:0" with the port that the system has chosen. */
static char *bound_url(nng_listener listener, const char *url)
{
        size_t n = strlen(url);
        nng_sockaddr address;
        char *bound;

        if (strncmp(url, TCP_SCHEME, strlen(TCP_SCHEME)) != 0 || strcmp(url + n - 2, ":0") != 0 ||
            nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &address) != 0)
                return strdup(url);
        unsigned port = ntohs(address.s_family == NNG_AF_INET6 ? address.s_in6.sa_port
                                                               : address.s_in.sa_port);
        return asprintf(&bound, "%.*s%u", (int)(n - 1), url, port) < 0 ? NULL : bound;
}

enum status listener_open(nng_socket socket, const char *url, char **ret_url, struct error *reterr)
{
        bool is_ipc = strncmp(url, IPC_SCHEME, strlen(IPC_SCHEME)) == 0;
        bool is_tcp = strncmp(url, TCP_SCHEME, strlen(TCP_SCHEME)) == 0;
        const char *rest = url + strlen(IPC_SCHEME);
        nng_listener listener;
        int rv;

        /* nng knows more transports, but they are not fit to be exposed. */
        if ((!is_ipc && !is_tcp) || *rest == '\0')
                return start_error(url, NNG_EADDRINVAL, reterr);
        if (is_ipc) {
                enum status st = remove_stale(url, rest, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        rv = nng_listener_create(&listener, socket, url);
        if (rv == 0 && is_ipc)
                rv = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0600);
        if (rv == 0 && is_tcp)
                rv = nng_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true);
        if (rv == 0)
                rv = nng_listener_start(listener, 0);
        if (rv != 0)
                return start_error(url, rv, reterr);
        char *bound = bound_url(listener, url);
        if (!bound)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        *ret_url = bound;
        return STATUS_OK;
}
