#include "service/store/search.h"

#include "common/wire.h"
#include "service/store/room.h"
#include "service/store/rows.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define COMPACT_PAGES 16

/* Up to which message the index goes. */
static enum status read_end(struct lease *lease, int64_t *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT message_id FROM search_state WHERE id = 1");

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, STATUS_DATA_LOSS, "the database has no search_state");
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}

static enum status write_end(struct lease *lease, int64_t message_id, struct error *reterr)
{
        STMT(q, lease, "UPDATE search_state SET message_id = $1 WHERE id = 1");
        stmt_bind_int(&q, 1, message_id);
        return stmt_run(&q, reterr);
}

static enum status insert(struct lease *lease, int64_t message_id, const char *content,
                          struct error *reterr)
{
        STMT(q, lease, "INSERT INTO message_text (rowid, content) VALUES ($1, $2)");
        stmt_bind_int(&q, 1, message_id);
        stmt_bind_text(&q, 2, content);
        return stmt_run(&q, reterr);
}

enum status search_index(struct lease *lease, size_t limit, bool *ret_more, struct error *reterr)
{
        int64_t end = 0;
        size_t n = 0;
        enum status st = read_end(lease, &end, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT id, content, deleted_at FROM message WHERE id > $1 ORDER BY id LIMIT $2");
        stmt_bind_int(&q, 1, end);
        stmt_bind_int(&q, 2, (int64_t)limit);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK) {
                end = stmt_int(&q, 0);
                n++;
                /* What is deleted is not in the index: search_forget() need not be told twice. */
                st = stmt_is_null(&q, 2) ? insert(lease, end, stmt_text(&q, 1), reterr) : STATUS_OK;
                if (st != STATUS_OK)
                        return st;
        }
        if (st != STATUS_NOT_FOUND)
                return st;
        *ret_more = n == limit;
        return n > 0 ? write_end(lease, end, reterr) : STATUS_OK;
}

enum status search_is_behind(struct lease *lease, bool *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT EXISTS (SELECT 1 FROM message"
             " WHERE id > (SELECT message_id FROM search_state WHERE id = 1))");

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0) != 0;
        return st;
}

enum status search_forget(struct lease *lease, int64_t message_id, const char *content,
                          struct error *reterr)
{
        int64_t end = 0;
        enum status st = read_end(lease, &end, reterr);

        if (st != STATUS_OK || message_id > end)
                return st;
        STMT(q, lease,
             "INSERT INTO message_text (message_text, rowid, content) VALUES ('delete', $1, $2)");
        stmt_bind_int(&q, 1, message_id);
        stmt_bind_text(&q, 2, content);
        return stmt_run(&q, reterr);
}

enum status search_remember(struct lease *lease, int64_t message_id, const char *content,
                            struct error *reterr)
{
        int64_t end = 0;
        enum status st = read_end(lease, &end, reterr);

        if (st != STATUS_OK || message_id > end)
                return st;
        return insert(lease, message_id, content, reterr);
}

static enum status count_changes(struct lease *lease, int64_t *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT total_changes()");

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}

/* FTS5 puts at least n_pages together. Below zero: and all parts are to become one. */
static enum status merge(struct lease *lease, int64_t n_pages, struct error *reterr)
{
        STMT(q, lease, "INSERT INTO message_text (message_text, rank) VALUES ('merge', $1)");
        stmt_bind_int(&q, 1, n_pages);
        return stmt_run(&q, reterr);
}

enum status search_compact(struct lease *lease, bool is_first, bool *ret_more, struct error *reterr)
{
        int64_t before = 0, after = 0;
        enum status st = count_changes(lease, &before, reterr);

        if (st == STATUS_OK)
                st = merge(lease, is_first ? -COMPACT_PAGES : COMPACT_PAGES, reterr);
        if (st == STATUS_OK)
                st = count_changes(lease, &after, reterr);
        /* One change is the command itself: there was nothing to do. */
        if (st == STATUS_OK)
                *ret_more = after - before >= 2;
        return st;
}

/* --- finding --- */

static bool is_word_byte(char c)
{
        return (unsigned char)c >= 0x80 || isalnum((unsigned char)c);
}

