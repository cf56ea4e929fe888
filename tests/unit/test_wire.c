/* common/wire.c: what is let through to protobuf-c, and what it may cost. */
#include "tests/support/t.h"

#include "common/buffer.h"
#include "common/wire.h"

#include <socializer/v1/chat.pb-c.h>
#include <socializer/v1/user.pb-c.h>
#include <string.h>

#define MIB         (1024 * 1024)
#define N_MUTATIONS 20000

static enum status unpack_error(const ProtobufCMessageDescriptor *d, const void *data, size_t n,
                                size_t budget, struct error *err)
{
        AUTO_ARENA arena;
        ProtobufCMessage *message = NULL;
        enum status st;

        arena_init(&arena, budget);
        *err = ERROR_INIT;
        st = wire_unpack(d, data, n, &arena, &message, err);
        assert_int_equal(st == STATUS_OK, message != NULL);
        assert_true(st == STATUS_OK || (err->status == st && *err->text));
        return st;
}

static enum status unpack(const ProtobufCMessageDescriptor *d, const void *data, size_t n)
{
        struct error err;

        return unpack_error(d, data, n, MIB, &err);
}

/* The field that is named in the refusal of a User. */
static void assert_refused(const char *data, size_t n, const char *field)
{
        struct error err;

        assert_status(unpack_error(&socializer__v1__user__descriptor, data, n, MIB, &err),
                      STATUS_INVALID_ARGUMENT);
        assert_string_equal(err.field, field);
}

static void a_message_comes_back_as_it_was(void **state)
{
        AUTO_ARENA arena;
        Google__Protobuf__Timestamp created = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        Socializer__V1__User user = SOCIALIZER__V1__USER__INIT;
        ProtobufCMessage *message;
        struct error err;
        uint8_t data[256];

        (void)state;
        created.seconds = 1795428000;
        user.id = 12;
        user.username = (char *)"h\xc3\xbcman";
        user.email_set_case = SOCIALIZER__V1__USER__EMAIL_SET_EMAIL;
        user.email = (char *)"human@example.org";
        user.role = SOCIALIZER__V1__ROLE__ROLE_ADMIN;
        user.created_at = &created;
        size_t n = socializer__v1__user__pack(&user, data);
        arena_init(&arena, MIB);
        assert_status(wire_unpack(user.base.descriptor, data, n, &arena, &message, &err),
                      STATUS_OK);
        const Socializer__V1__User *got = (Socializer__V1__User *)message;
        assert_int_equal(got->id, 12);
        assert_string_equal(got->username, user.username);
        assert_string_equal(got->email, user.email);
        assert_int_equal(got->role, user.role);
        assert_int_equal(got->temperature_set_case, 0);
        assert_int_equal(got->created_at->seconds, created.seconds);
}

static void no_bytes_are_an_empty_message(void **state)
{
        (void)state;
        assert_status(unpack(&socializer__v1__user__descriptor, "", 0), STATUS_OK);
        assert_status(unpack(&socializer__v1__user__descriptor, NULL, 0), STATUS_OK);
}

static void strings_are_utf8_without_nul(void **state)
{
        (void)state;
        assert_refused("\x12\x02\xff\xff", 4, "username");
        assert_refused("\x12\x03"
                       "a\0b",
                       5, "username");
        assert_refused("\x12\x02\xc0\x80", 4, "username");
        assert_refused("\x1a\x03\xed\xa0\x80", 5, "email");
        assert_status(unpack(&socializer__v1__user__descriptor, "\x12\x03\xe2\x82\xac", 5),
                      STATUS_OK);
}

static void wrong_wire_types_are_refused_by_name(void **state)
{
        (void)state;
        assert_refused("\x0a\x01x", 3, "id"); /* bytes for int64 */
        assert_refused("\x10\x05", 2, "username"); /* varint for string */
        assert_refused("\x30\x05", 2, "temperature"); /* varint for double */
        assert_refused("\x35\1\2\3\4", 5, "temperature"); /* fixed32 for double */
        assert_refused("\x38\x05", 2, "created_at"); /* varint for a message */
        assert_refused("\x3a\x02\x0a\x00", 4, "seconds"); /* inside it */
}

