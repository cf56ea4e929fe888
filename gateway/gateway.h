/* What the gateway is made of. One thread: everything in gateway/ runs on the loop's, callbacks of
 * the client library included (they run inside soc_client_dispatch(), which the loop calls). */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "common/status.h"

#include <socializer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* Answers of the coach, and other long calls, on their way at once: as many as the service works
 * on. */
#define GATEWAY_MAX_LONG 256

struct compatible; /* gateway/compatible.c: whether the service speaks our contract */
struct server; /* gateway/server.c: libmicrohttpd in the loop */
struct ws; /* gateway/ws.c: WebSocket connections and the event subscription */

/* As main read them; unchanged while the gateway runs, and main's. */
struct gateway_options {
        const char *http; /* HOST:PORT; port 0 = any free one */
        const char *rpc_url;
        const char *events_url;
        const char *web_dir; /* "" = none: / is a page of our own */
        const char *docs_dir; /* swagger-ui-dist; "" = none: /docs says so */
        const char *const *allowed_origins; /* "https://chat.example.org" */
        size_t n_allowed_origins;
        const char *const *trusted_proxies; /* addresses or CIDR blocks */
        size_t n_trusted_proxies;
        unsigned max_connections; /* HTTP connections; and, counted apart, WebSockets */
        /* HTTP connections of one peer; and, counted apart, WebSockets that are not signed in of
         * one client; 0 = no limit */
        unsigned max_connections_per_ip;
        unsigned max_websockets_per_user; /* 0 = 100 */
        unsigned max_messages_per_second; /* of one WebSocket; 0 = 50 */
        unsigned request_timeout_s; /* for sending a request's headers; and, again, its body */
        unsigned idle_timeout_s; /* between two requests */
        const char *user; /* whom to become once the port is bound; NULL = nobody else */
};

/* Numbers for /metrics. */
struct gateway_counters {
        int64_t ws_connections; /* open now */
        uint64_t ws_accepted;
        uint64_t ws_frames_in;
        uint64_t ws_frames_out;
        uint64_t ws_closed_slow; /* peers that read too slowly */
        uint64_t events_gaps; /* holes in the stream of events; ws.c keeps it */
};

struct gateway {
        uv_loop_t *loop;
        soc_client *client; /* with a wake function: callbacks run on the loop's thread */
        const struct gateway_options *options;
        struct gateway_counters counters;
        struct compatible *compatible;
        struct server *server;
        struct ws *ws;
        uv_async_t wake; /* the client has something to dispatch */
        uv_prepare_t before_poll;
        uv_check_t after_poll;
        uv_signal_t sigterm;
        uv_signal_t sigint;
        uv_timer_t drain;
        uint64_t drain_until_ms;
        bool gathering; /* the client is corked until the end of this turn of the loop */
        bool stopping;
};

/* Runs until SIGTERM or SIGINT, then until what runs has ended, for some seconds at most. On OK,
 * and on an error before, everything is given back. */
enum status gateway_run(struct gateway *g, const struct gateway_options *options,
                        struct error *reterr) MUST_CHECK;

/* Calls that are started from here to the end of this turn of the loop leave together. Cheap; call
 * it where work arrives (a readable socket, a timer), as often as you like. */
void gateway_gather(struct gateway *g);

/* Whether a browser's page of this origin ("https://chat.example.org") may use the gateway with a
 * user's cookie: it is of the host that the request was sent to, or one of the allowed ones. host
 * is the Host header, NULL when there was none. */
bool gateway_origin_allowed(const struct gateway *g, const char *origin, const char *host);

#endif
