#include "common/json.h"

#include "common/base64.h"
#include "common/clock.h"
#include "common/reflect.h"
#include "common/wire.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 96

/* What is being read: where in the request, into whose memory. */
struct reading {
        struct arena *arena;
        struct error *reterr;
        const char *parent; /* "" or "messages[3]" */
        long index; /* of a repeated field, else -1 */
        unsigned depth;
};

static enum status no_memory(const struct reading *r)
{
        return error_set(r->reterr, STATUS_RESOURCE_EXHAUSTED, "the request needs too much memory");
}

static void path_of(const struct reading *r, const char *name, char ret[static PATH_BYTES])
{
        const char *dot = r->parent[0] ? "." : "";
        int n = snprintf(ret, PATH_BYTES, "%s%s%s", r->parent, dot, name);

        if (r->index >= 0 && n < PATH_BYTES)
                snprintf(ret + n, PATH_BYTES - (size_t)n, "[%ld]", r->index);
}

static enum status wanted(const struct reading *r, const struct field_rule *rule, const char *what)
{
        char path[PATH_BYTES];

        path_of(r, rule->field->name, path);
        return error_field(r->reterr, path, "want %s", what);
}

ProtobufCMessage *json_new_message(const ProtobufCMessageDescriptor *descriptor,
                                   struct arena *arena)
{
        ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);

        if (message)
                protobuf_c_message_init(descriptor, message);
        return message;
}

/* --- numbers --- */

static void type_range(ProtobufCType type, int64_t *ret_min, uint64_t *ret_max)
{
        switch (type) {
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_SINT32:
        case PROTOBUF_C_TYPE_SFIXED32:
                *ret_min = INT32_MIN;
                *ret_max = INT32_MAX;
                break;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_FIXED32:
                *ret_min = 0;
                *ret_max = UINT32_MAX;
                break;
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
                *ret_min = 0;
                *ret_max = UINT64_MAX;
                break;
        default:
                *ret_min = INT64_MIN;
                *ret_max = INT64_MAX;
        }
}

/* Stores sign and magnitude as the field's type; the range of the type is part of the contract. */
static enum status set_integer(const struct reading *r, const struct field_rule *rule, void *at,
                               bool negative, uint64_t magnitude)
{
        int64_t min;
        uint64_t max;

        type_range(rule->field->type, &min, &max);
        if (negative ? magnitude > 0 - (uint64_t)min : magnitude > max) {
                char path[PATH_BYTES];
                path_of(r, rule->field->name, path);
                return error_field(r->reterr, path, "want %lld to %llu", (long long)min,
                                   (unsigned long long)max);
        }
        uint64_t value = negative ? 0 - magnitude : magnitude;
        if (reflect_element_bytes(rule->field->type) == 8)
                memcpy(at, &value, 8);
        else
                memcpy(at, &(uint32_t){(uint32_t)value}, 4);
        return STATUS_OK;
}

static bool parse_integer(const char *text, bool *ret_negative, uint64_t *ret_magnitude)
{
        bool negative = *text == '-';
        char *end;

        text += negative;
        if (!isdigit((unsigned char)*text))
                return false;
        errno = 0;
        unsigned long long value = strtoull(text, &end, 10);
        if (errno || *end)
                return false;
        *ret_negative = negative && value;
        *ret_magnitude = value;
        return true;
}

static const struct alias *find_alias(const struct field_rule *rule, const char *name)
{
        for (const struct alias *a = rule->aliases; a && a->name; a++) {
                if (!strcmp(a->name, name))
                        return a;
        }
        return NULL;
}

static enum status integer_from_text(const struct reading *r, const struct field_rule *rule,
                                     const char *text, void *at)
{
        const struct alias *alias = find_alias(rule, text);
        bool negative;
        uint64_t magnitude;

        if (alias)
                return set_integer(r, rule, at, alias->value < 0,
                                   alias->value < 0 ? 0 - (uint64_t)alias->value
                                                    : (uint64_t)alias->value);
        if (!parse_integer(text, &negative, &magnitude))
                return wanted(r, rule, "a whole number");
        return set_integer(r, rule, at, negative, magnitude);
}

