#include "service/store/training.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <inttypes.h>

#define COLUMNS "id, user_id, skill_id, status, progress, started_at, completed_at"

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
        };
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

enum status training_add(struct lease *lease, int64_t user_id, int64_t skill_id,
                         enum training_status status, double progress, struct training *ret,
                         struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        enum status st = check(status, progress, reterr);

        if (st == STATUS_OK)
                st = rows_require_user(lease, user_id, reterr);
        if (st == STATUS_OK)
                st = rows_require_skill(lease, skill_id, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO training (user_id, skill_id, status, progress, started_at, completed_at)"
             " VALUES ($1, $2, $3, $4, $5, $6) RETURNING " COLUMNS);
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, skill_id);
        stmt_bind_int(&q, 3, status);
        stmt_bind_double(&q, 4, status == TRAINING_COMPLETED ? 1 : progress);
        stmt_bind_int(&q, 5, now_ms);
        if (status == TRAINING_COMPLETED)
                stmt_bind_int(&q, 6, now_ms);
        else
                stmt_bind_null(&q, 6);
        st = stmt_row(&q, reterr);
        if (st == STATUS_ALREADY_EXISTS)
                return error_resource(reterr, st, "training",
                                      "of user %" PRId64 " in skill %" PRId64, user_id, skill_id);
        if (st == STATUS_OK)
                read_training(&q, ret);
        return st;
}

enum status training_get(struct lease *lease, int64_t id, int64_t owner_id, struct training *ret,
                         struct error *reterr)
{
        STMT(q, lease,
             "SELECT " COLUMNS " FROM training WHERE id = $1 AND ($2 = 0 OR user_id = $2)");
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
        struct training_list list = {0};
        enum status st;

        while ((st = stmt_row(q, reterr)) == STATUS_OK) {
                if (list.n_items == limit) {
                        list.more = true;
                        break;
                }
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                read_training(q, &list.items[list.n_items++]);
        }
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

enum status training_list_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                  struct training_list *ret, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "SELECT " COLUMNS " FROM training WHERE user_id = $1 ORDER BY id");
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
             "SELECT " COLUMNS " FROM training"
             " WHERE skill_id = $1 AND id > $2 AND ($3 = 0 OR user_id = $3) ORDER BY id LIMIT $4");
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
             " WHERE id = $4 AND ($5 = 0 OR user_id = $5) RETURNING " COLUMNS);
        stmt_bind_int(&q, 1, status);
        if (progress)
                stmt_bind_double(&q, 2, *progress);
        else
                stmt_bind_null(&q, 2);
        stmt_bind_int(&q, 3, clock_wall_ms());
        stmt_bind_int(&q, 4, id);
        stmt_bind_int(&q, 5, owner_id);
        st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return missing(id, reterr);
        if (st == STATUS_OK)
                read_training(&q, ret);
        return st;
}
