#include "tests/fuzz/fill.h"

#include "common/json.h"
#include "common/reflect.h"
#include "tests/fuzz/fuzz.h"

#include <regex.h>
#include <string.h>

static bool fits(const char *text, const char *pattern)
{
        regex_t regex;

        if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        bool is_match = regexec(&regex, text, 0, NULL, 0) == 0;
        regfree(&regex);
        return is_match;
}

static const char *text_for(const struct field_rule *rule, struct arena *arena)
{
        static const char *const texts[] = {
                "alice", "alice@example.org", "https://chat.example.org/v1", "+1", "en", "dark"};
        size_t min = rule->min_len > 1 ? rule->min_len : 1;

        if (rule->flags & RULE_JSON)
                return "{\"a\":1}";
        for (size_t i = 0; rule->pattern && i < ARRAY_SIZE(texts); i++) {
                if (fits(texts[i], rule->pattern))
                        return texts[i];
        }
        char *text = arena_alloc(arena, min + 6);
        fuzz_must(text != NULL);
        memset(text, 'w', min);
        if (rule->max_len == 0 || rule->max_len >= min + 5)
                memcpy(text + min, "ords.", 5);
        return text;
}

static double number_for(const struct field_rule *rule)
{
        double value = 1;

        if ((rule->flags & RULE_HAS_MIN) && value < rule->min)
                value = rule->min;
        if ((rule->flags & RULE_HAS_MAX) && value > rule->max)
                value = rule->max;
        return value;
}

static void fill_element(void *at, const struct field_rule *rule, unsigned variant,
                         struct arena *arena)
{
        switch (rule->field->type) {
        case PROTOBUF_C_TYPE_STRING:
                *(const char **)at = text_for(rule, arena);
                break;
        case PROTOBUF_C_TYPE_BYTES:
                *(ProtobufCBinaryData *)at = (ProtobufCBinaryData){
                        .len = rule->min_len ? rule->min_len : 4,
                        .data = arena_alloc(arena, rule->min_len ? rule->min_len : 4)};
                break;
        case PROTOBUF_C_TYPE_MESSAGE:
                if (rule->message)
                        *(ProtobufCMessage **)at = fill_message(rule->message, variant, arena);
                else
                        *(ProtobufCMessage **)at = json_new_message(rule->field->descriptor, arena);
                break;
        case PROTOBUF_C_TYPE_BOOL:
                *(protobuf_c_boolean *)at = 1;
                break;
        case PROTOBUF_C_TYPE_DOUBLE:
                *(double *)at = number_for(rule);
                break;
        case PROTOBUF_C_TYPE_FLOAT:
                *(float *)at = (float)number_for(rule);
                break;
        default:
                if (reflect_element_bytes(rule->field->type) == 8)
                        *(int64_t *)at = (int64_t)number_for(rule);
                else
                        *(int32_t *)at = (int32_t)number_for(rule);
                break;
        }
}

static unsigned members_of(const struct message_rules *rules, const ProtobufCFieldDescriptor *f,
                           unsigned *ret_place)
{
        unsigned n = 0;

        for (unsigned i = 0; i < rules->descriptor->n_fields; i++) {
                const ProtobufCFieldDescriptor *other = &rules->descriptor->fields[i];

                if (!(other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
                    other->quantifier_offset != f->quantifier_offset)
                        continue;
                if (other == f)
                        *ret_place = n;
                n++;
        }
        return n;
}

ProtobufCMessage *fill_message(const struct message_rules *rules, unsigned variant,
                               struct arena *arena)
{
        ProtobufCMessage *message = json_new_message(rules->descriptor, arena);

        fuzz_must(message != NULL);
        for (unsigned i = 0; i < rules->descriptor->n_fields; i++) {
                const struct field_rule *rule = &rules->fields[i];
                const ProtobufCFieldDescriptor *f = rule->field;
                void *member = reflect_member(message, f);

                if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
                        unsigned place = 0, n = members_of(rules, f, &place);

                        if (variant % n != place)
                                continue;
                        *reflect_case(message, f) = f->id;
                } else if (f->label == PROTOBUF_C_LABEL_REPEATED) {
                        size_t n = rule->min_items > 1 ? rule->min_items : 1;
                        size_t size = reflect_element_bytes(f->type);
                        char *items = arena_calloc(arena, n, size);

                        fuzz_must(items != NULL);
                        for (size_t k = 0; k < n; k++)
                                fill_element(items + k * size, rule, variant, arena);
                        *reflect_count(message, f) = n;
                        *(char **)member = items;
                        continue;
                }
                fill_element(member, rule, variant, arena);
        }
        return message;
}
