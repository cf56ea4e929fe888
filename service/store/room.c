#include "service/store/room.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_COLUMNS                                                                  \
        "m.id, m.room_id, m.seq, m.user_id, a.username, m.content, m.client_message_id," \
        " m.created_at"
#define MESSAGE_TABLES "message m LEFT JOIN account a ON a.id = m.user_id"

static enum room_kind kind_of(const char *name)
{
        if (strcmp(name, "general") == 0)
                return ROOM_KIND_GENERAL;
        return strcmp(name, "direct") == 0 ? ROOM_KIND_DIRECT : ROOM_KIND_GROUP;
}

enum status room_get(struct lease *lease, struct arena *arena, int64_t id, struct room *ret,
                     struct error *reterr)
{
        STMT(q, lease, "SELECT id, name, kind, created_at, last_seq FROM room WHERE id = $1");
        stmt_bind_int(&q, 1, id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "room", "%" PRId64, id);
        if (st != STATUS_OK)
                return st;

        struct room room = {
                .id = stmt_int(&q, 0),
                .name = rows_text(arena, &q, 1),
                .kind = kind_of(stmt_text(&q, 2)),
                .created_at_ms = stmt_int(&q, 3),
                .last_seq = stmt_int(&q, 4),
        };
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = room;
        return st;
}

static void read_message(struct arena *arena, const struct stmt *q, struct room_message *ret)
{
        *ret = (struct room_message){
                .id = stmt_int(q, 0),
                .room_id = stmt_int(q, 1),
                .seq = stmt_int(q, 2),
                .user_id = stmt_int(q, 3),
                .username = rows_text(arena, q, 4),
                .content = rows_text(arena, q, 5),
                .client_message_id = rows_text(arena, q, 6),
                .created_at_ms = stmt_int(q, 7),
        };
}

/* The message that the user sent by this name. NOT_FOUND when there is none. */
static enum status find_repeat(struct lease *lease, struct arena *arena, int64_t user_id,
                               const char *client_message_id, struct room_message *ret,
                               struct error *reterr)
{
        STMT(q, lease,
             "SELECT " MESSAGE_COLUMNS " FROM " MESSAGE_TABLES
             " WHERE m.user_id = $1 AND m.client_message_id = $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_text(&q, 2, client_message_id);

        enum status st = stmt_row(&q, reterr);
        if (st != STATUS_OK)
                return st;
        read_message(arena, &q, ret);
        return rows_check(arena, reterr);
}

static enum status refuse_repeat(const char *client_message_id, struct error *reterr)
{
        enum status st = error_set(reterr, STATUS_ALREADY_EXISTS,
                                   "client_message_id: '%.64s' names another message of yours",
                                   client_message_id);

        if (reterr)
                snprintf(reterr->field, sizeof(reterr->field), "client_message_id");
        return st;
}

/* The place of the next message. Writing it first keeps two messages from getting the same one. */
static enum status take_seq(struct lease *lease, int64_t room_id, int64_t *ret,
                            struct error *reterr)
{
        STMT(q, lease, "UPDATE room SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq");
        stmt_bind_int(&q, 1, room_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "room", "%" PRId64, room_id);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}

static enum status username_of(struct lease *lease, struct arena *arena, int64_t user_id,
                               const char **ret, struct error *reterr)
{
        STMT(q, lease, "SELECT username FROM account WHERE id = $1");
        stmt_bind_int(&q, 1, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "user", "%" PRId64, user_id);
        if (st == STATUS_OK) {
                *ret = rows_text(arena, &q, 0);
                st = rows_check(arena, reterr);
        }
        return st;
}

static enum status insert(struct lease *lease, struct room_message *message, struct error *reterr)
{
        bool has_name = *message->client_message_id != '\0';
        STMT(q, lease,
             "INSERT INTO message (room_id, seq, user_id, content, client_message_id, created_at)"
             " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id");
        stmt_bind_int(&q, 1, message->room_id);
        stmt_bind_int(&q, 2, message->seq);
        stmt_bind_int(&q, 3, message->user_id);
        stmt_bind_text(&q, 4, message->content);
        stmt_bind_text(&q, 5, has_name ? message->client_message_id : NULL);
        stmt_bind_int(&q, 6, message->created_at_ms);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                message->id = stmt_int(&q, 0);
        return st;
}

enum status room_append(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                        const char *content, const char *client_message_id,
                        struct room_message *ret, bool *ret_repeated, struct error *reterr)
{
        struct room_message message = {
                .room_id = room_id,
                .user_id = user_id,
                .content = arena_strdup(arena, content),
                .client_message_id =
                        arena_strdup(arena, client_message_id ? client_message_id : ""),
                .created_at_ms = clock_wall_ms(),
        };
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        if (*message.client_message_id != '\0') {
                struct room_message first;

                st = find_repeat(lease, arena, user_id, client_message_id, &first, reterr);
                if (st == STATUS_OK) {
                        if (first.room_id != room_id || strcmp(first.content, content) != 0)
                                return refuse_repeat(client_message_id, reterr);
                        *ret = first;
                        *ret_repeated = true;
                        return STATUS_OK;
                }
                if (st != STATUS_NOT_FOUND)
                        return st;
        }

