/* The OpenAPI document against the route table, and against itself. */
#include "common/contract.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

static int load(void **state)
{
        *state = json_loadb(contract_openapi, contract_openapi_bytes, JSON_REJECT_DUPLICATES, NULL);
        return *state ? 0 : -1;
}

static int unload(void **state)
{
        json_decref(*state);
        return 0;
}

/* The operation of a route; NULL when the document has none. */
static json_t *operation(json_t *doc, const struct http_route *route)
{
        json_t *path = json_object_get(json_object_get(doc, "paths"), route->path);
        const char *verb;
        json_t *value;

        json_object_foreach(path, verb, value)
        {
                if (strcasecmp(verb, route->verb) == 0)
                        return value;
        }
        return NULL;
}

/* What "#/components/schemas/User" points to. */
static json_t *resolve(json_t *doc, const char *ref)
{
        json_t *at = doc;

        if (strncmp(ref, "#/", 2) != 0)
                return NULL;
        for (ref += 2; at && *ref;) {
                size_t n = strcspn(ref, "/");

                at = json_object_getn(at, ref, n);
                ref += n;
                ref += *ref == '/';
        }
        return at;
}

static void check_refs(json_t *doc, json_t *at)
{
        const char *key;
        json_t *value;
        size_t i;

        json_object_foreach(at, key, value)
        {
                if (strcmp(key, "$ref") == 0) {
                        if (!resolve(doc, json_string_value(value)))
                                fail_msg("%s leads nowhere", json_string_value(value));
                }
                check_refs(doc, value);
        }
        json_array_foreach(at, i, value) check_refs(doc, value);
}

static void it_is_one_json_text_of_the_said_length(void **state)
{
        assert_int_equal(strlen(contract_openapi), contract_openapi_bytes);
        assert_string_equal(json_string_value(json_object_get(*state, "openapi")), "3.1.0");
        assert_string_equal(
                json_string_value(json_object_get(json_object_get(*state, "info"), "version")),
                SOCIALIZER_VERSION);
}

static void every_reference_resolves(void **state)
{
        check_refs(*state, *state);
}

static void every_route_of_every_method_is_there(void **state)
{
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];

                for (size_t j = 0; j < m->n_routes; j++) {
                        json_t *o = operation(*state, &m->routes[j]);
                        char status[16];

                        if (!o)
                                fail_msg("%s %s is missing", m->routes[j].verb, m->routes[j].path);
                        snprintf(status, sizeof(status), "%u", m->http_status);
                        assert_non_null(json_object_get(json_object_get(o, "responses"), status));
                        assert_int_equal(json_object_get(o, "requestBody") != NULL,
                                         m->routes[j].has_body);
                        assert_int_equal(json_array_size(json_object_get(o, "security")) == 0,
                                         m->access == ACCESS_PUBLIC);
                        assert_string_equal(json_string_value(json_object_get(o, "x-rpc")),
                                            m->name);
                }
        }
}

/* The braces of a path and its parameters are the same names. */
static void check_path_params(const char *path, json_t *parameters)
{
        size_t n_params = 0, n_braces = 0, i;
        json_t *p;

        json_array_foreach(parameters, i, p)
        {
                char braces[80];

                if (!json_object_get(p, "in") ||
                    strcmp(json_string_value(json_object_get(p, "in")), "path") != 0)
                        continue;
                n_params++;
                snprintf(braces, sizeof(braces), "{%s}",
                         json_string_value(json_object_get(p, "name")));
                assert_non_null(strstr(path, braces));
                assert_true(json_is_true(json_object_get(p, "required")));
        }
        for (const char *at = path; (at = strchr(at, '{')); at++)
                n_braces++;
        assert_int_equal(n_params, n_braces);
}

static void operations_are_told_apart_and_complete(void **state)
{
        json_t *ids = json_object();
        const char *path, *verb;
        json_t *verbs, *o;

        json_object_foreach(json_object_get(*state, "paths"), path, verbs)
        {
                json_object_foreach(verbs, verb, o)
                {
                        const char *id = json_string_value(json_object_get(o, "operationId"));

                        assert_non_null(id);
                        assert_null(json_object_get(ids, id));
                        json_object_set_new(ids, id, json_true());
                        assert_true(json_object_size(json_object_get(o, "responses")) > 0);
                        check_path_params(path, json_object_get(o, "parameters"));
                }
        }
        json_decref(ids);
}

static void the_gateway_has_its_own_paths(void **state)
{
        static const char *const own[] = {"/health", "/ready", "/metrics", "/openapi.json",
                                          "/ws/chat"};
        json_t *paths = json_object_get(*state, "paths");

        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
                assert_non_null(json_object_get(json_object_get(paths, own[i]), "get"));
}

static void token_takes_a_form_as_well_as_json(void **state)
{
        json_t *content = NULL;

        assert_int_equal(json_unpack(*state, "{s:{s:{s:{s:{s:o}}}}}", "paths", "/token", "post",
                                     "requestBody", "content", &content),
                         0);
        assert_non_null(json_object_get(content, "application/x-www-form-urlencoded"));
        assert_non_null(json_object_get(content, "application/json"));
}

static void the_coach_answers_a_stream_as_well_as_json(void **state)
{
        json_t *content = NULL;

        assert_int_equal(json_unpack(*state, "{s:{s:{s:{s:{s:{s:o}}}}}}", "paths", "/api/ai-chat",
                                     "post", "responses", "200", "content", &content),
                         0);
        assert_non_null(json_object_get(content, "text/event-stream"));
        assert_non_null(json_object_get(content, "application/json"));
}

static void limits_are_in_the_schemas(void **state)
{
        json_t *username =
                resolve(*state, "#/components/schemas/RegisterRequest/properties/username");
        json_t *temperature =
                resolve(*state, "#/components/schemas/UpdateUserRequest/properties/temperature");

        assert_int_equal(json_integer_value(json_object_get(username, "minLength")), 3);
        assert_int_equal(json_integer_value(json_object_get(username, "maxLength")), 50);
        assert_string_equal(json_string_value(json_object_get(username, "pattern")),
                            "^[A-Za-z0-9_.-]+$");
        assert_int_equal(json_integer_value(json_object_get(temperature, "maximum")), 2);
        assert_int_equal(json_array_size(json_object_get(temperature, "type")), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_is_one_json_text_of_the_said_length),
                cmocka_unit_test(every_reference_resolves),
                cmocka_unit_test(every_route_of_every_method_is_there),
                cmocka_unit_test(operations_are_told_apart_and_complete),
                cmocka_unit_test(the_gateway_has_its_own_paths),
                cmocka_unit_test(token_takes_a_form_as_well_as_json),
                cmocka_unit_test(the_coach_answers_a_stream_as_well_as_json),
                cmocka_unit_test(limits_are_in_the_schemas),
        };

        return !!cmocka_run_group_tests_name("gen_openapi", tests, load, unload);
}
