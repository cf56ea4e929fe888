#include "service/store/level.h"

#include "common/clock.h"
#include "service/store/rows.h"
#include "service/store/skill.h"
#include "service/store/training.h"

#include <inttypes.h>
#include <string.h>

#define SELECT_CHANGE                                                                            \
        "SELECT c.id, c.user_id, c.skill_id, s.name, c.old_level, c.new_level, c.engine, c.why," \
        " c.created_at, c.disputed_at, c.dispute_reason, c.reverted"                             \
        " FROM level_change c JOIN skill s ON s.id = c.skill_id"

/* --- changing --- */

/* 0 where the skill is not linked. */
static enum status read_level(struct lease *lease, int64_t user_id, int64_t skill_id, int *ret,
                              struct error *reterr)
{
        STMT(q, lease, "SELECT level FROM user_skill WHERE user_id = $1 AND skill_id = $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);

        enum status st = stmt_row(&q, reterr);
        *ret = st == STATUS_OK ? (int)stmt_int(&q, 0) : 0;
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static enum status write_level(struct lease *lease, int64_t user_id, int64_t skill_id, int level,
                               struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO user_skill (user_id, skill_id, level, updated_at)"
             " VALUES ($1, $2, $3, $4) ON CONFLICT (user_id, skill_id)"
             " DO UPDATE SET level = excluded.level, updated_at = excluded.updated_at");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        stmt_bind_int(&q, 3, level);
        stmt_bind_int(&q, 4, clock_wall_ms());
        return stmt_run(&q, reterr);
}

static enum status write_change(struct lease *lease, int64_t user_id, int64_t skill_id,
                                int old_level, int new_level, const struct level_reason *reason,
                                int64_t *ret_id, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO level_change (user_id, skill_id, old_level, new_level, engine, why,"
             " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        stmt_bind_int(&q, 3, old_level);
        stmt_bind_int(&q, 4, new_level);
        stmt_bind_text(&q, 5, reason->engine);
        stmt_bind_text(&q, 6, reason->why);
        stmt_bind_int(&q, 7, clock_wall_ms());

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_id = stmt_int(&q, 0);
        return st;
}

static enum status write_evidence(struct lease *lease, int64_t change_id,
                                  const struct level_reason *reason, struct error *reterr)
{
        enum status st = STATUS_OK;

        STMT(q, lease,
             "INSERT INTO level_evidence (change_id, position, source, message_id)"
             " VALUES ($1, $2, $3, $4)");
        for (size_t i = 0; st == STATUS_OK && i < reason->n_evidence; i++) {
                stmt_reset(&q);
                stmt_bind_int(&q, 1, change_id);
                stmt_bind_int(&q, 2, (int64_t)i);
                stmt_bind_int(&q, 3, reason->evidence[i].source);
                stmt_bind_int(&q, 4, reason->evidence[i].id);
                st = stmt_run(&q, reterr);
        }
        return st;
}

enum status level_set(struct lease *lease, int64_t user_id, int64_t skill_id, int level,
                      const struct level_reason *reason, struct level_moved *ret,
                      struct error *reterr)
{
        struct level_moved moved = {.skill_id = skill_id, .new_level = level};
        enum status st;

        if (level < 0 || level > SKILL_MAX_LEVEL)
                return error_field(reterr, "level", "want 0 to %d, got %d", SKILL_MAX_LEVEL, level);
        st = read_level(lease, user_id, skill_id, &moved.old_level, reterr);
        if (st == STATUS_OK)
                st = write_level(lease, user_id, skill_id, level, reterr);
        if (st == STATUS_OK && level != moved.old_level) {
                st = write_change(lease, user_id, skill_id, moved.old_level, level, reason,
                                  &moved.change_id, reterr);
                if (st == STATUS_OK)
                        st = write_evidence(lease, moved.change_id, reason, reterr);
                if (st == STATUS_OK)
                        st = training_follow(lease, user_id, skill_id, moved.old_level, level,
                                             &moved.training_id, reterr);
        }
        if (st == STATUS_OK)
                *ret = moved;
        return st;
}

/* --- reading --- */

static void read_change(struct arena *arena, const struct stmt *q, struct level_change *ret)
{
        *ret = (struct level_change){
                .id = stmt_int(q, 0),
                .user_id = stmt_int(q, 1),
                .skill_id = stmt_int(q, 2),
                .skill_name = rows_text(arena, q, 3),
                .old_level = (int)stmt_int(q, 4),
                .new_level = (int)stmt_int(q, 5),
                .engine = rows_text(arena, q, 6),
                .why = rows_text(arena, q, 7),
                .created_at_ms = stmt_int(q, 8),
                .disputed_at_ms = stmt_int(q, 9),
                .dispute_reason = rows_text(arena, q, 10),
                .is_reverted = stmt_int(q, 11) != 0,
        };
}

static enum status read_evidence(struct lease *lease, struct arena *arena,
                                 const struct seal_key *key, struct level_change *change,
                                 struct error *reterr)
{
        enum status st;

        STMT(q, lease,
             "SELECT source, message_id FROM level_evidence WHERE change_id = $1"
             " ORDER BY position");
        stmt_bind_int(&q, 1, change->id);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK) {
                change->evidence = rows_grow(arena, change->evidence, change->n_evidence,
                                             sizeof(*change->evidence));
                if (!change->evidence)
                        return rows_check(arena, reterr);
                struct said *said = &change->evidence[change->n_evidence++];
                *said = (struct said){.source = (enum said_source)stmt_int(&q, 0),
                                      .id = stmt_int(&q, 1)};
                st = said_read(lease, arena, key, change->user_id, said, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

/* The statement's next row, with its evidence. */
static enum status next_change(struct lease *lease, struct arena *arena, const struct seal_key *key,
                               struct stmt *q, struct level_change *ret, struct error *reterr)
{
        struct level_change change;
        enum status st = stmt_row(q, reterr);

        if (st != STATUS_OK)
                return st;
        read_change(arena, q, &change);
        st = read_evidence(lease, arena, key, &change, reterr);
        if (st == STATUS_OK)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = change;
        return st;
}

static size_t size_of(const struct level_change *change)
{
        size_t n = strlen(change->why) + strlen(change->dispute_reason) + 128;

        for (size_t i = 0; i < change->n_evidence; i++)
                n += strlen(change->evidence[i].text) + 64;
        return n;
}

static enum status read_list(struct lease *lease, struct arena *arena, const struct seal_key *key,
                             struct stmt *q, size_t limit, struct level_change_list *ret,
                             struct error *reterr)
{
        struct level_change_list list = {0};
        struct level_change change;
        size_t n_bytes = 0;
        enum status st;

        while ((st = next_change(lease, arena, key, q, &change, reterr)) == STATUS_OK) {
                n_bytes += size_of(&change);
                if (list.n_items == limit || (n_bytes > LEVEL_LIST_BYTES && list.n_items > 0)) {
                        list.more = true;
                        break;
                }
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                list.items[list.n_items++] = change;
        }
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

enum status level_list(struct lease *lease, struct arena *arena, const struct seal_key *key,
                       int64_t user_id, int64_t skill_id, int64_t before_id, size_t limit,
                       struct level_change_list *ret, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st == STATUS_OK && skill_id != 0)
                st = rows_require_skill(lease, skill_id, reterr);
        if (st != STATUS_OK)
                return st;
        /* Two statements, because each has an index of its own. */
        if (skill_id == 0) {
                STMT(all, lease,
                     SELECT_CHANGE " WHERE c.user_id = $1 AND c.id < $2"
                                   " ORDER BY c.id DESC LIMIT $3");
                stmt_bind_int(&all, 1, user_id);
                stmt_bind_int(&all, 2, before_id > 0 ? before_id : INT64_MAX);
                stmt_bind_int(&all, 3, (int64_t)limit + 1);
                return read_list(lease, arena, key, &all, limit, ret, reterr);
        }
        STMT(one, lease,
             SELECT_CHANGE " WHERE c.user_id = $1 AND c.id < $2 AND c.skill_id = $4"
                           " ORDER BY c.id DESC LIMIT $3");
        stmt_bind_int(&one, 1, user_id);
        stmt_bind_int(&one, 2, before_id > 0 ? before_id : INT64_MAX);
        stmt_bind_int(&one, 3, (int64_t)limit + 1);
        stmt_bind_int(&one, 4, skill_id);
        return read_list(lease, arena, key, &one, limit, ret, reterr);
}

enum status level_get(struct lease *lease, struct arena *arena, const struct seal_key *key,
                      int64_t user_id, int64_t id, struct level_change *ret, struct error *reterr)
{
        STMT(q, lease, SELECT_CHANGE " WHERE c.id = $1 AND c.user_id = $2");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, user_id);

        enum status st = next_change(lease, arena, key, &q, ret, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "level_change", "%" PRId64, id);
        return st;
}

/* --- disputing --- */

static enum status check_disputable(const struct level_change *change, struct error *reterr)
{
        if (change->disputed_at_ms != 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "level change %" PRId64 " is disputed already", change->id);
        if (strcmp(change->engine, LEVEL_BY_SELF) == 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "level change %" PRId64 " is your own: set the level again",
                                 change->id);
        if (strcmp(change->engine, LEVEL_BY_ADMIN) == 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "level change %" PRId64
                                 " is an administrator's, with no evidence to dispute: ask one",
                                 change->id);
        return STATUS_OK;
}

static enum status mark_disputed(struct lease *lease, int64_t id, const char *reason,
                                 struct error *reterr)
{
        STMT(q, lease,
             "UPDATE level_change SET disputed_at = $2, dispute_reason = $3, reverted = 1"
             " WHERE id = $1");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, clock_wall_ms());
        stmt_bind_text(&q, 3, reason);
        return stmt_run(&q, reterr);
}

/* By as much as the change was, because others may have followed. */
static enum status take_back(struct lease *lease, const struct level_change *change,
                             struct level_moved *ret, struct error *reterr)
{
        int64_t completed = 0;
        int level = 0;
        enum status st = read_level(lease, change->user_id, change->skill_id, &level, reterr);
        int back = level - (change->new_level - change->old_level);

        back = back < 0 ? 0 : back > SKILL_MAX_LEVEL ? SKILL_MAX_LEVEL : back;
        if (st == STATUS_OK)
                st = write_level(lease, change->user_id, change->skill_id, back, reterr);
        if (st == STATUS_OK)
                st = training_follow(lease, change->user_id, change->skill_id, level, back,
                                     &completed, reterr);
        if (st == STATUS_OK)
                *ret = (struct level_moved){.change_id = change->id,
                                            .skill_id = change->skill_id,
                                            .old_level = level,
                                            .new_level = back,
                                            .is_reverted = true,
                                            .training_id = completed};
        return st;
}

enum status level_dispute(struct lease *lease, struct arena *arena, const struct seal_key *key,
                          int64_t user_id, int64_t id, const char *reason, struct level_change *ret,
                          struct level_moved *ret_moved, struct error *reterr)
{
        struct level_change change = {.engine = ""};
        enum status st = level_get(lease, arena, key, user_id, id, &change, reterr);

        if (st == STATUS_OK)
                st = check_disputable(&change, reterr);
        if (st == STATUS_OK)
                st = mark_disputed(lease, id, reason, reterr);
        if (st == STATUS_OK)
                st = take_back(lease, &change, ret_moved, reterr);
        return st == STATUS_OK ? level_get(lease, arena, key, user_id, id, ret, reterr) : st;
}
