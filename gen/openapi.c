#include "gen/openapi.h"

#include "gen/names.h"
#include "gen/schema.h"

#include <string.h>

/* The first sentence of a comment, without its full stop. */
static json_t *summary(const char *doc)
{
        const char *end = doc;

        while (*end && !(*end == '\n') &&
               !(*end == '.' && (!end[1] || end[1] == ' ' || end[1] == '\n')))
                end++;
        return json_stringn(doc, (size_t)(end - doc));
}

static json_t *parameter(const struct model_field *f, const char *in)
{
        json_t *p = json_pack("{s:s, s:s}", "name", f->name, "in", in);
        bool in_path = strcmp(in, "path") == 0;
        json_t *schema;

        if (in_path || f->rules->required || f->rules->min_items > 0)
                schema_put(p, "required", json_true());
        /* Text in a path or a query is never null. */
        schema = schema_value(f);
        if (f->enumeration && !f->repeated && !f->rules->required) {
                json_decref(schema);
                schema = schema_ref(f->enumeration->full_name);
        }
        if (*f->rules->example)
                schema_put(schema, "examples",
                           json_pack("[o]", json_loads(f->rules->example, JSON_DECODE_ANY, NULL)));
        if (*f->doc)
                schema_put(p, "description", json_string(f->doc));
        schema_put(p, "schema", schema);
        return p;
}

static bool is_path_param(const struct model_route *r, const struct model_field *f)
{
        for (size_t i = 0; i < r->n_params; i++) {
                if (r->params[i] == f)
                        return true;
        }
        return false;
}

static json_t *parameters(const struct model_method *method, const struct model_route *r)
{
        json_t *all = json_array();

        for (size_t i = 0; i < r->n_params; i++)
                schema_add(all, parameter(r->params[i], "path"));
        for (size_t i = 0; !r->has_body && i < method->input->n_fields; i++) {
                /* Secrets are taken in bodies only. */
                if (!is_path_param(r, &method->input->fields[i]) &&
                    !method->input->fields[i].rules->secret)
                        schema_add(all, parameter(&method->input->fields[i], "query"));
        }
        if (method->replay)
                schema_add(all,
                           json_pack("{s:s}", "$ref", "#/components/parameters/IdempotencyKey"));
        return all;
}

static json_t *request_body(const struct model_method *method, const struct model_route *r)
{
        json_t *schema = r->n_params > 0 ? schema_object(method->input, r->params, r->n_params)
                                         : schema_ref(method->input->full_name);
        bool required = false;

        for (size_t i = 0; i < method->input->n_fields; i++) {
                const struct model_field *f = &method->input->fields[i];

                required |= (f->rules->required || f->rules->min_items > 0) && !is_path_param(r, f);
        }
        return json_pack("{s:b, s:{s:{s:o}}}", "required", required, "content", "application/json",
                         "schema", schema);
}

/* Which errors a method is likely to answer: those its comment names, and those that its shape
 * makes possible. */
static bool may_answer(const struct model_method *method, const struct model_route *r,
                       enum status status, const char *name)
{
        if (strstr(method->doc, name))
                return true;
        switch (status) {
        case STATUS_INVALID_ARGUMENT:
                return r->has_body || method->input->n_fields > 0;
        case STATUS_UNAUTHENTICATED:
                return method->rules->access != SOCIALIZER__V1__ACCESS__ACCESS_PUBLIC;
        case STATUS_PERMISSION_DENIED:
                return method->rules->access == SOCIALIZER__V1__ACCESS__ACCESS_ADMIN ||
                       model_field_find(method->input, "user_id", strlen("user_id"));
        case STATUS_NOT_FOUND:
                return r->n_params > 0;
        case STATUS_RESOURCE_EXHAUSTED:
        case STATUS_INTERNAL:
        case STATUS_UNAVAILABLE:
        case STATUS_DEADLINE_EXCEEDED:
                return true;
        default:
                return false;
        }
}