static void a_singular_message_comes_once(void **state)
{
        (void)state;
        assert_refused("\x3a\x02\x08\x01\x3a\x02\x08\x02", 8, "created_at");
        /* A scalar may come again: the last one counts. */
        assert_status(unpack(&socializer__v1__user__descriptor, "\x08\x01\x08\x02", 4), STATUS_OK);
}

static void refuse_vector(const char *name, const char *data, size_t n, void *arg)
{
        (void)arg;
        if (unpack(&socializer__v1__user__descriptor, data, n) != STATUS_INVALID_ARGUMENT)
                fail_msg("%s was read", name);
}

static void take_vector(const char *name, const char *data, size_t n, void *arg)
{
        (void)arg;
        if (unpack(&socializer__v1__user__descriptor, data, n) != STATUS_OK)
                fail_msg("%s was refused", name);
}

static void vectors_are_what_their_names_say(void **state)
{
        (void)state;
        t_each_vector("wire", "ok_", take_vector, NULL);
        t_each_vector("wire", "bad_", refuse_vector, NULL);
}

static void count_unknown(const ProtobufCMessage *m, unsigned *ret)
{
        *ret += m->n_unknown_fields;
}

static void unknown_fields_are_dropped_everywhere(void **state)
{
        /* 15: varint, beside and inside messages[0] and its created_at. */
        static const char data[] = "\x78\x01\x0a\x08\x78\x01\x2a\x04\x08\x05\x78\x02\x78\x03";
        AUTO_ARENA arena;
        ProtobufCMessage *message;
        struct error err;
        unsigned n = 0;
        uint8_t packed[64];

        (void)state;
        arena_init(&arena, MIB);
        assert_status(wire_unpack(&socializer__v1__list_messages_response__descriptor, data,
                                  sizeof(data) - 1, &arena, &message, &err),
                      STATUS_OK);
        Socializer__V1__ListMessagesResponse *m = (void *)message;
        assert_int_equal(m->n_messages, 1);
        count_unknown(message, &n);
        count_unknown(&m->messages[0]->base, &n);
        count_unknown(&m->messages[0]->created_at->base, &n);
        assert_int_equal(n, 0);
        assert_int_equal(protobuf_c_message_pack(message, packed), 6);
}

static void elements_are_counted(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        struct error err;

        (void)state;
        for (unsigned i = 0; i < WIRE_MAX_ELEMENTS; i++)
                buffer_append(&b, "\x0a\x00", 2);
        assert_status(unpack_error(&socializer__v1__list_messages_response__descriptor, b.data,
                                   b.n_bytes, 64 * MIB, &err),
                      STATUS_OK);
        buffer_append(&b, "\x0a\x00", 2);
        assert_status(unpack_error(&socializer__v1__list_messages_response__descriptor, b.data,
                                   b.n_bytes, 64 * MIB, &err),
                      STATUS_INVALID_ARGUMENT);
        /* The same of numbers that are packed into one field. */
        buffer_clear(&b);
        buffer_append(&b, "\x0a\x80\x80\x04", 4);
        for (unsigned i = 0; i < WIRE_MAX_ELEMENTS; i++)
                buffer_append_char(&b, 1);
        assert_status(unpack_error(&socializer__v1__save_messages_response__descriptor, b.data,
                                   b.n_bytes, 64 * MIB, &err),
                      STATUS_INVALID_ARGUMENT);
}

