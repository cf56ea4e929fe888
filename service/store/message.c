#include "service/store/message.h"

#include "common/clock.h"
#include "service/store/room.h"
#include "service/store/rows.h"
#include "service/store/search.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ACCOUNTS                                   \
        " LEFT JOIN account a ON a.id = m.user_id" \
        " LEFT JOIN account k ON k.id = m.asker_id"
/* What is of an account that is being deleted, or answers it, looks as it will. */
#define IS_KEPT "a.deleting_at IS NULL AND k.deleting_at IS NULL"
#define SELECT_MESSAGE                                                                            \
        "SELECT m.id, m.room_id, m.seq, iif(a.deleting_at IS NULL, m.user_id, NULL), a.username," \
        " iif(" IS_KEPT ", m.content, ''), iif(" IS_KEPT ", m.client_message_id, NULL),"          \
        " m.created_at, m.edited_at, coalesce(m.deleted_at, a.deleting_at, k.deleting_at),"       \
        " m.reply_to, iif(" IS_KEPT ", m.n_reactions, 0), m.coach_engine,"                        \
        " iif(k.deleting_at IS NULL, m.asker_id, NULL)"                                           \
        " FROM message m" ACCOUNTS

/* --- reading --- */

/* A row, as far as it goes: complete() does the rest. n_reactions says whether there are any. */
static void read_message(struct arena *arena, const struct stmt *q, struct room_message *ret)
{
        bool is_coach = !stmt_is_null(q, 12);

        *ret = (struct room_message){
                .id = stmt_int(q, 0),
                .room_id = stmt_int(q, 1),
                .seq = stmt_int(q, 2),
                .user_id = stmt_int(q, 3),
                .username = is_coach ? MESSAGE_COACH : rows_text(arena, q, 4),
                .content = rows_text(arena, q, 5),
                .client_message_id = rows_text(arena, q, 6),
                .created_at_ms = stmt_int(q, 7),
                .edited_at_ms = stmt_int(q, 8),
                .is_deleted = !stmt_is_null(q, 9) || (stmt_is_null(q, 3) && !is_coach),
                .coach_engine = is_coach ? rows_text(arena, q, 12) : "",
                .asker_id = stmt_int(q, 13),
                .reply = {.message_id = stmt_int(q, 10), .username = "", .excerpt = ""},
                .n_reactions = stmt_int(q, 11) > 0,
        };
}

/* At most MESSAGE_EXCERPT_CHARS characters of UTF-8. */
static const char *excerpt_of(struct arena *arena, const char *content)
{
        size_t n_chars = 0, n = 0;
        const char *excerpt;

        for (; content[n]; n++)
                if (((unsigned char)content[n] & 0xC0) != 0x80 &&
                    n_chars++ == MESSAGE_EXCERPT_CHARS)
                        break;
        excerpt = arena_strndup(arena, content, n);
        return excerpt ? excerpt : "";
}

static enum status read_reply(struct lease *lease, struct arena *arena, struct message_reply *reply,
                              struct error *reterr)
{
        STMT(q, lease,
             "SELECT m.seq, iif(a.deleting_at IS NULL, m.user_id, NULL), a.username, m.content,"
             " coalesce(m.deleted_at, a.deleting_at, k.deleting_at), m.coach_engine"
             " FROM message m" ACCOUNTS " WHERE m.id = $1");
        stmt_bind_int(&q, 1, reply->message_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK) {
                reply->seq = stmt_int(&q, 0);
                reply->user_id = stmt_int(&q, 1);
                reply->username = stmt_is_null(&q, 5) ? rows_text(arena, &q, 2) : MESSAGE_COACH;
                if (stmt_is_null(&q, 4))
                        reply->excerpt = excerpt_of(arena, stmt_text(&q, 3));
        }
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

/* One more user under the emoji of the last reaction, or the first under another one. */
static bool add_reaction(struct arena *arena, struct room_message *m, const char *emoji,
                         int64_t user_id)
{
        struct message_reaction *r = NULL;

        if (!m->reactions)
                return false;
        if (m->n_reactions > 0)
                r = &m->reactions[m->n_reactions - 1];
        if (!r || strcmp(r->emoji, emoji) != 0) {
                if (m->n_reactions == MESSAGE_MAX_EMOJIS)
                        return true;
                r = &m->reactions[m->n_reactions];
                r->emoji = arena_strdup(arena, emoji);
                r->user_ids = arena_calloc(arena, MESSAGE_REACTION_USERS, sizeof(int64_t));
                if (!r->emoji || !r->user_ids)
                        return false;
                m->n_reactions++;
        }
        if (r->n_user_ids < MESSAGE_REACTION_USERS)
                r->user_ids[r->n_user_ids++] = user_id;
        r->count++;
        return true;
}

static enum status read_reactions(struct lease *lease, struct arena *arena, struct room_message *m,
                                  struct error *reterr)
{
        enum status st;

