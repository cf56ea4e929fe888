#include "common/json.h"

#include "common/clock.h"
#include "common/reflect.h"
#include "common/utf8.h"

#include <ctype.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Of the years 1 to 9999. */
#define FIRST_SECOND INT64_C(-62135596800)
#define LAST_SECOND  INT64_C(253402300799)

static void append_escape(struct buffer *out, uint8_t c)
{
        static const char hex[] = "0123456789abcdef";
        char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        size_t n = 2;

        switch (c) {
        case '"':
        case '\\':
                text[1] = (char)c;
                break;
        case '\n':
                text[1] = 'n';
                break;
        case '\r':
                text[1] = 'r';
                break;
        case '\t':
                text[1] = 't';
                break;
        default:
                n = sizeof(text);
        }
        buffer_append(out, text, n);
}

void json_append_string(struct buffer *out, const char *text)
{
        json_append_string_n(out, text, strlen(text));
}

/* Copies in runs of what stands for itself. What is no UTF-8 becomes U+FFFD, so that the outcome is
 * JSON even where a caller was careless. */
void json_append_string_n(struct buffer *out, const char *text, size_t n)
{
        const uint8_t *at = (const uint8_t *)text, *end = at + n, *run = at;

        buffer_append_char(out, '"');
        while (at < end) {
                size_t k = *at < 0x80 ? 1 : utf8_char_bytes(at, (size_t)(end - at));

                if (k > 1 || (k == 1 && *at >= 0x20 && *at != '"' && *at != '\\')) {
                        at += k;
                        continue;
                }
                buffer_append(out, run, (size_t)(at - run));
                if (k == 0)
                        buffer_append_str(out, "\xef\xbf\xbd");
                else
                        append_escape(out, *at);
                run = ++at;
        }
        buffer_append(out, run, (size_t)(at - run));
        buffer_append_char(out, '"');
}

static void append_unsigned(struct buffer *out, uint64_t value, bool negative)
{
        char digits[24];
        size_t i = sizeof(digits);

        do {
                digits[--i] = (char)('0' + value % 10);
                value /= 10;
        } while (value);
        if (negative)
                digits[--i] = '-';
        buffer_append(out, digits + i, sizeof(digits) - i);
}

