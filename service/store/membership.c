#include "service/store/membership.h"

#include "service/store/rows.h"

static void read_membership(struct arena *arena, const struct stmt *q, struct membership *ret)
{
        *ret = (struct membership){
                .room_id = stmt_int(q, 0),
                .room_name = rows_text(arena, q, 1),
                .kind = (enum room_kind)stmt_int(q, 2),
                .member =
                        {
                                .username = "",
                                .state = (enum member_state)stmt_int(q, 3),
                                .role = (enum member_role)stmt_int(q, 4),
                                .joined_at_ms = stmt_int(q, 5),
                                .muted_until_ms = stmt_int(q, 6),
                                .last_read_seq = stmt_int(q, 7),
                        },
        };
}

enum status membership_list(struct lease *lease, struct arena *arena, int64_t user_id,
                            int64_t after_room_id, size_t limit, struct membership_list *ret,
                            struct error *reterr)
{
        STMT(q, lease,
             "SELECT r.id, CASE WHEN m.state = 1 THEN r.name ELSE '' END,"
             " CASE r.kind WHEN 'general' THEN 1 WHEN 'group' THEN 2 ELSE 3 END,"
             " m.state, m.role, m.joined_at, m.muted_until,"
             " (SELECT seq FROM room_read x WHERE x.user_id = m.user_id AND x.room_id = m.room_id)"
             " FROM room_member m JOIN room r ON r.id = m.room_id AND r.deleted_at IS NULL"
             " WHERE m.user_id = $1 AND m.room_id > $2 ORDER BY m.room_id LIMIT $3");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, after_room_id);
        stmt_bind_int(&q, 3, (int64_t)limit + 1);
        struct membership *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                read_membership(arena, &q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct membership_list){page.items, page.n_items, page.more};
        return st;
}

enum status membership_invites(struct lease *lease, struct arena *arena, int64_t user_id,
                               int64_t before_id, size_t limit, struct invite_list *ret,
                               struct error *reterr)
{
        STMT(q, lease,
             "SELECT i.id, i.room_id, i.user_id, i.inviter_id,"
             " CASE WHEN r.is_public = 1 OR i.status = 1 OR EXISTS (SELECT 1 FROM room_member m"
             "   WHERE m.room_id = i.room_id AND m.user_id = $1 AND m.state = 1)"
             "   THEN r.name ELSE '' END,"
             " a.username, b.username, i.status, i.created_at, i.answered_at"
             " FROM room_invite i JOIN room r ON r.id = i.room_id AND r.deleted_at IS NULL"
             " JOIN account a ON a.id = i.user_id AND a.deleting_at IS NULL LEFT JOIN account b ON "
             "b.id = i.inviter_id"
             " WHERE (i.user_id = $1 OR i.inviter_id = $1) AND i.id < $2"
             " ORDER BY i.id DESC LIMIT $3");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, before_id ? before_id : INT64_MAX);
        stmt_bind_int(&q, 3, (int64_t)limit + 1);
        struct invite *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                invite_read_row(arena, &q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct invite_list){page.items, page.n_items, page.more};
        return st;
}
