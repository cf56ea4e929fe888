#include "gateway/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
        struct error error;
        struct router *r;

        if (router_new(&r, &error) != STATUS_OK)
                return -1;
        *state = r;
        return 0;
}

static int teardown(void **state)
{
        router_free(*state);
        return 0;
}

static struct router_match match(void **state, enum verb verb, const char *path)
{
        static char copy[512];
        struct router_match m;

        snprintf(copy, sizeof(copy), "%s", path);
        assert_true(router_match(*state, verb, copy, &m));
        return m;
}

static void every_route_of_the_contract_is_found(void **state)
{
        for (size_t i = 0; i < contract_n_methods; i++) {
                for (size_t k = 0; k < contract_methods[i].n_routes; k++) {
                        const struct http_route *http = &contract_methods[i].routes[k];
                        enum verb verb;

                        assert_true(verb_parse(http->verb, &verb));
                        struct router_match m = match(state, verb, http->path);
                        assert_non_null(m.route);
                        assert_ptr_equal(m.route->http, http);
                        assert_ptr_equal(m.route->method, &contract_methods[i]);
                }
        }
}

static void parameters_are_fields_in_the_order_of_the_path(void **state)
{
        struct router_match m = match(state, VERB_PUT, "/api/users/me/preferences/a%2Fb/k%C3%A9");

        assert_string_equal(m.route->label, "socializer.v1.UserService/SetPreference");
        assert_int_equal(m.route->n_params, 3);
        assert_string_equal(m.route->params[0]->name, "user_id");
        assert_string_equal(m.route->params[2]->name, "key");
        assert_string_equal(m.params[0], "me");
        assert_string_equal(m.params[1], "a/b");
        assert_string_equal(m.params[2], "k\u00e9");
}

static void a_literal_comes_before_a_parameter(void **state)
{
        assert_string_equal(match(state, VERB_GET, "/api/users/me").route->label,
                            "socializer.v1.UserService/GetMe");
        assert_string_equal(match(state, VERB_GET, "/api/users/7").route->label,
                            "socializer.v1.UserService/GetUser");
}

static void a_literal_without_the_verb_gives_way_to_a_parameter(void **state)
{
        struct router_match m = match(state, VERB_PATCH, "/api/users/me");

        assert_string_equal(m.route->label, "socializer.v1.UserService/UpdateUser");
        assert_string_equal(m.params[0], "me");
}

static void an_unknown_path_allows_nothing(void **state)
{
        static const char *const paths[] = {
                "/nowhere", "/api",        "/api/users/7/nowhere",
                "",         "/api/users/", "/users/me/x",
                "//",       "/api//users", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t"};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                struct router_match m = match(state, VERB_GET, paths[i]);

                assert_null(m.route);
                assert_int_equal(m.allowed, 0);
        }
}

static void another_verb_tells_which_are_allowed(void **state)
{
        struct router_match m = match(state, VERB_PUT, "/api/users/me");

        assert_null(m.route);
        assert_int_equal(m.allowed, 1u << VERB_GET | 1u << VERB_PATCH | 1u << VERB_DELETE);
}

static void the_slash_at_the_end_of_users_me_is_a_choice(void **state)
{
        assert_non_null(match(state, VERB_GET, "/users/me").route);
        assert_non_null(match(state, VERB_GET, "/users/me/").route);
}

static void a_bad_escape_is_refused(void **state)
{
        static const char *const paths[] = {"/api/users/%",   "/api/users/%4",  "/api/users/%zz",
                                            "/api/users/%00", "/api/users/%ff", "/\xff"};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                struct router_match m;
                char copy[64];

                snprintf(copy, sizeof(copy), "%s", paths[i]);
                assert_false(router_match(*state, VERB_GET, copy, &m));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(every_route_of_the_contract_is_found, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(parameters_are_fields_in_the_order_of_the_path,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(a_literal_comes_before_a_parameter, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(a_literal_without_the_verb_gives_way_to_a_parameter,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(an_unknown_path_allows_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(another_verb_tells_which_are_allowed, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(the_slash_at_the_end_of_users_me_is_a_choice, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(a_bad_escape_is_refused, setup, teardown),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
