#include "service/store/training.h"

#include "common/clock.h"
#include "service/store/rows.h"
#include "service/store/skill.h"

#include <inttypes.h>

#define SELECT_TRAINING                                                                           \
        "SELECT t.id, t.user_id, t.skill_id, t.status, t.progress, t.started_at, t.completed_at," \
        " t.days, t.due_at, us.level FROM training t LEFT JOIN user_skill us"                     \
        " ON us.user_id = t.user_id AND us.skill_id = t.skill_id"

static int next_milestone(enum training_status status, int level)
{
        if (status == TRAINING_COMPLETED || level >= SKILL_MAX_LEVEL)
                return 0;
        return (level / TRAINING_MILESTONE + 1) * TRAINING_MILESTONE;
}

static void read_training(const struct stmt *q, struct training *ret)
{
        *ret = (struct training){
                .id = stmt_int(q, 0),
                .user_id = stmt_int(q, 1),
                .skill_id = stmt_int(q, 2),
                .status = (enum training_status)stmt_int(q, 3),
                .progress = stmt_double(q, 4),
                .started_at_ms = stmt_int(q, 5),
                .is_completed = !stmt_is_null(q, 6),
                .completed_at_ms = stmt_int(q, 6),
                .days = (int)stmt_int(q, 7),
                .due_at_ms = stmt_int(q, 8),
                .level = (int)stmt_int(q, 9),
        };
        ret->next_milestone = next_milestone(ret->status, ret->level);
}

static enum status missing(int64_t id, struct error *reterr)
{
        return error_resource(reterr, STATUS_NOT_FOUND, "training", "%" PRId64, id);
}

static enum status check(enum training_status status, double progress, struct error *reterr)
{
        if (status < TRAINING_PENDING || status > TRAINING_PAUSED)
                return error_field(reterr, "status",
                                   "want pending, active, completed or paused, got %d",
                                   (int)status);
        /* Written so that a NaN is refused too. */
        if (!(progress >= 0 && progress <= 1))
                return error_field(reterr, "progress", "want 0 to 1, got %g", progress);
        return STATUS_OK;
}

/* Links the skill, at level 0, where it is not linked. */
static enum status link_skill(struct lease *lease, int64_t user_id, int64_t skill_id,
                              struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO user_skill (user_id, skill_id, level, updated_at)"
             " VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        stmt_bind_int(&q, 3, clock_wall_ms());
        return stmt_run(&q, reterr);
}

static enum status insert(struct lease *lease, int64_t user_id, int64_t skill_id,
                          const struct training_draft *draft, int64_t *ret_id, struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        int days = draft->days ? draft->days : TRAINING_DAYS;

        STMT(q, lease,
             "INSERT INTO training (user_id, skill_id, status, progress, started_at, completed_at,"
             " days, due_at) SELECT user_id, skill_id, $3,"
             " CASE WHEN $3 = 3 THEN 1.0 WHEN $4 > 0 THEN $4 ELSE level / 10.0 END,"
             " $5, CASE WHEN $3 = 3 THEN $5 END, $6, $5 + $6 * 86400000"
             " FROM user_skill WHERE user_id = $1 AND skill_id = $2 RETURNING id");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        stmt_bind_int(&q, 3, draft->status);
        stmt_bind_double(&q, 4, draft->progress);
        stmt_bind_int(&q, 5, now_ms);
        stmt_bind_int(&q, 6, days);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_ALREADY_EXISTS)
                return error_resource(reterr, st, "training",
                                      "of user %" PRId64 " in skill %" PRId64, user_id, skill_id);
        if (st == STATUS_OK)
                *ret_id = stmt_int(&q, 0);
        return st;
}

enum status training_add(struct lease *lease, int64_t user_id, int64_t skill_id,
                         const struct training_draft *draft, struct training *ret,
                         struct error *reterr)
{
        int64_t id = 0;
        enum status st = check(draft->status, draft->progress, reterr);

        if (st == STATUS_OK && (draft->days < 0 || draft->days > TRAINING_MAX_DAYS))
                return error_field(reterr, "days", "want 1 to %d, got %d", TRAINING_MAX_DAYS,
                                   draft->days);
        if (st == STATUS_OK)
                st = rows_require_user(lease, user_id, reterr);
        if (st == STATUS_OK)
                st = rows_require_skill(lease, skill_id, reterr);
        if (st == STATUS_OK)
                st = link_skill(lease, user_id, skill_id, reterr);
        if (st == STATUS_OK)
                st = insert(lease, user_id, skill_id, draft, &id, reterr);
        return st == STATUS_OK ? training_get(lease, id, TRAINING_ANY_OWNER, ret, reterr) : st;
}

static enum status has_any(struct lease *lease, int64_t user_id, bool *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT EXISTS (SELECT 1 FROM training WHERE user_id = $1)");
        stmt_bind_int(&q, 1, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0) != 0;
        return st;
}

static enum status add_default(struct lease *lease, int64_t user_id, const char *name_key,
                               struct error *reterr)
{
        static const struct training_draft draft = {.status = TRAINING_ACTIVE};
        struct training training;

