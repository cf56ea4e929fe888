#include "gateway/endpoint.h"

#include "gateway/compatible.h"
#include "gateway/origin.h"
#include "gateway/reply.h"
#include "gateway/uri.h"

#include <stdio.h>
#include <string.h>

/* Scripts, styles and connections are the gateway's own; nobody may frame it. */
static const char web_csp[] =
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'";

static const char landing_page[] =
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<link rel=\"icon\" href=\"data:,\"><title>Socializer</title></head>\n"
        "<body>\n<h1>Socializer</h1>\n<p>The gateway is running. "
        "<a href=\"docs\">API documentation</a></p>\n</body>\n</html>\n";

/* "GET, HEAD, POST, OPTIONS" */
static void allow_header(struct request *r, unsigned allowed)
{
        char text[64] = "";
        size_t n = 0;

        for (unsigned v = 0; v < VERB_COUNT; v++)
                if (allowed & (1u << v))
                        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
                                              verb_name((enum verb)v),
                                              v == VERB_GET ? ", HEAD, " : ", ");
        snprintf(text + n, sizeof(text) - n, "OPTIONS");
        reply_header(r, MHD_HTTP_HEADER_ALLOW, text);
}

/* OPTIONS: what a path allows, and to browsers, what a page of another origin may do. */
static void answer_options(struct request *r, unsigned allowed)
{
        reply_empty(r, 204);
        allow_header(r, allowed);
        if (!r->headers.origin || !r->headers.access_control_request_method)
                return;
        const struct gateway_options *o = r->server->gateway->options;
        if (!origin_in_list(r->headers.origin, o->allowed_origins, o->n_allowed_origins, true))
                return;
        reply_header(r, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
        reply_header(r, "Access-Control-Allow-Headers",
                     "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id, "
                     "traceparent");
        reply_header(r, "Access-Control-Max-Age", "600");
}

/* Routes that need the service. */
static bool is_served(const struct request *r)
{
        enum route_kind kind = r->match.route->kind;

        return kind == ROUTE_RPC || kind == ROUTE_READY || kind == ROUTE_WEBSOCKET;
}

static void answer_route(struct request *r)
{
        const char *fault = compatible_fault(r->server->gateway->compatible);

        if (fault && is_served(r)) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "%s", fault);
                return;
        }
        switch (r->match.route->kind) {
        case ROUTE_RPC:
                rpc_answer(r);
                break;
        case ROUTE_HEALTH:
                operations_health(r);
                break;
        case ROUTE_READY:
                operations_ready(r);
                break;
        case ROUTE_METRICS:
                operations_metrics(r);
                break;
        case ROUTE_OPENAPI:
                docs_openapi(r);
                break;
        case ROUTE_DOCS:
                docs_page(r);
                break;
        case ROUTE_DOCS_FILE:
                docs_file(r, r->match.params[0]);
                break;
        case ROUTE_WEBSOCKET:
                upgrade_answer(r);
                break;
        }
}

/* An address that the web app understands by itself, as somebody reloads it or follows a link: not
 * a file, which would have an ending, and not what a program asks for. */
static bool is_page(const struct request *r, const char *path)
{
        const char *name = strrchr(path, '/');

        return name && !strchr(name, '.') && strncmp(path, "/api/", 5) != 0 &&
               headers_accept_html(&r->headers);
}

/* No route: a file of the web app, one of its pages, or nothing. path: decoded. */
static void answer_file(struct request *r, const char *path)
{
        if (static_files_answer(&r->server->web, r, path, web_csp) ||
            (is_page(r, path) && static_files_answer(&r->server->web, r, "/", web_csp)))
                return;
        if (strcmp(path, "/") == 0) {
                reply_bytes(r, 200, REPLY_HTML, landing_page, sizeof(landing_page) - 1);
                reply_header(r, "Content-Security-Policy", web_csp);
                return;
        }
        reply_errorf(r, 404, STATUS_NOT_FOUND, "no such path: %.200s", path);
}

void endpoint_answer(struct request *r)
{
        const struct server *s = r->server;
        bool is_options = strcmp(r->verb_text, "OPTIONS") == 0;
        char *file = arena_strdup(&r->arena, r->path);

        if (!file) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the gateway is out of memory");
                return;
        }
        if (r->is_head)
                r->verb = VERB_GET;
        else if (!is_options && !verb_parse(r->verb_text, &r->verb)) {
                reply_errorf(r, 501, STATUS_UNIMPLEMENTED, "method %.20s is not known",
                             r->verb_text);
                return;
        }
        if (is_options && strcmp(r->path, "*") == 0) {
                answer_options(r, (1u << VERB_COUNT) - 1);
                return;
        }
        if (!router_match(s->router, r->verb, r->path, &r->match) || !uri_decode(file, false)) {
                reply_errorf(r, 400, STATUS_INVALID_ARGUMENT,
                             "the path has a bad percent-encoding or is no UTF-8");
        } else if (is_options && r->match.allowed) {
                r->match.route = NULL;
                answer_options(r, r->match.allowed);
        } else if (r->match.route) {
                answer_route(r);
        } else if (r->match.allowed) {
                reply_errorf(r, 405, STATUS_UNIMPLEMENTED, "%s is not allowed here", r->verb_text);
                allow_header(r, r->match.allowed);
        } else if (r->verb == VERB_GET && !is_options) {
                answer_file(r, file);
        } else {
                reply_errorf(r, 404, STATUS_NOT_FOUND, "no such path: %.200s", file);
        }
}
