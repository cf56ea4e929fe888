#include "service/store/memory.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_THREAD "default"

static enum status check(const struct memory_message *messages, size_t n, struct error *reterr)
{
        char field[64];

        if (n < 1 || n > MEMORY_MAX_BATCH)
                return error_field(reterr, "messages", "want 1 to %d messages, got %zu",
                                   MEMORY_MAX_BATCH, n);
        for (size_t i = 0; i < n; i++) {
                if (messages[i].role < MEMORY_ROLE_UNSPECIFIED ||
                    messages[i].role > MEMORY_ROLE_SYSTEM) {
                        snprintf(field, sizeof(field), "messages[%zu].role", i);
                        return error_field(reterr, field,
                                           "want user, assistant or system: others are no part of "
                                           "the conversation");
                }
                if (!messages[i].content || *messages[i].content == '\0') {
                        snprintf(field, sizeof(field), "messages[%zu].content", i);
                        return error_field(reterr, field, "want a text, got none");
                }
        }
        return STATUS_OK;
}

/* A text opens only as what this user, or the coach, said in this message. */
static struct seal_place place_of(int64_t user_id, const struct memory_message *m)
{
        return (struct seal_place){
                .purpose = "memory_message",
                .user_id = user_id,
                .row_id = m->id,
                .kind = m->role,
                .name = m->thread_id,
                .n_name = strlen(m->thread_id),
        };
}

/* A message's number is part of the place that it is sealed for, so it comes first. */
static enum status insert(struct lease *lease, int64_t user_id, const struct memory_message *m,
                          int64_t *ret_id, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO memory_message (user_id, thread_id, role, created_at, content)"
             " VALUES ($1, $2, $3, $4, x'') RETURNING id");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_text(&q, 2, m->thread_id);
        stmt_bind_int(&q, 3, m->role);
        stmt_bind_int(&q, 4, m->created_at_ms);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_id = stmt_int(&q, 0);
        return st;
}

static enum status seal(struct lease *lease, struct arena *arena, const struct seal_key *key,
                        int64_t user_id, const struct memory_message *m, struct error *reterr)
{
        const struct seal_place place = place_of(user_id, m);
        struct frame_bytes sealed;
        enum status st = seal_text(key, &place, arena, m->content, &sealed, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "UPDATE memory_message SET content = $1 WHERE id = $2");
        stmt_bind_blob(&q, 1, sealed.data, sealed.n_bytes);
        stmt_bind_int(&q, 2, m->id);
        return stmt_run(&q, reterr);
}

enum status memory_append(struct lease *lease, struct arena *arena, const struct seal_key *key,
                          int64_t user_id, const struct memory_message *messages, size_t n,
                          int64_t *ret_ids, struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        enum status st = check(messages, n, reterr);

        if (st == STATUS_OK)
                st = rows_require_user(lease, user_id, reterr);
        if (st != STATUS_OK)
                return st;

        for (size_t i = 0; st == STATUS_OK && i < n; i++) {
                struct memory_message m = messages[i];

                if (!m.thread_id || *m.thread_id == '\0')
                        m.thread_id = DEFAULT_THREAD;
                if (m.role == MEMORY_ROLE_UNSPECIFIED)
                        m.role = MEMORY_ROLE_USER;
                if (m.created_at_ms == MEMORY_NOW)
                        m.created_at_ms = now_ms;
                st = insert(lease, user_id, &m, &m.id, reterr);
                if (st == STATUS_OK)
                        st = seal(lease, arena, key, user_id, &m, reterr);
                ret_ids[i] = m.id;
        }
        return st;
}

static enum status read_message(struct arena *arena, const struct seal_key *key, int64_t user_id,
                                const struct stmt *q, struct memory_message *ret,
                                struct error *reterr)
{
        struct memory_message m = {
                .id = stmt_int(q, 0),
                .role = (enum memory_role)stmt_int(q, 1),
                .thread_id = rows_text(arena, q, 2),
                .created_at_ms = stmt_int(q, 3),
        };
        enum status st = rows_check(arena, reterr);
        struct frame_bytes sealed;

        if (st != STATUS_OK)
                return st;
        const struct seal_place place = place_of(user_id, &m);
        sealed.data = stmt_blob(q, 4, &sealed.n_bytes);
        st = seal_open_text(key, &place, arena, sealed, &m.content, reterr);
        if (st == STATUS_OK)
                *ret = m;
        return st;
}

static enum status read_list(struct arena *arena, const struct seal_key *key, int64_t user_id,
                             struct stmt *q, size_t limit, struct memory_list *ret,
                             struct error *reterr)
{
        struct memory_list list = {0};
        size_t n_bytes = 0;
        enum status st;

