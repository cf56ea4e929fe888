#include "service/rpc/call.h"

#include "common/wire.h"
#include "service/rpc/dispatch.h"
#include "service/rpc/repeat.h"
#include "service/service.h"

#include <string.h>

struct call_after {
        struct call_after *next;
        void (*fn)(struct service *service, void *arg);
        void *arg;
};

enum status call_check(struct call *call, struct error *reterr)
{
        if (atomic_load_explicit(&call->cancelled, memory_order_relaxed))
                return error_set(reterr, STATUS_CANCELLED, "the call was cancelled");
        if (deadline_passed(call->deadline))
                return error_set(reterr, STATUS_DEADLINE_EXCEEDED,
                                 "the call was not done within its time");
        return STATUS_OK;
}

enum status call_subject(struct call *call, int64_t user_id, int64_t *ret, struct error *reterr)
{
        const struct caller *caller = &call->caller;

        if (user_id == 0 && caller->user_id == 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the operator is no user: say which user is meant");
        if (user_id != 0 && user_id != caller->user_id && !caller->is_admin)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "this is another user's; only administrators may do that");
        *ret = user_id ? user_id : caller->user_id;
        return STATUS_OK;
}

enum status call_self(struct call *call, int64_t user_id, int64_t *ret, struct error *reterr)
{
        if (user_id != 0 && user_id != call->caller.user_id)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "this is another user's, and nobody else's business");
        return call_subject(call, user_id, ret, reterr);
}

enum status call_after_commit(struct call *call, void (*fn)(struct service *service, void *arg),
                              void *arg, struct error *reterr)
{
        struct call_after *after = arena_alloc(call->arena, sizeof(*after));
        struct call_after **last = &call->after;

        if (!after)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        *after = (struct call_after){.fn = fn, .arg = arg};
        while (*last)
                last = &(*last)->next;
        *last = after;
        return STATUS_OK;
}

void call_run_after(struct call *call)
{
        for (struct call_after *after = call->after; after; after = after->next)
                after->fn(call->service, after->arg);
        call->after = NULL;
}

/* What call_write() takes to the writer thread. */
struct call_writing {
        struct call *call;
        call_write_fn fn;
        void *arg;
        bool was_replayed;
};

/* Puts the first reply of a repeated call where the handler was to write its own. */
static enum status take_reply(struct call *call, struct frame_bytes reply, struct error *reterr)
{
        const ProtobufCMessageDescriptor *descriptor = call->method->output->descriptor;
        ProtobufCMessage *message;
        enum status st =
                wire_unpack(descriptor, reply.data, reply.n_bytes, call->arena, &message, reterr);

        if (st == STATUS_OK)
                memcpy(call->response, message, descriptor->sizeof_message);
        return st;
}

static enum status keep_reply(struct call *call, struct lease *lease, const struct replay_key *key,
                              struct error *reterr)
{
        size_t n = protobuf_c_message_get_packed_size(call->response);
        uint8_t *packed = arena_alloc(call->arena, n ? n : 1);

        if (!packed)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        protobuf_c_message_pack(call->response, packed);
        return repeat_keep(call, lease, key, (struct frame_bytes){packed, n}, reterr);
}

static void forget_request(const struct call **call)
{
        (void)call;
        db_set_request(NULL);
}

/* Until the end of the scope what the thread does is the call's, in logs. */
#define ON_BEHALF_OF(call_)                                  \
        CLEANUP(forget_request)                              \
        __attribute__((unused)) const struct call *behalf_ = \
                (db_set_request((call_)->request_id), (call_))

/* On the writer thread. */
static enum status write_and_keep(void *arg, struct error *reterr)
{
        struct call_writing *w = arg;
        struct call *call = w->call;
        bool is_kept = repeat_is_kept(call);
        struct frame_bytes reply;
        struct replay_key key;
        enum status st;

        ON_BEHALF_OF(call);
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        if (is_kept) {
                repeat_key_init(&key, call);
                /* What this call itself has kept at an earlier write is no repeat. */
                if (!call->has_written) {
                        st = repeat_find(call, &lease, &key, &w->was_replayed, &reply, reterr);
                        if (st != STATUS_OK)
                                return st;
                        if (w->was_replayed)
                                return take_reply(call, reply, reterr);
                }
        }
        st = w->fn(call, &lease, w->arg, reterr);
        if (st == STATUS_OK && is_kept)
                st = keep_reply(call, &lease, &key, reterr);
        if (st != STATUS_OK)
                return st;
        return lease_commit(&lease, reterr);
}

static void run_after(void *arg)
{
        struct call_writing *w = arg;

        call_run_after(w->call);
}

enum status call_write(struct call *call, call_write_fn fn, void *arg, bool *ret_replayed,
                       struct error *reterr)
{
        struct call_writing w = {.call = call, .fn = fn, .arg = arg};
        enum status st = db_write_then(call->service->db, write_and_keep, run_after, &w,
                                       call->deadline, reterr);

        if (st != STATUS_OK) {
                call->after = NULL;
                return st;
        }
        call->has_written = true;
        if (ret_replayed)
                *ret_replayed = w.was_replayed;
        return STATUS_OK;
}