        st = username_of(lease, arena, user_id, &message.username, reterr);
        if (st == STATUS_OK)
                st = take_seq(lease, room_id, &message.seq, reterr);
        if (st == STATUS_OK)
                st = insert(lease, &message, reterr);
        if (st != STATUS_OK)
                return st;
        *ret = message;
        *ret_repeated = false;
        return STATUS_OK;
}

/* The ends of what is kept. */
static enum status read_ends(struct lease *lease, int64_t room_id, struct room_message_list *list,
                             struct error *reterr)
{
        STMT(q, lease,
             "SELECT last_seq, (SELECT min(seq) FROM message WHERE room_id = $1)"
             " FROM room WHERE id = $1");
        stmt_bind_int(&q, 1, room_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "room", "%" PRId64, room_id);
        if (st == STATUS_OK) {
                list->last_seq = stmt_int(&q, 0);
                list->first_seq = stmt_int(&q, 1);
        }
        return st;
}

static enum status read_messages(struct arena *arena, struct stmt *q,
                                 struct room_message_list *list, struct error *reterr)
{
        size_t n_bytes = 0;
        enum status st;

        while ((st = stmt_row(q, reterr)) == STATUS_OK) {
                struct room_message *m;

                list->items = rows_grow(arena, list->items, list->n_items, sizeof(*list->items));
                if (!list->items)
                        break;
                m = &list->items[list->n_items];
                read_message(arena, q, m);
                n_bytes += strlen(m->content) + strlen(m->username) + 64;
                if (n_bytes > ROOM_LIST_BYTES && list->n_items > 0)
                        break;
                list->n_items++;
        }
        return st == STATUS_OK || st == STATUS_NOT_FOUND ? rows_check(arena, reterr) : st;
}

enum status room_list_after(struct lease *lease, struct arena *arena, int64_t room_id,
                            int64_t after_seq, size_t limit, struct room_message_list *ret,
                            struct error *reterr)
{
        struct room_message_list list = {0};
        enum status st = read_ends(lease, room_id, &list, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT " MESSAGE_COLUMNS " FROM " MESSAGE_TABLES
             " WHERE m.room_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, after_seq);
        stmt_bind_int(&q, 3, (int64_t)limit);
        st = read_messages(arena, &q, &list, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

static void reverse(struct room_message_list *list)
{
        for (size_t i = 0; i < list->n_items / 2; i++) {
                struct room_message swap = list->items[i];

                list->items[i] = list->items[list->n_items - 1 - i];
                list->items[list->n_items - 1 - i] = swap;
        }
}

enum status room_list_before(struct lease *lease, struct arena *arena, int64_t room_id,
                             int64_t before_seq, size_t limit, struct room_message_list *ret,
                             struct error *reterr)
{
        struct room_message_list list = {0};
        enum status st = read_ends(lease, room_id, &list, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT " MESSAGE_COLUMNS " FROM " MESSAGE_TABLES
             " WHERE m.room_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, before_seq);
        stmt_bind_int(&q, 3, (int64_t)limit);
        st = read_messages(arena, &q, &list, reterr);
        if (st != STATUS_OK)
                return st;
        reverse(&list);
        *ret = list;
        return STATUS_OK;
}
