/* What one user has said and done to messages, wherever: for whoever takes it along, or away. */
#include "common/clock.h"
#include "service/store/message.h"
#include "service/store/rows.h"
#include "service/store/search.h"

/* Messages of everybody that one look goes through. They are read in their order; an index of users
 * would cost every message that is sent something. */
#define WINDOW 20000

static enum status newest_id(struct lease *lease, int64_t *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT coalesce(max(id), 0) FROM message");

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}

static void read_own(struct arena *arena, const struct stmt *q, int64_t user_id,
                     struct room_message *ret)
{
        *ret = (struct room_message){
                .id = stmt_int(q, 0),
                .room_id = stmt_int(q, 1),
                .seq = stmt_int(q, 2),
                .user_id = user_id,
                .username = "",
                .content = rows_text(arena, q, 3),
                .client_message_id = rows_text(arena, q, 4),
                .created_at_ms = stmt_int(q, 5),
                .edited_at_ms = stmt_int(q, 6),
                .is_deleted = !stmt_is_null(q, 7),
                .reply = {.message_id = stmt_int(q, 8), .username = "", .excerpt = ""},
        };
}

enum status message_list_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                 int64_t after_id, size_t limit, struct room_message_list *ret,
                                 int64_t *ret_after_id, struct error *reterr)
{
        struct room_message_list list = {0};
        int64_t end = after_id + WINDOW, newest = 0;
        size_t n_bytes = 0;
        enum status st = newest_id(lease, &newest, reterr);

        if (st != STATUS_OK)
                return st;
        /* "+" keeps the planner from the index of users, which has no order of ids. */
        STMT(q, lease,
             "SELECT id, room_id, seq, content, client_message_id, created_at, edited_at,"
             " deleted_at, reply_to FROM message"
             " WHERE id > $1 AND id <= $2 AND +user_id = $3 ORDER BY id LIMIT $4");
        stmt_bind_int(&q, 1, after_id);
        stmt_bind_int(&q, 2, end);
        stmt_bind_int(&q, 3, user_id);
        stmt_bind_int(&q, 4, (int64_t)limit);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK && n_bytes < MESSAGE_LIST_BYTES) {
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                read_own(arena, &q, user_id, &list.items[list.n_items]);
                n_bytes += message_bytes(&list.items[list.n_items++]);
        }
        bool is_cut = st == STATUS_OK || list.n_items == limit;
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st != STATUS_OK)
                return st;
        if (is_cut && list.items)
                end = list.items[list.n_items - 1].id;
        *ret = list;
        *ret_after_id = end < newest ? end : 0;
        return STATUS_OK;
}

enum status message_reactions_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                      int64_t after_id, size_t limit, struct given_reaction **ret,
                                      size_t *ret_n, int64_t *ret_after_id, struct error *reterr)
{
        struct given_reaction *items = NULL;
        int64_t last_id = 0;
        size_t n = 0;
        enum status st;

        STMT(q, lease,
             "SELECT x.message_id, m.room_id, x.emoji, x.created_at"
             " FROM message_reaction x JOIN message m ON m.id = x.message_id"
             " WHERE x.user_id = $1 AND x.message_id > $2 ORDER BY x.message_id");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, after_id);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK) {
                /* Those to one message stay together. */
                if (n >= limit && stmt_int(&q, 0) != last_id)
                        break;
                items = rows_grow(arena, items, n, sizeof(*items));
                if (!items)
                        break;
                last_id = stmt_int(&q, 0);
                items[n++] = (struct given_reaction){
                        .message_id = last_id,
                        .room_id = stmt_int(&q, 1),
                        .emoji = rows_text(arena, &q, 2),
                        .created_at_ms = stmt_int(&q, 3),
                };
        }
        bool more = st == STATUS_OK;
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st != STATUS_OK)
                return st;
        *ret = items;
        *ret_n = n;
        *ret_after_id = more ? last_id : 0;
        return STATUS_OK;
}

/* --- taking it away --- */

#define ERASE_MAX 500

static enum status empty_one(struct lease *lease, int64_t id, struct error *reterr)
{
        STMT(reactions, lease, "DELETE FROM message_reaction WHERE message_id = $1");
        stmt_bind_int(&reactions, 1, id);
        enum status st = stmt_run(&reactions, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "UPDATE message SET content = '', client_message_id = NULL, n_reactions = 0,"
             " user_id = NULL, asker_id = NULL, deleted_at = coalesce(deleted_at, $2) WHERE id = "
             "$1");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, clock_wall_ms());
        return stmt_run(&q, reterr);
}

/* Of each row of the statement, which is of id, content and deleted_at: forgets its words. */
static enum status forget_words(struct lease *lease, struct stmt *q, int64_t ids[static ERASE_MAX],
                                size_t *ret_n, struct error *reterr)
{
        size_t n = 0;
        enum status st;

        while (n < ERASE_MAX && (st = stmt_row(q, reterr)) != STATUS_NOT_FOUND) {
                if (st == STATUS_OK && stmt_is_null(q, 2))
                        st = search_forget(lease, stmt_int(q, 0), stmt_text(q, 1), reterr);
                if (st != STATUS_OK)
                        return st;
                ids[n++] = stmt_int(q, 0);
        }
        *ret_n = n;
        return STATUS_OK;
}

/* Empties the messages that the statement finds for the user. */
static enum status erase_found(struct lease *lease, struct stmt *q, int64_t user_id, size_t limit,
                               int64_t *ret_n, struct error *reterr)
{
        int64_t ids[ERASE_MAX];
        size_t n = 0;

        stmt_bind_int(q, 1, user_id);
        stmt_bind_int(q, 2, (int64_t)limit);
        enum status st = forget_words(lease, q, ids, &n, reterr);
        /* Only now the index changes that the messages were found by. */
        stmt_reset(q);
        for (size_t i = 0; st == STATUS_OK && i < n; i++)
                st = empty_one(lease, ids[i], reterr);
        if (st == STATUS_OK)
                *ret_n = (int64_t)n;
        return st;
}

enum status message_erase_some(struct lease *lease, int64_t user_id, size_t limit, int64_t *ret_n,
                               struct error *reterr)
{
        STMT(q, lease, "SELECT id, content, deleted_at FROM message WHERE user_id = $1 LIMIT $2");

        return erase_found(lease, &q, user_id, limit, ret_n, reterr);
}

enum status message_erase_answers(struct lease *lease, int64_t user_id, size_t limit,
                                  int64_t *ret_n, struct error *reterr)
{
        STMT(q, lease, "SELECT id, content, deleted_at FROM message WHERE asker_id = $1 LIMIT $2");

        return erase_found(lease, &q, user_id, limit, ret_n, reterr);
}