        while ((st = stmt_row(q, reterr)) == STATUS_OK) {
                if (list.n_items == limit || n_bytes >= MEMORY_LIST_BYTES) {
                        list.more = true;
                        break;
                }
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                st = read_message(arena, key, user_id, q, &list.items[list.n_items], reterr);
                if (st != STATUS_OK)
                        return st;
                n_bytes += strlen(list.items[list.n_items++].content);
        }
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

enum status memory_list(struct lease *lease, struct arena *arena, const struct seal_key *key,
                        int64_t user_id, const char *thread_id, int64_t before_id, size_t limit,
                        struct memory_list *ret, struct error *reterr)
{
        int64_t before = before_id > 0 ? before_id : INT64_MAX;
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        /* Two statements, because each has an index of its own. */
        if (*thread_id == '\0') {
                STMT(all, lease,
                     "SELECT id, role, thread_id, created_at, content FROM memory_message"
                     " WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
                stmt_bind_int(&all, 1, user_id);
                stmt_bind_int(&all, 2, before);
                stmt_bind_int(&all, 3, (int64_t)limit + 1);
                return read_list(arena, key, user_id, &all, limit, ret, reterr);
        }
        STMT(one, lease,
             "SELECT id, role, thread_id, created_at, content FROM memory_message"
             " WHERE user_id = $1 AND id < $2 AND thread_id = $3 ORDER BY id DESC LIMIT $4");
        stmt_bind_int(&one, 1, user_id);
        stmt_bind_int(&one, 2, before);
        stmt_bind_text(&one, 3, thread_id);
        stmt_bind_int(&one, 4, (int64_t)limit + 1);
        return read_list(arena, key, user_id, &one, limit, ret, reterr);
}

enum status memory_list_threads(struct lease *lease, struct arena *arena, int64_t user_id,
                                int64_t before_id, size_t limit, struct memory_threads *ret,
                                struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT thread_id, count(*), max(id) AS last_id, max(created_at) FROM memory_message"
             " WHERE user_id = $1 GROUP BY thread_id HAVING max(id) < $2"
             " ORDER BY last_id DESC LIMIT $3");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, before_id > 0 ? before_id : INT64_MAX);
        stmt_bind_int(&q, 3, (int64_t)limit + 1);
        struct memory_thread *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                *item = (struct memory_thread){
                        .id = rows_text(arena, &q, 0),
                        .n_messages = stmt_int(&q, 1),
                        .last_id = stmt_int(&q, 2),
                        .last_at_ms = stmt_int(&q, 3),
                };
        st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct memory_threads){page.items, page.n_items, page.more};
        return st;
}

enum status memory_delete_thread(struct lease *lease, int64_t user_id, const char *thread_id,
                                 int64_t *ret_n, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "DELETE FROM memory_message WHERE user_id = $1 AND thread_id = $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_text(&q, 2, thread_id);
        st = stmt_run(&q, reterr);
        if (st == STATUS_OK && stmt_changes(&q) == 0)
                return error_resource(reterr, STATUS_NOT_FOUND, "thread", "%s", thread_id);
        if (st == STATUS_OK)
                *ret_n = stmt_changes(&q);
        return st;
}

enum status memory_delete_all(struct lease *lease, int64_t user_id, int64_t *ret_n,
                              struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "DELETE FROM memory_message WHERE user_id = $1");
        stmt_bind_int(&q, 1, user_id);
        st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                *ret_n = stmt_changes(&q);
        return st;
}

enum status memory_old_user(struct lease *lease, int64_t *ret_user_id, struct error *reterr)
{
        STMT(q, lease, "SELECT user_id FROM memory_unsealed ORDER BY id LIMIT 1");

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_user_id = stmt_int(&q, 0);
        return st;
}

/* Into the sealed table, under the same number, and out of the old one. */
static enum status move_old(struct lease *lease, struct arena *arena, const struct seal_key *key,
                            int64_t user_id, const struct memory_message *m, struct error *reterr)
{
        const struct seal_place place = place_of(user_id, m);
        struct frame_bytes sealed;
        enum status st = seal_text(key, &place, arena, m->content, &sealed, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(add, lease,
             "INSERT INTO memory_message (id, user_id, thread_id, role, created_at, content)"
             " VALUES ($1, $2, $3, $4, $5, $6)");
        stmt_bind_int(&add, 1, m->id);
        stmt_bind_int(&add, 2, user_id);
        stmt_bind_text(&add, 3, m->thread_id);
        stmt_bind_int(&add, 4, m->role);
        stmt_bind_int(&add, 5, m->created_at_ms);
        stmt_bind_blob(&add, 6, sealed.data, sealed.n_bytes);
        st = stmt_run(&add, reterr);
        if (st != STATUS_OK)
                return st;
        STMT(gone, lease, "DELETE FROM memory_unsealed WHERE id = $1");
        stmt_bind_int(&gone, 1, m->id);
        return stmt_run(&gone, reterr);
}

enum status memory_seal_old(struct lease *lease, struct arena *arena, const struct seal_key *key,
                            int64_t user_id, size_t limit, struct error *reterr)
{
        struct memory_message *old = arena_calloc(arena, limit, sizeof(*old));
        enum status st = rows_check(arena, reterr);
        size_t n = 0;

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT id, role, thread_id, created_at, content FROM memory_unsealed"
             " WHERE user_id = $1 ORDER BY id LIMIT $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, (int64_t)limit);
        while (n < limit && (st = stmt_row(&q, reterr)) == STATUS_OK)
                old[n++] = (struct memory_message){
                        .id = stmt_int(&q, 0),
                        .role = (enum memory_role)stmt_int(&q, 1),
                        .thread_id = rows_text(arena, &q, 2),
                        .created_at_ms = stmt_int(&q, 3),
                        .content = rows_text(arena, &q, 4),
                };
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        /* The table is not changed while it is read. */
        stmt_reset(&q);
        for (size_t i = 0; st == STATUS_OK && i < n; i++)
                st = move_old(lease, arena, key, user_id, &old[i], reterr);
        return st;
}
