/* What a person may do with their account, as a browser does it: sessions. */
#include "tests/integration/test_gateway_http_client.h"
#include "tests/support/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON "Content-Type: application/json\r\n"

struct fixture {
        struct server server;
        int64_t human;
        char token[2048];
};

/* Signs somebody in, who says what it is. */
static void sign_in(const struct fixture *f, const char *name, const char *agent, char *ret_token,
                    size_t size)
{
        char headers[512], body[256];
        struct answer a;

        snprintf(headers, sizeof(headers), JSON "User-Agent: %s\r\n", agent);
        snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"password123\"}", name);
        http_request(f->server.http_url, "POST", "/api/auth/login", headers, body, &a);
        assert_int_equal(a.status, 200);
        json_t *json = answer_json(&a);
        snprintf(ret_token, size, "%s", json_string_value(json_object_get(json, "access_token")));
        json_decref(json);
        answer_deinit(&a);
}

static void request(const struct fixture *f, const char *token, const char *verb, const char *path,
                    const char *body, struct answer *ret)
{
        char headers[2304];

        snprintf(headers, sizeof(headers), JSON "Authorization: Bearer %s\r\n", token);
        http_request(f->server.http_url, verb, path, headers, body, ret);
}

/* The answer as JSON, to be released; fails unless it is a good one. */
static json_t *get(const struct fixture *f, const char *token, const char *verb, const char *path,
                   const char *body)
{
        struct answer a;

        request(f, token, verb, path, body, &a);
        if (a.status != 200)
                fail_msg("%s %s: %.*s", verb, path, (int)a.n, a.text);
        json_t *json = answer_json(&a);
        answer_deinit(&a);
        return json;
}

static unsigned status_of(const struct fixture *f, const char *token, const char *verb,
                          const char *path)
{
        struct answer a;

        request(f, token, verb, path, NULL, &a);
        unsigned status = a.status;
        answer_deinit(&a);
        return status;
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        *state = f;
        server_start(&f->server);
        server_start_gateway(&f->server);
        f->human = server_create_user(&f->server, "human", "password123", false);
        sign_in(f, "human", "a browser", f->token, sizeof(f->token));
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        server_assert_no_leases(&f->server);
        server_stop(&f->server);
        free(f);
        return 0;
}

/* --- sessions --- */

static const char *text_at(const json_t *sessions, size_t i, const char *name)
{
        return json_string_value(json_object_get(json_array_get(sessions, i), name));
}

static void a_browser_sees_where_somebody_is_signed_in(void **state)
{
        const struct fixture *f = *state;
        char other[2048], path[128];

        sign_in(f, "human", "a telephone", other, sizeof(other));
        json_t *list = get(f, f->token, "GET", "/api/users/me/sessions", NULL);
        const json_t *sessions = json_object_get(list, "sessions");
        assert_int_equal(json_array_size(sessions), 2);
        assert_string_equal(text_at(sessions, 0, "client"), "a telephone");
        assert_string_equal(text_at(sessions, 1, "client"), "a browser");
        assert_true(json_is_true(json_object_get(json_array_get(sessions, 1), "is_current")));
        assert_true(json_is_false(json_object_get(json_array_get(sessions, 0), "is_current")));
        assert_non_null(text_at(sessions, 1, "last_used_at"));
        assert_null(text_at(sessions, 0, "last_used_at"));

        snprintf(path, sizeof(path), "/api/users/me/sessions/%s",
                 text_at(sessions, 0, "session_id"));
        assert_int_equal(status_of(f, other, "GET", "/users/me/"), 200);
        json_decref(get(f, f->token, "DELETE", path, NULL));
        assert_int_equal(status_of(f, other, "GET", "/users/me/"), 401);
        assert_int_equal(status_of(f, f->token, "DELETE", path), 404);
        assert_int_equal(status_of(f, f->token, "GET", "/users/me/"), 200);
        json_decref(list);
}

static void a_fresh_token_goes_on_with_its_sign_in(void **state)
{
        const struct fixture *f = *state;
        json_t *before = get(f, f->token, "GET", "/api/users/me/sessions", NULL);
        json_t *refreshed = get(f, f->token, "POST", "/api/auth/refresh", "{}");
        const char *fresh = json_string_value(json_object_get(refreshed, "access_token"));
        json_t *after = get(f, fresh, "GET", "/api/users/me/sessions", NULL);
        const json_t *sessions = json_object_get(after, "sessions");

        assert_int_equal(json_array_size(sessions), 1);
        assert_string_equal(text_at(sessions, 0, "client"), "a browser");
        assert_string_equal(text_at(sessions, 0, "created_at"),
                            text_at(json_object_get(before, "sessions"), 0, "created_at"));
        json_decref(before);
        json_decref(refreshed);
        json_decref(after);
}

static void signing_out_everywhere_keeps_this_session_or_ends_it(void **state)
{
        const struct fixture *f = *state;
        char other[2048];

        sign_in(f, "human", "a telephone", other, sizeof(other));
        json_t *ended =
                get(f, f->token, "DELETE", "/api/users/me/sessions?keep_current=true", NULL);
        assert_int_equal(json_integer_value(json_object_get(ended, "revoked")), 1);
        json_decref(ended);
        assert_int_equal(status_of(f, other, "GET", "/users/me/"), 401);
        assert_int_equal(status_of(f, f->token, "GET", "/users/me/"), 200);

        ended = get(f, f->token, "DELETE", "/api/users/me/sessions", NULL);
        assert_int_equal(json_integer_value(json_object_get(ended, "revoked")), 1);
        json_decref(ended);
        assert_int_equal(status_of(f, f->token, "GET", "/users/me/"), 401);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(a_browser_sees_where_somebody_is_signed_in),
                CASE(a_fresh_token_goes_on_with_its_sign_in),
                CASE(signing_out_everywhere_keeps_this_session_or_ends_it),
        };

        return !!cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
