/* From an HTTP request to a message: "VERB TARGET", a line with the Content-Type ("" = none), and
 * the body. */
#include "tests/fuzz/fuzz.h"

#include "common/wire.h"
#include "gateway/router.h"
#include "gateway/transcode.h"

#include <string.h>

#define ARENA_BYTES (8u << 20)

static struct router *router;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        struct error error;

        (void)argc;
        (void)argv;
        fuzz_must(wire_validate_init(&error) == STATUS_OK);
        fuzz_must(router_new(&router, &error) == STATUS_OK);
        return 0;
}

static char *cut(char *text, const char *at)
{
        char *end = text + strcspn(text, at);

        if (*end)
                *end++ = '\0';
        return end;
}

static void transcode(const struct transcode_input *input)
{
        AUTO_ARENA arena;
        ProtobufCMessage *message = NULL;
        struct error error = ERROR_INIT;
        unsigned http = 0;

        arena_init(&arena, ARENA_BYTES);
        enum status st = transcode_request(input, &arena, &message, &http, &error);
        fuzz_check_error(st, &error);
        fuzz_must(http == 0 || http == 400);
        if (st != STATUS_OK)
                return;
        const struct message_rules *rules = input->match->route->method->input;
        fuzz_must(message->descriptor == rules->descriptor);
        fuzz_check_error(wire_validate(rules, message, &error), &error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        AUTO_FREE char *text = fuzz_text(data, n);
        char *target = cut(text, " \n"), *type = cut(target, "\n"), *body = cut(type, "\n");
        char *query = strchr(target, '?');
        struct router_match match = {0};
        enum verb verb;

        if (query)
                *query++ = '\0';
        if (!verb_parse(text, &verb) || !router_match(router, verb, target, &match) ||
            !match.route || match.route->kind != ROUTE_RPC)
                return 0;
        for (unsigned i = 0; i < match.route->n_params; i++)
                fuzz_must(wire_utf8_valid(match.params[i], strlen(match.params[i])));
        struct transcode_input input = {
                .match = &match,
                .query = query,
                .body = body,
                .n_body_bytes = n - (size_t)(body - text),
        };
        if (transcode_body_kind(*type ? type : NULL, &input.body_kind))
                transcode(&input);
        return 0;
}
