#include "tests/unit/rpc_fixture.h"

#include "common/wire.h"
#include "service/auth/authority.h"
#include "service/store/schema.h"
#include "tests/support/fault_vfs.h"

#include <stdio.h>
#include <string.h>

struct rpc_script script;

/* --- handlers --- */

static enum status pass(struct call *call, struct error *reterr)
{
        enum status st = STATUS_OK;

        while (atomic_load(&script.is_closed) && st == STATUS_OK) {
                st = call_check(call, reterr);
                t_pause_();
        }
        if (st == STATUS_OK)
                st = atomic_load(&script.status);
        if (st != STATUS_OK && script.error)
                return error_set(reterr, st, "%s", script.error);
        return st;
}

static void count_after(struct service *service, void *arg)
{
        (void)service;
        (void)arg;
        atomic_fetch_add(&script.n_after, 1);
}

static enum status answer_read(struct call *call, const void *req, void *rsp, struct error *reterr)
{
        Socializer__V1__GetHealthResponse *response = rsp;
        enum status st;
        (void)req;

        atomic_fetch_add(&script.n_begun, 1);
        st = pass(call, reterr);
        response->status = arena_alloc(call->arena, script.answer_bytes + 3);
        if (response->status)
                memset(response->status, 'x', script.answer_bytes + 2);
        atomic_fetch_add(&script.n_ended, 1);
        return st;
}

/* The answer's id is the number of the run, so that a repeat that ran again shows. */
static enum status answer_write(struct call *call, const void *req, void *rsp, struct error *reterr)
{
        const Socializer__V1__AddSkillRequest *request = req;
        Socializer__V1__AddSkillResponse *response = rsp;
        Socializer__V1__Skill *skill = arena_alloc(call->arena, sizeof(*skill));
        enum status st;

        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        STMT(q, &lease,
             "INSERT INTO skill (name, name_key, description, created_at) VALUES ($1, $2, '', 0)");
        stmt_bind_text(&q, 1, request->name);
        stmt_bind_text(&q, 2, request->name);
        st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                st = call_after_commit(call, count_after, NULL, reterr);
        if (st == STATUS_OK)
                st = pass(call, reterr);
        if (st != STATUS_OK)
                return st;
        socializer__v1__skill__init(skill);
        skill->id = atomic_fetch_add(&script.n_begun, 1) + 1;
        response->skill = skill;
        return lease_commit(&lease, reterr);
}

static enum status write_number(struct call *call, struct lease *lease, void *arg,
                                struct error *reterr)
{
        Socializer__V1__RegisterResponse *response = arg;

        STMT(q, lease,
             "INSERT INTO skill (name, name_key, description, created_at)"
             " VALUES ('from a password call', hex(randomblob(8)), '', 0)");
        response->id = atomic_fetch_add(&script.n_begun, 1) + 1;
        enum status st = stmt_run(&q, reterr);
        return st == STATUS_OK ? call_after_commit(call, count_after, NULL, reterr) : st;
}

static enum status answer_password(struct call *call, const void *req, void *rsp,
                                   struct error *reterr)
{
        bool was_replayed = false;
        enum status st;
        (void)req;

        if (atomic_load(&script.is_closed)) {
                atomic_fetch_add(&script.n_begun, 1);
                return pass(call, reterr);
        }
        st = call_write(call, write_number, rsp, &was_replayed, reterr);
        if (st == STATUS_OK && !was_replayed)
                st = pass(call, reterr);
        return st;
}

static enum status answer_long(struct call *call, const void *req, void *rsp, struct error *reterr)
{
        enum status st;
        (void)req;
        (void)rsp;

        atomic_fetch_add(&script.n_begun, 1);
        st = pass(call, reterr);
        atomic_fetch_add(&script.n_ended, 1);
        return st;
}

static const call_handler handlers[METHOD_COUNT] = {
        [METHOD_ADMIN_SERVICE_GET_HEALTH] = answer_read,
        [METHOD_SKILL_SERVICE_ADD_SKILL] = answer_write,
        [METHOD_USER_SERVICE_REGISTER] = answer_password,
        [METHOD_COACH_SERVICE_CHAT] = answer_long,
};

/* --- set up, take down --- */

void rpc_start(struct rpc_fixture *f)
{
        struct error error = ERROR_INIT;

        f->options.service = &f->service;
        f->options.handlers = handlers;
        f->urls[0] = f->url;
        f->options.urls = f->urls;
        f->options.n_urls = 1;
        if (rpc_server_new(&f->options, &f->server, &error) != STATUS_OK)
                fail_msg("%s", error.text);
}

void rpc_stop(struct rpc_fixture *f)
{
        f->server = rpc_server_free(f->server);
}

static void open_database(struct rpc_fixture *f, const char *vfs)
{
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *token = NULL;
        struct error error = ERROR_INIT;

        assert_true(asprintf(&path, "%s/db", f->dir) > 0);
        const struct db_options options = {.path = path,
                                           .backup_dir = f->dir,
                                           .migrations = store_migrations,
                                           .n_migrations = store_n_migrations,
                                           .n_readers = 4,
                                           .vfs = vfs};
        if (db_open(&options, &f->service.db, &error) != STATUS_OK)
                fail_msg("%s", error.text);
        const struct authority_options authority = {.data_dir = f->dir, .db = f->service.db};
        if (authority_new(&authority, &f->service.authority, &error) != STATUS_OK)
                fail_msg("%s", error.text);
        free(path);
        assert_true(asprintf(&path, "%s/operator.token", f->dir) > 0);
        token = t_read_file(path, NULL);
        snprintf(f->token, sizeof(f->token), "%.*s", (int)strcspn(token, "\n"), token);
}

