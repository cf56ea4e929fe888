/* The generated tables, and the ways into them. */
#include "common/contract.h"
#include "contract.gen.h"

#include "google/protobuf/timestamp.pb-c.h"
#include "socializer/v1/chat.pb-c.h"
#include "socializer/v1/training.pb-c.h"
#include "socializer/v1/user.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct field_rule *rule_of(const struct message_rules *rules, const char *name)
{
        const ProtobufCFieldDescriptor *f =
                protobuf_c_message_descriptor_get_field_by_name(rules->descriptor, name);

        assert_non_null(f);
        return &rules->fields[f - rules->descriptor->fields];
}

static void every_method_is_found_by_its_name(void **state)
{
        (void)state;
        assert_int_equal(contract_n_methods, METHOD_COUNT);
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];

                assert_ptr_equal(contract_find(m->name, strlen(m->name)), m);
                assert_int_equal(contract_index(m), i);
        }
}

static void a_name_need_not_be_terminated(void **state)
{
        const char text[] = "socializer.v1.UserService/GetMeAndMore";
        size_t n = strlen("socializer.v1.UserService/GetMe");

        (void)state;
        assert_ptr_equal(contract_find(text, n), &contract_methods[METHOD_USER_SERVICE_GET_ME]);
}

static void names_that_are_none_are_not_found(void **state)
{
        static const char with_nul[] = "socializer.v1.UserService/GetMe\0";

        (void)state;
        assert_null(contract_find("", 0));
        assert_null(contract_find("x", 1));
        assert_null(contract_find(with_nul, sizeof(with_nul) - 1));
        for (size_t i = 0; i < contract_n_methods; i++) {
                const char *name = contract_methods[i].name;

                for (size_t n = 0; n < strlen(name); n++) {
                        const struct method *m = contract_find(name, n);

                        /* GetUser begins GetUserByUsername. */
                        if (m)
                                assert_int_equal(strlen(m->name), n);
                }
        }
}

static void every_method_is_found_by_its_stub(void **state)
{
        ProtobufCServiceDescriptor foreign = socializer__v1__user_service__descriptor;

        (void)state;
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];
                const ProtobufCMethodDescriptor *d =
                        &m->service_descriptor->methods[m->method_index];

                assert_ptr_equal(contract_find_stub(m->service_descriptor, m->method_index), m);
                assert_string_equal(d->name, m->method);
                assert_ptr_equal(d->input, m->input->descriptor);
                assert_ptr_equal(d->output, m->output->descriptor);
                assert_null(contract_find_stub(m->service_descriptor,
                                               m->service_descriptor->n_methods));
        }
        assert_null(contract_find_stub(&foreign, 0));
}

static void people_may_type_short_names(void **state)
{
        const struct method *get_me = &contract_methods[METHOD_USER_SERVICE_GET_ME];

        (void)state;
        assert_ptr_equal(contract_find_short("GetMe"), get_me);
        assert_ptr_equal(contract_find_short("UserService/GetMe"), get_me);
        assert_ptr_equal(contract_find_short("UserService.GetMe"), get_me);
        assert_ptr_equal(contract_find_short("socializer.v1.UserService/GetMe"), get_me);
        assert_null(contract_find_short("getme"));
        assert_null(contract_find_short("UserService"));
        assert_null(contract_find_short("UserService/"));
        assert_null(contract_find_short("SkillService/GetMe"));
        assert_null(contract_find_short(""));
}

static void every_field_stands_beside_its_descriptor(void **state)
{
        (void)state;
        assert_true(contract_n_messages > 0);
        for (size_t i = 0; i < contract_n_messages; i++) {
                const struct message_rules *rules = contract_messages[i];

                assert_ptr_equal(contract_rules(rules->descriptor), rules);
                for (unsigned j = 0; j < rules->descriptor->n_fields; j++) {
                        const struct field_rule *f = &rules->fields[j];

                        assert_ptr_equal(f->field, &rules->descriptor->fields[j]);
                        assert_non_null(f->doc);
                        assert_int_equal(f->message != NULL,
                                         f->field->type == PROTOBUF_C_TYPE_MESSAGE);
                        if (f->message)
                                assert_ptr_equal(f->message->descriptor, f->field->descriptor);
                        assert_int_equal(f->json_prefix != NULL,
                                         f->field->type == PROTOBUF_C_TYPE_ENUM);
                }
        }
}

static void messages_outside_of_the_contract_have_no_rules(void **state)
{
        ProtobufCMessageDescriptor foreign = socializer__v1__user__descriptor;

        (void)state;
        assert_null(contract_rules(&foreign));
        foreign.name = "somebody.Else";
        assert_null(contract_rules(&foreign));
        assert_non_null(contract_rules(&google__protobuf__timestamp__descriptor));
        assert_non_null(contract_rules(&socializer__v1__room_event__descriptor));
}

