#include "service/store/room.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of the room $1 and the user $2, who may be nobody. */
#define COLUMNS                                                                      \
        "r.id, r.name, r.description, r.kind, r.is_public, r.coach_enabled,"         \
        " r.password_hash, r.max_members, r.n_members, r.retention_s, r.created_at," \
        " r.last_seq, r.last_event_at, r.pruned_seq, a.username, m.state, m.role,"   \
        " m.muted_until, r.coach, r.coach_hears"
#define JOINS                               \
        " LEFT JOIN account a ON a.id = $2" \
        " LEFT JOIN room_member m ON m.room_id = r.id AND m.user_id = $2"

static enum room_kind kind_of(const char *name)
{
        if (strcmp(name, "general") == 0)
                return ROOM_KIND_GENERAL;
        return strcmp(name, "direct") == 0 ? ROOM_KIND_DIRECT : ROOM_KIND_GROUP;
}

static void read_room(struct arena *arena, const struct stmt *q, struct room *ret)
{
        *ret = (struct room){
                .id = stmt_int(q, 0),
                .name = rows_text(arena, q, 1),
                .description = rows_text(arena, q, 2),
                .kind = kind_of(stmt_text(q, 3)),
                .is_public = stmt_int(q, 4) != 0,
                .coach_enabled = stmt_int(q, 5) != 0,
                .password_hash = stmt_is_null(q, 6) ? NULL : rows_text(arena, q, 6),
                .max_members = stmt_int(q, 7),
                .n_members = stmt_int(q, 8),
                .retention_s = stmt_int(q, 9),
                .created_at_ms = stmt_int(q, 10),
                .last_seq = stmt_int(q, 11),
                .last_event_at_ms = stmt_int(q, 12),
                .pruned_seq = stmt_int(q, 13),
                .username = rows_text(arena, q, 14),
                .state = (enum member_state)stmt_int(q, 15),
                .role = (enum member_role)stmt_int(q, 16),
                .muted_until_ms = stmt_int(q, 17),
                .coach = (enum room_coach_kind)stmt_int(q, 18),
                .coach_hears = (enum coach_hears)stmt_int(q, 19),
        };
}

enum status room_get(struct lease *lease, struct arena *arena, int64_t id, int64_t user_id,
                     struct room *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT " COLUMNS " FROM room r" JOINS " WHERE r.id = $1 AND r.deleted_at IS NULL");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "room", "%" PRId64, id);
        if (st != STATUS_OK)
                return st;

        struct room room;
        read_room(arena, &q, &room);
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = room;
        return st;
}

/* --- details --- */

