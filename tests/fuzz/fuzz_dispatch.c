/* A message of many calls, through a whole RPC server over a real database: taken apart, admitted,
 * run in all lanes, answered. The first byte says whether the rest is the message itself ('r') or
 * is made into one: a byte of flags, the call's id, and for a call its method (two bytes), the
 * length of its request (two bytes) and the request. Handlers do what is usual in their lane. */
#include "tests/fuzz/fuzz.h"

#include "common/contract.h"
#include "common/log.h"
#include "common/wire.h"
#include "service/auth/authority.h"
#include "service/rpc/internal.h"
#include "service/store/schema.h"

#include <ftw.h>
#include <limits.h>
#include <nng/protocol/reqrep0/req.h>
#include <sched.h>
#include <sodium.h>
#include <string.h>

/* Only where a sanitizer counts. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

#define PATIENCE_MS    10000
#define MAX_FREE_PARTS 32 /* batch.c keeps no more */
#define MAX_HEAP_BYTES ((size_t)256 << 20) /* with what libFuzzer has learnt */

enum flags {
        FLAG_TOKEN = 3, /* none, the operator's, one that is malformed, a forged one */
        FLAG_FORWARDED = 1 << 2,
        FLAG_HURRY = 1 << 3,
        FLAG_CANCEL = 1 << 4,
        FLAG_NO_METHOD = 1 << 5,
        FLAG_BAD_ID = 1 << 6,
        FLAG_TRACED = 1 << 7,
};

static char dir[64];
static struct service service;
static nng_socket client;
static char token[256], forged[256];

/* --- handlers --- */

static enum status answer_read(struct call *call, const void *req, void *rsp, struct error *reterr)
{
        (void)req;
        (void)rsp;

        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        STMT(q, &lease, "SELECT count(*) FROM skill");
        return stmt_row(&q, reterr);
}

static enum status write_skill(struct call *call, struct lease *lease, void *arg,
                               struct error *reterr)
{
        (void)arg;

        STMT(q, lease,
             "INSERT INTO skill (name, name_key, created_at) VALUES ($1, $1, 0)"
             " ON CONFLICT (name_key) DO UPDATE SET created_at = created_at + 1");
        stmt_bind_text(&q, 1, call->method->name);
        return stmt_run(&q, reterr);
}

