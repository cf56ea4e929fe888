/* common/validate.c: every limit of the contract, at its edge and beyond. */
#include "tests/support/t.h"

#include "common/wire.h"

#include <math.h>
#include <socializer/v1/chat.pb-c.h>
#include <socializer/v1/skill.pb-c.h>
#include <socializer/v1/training.pb-c.h>
#include <socializer/v1/user.pb-c.h>
#include <string.h>

/* Validates by the contract; err says what is wrong. */
static enum status validate(const void *message, struct error *err)
{
        const ProtobufCMessage *m = message;
        const struct message_rules *rules = contract_rules(m->descriptor);

        assert_non_null(rules);
        *err = ERROR_INIT;
        return wire_validate(rules, m, err);
}

static void assert_good(const void *message)
{
        struct error err;

        if (validate(message, &err) != STATUS_OK)
                fail_msg("refused: %s", err.text);
}

static void assert_bad(const void *message, const char *field, const char *text)
{
        struct error err;

        assert_status(validate(message, &err), STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, field);
        assert_string_equal(err.text, text);
}

static Socializer__V1__RegisterRequest registration(void)
{
        Socializer__V1__RegisterRequest r = SOCIALIZER__V1__REGISTER_REQUEST__INIT;

        r.username = (char *)"human";
        r.email = (char *)"human@example.org";
        r.password = (char *)"password123";
        return r;
}

static void lengths_count_characters(void **state)
{
        Socializer__V1__RegisterRequest r = registration();
        Socializer__V1__LoginRequest login = SOCIALIZER__V1__LOGIN_REQUEST__INIT;
        char text[256] = "";

        (void)state;
        assert_good(&r);
        r.username = (char *)"ab";
        assert_bad(&r, "username", "username: want 3 to 50 characters, got 2");
        r.username = text;
        memset(text, 'a', 50);
        assert_good(&r);
        memset(text, 'a', 51);
        assert_bad(&r, "username", "username: want 3 to 50 characters, got 51");
        /* 50 of two bytes each are 50. */
        login.password = (char *)"x";
        login.username = text;
        for (size_t i = 0; i < 100; i += 2)
                memcpy(text + i, "\xc3\xa4", 3);
        assert_good(&login);
        memcpy(text + 100, "\xc3\xa4", 3);
        assert_bad(&login, "username", "username: want at most 50 characters, got 51");
}

static void what_is_required_must_be_there(void **state)
{
        Socializer__V1__RegisterRequest r = registration();
        Socializer__V1__SendMessageRequest send = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        struct error err;

        (void)state;
        r.username = (char *)"";
        assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, "username");
        r.username = NULL;
        assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
        send.content = (char *)"hi";
        assert_status(validate(&send, &err), STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, "room_id");
        send.room_id = 1;
        assert_good(&send);
}

static void patterns_match_the_whole_text(void **state)
{
        static const char *const bad[] = {"two words", "umlaut\xc3\xa4", "line\nbreak",
                                          "end\n",     "\nstart",        "semi;colon"};
        Socializer__V1__RegisterRequest r = registration();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                r.username = (char *)bad[i];
                assert_bad(&r, "username", "username: want letters, digits, '_', '.' and '-'");
        }
        r.username = (char *)"A_z.0-9";
        assert_good(&r);
        r.email = (char *)"nobody";
        assert_bad(&r, "email", "email: want an e-mail address");
}

static void a_long_text_is_refused_before_its_pattern_is_tried(void **state)
{
        Socializer__V1__RegisterRequest r = registration();
        size_t n = 32 * 1024 * 1024;
        AUTO_FREE char *text = malloc(n + 1);

        (void)state;
        assert_non_null(text);
        memset(text, 'a', n);
        text[n] = '\0';
        r.username = text;
        assert_bad(&r, "username", "username: want 3 to 50 characters, got 33554432");
}

static void numbers_have_ranges(void **state)
{
        static const double bad[] = {
                -0.001, 2.001, -1e300, 1e300, (double)INFINITY, -(double)INFINITY, (double)NAN};
        static const double good[] = {0, 0.7, 2, -0.0};
        Socializer__V1__SetTemperatureRequest r = SOCIALIZER__V1__SET_TEMPERATURE_REQUEST__INIT;
        Socializer__V1__ListMessagesRequest list = SOCIALIZER__V1__LIST_MESSAGES_REQUEST__INIT;
        struct error err;

        (void)state;
        assert_bad(&r, "temperature", "temperature: is required");
        r.temperature_set_case =
                SOCIALIZER__V1__SET_TEMPERATURE_REQUEST__TEMPERATURE_SET_TEMPERATURE;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                r.temperature = bad[i];
                assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
                assert_string_equal(err.field, "temperature");
        }
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                r.temperature = good[i];
                assert_good(&r);
        }
        r.temperature = 2.5;
        assert_bad(&r, "temperature", "temperature: want 0 to 2, got 2.5");
        list.page_size = 500;
        assert_good(&list);
        list.page_size = 1000000;
        assert_bad(&list, "page_size", "page_size: want 0 to 500, got 1000000");
        list.page_size = -1;
        assert_bad(&list, "page_size", "page_size: want 0 to 500, got -1");
        list.page_size = 0;
        list.user_id = -5;
        assert_bad(&list, "user_id", "user_id: want at least 0, got -5");
}

