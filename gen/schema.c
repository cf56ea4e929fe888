#include "gen/schema.h"

#include "gen/names.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

void schema_put(json_t *object, const char *key, json_t *value)
{
        if (!value || json_object_set_new(object, key, value) != 0)
                names_must(NULL);
}

void schema_add(json_t *array, json_t *value)
{
        if (!value || json_array_append_new(array, value) != 0)
                names_must(NULL);
}

static json_t *number(double value)
{
        return value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value)
                                                           : json_real(value);
}

/* "socializer.v1.User" is "User"; a nested message keeps the one around it: "Outer.Inner". */
static const char *short_name(const char *full_name)
{
        const char *at = full_name;

        while (*at >= 'a' && *at <= 'z') {
                const char *dot = strchr(at, '.');

                if (!dot)
                        break;
                at = dot + 1;
        }
        return at;
}

json_t *schema_ref(const char *full_name)
{
        return json_pack("{s:o}", "$ref",
                         json_sprintf("#/components/schemas/%s", short_name(full_name)));
}

static json_t *string_schema(const struct model_field *f)
{
        const Socializer__V1__FieldRules *r = f->rules;
        json_t *s = json_pack("{s:s}", "type", "string");
        uint32_t min_len = r->required && r->min_len == 0 ? 1 : r->min_len;

        if (min_len > 0)
                schema_put(s, "minLength", json_integer(min_len));
        if (r->max_len > 0)
                schema_put(s, "maxLength", json_integer(r->max_len));
        if (*r->pattern)
                schema_put(s, "pattern", json_string(r->pattern));
        if (r->secret)
                schema_put(s, "format", json_string("password"));
        return s;
}

/* Lengths are of the base64, four characters for three bytes. */
static json_t *bytes_schema(const struct model_field *f)
{
        const Socializer__V1__FieldRules *r = f->rules;
        json_t *s = json_pack("{s:s, s:s}", "type", "string", "contentEncoding", "base64");
        uint32_t min_len = r->required && r->min_len == 0 ? 1 : r->min_len;

        if (min_len > 0)
                schema_put(s, "minLength", json_integer(((json_int_t)min_len + 2) / 3 * 4));
        if (r->max_len > 0)
                schema_put(s, "maxLength", json_integer(((json_int_t)r->max_len + 2) / 3 * 4));
        return s;
}

static json_t *number_schema(const struct model_field *f)
{
        const Socializer__V1__FieldRules *r = f->rules;
        bool has_min = r->min_set_case == SOCIALIZER__V1__FIELD_RULES__MIN_SET_MIN;
        bool has_max = r->max_set_case == SOCIALIZER__V1__FIELD_RULES__MAX_SET_MAX;
        json_t *s = json_object();

        schema_put(s, "type", json_string(model_is_integer(f) ? "integer" : "number"));
        switch (f->proto->type) {
        case MODEL_TYPE(DOUBLE):
                schema_put(s, "format", json_string("double"));
                break;
        case MODEL_TYPE(FLOAT):
                schema_put(s, "format", json_string("float"));
                break;
        case MODEL_TYPE(INT32):
        case MODEL_TYPE(SINT32):
        case MODEL_TYPE(SFIXED32):
                schema_put(s, "format", json_string("int32"));
                break;
        case MODEL_TYPE(UINT32):
        case MODEL_TYPE(FIXED32):
                schema_put(s, "minimum", json_integer(0));
                schema_put(s, "maximum", json_integer(UINT32_MAX));
                break;
        case MODEL_TYPE(UINT64):
        case MODEL_TYPE(FIXED64):
                schema_put(s, "minimum", json_integer(0));
                break;
        default:
                schema_put(s, "format", json_string("int64"));
        }
        if (has_min)
                schema_put(s, "minimum", number(r->min));
        if (has_max)
                schema_put(s, "maximum", number(r->max));
        if (r->required && !f->optional && !(has_min && r->min > 0) && !(has_max && r->max < 0))
                schema_put(s, "not", json_pack("{s:i}", "const", 0));
        return s;
}

static json_t *enum_names(const struct model_enum *e)
{
        size_t n_prefix = strlen(e->json_prefix);
        json_t *names = json_array();

        for (size_t i = 0; i < e->proto->n_value; i++) {
                char lower[128];
                const char *name = e->proto->value[i]->name + n_prefix;
                size_t n = strlen(name);

                if (e->proto->value[i]->number == 0 || n >= sizeof(lower))
                        continue;
                for (size_t j = 0; j <= n; j++)
                        lower[j] =
                                (char)(name[j] >= 'A' && name[j] <= 'Z' ? name[j] + 32 : name[j]);
                schema_add(names, json_string(lower));
        }
        return names;
}

static json_t *with_aliases(const struct model_field *f, json_t *numbers)
{
        json_t *words = json_array();

        for (size_t i = 0; i < f->rules->n_alias; i++)
                schema_add(words, json_string(f->rules->alias[i]->name));
        return json_pack("{s:[o, {s:s, s:o}]}", "oneOf", numbers, "type", "string", "enum", words);
}