        m->n_reactions = 0;
        m->reactions = arena_calloc(arena, MESSAGE_MAX_EMOJIS, sizeof(*m->reactions));
        if (!m->reactions)
                return rows_check(arena, reterr);
        STMT(q, lease,
             "SELECT emoji, user_id FROM message_reaction WHERE message_id = $1"
             " ORDER BY min(created_at) OVER (PARTITION BY emoji), emoji, created_at, user_id");
        stmt_bind_int(&q, 1, m->id);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK)
                if (!add_reaction(arena, m, stmt_text(&q, 0), stmt_int(&q, 1)))
                        break;
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

/* What is in other tables. */
static enum status complete(struct lease *lease, struct arena *arena, struct room_message *m,
                            struct error *reterr)
{
        enum status st = STATUS_OK;

        if (m->reply.message_id != 0)
                st = read_reply(lease, arena, &m->reply, reterr);
        if (st == STATUS_OK && m->n_reactions > 0)
                st = read_reactions(lease, arena, m, reterr);
        return st == STATUS_OK ? rows_check(arena, reterr) : st;
}

/* The statement's next row, whole. */
static enum status next_message(struct lease *lease, struct arena *arena, struct stmt *q,
                                struct room_message *ret, struct error *reterr)
{
        struct room_message message;
        enum status st = stmt_row(q, reterr);

        if (st != STATUS_OK)
                return st;
        read_message(arena, q, &message);
        st = complete(lease, arena, &message, reterr);
        if (st == STATUS_OK)
                *ret = message;
        return st;
}

enum status message_get(struct lease *lease, struct arena *arena, int64_t room_id, int64_t id,
                        struct room_message *ret, struct error *reterr)
{
        STMT(q, lease, SELECT_MESSAGE " WHERE m.id = $1 AND m.room_id = $2");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, room_id);

        enum status st = next_message(lease, arena, &q, ret, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "message", "%" PRId64, id);
        return st;
}

size_t message_bytes(const struct room_message *m)
{
        size_t n = 256 + strlen(m->content) + strlen(m->username) + strlen(m->client_message_id) +
                   strlen(m->reply.excerpt) + strlen(m->reply.username);

        for (size_t i = 0; m->reactions && i < m->n_reactions; i++)
                n += 32 + strlen(m->reactions[i].emoji) + 10 * m->reactions[i].n_user_ids;
        return n;
}

static enum status read_messages(struct lease *lease, struct arena *arena, struct stmt *q,
                                 struct room_message_list *ret, struct error *reterr)
{
        struct room_message_list list = {0};
        struct room_message message;
        size_t n_bytes = 0;
        enum status st;