        STMT(q, lease, "SELECT id FROM skill WHERE name_key = $1");
        stmt_bind_text(&q, 1, name_key);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, STATUS_DATA_LOSS, "the database has no skill '%s'",
                                 name_key);
        return st == STATUS_OK
                       ? training_add(lease, user_id, stmt_int(&q, 0), &draft, &training, reterr)
                       : st;
}

enum status training_add_defaults(struct lease *lease, int64_t user_id, struct error *reterr)
{
        bool has = false;
        enum status st = has_any(lease, user_id, &has, reterr);

        if (st == STATUS_OK && !has)
                st = add_default(lease, user_id, "empathy", reterr);
        if (st == STATUS_OK && !has)
                st = add_default(lease, user_id, "active listening", reterr);
        return st;
}

enum status training_get(struct lease *lease, int64_t id, int64_t owner_id, struct training *ret,
                         struct error *reterr)
{
        STMT(q, lease, SELECT_TRAINING " WHERE t.id = $1 AND ($2 = 0 OR t.user_id = $2)");
        stmt_bind_int(&q, 1, id);
        stmt_bind_int(&q, 2, owner_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return missing(id, reterr);
        if (st == STATUS_OK)
                read_training(&q, ret);
        return st;
}

static enum status read_list(struct arena *arena, struct stmt *q, size_t limit,
                             struct training_list *ret, struct error *reterr)
{
        struct training *item;
        struct rows_page page = ROWS_PAGE(q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                read_training(q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct training_list){page.items, page.n_items, page.more};
        return st;
}

enum status training_list_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                  struct training_list *ret, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, SELECT_TRAINING " WHERE t.user_id = $1 ORDER BY t.id");
        stmt_bind_int(&q, 1, user_id);
        return read_list(arena, &q, SIZE_MAX, ret, reterr);
}

enum status training_list_of_skill(struct lease *lease, struct arena *arena, int64_t skill_id,
                                   int64_t owner_id, int64_t after_id, size_t limit,
                                   struct training_list *ret, struct error *reterr)
{
        enum status st = rows_require_skill(lease, skill_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             SELECT_TRAINING " WHERE t.skill_id = $1 AND t.id > $2 AND ($3 = 0 OR t.user_id = $3)"
                             " ORDER BY t.id LIMIT $4");
        stmt_bind_int(&q, 1, skill_id);
        stmt_bind_int(&q, 2, after_id);
        stmt_bind_int(&q, 3, owner_id);
        stmt_bind_int(&q, 4, (int64_t)limit + 1);
        return read_list(arena, &q, limit, ret, reterr);
}

enum status training_update(struct lease *lease, int64_t id, int64_t owner_id,
                            enum training_status status, const double *progress,
                            struct training *ret, struct error *reterr)
{
        enum status st = check(status, progress ? *progress : 0, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "UPDATE training SET status = $1,"
             " progress = CASE WHEN $1 = 3 THEN 1.0 ELSE COALESCE($2, progress) END,"
             " completed_at = CASE WHEN $1 = 3 THEN COALESCE(completed_at, $3) END"
             " WHERE id = $4 AND ($5 = 0 OR user_id = $5)");
        stmt_bind_int(&q, 1, status);
        if (progress)
                stmt_bind_double(&q, 2, *progress);
        else
                stmt_bind_null(&q, 2);
        stmt_bind_int(&q, 3, clock_wall_ms());
        stmt_bind_int(&q, 4, id);
        stmt_bind_int(&q, 5, owner_id);
        st = stmt_run(&q, reterr);
        if (st == STATUS_OK && stmt_changes(&q) == 0)
                return missing(id, reterr);
        return st == STATUS_OK ? training_get(lease, id, owner_id, ret, reterr) : st;
}

/* The user's training in the skill that is not completed; 0 = there is none. */
static enum status find_open(struct lease *lease, int64_t user_id, int64_t skill_id, int64_t *ret,
                             struct error *reterr)
{
        STMT(q, lease,
             "SELECT id FROM training WHERE user_id = $1 AND skill_id = $2 AND status <> 3");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);

        enum status st = stmt_row(&q, reterr);
        *ret = st == STATUS_OK ? stmt_int(&q, 0) : 0;
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

enum status training_follow(struct lease *lease, int64_t user_id, int64_t skill_id, int old_level,
                            int new_level, int64_t *ret_completed_id, struct error *reterr)
{
        bool completes = new_level == SKILL_MAX_LEVEL;
        bool reopens = !completes && old_level == SKILL_MAX_LEVEL;
        enum status st = STATUS_OK;

        *ret_completed_id = 0;
        if (completes)
                st = find_open(lease, user_id, skill_id, ret_completed_id, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "UPDATE training SET"
             " status = CASE WHEN $3 THEN 3 WHEN $4 AND status = 3 THEN 2 ELSE status END,"
             " progress = CASE WHEN $3 THEN 1.0 WHEN status = 3 AND NOT $4 THEN progress"
             "   ELSE $5 / 10.0 END,"
             " completed_at = CASE WHEN $3 THEN coalesce(completed_at, $6)"
             "   WHEN NOT $4 THEN completed_at END"
             " WHERE user_id = $1 AND skill_id = $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        stmt_bind_int(&q, 3, completes);
        stmt_bind_int(&q, 4, reopens);
        stmt_bind_int(&q, 5, new_level);
        stmt_bind_int(&q, 6, clock_wall_ms());
        return stmt_run(&q, reterr);
}
