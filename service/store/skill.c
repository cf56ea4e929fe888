#include "service/store/skill.h"

#include "common/clock.h"
#include "service/store/level.h"
#include "service/store/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS "id, name, description, created_at"

static void read_skill(struct arena *arena, const struct stmt *q, struct skill *ret)
{
        *ret = (struct skill){
                .id = stmt_int(q, 0),
                .name = rows_text(arena, q, 1),
                .description = rows_text(arena, q, 2),
                .created_at_ms = stmt_int(q, 3),
        };
}

static enum status next_skill(struct arena *arena, struct stmt *q, struct skill *ret,
                              struct error *reterr)
{
        struct skill skill;
        enum status st = stmt_row(q, reterr);

        if (st != STATUS_OK)
                return st;
        read_skill(arena, q, &skill);
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = skill;
        return st;
}

static enum status check_name(const char *name, struct error *reterr)
{
        if (name[strspn(name, " \t\r\n")] == '\0')
                return error_field(reterr, "name", "want a name, got none");
        return STATUS_OK;
}

static enum status get_by_name(struct lease *lease, struct arena *arena, const char *name,
                               struct skill *ret, struct error *reterr)
{
        const char *key = rows_fold(arena, name);
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "SELECT " COLUMNS " FROM skill WHERE name_key = $1");
        stmt_bind_text(&q, 1, key);
        st = next_skill(arena, &q, ret, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "skill", "%s", name);
        return st;
}

enum status skill_add(struct lease *lease, struct arena *arena, const char *name,
                      const char *description, struct skill *ret, struct error *reterr)
{
        const char *key = rows_fold(arena, name);
        enum status st = rows_check(arena, reterr);

        if (st == STATUS_OK)
                st = check_name(name, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO skill (name, name_key, description, created_at)"
             " VALUES ($1, $2, $3, $4) RETURNING " COLUMNS);
        stmt_bind_text(&q, 1, name);
        stmt_bind_text(&q, 2, key);
        stmt_bind_text(&q, 3, description);
        stmt_bind_int(&q, 4, clock_wall_ms());
        st = next_skill(arena, &q, ret, reterr);
        if (st == STATUS_ALREADY_EXISTS) {
                error_resource(reterr, st, "skill", "%s", name);
                if (reterr)
                        snprintf(reterr->field, sizeof(reterr->field), "name");
        }
        return st;
}

enum status skill_get_or_create(struct lease *lease, struct arena *arena, const char *name,
                                const char *description, struct skill *ret, bool *ret_created,
                                struct error *reterr)
{
        enum status st = check_name(name, reterr);

        if (st != STATUS_OK)
                return st;
        st = get_by_name(lease, arena, name, ret, reterr);
        if (st == STATUS_OK)
                *ret_created = false;
        if (st != STATUS_NOT_FOUND)
                return st;
        /* Nobody comes between the two: there is one writer. */
        st = skill_add(lease, arena, name, description, ret, reterr);
        if (st == STATUS_OK)
                *ret_created = true;
        return st;
}

enum status skill_get(struct lease *lease, struct arena *arena, int64_t id, struct skill *ret,
                      struct error *reterr)
{
        STMT(q, lease, "SELECT " COLUMNS " FROM skill WHERE id = $1");
        stmt_bind_int(&q, 1, id);

        enum status st = next_skill(arena, &q, ret, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "skill", "%" PRId64, id);
        return st;
}

enum status skill_list(struct lease *lease, struct arena *arena, int64_t after_id, size_t limit,
                       struct skill_list *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT " COLUMNS " FROM skill WHERE id > $1 ORDER BY id LIMIT $2");
        stmt_bind_int(&q, 1, after_id);
        stmt_bind_int(&q, 2, (int64_t)limit + 1);
        struct skill *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                read_skill(arena, &q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct skill_list){page.items, page.n_items, page.more};
        return st;
}

