#include "service/store/coach_setting.h"

#include "service/store/rows.h"

static struct frame_bytes rows_bytes(struct arena *arena, const struct stmt *q, int column)
{
        struct frame_bytes bytes = {NULL, 0};
        const void *data = stmt_blob(q, column, &bytes.n_bytes);

        if (bytes.n_bytes > 0)
                bytes.data = arena_memdup(arena, data, bytes.n_bytes);
        if (!bytes.data)
                bytes.n_bytes = 0;
        return bytes;
}

static void bind_key(struct stmt *q, int index, struct frame_bytes key)
{
        if (key.n_bytes > 0)
                stmt_bind_blob(q, index, key.data, key.n_bytes);
        else
                stmt_bind_null(q, index);
}

enum status coach_user_setting_get(struct lease *lease, struct arena *arena, int64_t user_id,
                                   struct coach_user_setting *ret, struct error *reterr)
{
        struct coach_user_setting setting = {
                .provider = "", .endpoint = "", .model = "", .language = ""};
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT provider, endpoint, model, language, api_key, remote_evaluation"
             " FROM coach_user WHERE user_id = $1");
        stmt_bind_int(&q, 1, user_id);
        st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                setting = (struct coach_user_setting){
                        .provider = rows_text(arena, &q, 0),
                        .endpoint = rows_text(arena, &q, 1),
                        .model = rows_text(arena, &q, 2),
                        .language = rows_text(arena, &q, 3),
                        .api_key = rows_bytes(arena, &q, 4),
                        .remote_evaluation = stmt_int(&q, 5) != 0,
                };
        else if (st != STATUS_NOT_FOUND)
                return st;
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = setting;
        return st;
}

enum status coach_user_setting_put(struct lease *lease, int64_t user_id,
                                   const struct coach_user_setting *setting, struct error *reterr)
{
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "INSERT INTO coach_user (user_id, provider, endpoint, model, language, api_key,"
             " remote_evaluation)"
             " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id) DO UPDATE"
             " SET provider = excluded.provider, endpoint = excluded.endpoint,"
             " model = excluded.model, language = excluded.language, api_key = excluded.api_key,"
             " remote_evaluation = excluded.remote_evaluation");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_text(&q, 2, setting->provider);
        stmt_bind_text(&q, 3, setting->endpoint);
        stmt_bind_text(&q, 4, setting->model);
        stmt_bind_text(&q, 5, setting->language);
        bind_key(&q, 6, setting->api_key);
        stmt_bind_int(&q, 7, setting->remote_evaluation);
        return stmt_run(&q, reterr);
}

static enum status list_allowed(struct lease *lease, struct arena *arena,
                                struct coach_server_setting *setting, struct error *reterr)
{
        STMT(q, lease, "SELECT endpoint FROM coach_allowed ORDER BY position");
        const char **item;
        struct rows_page page = ROWS_ALL(&q, arena, sizeof(*item), reterr);

        while ((item = rows_next(&page)))
                *item = rows_text(arena, &q, 0);
        setting->allowed = page.items;
        setting->n_allowed = page.n_items;
        return rows_end(&page);
}

enum status coach_server_setting_get(struct lease *lease, struct arena *arena,
                                     struct coach_server_setting *ret, struct error *reterr)
{
        struct coach_server_setting setting;
        STMT(q, lease,
             "SELECT provider, endpoint, model, api_key, allow_private, requests_per_minute,"
             " context_bytes FROM coach_server WHERE id = 1");
        enum status st = stmt_row(&q, reterr);

        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, STATUS_DATA_LOSS, "the coach has lost its settings");
        if (st != STATUS_OK)
                return st;
        setting = (struct coach_server_setting){
                .provider = rows_text(arena, &q, 0),
                .endpoint = rows_text(arena, &q, 1),
                .model = rows_text(arena, &q, 2),
                .api_key = rows_bytes(arena, &q, 3),
                .allow_private = stmt_int(&q, 4) != 0,
                .requests_per_minute = stmt_int(&q, 5),
                .context_bytes = stmt_int(&q, 6),
        };
        st = list_allowed(lease, arena, &setting, reterr);
        if (st == STATUS_OK)
                *ret = setting;
        return st;
}

static enum status put_allowed(struct lease *lease, const struct coach_server_setting *setting,
                               struct error *reterr)
{
        STMT(clear, lease, "DELETE FROM coach_allowed");
        STMT(add, lease, "INSERT INTO coach_allowed (position, endpoint) VALUES ($1, $2)");
        enum status st = stmt_run(&clear, reterr);

        for (size_t i = 0; i < setting->n_allowed && st == STATUS_OK; i++) {
                stmt_bind_int(&add, 1, (int64_t)i);
                stmt_bind_text(&add, 2, setting->allowed[i]);
                st = stmt_run(&add, reterr);
                stmt_reset(&add);
        }
        return st;
}

enum status coach_server_setting_put(struct lease *lease,
                                     const struct coach_server_setting *setting,
                                     struct error *reterr)
{
        STMT(q, lease,
             "UPDATE coach_server SET provider = $1, endpoint = $2, model = $3, api_key = $4,"
             " allow_private = $5, requests_per_minute = $6, context_bytes = $7 WHERE id = 1");
        stmt_bind_text(&q, 1, setting->provider);
        stmt_bind_text(&q, 2, setting->endpoint);
        stmt_bind_text(&q, 3, setting->model);
        bind_key(&q, 4, setting->api_key);
        stmt_bind_int(&q, 5, setting->allow_private);
        stmt_bind_int(&q, 6, setting->requests_per_minute);
        stmt_bind_int(&q, 7, setting->context_bytes);
        enum status st = stmt_run(&q, reterr);

        return st == STATUS_OK ? put_allowed(lease, setting, reterr) : st;
}
