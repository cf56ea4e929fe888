/* The fields of what a peer says, checked. */
#include "gateway/ws_internal.h"

#include "common/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GENERAL    "general"
#define GENERAL_ID 1
#define MAX_ID     INT64_C(9007199254740991) /* 2^53 - 1: what every JSON reader can hold */

enum status ws_field_text(json_t *object, const char *name, size_t max, const char **ret,
                          struct error *reterr)
{
        json_t *value = json_object_get(object, name);

        *ret = NULL;
        if (!value || json_is_null(value))
                return STATUS_OK;
        if (!json_is_string(value))
                return error_field(reterr, name, "%s: want a text", name);
        if (wire_utf8_length(json_string_value(value)) > max)
                return error_field(reterr, name, "%s: want at most %zu characters, got %zu", name,
                                   max, wire_utf8_length(json_string_value(value)));
        *ret = json_string_value(value);
        return STATUS_OK;
}

enum status ws_field_number(json_t *object, const char *name, int64_t least, bool *ret_given,
                            int64_t *ret, struct error *reterr)
{
        json_t *value = json_object_get(object, name);

        *ret_given = value && !json_is_null(value);
        if (!*ret_given)
                return STATUS_OK;
        if (!json_is_integer(value) || json_integer_value(value) < least ||
            json_integer_value(value) > MAX_ID)
                return error_field(reterr, name, "%s: want a whole number from %" PRId64 " on",
                                   name, least);
        *ret = json_integer_value(value);
        return STATUS_OK;
}

enum status ws_field_room(json_t *object, int64_t *ret, struct error *reterr)
{
        json_t *value = json_object_get(object, "room_id");
        const char *text = json_string_value(value);
        int64_t id = 0;

        if (!value || json_is_null(value)) {
                *ret = 0;
                return STATUS_OK;
        }
        if (json_is_integer(value)) {
                id = json_integer_value(value);
        } else if (text && strcmp(text, GENERAL) == 0) {
                id = GENERAL_ID;
        } else if (text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 17) {
                id = strtoll(text, NULL, 10);
        }
        if (id < 1 || id > MAX_ID)
                return error_field(reterr, "room_id",
                                   "room_id: want \"" GENERAL "\" or the number of a room");
        *ret = id;
        return STATUS_OK;
}

struct ws_member *ws_field_place(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m;
        int64_t id = 0;

        if (ws_field_room(object, &id, reterr) != STATUS_OK)
                return NULL;
        if (id == 0)
                id = s->last_room_id;
        m = id ? ws_member_find(s, id) : NULL;
        if (m)
                return m;
        if (id)
                error_set(reterr, STATUS_FAILED_PRECONDITION,
                          "room_id: join room %" PRId64 " first", id);
        else
                error_set(reterr, STATUS_FAILED_PRECONDITION, "room_id: join a room first");
        snprintf(reterr->field, sizeof(reterr->field), "room_id");
        return NULL;
}

static struct ws_member *too_early(const struct ws_member *m, struct error *reterr)
{
        error_set(reterr, STATUS_FAILED_PRECONDITION,
                  "room_id: wait for room_joined of room %" PRId64 " first", m->room->id);
        snprintf(reterr->field, sizeof(reterr->field), "room_id");
        return NULL;
}

struct ws_member *ws_field_speaker(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = ws_field_place(s, object, reterr);

        return m && m->has_knocked && !m->announced ? too_early(m, reterr) : m;
}

struct ws_member *ws_field_member(struct ws_socket *s, json_t *object, struct error *reterr)
{
        struct ws_member *m = ws_field_place(s, object, reterr);

        return m && !m->announced ? too_early(m, reterr) : m;
}
