#include "service/store/invite.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <inttypes.h>

#define SELECT_INVITE                                                                      \
        "SELECT i.id, i.room_id, i.user_id, i.inviter_id, r.name, a.username, b.username," \
        " i.status, i.created_at, i.answered_at"                                           \
        " FROM room_invite i JOIN room r ON r.id = i.room_id AND r.deleted_at IS NULL"     \
        " JOIN account a ON a.id = i.user_id AND a.deleting_at IS NULL"                    \
        " LEFT JOIN account b ON b.id = i.inviter_id"

void invite_read_row(struct arena *arena, const struct stmt *q, struct invite *ret)
{
        *ret = (struct invite){
                .id = stmt_int(q, 0),
                .room_id = stmt_int(q, 1),
                .user_id = stmt_int(q, 2),
                .inviter_id = stmt_int(q, 3),
                .room_name = rows_text(arena, q, 4),
                .username = rows_text(arena, q, 5),
                .inviter_username = rows_text(arena, q, 6),
                .status = (enum invite_status)stmt_int(q, 7),
                .created_at_ms = stmt_int(q, 8),
                .answered_at_ms = stmt_int(q, 9),
        };
}

static enum status next_invite(struct arena *arena, struct stmt *q, struct invite *ret,
                               struct error *reterr)
{
        struct invite invite;
        enum status st = stmt_row(q, reterr);

        if (st != STATUS_OK)
                return st;
        invite_read_row(arena, q, &invite);
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = invite;
        return st;
}

enum status invite_get(struct lease *lease, struct arena *arena, int64_t id, struct invite *ret,
                       struct error *reterr)
{
        STMT(q, lease, SELECT_INVITE " WHERE i.id = $1");
        stmt_bind_int(&q, 1, id);

        enum status st = next_invite(arena, &q, ret, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "invitation", "%" PRId64, id);
        return st;
}

enum status invite_find(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                        struct invite *ret, struct error *reterr)
{
        STMT(q, lease, SELECT_INVITE " WHERE i.room_id = $1 AND i.user_id = $2 AND i.status = 1");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);
        return next_invite(arena, &q, ret, reterr);
}

static enum status insert(struct lease *lease, int64_t room_id, int64_t user_id, int64_t inviter_id,
                          struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO room_invite (room_id, user_id, inviter_id, status, created_at)"
             " VALUES ($1, $2, $3, 1, $4)");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);
        if (inviter_id)
                stmt_bind_int(&q, 3, inviter_id);
        stmt_bind_int(&q, 4, clock_wall_ms());
        return stmt_run(&q, reterr);
}

enum status invite_add(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                       int64_t inviter_id, struct invite *ret, bool *ret_created,
                       struct error *reterr)
{
        enum status st = invite_find(lease, arena, room_id, user_id, ret, reterr);

        *ret_created = st == STATUS_NOT_FOUND;
        if (st != STATUS_NOT_FOUND)
                return st;
        st = insert(lease, room_id, user_id, inviter_id, reterr);
        return st == STATUS_OK ? invite_find(lease, arena, room_id, user_id, ret, reterr) : st;
}

enum status invite_answer(struct lease *lease, int64_t id, enum invite_status status,
                          struct error *reterr)
{
        STMT(q, lease,
             "UPDATE room_invite SET status = $2, answered_at = $3 WHERE id = $1 AND status = 1");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, status);
        stmt_bind_int(&q, 3, clock_wall_ms());
        return stmt_run(&q, reterr);
}

static enum status read_invites(struct arena *arena, struct stmt *q, size_t limit,
                                struct invite_list *ret, struct error *reterr)
{
        struct invite *item;
        struct rows_page page = ROWS_PAGE(q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                invite_read_row(arena, q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct invite_list){page.items, page.n_items, page.more};
        return st;
}

enum status invite_list_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                int64_t before_id, size_t limit, struct invite_list *ret,
                                struct error *reterr)
{
        STMT(q, lease,
             SELECT_INVITE " WHERE i.user_id = $1 AND i.status = 1 AND i.id < $2"
                           " ORDER BY i.id DESC LIMIT $3");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, before_id ? before_id : INT64_MAX);
        stmt_bind_int(&q, 3, (int64_t)limit + 1);
        return read_invites(arena, &q, limit, ret, reterr);
}

enum status invite_list_of_room(struct lease *lease, struct arena *arena, int64_t room_id,
                                int64_t before_id, size_t limit, struct invite_list *ret,
                                struct error *reterr)
{
        STMT(q, lease,
             SELECT_INVITE " WHERE i.room_id = $1 AND i.status = 1 AND i.id < $2"
                           " ORDER BY i.id DESC LIMIT $3");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, before_id ? before_id : INT64_MAX);
        stmt_bind_int(&q, 3, (int64_t)limit + 1);
        return read_invites(arena, &q, limit, ret, reterr);
}
