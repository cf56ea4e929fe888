#include "service/store/room_event.h"

#include "common/clock.h"
#include "service/store/room.h"
#include "service/store/rows.h"

#include <string.h>

enum status room_event_append(struct lease *lease, struct room_event *event, struct error *reterr)
{
        event->created_at_ms = clock_wall_ms();
        enum status st =
                room_take_seq(lease, event->room_id, event->created_at_ms, &event->seq, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO room_event (room_id, seq, kind, user_id, actor_id, message_id, detail,"
             " value, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
        stmt_bind_int(&q, 1, event->room_id);
        stmt_bind_int(&q, 2, event->seq);
        stmt_bind_int(&q, 3, event->kind);
        if (event->user_id)
                stmt_bind_int(&q, 4, event->user_id);
        if (event->actor_id)
                stmt_bind_int(&q, 5, event->actor_id);
        if (event->message_id)
                stmt_bind_int(&q, 6, event->message_id);
        stmt_bind_text(&q, 7, event->detail);
        stmt_bind_int(&q, 8, event->value);
        stmt_bind_int(&q, 9, event->created_at_ms);
        return stmt_run(&q, reterr);
}

/* The message of an event, or only its number when it is not kept any more. */
static enum status read_message(struct lease *lease, struct arena *arena, struct room_event *event,
                                struct error *reterr)
{
        enum status st = message_get(lease, arena, event->room_id, event->message_id,
                                     &event->message, reterr);

        if (st != STATUS_NOT_FOUND)
                return st;
        event->message = (struct room_message){
                .id = event->message_id,
                .room_id = event->room_id,
                .username = "",
                .content = "",
                .client_message_id = "",
                .is_deleted = true,
                .reply = {.username = "", .excerpt = ""},
        };
        return STATUS_OK;
}

static enum status next_event(struct lease *lease, struct arena *arena, struct stmt *q,
                              struct room_event *ret, struct error *reterr)
{
        enum status st = stmt_row(q, reterr);

        if (st != STATUS_OK)
                return st;
        struct room_event event = {
                .room_id = stmt_int(q, 0),
                .seq = stmt_int(q, 1),
                .kind = (enum room_event_kind)stmt_int(q, 2),
                .user_id = stmt_is_null(q, 4) ? 0 : stmt_int(q, 3),
                .username = rows_text(arena, q, 4),
                .actor_id = stmt_is_null(q, 6) ? 0 : stmt_int(q, 5),
                .actor_username = rows_text(arena, q, 6),
                .message_id = stmt_int(q, 7),
                .detail = rows_text(arena, q, 8),
                .value = stmt_int(q, 9),
                .created_at_ms = stmt_int(q, 10),
        };
        st = rows_check(arena, reterr);
        if (st == STATUS_OK &&
            (event.kind == ROOM_EVENT_EDITED || event.kind == ROOM_EVENT_DELETED))
                st = read_message(lease, arena, &event, reterr);
        if (st == STATUS_OK)
                *ret = event;
        return st;
}

/* Two lists in order, of which each runs ahead of the other as it likes. */
struct merge {
        const struct room_message_list *messages;
        size_t n_messages_taken;
        struct stmt *others;
        struct room_event other; /* the next one */
        enum status has_other; /* OK while there is one */
        size_t limit, n_bytes;
};

static struct room_event event_of(const struct room_message *m)
{
        return (struct room_event){
                .room_id = m->room_id,
                .seq = m->seq,
                .kind = ROOM_EVENT_MESSAGE,
                .created_at_ms = m->created_at_ms,
                .username = "",
                .actor_username = "",
                .detail = "",
                .message = *m,
        };
}

static enum status merge_into(struct lease *lease, struct arena *arena, struct merge *merge,
                              struct room_event_list *list, struct error *reterr)
{
        const struct room_message_list *messages = merge->messages;

        while (list->n_items < merge->limit && merge->n_bytes < MESSAGE_LIST_BYTES) {
                const struct room_message *m = merge->n_messages_taken < messages->n_items
                                                       ? &messages->items[merge->n_messages_taken]
                                                       : NULL;
                struct room_event event;

                if (merge->has_other != STATUS_OK && merge->has_other != STATUS_NOT_FOUND)
                        return merge->has_other;
                if (merge->has_other == STATUS_OK && (!m || merge->other.seq < m->seq)) {
                        event = merge->other;
                        merge->has_other =
                                next_event(lease, arena, merge->others, &merge->other, reterr);
                } else if (m) {
                        event = event_of(m);
                        merge->n_messages_taken++;
                } else {
                        break;
                }
                list->items = rows_grow(arena, list->items, list->n_items, sizeof(*list->items));
                if (!list->items)
                        break;
                list->items[list->n_items++] = event;
                merge->n_bytes += 256 + strlen(event.username) + strlen(event.actor_username) +
                                  strlen(event.detail);
                if (event.message.content)
                        merge->n_bytes += message_bytes(&event.message);
        }
        return rows_check(arena, reterr);
}

enum status room_event_list_after(struct lease *lease, struct arena *arena, int64_t room_id,
                                  int64_t after_seq, size_t limit, struct room_event_list *ret,
                                  struct error *reterr)
{
        struct room_message_list messages;
        struct room_event_list list = {0};
        enum status st =
                message_list_after(lease, arena, room_id, after_seq, limit, &messages, reterr);

        if (st != STATUS_OK)
                return st;
        /* When the list of messages was cut for its size, what lies behind it has to wait. */
        int64_t end = messages.n_items > 0 && messages.n_items < limit
                              ? messages.items[messages.n_items - 1].seq
                              : INT64_MAX;
        if (end != INT64_MAX) {
                struct room_message_list more;

                st = message_list_after(lease, arena, room_id, end, 1, &more, reterr);
                if (st != STATUS_OK)
                        return st;
                if (more.n_items == 0)
                        end = INT64_MAX;
        }
        STMT(q, lease,
             "SELECT e.room_id, e.seq, e.kind, e.user_id, u.username, e.actor_id, b.username,"
             " e.message_id, e.detail, e.value, e.created_at FROM room_event e"
             " LEFT JOIN account u ON u.id = e.user_id LEFT JOIN account b ON b.id = e.actor_id"
             " WHERE e.room_id = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq LIMIT $4");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, after_seq);
        stmt_bind_int(&q, 3, end);
        stmt_bind_int(&q, 4, (int64_t)limit);

        struct merge merge = {.messages = &messages, .others = &q, .limit = limit};
        merge.has_other = next_event(lease, arena, &q, &merge.other, reterr);
        st = merge_into(lease, arena, &merge, &list, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}
