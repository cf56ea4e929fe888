#include "service/store/member.h"

#include "common/clock.h"
#include "service/store/room.h"
#include "service/store/room_consent.h"
#include "service/store/rows.h"

#include <inttypes.h>

#define COLUMNS                                                               \
        "m.user_id, a.username, m.state, m.role, m.joined_at, m.muted_until," \
        " (SELECT seq FROM room_read r WHERE r.user_id = m.user_id AND r.room_id = m.room_id)"
#define TABLES " FROM room_member m JOIN account a ON a.id = m.user_id AND a.deleting_at IS NULL"

static void read_member(struct arena *arena, const struct stmt *q, struct member *ret)
{
        *ret = (struct member){
                .user_id = stmt_int(q, 0),
                .username = rows_text(arena, q, 1),
                .state = (enum member_state)stmt_int(q, 2),
                .role = (enum member_role)stmt_int(q, 3),
                .joined_at_ms = stmt_int(q, 4),
                .muted_until_ms = stmt_int(q, 5),
                .last_read_seq = stmt_int(q, 6),
        };
}

enum status member_get(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                       struct member *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT " COLUMNS TABLES " WHERE m.room_id = $1 AND m.user_id = $2");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "member", "%" PRId64, user_id);
        if (st != STATUS_OK)
                return st;

        struct member member;
        read_member(arena, &q, &member);
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = member;
        return st;
}

enum status member_list(struct lease *lease, struct arena *arena, int64_t room_id,
                        enum member_state state, int64_t after_user_id, size_t limit,
                        struct member_list *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT " COLUMNS TABLES " WHERE m.room_id = $1 AND m.state = $2 AND m.user_id > $3"
             " AND (m.room_id <> 1 OR m.state <> 1 OR m.muted_until > $5)"
             " ORDER BY m.user_id LIMIT $4");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, state);
        stmt_bind_int(&q, 3, after_user_id);
        stmt_bind_int(&q, 4, (int64_t)limit + 1);
        stmt_bind_int(&q, 5, clock_wall_ms());
        struct member *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                read_member(arena, &q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct member_list){page.items, page.n_items, page.more};
        return st;
}

/* --- coming and going --- */

static enum status count_rooms(struct lease *lease, int64_t user_id, struct error *reterr)
{
        STMT(q, lease,
             "SELECT count(*) FROM room_member WHERE user_id = $1 AND state = 1 AND room_id <> 1");
        stmt_bind_int(&q, 1, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK && stmt_int(&q, 0) >= MEMBER_MAX_ROOMS)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "user %" PRId64 " is in %d rooms already, the limit", user_id,
                                 MEMBER_MAX_ROOMS);
        return st;
}

/* The room has a place less or more. */
static enum status add_to_count(struct lease *lease, int64_t room_id, int64_t n,
                                struct error *reterr)
{
        STMT(q, lease,
             "UPDATE room SET n_members = n_members + $2 WHERE id = $1 AND kind <> 'general'");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, n);
        return stmt_run(&q, reterr);
}

enum status member_enter(struct lease *lease, const struct room *room, int64_t user_id,
                         enum member_role role, struct error *reterr)
{
        if (room->n_members >= room->max_members)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "room %" PRId64 " is full: it has room for %" PRId64, room->id,
                                 room->max_members);
        enum status st = count_rooms(lease, user_id, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO room_member (room_id, user_id, state, role, joined_at)"
             " VALUES ($1, $2, 1, $3, $4)"
             " ON CONFLICT (room_id, user_id) DO UPDATE"
             " SET state = 1, role = excluded.role, joined_at = excluded.joined_at");
        stmt_bind_int(&q, 1, room->id);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, role);
        stmt_bind_int(&q, 4, clock_wall_ms());
        st = stmt_run(&q, reterr);
        return st == STATUS_OK ? add_to_count(lease, room->id, 1, reterr) : st;
}

/* Whether somebody is counted. */
static enum status is_active(struct lease *lease, int64_t room_id, int64_t user_id, bool *ret,
                             struct error *reterr)
{
        STMT(q, lease,
             "SELECT 1 FROM room_member WHERE room_id = $1 AND user_id = $2 AND state = 1");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = stmt_row(&q, reterr);
        *ret = st == STATUS_OK;
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

enum status member_exit(struct lease *lease, int64_t room_id, int64_t user_id,
                        enum member_state state, struct error *reterr)
{
        bool was_active;
        enum status st = is_active(lease, room_id, user_id, &was_active, reterr);

        if (st == STATUS_OK && was_active)
                st = add_to_count(lease, room_id, -1, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO room_member (room_id, user_id, state, role, joined_at)"
             " VALUES ($1, $2, $3, 1, $4)"
             " ON CONFLICT (room_id, user_id) DO UPDATE"
             " SET state = excluded.state, role = 1");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, state);
        stmt_bind_int(&q, 4, clock_wall_ms());
        st = stmt_run(&q, reterr);
        return st == STATUS_OK ? room_consent_set(lease, room_id, user_id, false, reterr) : st;
}

enum status member_set_role(struct lease *lease, int64_t room_id, int64_t user_id,
                            enum member_role role, struct error *reterr)
{
        STMT(q, lease, "UPDATE room_member SET role = $3 WHERE room_id = $1 AND user_id = $2");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, role);
        return stmt_run(&q, reterr);
}

enum status member_set_muted(struct lease *lease, int64_t room_id, int64_t user_id,
                             int64_t until_ms, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO room_member (room_id, user_id, state, role, joined_at, muted_until)"
             " VALUES ($1, $2, 1, 1, $3, $4)"
             " ON CONFLICT (room_id, user_id) DO UPDATE SET muted_until = excluded.muted_until");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, clock_wall_ms());
        if (until_ms)
                stmt_bind_int(&q, 4, until_ms);
        return stmt_run(&q, reterr);
}

enum status member_successor(struct lease *lease, int64_t room_id, int64_t user_id, int64_t *ret,
                             struct error *reterr)
{
        STMT(q, lease,
             "SELECT user_id FROM room_member"
             " WHERE room_id = $1 AND user_id <> $2 AND state = 1"
             " ORDER BY role DESC, joined_at, user_id LIMIT 1");
        stmt_bind_int(&q, 1, room_id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        if (st != STATUS_NOT_FOUND)
                return st;
        *ret = 0;
        return STATUS_OK;
}

enum status member_rooms(struct lease *lease, struct arena *arena, int64_t user_id,
                         int64_t **ret_ids, size_t *ret_n, struct error *reterr)
{
        int64_t *ids = arena_calloc(arena, MEMBER_MAX_ROOMS, sizeof(*ids));
        size_t n = 0;
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT room_id FROM room_member"
             " WHERE user_id = $1 AND state = 1 AND room_id <> 1 ORDER BY room_id LIMIT $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, MEMBER_MAX_ROOMS);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK)
                ids[n++] = stmt_int(&q, 0);
        if (st != STATUS_NOT_FOUND)
                return st;
        *ret_ids = ids;
        *ret_n = n;
        return STATUS_OK;
}