static void only_the_set_member_of_a_oneof_is_checked(void **state)
{
        Socializer__V1__UpdateUserRequest r = SOCIALIZER__V1__UPDATE_USER_REQUEST__INIT;

        (void)state;
        assert_good(&r);
        r.username = (char *)"x";
        r.temperature = 99;
        assert_good(&r);
        r.temperature_set_case = SOCIALIZER__V1__UPDATE_USER_REQUEST__TEMPERATURE_SET_TEMPERATURE;
        assert_bad(&r, "temperature", "temperature: want 0 to 2, got 99");
        r.temperature = 0;
        assert_good(&r);
        r.username_set_case = SOCIALIZER__V1__UPDATE_USER_REQUEST__USERNAME_SET_USERNAME;
        assert_bad(&r, "username", "username: want 3 to 50 characters, got 1");
}

static void enums_are_of_the_contract(void **state)
{
        Socializer__V1__UpdateUserRequest r = SOCIALIZER__V1__UPDATE_USER_REQUEST__INIT;
        struct error err;

        (void)state;
        r.role_set_case = SOCIALIZER__V1__UPDATE_USER_REQUEST__ROLE_SET_ROLE;
        r.role = SOCIALIZER__V1__ROLE__ROLE_UNSPECIFIED;
        assert_good(&r);
        r.role = SOCIALIZER__V1__ROLE__ROLE_ADMIN;
        assert_good(&r);
        r.role = (Socializer__V1__Role)77;
        assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, "role");
        assert_non_null(strstr(err.text, "77"));
}

static void lists_and_what_is_in_them_have_limits(void **state)
{
        Socializer__V1__MemoryMessage m = SOCIALIZER__V1__MEMORY_MESSAGE__INIT, empty = m;
        Socializer__V1__MemoryMessage *messages[101];
        Socializer__V1__SaveMessagesRequest r = SOCIALIZER__V1__SAVE_MESSAGES_REQUEST__INIT;
        struct error err;

        (void)state;
        m.content = (char *)"hello";
        for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
                messages[i] = &m;
        r.messages = messages;
        assert_bad(&r, "messages", "messages: want 1 to 100 items, got 0");
        r.n_messages = 100;
        assert_good(&r);
        r.n_messages = 101;
        assert_bad(&r, "messages", "messages: want 1 to 100 items, got 101");
        r.n_messages = 5;
        messages[3] = &empty;
        assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, "messages[3].content");
        m.role = (Socializer__V1__MessageRole)9;
        assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, "messages[0].role");
}

static void json_fields_hold_json(void **state)
{
        static const char *const good[] = {"null", "1", "\"dark\"", "{\"a\":[1,2,{}]}", " true "};
        static const char *const bad[] = {"dark", "{", "{\"a\":1,\"a\":2}", "1 2", "'x'", "NaN"};
        Socializer__V1__SetPreferenceRequest r = SOCIALIZER__V1__SET_PREFERENCE_REQUEST__INIT;
        char deep[513];
        struct error err;

        (void)state;
        r.type = (char *)"interface";
        r.key = (char *)"theme";
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                r.value = (char *)good[i];
                assert_good(&r);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                r.value = (char *)bad[i];
                assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
                assert_string_equal(err.field, "value");
        }
        memset(deep, '[', 256);
        memset(deep + 256, ']', 256);
        deep[512] = '\0';
        r.value = deep;
        assert_status(validate(&r, &err), STATUS_INVALID_ARGUMENT);
}

/* What wire_unpack() lets through can be validated: no rule expects what is not there. */
static void an_empty_message_of_every_type_can_be_validated(void **state)
{
        AUTO_ARENA arena;

        (void)state;
        arena_init(&arena, 1024 * 1024);
        for (size_t i = 0; i < contract_n_messages; i++) {
                ProtobufCMessage *message;
                struct error err;

                assert_status(wire_unpack(contract_messages[i]->descriptor, "", 0, &arena, &message,
                                          &err),
                              STATUS_OK);
                enum status st = wire_validate(contract_messages[i], message, &err);
                assert_true(st == STATUS_OK || (st == STATUS_INVALID_ARGUMENT && *err.field));
        }
}

static int setup(void **state)
{
        struct error err;

        (void)state;
        return wire_validate_init(&err) == STATUS_OK ? 0 : -1;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lengths_count_characters),
                cmocka_unit_test(what_is_required_must_be_there),
                cmocka_unit_test(patterns_match_the_whole_text),
                cmocka_unit_test(a_long_text_is_refused_before_its_pattern_is_tried),
                cmocka_unit_test(numbers_have_ranges),
                cmocka_unit_test(only_the_set_member_of_a_oneof_is_checked),
                cmocka_unit_test(enums_are_of_the_contract),
                cmocka_unit_test(lists_and_what_is_in_them_have_limits),
                cmocka_unit_test(json_fields_hold_json),
                cmocka_unit_test(an_empty_message_of_every_type_can_be_validated),
        };

        return !!cmocka_run_group_tests(tests, setup, NULL);
}
