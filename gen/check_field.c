/* The rules of a field against its type. */
#include "gen/check.h"

#include "gen/names.h"

#include "common/cleanup.h"

#include <jansson.h>
#include <math.h>
#include <regex.h>
#include <string.h>

#define LARGEST_EXACT     9007199254740992.0 /* 2^53: beyond it a double skips integers */
#define DEFAULT_MAX_LEN   65536u
#define DEFAULT_MAX_ITEMS 10000u

typedef Socializer__V1__FieldRules field_rules;

static void check_pattern(struct model *m, const struct model_field *f)
{
        const char *pattern = f->rules->pattern;
        size_t n = strlen(pattern);
        regex_t compiled;
        char reason[128];
        int rc;

        if (n == 0) {
                if (*f->rules->pattern_hint)
                        model_problem(m, f->place, "field '%s': pattern_hint without a pattern",
                                      f->name);
                return;
        }
        if (!model_is_string(f) || f->rules->json) {
                model_problem(m, f->place, "field '%s': pattern is for text", f->name);
                return;
        }
        if (pattern[0] != '^' || pattern[n - 1] != '$')
                model_problem(m, f->place, "field '%s': pattern '%s' is not anchored with ^ and $",
                              f->name, pattern);
        if (strstr(pattern, "[:") || strstr(pattern, "[.") || strstr(pattern, "[="))
                model_problem(m, f->place,
                              "field '%s': pattern '%s' has a POSIX class, which browsers read "
                              "otherwise",
                              f->name, pattern);
        rc = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);
        if (rc != 0) {
                regerror(rc, &compiled, reason, sizeof(reason));
                model_problem(m, f->place, "field '%s': pattern '%s' does not compile: %s", f->name,
                              pattern, reason);
                return;
        }
        regfree(&compiled);
}

static void check_lengths(struct model *m, const struct model_field *f)
{
        const field_rules *r = f->rules;
        uint32_t max_len = r->max_len ? r->max_len : DEFAULT_MAX_LEN;
        uint32_t max_items = r->max_items ? r->max_items : DEFAULT_MAX_ITEMS;

        if ((r->min_len || r->max_len) && !model_is_string(f) && !model_is_bytes(f))
                model_problem(m, f->place,
                              "field '%s': min_len and max_len are for string and "
                              "bytes",
                              f->name);
        if (r->min_len > max_len)
                model_problem(m, f->place, "field '%s': min_len %u is more than max_len %u",
                              f->name, r->min_len, max_len);
        if ((r->min_items || r->max_items) && !f->repeated)
                model_problem(m, f->place,
                              "field '%s': min_items and max_items are for repeated "
                              "fields",
                              f->name);
        if (r->min_items > max_items)
                model_problem(m, f->place, "field '%s': min_items %u is more than max_items %u",
                              f->name, r->min_items, max_items);
}

/* The ends of an integer type, as far as a double tells them exactly. */
static void type_range(const struct model_field *f, double *ret_min, double *ret_max)
{
        switch (f->proto->type) {
        case MODEL_TYPE(INT32):
        case MODEL_TYPE(SINT32):
        case MODEL_TYPE(SFIXED32):
                *ret_min = INT32_MIN;
                *ret_max = INT32_MAX;
                return;
        case MODEL_TYPE(UINT32):
        case MODEL_TYPE(FIXED32):
                *ret_min = 0;
                *ret_max = UINT32_MAX;
                return;
        case MODEL_TYPE(UINT64):
        case MODEL_TYPE(FIXED64):
                *ret_min = 0;
                *ret_max = LARGEST_EXACT;
                return;
        default:
                *ret_min = -LARGEST_EXACT;
                *ret_max = LARGEST_EXACT;
        }
}

static void check_bound(struct model *m, const struct model_field *f, const char *which,
                        double value)
{
        double type_min, type_max;

        if (!isfinite(value)) {
                model_problem(m, f->place, "field '%s': %s is not a number", f->name, which);
                return;
        }
        if (!model_is_integer(f))
                return;
        type_range(f, &type_min, &type_max);
        if (value != floor(value) || value < type_min || value > type_max)
                model_problem(m, f->place, "field '%s': %s %g is no value of its type", f->name,
                              which, value);
}