static void put_errors(json_t *responses, const struct model_method *method,
                       const struct model_route *r)
{
        static const struct {
                enum status status;
                const char *name, *http;
        } errors[] = {
                /* By HTTP status, so that the document reads in their order. */
                {STATUS_FAILED_PRECONDITION, "FAILED_PRECONDITION", "400"},
                {STATUS_UNAUTHENTICATED, "UNAUTHENTICATED", "401"},
                {STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "403"},
                {STATUS_NOT_FOUND, "NOT_FOUND", "404"},
                {STATUS_ALREADY_EXISTS, "ALREADY_EXISTS", "409"},
                {STATUS_INVALID_ARGUMENT, "INVALID_ARGUMENT", "422"},
                {STATUS_RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED", "429"},
                {STATUS_INTERNAL, "INTERNAL", "500"},
                {STATUS_UNAVAILABLE, "UNAVAILABLE", "503"},
                {STATUS_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "504"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
                if (may_answer(method, r, errors[i].status, errors[i].name))
                        schema_put(responses, errors[i].http,
                                   json_pack("{s:o}", "$ref",
                                             json_sprintf("#/components/responses/%s",
                                                          errors[i].name)));
        }
}

static json_t *responses(const struct model_method *method, const struct model_route *r)
{
        json_t *all = json_object();
        json_t *schema = r->response_body ? schema_value(r->response_body)
                                          : schema_ref(method->output->full_name);
        char status[16];

        snprintf(status, sizeof(status), "%u",
                 (unsigned)(method->rules->http_status ? method->rules->http_status : 200));
        schema_put(all, status,
                   json_pack("{s:s, s:{s:{s:s}}, s:{s:{s:o}}}", "description", "Done", "headers",
                             "X-Request-Id", "$ref", "#/components/headers/RequestId", "content",
                             "application/json", "schema", schema));
        put_errors(all, method, r);
        return all;
}

static json_t *security(const struct model_method *method)
{
        if (method->rules->access == SOCIALIZER__V1__ACCESS__ACCESS_PUBLIC)
                return json_array();
        return json_pack("[{s:[]}, {s:[]}]", "bearer", "cookie");
}

static json_t *operation(const struct model_method *method, size_t index)
{
        const struct model_route *r = &method->routes[index];
        const char *service = method->service->proto->name;
        json_t *o = json_object();
        json_t *params = parameters(method, r);

        /* A number tells the further bindings of a method from its first. */
        if (index == 0)
                schema_put(o, "operationId", json_sprintf("%s_%s", service, method->proto->name));
        else
                schema_put(o, "operationId",
                           json_sprintf("%s_%s_%zu", service, method->proto->name, index + 1));
        if (*method->doc) {
                schema_put(o, "summary", summary(method->doc));
                schema_put(o, "description", json_string(method->doc));
        }
        schema_put(o, "tags", json_pack("[s]", service));
        schema_put(o, "security", security(method));
        if (json_array_size(params) > 0)
                schema_put(o, "parameters", json_incref(params));
        json_decref(params);
        if (r->has_body)
                schema_put(o, "requestBody", request_body(method, r));
        schema_put(o, "responses", responses(method, r));
        schema_put(o, "x-rpc", json_string(method->full_name));
        return o;
}

static void put_route(json_t *paths, const struct model_method *method, size_t index)
{
        const struct model_route *r = &method->routes[index];
        json_t *path = json_object_get(paths, r->path);
        char verb[8];
        size_t n = strlen(r->verb);

        for (size_t i = 0; i <= n; i++)
                verb[i] = (char)(r->verb[i] >= 'A' ? r->verb[i] + 32 : r->verb[i]);
        if (!path) {
                path = json_object();
                schema_put(paths, r->path, path);
        }
        schema_put(path, verb, operation(method, index));
}

static json_t *paths_of(const struct model *m)
{
        json_t *paths = json_object();

        for (size_t i = 0; i < m->n_methods; i++) {
                for (size_t j = 0; j < m->methods[i].n_routes; j++)
                        put_route(paths, &m->methods[i], j);
        }
        return paths;
}

static json_t *tags_of(const struct model *m)
{
        json_t *tags = json_array();

        for (size_t i = 0; i < m->n_services; i++)
                schema_add(tags, json_pack("{s:s, s:s}", "name", m->services[i].proto->name,
                                           "description", m->services[i].doc));
        return tags;
}

json_t *openapi_document(const struct model *m, json_t *base, const char *version)
{
        json_t *doc = json_pack("{s:s, s:{s:s}, s:o, s:o, s:{s:o}}", "openapi", "3.1.0", "info",
                                "version", version, "tags", tags_of(m), "paths", paths_of(m),
                                "components", "schemas", schema_components(m));
        json_t *tags, *more;

        if (!doc)
                names_must(NULL);
        /* Arrays are not merged by the rest, but those who add paths add tags for them. */
        tags = json_incref(json_object_get(doc, "tags"));
        more = json_object_get(base, "tags");
        if (json_object_update_recursive(doc, base) != 0 ||
            (more && json_array_extend(tags, more) != 0))
                names_must(NULL);
        schema_put(doc, "tags", tags);
        return doc;
}
