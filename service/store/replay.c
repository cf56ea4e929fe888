#include "service/store/replay.h"

#include <sodium.h>
#include <string.h>

void replay_key_init(struct replay_key *key, const uint8_t secret[static REPLAY_HASH_BYTES],
                     int64_t caller_id, const uint8_t call_id[static FRAME_CALL_ID_BYTES],
                     const char *method, struct frame_bytes request)
{
        key->caller_id = caller_id;
        memcpy(key->call_id, call_id, FRAME_CALL_ID_BYTES);
        key->method = method;
        crypto_generichash(key->request_hash, sizeof(key->request_hash), request.data,
                           request.n_bytes, secret, REPLAY_HASH_BYTES);
}

static bool is_same_request(const struct stmt *q, const struct replay_key *key)
{
        size_t n;
        const void *hash = stmt_blob(q, 1, &n);

        return strcmp(stmt_text(q, 0), key->method) == 0 && n == REPLAY_HASH_BYTES &&
               memcmp(hash, key->request_hash, n) == 0;
}

enum status replay_find(struct lease *lease, const struct replay_key *key, int64_t now_ms,
                        struct arena *arena, bool *ret_found, struct frame_bytes *ret_reply,
                        struct error *reterr)
{
        STMT(q, lease,
             "SELECT method, request_hash, reply FROM replay"
             " WHERE caller_id = $1 AND call_id = $2 AND created_at > $3");
        const void *reply;
        size_t n;

        stmt_bind_int(&q, 1, key->caller_id);
        stmt_bind_blob(&q, 2, key->call_id, sizeof(key->call_id));
        stmt_bind_int(&q, 3, now_ms - REPLAY_KEEP_MS);
        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND) {
                *ret_found = false;
                return STATUS_OK;
        }
        if (st != STATUS_OK)
                return st;
        if (!is_same_request(&q, key))
                return error_set(reterr, STATUS_ALREADY_EXISTS,
                                 "this id was used for another request");
        reply = stmt_blob(&q, 2, &n);
        uint8_t *copy = arena_alloc(arena, n ? n : 1);
        if (!copy)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        if (n)
                memcpy(copy, reply, n);
        *ret_found = true;
        *ret_reply = (struct frame_bytes){copy, n};
        return STATUS_OK;
}

enum status replay_put(struct lease *lease, const struct replay_key *key, int64_t now_ms,
                       struct frame_bytes reply, bool is_sealed, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO replay"
             " (caller_id, call_id, method, request_hash, reply, created_at, is_sealed)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7)"
             " ON CONFLICT (caller_id, call_id) DO UPDATE SET method = excluded.method,"
             " request_hash = excluded.request_hash, reply = excluded.reply,"
             " created_at = excluded.created_at, is_sealed = excluded.is_sealed");

        stmt_bind_int(&q, 1, key->caller_id);
        stmt_bind_blob(&q, 2, key->call_id, sizeof(key->call_id));
        stmt_bind_text(&q, 3, key->method);
        stmt_bind_blob(&q, 4, key->request_hash, sizeof(key->request_hash));
        stmt_bind_blob(&q, 5, reply.n_bytes ? reply.data : (const uint8_t *)"", reply.n_bytes);
        stmt_bind_int(&q, 6, now_ms);
        stmt_bind_int(&q, 7, is_sealed);
        return stmt_run(&q, reterr);
}

enum status replay_forget_sealed(struct lease *lease, int64_t caller_id, struct error *reterr)
{
        STMT(q, lease, "DELETE FROM replay WHERE caller_id = $1 AND is_sealed = 1");

        stmt_bind_int(&q, 1, caller_id);
        return stmt_run(&q, reterr);
}

enum status replay_prune(struct lease *lease, int64_t now_ms, int64_t limit, struct error *reterr)
{
        STMT(q, lease,
             "DELETE FROM replay WHERE (caller_id, call_id) IN"
             " (SELECT caller_id, call_id FROM replay WHERE created_at <= $1"
             "  ORDER BY created_at LIMIT $2)");

        stmt_bind_int(&q, 1, now_ms - REPLAY_KEEP_MS);
        stmt_bind_int(&q, 2, limit);
        return stmt_run(&q, reterr);
}