static int setup_with(void **state, struct rpc_server_options options, const char *vfs)
{
        struct rpc_fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_status(wire_validate_init(NULL), STATUS_OK);
        script = (struct rpc_script){0};
        t_temp_dir(f->dir);
        t_scratch_url(f->dir, "rpc", f->url);
        open_database(f, vfs);
        f->options = options;
        rpc_start(f);
        raw_open(&f->raw, f->url);
        *state = f;
        return 0;
}

int rpc_setup(void **state)
{
        return setup_with(state, (struct rpc_server_options){0}, NULL);
}

int rpc_setup_tight(void **state)
{
        return setup_with(state,
                          (struct rpc_server_options){.n_readers = 1,
                                                      .n_passwords = 1,
                                                      .max_long_threads = 1,
                                                      .max_queued_reads = 1,
                                                      .max_queued_writes = 1,
                                                      .max_queued_passwords = 1,
                                                      .max_queued_long = 1},
                          NULL);
}

int rpc_setup_limited(void **state)
{
        return setup_with(state,
                          (struct rpc_server_options){.writes_per_second = 1, .writes_burst = 2},
                          NULL);
}

int rpc_setup_fault(void **state)
{
        fault_vfs_register();
        return setup_with(state, (struct rpc_server_options){0}, FAULT_VFS);
}

int rpc_teardown(void **state)
{
        struct rpc_fixture *f = *state;

        atomic_store(&script.is_closed, false);
        fault_vfs_release_syncs();
        rpc_stop(f);
        raw_close(&f->raw);
        authority_free(f->service.authority);
        db_close(f->service.db);
        t_remove_dir(f->dir);
        free(f);
        return 0;
}

/* --- requests --- */

void put_read(struct buffer *out, uint8_t id, uint32_t timeout_ms)
{
        raw_append_call(out, id, READ, NULL, timeout_ms, NULL);
}

void put_write(struct rpc_fixture *f, struct buffer *out, uint8_t id, const char *name)
{
        Socializer__V1__AddSkillRequest request = SOCIALIZER__V1__ADD_SKILL_REQUEST__INIT;

        request.name = (char *)name;
        raw_append_call(out, id, WRITE, f->token, 0, &request.base);
}

void put_password(struct buffer *out, uint8_t id, const char *name, const char *client_address)
{
        Socializer__V1__RegisterRequest request = SOCIALIZER__V1__REGISTER_REQUEST__INIT;
        static const char method[] = "socializer.v1." PASSWORD;
        uint8_t ids[FRAME_CALL_ID_BYTES];
        uint8_t payload[512];

        request.username = (char *)name;
        request.email = (char *)"somebody@example.org";
        request.password = (char *)"password123";
        memset(ids, id, sizeof(ids));
        const struct frame_call call = {
                .id = {ids, sizeof(ids)},
                .method = {(const uint8_t *)method, sizeof(method) - 1},
                .payload = {payload, protobuf_c_message_pack(&request.base, payload)},
                .client_address = {(const uint8_t *)client_address, strlen(client_address)},
        };
        frame_append_call(out, &call);
}

void put_long(struct rpc_fixture *f, struct buffer *out, uint8_t id)
{
        Socializer__V1__ChatRequest request = SOCIALIZER__V1__CHAT_REQUEST__INIT;

        request.message = (char *)"hello";
        raw_append_call(out, id, LONG, f->token, 0, &request.base);
}

void send_buffer(struct rpc_fixture *f, struct buffer *out, struct raw_pending *ret)
{
        raw_send(&f->raw, out->data, out->n_bytes, ret);
        buffer_clear(out);
}

struct frame_reply ask(struct rpc_fixture *f, struct buffer *out)
{
        nng_msg *m = raw_exchange(&f->raw, out->data, out->n_bytes);
        struct frame_reply reply;

        buffer_clear(out);
        assert_int_equal(raw_count_replies(m), 1);
        reply = raw_reply(m, 0);
        reply.payload.data = NULL;
        nng_msg_free(m);
        return reply;
}

enum status wait_for_status(struct raw_pending *p)
{
        nng_msg *m = raw_wait(p, 30000);
        enum status st;

        assert_non_null(m);
        assert_int_equal(raw_count_replies(m), 1);
        st = raw_reply(m, 0).status;
        nng_msg_free(m);
        return st;
}

/* Field 1 of AddSkillResponse is a skill, whose field 1 is the id; RegisterResponse has it as 2. */
int64_t ask_for_id(struct rpc_fixture *f, struct buffer *out)
{
        nng_msg *m = raw_exchange(&f->raw, out->data, out->n_bytes);
        struct frame_reply reply = raw_reply(m, 0);
        int64_t id = 0;

        buffer_clear(out);
        assert_status(reply.status, STATUS_OK);
        if (reply.payload.n_bytes && reply.payload.data[0] == 0x0a)
                id = reply.payload.data[3];
        else if (reply.payload.n_bytes)
                id = reply.payload.data[1];
        nng_msg_free(m);
        return id;
}

void await_begun(unsigned n)
{
        assert_true(t_wait(atomic_load(&script.n_begun) >= n, 30000));
}

char *metrics_text(struct rpc_fixture *f)
{
        struct buffer out = BUFFER_INIT;

        rpc_server_metrics(f->server, &out);
        assert_non_null(buffer_str(&out));
        return (char *)out.data;
}
