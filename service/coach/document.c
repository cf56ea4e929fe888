#include "service/coach/document.h"

#include "common/json.h"

#include <string.h>
#include <strings.h>

static void decref(json_t **json)
{
        json_decref(*json);
}

#define AUTO_JSON CLEANUP(decref) json_t

static enum status no_memory(struct error *reterr)
{
        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
}

/* The object in an answer: from the first brace to the last. Fences and prose are outside. */
static enum status read_object(const char *answer, json_t **ret, struct error *reterr)
{
        const char *start = strchr(answer, '{');
        const char *end = strrchr(answer, '}');

        if (!start || !end || end < start)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "the answer has no JSON object");
        return json_parse_text(start, (size_t)(end - start) + 1, ret, reterr);
}

/* Whether the object has these members and no other. names: ends with NULL. */
static enum status check_members(const json_t *object, const char *const *names,
                                 struct error *reterr)
{
        const char *key;
        json_t *value;

        for (size_t i = 0; names[i]; i++)
                if (!json_object_get(object, names[i]))
                        return error_field(reterr, names[i], "missing in the answer");
        json_object_foreach((json_t *)object, key, value)
        {
                size_t i = 0;

                while (names[i] && strcmp(names[i], key) != 0)
                        i++;
                if (!names[i])
                        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                         "the answer has an unknown member \"%.40s\"", key);
        }
        return STATUS_OK;
}

static enum status read_text(const json_t *value, const char *name, struct arena *arena,
                             const char **ret, struct error *reterr)
{
        if (!json_is_string(value))
                return error_field(reterr, name, "want text");
        if (json_string_length(value) == 0 || json_string_length(value) > DOCUMENT_MAX_TEXT_BYTES)
                return error_field(reterr, name, "want 1 to %d bytes, got %zu",
                                   DOCUMENT_MAX_TEXT_BYTES, json_string_length(value));
        *ret = arena_strdup(arena, json_string_value(value));
        return *ret ? STATUS_OK : no_memory(reterr);
}

static enum status read_lines(const json_t *value, const char *name, struct arena *arena,
                              struct document_lines *ret, struct error *reterr)
{
        size_t n = json_array_size(value);

