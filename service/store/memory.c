#include "service/store/memory.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <stdio.h>

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

enum status memory_append(struct lease *lease, int64_t user_id,
                          const struct memory_message *messages, size_t n, int64_t *ret_ids,
                          struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        enum status st = check(messages, n, reterr);

        if (st == STATUS_OK)
                st = rows_require_user(lease, user_id, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO memory_message (user_id, thread_id, role, content, created_at)"
             " VALUES ($1, $2, $3, $4, $5) RETURNING id");
        for (size_t i = 0; i < n; i++) {
                const struct memory_message *m = &messages[i];
                bool has_thread = m->thread_id && *m->thread_id != '\0';
                bool has_role = m->role != MEMORY_ROLE_UNSPECIFIED;

                stmt_reset(&q);
                stmt_bind_int(&q, 1, user_id);
                stmt_bind_text(&q, 2, has_thread ? m->thread_id : DEFAULT_THREAD);
                stmt_bind_int(&q, 3, has_role ? m->role : MEMORY_ROLE_USER);
                stmt_bind_text(&q, 4, m->content);
                stmt_bind_int(&q, 5, m->created_at_ms == MEMORY_NOW ? now_ms : m->created_at_ms);
                st = stmt_row(&q, reterr);
                if (st != STATUS_OK)
                        return st;
                ret_ids[i] = stmt_int(&q, 0);
        }
        return STATUS_OK;
}

static void read_message(struct arena *arena, const struct stmt *q, struct memory_message *ret)
{
        *ret = (struct memory_message){
                .id = stmt_int(q, 0),
                .role = (enum memory_role)stmt_int(q, 1),
                .content = rows_text(arena, q, 2),
                .thread_id = rows_text(arena, q, 3),
                .created_at_ms = stmt_int(q, 4),
        };
}

static enum status read_list(struct arena *arena, struct stmt *q, size_t limit,
                             struct memory_list *ret, struct error *reterr)
{
        struct memory_list list = {0};
        enum status st;

        while ((st = stmt_row(q, reterr)) == STATUS_OK) {
                if (list.n_items == limit) {
                        list.more = true;
                        break;
                }
                list.items = rows_grow(arena, list.items, list.n_items, sizeof(*list.items));
                if (!list.items)
                        break;
                read_message(arena, q, &list.items[list.n_items++]);
        }
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = list;
        return st;
}

enum status memory_list(struct lease *lease, struct arena *arena, int64_t user_id,
                        const char *thread_id, int64_t before_id, size_t limit,
                        struct memory_list *ret, struct error *reterr)
{
        int64_t before = before_id > 0 ? before_id : INT64_MAX;
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        /* Two statements, because each has an index of its own. */
        if (*thread_id == '\0') {
                STMT(all, lease,
                     "SELECT id, role, content, thread_id, created_at FROM memory_message"
                     " WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
                stmt_bind_int(&all, 1, user_id);
                stmt_bind_int(&all, 2, before);
                stmt_bind_int(&all, 3, (int64_t)limit + 1);
                return read_list(arena, &all, limit, ret, reterr);
        }
        STMT(one, lease,
             "SELECT id, role, content, thread_id, created_at FROM memory_message"
             " WHERE user_id = $1 AND id < $2 AND thread_id = $3 ORDER BY id DESC LIMIT $4");
        stmt_bind_int(&one, 1, user_id);
        stmt_bind_int(&one, 2, before);
        stmt_bind_text(&one, 3, thread_id);
        stmt_bind_int(&one, 4, (int64_t)limit + 1);
        return read_list(arena, &one, limit, ret, reterr);
}
