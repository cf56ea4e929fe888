/* AdminService: what an operator asks of a running service. */
#include "common/contract.h"
#include "service/api/forget.h"
#include "service/api/metrics.h"
#include "service/api/wire.h"
#include "service/auth/authority.h"
#include "service/auth/password.h"
#include "service/auth/vault.h"
#include "service/rpc/server.h"
#include "service/service.h"
#include "service/store/schema.h"
#include "service/upkeep/upkeep.h"

#include "handlers.gen.h"

#define DEFAULT_QUERIES 50

enum status admin_service_get_health(struct call *call, const Socializer__V1__GetHealthRequest *req,
                                     Socializer__V1__GetHealthResponse *rsp, struct error *reterr)
{
        (void)req;
        static char ok[] = "ok", version[] = SOCIALIZER_VERSION;
        struct error error = ERROR_INIT;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);

        if (schema_check(&lease, &error) != STATUS_OK)
                return error_retry(reterr, STATUS_UNAVAILABLE, 1000,
                                   "the database does not answer");
        rsp->status = ok;
        rsp->version = version;
        rsp->schema_version = db_schema_version(call->service->db);
        rsp->contract_revision = (int32_t)contract_revision();
        rsp->started_at = wire_timestamp(call->arena, call->service->started_at_ms);
        return rsp->started_at ? STATUS_OK : wire_no_memory(reterr);
}

enum status admin_service_get_metrics(struct call *call,
                                      const Socializer__V1__GetMetricsRequest *req,
                                      Socializer__V1__GetMetricsResponse *rsp, struct error *reterr)
{
        (void)req;
        AUTO_BUFFER text = BUFFER_INIT;
        struct upkeep_stats upkeep;
        struct db_stats stats;

        db_stats(call->service->db, &stats);
        metrics_append_db(&text, &stats);
        metrics_append_leases(&text, call->service->db);
        upkeep_stats(call->service->upkeep, &upkeep);
        metrics_append_upkeep(&text, &upkeep);
        rpc_server_metrics(call->service->rpc, &text);
        rsp->text = buffer_failed(&text) ? NULL : arena_strdup(call->arena, buffer_str(&text));
        return rsp->text ? STATUS_OK : wire_no_memory(reterr);
}

static Socializer__V1__PoolConnection *answer_connection(struct arena *arena,
                                                         const struct db_conn_info *info)
{
        Socializer__V1__PoolConnection *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__pool_connection__init(message);
        message->id = info->id;
        message->mode = info->mode == LEASE_WRITE ? SOCIALIZER__V1__LEASE_MODE__LEASE_MODE_WRITE
                                                  : SOCIALIZER__V1__LEASE_MODE__LEASE_MODE_READ;
        message->leased = info->leased;
        message->leases = (int64_t)info->n_leases;
        message->cached_statements = (int32_t)info->n_statements;
        message->held_seconds = info->held_seconds;
        message->holder = arena_strdup(arena, info->holder);
        message->request_id = arena_strdup(arena, info->request_id);
        if (!message->holder || !message->request_id)
                return NULL;
        if (info->leased) {
                message->leased_at = wire_timestamp(arena, info->leased_at_wall_ms);
                if (!message->leased_at)
                        return NULL;
        }
        return message;
}

enum status admin_service_get_pool(struct call *call, const Socializer__V1__GetPoolRequest *req,
                                   Socializer__V1__GetPoolResponse *rsp, struct error *reterr)
{
        (void)req;
        struct db *db = call->service->db;
        struct db_stats stats;

        db_stats(db, &stats);
        rsp->size = (int32_t)stats.n_connections;
        rsp->leased = (int32_t)stats.n_leased;
        rsp->waiting = (int32_t)stats.n_waiting;
        rsp->leases_total = (int64_t)stats.n_leases;
        rsp->timeouts_total = (int64_t)stats.n_lease_timeouts;
        rsp->long_leases_total = (int64_t)stats.n_long_leases;

        size_t room = stats.n_connections;
        struct db_conn_info *infos = arena_calloc(call->arena, room + 1, sizeof(*infos));
        rsp->connections = wire_list(call->arena, room);
        if (!infos || !rsp->connections)
                return wire_no_memory(reterr);
        size_t n = db_conn_list(db, infos, room);
        for (; rsp->n_connections < n && rsp->n_connections < room; rsp->n_connections++) {
                size_t i = rsp->n_connections;

                rsp->connections[i] = answer_connection(call->arena, &infos[i]);
                if (!rsp->connections[i])
                        return wire_no_memory(reterr);
        }
        return STATUS_OK;
}

