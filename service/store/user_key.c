#include "service/store/user_key.h"

#include <inttypes.h>
#include <string.h>

static enum status read_key(const struct stmt *q, struct user_key *ret, struct error *reterr)
{
        size_t n;
        const void *wrapped = stmt_blob(q, 2, &n);

        if (n != USER_KEY_WRAPPED_BYTES)
                return error_set(reterr, STATUS_DATA_LOSS, "the key of user %" PRId64 " is damaged",
                                 stmt_int(q, 0));
        ret->user_id = stmt_int(q, 0);
        ret->master_id = stmt_int(q, 1);
        memcpy(ret->wrapped, wrapped, n);
        return STATUS_OK;
}

enum status user_key_get(struct lease *lease, int64_t user_id, struct user_key *ret,
                         struct error *reterr)
{
        STMT(q, lease, "SELECT user_id, master_id, wrapped FROM user_key WHERE user_id = $1");
        stmt_bind_int(&q, 1, user_id);

        enum status st = stmt_row(&q, reterr);
        return st == STATUS_OK ? read_key(&q, ret, reterr) : st;
}

enum status user_key_put(struct lease *lease, const struct user_key *key, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO user_key (user_id, master_id, wrapped)"
             " SELECT id, $2, $3 FROM account WHERE id = $1 AND deleting_at IS NULL"
             " ON CONFLICT (user_id) DO UPDATE SET master_id = excluded.master_id,"
             " wrapped = excluded.wrapped");
        stmt_bind_int(&q, 1, key->user_id);
        stmt_bind_int(&q, 2, key->master_id);
        stmt_bind_blob(&q, 3, key->wrapped, sizeof(key->wrapped));

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_OK && stmt_changes(&q) == 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "no user %" PRId64,
                                 key->user_id);
        return st;
}

enum status user_key_list_others(struct lease *lease, int64_t master_id, int64_t after_user_id,
                                 struct user_key *ret, size_t room, size_t *ret_n,
                                 struct error *reterr)
{
        enum status st;
        size_t n = 0;

        STMT(q, lease,
             "SELECT user_id, master_id, wrapped FROM user_key"
             " WHERE user_id > $1 AND master_id <> $2 ORDER BY user_id LIMIT $3");
        stmt_bind_int(&q, 1, after_user_id);
        stmt_bind_int(&q, 2, master_id);
        stmt_bind_int(&q, 3, (int64_t)room);
        while (n < room && (st = stmt_row(&q, reterr)) != STATUS_NOT_FOUND) {
                if (st == STATUS_OK)
                        st = read_key(&q, &ret[n++], reterr);
                if (st != STATUS_OK)
                        return st;
        }
        *ret_n = n;
        return STATUS_OK;
}

enum status user_key_next_master(struct lease *lease, int64_t after_id, int64_t *ret,
                                 struct error *reterr)
{
        STMT(q, lease,
             "SELECT master_id FROM user_key WHERE master_id > $1 ORDER BY master_id LIMIT 1");
        stmt_bind_int(&q, 1, after_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}
