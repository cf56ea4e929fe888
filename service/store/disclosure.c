#include "service/store/disclosure.h"

#include "common/clock.h"
#include "service/store/rows.h"

static struct seal_place place_of(int64_t user_id, int64_t id)
{
        return (struct seal_place){.purpose = "coach_disclosure", .user_id = user_id, .row_id = id};
}

/* An entry's number is part of the place that it is sealed for, so it comes first. */
static enum status insert(struct lease *lease, int64_t user_id, int64_t *ret_id,
                          struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO coach_disclosure (user_id, created_at, content)"
             " VALUES ($1, $2, x'') RETURNING id");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, clock_wall_ms());

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_id = stmt_int(&q, 0);
        return st;
}

/* Everything behind the first so many, or behind the first so many bytes; the newest stays. */
static enum status trim(struct lease *lease, int64_t user_id, struct error *reterr)
{
        STMT(q, lease,
             "DELETE FROM coach_disclosure WHERE user_id = $1 AND id <= (SELECT max(id) FROM"
             " (SELECT id, row_number() OVER newest AS n,"
             "   sum(length(content)) OVER newest AS n_bytes FROM coach_disclosure"
             "   WHERE user_id = $1 WINDOW newest AS (ORDER BY id DESC))"
             " WHERE n > $2 OR (n > 1 AND n_bytes > $3))");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, DISCLOSURE_MAX);
        stmt_bind_int(&q, 3, DISCLOSURE_MAX_BYTES);
        return stmt_run(&q, reterr);
}

enum status disclosure_append(struct lease *lease, struct arena *arena, const struct seal_key *key,
                              int64_t user_id, struct frame_bytes content, struct error *reterr)
{
        uint8_t *sealed = arena_alloc(arena, content.n_bytes + SEAL_MORE_BYTES);
        int64_t id = 0;
        enum status st = rows_check(arena, reterr);

        if (st == STATUS_OK)
                st = rows_require_user(lease, user_id, reterr);
        if (st == STATUS_OK)
                st = insert(lease, user_id, &id, reterr);
        if (st != STATUS_OK)
                return st;
        const struct seal_place place = place_of(user_id, id);
        st = seal_bytes(key, &place, content.data, content.n_bytes, sealed, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "UPDATE coach_disclosure SET content = $2 WHERE id = $1");
        stmt_bind_int(&q, 1, id);
        stmt_bind_blob(&q, 2, sealed, content.n_bytes + SEAL_MORE_BYTES);
        st = stmt_run(&q, reterr);
        return st == STATUS_OK ? trim(lease, user_id, reterr) : st;
}

static enum status read_entry(struct arena *arena, const struct seal_key *key, int64_t user_id,
                              const struct stmt *q, struct disclosure *ret, struct error *reterr)
{
        const struct seal_place place = place_of(user_id, stmt_int(q, 0));
        size_t n_sealed;
        const void *sealed = stmt_blob(q, 2, &n_sealed);
        size_t n = n_sealed > SEAL_MORE_BYTES ? n_sealed - SEAL_MORE_BYTES : 0;
        uint8_t *content = arena_alloc(arena, n + 1);
        enum status st = rows_check(arena, reterr);

        if (st == STATUS_OK)
                st = seal_open_bytes(key, &place, sealed, n_sealed, content, reterr);
        if (st == STATUS_OK)
                *ret = (struct disclosure){.id = stmt_int(q, 0),
                                           .created_at_ms = stmt_int(q, 1),
                                           .content = {content, n}};
        return st;
}

enum status disclosure_list(struct lease *lease, struct arena *arena, const struct seal_key *key,
                            int64_t user_id, int64_t before_id, size_t limit,
                            struct disclosure_list *ret, struct error *reterr)
{
        struct disclosure_list list = {0};
        size_t n_bytes = 0;
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK || !key->is_set) {
                *ret = list;
                return st;
        }
        STMT(q, lease,
             "SELECT id, created_at, content FROM coach_disclosure"
             " WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, before_id > 0 ? before_id : INT64_MAX);
        stmt_bind_int(&q, 3, (int64_t)limit + 1);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK) {
                struct disclosure entry;

                st = read_entry(arena, key, user_id, &q, &entry, reterr);
                if (st != STATUS_OK)
                        return st;
                n_bytes += entry.content.n_bytes;
                if (list.n_items == limit ||
                    (n_bytes > DISCLOSURE_LIST_BYTES && list.n_items > 0)) {
                        list.more = true;
                        break;
                }
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                list.items[list.n_items++] = entry;
        }
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

enum status disclosure_delete_all(struct lease *lease, int64_t user_id, int64_t *ret_n,
                                  struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "DELETE FROM coach_disclosure WHERE user_id = $1");
        stmt_bind_int(&q, 1, user_id);
        st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                *ret_n = stmt_changes(&q);
        return st;
}
