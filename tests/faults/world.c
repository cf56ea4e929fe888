#include "tests/faults/world.h"

#include "common/arena.h"
#include "common/contract.h"
#include "common/json.h"
#include "common/log.h"
#include "common/wire.h"
#include "service/db/db_internal.h"
#include "service/parts.h"
#include "service/rpc/rate.h"
#include "service/rpc/server.h"
#include "service/store/level.h"
#include "service/store/schema.h"
#include "tests/support/fault_vfs.h"

#include "handlers.gen.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_READERS 3
#define WAIT_MS   20000

/* Where the first state is, and who may say what in it. */
static char template_dir[T_PATH_BYTES];
static char *tokens[WHO_COUNT];
static char operator_token[512];
static char session[64]; /* $SESSION: another one of HUMAN's */
static char erasure[64]; /* $ERASURE: of an account that is deleted */
static char backup[128]; /* $BACKUP */

/* --- the service --- */

static void fail_unless_ok(enum status st, const struct error *error)
{
        if (st != STATUS_OK)
                fail_msg("%s", error->text);
}

static void open_service(struct world *w)
{
        char path[T_PATH_BYTES + 32];
        struct error error = ERROR_INIT;
        struct rpc_server *server;
        const char *const urls[] = {w->url};
        const struct db_options db = {.path = path,
                                      .backup_dir = w->dir,
                                      .migrations = store_migrations,
                                      .n_migrations = store_n_migrations,
                                      .n_readers = N_READERS,
                                      .vfs = FAULT_VFS};
        const struct parts_options parts = {.data_dir = w->dir};
        const struct rpc_server_options rpc = {.service = &w->service,
                                               .handlers = service_handlers,
                                               .urls = urls,
                                               .n_urls = 1,
                                               .n_readers = 2,
                                               .max_long_threads = 2,
                                               .max_queued_reads = 8,
                                               .max_queued_writes = 8,
                                               .max_queued_passwords = 8,
                                               .max_queued_long = 8};

        snprintf(path, sizeof(path), "%s/socializer.db", w->dir);
        fail_unless_ok(db_open(&db, &w->service.db, &error), &error);
        fail_unless_ok(parts_open(&w->service, &parts, &error), &error);
        /* As many tries as there are, of one user. */
        rate_free(w->service.live_rate);
        fail_unless_ok(rate_new(100000, 100000, &w->service.live_rate, &error), &error);
        fail_unless_ok(rpc_server_new(&rpc, &server, &error), &error);
        raw_open(&w->raw, w->url);
        assert_int_equal(sqlite3_open_v2(path, &w->eye, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
}

static void close_service(struct world *w)
{
        struct service *service = &w->service;

        sqlite3_close(w->eye);
        rpc_server_stop(service->rpc);
        parts_stop(service);
        db_close(service->db);
        raw_close(&w->raw);
        rpc_server_free(service->rpc);
        parts_free(service);
        w->service = (struct service){0};
}

static void make_folder(struct world *w)
{
        *w = (struct world){0};
        t_temp_dir(w->dir);
        t_scratch_url(w->dir, "rpc", w->url);
}

void world_open(struct world *w)
{
        struct dirent *entry;
        char from[T_PATH_BYTES * 2], to[T_PATH_BYTES * 2];
        DIR *dir = opendir(template_dir);

        assert_non_null(dir);
        make_folder(w);
        while ((entry = readdir(dir))) {
                if (entry->d_type != DT_REG)
                        continue;
                snprintf(from, sizeof(from), "%s/%s", template_dir, entry->d_name);
                snprintf(to, sizeof(to), "%s/%s", w->dir, entry->d_name);
                size_t n;
                char *data = t_read_file(from, &n);
                t_write_file(to, data, n);
                free(data);
        }
        closedir(dir);
        w->next_id = 1000; /* the first state remembers replies to calls before it */
        open_service(w);
        /* Somebody listens: there is something to publish. */
        for (enum who who = ADMIN; who < WHO_COUNT; who++)
                world_must(w, who, "ChatService/Subscribe", "{'room_id':0}");
        world_must(w, HUMAN, "ChatService/Subscribe", "{'room_id':2}");
        world_must(w, HUMAN, "ChatService/Subscribe", "{'room_id':3}");
}

void world_close(struct world *w)
{
        close_service(w);
        t_remove_dir(w->dir);
}

/* --- calls --- */

void world_answer_deinit(struct world_answer *a)
{
        free(a->payload);
}

static void take_answer(nng_msg *m, struct world_answer *ret)
{
        *ret = (struct world_answer){0};
        if (!m || nng_msg_len(m) == 0)
                return;
        struct frame_reply reply = raw_reply(m, 0);
        ret->is_there = true;
        ret->status = reply.status;
        snprintf(ret->text, sizeof(ret->text), "%s", reply.error.text);
        ret->n_payload = reply.payload.n_bytes;
        ret->payload = malloc(reply.payload.n_bytes + 1);
        assert_non_null(ret->payload);
        if (reply.payload.n_bytes)
                memcpy(ret->payload, reply.payload.data, reply.payload.n_bytes);
}

static void set_flag(void *arg)
{
        atomic_store((atomic_bool *)arg, true);
}

/* Sends, and waits for the reply or for its being lost. */
static void exchange(struct world *w, struct buffer *out, bool may_be_lost,
                     struct world_answer *ret)
{
        atomic_bool has_come = false;
        nng_msg *m, *reply = NULL;
        nng_aio *aio;
        nng_ctx ctx;

        assert_int_equal(nng_ctx_open(&ctx, w->raw.socket), 0);
        assert_int_equal(nng_aio_alloc(&aio, set_flag, &has_come), 0);
        assert_int_equal(nng_msg_alloc(&m, 0), 0);
        assert_int_equal(nng_msg_append(m, out->data, out->n_bytes), 0);
        nng_aio_set_timeout(aio, WAIT_MS);
        nng_aio_set_msg(aio, m);
        nng_ctx_send(ctx, aio);
        nng_aio_wait(aio);
        assert_int_equal(nng_aio_result(aio), 0);
        atomic_store(&has_come, false);
        nng_ctx_recv(ctx, aio);
        if (may_be_lost && t_wait(atomic_load(&has_come) || kit_has_lost_reply(), WAIT_MS) &&
            !atomic_load(&has_come))
                nng_aio_cancel(aio);
        nng_aio_wait(aio);
        if (nng_aio_result(aio) == 0)
                reply = nng_aio_get_msg(aio);
        nng_ctx_close(ctx);
        nng_aio_free(aio);
        take_answer(reply, ret);
        if (reply)
                nng_msg_free(reply);
}

/* What stands for a $NAME in a request. */
static const char *named(const char *mark)
{
        switch (mark[1]) {
        case 'S':
                return session;
        case 'E':
                return erasure;
        default:
                return backup;
        }
}

/* JSON with ' for ". */
static json_t *parse(const char *request)
{
        const char *mark = strchr(request, '$');
        const char *rest = mark ? mark + 1 + strspn(mark + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : "";
        AUTO_FREE char *text = NULL;

        assert_true(asprintf(&text, "%.*s%s%s", (int)strcspn(request, "$"), request,
                             mark ? named(mark) : "", rest) >= 0);
        for (char *at = text; *at; at++) {
                if (*at == '\'')
                        *at = '"';
        }
        json_t *tree = json_loads(text, 0, NULL);
        if (!tree)
                fail_msg("no JSON: %s", request);
        return tree;
}

static void append_call(struct buffer *out, uint32_t id, const struct method *m, const char *token,
                        const ProtobufCMessage *message)
{
        AUTO_FREE uint8_t *payload = malloc(protobuf_c_message_get_packed_size(message) + 1);
        uint8_t ids[FRAME_CALL_ID_BYTES] = {1};

        assert_non_null(payload);
        memcpy(ids + 1, &id, sizeof(id));
        const struct frame_call call = {
                .id = {ids, sizeof(ids)},
                .method = {(const uint8_t *)m->name, strlen(m->name)},
                .token = {(const uint8_t *)token, token ? strlen(token) : 0},
                .payload = {payload, protobuf_c_message_pack(message, payload)},
        };
        frame_append_call(out, &call);
        assert_false(buffer_failed(out));
}

static void call_with_token(struct world *w, uint32_t id, const char *token, const char *method,
                            const char *request, struct world_fault *fault,
                            struct world_answer *ret)
{
        const struct method *m = contract_find_short(method);
        struct error error = ERROR_INIT;
        AUTO_BUFFER out = BUFFER_INIT;
        AUTO_ARENA arena;

        arena_init(&arena, 1 << 20);
        if (!m)
                fail_msg("there is no %s", method);
        json_t *tree = parse(request);
        ProtobufCMessage *message = json_new_message(m->input->descriptor, &arena);
        enum status st = json_to_message(m->input, tree, &arena, message, &error);
        json_decref(tree);
        if (st != STATUS_OK)
                fail_msg("%s %s: %s", method, request, error.text);
        append_call(&out, id, m, token, message);
        if (fault)
                kit_arm(fault->fault, fault->n);
        exchange(w, &out, fault && fault->fault == KIT_SEND, ret);
        if (fault)
                fault->has_struck = kit_disarm();
}

void world_call(struct world *w, uint32_t id, enum who who, const char *method, const char *request,
                struct world_fault *fault, struct world_answer *ret)
{
        call_with_token(w, id, tokens[who], method, request, fault, ret);
}

static void must(struct world *w, const char *token, const char *method, const char *request,
                 struct world_answer *ret)
{
        call_with_token(w, ++w->next_id, token, method, request, NULL, ret);
        if (!ret->is_there || ret->status != STATUS_OK)
                fail_msg("%s %s: %s %s", method, request,
                         ret->is_there ? status_name(ret->status) : "no reply", ret->text);
}

void world_must(struct world *w, enum who who, const char *method, const char *request)
{
        struct world_answer answer;

        must(w, tokens[who], method, request, &answer);
        world_answer_deinit(&answer);
}

/* --- the first state --- */

static void sign_up(struct world *w, enum who who, const char *name)
{
        struct world_answer answer;
        struct error error = ERROR_INIT;
        char request[200];
        AUTO_ARENA arena;

        snprintf(request, sizeof(request),
                 "{'username':'%s','email':'%s@example.org','password':'password123','role':'%s'}",
                 name, name, who == ADMIN ? "admin" : "user");
        must(w, operator_token, "AdminService/CreateUser", request, &answer);
        world_answer_deinit(&answer);
        snprintf(request, sizeof(request), "{'username':'%s','password':'password123'}", name);
        must(w, NULL, "UserService/Login", request, &answer);
        arena_init(&arena, 1 << 20);
        ProtobufCMessage *message;
        fail_unless_ok(wire_unpack(&socializer__v1__login_response__descriptor, answer.payload,
                                   answer.n_payload, &arena, &message, &error),
                       &error);
        tokens[who] = strdup(((Socializer__V1__LoginResponse *)message)->access_token);
        world_answer_deinit(&answer);
}

/* A change of a level that HUMAN may dispute. */
static enum status move_level(void *arg, struct error *reterr)
{
        struct world *w = arg;
        const struct said evidence = {.source = SAID_IN_ROOM, .id = 1};
        const struct level_reason reason = {.engine = "builtin",
                                            .why = "kind words [1]",
                                            .evidence = &evidence,
                                            .n_evidence = 1};
        LEASE(lease, w->service.db, LEASE_WRITE, DEADLINE_NEVER);
        struct level_moved moved;
        enum status st = level_set(&lease, 2, 2, 1, &reason, &moved, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void find_text(struct world *w, const char *sql, char ret[static 64])
{
        sqlite3_stmt *row;

        assert_int_equal(sqlite3_prepare_v2(w->eye, sql, -1, &row, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        snprintf(ret, 64, "%s", sqlite3_column_text(row, 0));
        sqlite3_finalize(row);
}

static void find_backup(struct world *w)
{
        struct dirent *entry;
        DIR *dir;

        world_must(w, ADMIN, "AdminService/CreateBackup", "{}");
        dir = opendir(w->dir);
        assert_non_null(dir);
        while ((entry = readdir(dir))) {
                if (strstr(entry->d_name, ".backup"))
                        snprintf(backup, sizeof(backup), "%s", entry->d_name);
        }
        closedir(dir);
}

/* HUMAN signs in somewhere else, and an account that was made is deleted. */
static void find_numbers(struct world *w)
{
        world_must(w, NOBODY, "UserService/Login", "{'username':'human','password':'password123'}");
        find_text(w, "SELECT lower(hex(jti)) FROM session WHERE user_id = 2 ORDER BY rowid DESC",
                  session);
        world_must(w, ADMIN, "AdminService/CreateUser",
                   "{'username':'gone','email':'gone@example.org','password':'password123'}");
        world_must(w, ADMIN, "UserService/DeleteUser", "{'user_id':6}");
        find_text(w, "SELECT lower(hex(id)) FROM erasure", erasure);
        find_backup(w);
}

static void settle(struct world *w)
{
        static const struct {
                enum who who;
                const char *method, *request;
        } calls[] = {
                {HUMAN, "CreateRoom", "{'name':'Book club','is_public':true,'user_ids':[5]}"},
                {OTHER, "JoinRoom", "{'room_id':2}"},
                {GUEST, "JoinRoom", "{'room_id':2}"},
                {HUMAN, "SendMessage", "{'room_id':2,'content':'I understand that this is hard.'}"},
                {OTHER, "SendMessage", "{'room_id':2,'content':'Thank you for saying so.'}"},
                {HUMAN, "AddReaction", "{'room_id':2,'message_id':2,'emoji':'+1'}"},
                {HUMAN, "CreateRoom", "{'name':'Old house','is_public':true}"},
                {GUEST, "JoinRoom", "{'room_id':3}"},
                {HUMAN, "RemoveMember", "{'room_id':3,'user_id':4,'ban':true}"},
                {HUMAN, "CreateRoom", "{'name':'Cave','is_public':true,'password':'sesame'}"},
                {HUMAN, "SetPreference",
                 "{'user_id':'me','type':'ui','key':'theme','value':'dark'}"},
                {HUMAN, "SaveMessages",
                 "{'user_id':'me','messages':[{'content':'one','thread_id':'t1'},"
                 "{'content':'two','role':'assistant'}]}"},
                {ADMIN, "AddSkill", "{'name':'patience'}"},
                {HUMAN, "SetUserSkill", "{'user_id':'me','skill_id':1,'level':3}"},
                {ADMIN, "UpdateServerSettings",
                 "{'requests_per_minute':6000,"
                 "'allowed_endpoints':{'items':['https://api.example.org']}}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
                world_must(w, calls[i].who, calls[i].method, calls[i].request);
        struct error error = ERROR_INIT;
        fail_unless_ok(db_write(w->service.db, move_level, w, DEADLINE_NEVER, &error), &error);
}

void world_prepare(void)
{
        struct world w;
        char path[T_PATH_BYTES + 32];

        make_folder(&w);
        open_service(&w);
        snprintf(path, sizeof(path), "%s/operator.token", w.dir);
        char *token = t_read_file(path, NULL);
        snprintf(operator_token, sizeof(operator_token), "%.*s", (int)strcspn(token, "\n"), token);
        free(token);
        sign_up(&w, ADMIN, "admin");
        sign_up(&w, HUMAN, "human");
        sign_up(&w, OTHER, "other");
        sign_up(&w, GUEST, "guest");
        sign_up(&w, LATE, "late");
        find_numbers(&w);
        settle(&w);
        assert_true(world_is_quiet(&w));
        close_service(&w);
        snprintf(template_dir, sizeof(template_dir), "%s", w.dir);
}

void world_forget_all(void)
{
        for (size_t i = 0; i < WHO_COUNT; i++)
                free(tokens[i]);
        t_remove_dir(template_dir);
}

/* --- is all well? --- */

static bool is_idle(struct world *w)
{
        AUTO_BUFFER text = BUFFER_INIT;
        struct db_stats stats;
        char n_erasing[64];

        rpc_server_metrics(w->service.rpc, &text);
        db_stats(w->service.db, &stats);
        find_text(w, "SELECT count(*) FROM erasure WHERE finished_at IS NULL", n_erasing);
        return strstr(buffer_str(&text), "\nsocializer_rpc_in_flight 0\n") &&
               strcmp(n_erasing, "0") == 0 && stats.n_leased == 0 && stats.n_waiting == 0 &&
               stats.n_queued_writes == 0;
}

bool world_is_quiet(struct world *w)
{
        return t_wait(is_idle(w), WAIT_MS);
}

static bool complain(const char *what, const char *detail)
{
        print_error("%s: %s\n", what, detail);
        return false;
}

/* What a free connection is like: in no transaction, and able to read. Nobody else uses it now, but
 * for the threads that work when nobody waits: hence its pool's lock. */
static bool is_usable(struct db_conn *conn)
{
        if (!sqlite3_get_autocommit(conn->handle))
                return complain("a connection is in a transaction", "");
        for (sqlite3_stmt *s = sqlite3_next_stmt(conn->handle, NULL); s;
             s = sqlite3_next_stmt(conn->handle, s)) {
                if (sqlite3_stmt_busy(s))
                        return complain("a statement is not at its end", sqlite3_sql(s));
        }
        if (sqlite3_exec(conn->handle, "SELECT count(*) FROM account", NULL, NULL, NULL) !=
            SQLITE_OK)
                return complain("a connection cannot read", sqlite3_errmsg(conn->handle));
        return true;
}

static bool all_are_usable(struct db *db)
{
        bool good = true;
        LOCK(&db->pool.lock);

        for (unsigned i = 0; i < db->pool.n_conns; i++)
                good = good && (!db->pool.conns[i].free || is_usable(&db->pool.conns[i]));
        return good;
}

static bool probe(struct world *w, enum who who, const char *method, const char *request)
{
        struct world_answer answer;

        world_call(w, ++w->next_id, who, method, request, NULL, &answer);
        bool good = answer.is_there && answer.status == STATUS_OK;
        if (!good)
                complain(method, answer.text);
        world_answer_deinit(&answer);
        return good;
}

bool world_is_well(struct world *w)
{
        if (!world_is_quiet(w))
                return complain("something is at work or leased", "");
        return all_are_usable(w->service.db) &&
               probe(w, ADMIN, "UserService/GetUser", "{'user_id':1}") &&
               probe(w, ADMIN, "UserService/SetPreference",
                     "{'user_id':'me','type':'probe','key':'x','value':1}");
}

/* --- what is there? --- */

static uint64_t mix(uint64_t hash, const void *data, size_t n)
{
        const uint8_t *at = data;

        for (size_t i = 0; i < n; i++)
                hash = (hash ^ at[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
        return hash;
}

static uint64_t hash_row(sqlite3_stmt *row, uint64_t hash)
{
        for (int i = 0; i < sqlite3_column_count(row); i++) {
                int type = sqlite3_column_type(row, i);
                const void *data = sqlite3_column_blob(row, i);

                hash = mix(hash, &type, sizeof(type));
                hash = mix(hash, data, (size_t)sqlite3_column_bytes(row, i));
        }
        return hash;
}

static void look_at_table(struct world *w, struct world_table *table)
{
        char sql[128];
        sqlite3_stmt *rows;

        /* When a session was used is noted now and then. */
        snprintf(sql, sizeof(sql), "SELECT %s FROM \"%s\"",
                 strcmp(table->name, "session") == 0 ? "jti, user_id, revoked_at" : "*",
                 table->name);
        assert_int_equal(sqlite3_prepare_v2(w->eye, sql, -1, &rows, NULL), SQLITE_OK);
        while (sqlite3_step(rows) == SQLITE_ROW) {
                table->n_rows++;
                table->hash += hash_row(rows, UINT64_C(0xcbf29ce484222325));
        }
        sqlite3_finalize(rows);
}

void world_look(struct world *w, struct world_state *ret)
{
        /* The search index and the count of what was said follow by themselves, and so an erasure
         * may find nothing of that to count. */
        static const char sql[] = "SELECT name FROM sqlite_schema WHERE type = 'table'"
                                  " AND name NOT LIKE 'sqlite_%' AND name <> 'search_state'"
                                  " AND name NOT LIKE 'message_text%'"
                                  " AND name NOT LIKE 'evaluation%' AND name <> 'erasure_count'"
                                  " ORDER BY name";
        sqlite3_stmt *names;

        *ret = (struct world_state){0};
        assert_int_equal(sqlite3_prepare_v2(w->eye, sql, -1, &names, NULL), SQLITE_OK);
        while (sqlite3_step(names) == SQLITE_ROW) {
                struct world_table *table = &ret->tables[ret->n_tables++];

                assert_true(ret->n_tables < WORLD_MAX_TABLES);
                snprintf(table->name, sizeof(table->name), "%s", sqlite3_column_text(names, 0));
                look_at_table(w, table);
        }
        sqlite3_finalize(names);
}