static void options_of_methods_are_resolved(void **state)
{
        const struct method *login = &contract_methods[METHOD_USER_SERVICE_LOGIN];
        const struct method *get_me = &contract_methods[METHOD_USER_SERVICE_GET_ME];
        const struct method *send = &contract_methods[METHOD_CHAT_SERVICE_SEND_MESSAGE];
        const struct method *chat = &contract_methods[METHOD_COACH_SERVICE_CHAT];

        (void)state;
        assert_int_equal(login->lane, LANE_PASSWORD);
        assert_int_equal(login->access, ACCESS_PUBLIC);
        assert_true(login->side_effects);
        assert_false(login->replay);
        assert_int_equal(get_me->lane, LANE_READ);
        assert_int_equal(get_me->access, ACCESS_USER);
        assert_false(get_me->side_effects);
        assert_false(get_me->replay);
        assert_int_equal(get_me->timeout_ms, 10000);
        assert_int_equal(get_me->http_status, 200);
        assert_string_equal(get_me->doc, "The caller.");
        assert_int_equal(send->lane, LANE_WRITE);
        assert_true(send->replay);
        assert_int_equal(send->http_status, 201);
        assert_int_equal(chat->lane, LANE_LONG);
        assert_int_equal(chat->timeout_ms, 120000);
}

static void routes_are_all_there(void **state)
{
        const struct method *get_me = &contract_methods[METHOD_USER_SERVICE_GET_ME];
        const struct method *subscribe = &contract_methods[METHOD_CHAT_SERVICE_SUBSCRIBE];
        const struct method *login = &contract_methods[METHOD_USER_SERVICE_LOGIN];

        (void)state;
        assert_int_equal(get_me->n_routes, 3);
        assert_string_equal(get_me->routes[0].verb, "GET");
        assert_string_equal(get_me->routes[0].path, "/users/me/");
        assert_false(get_me->routes[0].has_body);
        assert_string_equal(get_me->routes[0].response_body->name, "user");
        assert_int_equal(login->n_routes, 2);
        assert_string_equal(login->routes[1].path, "/token");
        assert_true(login->routes[1].has_body);
        assert_null(login->routes[1].response_body);
        assert_int_equal(subscribe->n_routes, 0);
}

static void rules_of_fields_are_all_there(void **state)
{
        const struct message_rules *registration =
                contract_methods[METHOD_USER_SERVICE_REGISTER].input;
        const struct message_rules *update =
                contract_methods[METHOD_USER_SERVICE_UPDATE_USER].input;
        const struct field_rule *f = rule_of(registration, "username");

        (void)state;
        assert_int_equal(f->flags, RULE_REQUIRED);
        assert_int_equal(f->min_len, 3);
        assert_int_equal(f->max_len, 50);
        assert_string_equal(f->pattern, "^[A-Za-z0-9_.-]+$");
        assert_string_equal(f->pattern_hint, "letters, digits, '_', '.' and '-'");
        assert_int_equal(rule_of(registration, "password")->flags, RULE_REQUIRED | RULE_SECRET);
        f = rule_of(update, "user_id");
        assert_int_equal(f->flags, RULE_HAS_MIN);
        assert_string_equal(f->aliases[0].name, "me");
        assert_int_equal(f->aliases[0].value, 0);
        assert_null(f->aliases[1].name);
        f = rule_of(update, "temperature");
        assert_int_equal(f->flags, RULE_HAS_MIN | RULE_HAS_MAX | RULE_OPTIONAL);
        assert_true(f->min == 0 && f->max == 2);
        assert_string_equal(rule_of(update, "role")->json_prefix, "ROLE_");
        f = rule_of(contract_rules(&socializer__v1__save_messages_request__descriptor), "messages");
        assert_int_equal(f->min_items, 1);
        assert_int_equal(f->max_items, 100);
        f = rule_of(contract_rules(&socializer__v1__training__descriptor), "progress");
        assert_string_equal(f->doc, "0 to 1.");
        f = rule_of(contract_rules(&socializer__v1__preference__descriptor), "value");
        assert_int_equal(f->flags, RULE_JSON);
}

static void members_of_a_real_oneof_are_not_optional(void **state)
{
        const struct message_rules *event = contract_rules(&socializer__v1__room_event__descriptor);

        (void)state;
        assert_int_equal(rule_of(event, "message")->flags, 0);
        assert_int_equal(rule_of(event, "typing")->flags, 0);
}

static void secrets_are_known_from_outside(void **state)
{
        (void)state;
        assert_true(contract_methods[METHOD_USER_SERVICE_LOGIN].input->has_secret);
        assert_true(contract_methods[METHOD_USER_SERVICE_LOGIN].output->has_secret);
        assert_true(contract_methods[METHOD_CHAT_SERVICE_SUBSCRIBE].output->has_secret);
        assert_false(contract_methods[METHOD_USER_SERVICE_GET_ME].output->has_secret);
        for (size_t i = 0; i < contract_n_methods; i++)
                assert_false(contract_methods[i].replay && contract_methods[i].output->has_secret);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_method_is_found_by_its_name),
                cmocka_unit_test(a_name_need_not_be_terminated),
                cmocka_unit_test(names_that_are_none_are_not_found),
                cmocka_unit_test(every_method_is_found_by_its_stub),
                cmocka_unit_test(people_may_type_short_names),
                cmocka_unit_test(every_field_stands_beside_its_descriptor),
                cmocka_unit_test(messages_outside_of_the_contract_have_no_rules),
                cmocka_unit_test(options_of_methods_are_resolved),
                cmocka_unit_test(routes_are_all_there),
                cmocka_unit_test(rules_of_fields_are_all_there),
                cmocka_unit_test(members_of_a_real_oneof_are_not_optional),
                cmocka_unit_test(secrets_are_known_from_outside),
        };

        return !!cmocka_run_group_tests_name("gen", tests, NULL, NULL);
}