static enum status answer_write(struct call *call, const void *req, void *rsp, struct error *reterr)
{
        (void)req;
        (void)rsp;

        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = write_skill(call, &lease, NULL, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status answer_slowly(struct call *call, const void *req, void *rsp,
                                 struct error *reterr)
{
        enum status st = answer_read(call, req, rsp, reterr);

        if (st == STATUS_OK)
                st = call_check(call, reterr);
        if (st == STATUS_OK && call->method->side_effects)
                st = call_write(call, write_skill, NULL, NULL, reterr);
        return st;
}

static const call_handler *handlers_new(void)
{
        static const call_handler of_lane[LANE_COUNT] = {
                [LANE_READ] = answer_read,
                [LANE_WRITE] = answer_write,
                [LANE_PASSWORD] = answer_slowly,
                [LANE_LONG] = answer_slowly,
        };
        call_handler *handlers = calloc(contract_n_methods, sizeof(call_handler));

        fuzz_must(handlers != NULL);
        for (size_t i = 0; i < contract_n_methods; i++)
                handlers[i] = of_lane[contract_methods[i].lane];
        return handlers;
}

/* --- set up, take down --- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
        (void)st;
        (void)kind;
        (void)ftw;
        return remove(path);
}

static void stop(void)
{
        const call_handler *handlers = service.rpc->handlers;

        rpc_server_stop(service.rpc);
        nng_close(client);
        service.rpc = rpc_server_free(service.rpc);
        free((void *)handlers);
        service.authority = authority_free(service.authority);
        service.db = db_close(service.db);
        (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void read_token(void)
{
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/operator.token", dir);
        AUTO_FCLOSE FILE *in = fopen(path, "r");
        fuzz_must(in != NULL && fgets(token, sizeof(token), in) != NULL);
        token[strcspn(token, "\n")] = '\0';
        memcpy(forged, token, sizeof(forged));
        forged[strlen(forged) / 2] ^= 1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        char path[PATH_MAX], url[PATH_MAX];
        struct error error = ERROR_INIT;
        (void)argc;
        (void)argv;

        log_init("fuzz", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
        fuzz_must(sodium_init() >= 0);
        fuzz_must(wire_validate_init(&error) == STATUS_OK);
        const char *tmp = getenv("TMPDIR");
        snprintf(dir, sizeof(dir), "%s/socializer-fuzz-XXXXXX", tmp && *tmp ? tmp : "/tmp");
        fuzz_must(mkdtemp(dir) != NULL);
        snprintf(path, sizeof(path), "%s/db", dir);
        snprintf(url, sizeof(url), "ipc://%s/rpc.ipc", dir);
        const struct db_options db = {.path = path,
                                      .backup_dir = dir,
                                      .migrations = store_migrations,
                                      .n_migrations = store_n_migrations,
                                      .n_readers = 4};
        fuzz_must(db_open(&db, &service.db, &error) == STATUS_OK);
        const struct authority_options authority = {.data_dir = dir, .db = service.db};
        fuzz_must(authority_new(&authority, &service.authority, &error) == STATUS_OK);
        read_token();

        const char *const urls[] = {url};
        /* Few of each, so that there are refusals. */
        const struct rpc_server_options options = {.service = &service,
                                                   .handlers = handlers_new(),
                                                   .urls = urls,
                                                   .n_urls = 1,
                                                   .n_readers = 2,
                                                   .max_long_threads = 2,
                                                   .max_queued_passwords = 4,
                                                   .max_queued_long = 4};
        struct rpc_server *server;
        fuzz_must(rpc_server_new(&options, &server, &error) == STATUS_OK);
        fuzz_must(service.rpc == server);
        fuzz_must(nng_req0_open(&client) == 0);
        fuzz_must(nng_socket_set_ms(client, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE) == 0);
        fuzz_must(nng_socket_set_size(client, NNG_OPT_RECVMAXSZ, FRAME_MAX_BYTES) == 0);
        fuzz_must(nng_socket_set_ms(client, NNG_OPT_RECVTIMEO, PATIENCE_MS) == 0);
        fuzz_must(nng_dial(client, url, NULL, 0) == 0);
        fuzz_must(atexit(stop) == 0);
        return 0;
}

/* --- one message --- */

static struct frame_bytes bytes_of(const char *text)
{
        return (struct frame_bytes){(const uint8_t *)text, strlen(text)};
}

static void append_call(struct buffer *out, unsigned flags, struct frame_bytes id,
                        const uint8_t **data, size_t *n)
{
        const char *const tokens[] = {"", token, "none", forged};
        size_t which = (size_t)fuzz_byte(data, n) << 8;

        which |= fuzz_byte(data, n);
        size_t n_payload = (size_t)fuzz_byte(data, n) << 8;
        n_payload |= fuzz_byte(data, n);
        if (n_payload > *n)
                n_payload = *n;
        const char *method = contract_methods[which % contract_n_methods].name;
        const struct frame_call call = {
                .id = {id.data, flags & FLAG_BAD_ID ? 3 : id.n_bytes},
                .method = bytes_of(flags & FLAG_NO_METHOD ? method + 1 : method),
                .timeout_ms = flags & FLAG_HURRY ? 1 : 0,
                .token = bytes_of(tokens[flags & FLAG_TOKEN]),
                .payload = {*data, n_payload},
                .request_id = bytes_of(flags & FLAG_TRACED ? "a request" : ""),
                .client_address = bytes_of(flags & FLAG_FORWARDED ? "192.0.2.1" : ""),
        };
        frame_append_call(out, &call);
        *data += n_payload;
        *n -= n_payload;
}

static void make_message(struct buffer *out, const uint8_t *data, size_t n)
{
        if (fuzz_byte(&data, &n) == 'r') {
                buffer_append(out, data, n);
                return;
        }
        while (n) {
                unsigned flags = fuzz_byte(&data, &n);
                uint8_t id[FRAME_CALL_ID_BYTES];

                memset(id, fuzz_byte(&data, &n), sizeof(id));
                if (flags & FLAG_CANCEL)
                        frame_append_cancel(out, id);
                else
                        append_call(out, flags, (struct frame_bytes){id, sizeof(id)}, &data, &n);
        }
}

/* How many replies it is to have. *ret_bad: one, that it is no message. */
static unsigned count_calls(const struct buffer *message, bool *ret_bad)
{
        struct frame_reader r = FRAME_READER(message->data, message->n_bytes);
        struct frame_bytes cancel;
        struct frame_call call;
        enum frame_kind kind;
        unsigned n = 0;

        while ((kind = frame_next_in_request(&r, &call, &cancel, NULL)) > FRAME_END)
                n += kind == FRAME_CALL;
        *ret_bad = kind == FRAME_BAD;
        return *ret_bad ? 1 : n;
}

static nng_msg *exchange(const struct buffer *message)
{
        nng_msg *m;

        fuzz_must(nng_msg_alloc(&m, 0) == 0);
        fuzz_must(nng_msg_append(m, message->data, message->n_bytes) == 0);
        fuzz_must(nng_sendmsg(client, m, 0) == 0);
        fuzz_must(nng_recvmsg(client, &m, 0) == 0);
        return m;
}

static void check_replies(nng_msg *response, unsigned n_calls, bool is_bad)
{
        struct frame_reader r = FRAME_READER(nng_msg_body(response), nng_msg_len(response));
        struct error error = ERROR_INIT;
        struct frame_reply reply;
        enum frame_kind kind;
        unsigned n = 0;

        while ((kind = frame_next_in_response(&r, &reply, &error)) == FRAME_REPLY) {
                n++;
                fuzz_must(reply.status != STATUS_UNKNOWN && reply.status != STATUS_INTERNAL);
                fuzz_must(!is_bad || reply.status == STATUS_INVALID_ARGUMENT);
                fuzz_check_error(reply.status, &reply.error);
        }
        fuzz_must(kind == FRAME_END && n == n_calls);
}

/* What a message leaves behind once it is answered: nothing. */
static void check_rest(void)
{
        struct rpc_server *s = service.rpc;
        deadline_ns deadline = deadline_in_ms(PATIENCE_MS);
        struct db_stats stats;

        for (;;) { /* its threads may still be on their way home */
                db_stats(service.db, &stats);
                if (stats.n_leased == 0 && atomic_load(&s->n_accepted) == 0)
                        break;
                fuzz_must(!deadline_passed(deadline));
                sched_yield();
        }
        fuzz_must(atomic_load(&s->n_calls) == 0 && atomic_load(&s->n_writes) == 0);
        pthread_mutex_lock(&s->mutex);
        unsigned n_free_parts = s->n_free_parts;
        pthread_mutex_unlock(&s->mutex);
        fuzz_must(n_free_parts <= MAX_FREE_PARTS);
        if (__sanitizer_get_current_allocated_bytes)
                fuzz_must(__sanitizer_get_current_allocated_bytes() < MAX_HEAP_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        AUTO_BUFFER message = BUFFER_INIT;
        bool is_bad;

        make_message(&message, data, n);
        fuzz_must(buffer_str(&message) != NULL); /* and so it has an address when it is empty */
        if (message.n_bytes > FRAME_MAX_BYTES)
                return 0;
        unsigned n_calls = count_calls(&message, &is_bad);
        nng_msg *response = exchange(&message);
        check_replies(response, n_calls, is_bad);
        nng_msg_free(response);
        check_rest();
        return 0;
}