enum status user_skill_ids(struct lease *lease, struct arena *arena, int64_t user_id,
                           int64_t **ret_ids, size_t *ret_n, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "SELECT skill_id FROM user_skill WHERE user_id = $1 ORDER BY skill_id");
        stmt_bind_int(&q, 1, user_id);
        return rows_ids(&q, arena, ret_ids, ret_n, reterr);
}

static void read_user_skill(struct arena *arena, const struct stmt *q, struct user_skill *ret)
{
        read_skill(arena, q, &ret->skill);
        ret->level = (int)stmt_int(q, 4);
        ret->updated_at_ms = stmt_int(q, 5);
}

enum status user_skill_list(struct lease *lease, struct arena *arena, int64_t user_id,
                            struct user_skill_list *ret, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT s.id, s.name, s.description, s.created_at, us.level, us.updated_at"
             " FROM user_skill us JOIN skill s ON s.id = us.skill_id"
             " WHERE us.user_id = $1 ORDER BY us.skill_id");
        stmt_bind_int(&q, 1, user_id);
        struct user_skill *item;
        struct rows_page page = ROWS_ALL(&q, arena, sizeof(*item), reterr);

        while ((item = rows_next(&page)))
                read_user_skill(arena, &q, item);
        st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct user_skill_list){page.items, page.n_items};
        return st;
}

/* Both ends of a link. */
static enum status require_both(struct lease *lease, int64_t user_id, int64_t skill_id,
                                struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        return st == STATUS_OK ? rows_require_skill(lease, skill_id, reterr) : st;
}

enum status user_skill_level(struct lease *lease, int64_t user_id, int64_t skill_id, int *ret_level,
                             struct error *reterr)
{
        enum status st = require_both(lease, user_id, skill_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "SELECT level FROM user_skill WHERE user_id = $1 AND skill_id = $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "user_skill", "%" PRId64 "/%" PRId64, user_id,
                                      skill_id);
        if (st == STATUS_OK)
                *ret_level = (int)stmt_int(&q, 0);
        return st;
}

/* What is stored of a link that is there. */
static enum status get_link(struct lease *lease, struct arena *arena, int64_t user_id,
                            int64_t skill_id, struct user_skill *ret, struct error *reterr)
{
        struct user_skill found;

        STMT(q, lease,
             "SELECT s.id, s.name, s.description, s.created_at, us.level, us.updated_at"
             " FROM user_skill us JOIN skill s ON s.id = us.skill_id"
             " WHERE us.user_id = $1 AND us.skill_id = $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, STATUS_INTERNAL, "a link that was written is not there");
        if (st != STATUS_OK)
                return st;
        read_user_skill(arena, &q, &found);
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = found;
        return st;
}

enum status user_skill_set(struct lease *lease, struct arena *arena, int64_t user_id,
                           int64_t skill_id, int level, const char *by, struct user_skill *ret,
                           struct level_moved *ret_moved, struct error *reterr)
{
        const struct level_reason reason = {.engine = by, .why = ""};
        enum status st = require_both(lease, user_id, skill_id, reterr);

        if (st == STATUS_OK)
                st = level_set(lease, user_id, skill_id, level, &reason, ret_moved, reterr);
        return st == STATUS_OK ? get_link(lease, arena, user_id, skill_id, ret, reterr) : st;
}

static enum status write_link(struct lease *lease, int64_t user_id, int64_t skill_id,
                              struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO user_skill (user_id, skill_id, level, updated_at)"
             " VALUES ($1, $2, 0, $3)");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        stmt_bind_int(&q, 3, clock_wall_ms());

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_ALREADY_EXISTS)
                error_resource(reterr, st, "user_skill", "%" PRId64 "/%" PRId64, user_id, skill_id);
        return st;
}

enum status user_skill_link(struct lease *lease, struct arena *arena, int64_t user_id,
                            int64_t skill_id, struct user_skill *ret, struct error *reterr)
{
        enum status st = require_both(lease, user_id, skill_id, reterr);

        if (st == STATUS_OK)
                st = write_link(lease, user_id, skill_id, reterr);
        return st == STATUS_OK ? get_link(lease, arena, user_id, skill_id, ret, reterr) : st;
}
