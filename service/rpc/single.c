#include "service/rpc/single.h"

#include "service/rpc/batch.h"
#include "service/rpc/dispatch.h"
#include "service/rpc/repeat.h"

struct single {
        struct tracked tracked;
        struct call call;
        struct item *item;
        struct part *part;
};

static void answer(struct single *one, struct frame_reply *reply)
{
        registry_remove(one->part->exchange->server->registry, &one->tracked);
        batch_reply(one->item, &one->call, reply);
        /* After this the part, and with it this call, is somebody else's. */
        batch_part_read(one->part);
}

/* How long whoever repeats a call that is still at work is to wait. */
#define AT_WORK_RETRY_MS 1000

/* What is slow is not begun twice: a repeat answers the first reply, and waits until there is one.
 * In this order, so that none slips through between the two. */
static enum status answer_repeat(struct single *one, bool *ret_found, struct frame_bytes *ret,
                                 struct error *reterr)
{
        *ret_found = false;
        if (!repeat_is_kept(&one->call))
                return STATUS_OK;
        if (!registry_claim(one->part->exchange->server->registry, &one->tracked))
                return error_retry(reterr, STATUS_UNAVAILABLE, AT_WORK_RETRY_MS,
                                   "this very call is at work already");
        return repeat_look(&one->call, ret_found, ret, reterr);
}

static void run(struct task *task)
{
        struct part *part = (struct part *)((char *)task - offsetof(struct part, task));
        struct rpc_server *s = part->exchange->server;
        struct single *one = part->single;
        struct dispatch_memo memo = {0};
        struct frame_reply reply;
        bool found = false;

        batch_reply_init(&reply);
        reply.status = dispatch_admit(s, &one->call, &one->item->frame, &memo, &reply.error);
        if (reply.status == STATUS_OK)
                reply.status = answer_repeat(one, &found, &reply.payload, &reply.error);
        if (reply.status == STATUS_OK && !found)
                reply.status = dispatch_handle(s, &one->call, &reply.error);
        if (reply.status == STATUS_OK && !found)
                reply.status = dispatch_pack(one->call.response, &part->packed, &reply.payload,
                                             &reply.error);
        answer(one, &reply);
}

static void answer_cancelled(struct single *one)
{
        struct frame_reply reply;

        batch_reply_init(&reply);
        reply.status = call_check(&one->call, &reply.error);
        answer(one, &reply);
}

/* A client may have gone before its call was in the registry, where its going would be noticed. */
static bool client_is_gone(struct exchange *e)
{
        nng_sockaddr address;
        int rv = nng_pipe_get_addr(nng_msg_get_pipe(e->message), NNG_OPT_REMADDR, &address);

        return rv == NNG_ENOENT || rv == NNG_ECLOSED;
}

bool single_submit(struct part *part, struct item *item, enum refusal *ret_refusal)
{
        struct exchange *e = part->exchange;
        struct rpc_server *s = e->server;
        bool is_long = item->method->lane == LANE_LONG;
        struct single *one = arena_alloc(&part->arena, sizeof(*one));

        if (!one) {
                *ret_refusal = REFUSAL_NO_MEMORY;
                return false;
        }
        one->item = item;
        one->part = part;
        dispatch_begin(s, &one->call, &item->frame, item->method, &part->arena, e->received_ns);
        part->single = one;
        part->task.run = run;
        one->tracked = (struct tracked){
                .call = &one->call,
                .pipe = is_long ? e->pipe : 0,
                .pool = is_long ? s->longs : s->passwords,
                .task = &part->task,
        };
        registry_add(s->registry, &one->tracked);
        if (is_long && client_is_gone(e))
                atomic_store(&one->call.cancelled, true);
        switch (registry_submit(s->registry, &one->tracked)) {
        case SUBMITTED:
                return true;
        case SUBMIT_CANCELLED:
                answer_cancelled(one);
                return true;
        case SUBMIT_FULL:
                break;
        }
        registry_remove(s->registry, &one->tracked);
        *ret_refusal = REFUSAL_FULL;
        return false;
}

void single_cancelled(struct tracked *removed)
{
        while (removed) {
                struct single *one =
                        (struct single *)((char *)removed - offsetof(struct single, tracked));

                removed = removed->next_removed;
                answer_cancelled(one);
        }
}
