#include "gateway/conn.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define POLL_BATCH 64

static void unlink_conn(struct conns *conns, struct conn *conn)
{
        if (conn->prev)
                conn->prev->next = conn->next;
        else
                conns->phases[conn->phase].first = conn->next;
        if (conn->next)
                conn->next->prev = conn->prev;
        else
                conns->phases[conn->phase].last = conn->prev;
        conns->phases[conn->phase].n--;
}

static void append_conn(struct conns *conns, struct conn *conn)
{
        conn->next = NULL;
        conn->prev = conns->phases[conn->phase].last;
        if (conn->prev)
                conn->prev->next = conn;
        else
                conns->phases[conn->phase].first = conn;
        conns->phases[conn->phase].last = conn;
        conns->phases[conn->phase].n++;
}

struct conn *conn_new(struct conns *conns, int fd, const struct sockaddr *peer, uint64_t now_ms)
{
        struct conn *conn = calloc(1, sizeof(*conn));
        if (!conn)
                return NULL;
        conn->fd = fd;
        conn->phase = CONN_IDLE;
        conn->since_ms = now_ms;
        if (!address_from_socket(peer, &conn->peer))
                conn->peer = (struct address){{0}};
        append_conn(conns, conn);
        conns->n++;
        return conn;
}

struct conn *conn_free(struct conns *conns, struct conn *conn)
{
        if (!conn)
                return NULL;
        unlink_conn(conns, conn);
        conns->n--;
        free(conn);
        return NULL;
}

void conn_enter(struct conns *conns, struct conn *conn, enum conn_phase phase, uint64_t now_ms)
{
        unlink_conn(conns, conn);
        conn->phase = phase;
        conn->since_ms = now_ms;
        append_conn(conns, conn);
}

static void cut(struct conn *conn)
{
        if (conn->cut)
                return;
        conn->cut = true;
        /* libmicrohttpd owns the descriptor: it sees the end of the stream and closes it. */
        shutdown(conn->fd, SHUT_RDWR);
}

unsigned conns_cut_slow(struct conns *conns, uint64_t now_ms)
{
        unsigned n = 0;

        for (unsigned p = 0; p < CONN_PHASES; p++) {
                uint64_t limit_ms = conns->phases[p].limit_ms;

                if (limit_ms == 0)
                        continue;
                /* The longest in the phase is first, and all have the same limit. */
                for (struct conn *c = conns->phases[p].first; c && c->since_ms + limit_ms <= now_ms;
                     c = c->next) {
                        n += !c->cut;
                        cut(c);
                }
        }
        return n;
}

void conns_cut_idle(struct conns *conns)
{
        for (struct conn *c = conns->phases[CONN_IDLE].first; c; c = c->next)
                cut(c);
}

static void each_in(struct conns *conns, enum conn_phase phase, void (*fn)(struct request *request))
{
        for (struct conn *c = conns->phases[phase].first; c;) {
                struct conn *next = c->next;

                fn(c->request);
                c = next;
        }
}

void conns_each_running(struct conns *conns, void (*fn)(struct request *request))
{
        each_in(conns, CONN_RUNNING, fn);
        each_in(conns, CONN_STREAMING, fn);
}

static void find_gone_in(struct conns *conns, enum conn_phase phase,
                         void (*gone)(struct request *request))
{
        struct conn *c = conns->phases[phase].first;

        while (c) {
                struct pollfd fds[POLL_BATCH];
                struct conn *batch[POLL_BATCH];
                nfds_t n = 0;

                for (; c && n < POLL_BATCH; c = c->next) {
                        if (c->cut)
                                continue;
                        fds[n] = (struct pollfd){.fd = c->fd, .events = POLLRDHUP};
                        batch[n++] = c;
                }
                if (n == 0 || poll(fds, n, 0) <= 0)
                        continue;
                for (nfds_t i = 0; i < n; i++) {
                        if (!(fds[i].revents & (POLLRDHUP | POLLHUP | POLLERR)))
                                continue;
                        batch[i]->cut = true;
                        gone(batch[i]->request);
                }
        }
}

void conns_find_gone(struct conns *conns, void (*gone)(struct request *request))
{
        find_gone_in(conns, CONN_RUNNING, gone);
        find_gone_in(conns, CONN_STREAMING, gone);
}
