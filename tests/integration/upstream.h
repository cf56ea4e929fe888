/* A server of a language model that misbehaves as a test tells it to: a script runs for each
 * connection, on a thread of its own, and only records what it sees. */
#ifndef TESTS_INTEGRATION_UPSTREAM_H
#define TESTS_INTEGRATION_UPSTREAM_H

#include "common/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPSTREAM_MAX_CONNECTIONS 256
#define UPSTREAM_REQUEST_BYTES   65536

struct upstream;

struct connection {
        struct upstream *upstream;
        int fd;
        unsigned index; /* 0 for the first one */
};

typedef void (*upstream_script_fn)(struct connection *c);

struct upstream {
        uint16_t port;
        char url[64]; /* "http://127.0.0.1:PORT/v1" */
        atomic_uint n_connections;
        atomic_uint n_requests; /* read to their end */
        atomic_uint n_gone; /* connections that the peer has closed under a waiting script */
        _Atomic uint64_t gone_ns; /* when the last of them was */
        _Atomic(const char *) location; /* for a script that redirects */
        char request[UPSTREAM_REQUEST_BYTES]; /* the first one; read it when n_requests > 0 */
        _Atomic uint64_t began_ns[UPSTREAM_MAX_CONNECTIONS];

        upstream_script_fn script;
        int fd;
        struct upstream_threads *threads; /* NULL: not started, or stopped */
};

/* Fails the test when it cannot listen. */
void upstream_start(struct upstream *u, upstream_script_fn script);
/* Ends the scripts that still wait. */
void upstream_stop(struct upstream *u);

/* For scripts. All return at once when the upstream is stopped. */

/* Reads a request. False: the peer has gone. */
bool upstream_take_request(struct connection *c);
/* False: the peer has gone. */
bool upstream_send(struct connection *c, const char *text);
bool upstream_send_bytes(struct connection *c, const void *bytes, size_t n);
/* Waits until the peer closes, which is recorded, or that many milliseconds (0 = as long as it
 * takes). True: the peer has closed. */
bool upstream_wait_gone(struct connection *c, uint32_t ms);

#endif