static void a_megabyte_of_empty_messages_costs_no_more_than_the_budget(void **state)
{
        AUTO_ARENA arena;
        AUTO_FREE uint8_t *data = malloc(MIB);
        ProtobufCMessage *message = NULL;
        struct error err;

        (void)state;
        assert_non_null(data);
        for (size_t i = 0; i < MIB; i += 2)
                memcpy(data + i, "\x0a\x00", 2);
        arena_init(&arena, MIB);
        assert_status(wire_unpack(&socializer__v1__list_messages_response__descriptor, data, MIB,
                                  &arena, &message, &err),
                      STATUS_INVALID_ARGUMENT);
        assert_int_equal(arena.used_bytes, 0);
        /* As many as are allowed are still too many for this budget. */
        assert_status(wire_unpack(&socializer__v1__list_messages_response__descriptor, data,
                                  2 * WIRE_MAX_ELEMENTS, &arena, &message, &err),
                      STATUS_RESOURCE_EXHAUSTED);
        assert_true(arena.used_bytes <= MIB);
        assert_null(message);
        /* Fields that nobody knows, likewise. */
        for (size_t i = 0; i < MIB; i += 2)
                memcpy(data + i, "\x78\x01", 2);
        arena_reset(&arena);
        assert_status(
                wire_unpack(&socializer__v1__user__descriptor, data, MIB, &arena, &message, &err),
                STATUS_RESOURCE_EXHAUSTED);
        assert_true(arena.used_bytes <= MIB);
}

/* A type that holds itself; the contract has none. */
static ProtobufCFieldDescriptor node_field = {
        .name = "node",
        .id = 1,
        .label = PROTOBUF_C_LABEL_NONE,
        .type = PROTOBUF_C_TYPE_MESSAGE,
        .offset = sizeof(ProtobufCMessage),
};
static const unsigned node_by_name[] = {0};
static const ProtobufCIntRange node_ranges[] = {{1, 0}, {0, 1}};
static const ProtobufCMessageDescriptor node_descriptor = {
        .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
        .name = "test.Node",
        .short_name = "Node",
        .c_name = "Node",
        .package_name = "test",
        .sizeof_message = sizeof(ProtobufCMessage) + sizeof(void *),
        .n_fields = 1,
        .fields = &node_field,
        .fields_sorted_by_name = node_by_name,
        .n_field_ranges = 1,
        .field_ranges = node_ranges,
};

/* depth nodes inside the outermost one. Returns the bytes, which end at data + size. */
static size_t nest(uint8_t *data, size_t size, unsigned depth)
{
        size_t n = 0;

        for (; depth > 0; depth--) {
                size_t length = n;
                uint8_t head[11];
                unsigned k = 0;

                head[k++] = 0x0a;
                for (; length >= 0x80; length >>= 7)
                        head[k++] = (uint8_t)(length | 0x80);
                head[k++] = (uint8_t)length;
                n += k;
                memcpy(data + size - n, head, k);
        }
        return n;
}

static void nesting_is_bounded(void **state)
{
        AUTO_FREE uint8_t *data = malloc(MIB);

        (void)state;
        assert_non_null(data);
        node_field.descriptor = &node_descriptor;
        size_t n = nest(data, MIB, WIRE_MAX_DEPTH);
        assert_status(unpack(&node_descriptor, data + MIB - n, n), STATUS_OK);
        n = nest(data, MIB, WIRE_MAX_DEPTH + 1);
        assert_status(unpack(&node_descriptor, data + MIB - n, n), STATUS_INVALID_ARGUMENT);
        n = nest(data, MIB, 200000);
        assert_status(unpack(&node_descriptor, data + MIB - n, n), STATUS_INVALID_ARGUMENT);
}

static size_t pack_sample(uint8_t ret[static 512])
{
        Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        Socializer__V1__MemoryMessage messages[2] = {SOCIALIZER__V1__MEMORY_MESSAGE__INIT,
                                                     SOCIALIZER__V1__MEMORY_MESSAGE__INIT};
        Socializer__V1__MemoryMessage *list[] = {&messages[0], &messages[1]};
        Socializer__V1__SaveMessagesRequest request = SOCIALIZER__V1__SAVE_MESSAGES_REQUEST__INIT;

        at.seconds = 1795428000;
        messages[0].content = (char *)"Hello, how are you?";
        messages[0].role = SOCIALIZER__V1__MESSAGE_ROLE__MESSAGE_ROLE_ASSISTANT;
        messages[1].content = (char *)"fine \xe2\x82\xac";
        messages[1].thread_id = (char *)"default";
        messages[1].created_at = &at;
        request.user_id = 12;
        request.n_messages = 2;
        request.messages = list;
        return socializer__v1__save_messages_request__pack(&request, ret);
}

