#include "service/store/preference.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <string.h>

#define COLUMNS "type, key, value, confidence, updated_at"

static void read_preference(struct arena *arena, const struct stmt *q, struct preference *ret)
{
        *ret = (struct preference){
                .type = rows_text(arena, q, 0),
                .key = rows_text(arena, q, 1),
                .value = rows_text(arena, q, 2),
                .confidence = stmt_double(q, 3),
                .updated_at_ms = stmt_int(q, 4),
        };
}

static enum status check(const struct preference *p, struct error *reterr)
{
        if (*p->type == '\0')
                return error_field(reterr, "type", "want a type, got none");
        if (*p->key == '\0')
                return error_field(reterr, "key", "want a key, got none");
        if (*p->value == '\0')
                return error_field(reterr, "value", "want JSON, got nothing");
        /* Written so that a NaN is refused too. */
        if (!(p->confidence >= 0 && p->confidence <= 1))
                return error_field(reterr, "confidence", "want 0 to 1, got %g", p->confidence);
        return STATUS_OK;
}

/* Whether there is room for this one beside the others. */
static enum status check_room(struct lease *lease, int64_t user_id, const struct preference *p,
                              struct error *reterr)
{
        STMT(q, lease,
             "SELECT count(*), coalesce(sum(length(CAST(value AS BLOB))), 0) FROM preference"
             " WHERE user_id = $3 AND NOT (type = $1 AND key = $2)");
        stmt_bind_text(&q, 1, p->type);
        stmt_bind_text(&q, 2, p->key);
        stmt_bind_int(&q, 3, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st != STATUS_OK)
                return st;
        if (stmt_int(&q, 0) >= PREFERENCE_MAX)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                 "a user has at most %d preferences; delete some first",
                                 PREFERENCE_MAX);
        if ((size_t)stmt_int(&q, 1) + strlen(p->value) > PREFERENCE_MAX_BYTES)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                 "the values of a user's preferences take at most %u bytes "
                                 "together; delete some first",
                                 PREFERENCE_MAX_BYTES);
        return STATUS_OK;
}

enum status preference_set(struct lease *lease, struct arena *arena, int64_t user_id,
                           const struct preference *preference, struct preference *ret,
                           struct error *reterr)
{
        struct preference stored;
        enum status st = check(preference, reterr);

        if (st == STATUS_OK)
                st = rows_require_user(lease, user_id, reterr);
        if (st == STATUS_OK)
                st = check_room(lease, user_id, preference, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO preference (user_id, type, key, value, confidence, updated_at)"
             " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, type, key) DO UPDATE"
             " SET value = excluded.value, confidence = excluded.confidence,"
             " updated_at = excluded.updated_at RETURNING " COLUMNS);
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_text(&q, 2, preference->type);
        stmt_bind_text(&q, 3, preference->key);
        stmt_bind_text(&q, 4, preference->value);
        stmt_bind_double(&q, 5, preference->confidence);
        stmt_bind_int(&q, 6, clock_wall_ms());
        st = stmt_row(&q, reterr);
        if (st != STATUS_OK)
                return st;
        read_preference(arena, &q, &stored);
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = stored;
        return st;
}

enum status preference_list(struct lease *lease, struct arena *arena, int64_t user_id,
                            const char *type, struct preference_list *ret, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT " COLUMNS " FROM preference WHERE user_id = $1 AND ($2 = '' OR type = $2)"
             " ORDER BY type, key");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_text(&q, 2, type);
        struct preference *item;
        struct rows_page page = ROWS_ALL(&q, arena, sizeof(*item), reterr);

        while ((item = rows_next(&page)))
                read_preference(arena, &q, item);
        st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct preference_list){page.items, page.n_items};
        return st;
}

enum status preference_list_after(struct lease *lease, struct arena *arena, int64_t user_id,
                                  int64_t after_id, size_t limit, struct preference_list *ret,
                                  int64_t *ret_last_id, struct error *reterr)
{
        struct preference_list list = {0};
        int64_t last_id = 0;
        size_t n_bytes = 0;
        enum status st;

        STMT(q, lease,
             "SELECT " COLUMNS ", rowid FROM preference WHERE user_id = $1 AND rowid > $2"
             " ORDER BY rowid LIMIT $3");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, after_id);
        stmt_bind_int(&q, 3, (int64_t)limit);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK && n_bytes < PREFERENCE_LIST_BYTES) {
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                read_preference(arena, &q, &list.items[list.n_items]);
                n_bytes += strlen(list.items[list.n_items++].value);
                last_id = stmt_int(&q, 5);
        }
        bool more = st == STATUS_OK || list.n_items == limit;
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st != STATUS_OK)
                return st;
        *ret = list;
        *ret_last_id = more ? last_id : 0;
        return STATUS_OK;
}

enum status preference_delete(struct lease *lease, int64_t user_id, const char *type,
                              const char *key, int64_t *ret_n_deleted, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        /* A key alone would silently reach into every type. */
        if (*type == '\0' && *key != '\0')
                return error_field(reterr, "type", "want the type that the key belongs to");

        STMT(q, lease,
             "DELETE FROM preference"
             " WHERE user_id = $1 AND ($2 = '' OR type = $2) AND ($3 = '' OR key = $3)");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_text(&q, 2, type);
        stmt_bind_text(&q, 3, key);
        st = stmt_run(&q, reterr);
        if (st != STATUS_OK)
                return st;

        int64_t n_deleted = stmt_changes(&q);
        if (n_deleted == 0 && *type != '\0')
                return error_resource(reterr, STATUS_NOT_FOUND, "preference", "%s%s%s", type,
                                      *key ? "/" : "", key);
        *ret_n_deleted = n_deleted;
        return STATUS_OK;
}
