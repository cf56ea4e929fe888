#include "service/store/room_consent.h"

#include "common/clock.h"
#include "service/store/rows.h"

enum status room_consent_set(struct lease *lease, int64_t room_id, int64_t user_id, bool is_given,
                             struct error *reterr)
{
        if (is_given) {
                STMT(give, lease,
                     "INSERT INTO room_consent (room_id, user_id, since) VALUES ($1, $2, $3)"
                     " ON CONFLICT (room_id, user_id) DO NOTHING");
                stmt_bind_int(&give, 1, room_id);
                stmt_bind_int(&give, 2, user_id);
                stmt_bind_int(&give, 3, clock_wall_ms());
                return stmt_run(&give, reterr);
        }
        STMT(take, lease, "DELETE FROM room_consent WHERE room_id = $1 AND user_id = $2");
        stmt_bind_int(&take, 1, room_id);
        stmt_bind_int(&take, 2, user_id);
        return stmt_run(&take, reterr);
}

enum status room_consent_clear(struct lease *lease, int64_t room_id, struct error *reterr)
{
        STMT(q, lease, "DELETE FROM room_consent WHERE room_id = $1");
        stmt_bind_int(&q, 1, room_id);
        return stmt_run(&q, reterr);
}

enum status room_consent_list(struct lease *lease, struct arena *arena, int64_t user_id,
                              int64_t **ret_ids, size_t *ret_n, struct error *reterr)
{
        STMT(q, lease, "SELECT room_id FROM room_consent WHERE user_id = $1 ORDER BY room_id");
        stmt_bind_int(&q, 1, user_id);
        return rows_ids(&q, arena, ret_ids, ret_n, reterr);
}

static void read_message(struct arena *arena, const struct stmt *q, struct room_message *ret)
{
        bool is_coach = !stmt_is_null(q, 5);

        *ret = (struct room_message){
                .id = stmt_int(q, 0),
                .room_id = stmt_int(q, 1),
                .seq = stmt_int(q, 2),
                .user_id = stmt_int(q, 3),
                .username = is_coach ? MESSAGE_COACH : rows_text(arena, q, 4),
                .coach_engine = is_coach ? rows_text(arena, q, 5) : "",
                .asker_id = stmt_int(q, 6),
                .content = rows_text(arena, q, 7),
                .created_at_ms = stmt_int(q, 8),
                .client_message_id = "",
                .reply = {.username = "", .excerpt = ""},
        };
}

enum status room_consent_messages(struct lease *lease, struct arena *arena, int64_t room_id,
                                  int64_t before_seq, size_t limit, struct room_message_list *ret,
                                  struct error *reterr)
{
        STMT(q, lease,
             "SELECT m.id, m.room_id, m.seq, m.user_id, a.username, m.coach_engine, m.asker_id,"
             " m.content, m.created_at"
             " FROM message m JOIN room_consent c ON c.room_id = m.room_id"
             "   AND c.user_id = coalesce(m.user_id, m.asker_id)"
             " JOIN account a ON a.id = c.user_id AND a.deleting_at IS NULL"
             " WHERE m.room_id = $1 AND m.seq < $2 AND m.seq >= $3 AND m.deleted_at IS NULL"
             " AND m.created_at >= c.since AND a.is_active = 1"
             " ORDER BY m.seq DESC LIMIT $4");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, before_seq);
        stmt_bind_int(&q, 3, before_seq - ROOM_CONSENT_EVENTS);
        stmt_bind_int(&q, 4, (int64_t)limit);
        struct room_message *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                read_message(arena, &q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct room_message_list){page.items, page.n_items};
        return st;
}
