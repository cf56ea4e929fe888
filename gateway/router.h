/* From a verb and a path to what answers them: a tree with one level for each segment of the path.
 * Where a literal and a parameter both fit, the literal is tried first, so that /api/users/me and
 * /api/users/{user_id} live side by side. */
#ifndef GATEWAY_ROUTER_H
#define GATEWAY_ROUTER_H

#include "common/contract.h"
#include "common/status.h"

#include <stddef.h>

#define ROUTER_MAX_SEGMENTS 16
#define ROUTER_MAX_PARAMS   4

enum verb { VERB_GET, VERB_POST, VERB_PUT, VERB_PATCH, VERB_DELETE, VERB_COUNT };

/* "GET" */
const char *verb_name(enum verb verb);
/* False for any other verb (HEAD is the caller's business). */
bool verb_parse(const char *text, enum verb *ret);

/* What answers beside the methods of the contract. */
enum route_kind {
        ROUTE_RPC,
        ROUTE_HEALTH,
        ROUTE_READY,
        ROUTE_METRICS,
        ROUTE_OPENAPI,
        ROUTE_DOCS,
        ROUTE_DOCS_FILE,
        ROUTE_WEBSOCKET,
};

struct route {
        enum route_kind kind;
        enum verb verb;
        const char *path; /* as the contract writes it */
        const char *label; /* "socializer.v1.UserService/GetMe", for metrics */
        const struct method *method; /* ROUTE_RPC, else NULL */
        const struct http_route *http; /* ROUTE_RPC, else NULL */
        const ProtobufCFieldDescriptor *params[ROUTER_MAX_PARAMS]; /* in the order of the path */
        unsigned n_params;
        size_t index; /* 0, 1, 2 … of all routes */
};

struct router;

/* All routes of the contract and the gateway's own. */
enum status router_new(struct router **ret, struct error *reterr) MUST_CHECK;
struct router *router_free(struct router *r);
size_t router_n_routes(const struct router *r);
const struct route *router_route(const struct router *r, size_t index);

struct router_match {
        const struct route *route; /* NULL: see allowed */
        const char *params[ROUTER_MAX_PARAMS]; /* decoded, point into the path */
        unsigned allowed; /* bits 1 << verb of what the path has; 0: there is no such path */
};

/* Takes path ("/api/users/7", without the query) apart in place. False when an escape in it is
 * wrong or it is not UTF-8. */
bool router_match(const struct router *r, enum verb verb, char *path, struct router_match *ret);

#endif
