/* common/json_write.c and json_read.c: messages as JSON and back. */
#include "tests/support/t.h"

#include "common/json.h"

#include <float.h>
#include <math.h>
#include <socializer/v1/chat.pb-c.h>
#include <socializer/v1/training.pb-c.h>
#include <socializer/v1/user.pb-c.h>
#include <string.h>

#define MIB (1024 * 1024)

typedef Socializer__V1__User User;

/* An arena and an error of each test's own. */
struct fixture {
        struct arena arena;
        struct buffer out;
        struct error err;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        arena_init(&f->arena, 8 * MIB);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        arena_deinit(&f->arena);
        buffer_deinit(&f->out);
        free(f);
        return 0;
}

/* Reads text into a new message of that type. */
static enum status from_text(struct fixture *f, const ProtobufCMessageDescriptor *d,
                             const char *text, void *ret)
{
        ProtobufCMessage *message = json_new_message(d, &f->arena);
        json_t *object;
        enum status st;

        assert_non_null(message);
        assert_status(json_parse_text(text, strlen(text), &object, &f->err), STATUS_OK);
        st = json_to_message(contract_rules(d), object, &f->arena, message, &f->err);
        json_decref(object);
        *(ProtobufCMessage **)ret = message;
        return st;
}

static const char *to_text(struct fixture *f, const void *message)
{
        const ProtobufCMessage *m = message;

        buffer_clear(&f->out);
        json_append_message(&f->out, contract_rules(m->descriptor), m);
        return buffer_str(&f->out);
}

/* Text read and written again. */
static void assert_becomes(struct fixture *f, const ProtobufCMessageDescriptor *d, const char *text,
                           const char *want)
{
        void *message;

        if (from_text(f, d, text, &message) != STATUS_OK)
                fail_msg("%s: %s", text, f->err.text);
        assert_string_equal(to_text(f, message), want);
}

static void assert_refused(struct fixture *f, const ProtobufCMessageDescriptor *d, const char *text,
                           const char *field)
{
        void *message;

        if (from_text(f, d, text, &message) != STATUS_INVALID_ARGUMENT)
                fail_msg("%s was read", text);
        assert_string_equal(f->err.field, field);
        assert_true(strlen(f->err.text) > strlen(field) + 2);
}

#define USER &socializer__v1__user__descriptor

static void every_field_is_written(void **state)
{
        struct fixture *f = *state;
        Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        User user = SOCIALIZER__V1__USER__INIT;

        assert_string_equal(to_text(f, &user),
                            "{\"id\":0,\"username\":\"\",\"email\":null,\"is_active\":false,"
                            "\"role\":null,\"temperature\":null,\"created_at\":null}");
        at.seconds = 1795428000;
        at.nanos = 123456789;
        user.id = -9007199254740991;
        user.username = (char *)"h\xc3\xbcman";
        user.email_set_case = SOCIALIZER__V1__USER__EMAIL_SET_EMAIL;
        user.email = (char *)"a@b";
        user.is_active = 1;
        user.role = SOCIALIZER__V1__ROLE__ROLE_ADMIN;
        user.temperature_set_case = SOCIALIZER__V1__USER__TEMPERATURE_SET_TEMPERATURE;
        user.temperature = 0.7;
        user.created_at = &at;
        assert_string_equal(to_text(f, &user),
                            "{\"id\":-9007199254740991,\"username\":\"h\xc3\xbcman\",\"email\":"
                            "\"a@b\",\"is_active\":true,\"role\":\"admin\",\"temperature\":0.7,"
                            "\"created_at\":\"2026-11-23T10:00:00.123Z\"}");
}

