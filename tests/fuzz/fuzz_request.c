/* Each request type: two bytes say which method, the rest is its message as a client packs it.
 * What passes common/wire and the contract's limits is the same in JSON, read and written again.
 * With the highest bit of the first byte it is the method's response, which clients read. */
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

static void through_json(const struct message_rules *rules, const ProtobufCMessage *message)
{
        AUTO_ARENA arena;
        AUTO_BUFFER text = BUFFER_INIT, after = BUFFER_INIT;
        json_t *json = NULL;
        struct error error = ERROR_INIT;

        arena_init(&arena, ARENA_BYTES);
        json_append_message(&text, rules, message);
        fuzz_must(!buffer_failed(&text));
        if (text.n_bytes > JSON_MAX_BYTES)
                return;
        fuzz_must(json_parse_text((char *)text.data, text.n_bytes, &json, &error) == STATUS_OK);
        ProtobufCMessage *again = json_new_message(rules->descriptor, &arena);
        fuzz_must(again != NULL);
        enum status st = json_to_message(rules, json, &arena, again, &error);
        json_decref(json);
        if (st == STATUS_RESOURCE_EXHAUSTED)
                return;
        fuzz_must(st == STATUS_OK);
        json_append_message(&after, rules, again);
        fuzz_must(text.n_bytes == after.n_bytes &&
                  memcmp(text.data, after.data, text.n_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        AUTO_ARENA arena;
        AUTO_BUFFER text = BUFFER_INIT;
        unsigned which = (unsigned)fuzz_byte(&data, &n) << 8;
        ProtobufCMessage *message = NULL;
        struct error error = ERROR_INIT;

        which |= fuzz_byte(&data, &n);
        const struct method *m = &contract_methods[(which & 0x7fff) % contract_n_methods];
        const struct message_rules *rules = which & 0x8000 ? m->output : m->input;
        arena_init(&arena, ARENA_BYTES);
        enum status st = wire_unpack(rules->descriptor, data, n, &arena, &message, &error);
        fuzz_check_error(st, &error);
        fuzz_must(arena.used_bytes <= ARENA_BYTES);
        if (st != STATUS_OK)
                return 0;
        st = wire_validate(rules, message, &error);
        fuzz_check_error(st, &error);
        if (st == STATUS_OK && !(which & 0x8000))
                through_json(rules, message);
        else
                json_append_message(&text, rules, message); /* a response is not validated */
        return 0;
}
