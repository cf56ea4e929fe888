/* common/json: any text, as a value and as the message of a method, which two bytes choose. */
#include "tests/fuzz/fuzz.h"

#include "common/json.h"
#include "common/wire.h"

#include <string.h>

#define ARENA_BYTES (8u << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        struct error error;

        (void)argc;
        (void)argv;
        fuzz_must(wire_validate_init(&error) == STATUS_OK);
        return 0;
}

/* What is written of a value reads as the same value. */
static void check_value(const json_t *value)
{
        AUTO_BUFFER text = BUFFER_INIT;
        struct error error = ERROR_INIT;
        json_t *again = NULL;

        json_append_value(&text, value);
        fuzz_must(wire_utf8_valid((char *)text.data, text.n_bytes));
        if (text.n_bytes > JSON_MAX_BYTES)
                return;
        fuzz_must(json_parse_text((char *)text.data, text.n_bytes, &again, &error) == STATUS_OK);
        fuzz_must(json_equal(value, again));
        json_decref(again);
}

static void check_message(const struct message_rules *rules, json_t *value)
{
        AUTO_ARENA arena;
        struct error error = ERROR_INIT;

        arena_init(&arena, ARENA_BYTES);
        ProtobufCMessage *message = json_new_message(rules->descriptor, &arena);
        fuzz_must(message != NULL);
        enum status st = json_to_message(rules, value, &arena, message, &error);
        fuzz_check_error(st, &error);
        if (st == STATUS_OK) {
                st = wire_validate(rules, message, &error);
                fuzz_check_error(st, &error);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        unsigned which = (unsigned)fuzz_byte(&data, &n) << 8;
        struct error error = ERROR_INIT;
        json_t *value = NULL;

        which |= fuzz_byte(&data, &n);
        AUTO_FREE char *text = fuzz_text(data, n);
        enum status st = json_parse_text(text, n, &value, &error);
        fuzz_check_error(st, &error);
        if (st != STATUS_OK)
                return 0;
        check_value(value);
        check_message(contract_methods[which % contract_n_methods].input, value);
        json_decref(value);
        return 0;
}