static void what_was_written_is_read_back(void **state)
{
        static const char text[] = "{\"id\":12,\"username\":\"a\\\"b\\\\c\\n\\u0001\",\"email\":"
                                   "null,\"is_active\":true,"
                                   "\"role\":\"user\",\"temperature\":0.1,\"created_at\":\"1969-12-"
                                   "31T23:59:59.999Z\"}";

        assert_becomes(*state, USER, text, text);
        assert_becomes(*state, &socializer__v1__list_users_response__descriptor,
                       "{\"users\":[],\"next_page_token\":\"\"}",
                       "{\"users\":[],\"next_page_token\":\"\"}");
        assert_becomes(*state, &socializer__v1__save_messages_response__descriptor,
                       "{\"ids\":[1,2,9223372036854775807,-9223372036854775808]}",
                       "{\"ids\":[1,2,9223372036854775807,-9223372036854775808]}");
}

static void strings_escape_what_json_needs(void **state)
{
        static const char all[] = "\x01\x1f\"\\/\b\f\n\r\t\x7f\xe2\x82\xac";
        struct fixture *f = *state;
        json_t *value;

        json_append_string(&f->out, all);
        assert_status(json_parse_text(buffer_str(&f->out), f->out.n_bytes, &value, &f->err),
                      STATUS_OK);
        assert_string_equal(json_string_value(value), all);
        json_decref(value);
        buffer_clear(&f->out);
        json_append_string(&f->out, "a\xff\xc3");
        assert_string_equal(buffer_str(&f->out), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void decimals_read_back_the_same(void **state)
{
        struct fixture *f = *state;

        for (int i = -300000; i < 300000; i += 7) {
                for (double scale = 1; scale <= 1e7; scale *= 10) {
                        buffer_clear(&f->out);
                        json_append_double(&f->out, i / scale);
                        assert_true(strtod(buffer_str(&f->out), NULL) == i / scale);
                }
        }
}

static void doubles_read_back_the_same(void **state)
{
        static const double values[] = {0,       -0.0,          0.1,     0.7,      1.0 / 3,
                                        2,       1e21,          1e-7,    5e-324,   DBL_MAX,
                                        DBL_MIN, 123456789.125, -2.5e10, 1e15 + 1, 0.1 + 0.2};
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
                buffer_clear(&f->out);
                json_append_double(&f->out, values[i]);
                double back = strtod(buffer_str(&f->out), NULL);
                assert_memory_equal(&back, &values[i], sizeof(back));
        }
        buffer_clear(&f->out);
        json_append_double(&f->out, 0.1);
        buffer_append_char(&f->out, ' ');
        json_append_double(&f->out, 2);
        assert_string_equal(buffer_str(&f->out), "0.1 2.0");
        buffer_clear(&f->out);
        json_append_double(&f->out, (double)NAN);
        json_append_double(&f->out, (double)INFINITY);
        assert_string_equal(buffer_str(&f->out), "nullnull");
}

static void moments_that_rfc_3339_cannot_say_are_null(void **state)
{
        static const int64_t seconds[] = {INT64_MIN, INT64_MAX, 253402300800, -62135596801};
        struct fixture *f = *state;
        Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        User user = SOCIALIZER__V1__USER__INIT;

        user.created_at = &at;
        for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
                at.seconds = seconds[i];
                assert_non_null(strstr(to_text(f, &user), "\"created_at\":null"));
        }
        at.seconds = 0;
        at.nanos = -1;
        assert_non_null(strstr(to_text(f, &user), "\"created_at\":null"));
}

static void of_a_oneof_with_many_members_only_the_set_one_appears(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__RoomMessage message = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        event.room_id = 3;
        assert_string_equal(to_text(f, &event), "{\"room_id\":3,\"seq\":0,\"timestamp\":null}");
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
        event.message = &message;
        assert_memory_equal(to_text(f, &event), "{\"room_id\":3,\"message\":{", 24);
}