static enum status read_other_name(struct lease *lease, struct arena *arena, struct room *room,
                                   int64_t user_id, struct error *reterr)
{
        STMT(q, lease,
             "SELECT a.username FROM room_member m JOIN account a ON a.id = m.user_id"
             " WHERE m.room_id = $1 AND m.user_id <> $2");
        stmt_bind_int(&q, 1, room->id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                room->name = rows_text(arena, &q, 0);
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static enum status count_unread(struct lease *lease, const struct room *room, int64_t user_id,
                                int64_t last_read_seq, int64_t *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT count(*) FROM (SELECT 1 FROM message"
             " WHERE room_id = $1 AND seq > $2 AND deleted_at IS NULL"
             " AND (user_id <> $3 OR coach_engine IS NOT NULL)"
             " LIMIT $4)");
        stmt_bind_int(&q, 1, room->id);
        stmt_bind_int(&q, 2, last_read_seq);
        stmt_bind_int(&q, 3, user_id);
        stmt_bind_int(&q, 4, ROOM_MAX_UNREAD);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}

enum status room_describe(struct lease *lease, struct arena *arena, struct room *room,
                          int64_t user_id, struct room_details *ret, struct error *reterr)
{
        struct room_details details = {0};
        STMT(q, lease,
             "SELECT (SELECT user_id FROM room_member"
             "   WHERE room_id = $1 AND role = 3 AND state = 1),"
             " (SELECT seq FROM room_read WHERE user_id = $2 AND room_id = $1),"
             " EXISTS (SELECT 1 FROM room_invite"
             "   WHERE room_id = $1 AND user_id = $2 AND status = 1),"
             " EXISTS (SELECT 1 FROM room_consent WHERE room_id = $1 AND user_id = $2)");
        stmt_bind_int(&q, 1, room->id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st != STATUS_OK)
                return st;
        details.creator_id = stmt_int(&q, 0);
        details.last_read_seq = stmt_int(&q, 1);
        details.is_invited = stmt_int(&q, 2) != 0;
        details.has_consented = stmt_int(&q, 3) != 0;
        if (room->kind == ROOM_KIND_DIRECT)
                st = read_other_name(lease, arena, room, user_id, reterr);
        if (st == STATUS_OK && (room->kind == ROOM_KIND_GENERAL ? room->state != MEMBER_BANNED
                                                                : room->state == MEMBER_ACTIVE))
                st = count_unread(lease, room, user_id, details.last_read_seq, &details.n_unread,
                                  reterr);
        if (st == STATUS_OK)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = details;
        return st;
}

/* --- lists --- */

/* A pattern for LIKE that finds the text anywhere. */
static const char *contains_pattern(struct arena *arena, const char *text)
{
        size_t n = strlen(text);
        char *pattern = arena_alloc(arena, 2 * n + 3);
        char *at = pattern;

        if (!pattern)
                return "";
        *at++ = '%';
        for (; *text; text++) {
                if (strchr("%_\\", *text))
                        *at++ = '\\';
                *at++ = *text;
        }
        *at++ = '%';
        *at = '\0';
        return pattern;
}

static enum status read_rooms(struct arena *arena, struct stmt *q, size_t limit,
                              struct room_list *ret, struct error *reterr)
{
        struct room_list list = {0};
        size_t n_bytes = 0;
        enum status st;

        while ((st = stmt_row(q, reterr)) == STATUS_OK) {
                if (list.n_items == limit || n_bytes > ROOM_LIST_BYTES) {
                        list.more = true;
                        break;
                }
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                read_room(arena, q, &list.items[list.n_items]);
                n_bytes += 256 + strlen(list.items[list.n_items].name) +
                           strlen(list.items[list.n_items].description);
                list.n_items++;
        }
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

enum status room_list_mine(struct lease *lease, struct arena *arena, int64_t user_id,
                           const char *query, int64_t after_id, size_t limit, struct room_list *ret,
                           struct error *reterr)
{
        const char *pattern = contains_pattern(arena, query);
        STMT(q, lease,
             "SELECT " COLUMNS " FROM room r" JOINS
             " WHERE r.id > $3 AND r.deleted_at IS NULL AND r.name LIKE $4 ESCAPE '\\'"
             " AND (r.id = 1 OR r.id IN"
             "   (SELECT room_id FROM room_member WHERE user_id = $2 AND state = 1))"
             " AND m.state IS NOT 3"
             " ORDER BY r.id LIMIT $5");
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, after_id);
        stmt_bind_text(&q, 4, pattern);
        stmt_bind_int(&q, 5, (int64_t)limit + 1);
        return read_rooms(arena, &q, limit, ret, reterr);
}

enum status room_list_public(struct lease *lease, struct arena *arena, int64_t user_id,
                             const char *query, int64_t after_id, size_t limit,
                             struct room_list *ret, struct error *reterr)
{
        const char *pattern = contains_pattern(arena, query);
        STMT(q, lease,
             "SELECT " COLUMNS " FROM room r" JOINS
             " WHERE r.id > $3 AND r.is_public = 1 AND r.deleted_at IS NULL"
             " AND r.name LIKE $4 ESCAPE '\\' ORDER BY r.id LIMIT $5");
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, after_id);
        stmt_bind_text(&q, 4, pattern);
        stmt_bind_int(&q, 5, (int64_t)limit + 1);
        return read_rooms(arena, &q, limit, ret, reterr);
}

/* --- changes --- */

enum status room_create(struct lease *lease, const struct room_change *settings, int64_t *ret_id,
                        struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO room (name, description, kind, is_public, password_hash, coach_enabled,"
             " max_members, retention_s, created_at, coach, coach_hears)"
             " VALUES ($1, $2, 'group', $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id");
        stmt_bind_text(&q, 1, settings->name);
        stmt_bind_text(&q, 2, settings->description);
        stmt_bind_int(&q, 3, settings->is_public);
        stmt_bind_text(&q, 4, settings->password_hash);
        stmt_bind_int(&q, 5, settings->coach_enabled);
        stmt_bind_int(&q, 6, settings->max_members);
        stmt_bind_int(&q, 7, settings->retention_s);
        stmt_bind_int(&q, 8, clock_wall_ms());
        stmt_bind_int(&q, 9, settings->coach ? settings->coach : ROOM_COACH_BUILTIN);
        stmt_bind_int(&q, 10, settings->coach_hears ? settings->coach_hears : COACH_HEARS_MESSAGE);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_id = stmt_int(&q, 0);
        return st;
}

static enum status find_pair(struct lease *lease, const char *pair, int64_t *ret_id,
                             struct error *reterr)
{
        STMT(q, lease, "SELECT id FROM room WHERE pair = $1 AND deleted_at IS NULL");
        stmt_bind_text(&q, 1, pair);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_id = stmt_int(&q, 0);
        return st;
}

enum status room_pair(struct lease *lease, int64_t user_id, int64_t other_id, int64_t *ret_id,
                      bool *ret_created, struct error *reterr)
{
        char pair[48];

        snprintf(pair, sizeof(pair), "%" PRId64 ":%" PRId64,
                 user_id < other_id ? user_id : other_id, user_id < other_id ? other_id : user_id);
        *ret_created = false;
        enum status st = find_pair(lease, pair, ret_id, reterr);
        if (st != STATUS_NOT_FOUND)
                return st;

        STMT(q, lease,
             "INSERT INTO room (name, kind, max_members, pair, created_at)"
             " VALUES ('', 'direct', 2, $1, $2) RETURNING id");
        stmt_bind_text(&q, 1, pair);
        stmt_bind_int(&q, 2, clock_wall_ms());
        st = stmt_row(&q, reterr);
        if (st != STATUS_OK)
                return st;
        *ret_id = stmt_int(&q, 0);
        *ret_created = true;
        return STATUS_OK;
}

enum status room_update(struct lease *lease, int64_t id, const struct room_change *change,
                        struct error *reterr)
{
        STMT(q, lease,
             "UPDATE room SET name = coalesce($2, name), description = coalesce($3, description),"
             " is_public = coalesce($4, is_public), coach_enabled = coalesce($5, coach_enabled),"
             " max_members = coalesce($6, max_members), retention_s = coalesce($7, retention_s),"
             " password_hash = CASE WHEN $8 THEN $9 ELSE password_hash END,"
             " coach = coalesce($10, coach), coach_hears = coalesce($11, coach_hears)"
             " WHERE id = $1");
        stmt_bind_int(&q, 1, id);
        stmt_bind_text(&q, 2, change->name);
        stmt_bind_text(&q, 3, change->description);
        if (change->has_is_public)
                stmt_bind_int(&q, 4, change->is_public);
        if (change->has_coach_enabled)
                stmt_bind_int(&q, 5, change->coach_enabled);
        if (change->has_max_members)
                stmt_bind_int(&q, 6, change->max_members);
        if (change->has_retention)
                stmt_bind_int(&q, 7, change->retention_s);
        stmt_bind_int(&q, 8, change->has_password);
        stmt_bind_text(&q, 9, change->password_hash);
        if (change->coach)
                stmt_bind_int(&q, 10, change->coach);
        if (change->coach_hears)
                stmt_bind_int(&q, 11, change->coach_hears);
        return stmt_run(&q, reterr);
}

enum status room_delete(struct lease *lease, int64_t id, struct error *reterr)
{
        STMT(q, lease,
             "UPDATE room SET deleted_at = $2, is_public = 0, retention_s = 0, n_members = 0"
             " WHERE id = $1");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, clock_wall_ms());

        enum status st = stmt_run(&q, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(members, lease, "DELETE FROM room_member WHERE room_id = $1");
        stmt_bind_int(&members, 1, id);
        st = stmt_run(&members, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(invites, lease, "DELETE FROM room_invite WHERE room_id = $1");
        stmt_bind_int(&invites, 1, id);
        return stmt_run(&invites, reterr);
}

enum status room_take_seq(struct lease *lease, int64_t id, int64_t now_ms, int64_t *ret_seq,
                          struct error *reterr)
{
        /* RETURNING would cost more than both statements: SQLite makes a table for it. */
        STMT(last, lease, "SELECT last_seq FROM room WHERE id = $1");
        stmt_bind_int(&last, 1, id);
        enum status st = stmt_row(&last, reterr);
        int64_t seq = st == STATUS_OK ? stmt_int(&last, 0) + 1 : 0;

        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "room", "%" PRId64, id);
        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "UPDATE room SET last_seq = $2, last_event_at = $3 WHERE id = $1");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, seq);
        stmt_bind_int(&q, 3, now_ms);
        st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                *ret_seq = seq;
        return st;
}

enum status room_mark_read(struct lease *lease, int64_t id, int64_t user_id, int64_t seq,
                           int64_t *ret_seq, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO room_read (user_id, room_id, seq) VALUES ($1, $2, $3)"
             " ON CONFLICT (user_id, room_id) DO UPDATE SET seq = max(seq, excluded.seq)"
             " RETURNING seq");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, id);
        stmt_bind_int(&q, 3, seq);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_seq = stmt_int(&q, 0);
        return st;
}
