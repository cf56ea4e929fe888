#include "gen/route.h"

#include "gen/names.h"
#include "gen/options.h"

#include <string.h>

static void read_verb(struct model *m, const Google__Api__HttpRule *rule, struct model_route *r)
{
        switch (rule->pattern_case) {
        case GOOGLE__API__HTTP_RULE__PATTERN_GET:
                r->verb = "GET";
                r->path = rule->get;
                return;
        case GOOGLE__API__HTTP_RULE__PATTERN_PUT:
                r->verb = "PUT";
                r->path = rule->put;
                return;
        case GOOGLE__API__HTTP_RULE__PATTERN_POST:
                r->verb = "POST";
                r->path = rule->post;
                return;
        case GOOGLE__API__HTTP_RULE__PATTERN_DELETE:
                r->verb = "DELETE";
                r->path = rule->delete_;
                return;
        case GOOGLE__API__HTTP_RULE__PATTERN_PATCH:
                r->verb = "PATCH";
                r->path = rule->patch;
                return;
        default:
                r->verb = "";
                r->path = "";
                model_problem(m, r->place, "a route is one of get, put, post, delete and patch");
        }
}

static void read_param(struct model *m, const struct model_method *method, struct model_route *r,
                       const char *name, size_t n)
{
        const struct model_field *f = model_field_find(method->input, name, n);

        if (!f) {
                model_problem(m, r->place, "path '%s' names '%.*s', which is no field of %s",
                              r->path, (int)n, name, method->input->full_name);
                return;
        }
        if (f->repeated || f->message || f->choice || model_is_bytes(f)) {
                model_problem(m, r->place,
                              "path '%s' names '%s', but a path holds only a single number, word, "
                              "enum or boolean outside of a oneof of several",
                              r->path, f->name);
                return;
        }
        for (size_t i = 0; i < r->n_params; i++) {
                if (r->params[i] == f)
                        model_problem(m, r->place, "path '%s' names '%s' twice", r->path, f->name);
        }
        r->params[r->n_params++] = f;
}

/* "/api/users/{user_id}/": segments are words or a field in braces; the last may be empty. */
static void read_path(struct model *m, const struct model_method *method, struct model_route *r)
{
        static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "-._~";
        const char *at = r->path;

        r->params = names_must(
                arena_calloc(m->arena, strlen(r->path) / 2 + 1, sizeof(struct model_field *)));
        if (*at != '/') {
                model_problem(m, r->place, "path '%s' does not begin with '/'", r->path);
                return;
        }
        while (*at == '/') {
                size_t n;

                at++;
                if (*at == '{') {
                        n = strcspn(at, "}");
                        if (!at[n])
                                break;
                        read_param(m, method, r, at + 1, n - 1);
                        at += n + 1;
                        continue;
                }
                n = strspn(at, word);
                if (n == 0 && *at == '/')
                        break;
                at += n;
        }
        if (*at)
                model_problem(m, r->place,
                              "path '%s': a segment is letters, digits and -._~, or one {field}",
                              r->path);
}

static bool is_param(const struct model_route *r, const struct model_field *f)
{
        for (size_t i = 0; i < r->n_params; i++) {
                if (r->params[i] == f)
                        return true;
        }
        return false;
}

static void read_body(struct model *m, const Google__Api__HttpRule *rule,
                      const struct model_method *method, struct model_route *r)
{
        bool may_have_body = strcmp(r->verb, "GET") != 0 && strcmp(r->verb, "DELETE") != 0;

        r->has_body = strcmp(rule->body, "*") == 0;
        if (*rule->body && !r->has_body)
                model_problem(m, r->place, "body is '%s', but only '*' or no body is supported",
                              rule->body);
        if (r->has_body && !may_have_body)
                model_problem(m, r->place, "%s %s has a body", r->verb, r->path);
        for (size_t i = 0; !r->has_body && i < method->input->n_fields; i++) {
                const struct model_field *f = &method->input->fields[i];

                if (!is_param(r, f) && (f->message || f->choice))
                        model_problem(m, r->place,
                                      "%s %s has no body, and its query cannot hold '%s'", r->verb,
                                      r->path, f->name);
        }
}

static void read_one(struct model *m, const Google__Api__HttpRule *rule,
                     const struct model_method *method, struct model_route *r)
{
        read_verb(m, rule, r);
        if (!*r->verb)
                return;
        read_path(m, method, r);
        read_body(m, rule, method, r);
        if (strcmp(r->verb, "GET") == 0 && method->side_effects)
                model_problem(m, r->place, "GET %s: the method is not NO_SIDE_EFFECTS", r->path);
        if (*rule->response_body) {
                r->response_body = model_field_find(method->output, rule->response_body,
                                                    strlen(rule->response_body));
                if (!r->response_body)
                        model_problem(m, r->place, "response_body '%s' is no field of %s",
                                      rule->response_body, method->output->full_name);
                else if (r->response_body->choice)
                        model_problem(m, r->place,
                                      "response_body '%s' is one of several members of a oneof",
                                      rule->response_body);
        }
        if (*rule->selector)
                model_problem(m, r->place, "a selector says nothing here");
}

void route_read(struct model *m, struct model_method *method, struct place place)
{
        bool rule_valid;
        const Google__Api__HttpRule *rule =
                options_http(m->arena, method->proto->options, &rule_valid);

        if (!rule_valid)
                model_problem(m, place, "%s: its google.api.http is no message", method->full_name);
        if (!rule)
                return;
        method->routes = names_must(
                arena_calloc(m->arena, 1 + rule->n_additional_bindings, sizeof(method->routes[0])));
        for (size_t i = 0; i <= rule->n_additional_bindings; i++) {
                const Google__Api__HttpRule *binding =
                        i == 0 ? rule : rule->additional_bindings[i - 1];

                method->routes[i].place = place;
                read_one(m, binding, method, &method->routes[i]);
                if (i > 0 && binding->n_additional_bindings > 0)
                        model_problem(m, place, "an additional binding has additional bindings");
                method->n_routes++;
        }
}

/* Whether two paths match the same requests: the same words, and fields at the same places. */
static bool same_shape(const char *a, const char *b)
{
        while (*a && *b) {
                if (*a != *b)
                        return false;
                if (*a == '{') {
                        a += strcspn(a, "}");
                        b += strcspn(b, "}");
                        if (!*a || !*b)
                                break;
                }
                a++;
                b++;
        }
        return !*a && !*b;
}

static void check_against(struct model *m, const struct model_method *method,
                          const struct model_route *r, size_t n_methods)
{
        for (size_t i = 0; i <= n_methods; i++) {
                const struct model_method *other = &m->methods[i];

                for (size_t j = 0; j < other->n_routes; j++) {
                        const struct model_route *before = &other->routes[j];

                        if (before == r)
                                return;
                        if (strcmp(before->verb, r->verb) == 0 &&
                            same_shape(before->path, r->path)) {
                                model_problem(m, r->place, "%s %s of %s is taken by %s (%s:%d)",
                                              r->verb, r->path, method->full_name, other->full_name,
                                              before->place.file, before->place.line);
                                return;
                        }
                }
        }
}

void route_check_unique(struct model *m)
{
        for (size_t i = 0; i < m->n_methods; i++) {
                for (size_t j = 0; j < m->methods[i].n_routes; j++) {
                        if (*m->methods[i].routes[j].verb)
                                check_against(m, &m->methods[i], &m->methods[i].routes[j], i);
                }
        }
}