        if (!json_is_array(value))
                return error_field(reterr, name, "want a list of texts");
        if (n > DOCUMENT_MAX_LINES)
                return error_field(reterr, name, "want at most %d, got %zu", DOCUMENT_MAX_LINES, n);
        ret->items = arena_calloc(arena, n + 1, sizeof(*ret->items));
        if (!ret->items)
                return no_memory(reterr);
        for (ret->n_items = 0; ret->n_items < n; ret->n_items++) {
                enum status st = read_text(json_array_get(value, ret->n_items), name, arena,
                                           &ret->items[ret->n_items], reterr);

                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

static const struct skill *skill_by_name(const struct user_skill_list *skills, const char *name)
{
        for (size_t i = 0; i < skills->n_items; i++)
                if (strcasecmp(skills->items[i].skill.name, name) == 0)
                        return &skills->items[i].skill;
        return NULL;
}

static enum status read_evidence(const json_t *value, size_t n_messages, struct arena *arena,
                                 struct document_change *ret, struct error *reterr)
{
        size_t n = json_array_size(value);
        size_t *items = arena_calloc(arena, n + 1, sizeof(*items));

        if (!json_is_array(value))
                return error_field(reterr, "evidence", "want a list of messages' indices");
        if (!items)
                return no_memory(reterr);
        for (size_t i = 0; i < n; i++) {
                const json_t *index = json_array_get(value, i);
                json_int_t at = json_integer_value(index);

                if (!json_is_integer(index) || at < 0 || (size_t)at >= n_messages)
                        return error_field(reterr, "evidence",
                                           "want indices below %zu, the number of messages",
                                           n_messages);
                if (i > 0 && (size_t)at <= items[i - 1])
                        return error_field(reterr, "evidence", "want ascending indices");
                items[i] = (size_t)at;
        }
        ret->evidence = items;
        ret->n_evidence = n;
        return STATUS_OK;
}

static enum status read_change(const json_t *value, const struct user_skill_list *skills,
                               size_t n_messages, struct arena *arena, struct document_change *ret,
                               struct error *reterr)
{
        static const char *const names[] = {"skill", "delta", "evidence", "why", NULL};
        enum status st;

        if (!json_is_object(value))
                return error_field(reterr, "changes", "want objects");
        st = check_members(value, names, reterr);
        if (st != STATUS_OK)
                return st;

        const char *name = json_string_value(json_object_get(value, "skill"));
        const struct skill *skill = name ? skill_by_name(skills, name) : NULL;
        const json_t *delta = json_object_get(value, "delta");

        if (!skill)
                return error_field(reterr, "skill", "want the name of a skill of the user's");
        if (!json_is_integer(delta) || json_integer_value(delta) < 0 ||
            json_integer_value(delta) > 1)
                return error_field(reterr, "delta", "want 0 or 1");
        ret->skill_id = skill->id;
        ret->skill = skill->name;
        ret->delta = (int)json_integer_value(delta);
        st = read_evidence(json_object_get(value, "evidence"), n_messages, arena, ret, reterr);
        if (st != STATUS_OK)
                return st;
        if (ret->delta > 0 && ret->n_evidence < DOCUMENT_MIN_EVIDENCE)
                return error_field(reterr, "evidence", "a step wants at least %d messages, got %zu",
                                   DOCUMENT_MIN_EVIDENCE, ret->n_evidence);
        return read_text(json_object_get(value, "why"), "why", arena, &ret->why, reterr);
}

enum status document_read_evaluation(const char *answer, const struct user_skill_list *skills,
                                     size_t n_messages, struct arena *arena, struct document *ret,
                                     struct error *reterr)
{
        static const char *const names[] = {"changes", NULL};
        AUTO_JSON *json = NULL;
        struct document document = {0};
        enum status st = read_object(answer, &json, reterr);

        if (st == STATUS_OK)
                st = check_members(json, names, reterr);
        if (st != STATUS_OK)
                return st;

        const json_t *changes = json_object_get(json, "changes");
        size_t n = json_array_size(changes);

        if (!json_is_array(changes))
                return error_field(reterr, "changes", "want a list");
        if (n > skills->n_items)
                return error_field(reterr, "changes", "want at most one a skill");
        document.changes = arena_calloc(arena, n + 1, sizeof(*document.changes));
        if (!document.changes)
                return no_memory(reterr);
        for (size_t i = 0; i < n; i++) {
                st = read_change(json_array_get(changes, i), skills, n_messages, arena,
                                 &document.changes[i], reterr);
                if (st != STATUS_OK)
                        return st;
                for (size_t k = 0; k < i; k++)
                        if (document.changes[k].skill_id == document.changes[i].skill_id)
                                return error_field(reterr, "changes", "want at most one a skill");
        }
        document.n_changes = n;
        *ret = document;
        return STATUS_OK;
}

enum status document_read_rehearsal(const char *answer, struct arena *arena, struct document *ret,
                                    struct error *reterr)
{
        static const char *const names[] = {"score", "reasons", "better", NULL};
        AUTO_JSON *json = NULL;
        struct document document = {0};
        enum status st = read_object(answer, &json, reterr);

        if (st == STATUS_OK)
                st = check_members(json, names, reterr);
        if (st != STATUS_OK)
                return st;

        const json_t *score = json_object_get(json, "score");

        if (!json_is_integer(score) || json_integer_value(score) < 0 ||
            json_integer_value(score) > DOCUMENT_MAX_SCORE)
                return error_field(reterr, "score", "want a whole number from 0 to %d",
                                   DOCUMENT_MAX_SCORE);
        document.score = (int)json_integer_value(score);
        st = read_lines(json_object_get(json, "reasons"), "reasons", arena, &document.reasons,
                        reterr);
        if (st == STATUS_OK)
                st = read_text(json_object_get(json, "better"), "better", arena, &document.better,
                               reterr);
        if (st == STATUS_OK)
                *ret = document;
        return st;
}

enum status document_read_clarification(const char *answer, struct arena *arena,
                                        struct document *ret, struct error *reterr)
{
        static const char *const names[] = {"text", "notes", NULL};
        AUTO_JSON *json = NULL;
        struct document document = {0};
        enum status st = read_object(answer, &json, reterr);

        if (st == STATUS_OK)
                st = check_members(json, names, reterr);
        if (st == STATUS_OK)
                st = read_text(json_object_get(json, "text"), "text", arena, &document.text,
                               reterr);
        if (st == STATUS_OK)
                st = read_lines(json_object_get(json, "notes"), "notes", arena, &document.notes,
                                reterr);
        if (st == STATUS_OK)
                *ret = document;
        return st;
}