static void json_fields_are_embedded(void **state)
{
        static const ProtobufCMessageDescriptor *const d =
                &socializer__v1__set_preference_request__descriptor;
        struct fixture *f = *state;
        Socializer__V1__SetPreferenceRequest *r;

        assert_becomes(
                f, d, "{\"key\":\"k\",\"value\":{\"a\": [1, null, \"x\"]}}",
                "{\"user_id\":0,\"type\":\"\",\"key\":\"k\",\"value\":{\"a\":[1,null,\"x\"]},"
                "\"confidence\":null}");
        assert_status(from_text(f, d, "{\"value\":\"dark\"}", &r), STATUS_OK);
        assert_string_equal(r->value, "\"dark\"");
        assert_status(from_text(f, d, "{\"value\":null}", &r), STATUS_OK);
        assert_string_equal(r->value, "null");
        assert_status(from_text(f, d, "{}", &r), STATUS_OK);
        assert_string_equal(r->value, "");
        assert_non_null(strstr(to_text(f, r), "\"value\":null"));
}

static void numbers_in_json_fields_keep_their_digits(void **state)
{
        static const char same[] = "{\"a "
                                   "b\":[0.1,-2.5,9007199254740993,0.30000000000000004],\"n\":["
                                   "true,false,null,{},[],0.0,\"\\n\"]}";
        struct fixture *f = *state;
        Socializer__V1__SetPreferenceRequest *r;
        char text[128];

        snprintf(text, sizeof(text), "{\"value\":%s}", same);
        assert_status(from_text(f, &socializer__v1__set_preference_request__descriptor, text, &r),
                      STATUS_OK);
        assert_string_equal(r->value, same);
}

static void a_nul_in_a_text_is_said_to_be_one(void **state)
{
        static const char text[] = "{\"content\":\"a\\u0000b\"}";
        struct fixture *f = *state;
        json_t *value;

        assert_status(json_parse_text(text, sizeof(text) - 1, &value, &f->err),
                      STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(f->err.text, "U+0000"));
}

static void bytes_are_base64(void **state)
{
        static const ProtobufCMessageDescriptor *const d =
                &socializer__v1__subscribe_response__descriptor;
        struct fixture *f = *state;
        Socializer__V1__SubscribeResponse *r;

        assert_status(
                from_text(f, d, "{\"topic\":\"AAEC/w==\",\"epoch\":\"18446744073709551615\"}", &r),
                STATUS_OK);
        assert_int_equal(r->topic.len, 4);
        assert_memory_equal(r->topic.data, "\0\1\2\xff", 4);
        assert_true(r->epoch == UINT64_MAX);
        assert_string_equal(to_text(f, r), "{\"topic\":\"AAEC/w==\",\"key\":\"\",\"epoch\":"
                                           "18446744073709551615,\"last_seq\":0,\"user_id\":0}");
        assert_refused(f, d, "{\"topic\":\"A?\"}", "topic");
        assert_refused(f, d, "{\"topic\":7}", "topic");
}

static void integers_are_exact_or_refused(void **state)
{
        struct fixture *f = *state;
        static const ProtobufCMessageDescriptor *const d =
                &socializer__v1__list_messages_request__descriptor;
        Socializer__V1__ListMessagesRequest *r;
        static const char *const bad[] = {
                "2147483648", "-2147483649", "1.5",     "\"1.5\"",
                "\"\"",       "\" 1\"",      "\"1 \"",  "\"0x10\"",
                "\"+1\"",     "true",        "[]",      "{}",
                "1e300",      "\"one\"",     "\"--1\"", "\"99999999999999999999\"",
        };

        assert_status(from_text(f, d, "{\"page_size\":\"-7\",\"user_id\":\"me\"}", &r), STATUS_OK);
        assert_int_equal(r->page_size, -7);
        assert_status(from_text(f, d, "{\"page_size\":2147483647}", &r), STATUS_OK);
        assert_int_equal(r->page_size, INT32_MAX);
        assert_status(from_text(f, d, "{\"page_size\":-2147483648}", &r), STATUS_OK);
        assert_int_equal(r->page_size, INT32_MIN);
        assert_status(from_text(f, d, "{\"page_size\":null}", &r), STATUS_OK);
        assert_int_equal(r->page_size, 0);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                char text[64];

                snprintf(text, sizeof(text), "{\"page_size\":%s}", bad[i]);
                assert_refused(f, d, text, "page_size");
        }
}