        while ((st = next_message(lease, arena, q, &message, reterr)) == STATUS_OK) {
                n_bytes += message_bytes(&message);
                if (n_bytes > MESSAGE_LIST_BYTES && list.n_items > 0)
                        break;
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                list.items[list.n_items++] = message;
        }
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

enum status message_list_after(struct lease *lease, struct arena *arena, int64_t room_id,
                               int64_t after_seq, size_t limit, struct room_message_list *ret,
                               struct error *reterr)
{
        STMT(q, lease,
             SELECT_MESSAGE " WHERE m.room_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, after_seq);
        stmt_bind_int(&q, 3, (int64_t)limit);
        return read_messages(lease, arena, &q, ret, reterr);
}

static void reverse(struct room_message_list *list)
{
        for (size_t i = 0; i < list->n_items / 2; i++) {
                struct room_message swap = list->items[i];

                list->items[i] = list->items[list->n_items - 1 - i];
                list->items[list->n_items - 1 - i] = swap;
        }
}

enum status message_list_before(struct lease *lease, struct arena *arena, int64_t room_id,
                                int64_t before_seq, size_t limit, struct room_message_list *ret,
                                struct error *reterr)
{
        STMT(q, lease,
             SELECT_MESSAGE " WHERE m.room_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, before_seq);
        stmt_bind_int(&q, 3, (int64_t)limit);

        enum status st = read_messages(lease, arena, &q, ret, reterr);
        if (st == STATUS_OK)
                reverse(ret);
        return st;
}

/* --- saying something --- */

/* The message that the user sent by this name. NOT_FOUND when there is none, which is what nearly
 * every message finds, so the index alone is asked first. */
static enum status find_repeat(struct lease *lease, struct arena *arena, int64_t user_id,
                               const char *client_message_id, struct room_message *ret,
                               struct error *reterr)
{
        STMT(named, lease, "SELECT id FROM message WHERE user_id = $1 AND client_message_id = $2");
        stmt_bind_int(&named, 1, user_id);
        stmt_bind_text(&named, 2, client_message_id);
        enum status st = stmt_row(&named, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, SELECT_MESSAGE " WHERE m.id = $1");
        stmt_bind_int(&q, 1, stmt_int(&named, 0));
        return next_message(lease, arena, &q, ret, reterr);
}

/* Whether the draft says again what was said by its name. What has been edited or deleted since
 * cannot be compared any more, and is answered as it is. */
static enum status check_repeat(const struct room_message *first, const struct message_draft *draft,
                                struct error *reterr)
{
        if (first->room_id == draft->room_id && (first->is_deleted || first->edited_at_ms != 0 ||
                                                 (strcmp(first->content, draft->content) == 0 &&
                                                  first->reply.message_id == draft->reply_to)))
                return STATUS_OK;
        error_set(reterr, STATUS_ALREADY_EXISTS,
                  "client_message_id: '%.64s' names another message of yours",
                  draft->client_message_id);
        if (reterr)
                snprintf(reterr->field, sizeof(reterr->field), "client_message_id");
        return STATUS_ALREADY_EXISTS;
}

static enum status check_reply(struct lease *lease, struct arena *arena,
                               const struct message_draft *draft, struct message_reply *ret,
                               struct error *reterr)
{
        struct room_message answered = {.content = ""};
        enum status st =
                message_get(lease, arena, draft->room_id, draft->reply_to, &answered, reterr);

        if (st == STATUS_NOT_FOUND && reterr)
                snprintf(reterr->field, sizeof(reterr->field), "reply_to");
        if (st != STATUS_OK)
                return st;
        *ret = (struct message_reply){
                .message_id = answered.id,
                .seq = answered.seq,
                .user_id = answered.user_id,
                .username = answered.username,
                .excerpt = excerpt_of(arena, answered.content),
        };
        return rows_check(arena, reterr);
}

static enum status insert(struct lease *lease, struct room_message *m, struct error *reterr)
{
        bool has_name = *m->client_message_id != '\0';
        STMT(q, lease,
             "INSERT INTO message (room_id, seq, user_id, content, client_message_id, created_at,"
             " reply_to, coach_engine, asker_id)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
        stmt_bind_int(&q, 1, m->room_id);
        stmt_bind_int(&q, 2, m->seq);
        if (m->user_id)
                stmt_bind_int(&q, 3, m->user_id);
        stmt_bind_text(&q, 4, m->content);
        stmt_bind_text(&q, 5, has_name ? m->client_message_id : NULL);
        stmt_bind_int(&q, 6, m->created_at_ms);
        if (m->reply.message_id)
                stmt_bind_int(&q, 7, m->reply.message_id);
        if (*m->coach_engine)
                stmt_bind_text(&q, 8, m->coach_engine);
        if (m->asker_id)
                stmt_bind_int(&q, 9, m->asker_id);

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                m->id = stmt_last_id(&q);
        return st;
}

enum status message_find_repeat(struct lease *lease, struct arena *arena,
                                const struct message_draft *draft, struct room_message *ret,
                                struct error *reterr)
{
        enum status st = STATUS_NOT_FOUND;

