#include "tests/support/server/ask.h"

#include "common/arena.h"
#include "common/buffer.h"
#include "common/contract.h"
#include "common/json.h"
#include "tests/support/t.h"

#include <stdio.h>
#include <string.h>

enum status ask(soc_client *client, const char *token, const char *method, const char *request,
                json_t **ret, struct error *reterr)
{
        const struct method *m = contract_find_short(method);
        const soc_call_options options = {.token = token};
        ProtobufCMessage *response = NULL;
        AUTO_BUFFER text = BUFFER_INIT;
        AUTO_ARENA arena;

        if (ret)
                *ret = NULL;
        arena_init(&arena, 1 << 20);
        json_t *tree = json_loads(request, 0, NULL);
        if (!m || !tree)
                fail_msg("%s %s: no method, or no JSON", method, request);
        ProtobufCMessage *message = json_new_message(m->input->descriptor, &arena);
        struct error error = ERROR_INIT;
        enum status st = json_to_message(m->input, tree, &arena, message, &error);
        json_decref(tree);
        if (st != STATUS_OK)
                fail_msg("%s %s: %s", method, request, error.text);
        st = (enum status)soc_call(client, m->name, message, &options, &response,
                                   (soc_error *)reterr);
        if (st != STATUS_OK)
                return st;
        json_append_message(&text, m->output, response);
        protobuf_c_message_free_unpacked(response, NULL);
        /* jansson's own integers end where those of an epoch go on. */
        if (ret)
                *ret = json_loads(buffer_str(&text), JSON_DECODE_INT_AS_REAL, NULL);
        return STATUS_OK;
}

json_t *ask_well(soc_client *client, const char *token, const char *method, const char *request)
{
        struct error error = ERROR_INIT;
        json_t *answer = NULL;

        if (ask(client, token, method, request, &answer, &error) != STATUS_OK)
                fail_msg("%s %s: %s", method, request, error.text);
        assert_non_null(answer);
        return answer;
}

char *ask_login(soc_client *client, const char *username, const char *password)
{
        char request[256];

        snprintf(request, sizeof(request), "{\"username\":\"%s\",\"password\":\"%s\"}", username,
                 password);
        json_t *answer = ask_well(client, "", "UserService/Login", request);
        char *token = strdup(json_string_value(json_object_get(answer, "access_token")));
        json_decref(answer);
        return token;
}

int64_t ask_number(const json_t *object, const char *name)
{
        const json_t *value = json_object_get(object, name);

        if (!json_is_number(value) ||
            json_number_value(value) != (double)(int64_t)json_number_value(value))
                fail_msg("no whole number %s in the answer", name);
        return (int64_t)json_number_value(value);
}
