/* libmicrohttpd in the loop: its epoll descriptor is watched, its timeout is a timer, and each turn
 * of the loop runs it once. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "common/status.h"
#include "gateway/conn.h"
#include "gateway/docs.h"
#include "gateway/gateway.h"
#include "gateway/metrics.h"
#include "gateway/proxy.h"
#include "gateway/router.h"
#include "gateway/static_files.h"

#include <microhttpd.h>
#include <uv.h>

struct request;
struct stream;

struct server {
        struct gateway *gateway;
        struct MHD_Daemon *daemon;
        int listen_fd;
        char address[96]; /* "127.0.0.1:8000" as bound */
        uv_poll_t poll;
        uv_idle_t more; /* libmicrohttpd's: it wants to run again at once */
        uv_timer_t timer; /* libmicrohttpd's: it wants to run again later */
        uv_timer_t tick; /* ours: slow clients, clients that left */
        bool pumping;
        bool busy; /* its last run got libmicrohttpd an answer to send, or part of a body */
        bool upgraded; /* libmicrohttpd has a connection to forget, of which nothing tells it */
        uint64_t away_since_ms; /* when the service was first seen away; 0 = it is here */

        struct conns conns;
        struct request *spare; /* requests to use again, with their memory */
        size_t n_spare;
        size_t body_bytes; /* of all requests together */
        struct stream *streams; /* answers that are sent while they are made */
        size_t n_polled; /* requests that wait for their call without being suspended */

        struct router *router;
        struct proxies proxies;
        struct docs docs;
        struct static_files web;
        struct metrics metrics;
        bool any_origin; /* "*" is among the allowed ones */
};

/* Binds and listens; answers from the first server_pump() on, which the loop does by itself. */
enum status server_new(struct gateway *gateway, struct server **ret,
                       struct error *reterr) MUST_CHECK;
/* Runs libmicrohttpd now: after calls have ended and their connections are resumed. */
void server_pump(struct server *s);
/* Accepts nobody any more, and closes connections that wait for a next request. */
void server_stop_accepting(struct server *s);
/* Whether nobody is connected. */
bool server_is_idle(const struct server *s);
/* After the client library has ended every call. Closes handles of the loop, which must run until
 * they are closed before server_free(). */
void server_close(struct server *s);
struct server *server_free(struct server *s);

/* Memory that bodies may take, all together. */
#define SERVER_MAX_BODY_BYTES ((size_t)256 << 20)
#define SERVER_MAX_SPARE      256
/* How many requests may wait for their call without being suspended, and for how long. */
#define SERVER_MAX_POLLED 512
#define SERVER_POLLED_MS  10

#endif