/* What people type as FTS5 reads it: every word quoted, the last one a beginning. Signs between
 * words mean nothing, so that no query is wrong. NULL: there is no word. */
static const char *match_of(struct arena *arena, const char *query)
{
        char *match = arena_alloc(arena, strlen(query) * 4 + 2);
        char *at = match;

        if (!match)
                return NULL;
        while (*query) {
                size_t n = 0;

                while (*query && !is_word_byte(*query))
                        query++;
                while (is_word_byte(query[n]))
                        n++;
                if (n == 0)
                        break;
                *at++ = '"';
                memcpy(at, query, n);
                at += n;
                *at++ = '"';
                *at++ = ' ';
                query += n;
        }
        if (at == match)
                return NULL;
        at[-1] = '*';
        *at = '\0';
        return match;
}

static enum status find_ids(struct lease *lease, struct arena *arena, int64_t user_id,
                            int64_t room_id, const char *match, int64_t before_id, size_t limit,
                            int64_t *ids, int64_t *rooms, size_t *ret_n, struct error *reterr)
{
        size_t n = 0;
        enum status st;

        (void)arena;
        STMT(q, lease,
             "SELECT m.id, m.room_id FROM message_text t JOIN message m ON m.id = t.rowid"
             " JOIN room r ON r.id = m.room_id AND r.deleted_at IS NULL"
             " LEFT JOIN account a ON a.id = m.user_id LEFT JOIN account k ON k.id = m.asker_id"
             " WHERE a.deleting_at IS NULL AND k.deleting_at IS NULL AND t.message_text MATCH $1 "
             "AND t.rowid < $2 AND ($3 = "
             "0 OR m.room_id = $3)"
             " AND CASE WHEN m.room_id = 1 THEN NOT EXISTS (SELECT 1 FROM room_member"
             "     WHERE room_id = 1 AND user_id = $4 AND state = 3)"
             "   ELSE EXISTS (SELECT 1 FROM room_member"
             "     WHERE room_id = m.room_id AND user_id = $4 AND state = 1) END"
             " ORDER BY t.rowid DESC LIMIT $5");
        stmt_bind_text(&q, 1, match);
        stmt_bind_int(&q, 2, before_id ? before_id : INT64_MAX);
        stmt_bind_int(&q, 3, room_id);
        stmt_bind_int(&q, 4, user_id);
        stmt_bind_int(&q, 5, (int64_t)limit);
        while (n < limit && (st = stmt_row(&q, reterr)) == STATUS_OK) {
                ids[n] = stmt_int(&q, 0);
                rooms[n++] = stmt_int(&q, 1);
        }
        if (n < limit && st != STATUS_NOT_FOUND)
                return st;
        *ret_n = n;
        return STATUS_OK;
}

enum status search_find(struct lease *lease, struct arena *arena, int64_t user_id, int64_t room_id,
                        const char *query, int64_t before_id, size_t limit,
                        struct room_message_list *ret, bool *ret_more, struct error *reterr)
{
        const char *match = match_of(arena, query);
        int64_t *ids = arena_calloc(arena, limit + 1, sizeof(*ids));
        int64_t *rooms = arena_calloc(arena, limit + 1, sizeof(*rooms));
        struct room_message_list list = {
                .items = arena_calloc(arena, limit + 1, sizeof(*list.items))};
        size_t n = 0;
        enum status st = rows_check(arena, reterr);

        if (st == STATUS_OK && !match)
                return error_field(reterr, "query", "want at least one word");
        if (st == STATUS_OK)
                st = find_ids(lease, arena, user_id, room_id, match, before_id, limit + 1, ids,
                              rooms, &n, reterr);
        for (size_t n_bytes = 0; list.n_items < n && list.n_items < limit && st == STATUS_OK &&
                                 n_bytes < MESSAGE_LIST_BYTES;) {
                struct room_message *m = &list.items[list.n_items];

                st = message_get(lease, arena, rooms[list.n_items], ids[list.n_items], m, reterr);
                if (st == STATUS_OK) {
                        n_bytes += message_bytes(m);
                        list.n_items++;
                }
        }
        if (st != STATUS_OK)
                return st;
        *ret_more = n > list.n_items;
        *ret = list;
        return STATUS_OK;
}