static void append_signed(struct buffer *out, int64_t value)
{
        append_unsigned(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

/* Numbers of at most six decimals, which is nearly all there are. A whole number divided by a power
 * of ten rounds to the double that its decimals stand for, so nothing is lost. */
static bool append_decimal(struct buffer *out, double value)
{
        double magnitude = fabs(value);

        if (!(magnitude < 1e9) || (value == 0 && signbit(value)))
                return false;
        uint64_t millionths = (uint64_t)(magnitude * 1e6 + 0.5);
        if ((double)millionths / 1e6 != magnitude)
                return false;
        uint64_t fraction = millionths % 1000000;
        char decimals[8] = ".0";
        size_t n = 2;
        for (uint64_t scale = 100000, i = 1; fraction; scale /= 10, i++) {
                decimals[i] = (char)('0' + fraction / scale);
                fraction %= scale;
                n = i + 1;
        }
        append_unsigned(out, millionths / 1000000, value < 0);
        buffer_append(out, decimals, n);
        return true;
}

void json_append_double(struct buffer *out, double value)
{
        char text[32];

        if (append_decimal(out, value))
                return;

        if (!isfinite(value)) {
                buffer_append_str(out, "null");
                return;
        }
        for (int precision = 15; precision <= 17; precision++) {
                snprintf(text, sizeof(text), "%.*g", precision, value);
                if (precision == 17 || strtod(text, NULL) == value)
                        break;
        }
        buffer_append_str(out, text);
        /* A whole number stays recognisable as one that may have a fraction. */
        if (!strpbrk(text, ".eE"))
                buffer_append_str(out, ".0");
}

static void append_members(struct buffer *out, json_t *object)
{
        const char *name;
        json_t *value;
        bool is_first = true;

        json_object_foreach(object, name, value)
        {
                if (!is_first)
                        buffer_append_char(out, ',');
                is_first = false;
                json_append_string(out, name);
                buffer_append_char(out, ':');
                json_append_value(out, value);
        }
}

/* As deep as the value, which is as deep as json_parse_text() has let through. */
void json_append_value(struct buffer *out, const json_t *value)
{
        switch (json_typeof(value)) {
        case JSON_OBJECT:
                buffer_append_char(out, '{');
                append_members(out, (json_t *)value);
                buffer_append_char(out, '}');
                break;
        case JSON_ARRAY:
                buffer_append_char(out, '[');
                for (size_t i = 0; i < json_array_size(value); i++) {
                        if (i > 0)
                                buffer_append_char(out, ',');
                        json_append_value(out, json_array_get(value, i));
                }
                buffer_append_char(out, ']');
                break;
        case JSON_STRING:
                json_append_string(out, json_string_value(value));
                break;
        case JSON_INTEGER:
                append_signed(out, json_integer_value(value));
                break;
        case JSON_REAL:
                json_append_double(out, json_real_value(value));
                break;
        case JSON_TRUE:
                buffer_append_str(out, "true");
                break;
        case JSON_FALSE:
                buffer_append_str(out, "false");
                break;
        case JSON_NULL:
                buffer_append_str(out, "null");
                break;
        }
}

const char *json_enum_name(const struct field_rule *rule, int value, char scratch[static 64])
{
        const ProtobufCEnumValue *found =
                protobuf_c_enum_descriptor_get_value(rule->field->descriptor, value);
        size_t n_prefix = rule->json_prefix ? strlen(rule->json_prefix) : 0;

        if (!found || value == 0)
                return NULL;
        const char *name = found->name;
        if (n_prefix && !strncmp(name, rule->json_prefix, n_prefix))
                name += n_prefix;
        size_t i = 0;
        for (; name[i] && i < 63; i++)
                scratch[i] = (char)tolower((unsigned char)name[i]);
        scratch[i] = '\0';
        return scratch;
}

static void append_enum(struct buffer *out, const struct field_rule *rule, int value)
{
        char scratch[64];
        const char *name = json_enum_name(rule, value, scratch);

        if (name)
                json_append_string(out, name);
        else if (value == 0)
                buffer_append_str(out, "null");
        else
                append_signed(out, value);
}

static void append_base64(struct buffer *out, const ProtobufCBinaryData *data)
{
        size_t n = sodium_base64_ENCODED_LEN(data->len, sodium_base64_VARIANT_ORIGINAL);
        char *at = (char *)buffer_reserve(out, n + 2);

        if (!at)
                return;
        *at = '"';
        sodium_bin2base64(at + 1, n, data->data, data->len, sodium_base64_VARIANT_ORIGINAL);
        /* n counts the terminator, where the closing quote goes. */
        at[n] = '"';
        out->n_bytes += n + 1;
}

/* A Timestamp: {int64 seconds = 1; int32 nanos = 2}. null for what RFC 3339 cannot say. */
static void append_timestamp(struct buffer *out, const ProtobufCMessage *message)
{
        const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
        int64_t seconds = *(const int64_t *)reflect_member(message, &fields[0]);
        int32_t nanos = *(const int32_t *)reflect_member(message, &fields[1]);
        char text[32];

        if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos > 999999999) {
                buffer_append_str(out, "null");
                return;
        }
        clock_format(seconds * 1000 + nanos / 1000000, text, sizeof(text));
        buffer_append_char(out, '"');
        buffer_append_str(out, text);
        buffer_append_char(out, '"');
}

static void append_submessage(struct buffer *out, const struct field_rule *rule,
                              const ProtobufCMessage *message)
{
        if (!message)
                buffer_append_str(out, "null");
        else if (reflect_is_timestamp(message->descriptor))
                append_timestamp(out, message);
        else if (rule->message)
                json_append_message(out, rule->message, message);
        else
                buffer_append_str(out, "{}");
}

static void append_value(struct buffer *out, const struct field_rule *rule, const void *at)
{
        switch (rule->field->type) {
        case PROTOBUF_C_TYPE_STRING: {
                const char *text = *(char *const *)at;
                if (!(rule->flags & RULE_JSON))
                        json_append_string(out, text ? text : "");
                else
                        buffer_append_str(out, text && *text ? text : "null");
                break;
        }
        case PROTOBUF_C_TYPE_BYTES:
                append_base64(out, at);
                break;
        case PROTOBUF_C_TYPE_MESSAGE:
                append_submessage(out, rule, *(ProtobufCMessage *const *)at);
                break;
        case PROTOBUF_C_TYPE_ENUM:
                append_enum(out, rule, *(const int *)at);
                break;
        case PROTOBUF_C_TYPE_BOOL:
                buffer_append_str(out, *(const protobuf_c_boolean *)at ? "true" : "false");
                break;
        case PROTOBUF_C_TYPE_DOUBLE:
                json_append_double(out, *(const double *)at);
                break;
        case PROTOBUF_C_TYPE_FLOAT:
                json_append_double(out, (double)*(const float *)at);
                break;
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_SINT32:
        case PROTOBUF_C_TYPE_SFIXED32:
                append_signed(out, *(const int32_t *)at);
                break;
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_FIXED32:
                append_unsigned(out, *(const uint32_t *)at, false);
                break;
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
                append_unsigned(out, *(const uint64_t *)at, false);
                break;
        default:
                append_signed(out, *(const int64_t *)at);
        }
}

static void append_field(struct buffer *out, const struct field_rule *rule,
                         const ProtobufCMessage *message)
{
        const ProtobufCFieldDescriptor *f = rule->field;
        const char *at = (const char *)message + f->offset;

        if (f->label == PROTOBUF_C_LABEL_REPEATED) {
                size_t n = *reflect_count(message, f);
                const char *items = *(const char *const *)at;
                buffer_append_char(out, '[');
                for (size_t i = 0; i < n; i++) {
                        if (i)
                                buffer_append_char(out, ',');
                        append_value(out, rule, items + i * reflect_element_bytes(f->type));
                }
                buffer_append_char(out, ']');
        } else if (reflect_is_unset(message, f)) {
                buffer_append_str(out, "null");
        } else {
                append_value(out, rule, at);
        }
}

void json_append_message(struct buffer *out, const struct message_rules *rules,
                         const ProtobufCMessage *message)
{
        char separator = '{';

        for (unsigned i = 0; i < rules->descriptor->n_fields; i++) {
                const struct field_rule *rule = &rules->fields[i];
                /* Of a oneof with several members only the set one appears. */
                if (!(rule->flags & RULE_OPTIONAL) && reflect_is_unset(message, rule->field))
                        continue;
                buffer_append_char(out, separator);
                buffer_append_char(out, '"');
                buffer_append_str(out, rule->field->name);
                buffer_append(out, "\":", 2);
                append_field(out, rule, message);
                separator = ',';
        }
        if (separator == '{')
                buffer_append_char(out, '{');
        buffer_append_char(out, '}');
}

void json_append_field(struct buffer *out, const struct message_rules *rules,
                       const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
        append_field(out, &rules->fields[field - rules->descriptor->fields], message);
}

static void append_details(struct buffer *out, const struct error *e)
{
        const char *separator = "";

        buffer_append_char(out, '[');
        if (e->field[0]) {
                buffer_append_str(out, "{\"field_violation\":{\"field\":");
                json_append_string(out, e->field);
                buffer_append_str(out, ",\"description\":");
                json_append_string(out, error_description(e));
                buffer_append_str(out, "}}");
                separator = ",";
        }
        if (e->retry_after_ms) {
                buffer_printf(out, "%s{\"retry_info\":{\"retry_after_ms\":%u}}", separator,
                              e->retry_after_ms);
                separator = ",";
        }
        if (e->resource[0]) {
                const char *space = strchr(e->resource, ' ');
                size_t n = space ? (size_t)(space - e->resource) : strlen(e->resource);
                char type[sizeof(e->resource)];
                memcpy(type, e->resource, n);
                type[n] = '\0';
                buffer_printf(out, "%s{\"resource_info\":{\"resource_type\":", separator);
                json_append_string(out, type);
                buffer_append_str(out, ",\"resource_name\":");
                json_append_string(out, space ? space + 1 : "");
                buffer_append_str(out, "}}");
        }
        buffer_append_char(out, ']');
}

void json_append_error(struct buffer *out, const struct error *error, const char *request_id)
{
        buffer_printf(out, "{\"code\":\"%s\",\"message\":", status_name(error->status));
        json_append_string(out, error->text);
        buffer_append_str(out, ",\"details\":");
        append_details(out, error);
        buffer_append_str(out, ",\"request_id\":");
        json_append_string(out, request_id ? request_id : "");
        buffer_append_char(out, '}');
}
