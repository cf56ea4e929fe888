#include "gateway/router.h"

#include "gateway/uri.h"

#include <stdlib.h>
#include <string.h>

struct node {
        struct node *next; /* sibling */
        struct node *children; /* literals */
        struct node *param; /* any segment that is not empty */
        char *segment; /* of a literal */
        struct route *routes[VERB_COUNT];
};

struct router {
        struct node root;
        struct route **routes;
        size_t n_routes;
};

static const char *const verbs[VERB_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static const struct {
        enum route_kind kind;
        const char *path;
        const char *label;
} own_routes[] = {
        {ROUTE_HEALTH, "/health", "health"},
        {ROUTE_READY, "/ready", "ready"},
        {ROUTE_METRICS, "/metrics", "metrics"},
        {ROUTE_OPENAPI, "/openapi.json", "openapi"},
        {ROUTE_DOCS, "/docs", "docs"},
        {ROUTE_DOCS, "/docs/", "docs"},
        {ROUTE_DOCS_FILE, "/docs/{file}", "docs"},
        {ROUTE_WEBSOCKET, "/ws/chat", "websocket"},
};

const char *verb_name(enum verb verb)
{
        return verbs[verb];
}

bool verb_parse(const char *text, enum verb *ret)
{
        for (unsigned i = 0; i < VERB_COUNT; i++) {
                if (strcmp(text, verbs[i]) == 0) {
                        *ret = (enum verb)i;
                        return true;
                }
        }
        return false;
}

static struct node *child(struct node *parent, const char *segment, size_t n)
{
        bool is_param = n > 2 && segment[0] == '{';

        if (is_param && parent->param)
                return parent->param;
        if (!is_param) {
                for (struct node *c = parent->children; c; c = c->next)
                        if (strlen(c->segment) == n && memcmp(c->segment, segment, n) == 0)
                                return c;
        }

        struct node *c = calloc(1, sizeof(*c));
        if (!c)
                return NULL;
        if (is_param) {
                parent->param = c;
                return c;
        }
        c->segment = strndup(segment, n);
        if (!c->segment) {
                free(c);
                return NULL;
        }
        c->next = parent->children;
        parent->children = c;
        return c;
}

/* "{user_id}" as a field of the request; the gateway's own routes have none. */
static enum status add_param(struct route *route, const char *segment, size_t n,
                             struct error *reterr)
{
        char name[64];

        if (route->n_params == ROUTER_MAX_PARAMS || n - 2 >= sizeof(name))
                return error_set(reterr, STATUS_INTERNAL, "route %s: too many parameters",
                                 route->label);
        memcpy(name, segment + 1, n - 2);
        name[n - 2] = '\0';

        const ProtobufCFieldDescriptor *field = NULL;
        if (route->method) {
                field = protobuf_c_message_descriptor_get_field_by_name(
                        route->method->input->descriptor, name);
                if (!field)
                        return error_set(reterr, STATUS_INTERNAL, "route %s: no field '%s'",
                                         route->label, name);
        }
        route->params[route->n_params++] = field;
        return STATUS_OK;
}

static enum status add(struct router *r, const struct route *what, const char *path,
                       struct error *reterr)
{
        struct route **routes = realloc(r->routes, (r->n_routes + 1) * sizeof(struct route *));
        if (!routes)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        r->routes = routes;
        struct route *route = malloc(sizeof(*route));
        if (!route)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        *route = *what;
        route->path = path;
        route->index = r->n_routes;
        r->routes[r->n_routes++] = route;

        struct node *node = &r->root;
        for (const char *at = path; *at == '/';) {
                const char *segment = ++at;
                size_t n = strcspn(segment, "/");

                node = child(node, segment, n);
                if (!node)
                        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
                if (n > 2 && segment[0] == '{') {
                        enum status st = add_param(route, segment, n, reterr);
                        if (st != STATUS_OK)
                                return st;
                }
                at += n;
        }
        if (node->routes[route->verb])
                return error_set(reterr, STATUS_INTERNAL, "%s %s is there twice",
                                 verbs[route->verb], path);
        node->routes[route->verb] = route;
        return STATUS_OK;
}

static enum status add_method(struct router *r, const struct method *m, struct error *reterr)
{
        for (size_t i = 0; i < m->n_routes; i++) {
                struct route route = {.kind = ROUTE_RPC, .method = m, .http = &m->routes[i]};

                route.label = m->name;
                if (!verb_parse(route.http->verb, &route.verb))
                        return error_set(reterr, STATUS_INTERNAL, "%s: unknown verb %s", m->name,
                                         route.http->verb);
                enum status st = add(r, &route, route.http->path, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

static enum status add_all(struct router *r, struct error *reterr)
{
        for (size_t i = 0; i < contract_n_methods; i++) {
                enum status st = add_method(r, &contract_methods[i], reterr);
                if (st != STATUS_OK)
                        return st;
        }
        for (size_t i = 0; i < ARRAY_SIZE(own_routes); i++) {
                struct route route = {.kind = own_routes[i].kind, .label = own_routes[i].label};
                enum status st = add(r, &route, own_routes[i].path, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

enum status router_new(struct router **ret, struct error *reterr)
{
        struct router *r = calloc(1, sizeof(*r));
        if (!r)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");

        enum status st = add_all(r, reterr);
        if (st != STATUS_OK) {
                router_free(r);
                return st;
        }
        *ret = r;
        return STATUS_OK;
}

static void free_children(struct node *node)
{
        while (node->children) {
                struct node *c = node->children;

                node->children = c->next;
                free_children(c);
                free(c->segment);
                free(c);
        }
        if (node->param) {
                free_children(node->param);
                free(node->param);
        }
}

struct router *router_free(struct router *r)
{
        if (!r)
                return NULL;
        free_children(&r->root);
        for (size_t i = 0; i < r->n_routes; i++)
                free(r->routes[i]);
        free(r->routes);
        free(r);
        return NULL;
}

size_t router_n_routes(const struct router *r)
{
        return r->n_routes;
}

const struct route *router_route(const struct router *r, size_t index)
{
        return r->routes[index];
}

struct search {
        enum verb verb;
        char *segments[ROUTER_MAX_SEGMENTS];
        unsigned n_segments;
        const char *params[ROUTER_MAX_PARAMS];
        struct router_match *match;
};

/* Depth first, literals before parameters; deep only as the path is. */
static bool find(struct search *s, const struct node *node, unsigned at, unsigned n_params)
{
        if (at == s->n_segments) {
                for (unsigned v = 0; v < VERB_COUNT; v++)
                        if (node->routes[v])
                                s->match->allowed |= 1u << v;
                if (!node->routes[s->verb])
                        return false;
                s->match->route = node->routes[s->verb];
                memcpy(s->match->params, s->params, sizeof(s->params));
                return true;
        }
        for (const struct node *c = node->children; c; c = c->next)
                if (strcmp(c->segment, s->segments[at]) == 0) {
                        if (find(s, c, at + 1, n_params))
                                return true;
                        break;
                }
        if (!node->param || !s->segments[at][0] || n_params == ROUTER_MAX_PARAMS)
                return false;
        s->params[n_params] = s->segments[at];
        return find(s, node->param, at + 1, n_params + 1);
}

bool router_match(const struct router *r, enum verb verb, char *path, struct router_match *ret)
{
        struct search s = {.verb = verb, .match = ret};

        *ret = (struct router_match){0};
        for (char *at = path; at && *at == '/';) {
                if (s.n_segments == ROUTER_MAX_SEGMENTS)
                        return true;
                s.segments[s.n_segments++] = ++at;
                at = strchr(at, '/');
        }
        for (unsigned i = 1; i < s.n_segments; i++)
                s.segments[i][-1] = '\0';
        for (unsigned i = 0; i < s.n_segments; i++)
                if (!uri_decode(s.segments[i], false))
                        return false;
        find(&s, &r->root, 0, 0);
        return true;
}