static void aliases_stand_for_numbers(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__SendMessageRequest *send;

        assert_status(from_text(f, &socializer__v1__send_message_request__descriptor,
                                "{\"room_id\":\"general\"}", &send),
                      STATUS_OK);
        assert_int_equal(send->room_id, 1);
        assert_refused(f, &socializer__v1__send_message_request__descriptor, "{\"room_id\":\"me\"}",
                       "room_id");
}

static void enums_have_short_names_long_names_and_numbers(void **state)
{
        struct fixture *f = *state;
        static const char *const good[] = {"\"admin\"", "\"ROLE_ADMIN\"", "2"};
        static const char *const bad[] = {"\"root\"", "77", "\"\"", "2.0", "true", "99999999999"};
        char text[64];
        User *user;

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                snprintf(text, sizeof(text), "{\"role\":%s}", good[i]);
                assert_status(from_text(f, USER, text, &user), STATUS_OK);
                assert_int_equal(user->role, SOCIALIZER__V1__ROLE__ROLE_ADMIN);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), "{\"role\":%s}", bad[i]);
                assert_refused(f, USER, text, "role");
        }
        assert_status(from_text(f, USER, "{\"role\":null}", &user), STATUS_OK);
        assert_int_equal(user->role, 0);
}

static void null_means_unset(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__UpdateUserRequest *r;

        assert_status(from_text(f, &socializer__v1__update_user_request__descriptor,
                                "{\"username\":null,\"temperature\":0,\"role\":null}", &r),
                      STATUS_OK);
        assert_int_equal(r->username_set_case, 0);
        assert_int_equal(r->role_set_case, 0);
        assert_int_equal(r->temperature_set_case,
                         SOCIALIZER__V1__UPDATE_USER_REQUEST__TEMPERATURE_SET_TEMPERATURE);
}

static void refusals_name_the_path(void **state)
{
        static const ProtobufCMessageDescriptor *const d =
                &socializer__v1__save_messages_request__descriptor;
        struct fixture *f = *state;

        assert_refused(f, d, "{\"nonsense\":1}", "nonsense");
        assert_refused(f, d, "{\"messages\":{}}", "messages");
        assert_refused(f, d, "{\"messages\":[1]}", "messages[0]");
        assert_refused(f, d, "{\"messages\":[{},{\"content\":5}]}", "messages[1].content");
        assert_refused(f, d, "{\"messages\":[{\"created_at\":\"today\"}]}",
                       "messages[0].created_at");
        assert_refused(f, d, "{\"messages\":[{\"created_at\":5}]}", "messages[0].created_at");
        assert_refused(f, d, "{\"messages\":[{\"more\":5}]}", "messages[0].more");
        assert_refused(f, USER, "{\"is_active\":1}", "is_active");
        assert_refused(f, USER, "{\"is_active\":\"true\"}", "is_active");
        assert_refused(f, USER, "{\"temperature\":\"warm\"}", "temperature");
        assert_refused(f, USER, "{\"temperature\":\"NaN\"}", "temperature");
        assert_refused(f, USER, "{\"temperature\":\"1e999\"}", "temperature");
        assert_refused(f, USER, "{\"temperature\":\"0x1\"}", "temperature");
        assert_refused(f, USER, "{\"temperature\":\" 1\"}", "temperature");
        assert_refused(f, USER, "{\"temperature\":\"\"}", "temperature");
}

