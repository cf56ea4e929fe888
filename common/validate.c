#include "common/wire.h"

#include "common/json.h"
#include "common/reflect.h"

#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_MAX_LEN   65536
#define DEFAULT_MAX_ITEMS 10000
#define PATH_BYTES        96

/* A pattern of the contract, compiled once; regexec() is thread-safe. */
struct pattern {
        const char *text;
        regex_t regex;
};

static struct pattern *patterns;
static size_t n_patterns;

static const struct pattern *find_pattern(const char *text)
{
        for (size_t i = 0; i < n_patterns; i++) {
                if (patterns[i].text == text || !strcmp(patterns[i].text, text))
                        return &patterns[i];
        }
        return NULL;
}

static enum status add_pattern(const char *text, struct error *reterr)
{
        struct pattern *grown;

        if (find_pattern(text))
                return STATUS_OK;
        grown = realloc(patterns, (n_patterns + 1) * sizeof(*patterns));
        if (!grown)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        patterns = grown;
        if (regcomp(&patterns[n_patterns].regex, text, REG_EXTENDED | REG_NOSUB))
                return error_set(reterr, STATUS_INTERNAL, "the pattern '%s' is none", text);
        patterns[n_patterns++].text = text;
        return STATUS_OK;
}

enum status wire_validate_init(struct error *reterr)
{
        for (size_t i = 0; i < contract_n_messages; i++) {
                const struct message_rules *rules = contract_messages[i];
                for (unsigned k = 0; k < rules->descriptor->n_fields; k++) {
                        const char *text = rules->fields[k].pattern;
                        enum status st = text ? add_pattern(text, reterr) : STATUS_OK;
                        if (st != STATUS_OK)
                                return st;
                }
        }
        return STATUS_OK;
}

/* --- one value --- */

/* Where a value is: the message it is in and its own name, joined only for an error. */
struct place {
        const char *parent; /* "" or "messages[3]" */
        const struct field_rule *rule;
        long index; /* of a repeated field, else -1 */
};

static void place_name(const struct place *p, char ret[static PATH_BYTES])
{
        const char *dot = p->parent[0] ? "." : "";
        int n = snprintf(ret, PATH_BYTES, "%s%s%s", p->parent, dot, p->rule->field->name);

        if (p->index >= 0 && n < PATH_BYTES)
                snprintf(ret + n, PATH_BYTES - (size_t)n, "[%ld]", p->index);
}

static enum status required(const struct place *p, struct error *reterr)
{
        char name[PATH_BYTES];

        place_name(p, name);
        return error_field(reterr, name, "is required");
}

static enum status wrong_length(const struct place *p, const char *unit, uint32_t min, uint32_t max,
                                size_t got, struct error *reterr)
{
        char name[PATH_BYTES];

        place_name(p, name);
        if (!min)
                return error_field(reterr, name, "want at most %u %s, got %zu", max, unit, got);
        if (min == max)
                return error_field(reterr, name, "want %u %s, got %zu", min, unit, got);
        return error_field(reterr, name, "want %u to %u %s, got %zu", min, max, unit, got);
}

static enum status check_length(const struct place *p, const char *unit, size_t n,
                                struct error *reterr)
{
        uint32_t max = p->rule->max_len ? p->rule->max_len : DEFAULT_MAX_LEN;
        uint32_t min = p->rule->min_len;

        if (n == 0 && (p->rule->flags & RULE_REQUIRED))
                return required(p, reterr);
        if (n > max || n < min)
                return wrong_length(p, unit, min, max, n, reterr);
        return STATUS_OK;
}

static enum status check_json(const struct place *p, const char *text, struct error *reterr)
{
        char name[PATH_BYTES];
        json_t *value;

        if (!*text)
                return STATUS_OK;
        if (json_parse_text(text, strlen(text), &value, NULL) == STATUS_OK) {
                json_decref(value);
                return STATUS_OK;
        }
        place_name(p, name);
        return error_field(reterr, name, "want JSON text");
}

/* Only for text whose length has been checked: what regexec() costs grows with it. */
static enum status check_pattern(const struct place *p, const char *text, struct error *reterr)
{
        const struct pattern *pattern = find_pattern(p->rule->pattern);
        const char *hint = p->rule->pattern_hint ? p->rule->pattern_hint : p->rule->pattern;
        char name[PATH_BYTES];

        place_name(p, name);
        if (!pattern)
                return error_set(reterr, STATUS_INTERNAL, "the pattern of %s is not compiled",
                                 name);
        if (regexec(&pattern->regex, text, 0, NULL, 0) != 0)
                return error_field(reterr, name, "want %s", hint);
        return STATUS_OK;
}

static enum status check_string(const struct place *p, const char *text, struct error *reterr)
{
        enum status st = check_length(p, "characters", wire_utf8_length(text), reterr);

        if (st != STATUS_OK)
                return st;
        st = p->rule->pattern ? check_pattern(p, text, reterr) : STATUS_OK;
        if (st != STATUS_OK)
                return st;
        return p->rule->flags & RULE_JSON ? check_json(p, text, reterr) : STATUS_OK;
}

static enum status check_range(const struct place *p, double value, struct error *reterr)
{
        const struct field_rule *r = p->rule;
        bool low = (r->flags & RULE_HAS_MIN) && !(value >= r->min);
        bool high = (r->flags & RULE_HAS_MAX) && !(value <= r->max);
        char name[PATH_BYTES];

