/* common/status.c: the codes, and errors that are always whole texts. */
#include "tests/support/t.h"

#include "common/wire.h"

#include <string.h>

static void every_status_has_its_name_and_http_status(void **state)
{
        (void)state;
        assert_string_equal(status_name(STATUS_OK), "OK");
        assert_string_equal(status_name(STATUS_NOT_FOUND), "NOT_FOUND");
        assert_string_equal(status_name(STATUS_UNAUTHENTICATED), "UNAUTHENTICATED");
        assert_int_equal(status_http(STATUS_OK), 200);
        assert_int_equal(status_http(STATUS_INVALID_ARGUMENT), 422);
        assert_int_equal(status_http(STATUS_ALREADY_EXISTS), 409);
        assert_int_equal(status_http(STATUS_RESOURCE_EXHAUSTED), 429);
}

static void numbers_that_are_no_status_are_unknown(void **state)
{
        (void)state;
        for (uint32_t i = 0; i <= 16; i++)
                assert_int_equal(status_from_wire(i), i);
        assert_status(status_from_wire(17), STATUS_UNKNOWN);
        assert_status(status_from_wire(UINT32_MAX), STATUS_UNKNOWN);
        assert_string_equal(status_name((enum status)99), "UNKNOWN");
        assert_int_equal(status_http((enum status)99), 500);
}

static void an_error_holds_what_it_was_given(void **state)
{
        struct error e = {.retry_after_ms = 7, .field = "x", .resource = "y"};

        (void)state;
        assert_status(error_set(&e, STATUS_ABORTED, "%s %d", "try", 2), STATUS_ABORTED);
        assert_status(e.status, STATUS_ABORTED);
        assert_string_equal(e.text, "try 2");
        assert_string_equal(e.field, "");
        assert_string_equal(e.resource, "");
        assert_int_equal(e.retry_after_ms, 0);
        assert_status(error_retry(&e, STATUS_UNAVAILABLE, 1500, "busy"), STATUS_UNAVAILABLE);
        assert_int_equal(e.retry_after_ms, 1500);
        assert_string_equal(e.text, "busy");
}

static void nobody_has_to_want_the_error(void **state)
{
        (void)state;
        assert_status(error_set(NULL, STATUS_ABORTED, "x"), STATUS_ABORTED);
        assert_status(error_field(NULL, "f", "x"), STATUS_INVALID_ARGUMENT);
        assert_status(error_resource(NULL, STATUS_NOT_FOUND, "user", "x"), STATUS_NOT_FOUND);
        assert_status(error_retry(NULL, STATUS_UNAVAILABLE, 1, "x"), STATUS_UNAVAILABLE);
}

static void a_field_error_names_the_field_once(void **state)
{
        struct error e;

        (void)state;
        assert_status(error_field(&e, "username", "want %d", 3), STATUS_INVALID_ARGUMENT);
        assert_string_equal(e.field, "username");
        assert_string_equal(e.text, "username: want 3");
        assert_string_equal(error_description(&e), "want 3");
        error_field(&e, "username", "username: want 3");
        assert_string_equal(e.text, "username: want 3");
        error_field(&e, "user", "username: want 3");
        assert_string_equal(e.text, "user: username: want 3");
}

static void a_resource_error_says_what_is_missing_or_taken(void **state)
{
        struct error e;

        (void)state;
        assert_status(error_resource(&e, STATUS_NOT_FOUND, "user", "%d", 12), STATUS_NOT_FOUND);
        assert_string_equal(e.resource, "user 12");
        assert_non_null(strstr(e.text, "user 12"));
        error_resource(&e, STATUS_ALREADY_EXISTS, "skill", "%s", "small talk");
        assert_string_equal(e.resource, "skill small talk");
        assert_non_null(strstr(e.text, "skill small talk"));
}

static void an_error_may_be_made_of_itself(void **state)
{
        struct error e;

        (void)state;
        error_field(&e, "name", "is odd");
        error_set(&e, STATUS_INTERNAL, "reply: %s (%s)", e.text, e.field);
        assert_string_equal(e.text, "reply: name: is odd (name)");
        error_retry(&e, STATUS_UNAVAILABLE, 5, "again: %s", e.text);
        assert_string_equal(e.text, "again: reply: name: is odd (name)");
        error_resource(&e, STATUS_NOT_FOUND, "user", "%s", e.text);
        assert_non_null(strstr(e.text, "user again: reply"));
}

static void texts_are_cut_at_a_character(void **state)
{
        char text[400], rest[5] = {0};
        struct error e;

        (void)state;
        for (size_t n = 240; n < 260; n++) {
                memset(text, 'a', n);
                text[n] = '\0';
                error_set(&e, STATUS_ABORTED, "%s\xe2\x82\xac\xf0\x9f\x98\x80", text);
                assert_true(wire_utf8_valid(e.text, strlen(e.text)));
                error_field(&e, text + n - 63, "%s\xe2\x82\xac\xf0\x9f\x98\x80", text);
                assert_true(wire_utf8_valid(e.text, strlen(e.text)));
                error_resource(&e, STATUS_NOT_FOUND, "user", "%s\xe2\x82\xac", text + 200);
                assert_true(wire_utf8_valid(e.text, strlen(e.text)));
                assert_true(wire_utf8_valid(e.resource, strlen(e.resource)));
        }
        memcpy(rest, "\xf0\x9f\x98\x80", 4);
        for (int n = 0; n < 4; n++) {
                error_set(&e, STATUS_ABORTED, "'%.*s' is none", n, rest);
                assert_true(wire_utf8_valid(e.text, strlen(e.text)));
                assert_non_null(strstr(e.text, "' is none"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_status_has_its_name_and_http_status),
                cmocka_unit_test(numbers_that_are_no_status_are_unknown),
                cmocka_unit_test(an_error_holds_what_it_was_given),
                cmocka_unit_test(nobody_has_to_want_the_error),
                cmocka_unit_test(a_field_error_names_the_field_once),
                cmocka_unit_test(a_resource_error_says_what_is_missing_or_taken),
                cmocka_unit_test(an_error_may_be_made_of_itself),
                cmocka_unit_test(texts_are_cut_at_a_character),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
