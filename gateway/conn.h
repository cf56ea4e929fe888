/* HTTP connections and how long each may stay in what it does. libmicrohttpd's own timeout starts
 * anew with every byte, so a client that sends one byte now and then would stay for ever; these do
 * not. They also watch for clients that go away while their request runs, which libmicrohttpd does
 * not do for a suspended connection. */
#ifndef GATEWAY_CONN_H
#define GATEWAY_CONN_H

#include "gateway/proxy.h"

#include <stdint.h>

struct request;

enum conn_phase {
        CONN_IDLE, /* between requests; begins with the connection */
        CONN_HEAD, /* the request line is here, the headers are not */
        CONN_BODY,
        CONN_RUNNING, /* waits for a call: no limit but the call's deadline */
        CONN_STREAMING, /* gets an answer while it is made: likewise */
        CONN_SENDING,
        CONN_PHASES
};

struct conn {
        struct conn *prev, *next; /* of the same phase, the longest in it first */
        enum conn_phase phase;
        uint64_t since_ms;
        int fd;
        struct request *request; /* NULL when idle */
        struct address peer;
        bool cut; /* shut down; waits for libmicrohttpd to notice */
};

struct conns {
        struct {
                struct conn *first, *last;
                uint64_t limit_ms; /* 0 = none */
                size_t n;
        } phases[CONN_PHASES];
        size_t n;
};

struct conn *conn_new(struct conns *conns, int fd, const struct sockaddr *peer, uint64_t now_ms);
struct conn *conn_free(struct conns *conns, struct conn *conn);
/* Starts a phase; its limit counts from now. */
void conn_enter(struct conns *conns, struct conn *conn, enum conn_phase phase, uint64_t now_ms);

/* Shuts down the sockets that are over their limit. Returns how many. */
unsigned conns_cut_slow(struct conns *conns, uint64_t now_ms);
/* Shuts down those that wait for a next request. */
void conns_cut_idle(struct conns *conns);
/* Calls fn() for each running or streaming connection. */
void conns_each_running(struct conns *conns, void (*fn)(struct request *request));
/* Calls gone() for each of them whose client has left, at most once a connection. */
void conns_find_gone(struct conns *conns, void (*gone)(struct request *request));

#endif
