/* GET /ws/chat: the HTTP side of a WebSocket. */
#include "gateway/cookie.h"
#include "gateway/deflate_offer.h"
#include "gateway/endpoint.h"
#include "gateway/handshake.h"
#include "gateway/reply.h"
#include "gateway/token.h"
#include "gateway/uri.h"
#include "gateway/ws.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>

static void close_descriptor(void *arg)
{
        close((int)(intptr_t)arg);
}

/* The 101 is sent: takes the socket from libmicrohttpd. A duplicate of the descriptor goes to the
 * WebSocket, and libmicrohttpd is told to close its own, which frees all that it keeps for a
 * connection (it closes without shutdown(2), so the duplicate lives on). */
static void on_upgraded(void *cls, struct MHD_Connection *connection, void *req_cls,
                        const char *extra_in, size_t n_extra_in, MHD_socket socket,
                        struct MHD_UpgradeResponseHandle *urh)
{
        struct server *s = cls;
        struct request *r = req_cls;
        int on = 1;
        int fd = fcntl(socket, F_DUPFD_CLOEXEC, 0);

        (void)connection;
        if (fd >= 0) {
                struct ws_peer peer = {
                        .fd = fd,
                        .extra_in = extra_in,
                        .n_extra_in = n_extra_in,
                        .cookie_token = r->token,
                        .client_address = r->client_address,
                        .window_bits = r->window_bits,
                        .release = close_descriptor,
                        .release_arg = (void *)(intptr_t)fd,
                };

                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
                ws_accept(s->gateway, &peer);
        }
        MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
        /* It does so when it runs next. Without that, its descriptor keeps the connection open long
         * after the WebSocket has closed the other. */
        s->upgraded = true;
}

/* A token in an address ends up in logs and histories. */
static bool query_has_token(char *query)
{
        char *name;
        char *value;
        bool valid;

        while (uri_next_pair(&query, &name, &value, &valid))
                if (!valid || strcasecmp(name, "token") == 0 || strcasecmp(name, COOKIE_TOKEN) == 0)
                        return true;
        return false;
}

/* A WebSocket is no HTTP connection any more, but who has not signed in counts like one. */
static bool has_too_many_strangers(const struct request *r)
{
        const struct gateway *g = r->server->gateway;
        unsigned max = g->options->max_connections_per_ip;

        return max > 0 && g->ws && ws_n_strangers(g->ws, r->client_address) >= max;
}

/* False: answered with an error. */
static bool check_handshake(struct request *r, char accept[static HANDSHAKE_ACCEPT_SIZE],
                            struct deflate_offer *offer)
{
        const struct headers *h = &r->headers;
        const struct gateway *g = r->server->gateway;

        if (!h->upgrade || !handshake_has_token(h->upgrade, "websocket") || !h->connection ||
            !handshake_has_token(h->connection, "Upgrade") || r->is_head) {
                reply_errorf(r, 426, STATUS_FAILED_PRECONDITION, "this is a WebSocket");
                reply_header(r, MHD_HTTP_HEADER_UPGRADE, "websocket");
        } else if (!h->sec_websocket_version || strcmp(h->sec_websocket_version, "13") != 0) {
                reply_errorf(r, 426, STATUS_FAILED_PRECONDITION, "Sec-WebSocket-Version: want 13");
                reply_header(r, "Sec-WebSocket-Version", "13");
        } else if (!h->sec_websocket_key || !handshake_accept(h->sec_websocket_key, accept)) {
                reply_errorf(r, 400, STATUS_INVALID_ARGUMENT,
                             "Sec-WebSocket-Key: want 16 bytes in base64");
        } else if (!deflate_offer_accept(
                           h->sec_websocket_extensions ? h->sec_websocket_extensions : "", offer)) {
                reply_errorf(r, 400, STATUS_INVALID_ARGUMENT,
                             "Sec-WebSocket-Extensions: want a list of extensions");
        } else if (r->query && query_has_token(r->query)) {
                reply_errorf(r, 400, STATUS_INVALID_ARGUMENT,
                             "no token in the address: send the cookie, or a frame of type auth");
        } else if (h->origin && !gateway_origin_allowed(g, h->origin, request_host(r))) {
                reply_errorf(r, 403, STATUS_PERMISSION_DENIED,
                             "a page of another site may not connect");
        } else if (g->stopping || g->counters.ws_connections >= g->options->max_connections) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "no more WebSockets at the moment");
        } else if (has_too_many_strangers(r)) {
                reply_errorf(r, 429, STATUS_RESOURCE_EXHAUSTED,
                             "%u WebSockets of your address are not signed in yet, the limit",
                             g->options->max_connections_per_ip);
        } else {
                return true;
        }
        return false;
}

void upgrade_answer(struct request *r)
{
        char accept[HANDSHAKE_ACCEPT_SIZE];
        struct deflate_offer offer;

        if (!check_handshake(r, accept, &offer))
                return;
        r->window_bits = offer.window_bits;
        token_read_cookie(r);
        reply_response(r, 101, MHD_create_response_for_upgrade(on_upgraded, r->server));
        reply_header(r, MHD_HTTP_HEADER_UPGRADE, "websocket");
        reply_header(r, "Sec-WebSocket-Accept", accept);
        if (offer.window_bits)
                reply_header(r, "Sec-WebSocket-Extensions", offer.answer);
}
