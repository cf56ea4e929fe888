/* UserService: the end of an account, and the receipt for it. */
#include "common/contract.h"
#include "service/api/forget.h"
#include "service/api/login.h"
#include "service/api/room_passage.h"
#include "service/api/wire.h"
#include "service/service.h"
#include "service/store/erasure.h"
#include "service/upkeep/upkeep.h"

#include "handlers.gen.h"

#include <sodium.h>
#include <string.h>

/* How long a call deletes; upkeep does the rest. Meanwhile a password thread is not there for
 * others. */
#define ERASE_MS 1000

/* --- receipts --- */

static enum status put_counts(struct arena *arena, const struct erasure *erasure,
                              Socializer__V1__Erasure *message, struct error *reterr)
{
        message->erased = wire_list(arena, erasure->n_counts);
        if (!message->erased)
                return wire_no_memory(reterr);
        for (; message->n_erased < erasure->n_counts; message->n_erased++) {
                Socializer__V1__ErasedCount *count = arena_alloc(arena, sizeof(*count));

                if (!count)
                        return wire_no_memory(reterr);
                socializer__v1__erased_count__init(count);
                count->kind = (char *)erasure->counts[message->n_erased].kind;
                count->count = erasure->counts[message->n_erased].n;
                message->erased[message->n_erased] = count;
        }
        return STATUS_OK;
}

static enum status put_statement(struct arena *arena, const struct erasure *erasure,
                                 Socializer__V1__Erasure *message, struct error *reterr)
{
        char sha256[SHA256_CHARS + 1];

        if (erasure->finished_at_ms == 0)
                return STATUS_OK;
        message->finished_at = wire_timestamp(arena, erasure->finished_at_ms);
        const char *statement = erasure_statement(arena, erasure, sha256);
        char *copy = statement ? arena_strdup(arena, sha256) : NULL;
        if (!message->finished_at || !copy)
                return wire_no_memory(reterr);
        message->statement = (char *)statement;
        message->sha256 = copy;
        return STATUS_OK;
}

static enum status answer_erasure(struct arena *arena, const struct erasure *erasure,
                                  Socializer__V1__Erasure **ret, struct error *reterr)
{
        size_t size = 2 * sizeof(erasure->id) + 1;
        Socializer__V1__Erasure *message = arena_alloc(arena, sizeof(*message));
        char *id = arena_alloc(arena, size);

        if (!message || !id)
                return wire_no_memory(reterr);
        socializer__v1__erasure__init(message);
        message->erasure_id = sodium_bin2hex(id, size, erasure->id, sizeof(erasure->id));
        message->user_id = erasure->user_id;
        message->by_admin = erasure->by_admin;
        message->requested_at = wire_timestamp(arena, erasure->requested_at_ms);
        if (!message->requested_at)
                return wire_no_memory(reterr);
        enum status st = put_counts(arena, erasure, message, reterr);
        if (st == STATUS_OK)
                st = put_statement(arena, erasure, message, reterr);
        if (st == STATUS_OK)
                *ret = message;
        return st;
}

static enum status read_erasure(struct call *call, const uint8_t id[static ERASURE_ID_BYTES],
                                Socializer__V1__Erasure **ret, struct error *reterr)
{
        struct erasure erasure;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = erasure_get(&lease, call->arena, id, &erasure, reterr);

        return st == STATUS_OK ? answer_erasure(call->arena, &erasure, ret, reterr) : st;
}

enum status user_service_get_erasure(struct call *call,
                                     const Socializer__V1__GetErasureRequest *req,
                                     Socializer__V1__GetErasureResponse *rsp, struct error *reterr)
{
        uint8_t id[ERASURE_ID_BYTES];

        /* The pattern leaves nothing else but hexadecimal digits. */
        sodium_hex2bin(id, sizeof(id), req->erasure_id, strlen(req->erasure_id), NULL, NULL, NULL);
        return read_erasure(call, id, &rsp->erasure, reterr);
}

/* --- the end --- */

struct ending {
        int64_t user_id;
        bool is_self;
        struct user_credentials credentials; /* of who deletes themselves */
        Socializer__V1__DeleteUserResponse *rsp;
};

static enum status write_end(struct call *call, struct lease *lease, void *arg,
                             struct error *reterr)
{
        struct ending *ending = arg;
        struct erasure erasure;
        uint8_t id[ERASURE_ID_BYTES];
        enum status st = STATUS_OK;

        randombytes_buf(id, sizeof(id));
        if (ending->is_self)
                st = login_check_unchanged(call, lease, &ending->credentials, reterr);
        /* The operator can make another administrator, others would be left without. */
        if (st == STATUS_OK && !call->caller.is_operator)
                st = user_require_other_admin(lease, ending->user_id, reterr);
        if (st == STATUS_OK)
                st = room_exit_all(call, lease, ending->user_id, reterr);
        if (st == STATUS_OK)
                st = erasure_begin(lease, id, ending->user_id, !ending->is_self, reterr);
        if (st == STATUS_OK)
                st = forget_user(call, ending->user_id, reterr);
        if (st == STATUS_OK)
                st = erasure_get(lease, call->arena, id, &erasure, reterr);
        if (st == STATUS_OK)
                st = answer_erasure(call->arena, &erasure, &ending->rsp->erasure, reterr);
        if (st == STATUS_OK)
                db_empty_log(call->service->db); /* has the key */
        return st;
}

/* Who takes over a browser that somebody has left open does not get to delete the account. */
static enum status confirm(struct call *call, const char *password, struct ending *ending,
                           struct error *reterr)
{
        bool matches = false;

        if (*password == '\0')
                return error_field(reterr, "password",
                                   "want your password, so that it is you who does this");
        enum status st = login_check(call, ending->user_id, call->caller.username, password,
                                     &ending->credentials, &matches, reterr);
        if (st == STATUS_OK && !matches)
                return error_field(reterr, "password", "this is not your password");
        return st;
}

/* As much as there is time for. The account is gone whatever comes of it. */
static void erase(struct call *call, Socializer__V1__DeleteUserResponse *rsp)
{
        struct error error = ERROR_INIT;
        uint8_t id[ERASURE_ID_BYTES];
        deadline_ns deadline = deadline_in_ms(ERASE_MS);

        sodium_hex2bin(id, sizeof(id), rsp->erasure->erasure_id, strlen(rsp->erasure->erasure_id),
                       NULL, NULL, NULL);
        if (call->deadline < deadline)
                deadline = call->deadline;
        if (upkeep_erase(call->service->upkeep, id, deadline, &error) == STATUS_OK)
                (void)!read_erasure(call, id, &rsp->erasure, &error);
}

enum status user_service_delete_user(struct call *call,
                                     const Socializer__V1__DeleteUserRequest *req,
                                     Socializer__V1__DeleteUserResponse *rsp, struct error *reterr)
{
        struct ending ending = {.rsp = rsp};
        enum status st = call_subject(call, req->user_id, &ending.user_id, reterr);

        if (st != STATUS_OK)
                return st;
        ending.is_self = ending.user_id == call->caller.user_id;
        if (ending.is_self)
                st = confirm(call, req->password, &ending, reterr);
        if (st == STATUS_OK)
                st = call_write(call, write_end, &ending, NULL, reterr);
        if (st == STATUS_OK && rsp->erasure)
                erase(call, rsp);
        return st;
}