static void fields_are_set_from_paths_and_queries(void **state)
{
        static const struct {
                const char *field, *text;
                enum status want;
        } cases[] = {
                {"id", "12", STATUS_OK},
                {"id", "twelve", STATUS_INVALID_ARGUMENT},
                {"username", "null", STATUS_OK},
                {"username", "\xff", STATUS_INVALID_ARGUMENT},
                {"email", "a@b", STATUS_OK},
                {"is_active", "true", STATUS_OK},
                {"is_active", "yes", STATUS_INVALID_ARGUMENT},
                {"role", "admin", STATUS_OK},
                {"role", "root", STATUS_INVALID_ARGUMENT},
                {"temperature", "0.5", STATUS_OK},
                {"temperature", "nan", STATUS_INVALID_ARGUMENT},
                {"created_at", "2026-11-23T10:00:00Z", STATUS_OK},
                {"created_at", "now", STATUS_INVALID_ARGUMENT},
        };
        struct fixture *f = *state;
        ProtobufCMessage *user = json_new_message(USER, &f->arena);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const ProtobufCFieldDescriptor *field =
                        protobuf_c_message_descriptor_get_field_by_name(USER, cases[i].field);

                if (json_set_field_text(contract_rules(USER), user, field, cases[i].text, &f->arena,
                                        &f->err) != cases[i].want)
                        fail_msg("%s=%s", cases[i].field, cases[i].text);
                if (cases[i].want != STATUS_OK)
                        assert_string_equal(f->err.field, cases[i].field);
        }
        assert_string_equal(to_text(f, user),
                            "{\"id\":12,\"username\":\"null\",\"email\":\"a@b\",\"is_active\":true,"
                            "\"role\":\"admin\",\"temperature\":0.5,"
                            "\"created_at\":\"2026-11-23T10:00:00.000Z\"}");
}

static void setting_a_repeated_field_appends(void **state)
{
        static const ProtobufCMessageDescriptor *const d =
                &socializer__v1__save_messages_response__descriptor;
        struct fixture *f = *state;
        ProtobufCMessage *message = json_new_message(d, &f->arena);

        for (int i = 1; i <= 3; i++) {
                char text[8];

                snprintf(text, sizeof(text), "%d", i);
                assert_status(json_set_field_text(contract_rules(d), message, &d->fields[0], text,
                                                  &f->arena, &f->err),
                              STATUS_OK);
        }
        assert_string_equal(to_text(f, message), "{\"ids\":[1,2,3]}");
}

static void one_field_can_be_written(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetMeResponse rsp = SOCIALIZER__V1__GET_ME_RESPONSE__INIT;

        json_append_field(&f->out, contract_rules(rsp.base.descriptor), &rsp.base,
                          &rsp.base.descriptor->fields[0]);
        assert_string_equal(buffer_str(&f->out), "null");
}

static void read_vector(const char *name, const char *data, size_t n, void *arg)
{
        bool want = name[0] == 'o';
        struct error err;
        json_t *value = NULL;
        enum status st;

        (void)arg;
        st = json_parse_text(data, n, &value, &err);
        if ((st == STATUS_OK) != want)
                fail_msg("%s: %s", name, st == STATUS_OK ? "was read" : err.text);
        if (st != STATUS_OK)
                assert_status(st, STATUS_INVALID_ARGUMENT);
        json_decref(value);
}

static void vectors_are_what_their_names_say(void **state)
{
        (void)state;
        t_each_vector("json", "ok_", read_vector, NULL);
        t_each_vector("json", "bad_", read_vector, NULL);
}

static void size_and_depth_are_bounded(void **state)
{
        struct fixture *f = *state;
        AUTO_FREE char *text = malloc(JSON_MAX_BYTES + 2);
        json_t *value;

        assert_non_null(text);
        memset(text, ' ', JSON_MAX_BYTES + 1);
        memcpy(text, "{}", 2);
        assert_status(json_parse_text(text, JSON_MAX_BYTES, &value, &f->err), STATUS_OK);
        json_decref(value);
        assert_status(json_parse_text(text, JSON_MAX_BYTES + 1, &value, &f->err),
                      STATUS_INVALID_ARGUMENT);
        for (size_t depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
                memset(text, '[', depth);
                memset(text + depth, ']', depth);
                enum status st = json_parse_text(text, 2 * depth, &value, &f->err);
                assert_status(st, depth == JSON_MAX_DEPTH ? STATUS_OK : STATUS_INVALID_ARGUMENT);
                if (st == STATUS_OK)
                        json_decref(value);
        }
        memset(text, '[', JSON_MAX_BYTES);
        assert_status(json_parse_text(text, JSON_MAX_BYTES, &value, &f->err),
                      STATUS_INVALID_ARGUMENT);
}