        if (draft->client_message_id && *draft->client_message_id)
                st = find_repeat(lease, arena, draft->user_id, draft->client_message_id, ret,
                                 reterr);
        return st == STATUS_OK ? check_repeat(ret, draft, reterr) : st;
}

enum status message_append(struct lease *lease, struct arena *arena,
                           const struct message_draft *draft, struct room_message *ret,
                           bool *ret_repeated, struct error *reterr)
{
        const char *name = draft->client_message_id ? draft->client_message_id : "";
        struct room_message message = {
                .room_id = draft->room_id,
                .user_id = draft->user_id,
                .username = draft->username,
                .content = arena_strdup(arena, draft->content),
                .client_message_id = arena_strdup(arena, name),
                .created_at_ms = clock_wall_ms(),
                .coach_engine = draft->coach_engine ? draft->coach_engine : "",
                .asker_id = draft->asker_id,
                .reply = {.username = "", .excerpt = ""},
        };
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        st = message_find_repeat(lease, arena, draft, ret, reterr);
        *ret_repeated = st == STATUS_OK;
        if (st != STATUS_NOT_FOUND)
                return st;

        st = STATUS_OK;
        if (draft->reply_to != 0)
                st = check_reply(lease, arena, draft, &message.reply, reterr);
        if (st == STATUS_OK)
                st = room_take_seq(lease, message.room_id, message.created_at_ms, &message.seq,
                                   reterr);
        if (st == STATUS_OK)
                st = insert(lease, &message, reterr);
        if (st != STATUS_OK)
                return st;
        *ret = message;
        *ret_repeated = false;
        return STATUS_OK;
}

/* --- changing what was said --- */

enum status message_edit(struct lease *lease, struct arena *arena, struct room_message *message,
                         const char *content, struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        const char *copy = arena_strdup(arena, content);
        enum status st = rows_check(arena, reterr);

        if (st == STATUS_OK)
                st = search_forget(lease, message->id, message->content, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "UPDATE message SET content = $2, edited_at = $3 WHERE id = $1");
        stmt_bind_int(&q, 1, message->id);
        stmt_bind_text(&q, 2, copy);
        stmt_bind_int(&q, 3, now_ms);
        st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                st = search_remember(lease, message->id, copy, reterr);
        if (st != STATUS_OK)
                return st;
        message->content = copy;
        message->edited_at_ms = now_ms;
        return STATUS_OK;
}

static enum status delete_reactions(struct lease *lease, int64_t message_id, struct error *reterr)
{
        STMT(q, lease, "DELETE FROM message_reaction WHERE message_id = $1");
        stmt_bind_int(&q, 1, message_id);
        return stmt_run(&q, reterr);
}

enum status message_delete(struct lease *lease, struct room_message *message, struct error *reterr)
{
        enum status st = search_forget(lease, message->id, message->content, reterr);

        if (st == STATUS_OK)
                st = delete_reactions(lease, message->id, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "UPDATE message SET content = '', deleted_at = $2, n_reactions = 0 WHERE id = $1");
        stmt_bind_int(&q, 1, message->id);
        stmt_bind_int(&q, 2, clock_wall_ms());
        st = stmt_run(&q, reterr);
        if (st != STATUS_OK)
                return st;
        message->content = "";
        message->is_deleted = true;
        message->n_reactions = 0;
        return STATUS_OK;
}

/* --- reactions --- */

static enum status count_emojis(struct lease *lease, int64_t message_id, const char *emoji,
                                struct error *reterr)
{
        STMT(q, lease,
             "SELECT count(DISTINCT emoji) FROM message_reaction"
             " WHERE message_id = $1 AND emoji <> $2");
        stmt_bind_int(&q, 1, message_id);
        stmt_bind_text(&q, 2, emoji);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK && stmt_int(&q, 0) >= MESSAGE_MAX_EMOJIS)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "emoji: at most %d different ones on a message",
                                 MESSAGE_MAX_EMOJIS);
        return st;
}

static enum status count_reactions(struct lease *lease, int64_t message_id, struct error *reterr)
{
        STMT(q, lease,
             "UPDATE message SET n_reactions ="
             " (SELECT count(*) FROM message_reaction WHERE message_id = $1) WHERE id = $1");
        stmt_bind_int(&q, 1, message_id);
        return stmt_run(&q, reterr);
}

enum status message_react(struct lease *lease, int64_t message_id, int64_t user_id,
                          const char *emoji, bool *ret_added, struct error *reterr)
{
        enum status st = count_emojis(lease, message_id, emoji, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "INSERT INTO message_reaction (message_id, user_id, emoji, created_at)"
             " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING");
        stmt_bind_int(&q, 1, message_id);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_text(&q, 3, emoji);
        stmt_bind_int(&q, 4, clock_wall_ms());
        st = stmt_run(&q, reterr);
        if (st != STATUS_OK)
                return st;
        *ret_added = stmt_changes(&q) > 0;
        return *ret_added ? count_reactions(lease, message_id, reterr) : STATUS_OK;
}

enum status message_unreact(struct lease *lease, int64_t message_id, int64_t user_id,
                            const char *emoji, struct error *reterr)
{
        STMT(q, lease,
             "DELETE FROM message_reaction WHERE message_id = $1 AND user_id = $2 AND emoji = $3");
        stmt_bind_int(&q, 1, message_id);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_text(&q, 3, emoji);

        enum status st = stmt_run(&q, reterr);
        if (st != STATUS_OK)
                return st;
        if (stmt_changes(&q) == 0)
                return error_resource(reterr, STATUS_NOT_FOUND, "reaction", "%s", emoji);
        return count_reactions(lease, message_id, reterr);
}