        /* One that knows whether it is set may be set to 0. */
        if (value == 0 && (r->flags & RULE_REQUIRED) &&
            !(r->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
                return required(p, reterr);
        if (!low && !high && isfinite(value))
                return STATUS_OK;
        place_name(p, name);
        if ((r->flags & RULE_HAS_MIN) && (r->flags & RULE_HAS_MAX))
                return error_field(reterr, name, "want %.15g to %.15g, got %.15g", r->min, r->max,
                                   value);
        if (r->flags & RULE_HAS_MIN)
                return error_field(reterr, name, "want at least %.15g, got %.15g", r->min, value);
        if (r->flags & RULE_HAS_MAX)
                return error_field(reterr, name, "want at most %.15g, got %.15g", r->max, value);
        return error_field(reterr, name, "want a finite number");
}

static enum status check_enum(const struct place *p, int value, struct error *reterr)
{
        char name[PATH_BYTES];

        if (!value && (p->rule->flags & RULE_REQUIRED))
                return required(p, reterr);
        if (protobuf_c_enum_descriptor_get_value(p->rule->field->descriptor, value))
                return STATUS_OK;
        place_name(p, name);
        return error_field(
                reterr, name, "%d is no value of %s", value,
                ((const ProtobufCEnumDescriptor *)p->rule->field->descriptor)->short_name);
}

static enum status validate_message(const char *parent, const struct message_rules *rules,
                                    const ProtobufCMessage *message, unsigned depth,
                                    struct error *reterr);

static enum status check_message(const struct place *p, const ProtobufCMessage *message,
                                 unsigned depth, struct error *reterr)
{
        char name[PATH_BYTES];

        if (!message)
                return p->rule->flags & RULE_REQUIRED ? required(p, reterr) : STATUS_OK;
        if (!p->rule->message)
                return STATUS_OK;
        place_name(p, name);
        if (depth >= WIRE_MAX_DEPTH)
                return error_field(reterr, name, "nested deeper than %d", WIRE_MAX_DEPTH);
        return validate_message(name, p->rule->message, message, depth + 1, reterr);
}

static enum status check_value(const struct place *p, const void *at, unsigned depth,
                               struct error *reterr)
{
        switch (p->rule->field->type) {
        case PROTOBUF_C_TYPE_STRING: {
                const char *text = *(char *const *)at;
                return check_string(p, text ? text : "", reterr);
        }
        case PROTOBUF_C_TYPE_BYTES:
                return check_length(p, "bytes", ((const ProtobufCBinaryData *)at)->len, reterr);
        case PROTOBUF_C_TYPE_MESSAGE:
                return check_message(p, *(ProtobufCMessage *const *)at, depth, reterr);
        case PROTOBUF_C_TYPE_ENUM:
                return check_enum(p, *(const int *)at, reterr);
        case PROTOBUF_C_TYPE_BOOL:
                return STATUS_OK;
        case PROTOBUF_C_TYPE_DOUBLE:
                return check_range(p, *(const double *)at, reterr);
        case PROTOBUF_C_TYPE_FLOAT:
                return check_range(p, (double)*(const float *)at, reterr);
        case PROTOBUF_C_TYPE_INT32:
        case PROTOBUF_C_TYPE_SINT32:
        case PROTOBUF_C_TYPE_SFIXED32:
                return check_range(p, *(const int32_t *)at, reterr);
        case PROTOBUF_C_TYPE_UINT32:
        case PROTOBUF_C_TYPE_FIXED32:
                return check_range(p, *(const uint32_t *)at, reterr);
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
                return check_range(p, (double)*(const uint64_t *)at, reterr);
        default:
                return check_range(p, (double)*(const int64_t *)at, reterr);
        }
}

/* --- messages --- */

static enum status check_items(struct place p, const ProtobufCMessage *message, unsigned depth,
                               struct error *reterr)
{
        const ProtobufCFieldDescriptor *f = p.rule->field;
        size_t n = *reflect_count(message, f);
        const char *items = *(const char *const *)((const char *)message + f->offset);
        uint32_t max = p.rule->max_items ? p.rule->max_items : DEFAULT_MAX_ITEMS;

        if (!n && (p.rule->flags & RULE_REQUIRED))
                return required(&p, reterr);
        if (n < p.rule->min_items || n > max)
                return wrong_length(&p, "items", p.rule->min_items, max, n, reterr);
        for (size_t i = 0; i < n; i++) {
                p.index = (long)i;
                enum status st =
                        check_value(&p, items + i * reflect_element_bytes(f->type), depth, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

static enum status check_field(const char *parent, const struct field_rule *rule,
                               const ProtobufCMessage *message, unsigned depth,
                               struct error *reterr)
{
        const ProtobufCFieldDescriptor *f = rule->field;
        struct place place = {parent, rule, -1};

        if (f->label == PROTOBUF_C_LABEL_REPEATED)
                return check_items(place, message, depth, reterr);
        if (reflect_is_unset(message, f))
                return rule->flags & RULE_REQUIRED ? required(&place, reterr) : STATUS_OK;
        return check_value(&place, (const char *)message + f->offset, depth, reterr);
}

static enum status validate_message(const char *parent, const struct message_rules *rules,
                                    const ProtobufCMessage *message, unsigned depth,
                                    struct error *reterr)
{
        for (unsigned i = 0; i < rules->descriptor->n_fields; i++) {
                enum status st = check_field(parent, &rules->fields[i], message, depth, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

enum status wire_validate(const struct message_rules *rules, const ProtobufCMessage *message,
                          struct error *reterr)
{
        return validate_message("", rules, message, 0, reterr);
}
