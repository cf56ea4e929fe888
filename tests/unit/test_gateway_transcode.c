#include "gateway/transcode.h"

#include <setjmp.h>
#include <socializer.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
        struct router *router;
        struct arena arena;
        char path[256], query[512], body[1024];
        struct error error;
        unsigned http_status;
        ProtobufCMessage *message;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || router_new(&f->router, &f->error) != STATUS_OK)
                return -1;
        arena_init(&f->arena, 1024 * 1024);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        router_free(f->router);
        arena_deinit(&f->arena);
        free(f);
        return 0;
}

static enum status run(struct fixture *f, enum verb verb, const char *path, const char *query,
                       const char *body, enum body_kind kind)
{
        struct router_match match;

        snprintf(f->path, sizeof(f->path), "%s", path);
        snprintf(f->query, sizeof(f->query), "%s", query ? query : "");
        snprintf(f->body, sizeof(f->body), "%s", body);
        f->error = ERROR_INIT;
        assert_true(router_match(f->router, verb, f->path, &match));
        assert_non_null(match.route);
        struct transcode_input input = {.match = &match,
                                        .query = query ? f->query : NULL,
                                        .body = f->body,
                                        .n_body_bytes = strlen(f->body),
                                        .body_kind = kind};
        return transcode_request(&input, &f->arena, &f->message, &f->http_status, &f->error);
}

static void a_path_fills_a_number(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_GET, "/api/users/42", NULL, "", BODY_JSON), STATUS_OK);
        assert_int_equal(((Socializer__V1__GetUserRequest *)f->message)->user_id, 42);
}

static void me_and_general_are_numbers(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_DELETE, "/api/users/me", NULL, "", BODY_JSON), STATUS_OK);
        assert_int_equal(((Socializer__V1__DeleteUserRequest *)f->message)->user_id, 0);
        assert_int_equal(run(f, VERB_POST, "/api/rooms/general/messages", NULL,
                             "{\"content\":\"hi\"}", BODY_JSON),
                         STATUS_OK);
        assert_int_equal(((Socializer__V1__SendMessageRequest *)f->message)->room_id, 1);
        assert_string_equal(((Socializer__V1__SendMessageRequest *)f->message)->content, "hi");
}

static void a_path_that_is_no_number_names_the_field(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_GET, "/api/users/you", NULL, "", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->error.field, "user_id");
        assert_int_equal(f->http_status, 0);
}

static void a_query_fills_fields(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(
                run(f, VERB_GET, "/api/users", "page_size=7&page_token=a%2Bb+c", "", BODY_JSON),
                STATUS_OK);
        const Socializer__V1__ListUsersRequest *m =
                (const Socializer__V1__ListUsersRequest *)f->message;
        assert_int_equal(m->page_size, 7);
        assert_string_equal(m->page_token, "a+b c");
}

static void an_unknown_query_parameter_is_named(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_GET, "/api/users", "page=7", "", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->error.field, "page");
}

static void a_repeated_query_parameter_is_refused(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_GET, "/api/users", "page_size=7&page_size=8", "", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->error.field, "page_size");
}

static void a_query_may_not_repeat_the_path(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_GET, "/api/users/7", "user_id=8", "", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->error.field, "user_id");
}

static void a_query_beside_a_body_is_refused(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_POST, "/api/auth/login", "username=a",
                             "{\"username\":\"a\",\"password\":\"b\"}", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
}

static void a_form_fills_fields(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(
                run(f, VERB_POST, "/token", NULL,
                    "grant_type=password&username=hum%61n&password=a+b%26c&scope=", BODY_FORM),
                STATUS_OK);
        const Socializer__V1__LoginRequest *m = (const Socializer__V1__LoginRequest *)f->message;
        assert_string_equal(m->username, "human");
        assert_string_equal(m->password, "a b&c");
}

static void malformed_json_is_400(void **state)
{
        struct fixture *f = *state;
        static const char *const bodies[] = {"{\"username\":", "[1]", "\"x\"", "{} x", "{'a':1}"};

        for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
                assert_int_equal(run(f, VERB_POST, "/api/auth/login", NULL, bodies[i], BODY_JSON),
                                 STATUS_INVALID_ARGUMENT);
                assert_int_equal(f->http_status, 400);
        }
}

static void an_unknown_field_is_named(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_POST, "/api/auth/login", NULL, "{\"user\":\"a\"}", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->error.field, "user");
        assert_int_equal(f->http_status, 0);
}

static void an_empty_body_is_an_empty_object(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(run(f, VERB_POST, "/api/auth/logout", NULL, "", BODY_JSON), STATUS_OK);
        assert_int_equal(run(f, VERB_POST, "/api/auth/logout", NULL, " { } ", BODY_JSON),
                         STATUS_OK);
        assert_int_equal(run(f, VERB_GET, "/users/me/", NULL, "{}", BODY_JSON), STATUS_OK);
}

static void a_body_where_none_belongs_is_refused(void **state)
{
        struct fixture *f = *state;

        /* Nor is a secret taken from an address. */
        assert_int_equal(run(f, VERB_DELETE, "/api/users/7", "password=x", "", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->error.field, "password");
        assert_int_equal(run(f, VERB_DELETE, "/api/users/7", NULL, "{\"user_id\":8}", BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_int_equal(f->http_status, 400);
}

static void the_body_may_say_what_the_path_says(void **state)
{
        struct fixture *f = *state;
        static const char same[] = "{\"room_id\":7,\"content\":\"a\"}";

        assert_int_equal(run(f, VERB_POST, "/api/rooms/7/messages", NULL, same, BODY_JSON),
                         STATUS_OK);
        assert_int_equal(((Socializer__V1__SendMessageRequest *)f->message)->room_id, 7);
        assert_int_equal(run(f, VERB_POST, "/api/rooms/8/messages", NULL, same, BODY_JSON),
                         STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->error.field, "room_id");
}

static void content_types_are_told_apart(void **state)
{
        enum body_kind kind;

        (void)state;
        assert_true(transcode_body_kind(NULL, &kind));
        assert_int_equal(kind, BODY_JSON);
        assert_true(transcode_body_kind("Application/JSON; charset=UTF-8", &kind));
        assert_int_equal(kind, BODY_JSON);
        assert_true(transcode_body_kind("application/x-www-form-urlencoded", &kind));
        assert_int_equal(kind, BODY_FORM);
        assert_false(transcode_body_kind("text/plain", &kind));
        assert_false(transcode_body_kind("application/jsonp", &kind));
        assert_false(transcode_body_kind("application/json; charset=latin1", &kind));
        assert_false(transcode_body_kind("", &kind));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_path_fills_a_number),
                CASE(me_and_general_are_numbers),
                CASE(a_path_that_is_no_number_names_the_field),
                CASE(a_query_fills_fields),
                CASE(an_unknown_query_parameter_is_named),
                CASE(a_repeated_query_parameter_is_refused),
                CASE(a_query_may_not_repeat_the_path),
                CASE(a_query_beside_a_body_is_refused),
                CASE(a_form_fills_fields),
                CASE(malformed_json_is_400),
                CASE(an_unknown_field_is_named),
                CASE(an_empty_body_is_an_empty_object),
                CASE(a_body_where_none_belongs_is_refused),
                CASE(the_body_may_say_what_the_path_says),
                cmocka_unit_test(content_types_are_told_apart),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
