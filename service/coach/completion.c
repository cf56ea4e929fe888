#include "service/coach/completion.h"

#include "common/json.h"

#include <stdlib.h>
#include <string.h>

/* The code unit of an escape \uXXXX that text begins with; -1 when it does not. */
static long escaped_unit(const char *text)
{
        char digits[5] = "";

        if (text[0] != '\\' || text[1] != 'u' || strspn(text + 2, "0123456789abcdefABCDEF") < 4)
                return -1;
        memcpy(digits, text + 2, 4);
        return strtol(digits, NULL, 16);
}

static bool is_high(long unit)
{
        return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(long unit)
{
        return unit >= 0xdc00 && unit < 0xe000;
}

void completion_mend(struct buffer *out, const char *text, unsigned *high)
{
        while (*text) {
                long unit = escaped_unit(text);

                if (is_high(unit) && is_low(escaped_unit(text + 6))) {
                        buffer_append(out, text, 12);
                        text += 12;
                } else if (is_high(unit)) {
                        *high = (unsigned)unit;
                        text += 6;
                } else if (is_low(unit)) {
                        if (*high)
                                buffer_printf(out, "\\u%04x\\u%04lx", *high, unit);
                        else
                                buffer_append_str(out, "\\ufffd");
                        *high = 0;
                        text += 6;
                } else {
                        /* Another escape goes as a whole: "\\\\ud83d" is none of ours. */
                        size_t n = text[0] == '\\' && text[1] ? 2 : 1;

                        buffer_append(out, text, n);
                        text += n;
                }
        }
}

void completion_deinit(struct completion *c)
{
        json_decref(c->json);
}

static enum completion_finish finish_of(const json_t *choice)
{
        const char *reason = json_string_value(json_object_get(choice, "finish_reason"));

        if (!reason || !*reason)
                return COMPLETION_GOES_ON;
        if (strcmp(reason, "length") == 0)
                return COMPLETION_CUT;
        if (strcmp(reason, "content_filter") == 0)
                return COMPLETION_FILTERED;
        return COMPLETION_STOPPED;
}

/* {"error":{"message":"…"}}, {"error":"…"}, {"object":"error","message":"…"}, {"detail":"…"} */
static const char *error_of(const json_t *json)
{
        const json_t *error = json_object_get(json, "error");
        const char *object = json_string_value(json_object_get(json, "object"));
        const char *text = NULL;

        if (json_is_object(error)) {
                text = json_string_value(json_object_get(error, "message"));
                return text ? text : "no reason given";
        }
        if (json_is_string(error))
                return json_string_value(error);
        if (object && strcmp(object, "error") == 0)
                text = json_string_value(json_object_get(json, "message"));
        return text ? text : json_string_value(json_object_get(json, "detail"));
}

static enum status read_choice(const json_t *choice, struct completion *ret, struct error *reterr)
{
        const json_t *delta = json_object_get(choice, "delta");
        const json_t *message = delta ? delta : json_object_get(choice, "message");
        const json_t *content = json_object_get(message, "content");

        if (!json_is_object(message))
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "a choice without delta or message");
        if (content && !json_is_string(content) && !json_is_null(content))
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "content that is no text");
        if (json_is_string(content)) {
                ret->text = json_string_value(content);
                ret->n_text = json_string_length(content);
        }
        ret->finish = finish_of(choice);
        return STATUS_OK;
}

static enum status read_object(const json_t *json, struct completion *ret, struct error *reterr)
{
        const json_t *choices = json_object_get(json, "choices");

        ret->error = error_of(json);
        if (ret->error)
                return STATUS_OK;
        if (!json_is_array(choices))
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "no chat completion");
        /* Some servers begin or end with a chunk that only counts tokens. */
        if (json_array_size(choices) == 0)
                return STATUS_OK;
        return read_choice(json_array_get(choices, 0), ret, reterr);
}

enum status completion_read(const char *text, size_t n, struct completion *ret,
                            struct error *reterr)
{
        struct completion c = {.text = ""};
        enum status st = json_parse_text(text, n, &c.json, reterr);

        if (st == STATUS_OK)
                st = read_object(c.json, &c, reterr);
        if (st == STATUS_OK)
                *ret = c;
        else
                completion_deinit(&c);
        return st;
}