static void every_allocation_may_fail(void **state)
{
        struct fixture *f = *state;
        static const char text[] =
                "{\"user_id\":\"me\",\"messages\":[{\"content\":\"a\",\"created_at\":"
                "\"2026-11-23T10:00:00Z\"},{\"content\":\"b\"}]}";
        json_t *object;

        assert_status(json_parse_text(text, strlen(text), &object, &f->err), STATUS_OK);
        for (unsigned at = 1;; at++) {
                const ProtobufCMessageDescriptor *d =
                        &socializer__v1__save_messages_request__descriptor;
                ProtobufCMessage *message = json_new_message(d, &f->arena);

                arena_fail_after(at);
                enum status st =
                        json_to_message(contract_rules(d), object, &f->arena, message, &f->err);
                arena_fail_after(0);
                if (st == STATUS_OK) {
                        assert_in_range(at, 5, 50);
                        break;
                }
                assert_status(st, STATUS_RESOURCE_EXHAUSTED);
        }
        json_decref(object);
}

static void an_error_is_an_object_with_details(void **state)
{
        struct fixture *f = *state;

        error_resource(&f->err, STATUS_NOT_FOUND, "user", "12");
        json_append_error(&f->out, &f->err, "r-1");
        assert_string_equal(
                buffer_str(&f->out),
                "{\"code\":\"NOT_FOUND\",\"message\":\"no user 12\",\"details\":["
                "{\"resource_info\":{\"resource_type\":\"user\",\"resource_name\":\"12\"}}"
                "],\"request_id\":\"r-1\"}");
        buffer_clear(&f->out);
        error_field(&f->err, "username", "want \"more\"");
        f->err.retry_after_ms = 1500;
        json_append_error(&f->out, &f->err, NULL);
        assert_string_equal(
                buffer_str(&f->out),
                "{\"code\":\"INVALID_ARGUMENT\",\"message\":\"username: want \\\"more\\\"\","
                "\"details\":[{\"field_violation\":{\"field\":\"username\","
                "\"description\":\"want \\\"more\\\"\"}},"
                "{\"retry_info\":{\"retry_after_ms\":1500}}],\"request_id\":\"\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(every_field_is_written),
                TEST(what_was_written_is_read_back),
                TEST(strings_escape_what_json_needs),
                TEST(decimals_read_back_the_same),
                TEST(doubles_read_back_the_same),
                TEST(moments_that_rfc_3339_cannot_say_are_null),
                TEST(of_a_oneof_with_many_members_only_the_set_one_appears),
                TEST(json_fields_are_embedded),
                TEST(numbers_in_json_fields_keep_their_digits),
                TEST(a_nul_in_a_text_is_said_to_be_one),
                TEST(bytes_are_base64),
                TEST(integers_are_exact_or_refused),
                TEST(aliases_stand_for_numbers),
                TEST(enums_have_short_names_long_names_and_numbers),
                TEST(null_means_unset),
                TEST(refusals_name_the_path),
                TEST(fields_are_set_from_paths_and_queries),
                TEST(setting_a_repeated_field_appends),
                TEST(one_field_can_be_written),
                TEST(vectors_are_what_their_names_say),
                TEST(size_and_depth_are_bounded),
                TEST(every_allocation_may_fail),
                TEST(an_error_is_an_object_with_details),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
