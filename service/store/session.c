#include "service/store/session.h"

#include "common/clock.h"
#include "service/store/rows.h"

#include <stdio.h>
#include <string.h>

static enum status drop_expired(struct lease *lease, int64_t user_id, int64_t now_ms,
                                struct error *reterr)
{
        STMT(q, lease, "DELETE FROM session WHERE user_id = $1 AND expires_at <= $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, now_ms);
        return stmt_run(&q, reterr);
}

enum status session_add(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                        int64_t user_id, const struct session_draft *draft, struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        enum status st = drop_expired(lease, user_id, now_ms, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "INSERT INTO session (jti, user_id, created_at, expires_at, client)"
             " VALUES ($1, $2, $3, $4, $5)");
        stmt_bind_blob(&q, 1, jti, SESSION_JTI_BYTES);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, draft->created_at_ms ? draft->created_at_ms : now_ms);
        stmt_bind_int(&q, 4, draft->expires_at_ms);
        stmt_bind_text(&q, 5, draft->client);
        return stmt_run(&q, reterr);
}

enum status session_get(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                        struct session *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT s.user_id, a.username, a.role, a.is_active, s.revoked_at, s.expires_at"
             " FROM session s JOIN account a ON a.id = s.user_id WHERE s.jti = $1");
        stmt_bind_blob(&q, 1, jti, SESSION_JTI_BYTES);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, st, "no such session");
        if (st != STATUS_OK)
                return st;
        *ret = (struct session){
                .user_id = stmt_int(&q, 0),
                .role = (enum user_role)stmt_int(&q, 2),
                .is_active = stmt_int(&q, 3) != 0,
                .is_revoked = !stmt_is_null(&q, 4),
                .expires_at_ms = stmt_int(&q, 5),
        };
        snprintf(ret->username, sizeof(ret->username), "%s", stmt_text(&q, 1));
        return STATUS_OK;
}

static void read_info(struct arena *arena, const struct stmt *q, struct session_info *ret)
{
        size_t n;
        const void *jti = stmt_blob(q, 1, &n);

        *ret = (struct session_info){
                .id = stmt_int(q, 0),
                .client = rows_text(arena, q, 2),
                .created_at_ms = stmt_int(q, 3),
                .expires_at_ms = stmt_int(q, 4),
                .last_used_at_ms = stmt_int(q, 5),
        };
        memcpy(ret->jti, jti, n < sizeof(ret->jti) ? n : sizeof(ret->jti));
}

enum status session_list(struct lease *lease, struct arena *arena, int64_t user_id, int64_t now_ms,
                         int64_t before_id, size_t limit, struct session_list *ret,
                         struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT rowid, jti, client, created_at, expires_at, last_used_at FROM session"
             " WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND rowid < $3"
             " ORDER BY rowid DESC LIMIT $4");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, now_ms);
        stmt_bind_int(&q, 3, before_id ? before_id : INT64_MAX);
        stmt_bind_int(&q, 4, (int64_t)limit + 1);
        struct session_info *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                read_info(arena, &q, item);
        st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct session_list){page.items, page.n_items, page.more};
        return st;
}

enum status session_get_draft(struct lease *lease, struct arena *arena,
                              const uint8_t jti[static SESSION_JTI_BYTES],
                              struct session_draft *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT client, created_at, expires_at FROM session WHERE jti = $1");
        stmt_bind_blob(&q, 1, jti, SESSION_JTI_BYTES);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, st, "no such session");
        if (st != STATUS_OK)
                return st;
        struct session_draft draft = {
                .client = rows_text(arena, &q, 0),
                .created_at_ms = stmt_int(&q, 1),
                .expires_at_ms = stmt_int(&q, 2),
        };
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = draft;
        return st;
}

enum status session_touch(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                          int64_t at_ms, struct error *reterr)
{
        STMT(q, lease,
             "UPDATE session SET last_used_at = $1"
             " WHERE jti = $2 AND coalesce(last_used_at, 0) < $1");
        stmt_bind_int(&q, 1, at_ms);
        stmt_bind_blob(&q, 2, jti, SESSION_JTI_BYTES);
        return stmt_run(&q, reterr);
}

enum status session_revoke_one(struct lease *lease, int64_t user_id,
                               const uint8_t jti[static SESSION_JTI_BYTES], struct error *reterr)
{
        STMT(q, lease,
             "UPDATE session SET revoked_at = $1"
             " WHERE jti = $2 AND user_id = $3 AND revoked_at IS NULL AND expires_at > $1");
        stmt_bind_int(&q, 1, clock_wall_ms());
        stmt_bind_blob(&q, 2, jti, SESSION_JTI_BYTES);
        stmt_bind_int(&q, 3, user_id);

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_OK && stmt_changes(&q) == 0)
                return error_resource(reterr, STATUS_NOT_FOUND, "session", "of that name");
        return st;
}

enum status session_revoke(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                           struct error *reterr)
{
        STMT(q, lease, "UPDATE session SET revoked_at = $1 WHERE jti = $2 AND revoked_at IS NULL");
        stmt_bind_int(&q, 1, clock_wall_ms());
        stmt_bind_blob(&q, 2, jti, SESSION_JTI_BYTES);
        return stmt_run(&q, reterr);
}

enum status session_revoke_user(struct lease *lease, int64_t user_id, const uint8_t *keep_jti,
                                int64_t *ret_n, struct error *reterr)
{
        STMT(q, lease,
             "UPDATE session SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL"
             " AND ($3 IS NULL OR jti <> $3)");
        stmt_bind_int(&q, 1, clock_wall_ms());
        stmt_bind_int(&q, 2, user_id);
        if (keep_jti)
                stmt_bind_blob(&q, 3, keep_jti, SESSION_JTI_BYTES);
        else
                stmt_bind_null(&q, 3);

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_OK && ret_n)
                *ret_n = stmt_changes(&q);
        return st;
}

enum status session_delete_all(struct lease *lease, int64_t *ret_n, struct error *reterr)
{
        /* "WHERE true": without a condition SQLite does not count. */
        STMT(q, lease, "DELETE FROM session WHERE true");

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                *ret_n = stmt_changes(&q);
        return st;
}