static Socializer__V1__Query *answer_query(struct arena *arena, const struct db_query_info *info)
{
        Socializer__V1__Query *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__query__init(message);
        message->sql = (char *)info->sql;
        message->calls = (int64_t)info->calls;
        message->rows = (int64_t)info->rows;
        message->errors = (int64_t)info->errors;
        message->total_ms = info->total_ms;
        message->mean_ms = info->calls > 0 ? info->total_ms / (double)info->calls : 0;
        message->max_ms = info->max_ms;
        return message;
}

static enum status put_plan(struct call *call, Socializer__V1__Query *query, struct error *reterr)
{
        AUTO_FREE char *plan = NULL;
        enum status st =
                db_query_plan(call->service->db, query->sql, call->deadline, &plan, reterr);

        if (st != STATUS_OK)
                return st;
        query->plan = arena_strdup(call->arena, plan);
        return query->plan ? STATUS_OK : wire_no_memory(reterr);
}

enum status admin_service_list_queries(struct call *call,
                                       const Socializer__V1__ListQueriesRequest *req,
                                       Socializer__V1__ListQueriesResponse *rsp,
                                       struct error *reterr)
{
        size_t room = req->page_size > 0 ? (size_t)req->page_size : DEFAULT_QUERIES;
        struct db_query_info *infos = arena_calloc(call->arena, room, sizeof(*infos));

        rsp->queries = wire_list(call->arena, room);
        if (!infos || !rsp->queries)
                return wire_no_memory(reterr);
        size_t n = db_query_list(call->service->db, infos, room);
        for (; rsp->n_queries < n; rsp->n_queries++) {
                size_t i = rsp->n_queries;

                rsp->queries[i] = answer_query(call->arena, &infos[i]);
                if (!rsp->queries[i])
                        return wire_no_memory(reterr);
                enum status st =
                        req->with_plans ? put_plan(call, rsp->queries[i], reterr) : STATUS_OK;
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

/* A request whose password is hashed, for the function that writes. */
struct hashed {
        const void *req;
        void *rsp;
        const char *hash;
};

static enum status write_new_user(struct call *call, struct lease *lease, void *arg,
                                  struct error *reterr)
{
        const struct hashed *hashed = arg;
        const Socializer__V1__CreateUserRequest *req = hashed->req;
        Socializer__V1__CreateUserResponse *rsp = hashed->rsp;
        bool has_role = req->role != SOCIALIZER__V1__ROLE__ROLE_UNSPECIFIED;
        struct user user;

        enum status st =
                user_add(lease, call->arena, req->username, req->email, hashed->hash,
                         has_role ? (enum user_role)req->role : USER_ROLE_USER, &user, reterr);
        if (st == STATUS_OK)
                st = training_add_defaults(lease, user.id, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->user = wire_user(call->arena, &user, true);
        return rsp->user ? STATUS_OK : wire_no_memory(reterr);
}

enum status admin_service_create_user(struct call *call,
                                      const Socializer__V1__CreateUserRequest *req,
                                      Socializer__V1__CreateUserResponse *rsp, struct error *reterr)
{
        char hash[PASSWORD_HASH_BYTES];
        struct hashed hashed = {.req = req, .rsp = rsp, .hash = hash};

        enum status st = password_hash(req->password, hash, reterr);
        return st == STATUS_OK ? call_write(call, write_new_user, &hashed, NULL, reterr) : st;
}

static enum status write_reset(struct call *call, struct lease *lease, void *arg,
                               struct error *reterr)
{
        const struct hashed *hashed = arg;
        const Socializer__V1__ResetPasswordRequest *req = hashed->req;

        enum status st = user_set_password(lease, req->user_id, hashed->hash, reterr);
        if (st == STATUS_OK)
                st = authority_revoke_user(lease, req->user_id, NULL, NULL, reterr);
        return st == STATUS_OK ? forget_user(call, req->user_id, reterr) : st;
}

enum status admin_service_reset_password(struct call *call,
                                         const Socializer__V1__ResetPasswordRequest *req,
                                         Socializer__V1__ResetPasswordResponse *rsp,
                                         struct error *reterr)
{
        char hash[PASSWORD_HASH_BYTES];
        struct hashed hashed = {.req = req, .rsp = rsp, .hash = hash};

        enum status st = password_hash(req->new_password, hash, reterr);
        return st == STATUS_OK ? call_write(call, write_reset, &hashed, NULL, reterr) : st;
}

enum status admin_service_prune(struct call *call, const Socializer__V1__PruneRequest *req,
                                Socializer__V1__PruneResponse *rsp, struct error *reterr)
{
        (void)req;
        return upkeep_prune(call->service->upkeep, call->deadline, &rsp->deleted, reterr);
}

enum status admin_service_rotate_master_key(struct call *call,
                                            const Socializer__V1__RotateMasterKeyRequest *req,
                                            Socializer__V1__RotateMasterKeyResponse *rsp,
                                            struct error *reterr)
{
        (void)req;
        return vault_rotate(call->service->vault, call->deadline, &rsp->keys, reterr);
}