static enum status read_integer(const struct reading *r, const struct field_rule *rule,
                                json_t *value, void *at)
{
        if (json_is_string(value))
                return integer_from_text(r, rule, json_string_value(value), at);
        if (json_is_real(value)) {
                double real = json_real_value(value);
                if (real != floor(real) || fabs(real) > 9007199254740992.0)
                        return wanted(r, rule, "a whole number");
                return set_integer(r, rule, at, real < 0, (uint64_t)fabs(real));
        }
        if (!json_is_integer(value))
                return wanted(r, rule, "a whole number");
        json_int_t number = json_integer_value(value);
        return set_integer(r, rule, at, number < 0,
                           number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static enum status set_real(const struct reading *r, const struct field_rule *rule, void *at,
                            double value)
{
        if (!isfinite(value))
                return wanted(r, rule, "a finite number");
        if (rule->field->type == PROTOBUF_C_TYPE_FLOAT)
                *(float *)at = (float)value;
        else
                *(double *)at = value;
        return STATUS_OK;
}

static enum status real_from_text(const struct reading *r, const struct field_rule *rule,
                                  const char *text, void *at)
{
        char *end;
        double value = strtod(text, &end);

        /* strtod() reads more than JSON calls a number: hexadecimal, "nan", leading spaces. */
        if (end == text || *end || text[strspn(text, "0123456789+-.eE")])
                return wanted(r, rule, "a number");
        return set_real(r, rule, at, value);
}

/* --- the other scalars --- */

static enum status enum_from_text(const struct reading *r, const struct field_rule *rule,
                                  const char *text, int *ret)
{
        const ProtobufCEnumDescriptor *d = rule->field->descriptor;
        const char *prefix = rule->json_prefix ? rule->json_prefix : "";
        char path[PATH_BYTES];

        for (unsigned i = 0; i < d->n_values; i++) {
                const char *name = d->values[i].name;
                if (!strcmp(name, text) || (!strncmp(name, prefix, strlen(prefix)) &&
                                            !strcasecmp(name + strlen(prefix), text))) {
                        *ret = d->values[i].value;
                        return STATUS_OK;
                }
        }
        path_of(r, rule->field->name, path);
        return error_field(r->reterr, path, "'%.40s' is no value of %s", text, d->short_name);
}

static enum status read_enum(const struct reading *r, const struct field_rule *rule, json_t *value,
                             int *ret)
{
        char path[PATH_BYTES];

        if (json_is_string(value))
                return enum_from_text(r, rule, json_string_value(value), ret);
        if (!json_is_integer(value))
                return wanted(r, rule, "a name");
        json_int_t number = json_integer_value(value);
        if (number >= INT_MIN && number <= INT_MAX &&
            protobuf_c_enum_descriptor_get_value(rule->field->descriptor, (int)number)) {
                *ret = (int)number;
                return STATUS_OK;
        }
        path_of(r, rule->field->name, path);
        return error_field(r->reterr, path, "%lld is no value of %s", (long long)number,
                           ((const ProtobufCEnumDescriptor *)rule->field->descriptor)->short_name);
}

static enum status set_text(const struct reading *r, const char *text, size_t n, char **ret)
{
        char *copy = arena_strndup(r->arena, text, n);

        if (!copy)
                return no_memory(r);
        *ret = copy;
        return STATUS_OK;
}

/* A json field holds the value's text. */
static enum status read_json_field(const struct reading *r, const json_t *value, char **ret)
{
        AUTO_BUFFER text = BUFFER_INIT;

        json_append_value(&text, value);
        if (buffer_failed(&text))
                return no_memory(r);
        return set_text(r, buffer_str(&text), text.n_bytes, ret);
}

static enum status read_string(const struct reading *r, const struct field_rule *rule,
                               json_t *value, char **ret)
{
        if (rule->flags & RULE_JSON)
                return read_json_field(r, value, ret);
        if (!json_is_string(value))
                return wanted(r, rule, "a string");
        if (strlen(json_string_value(value)) != json_string_length(value))
                return wanted(r, rule, "UTF-8 without NUL");
        return set_text(r, json_string_value(value), json_string_length(value), ret);
}

static enum status bytes_from_text(const struct reading *r, const struct field_rule *rule,
                                   const char *text, ProtobufCBinaryData *ret)
{
        size_t n = strlen(text), got;
        uint8_t *data = arena_alloc(r->arena, n + 1);

        if (!data)
                return no_memory(r);
        if (!base64_decode(sodium_base64_VARIANT_ORIGINAL, text, n, data, n + 1, &got))
                return wanted(r, rule, "base64");
        *ret = (ProtobufCBinaryData){.len = got, .data = data};
        return STATUS_OK;
}

/* --- messages --- */

static enum status read_object(const struct reading *r, const struct message_rules *rules,
                               json_t *object, ProtobufCMessage *message);

static enum status timestamp_from_text(const struct reading *r, const struct field_rule *rule,
                                       const char *text, ProtobufCMessage *message)
{
        const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
        int64_t ms;

        if (!clock_parse(text, &ms))
                return wanted(r, rule, "a time as 2026-11-23T10:00:00Z");
        int64_t rest = ms % 1000;
        if (rest < 0)
                rest += 1000;
        *(int64_t *)reflect_member(message, &fields[0]) = (ms - rest) / 1000;
        *(int32_t *)reflect_member(message, &fields[1]) = (int32_t)rest * 1000000;
        return STATUS_OK;
}

static enum status read_submessage(const struct reading *r, const struct field_rule *rule,
                                   json_t *value, ProtobufCMessage **ret)
{
        ProtobufCMessage *message = json_new_message(rule->field->descriptor, r->arena);
        enum status st;

        if (!message)
                return no_memory(r);
        if (reflect_is_timestamp(rule->field->descriptor)) {
                if (!json_is_string(value))
                        return wanted(r, rule, "a time as 2026-11-23T10:00:00Z");
                st = timestamp_from_text(r, rule, json_string_value(value), message);
        } else {
                char path[PATH_BYTES];
                path_of(r, rule->field->name, path);
                if (!json_is_object(value) || !rule->message)
                        return wanted(r, rule, "an object");
                struct reading inner = *r;
                inner.parent = path;
                inner.index = -1;
                inner.depth++;
                if (inner.depth > WIRE_MAX_DEPTH)
                        return wanted(r, rule, "less nesting");
                st = read_object(&inner, rule->message, value, message);
        }
        if (st == STATUS_OK)
                *ret = message;
        return st;
}

static enum status read_value(const struct reading *r, const struct field_rule *rule, json_t *value,
                              void *at)
{
        switch (rule->field->type) {
        case PROTOBUF_C_TYPE_STRING:
                return read_string(r, rule, value, at);
        case PROTOBUF_C_TYPE_BYTES:
                if (!json_is_string(value))
                        return wanted(r, rule, "base64");
                return bytes_from_text(r, rule, json_string_value(value), at);
        case PROTOBUF_C_TYPE_MESSAGE:
                return read_submessage(r, rule, value, at);
        case PROTOBUF_C_TYPE_ENUM:
                return read_enum(r, rule, value, at);
        case PROTOBUF_C_TYPE_BOOL:
                if (!json_is_boolean(value))
                        return wanted(r, rule, "true or false");
                *(protobuf_c_boolean *)at = json_is_true(value);
                return STATUS_OK;
        case PROTOBUF_C_TYPE_DOUBLE:
        case PROTOBUF_C_TYPE_FLOAT:
                if (json_is_string(value))
                        return real_from_text(r, rule, json_string_value(value), at);
                if (!json_is_number(value))
                        return wanted(r, rule, "a number");
                return set_real(r, rule, at, json_number_value(value));
        default:
                return read_integer(r, rule, value, at);
        }
}

static enum status read_array(const struct reading *r, const struct field_rule *rule, json_t *value,
                              ProtobufCMessage *message)
{
        const ProtobufCFieldDescriptor *f = rule->field;
        size_t width = reflect_element_bytes(f->type), i;
        struct reading element = *r;
        json_t *item;

        if (!json_is_array(value))
                return wanted(r, rule, "an array");
        char *items = arena_calloc(r->arena, json_array_size(value), width);
        if (!items)
                return no_memory(r);
        json_array_foreach(value, i, item)
        {
                element.index = (long)i;
                enum status st = read_value(&element, rule, item, items + i * width);
                if (st != STATUS_OK)
                        return st;
        }
        *reflect_count(message, f) = json_array_size(value);
        *(void **)reflect_member(message, f) = items;
        return STATUS_OK;
}

static enum status read_field(const struct reading *r, const struct field_rule *rule, json_t *value,
                              ProtobufCMessage *message)
{
        const ProtobufCFieldDescriptor *f = rule->field;
        enum status st;

        /* null is the same as leaving the field out, but where null is a value. */
        if (json_is_null(value) && !(rule->flags & RULE_JSON))
                return STATUS_OK;
        if (f->label == PROTOBUF_C_LABEL_REPEATED)
                return read_array(r, rule, value, message);
        if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *reflect_case(message, f))
                return wanted(r, rule, "no other of its kind beside it");
        st = read_value(r, rule, value, reflect_member(message, f));
        if (st == STATUS_OK && (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
                *reflect_case(message, f) = f->id;
        return st;
}

static enum status read_object(const struct reading *r, const struct message_rules *rules,
                               json_t *object, ProtobufCMessage *message)
{
        const char *name;
        json_t *value;

        json_object_foreach(object, name, value)
        {
                const ProtobufCFieldDescriptor *f =
                        protobuf_c_message_descriptor_get_field_by_name(rules->descriptor, name);
                if (!f) {
                        char path[PATH_BYTES];
                        path_of(r, name, path);
                        return error_field(r->reterr, path, "is no field of %s",
                                           rules->descriptor->short_name);
                }
                enum status st = read_field(r, &rules->fields[f - rules->descriptor->fields], value,
                                            message);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

enum status json_to_message(const struct message_rules *rules, json_t *object, struct arena *arena,
                            ProtobufCMessage *message, struct error *reterr)
{
        struct reading r = {.arena = arena, .reterr = reterr, .parent = "", .index = -1};

        if (!json_is_object(object))
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "want a JSON object");
        return read_object(&r, rules, object, message);
}

/* --- from paths and queries --- */

static enum status json_field_from_text(const struct reading *r, const struct field_rule *rule,
                                        const char *text, char **ret)
{
        json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

        if (!value)
                return wanted(r, rule, "JSON");
        enum status st = read_json_field(r, value, ret);
        json_decref(value);
        return st;
}

static enum status value_from_text(const struct reading *r, const struct field_rule *rule,
                                   const char *text, void *at)
{
        switch (rule->field->type) {
        case PROTOBUF_C_TYPE_STRING:
                if (!wire_utf8_valid(text, strlen(text)))
                        return wanted(r, rule, "UTF-8 without NUL");
                if (rule->flags & RULE_JSON)
                        return json_field_from_text(r, rule, text, at);
                return set_text(r, text, strlen(text), at);
        case PROTOBUF_C_TYPE_BYTES:
                return bytes_from_text(r, rule, text, at);
        case PROTOBUF_C_TYPE_MESSAGE: {
                if (!reflect_is_timestamp(rule->field->descriptor))
                        return wanted(r, rule, "to be in the body");
                ProtobufCMessage *message = json_new_message(rule->field->descriptor, r->arena);
                if (!message)
                        return no_memory(r);
                enum status st = timestamp_from_text(r, rule, text, message);
                if (st == STATUS_OK)
                        *(ProtobufCMessage **)at = message;
                return st;
        }
        case PROTOBUF_C_TYPE_ENUM:
                return enum_from_text(r, rule, text, at);
        case PROTOBUF_C_TYPE_BOOL:
                if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
                        return wanted(r, rule, "true or false");
                *(protobuf_c_boolean *)at = *text == 't';
                return STATUS_OK;
        case PROTOBUF_C_TYPE_DOUBLE:
        case PROTOBUF_C_TYPE_FLOAT:
                return real_from_text(r, rule, text, at);
        default:
                return integer_from_text(r, rule, text, at);
        }
}

/* Room for one more element of a repeated field; the old ones are copied. */
static void *append_element(const struct reading *r, const ProtobufCFieldDescriptor *f,
                            ProtobufCMessage *message)
{
        size_t width = reflect_element_bytes(f->type), n = *reflect_count(message, f);
        char *items = arena_calloc(r->arena, n + 1, width);

        if (!items)
                return NULL;
        if (n)
                memcpy(items, *(void **)reflect_member(message, f), n * width);
        *(void **)reflect_member(message, f) = items;
        *reflect_count(message, f) = n + 1;
        return items + n * width;
}

enum status json_set_field_text(const struct message_rules *rules, ProtobufCMessage *message,
                                const ProtobufCFieldDescriptor *field, const char *text,
                                struct arena *arena, struct error *reterr)
{
        struct reading r = {.arena = arena, .reterr = reterr, .parent = "", .index = -1};
        const struct field_rule *rule = &rules->fields[field - rules->descriptor->fields];
        void *at = reflect_member(message, field);

        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
                at = append_element(&r, field, message);
                if (!at)
                        return no_memory(&r);
        }
        enum status st = value_from_text(&r, rule, text, at);
        if (st == STATUS_OK && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
                *reflect_case(message, field) = field->id;
        return st;
}

/* --- text --- */

/* How deep brackets nest, before jansson recurses into them. */
static unsigned nesting(const char *text, size_t n)
{
        unsigned depth = 0, deepest = 0;
        bool quoted = false;

        for (size_t i = 0; i < n; i++) {
                char c = text[i];
                if (quoted) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                quoted = false;
                } else if (c == '"') {
                        quoted = true;
                } else if (c == '{' || c == '[') {
                        if (++depth > deepest)
                                deepest = depth;
                } else if ((c == '}' || c == ']') && depth) {
                        depth--;
                }
        }
        return deepest;
}

enum status json_parse_text(const char *text, size_t n, json_t **ret, struct error *reterr)
{
        json_error_t where;

        if (n > JSON_MAX_BYTES)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "want at most %d bytes of JSON, got %zu", JSON_MAX_BYTES, n);
        if (nesting(text, n) > JSON_MAX_DEPTH)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "JSON nested deeper than %d",
                                 JSON_MAX_DEPTH);
        json_t *value = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
        if (!value && json_error_code(&where) == json_error_null_character)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "a text at line %d, column %d has the character U+0000",
                                 where.line, where.column);
        if (!value)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "malformed JSON at line %d, column %d: %.120s", where.line,
                                 where.column, where.text);
        *ret = value;
        return STATUS_OK;
}
