#include "common/json_join.h"

#include "common/reflect.h"

#include <string.h>

void json_join_begin(struct json_join *j, const struct message_rules *rules, struct buffer *out)
{
        *j = (struct json_join){.rules = rules};
        buffer_append_char(out, '{');
}

/* Whether a part has anything to say of a member. */
static bool has_value(const ProtobufCMessage *part, const ProtobufCFieldDescriptor *f)
{
        const void *at = reflect_member(part, f);

        if (f->label == PROTOBUF_C_LABEL_REPEATED)
                return *reflect_count(part, f) > 0;
        if (f->type == PROTOBUF_C_TYPE_MESSAGE)
                return *(void *const *)at != NULL;
        return f->type == PROTOBUF_C_TYPE_STRING && **(char *const *)at != '\0';
}

static void append_name(struct json_join *j, struct buffer *out)
{
        if (j->n_begun > 0)
                buffer_append_char(out, ',');
        buffer_append_char(out, '"');
        buffer_append_str(out, j->rules->descriptor->fields[j->n_begun].name);
        buffer_append(out, "\":", 2);
        j->n_begun++;
}

static void close_list(struct json_join *j, struct buffer *out)
{
        if (j->is_open)
                buffer_append_char(out, ']');
        j->is_open = false;
}

/* Goes on with a list that is there, or begins it. */
static void append_items(struct json_join *j, const ProtobufCMessage *part,
                         const ProtobufCFieldDescriptor *f, struct buffer *out)
{
        AUTO_BUFFER items = BUFFER_INIT;

        json_append_field(&items, j->rules, part, f);
        buffer_append_char(out, j->is_open ? ',' : '[');
        j->is_open = true;
        if (buffer_failed(&items))
                out->failed = true;
        else
                buffer_append(out, items.data + 1, items.n_bytes - 2);
}

/* Members that no part has said anything of, up to this one: empty, as in any message. */
static void append_missing(struct json_join *j, const ProtobufCMessage *part, unsigned end,
                           struct buffer *out)
{
        while (j->n_begun < end) {
                const ProtobufCFieldDescriptor *f = &j->rules->descriptor->fields[j->n_begun];

                close_list(j, out);
                append_name(j, out);
                json_append_field(out, j->rules, part, f);
        }
}

bool json_join_part(struct json_join *j, const ProtobufCMessage *part, struct buffer *out)
{
        const ProtobufCMessageDescriptor *d = j->rules->descriptor;

        for (unsigned i = 0; i < d->n_fields; i++) {
                const ProtobufCFieldDescriptor *f = &d->fields[i];

                if (!has_value(part, f))
                        continue;
                if (i + 1 < j->n_begun || (i + 1 == j->n_begun && !j->is_open))
                        return false;
                if (i + 1 > j->n_begun) {
                        append_missing(j, part, i, out);
                        close_list(j, out);
                        append_name(j, out);
                }
                if (f->label == PROTOBUF_C_LABEL_REPEATED)
                        append_items(j, part, f, out);
                else
                        json_append_field(out, j->rules, part, f);
        }
        return true;
}

void json_join_end(struct json_join *j, const ProtobufCMessage *empty, struct buffer *out)
{
        append_missing(j, empty, j->rules->descriptor->n_fields, out);
        close_list(j, out);
        buffer_append_str(out, "}\n");
}