static void truncations_and_mutations_do_no_harm(void **state)
{
        uint32_t seed = 20261123, n_good = 0;

        (void)state;
        for (unsigned i = 0; i < N_MUTATIONS; i++) {
                uint8_t sample[512];
                size_t n = pack_sample(sample);

                if (i < n) {
                        n = i;
                } else {
                        for (unsigned k = 0; k < 1 + i % 3; k++) {
                                seed = seed * 1664525 + 1013904223;
                                sample[(seed >> 8) % n] ^= (uint8_t)(1u << (seed >> 28) % 8);
                        }
                }
                AUTO_FREE uint8_t *exact = malloc(n ? n : 1);
                assert_non_null(exact);
                memcpy(exact, sample, n);
                n_good += unpack(&socializer__v1__save_messages_request__descriptor, exact, n) ==
                          STATUS_OK;
        }
        assert_in_range(n_good, 100, N_MUTATIONS - 100);
}

static void every_allocation_may_fail(void **state)
{
        uint8_t data[512];
        size_t n = pack_sample(data);
        unsigned at = 1;
        struct error err;

        (void)state;
        for (;; at++) {
                arena_fail_after(at);
                enum status st = unpack_error(&socializer__v1__save_messages_request__descriptor,
                                              data, n, MIB, &err);
                arena_fail_after(0);
                if (st == STATUS_OK)
                        break;
                assert_status(st, STATUS_RESOURCE_EXHAUSTED);
        }
        assert_in_range(at, 5, 100);
}

static void utf8_is_what_rfc_3629_says(void **state)
{
        static const struct {
                const char *text;
                size_t n;
                bool valid;
        } cases[] = {
                {"", 0, true},
                {"abc", 3, true},
                {"\x7f", 1, true},
                {"\xc2\x80", 2, true},
                {"\xdf\xbf", 2, true},
                {"\xe0\xa0\x80", 3, true},
                {"\xed\x9f\xbf", 3, true},
                {"\xee\x80\x80", 3, true},
                {"\xef\xbf\xbf", 3, true},
                {"\xf0\x90\x80\x80", 4, true},
                {"\xf4\x8f\xbf\xbf", 4, true},
                {"a\0b", 3, false},
                {"\x80", 1, false},
                {"\xbf", 1, false},
                {"\xc0\x80", 2, false},
                {"\xc1\xbf", 2, false},
                {"\xc2", 1, false},
                {"\xc2\x41", 2, false},
                {"\xe0\x9f\xbf", 3, false},
                {"\xe2\x82", 2, false},
                {"\xe2\x82\x41", 3, false},
                {"\xed\xa0\x80", 3, false},
                {"\xed\xbf\xbf", 3, false},
                {"\xf0\x8f\xbf\xbf", 4, false},
                {"\xf4\x90\x80\x80", 4, false},
                {"\xf5\x80\x80\x80", 4, false},
                {"\xf0\x9f\x98", 3, false},
                {"\xfe", 1, false},
                {"\xff", 1, false},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                if (wire_utf8_valid(cases[i].text, cases[i].n) != cases[i].valid)
                        fail_msg("case %zu", i);
        }
        assert_int_equal(wire_utf8_length(""), 0);
        assert_int_equal(wire_utf8_length("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_message_comes_back_as_it_was),
                cmocka_unit_test(no_bytes_are_an_empty_message),
                cmocka_unit_test(strings_are_utf8_without_nul),
                cmocka_unit_test(wrong_wire_types_are_refused_by_name),
                cmocka_unit_test(a_singular_message_comes_once),
                cmocka_unit_test(vectors_are_what_their_names_say),
                cmocka_unit_test(unknown_fields_are_dropped_everywhere),
                cmocka_unit_test(elements_are_counted),
                cmocka_unit_test(a_megabyte_of_empty_messages_costs_no_more_than_the_budget),
                cmocka_unit_test(nesting_is_bounded),
                cmocka_unit_test(truncations_and_mutations_do_no_harm),
                cmocka_unit_test(every_allocation_may_fail),
                cmocka_unit_test(utf8_is_what_rfc_3629_says),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