/* One value: of a repeated field, one element. */
static json_t *element_schema(const struct model_field *f)
{
        if (f->message && strcmp(f->message->full_name, MODEL_TIMESTAMP) == 0)
                return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
        if (f->message)
                return schema_ref(f->message->full_name);
        if (f->enumeration && (f->rules->required || f->repeated))
                return json_pack("{s:s, s:o}", "type", "string", "enum",
                                 enum_names(f->enumeration));
        if (f->enumeration)
                return schema_ref(f->enumeration->full_name);
        if (f->rules->json)
                return json_object(); /* any JSON */
        if (model_is_string(f))
                return string_schema(f);
        if (model_is_bytes(f))
                return bytes_schema(f);
        if (model_is_bool(f))
                return json_pack("{s:s}", "type", "boolean");
        if (f->rules->n_alias > 0)
                return with_aliases(f, number_schema(f));
        return number_schema(f);
}

json_t *schema_value(const struct model_field *f)
{
        json_t *s = element_schema(f);

        if (!f->repeated)
                return s;
        s = json_pack("{s:s, s:o}", "type", "array", "items", s);
        if (f->rules->min_items > 0)
                schema_put(s, "minItems", json_integer(f->rules->min_items));
        if (f->rules->max_items > 0)
                schema_put(s, "maxItems", json_integer(f->rules->max_items));
        return s;
}

/* Adds null to what a value may be. An enum that may be unset has it already. */
static json_t *nullable(const struct model_field *f, json_t *s)
{
        json_t *type = json_object_get(s, "type");

        if (f->enumeration || f->rules->json)
                return s;
        if (!type)
                return json_pack("{s:[o, {s:s}]}", "anyOf", s, "type", "null");
        schema_put(s, "type", json_pack("[O, s]", type, "null"));
        return s;
}

json_t *schema_field(const struct model_field *f)
{
        json_t *s = schema_value(f);

        if (!f->repeated && !f->rules->required && (f->optional || (f->message && !f->choice)))
                s = nullable(f, s);
        if (*f->doc)
                schema_put(s, "description", json_string(f->doc));
        if (*f->rules->pattern_hint && !*f->doc)
                schema_put(s, "description", json_string(f->rules->pattern_hint));
        if (*f->rules->example)
                schema_put(s, "examples",
                           json_pack("[o]", json_loads(f->rules->example, JSON_DECODE_ANY, NULL)));
        return s;
}

static bool contains(const struct model_field *const *fields, size_t n, const struct model_field *f)
{
        for (size_t i = 0; i < n; i++) {
                if (fields[i] == f)
                        return true;
        }
        return false;
}

json_t *schema_object(const struct model_message *msg, const struct model_field *const *except,
                      size_t n)
{
        json_t *s = json_pack("{s:s}", "type", "object");
        json_t *properties = json_object();
        json_t *required = json_array();

        if (*msg->doc)
                schema_put(s, "description", json_string(msg->doc));
        for (size_t i = 0; i < msg->n_fields; i++) {
                const struct model_field *f = &msg->fields[i];

                if (contains(except, n, f))
                        continue;
                schema_put(properties, f->name, schema_field(f));
                /* An answer has every field; a request may leave out what is not required. */
                if (f->rules->required || f->rules->min_items > 0 ||
                    (!msg->in_request && !f->choice))
                        schema_add(required, json_string(f->name));
        }
        if (json_object_size(properties) > 0)
                schema_put(s, "properties", json_incref(properties));
        if (json_array_size(required) > 0)
                schema_put(s, "required", json_incref(required));
        if (msg->in_request)
                schema_put(s, "additionalProperties", json_false());
        json_decref(properties);
        json_decref(required);
        return s;
}

static json_t *enum_schema(const struct model *m, const struct model_enum *e)
{
        json_t *names = enum_names(e);
        json_t *s = json_pack("{s:[s, s]}", "type", "string", "null");
        AUTO_BUFFER doc = BUFFER_INIT;
        size_t at = 0;

        buffer_append_str(&doc, e->doc);
        for (size_t i = 0; i < e->proto->n_value; i++) {
                const char *comment =
                        source_comment(m->arena, e->file, source_child(e->path, 2, i));

                if (e->proto->value[i]->number == 0)
                        continue;
                if (*comment)
                        buffer_printf(&doc, "%s- %s: %s", doc.n_bytes > 0 ? "\n" : "",
                                      json_string_value(json_array_get(names, at)), comment);
                at++;
        }
        if (doc.n_bytes > 0)
                schema_put(s, "description", json_string(names_must((void *)buffer_str(&doc))));
        schema_add(names, json_null());
        schema_put(s, "enum", names);
        return s;
}

static bool enum_is_used(const struct model *m, const struct model_enum *e)
{
        for (size_t i = 0; i < m->n_messages; i++) {
                const struct model_message *msg = m->messages[i];

                for (size_t j = 0; j < msg->n_fields; j++) {
                        const struct model_field *f = &msg->fields[j];

                        if (f->enumeration == e && !f->rules->required && !f->repeated &&
                            (msg->in_request || msg->in_response))
                                return true;
                }
        }
        return false;
}

json_t *schema_components(const struct model *m)
{
        json_t *all = json_object();

        for (size_t i = 0; i < m->n_messages; i++) {
                const struct model_message *msg = m->messages[i];

                if (strcmp(msg->full_name, MODEL_TIMESTAMP) != 0 &&
                    (msg->in_request || msg->in_response))
                        schema_put(all, short_name(msg->full_name), schema_object(msg, NULL, 0));
        }
        for (size_t i = 0; i < m->n_enums; i++) {
                if (enum_is_used(m, m->enums[i]))
                        schema_put(all, short_name(m->enums[i]->full_name),
                                   enum_schema(m, m->enums[i]));
        }
        return all;
}
