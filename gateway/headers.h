/* The request headers that the gateway reads, found in one pass. The texts are libmicrohttpd's and
 * live as long as the request. */
#ifndef GATEWAY_HEADERS_H
#define GATEWAY_HEADERS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/* X(member, name) */
#define HEADERS_LIST(X)                                                   \
        X(accept, "Accept")                                               \
        X(accept_encoding, "Accept-Encoding")                             \
        X(access_control_request_method, "Access-Control-Request-Method") \
        X(authorization, "Authorization")                                 \
        X(connection, "Connection")                                       \
        X(content_encoding, "Content-Encoding")                           \
        X(content_length, "Content-Length")                               \
        X(content_type, "Content-Type")                                   \
        X(cookie, "Cookie")                                               \
        X(expect, "Expect")                                               \
        X(host, "Host")                                                   \
        X(idempotency_key, "Idempotency-Key")                             \
        X(if_none_match, "If-None-Match")                                 \
        X(last_event_id, "Last-Event-ID")                                 \
        X(origin, "Origin")                                               \
        X(referer, "Referer")                                             \
        X(sec_fetch_site, "Sec-Fetch-Site")                               \
        X(sec_websocket_extensions, "Sec-WebSocket-Extensions")           \
        X(sec_websocket_key, "Sec-WebSocket-Key")                         \
        X(sec_websocket_version, "Sec-WebSocket-Version")                 \
        X(traceparent, "traceparent")                                     \
        X(transfer_encoding, "Transfer-Encoding")                         \
        X(upgrade, "Upgrade")                                             \
        X(user_agent, "User-Agent")                                       \
        X(x_forwarded_for, "X-Forwarded-For")                             \
        X(x_forwarded_host, "X-Forwarded-Host")                           \
        X(x_forwarded_proto, "X-Forwarded-Proto")                         \
        X(x_request_id, "X-Request-Id")

struct headers {
#define X(member, name) const char *member; /* NULL: not there */
        HEADERS_LIST(X)
#undef X
        bool is_malformed; /* a line is not as RFC 9112 has it */
        const char *repeated; /* one that must not be there twice and is; NULL = none */
        size_t n_bytes; /* of all, with their separators */
};

void headers_read(struct MHD_Connection *connection, struct headers *ret);

/* What makes a request ambiguous to a proxy in front (request smuggling) or is against HTTP/1.1:
 * a text for the client, NULL when all is well. is_http11: the request's version. */
const char *headers_fault(const struct headers *h, bool is_http11);

/* Whether the peer takes answers that gzip has compressed. */
bool headers_accept_gzip(const struct headers *h);
/* Whether a page is wanted: what browsers ask for when somebody follows a link. */
bool headers_accept_html(const struct headers *h);

#endif
