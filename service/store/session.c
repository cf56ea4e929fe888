#include "service/store/session.h"

#include "common/clock.h"

#include <stdio.h>

static enum status drop_expired(struct lease *lease, int64_t user_id, int64_t now_ms,
                                struct error *reterr)
{
        STMT(q, lease, "DELETE FROM session WHERE user_id = $1 AND expires_at <= $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, now_ms);
        return stmt_run(&q, reterr);
}

enum status session_add(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                        int64_t user_id, int64_t expires_at_ms, struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        enum status st = drop_expired(lease, user_id, now_ms, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "INSERT INTO session (jti, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)");
        stmt_bind_blob(&q, 1, jti, SESSION_JTI_BYTES);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, now_ms);
        stmt_bind_int(&q, 4, expires_at_ms);
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

enum status session_revoke(struct lease *lease, const uint8_t jti[static SESSION_JTI_BYTES],
                           struct error *reterr)
{
        STMT(q, lease, "UPDATE session SET revoked_at = $1 WHERE jti = $2 AND revoked_at IS NULL");
        stmt_bind_int(&q, 1, clock_wall_ms());
        stmt_bind_blob(&q, 2, jti, SESSION_JTI_BYTES);
        return stmt_run(&q, reterr);
}

enum status session_revoke_user(struct lease *lease, int64_t user_id, const uint8_t *keep_jti,
                                struct error *reterr)
{
        STMT(q, lease,
             "UPDATE session SET revoked_at = $1"
             " WHERE user_id = $2 AND revoked_at IS NULL AND ($3 IS NULL OR jti <> $3)");
        stmt_bind_int(&q, 1, clock_wall_ms());
        stmt_bind_int(&q, 2, user_id);
        if (keep_jti)
                stmt_bind_blob(&q, 3, keep_jti, SESSION_JTI_BYTES);
        else
                stmt_bind_null(&q, 3);
        return stmt_run(&q, reterr);
}