static void check_range(struct model *m, const struct model_field *f)
{
        const field_rules *r = f->rules;
        bool has_min = r->min_set_case == SOCIALIZER__V1__FIELD_RULES__MIN_SET_MIN;
        bool has_max = r->max_set_case == SOCIALIZER__V1__FIELD_RULES__MAX_SET_MAX;

        if (!has_min && !has_max)
                return;
        if (!model_is_number(f)) {
                model_problem(m, f->place, "field '%s': min and max are for numbers", f->name);
                return;
        }
        if (has_min)
                check_bound(m, f, "min", r->min);
        if (has_max)
                check_bound(m, f, "max", r->max);
        if (has_min && has_max && r->min > r->max)
                model_problem(m, f->place, "field '%s': min %g is more than max %g", f->name,
                              r->min, r->max);
}

static void check_alias(struct model *m, const struct model_field *f, size_t index)
{
        static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
        const field_rules *r = f->rules;
        const Socializer__V1__Alias *a = r->alias[index];
        double value = (double)a->value;

        if (!(a->name[0] >= 'a' && a->name[0] <= 'z') || a->name[strspn(a->name, word)])
                model_problem(m, f->place,
                              "field '%s': alias '%s' is not a word of a-z, 0-9, - and _", f->name,
                              a->name);
        check_bound(m, f, "alias", value);
        if ((r->min_set_case == SOCIALIZER__V1__FIELD_RULES__MIN_SET_MIN && value < r->min) ||
            (r->max_set_case == SOCIALIZER__V1__FIELD_RULES__MAX_SET_MAX && value > r->max))
                model_problem(m, f->place, "field '%s': alias '%s' is outside of min and max",
                              f->name, a->name);
        for (size_t i = 0; i < index; i++) {
                if (strcmp(r->alias[i]->name, a->name) == 0)
                        model_problem(m, f->place, "field '%s': alias '%s' appears twice", f->name,
                                      a->name);
        }
}

static void check_aliases(struct model *m, const struct model_field *f)
{
        if (f->rules->n_alias == 0)
                return;
        if (!model_is_integer(f) || f->repeated) {
                model_problem(m, f->place, "field '%s': alias is for a single integer", f->name);
                return;
        }
        for (size_t i = 0; i < f->rules->n_alias; i++)
                check_alias(m, f, i);
}

static void check_example(struct model *m, const struct model_field *f)
{
        json_error_t error;
        json_t *value;

        if (!*f->rules->example)
                return;
        value = json_loads(f->rules->example, JSON_DECODE_ANY, &error);
        if (!value)
                model_problem(m, f->place, "field '%s': the example is no JSON: %s", f->name,
                              error.text);
        json_decref(value);
}

static void check_required(struct model *m, const struct model_field *f)
{
        if (!f->rules->required)
                return;
        if (f->repeated)
                model_problem(m, f->place,
                              "field '%s': required on a repeated field; say "
                              "min_items",
                              f->name);
        else if (f->choice)
                model_problem(m, f->place,
                              "field '%s': required on one of several members of a "
                              "oneof",
                              f->name);
        else if (model_is_bool(f) && !f->optional)
                model_problem(m, f->place, "field '%s': a required bool could only be true",
                              f->name);
}

static void check_text(struct model *m, const struct model_field *f, const char *what,
                       const char *text)
{
        if (text[names_utf8_bytes(text)])
                model_problem(m, f->place, "field '%s': the %s is no UTF-8", f->name, what);
}

void check_field(struct model *m, const struct model_field *f)
{
        if (f->proto->proto3_optional)
                model_problem(m, f->place,
                              "field '%s': protobuf-c does not know 'optional'; say oneof "
                              "%s_set { … } around it",
                              f->name, f->name);
        if (f->proto->type == MODEL_TYPE(GROUP))
                model_problem(m, f->place, "field '%s': groups are not supported", f->name);
        if (f->rules->json && !model_is_string(f))
                model_problem(m, f->place, "field '%s': json is for a string", f->name);
        if (f->rules->secret && !model_is_string(f) && !model_is_bytes(f))
                model_problem(m, f->place, "field '%s': secret is for string and bytes", f->name);
        check_required(m, f);
        check_lengths(m, f);
        check_range(m, f);
        check_pattern(m, f);
        check_aliases(m, f);
        check_example(m, f);
        check_text(m, f, "pattern", f->rules->pattern);
        check_text(m, f, "pattern_hint", f->rules->pattern_hint);
}
