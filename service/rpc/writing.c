#include "service/rpc/writing.h"

#include "common/log.h"
#include "service/rpc/batch.h"
#include "service/rpc/dispatch.h"
#include "service/rpc/repeat.h"
#include "service/service.h"

/* Old replies are forgotten a few at a time, so that no write waits long for it. */
#define PRUNE_EVERY_MS 100
#define PRUNE_ROWS     500

struct write_call {
        struct tracked tracked;
        struct call call;
        struct item *item;
        struct error *failure; /* it is not to run: it was refused on its way */
        struct replay_key key; /* when it is replayed */
        enum status status; /* that the client gets to see, if the commit succeeds */
};

struct writing {
        struct db_job job;
        struct part *part;
        size_t n_calls;
        struct write_call calls[];
};

static void finish(struct part *part)
{
        struct exchange *e = part->exchange;
        struct rpc_server *s = e->server;

        /* Before the reply, so that whoever has got it finds room for the next. */
        atomic_fetch_sub(&s->n_writes, 1);
        /* After this the part is somebody else's. */
        batch_part_done(e);
        batch_leave(s);
}

/* --- on the writer thread; done() on the settler thread --- */

static enum status run_one(struct rpc_server *s, struct write_call *w, struct buffer *packed,
                           struct frame_bytes *ret, struct error *reterr)
{
        struct call *call = &w->call;
        bool is_kept = repeat_is_kept(call);
        bool found = false;
        enum status st = call_check(call, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, s->service->db, LEASE_WRITE, call->deadline);
        if (is_kept) {
                st = repeat_find(call, &lease, &w->key, &found, ret, reterr);
                if (st != STATUS_OK || found)
                        return st;
        }
        st = dispatch_handle(s, call, reterr);
        if (st == STATUS_OK)
                st = dispatch_pack(call->response, packed, ret, reterr);
        if (st == STATUS_OK && is_kept)
                st = repeat_keep(call, &lease, &w->key, *ret, reterr);
        if (st != STATUS_OK)
                return st;
        return lease_commit(&lease, reterr);
}

static void prune(struct rpc_server *s)
{
        struct error error;

        if (!deadline_passed(s->prune_at))
                return;
        s->prune_at = deadline_in_ms(PRUNE_EVERY_MS);
        LEASE(lease, s->service->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = replay_prune(&lease, clock_wall_ms(), PRUNE_ROWS, &error);
        if (st == STATUS_OK)
                st = lease_commit(&lease, &error);
        if (st != STATUS_OK)
                LOG(WARNING, "cannot forget old replies", LOG_STR("error", error.text));
}

static void run(struct db_job *job)
{
        struct writing *w = (struct writing *)((char *)job - offsetof(struct writing, job));
        struct rpc_server *s = w->part->exchange->server;
        struct frame_reply reply;

        buffer_clear(&w->part->out);
        for (size_t i = 0; i < w->n_calls; i++) {
                struct write_call *one = &w->calls[i];

                batch_reply_init(&reply);
                if (one->failure) {
                        reply.status = one->failure->status;
                        reply.error = *one->failure;
                } else {
                        reply.status =
                                run_one(s, one, &w->part->packed, &reply.payload, &reply.error);
                        if (reply.status != STATUS_OK)
                                one->call.after = NULL;
                }
                one->status = batch_encode(one->item, &one->call, &reply);
        }
        prune(s);
}

/* Every call answers that instead of its reply: nothing of the job happened, or nobody knows
 * whether it lasts. What there is to forget or to tell of what can be seen is done even then. */
static void answer_all(struct writing *w, enum status status, const struct error *error)
{
        struct frame_reply reply;

        buffer_clear(&w->part->out);
        for (size_t i = 0; i < w->n_calls; i++) {
                struct write_call *one = &w->calls[i];

                batch_reply_init(&reply);
                reply.error = one->failure ? *one->failure : *error;
                reply.status = one->failure ? one->failure->status : status;
                if (!w->job.is_committed)
                        one->call.after = NULL;
                one->status = batch_encode(one->item, &one->call, &reply);
        }
}

static void done(struct db_job *job, enum status commit_status, const struct error *error)
{
        struct writing *w = (struct writing *)((char *)job - offsetof(struct writing, job));
        struct rpc_server *s = w->part->exchange->server;

        if (commit_status != STATUS_OK)
                answer_all(w, commit_status, error);
        for (size_t i = 0; i < w->n_calls; i++) {
                struct write_call *one = &w->calls[i];

                call_run_after(&one->call);
                registry_remove(s->registry, &one->tracked);
                batch_record(one->item, &one->call, one->status);
        }
        finish(w->part);
}

/* --- on a reader or the front thread --- */

/* A call of which there is no memory to think. */
static void refuse_all(struct part *part)
{
        struct exchange *e = part->exchange;
        struct frame_reply reply;
        struct call call;

        for (size_t i = 0; i < e->n_items; i++) {
                struct item *item = &e->items[i];

                if (item->part != part)
                        continue;
                item->refusal = REFUSAL_NO_MEMORY;
                batch_reply_init(&reply);
                dispatch_begin(e->server, &call, &item->frame, item->method, &part->arena,
                               e->received_ns);
                reply.status = batch_refuse(item, &reply.error);
                batch_reply(item, &call, &reply);
        }
        finish(part);
}

static void prepare(struct writing *w, struct write_call *one, struct item *item,
                    struct dispatch_memo *memo)
{
        /* Where there is no memory to keep an error by itself. */
        static struct error no_memory = {.status = STATUS_RESOURCE_EXHAUSTED,
                                         .text = "the batch is too large"};
        struct part *part = w->part;
        struct rpc_server *s = part->exchange->server;
        struct call *call = &one->call;
        struct error error;

        dispatch_begin(s, call, &item->frame, item->method, &part->arena,
                       part->exchange->received_ns);
        one->item = item;
        one->tracked = (struct tracked){.call = call};
        registry_add(s->registry, &one->tracked);
        if (dispatch_admit(s, call, &item->frame, memo, &error) != STATUS_OK) {
                one->failure = arena_memdup(&part->arena, &error, sizeof(error));
                if (!one->failure)
                        one->failure = &no_memory;
                return;
        }
        if (repeat_is_kept(call))
                repeat_key_init(&one->key, call);
}

void writing_submit(struct part *part)
{
        struct exchange *e = part->exchange;
        struct rpc_server *s = e->server;
        struct dispatch_memo memo;
        struct error error;
        size_t n = 0;
        bool has_any = false;

        batch_enter(s);
        for (size_t i = 0; i < e->n_items; i++)
                n += e->items[i].part == part;
        struct writing *w = arena_alloc(&part->arena, sizeof(*w) + n * sizeof(w->calls[0]));
        if (!w) {
                refuse_all(part);
                return;
        }
        w->part = part;
        w->job.run = run;
        w->job.done = done;
        memo.is_valid = false;
        for (size_t i = 0; i < e->n_items; i++) {
                if (e->items[i].part != part)
                        continue;
                struct write_call *one = &w->calls[w->n_calls++];
                prepare(w, one, &e->items[i], &memo);
                has_any |= !one->failure;
        }
        if (!has_any) {
                /* done() says what was refused; the writer has nothing to do. */
                error_set(&error, STATUS_INTERNAL, "nothing to write");
                done(&w->job, error.status, &error);
                return;
        }
        enum status st = db_submit(s->service->db, &w->job, &error);
        if (st != STATUS_OK)
                done(&w->job, st, &error);
}
