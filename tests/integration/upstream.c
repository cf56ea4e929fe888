#include "tests/integration/upstream.h"

#include "tests/support/t.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct upstream_threads {
        pthread_t acceptor;
        pthread_mutex_t mutex;
        unsigned n; /* only the acceptor adds */
        pthread_t scripts[UPSTREAM_MAX_CONNECTIONS];
        struct connection connections[UPSTREAM_MAX_CONNECTIONS];
        bool closed[UPSTREAM_MAX_CONNECTIONS]; /* under the mutex: its fd is no longer its own */
        bool stopping; /* under the mutex */
};

static void *run_script(void *arg)
{
        struct connection *c = arg;
        struct upstream_threads *t = c->upstream->threads;

        c->upstream->script(c);
        LOCK(&t->mutex);
        t->closed[c->index] = true;
        close(c->fd);
        return NULL;
}

static void *accept_all(void *arg)
{
        struct upstream *u = arg;
        struct upstream_threads *t = u->threads;
        int fd;

        while ((fd = accept4(u->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                LOCK(&t->mutex);
                unsigned index = t->n;

                if (t->stopping || index == UPSTREAM_MAX_CONNECTIONS) {
                        close(fd);
                        continue;
                }
                t->connections[index] = (struct connection){u, fd, index};
                atomic_store(&u->began_ns[index], clock_mono_ns());
                atomic_fetch_add(&u->n_connections, 1);
                if (pthread_create(&t->scripts[index], NULL, run_script, &t->connections[index]) !=
                    0) {
                        close(fd);
                        continue;
                }
                t->n++;
        }
        return NULL;
}

void upstream_start(struct upstream *u, upstream_script_fn script)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(address);

        memset(u, 0, sizeof(*u));
        u->script = script;
        u->threads = calloc(1, sizeof(*u->threads));
        assert_non_null(u->threads);
        pthread_mutex_init(&u->threads->mutex, NULL);
        u->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(u->fd >= 0);
        assert_int_equal(bind(u->fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(listen(u->fd, 64), 0);
        assert_int_equal(getsockname(u->fd, (struct sockaddr *)&address, &n), 0);
        u->port = ntohs(address.sin_port);
        snprintf(u->url, sizeof(u->url), "http://127.0.0.1:%u/v1", u->port);
        assert_int_equal(pthread_create(&u->threads->acceptor, NULL, accept_all, u), 0);
}

void upstream_stop(struct upstream *u)
{
        struct upstream_threads *t = u->threads;

        {
                LOCK(&t->mutex);
                t->stopping = true;
                for (unsigned i = 0; i < t->n; i++)
                        if (!t->closed[i])
                                shutdown(t->connections[i].fd, SHUT_RDWR);
        }
        shutdown(u->fd, SHUT_RDWR);
        pthread_join(t->acceptor, NULL);
        close(u->fd);
        for (unsigned i = 0; i < t->n; i++)
                pthread_join(t->scripts[i], NULL);
        pthread_mutex_destroy(&t->mutex);
        free(t);
        u->threads = NULL;
}

/* Bytes of the whole request that begins with this head; 0 = the head is not complete. */
static size_t request_bytes(const char *text)
{
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "\r\nContent-Length:");

        if (!end)
                return 0;
        return (size_t)(end - text) + 4 +
               (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

bool upstream_take_request(struct connection *c)
{
        char *text = calloc(1, UPSTREAM_REQUEST_BYTES);
        size_t n = 0, want = 0;

        if (!text)
                return false;
        while ((want == 0 || n < want) && n < UPSTREAM_REQUEST_BYTES - 1) {
                ssize_t got = recv(c->fd, text + n, UPSTREAM_REQUEST_BYTES - 1 - n, 0);

                if (got <= 0) {
                        free(text);
                        return false;
                }
                n += (size_t)got;
                text[n] = '\0';
                want = request_bytes(text);
        }
        if (c->index == 0)
                memcpy(c->upstream->request, text, n + 1);
        free(text);
        atomic_fetch_add(&c->upstream->n_requests, 1);
        return true;
}

bool upstream_send_bytes(struct connection *c, const void *bytes, size_t n)
{
        const char *at = bytes;

        while (n > 0) {
                ssize_t sent = send(c->fd, at, n, MSG_NOSIGNAL);

                if (sent <= 0)
                        return false;
                at += sent;
                n -= (size_t)sent;
        }
        return true;
}

bool upstream_send(struct connection *c, const char *text)
{
        return upstream_send_bytes(c, text, strlen(text));
}

bool upstream_wait_gone(struct connection *c, uint32_t ms)
{
        struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

        if (poll(&p, 1, ms ? (int)ms : -1) != 1)
                return false;
        atomic_store(&c->upstream->gone_ns, clock_mono_ns());
        atomic_fetch_add(&c->upstream->n_gone, 1);
        return true;
}
