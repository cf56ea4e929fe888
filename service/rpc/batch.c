#include "service/rpc/batch.h"

#include "service/rpc/dispatch.h"
#include "service/rpc/single.h"
#include "service/rpc/writing.h"

#include <string.h>

/* Parts kept for later messages, and the memory that each of them may keep. */
#define KEEP_PARTS      32
#define KEEP_PART_BYTES ((size_t)64 * 1024)

/* When to come again after a refusal. */
#define RETRY_FULL_MS     100
#define RETRY_DRAINING_MS 1000

/* --- parts --- */

struct part *batch_part_new(struct exchange *e)
{
        struct rpc_server *s = e->server;
        struct part *p;

        pthread_mutex_lock(&s->mutex);
        p = s->free_parts;
        if (p) {
                s->free_parts = p->next;
                s->n_free_parts--;
        }
        pthread_mutex_unlock(&s->mutex);
        if (!p) {
                p = calloc(1, sizeof(*p));
                if (!p)
                        return NULL;
                arena_init(&p->arena, DISPATCH_ARENA_BYTES);
        }
        p->exchange = e;
        p->next = e->parts;
        e->parts = p;
        return p;
}

static void part_free(struct part *p)
{
        arena_deinit(&p->arena);
        buffer_deinit(&p->out);
        buffer_deinit(&p->packed);
        free(p);
}

static void trim(struct buffer *b)
{
        if (b->capacity > KEEP_PART_BYTES || buffer_failed(b)) {
                buffer_deinit(b);
                *b = BUFFER_INIT;
        } else {
                buffer_clear(b);
        }
}

/* Takes parts back, linked by next, for later messages. */
static void parts_release(struct rpc_server *s, struct part *first)
{
        for (struct part *p = first; p; p = p->next) {
                arena_reset(&p->arena);
                trim(&p->out);
                trim(&p->packed);
        }
        pthread_mutex_lock(&s->mutex);
        while (first && s->n_free_parts < KEEP_PARTS) {
                struct part *p = first;
                first = p->next;
                p->next = s->free_parts;
                s->free_parts = p;
                s->n_free_parts++;
        }
        pthread_mutex_unlock(&s->mutex);
        while (first) {
                struct part *p = first;
                first = p->next;
                part_free(p);
        }
}

void batch_parts_free(struct rpc_server *s)
{
        while (s->free_parts) {
                struct part *p = s->free_parts;
                s->free_parts = p->next;
                part_free(p);
        }
        s->n_free_parts = 0;
}

/* --- replies --- */

void batch_unaccept(struct exchange *e)
{
        struct rpc_server *s = e->server;

        if (!e->is_accepted)
                return;
        e->is_accepted = false;
        if (atomic_fetch_sub(&s->n_accepted, 1) == 1 && atomic_load(&s->draining)) {
                LOCK(&s->mutex);
                pthread_cond_broadcast(&s->answered);
        }
}

enum status batch_encode(struct item *item, const struct call *call, struct frame_reply *reply)
{
        struct buffer *out = &item->part->out;
        enum status st;

        item->reply_at = out->n_bytes;
        st = dispatch_reply(call, reply, out);
        item->reply_bytes = out->n_bytes - item->reply_at;
        return st;
}

void batch_record(const struct item *item, const struct call *call, enum status status)
{
        struct exchange *e = item->part->exchange;

        dispatch_record(e->server, call, status, e->received_ns, clock_mono_ns());
}

void batch_reply(struct item *item, const struct call *call, struct frame_reply *reply)
{
        batch_record(item, call, batch_encode(item, call, reply));
}

/* The replies of all parts in the order of the calls, by which alone a client knows them: none may
 * be missing. */
static void join_parts(struct exchange *e, struct buffer *out)
{
        for (size_t i = 0; i < e->n_items; i++) {
                const struct item *item = &e->items[i];
                size_t room_bytes =
                        (size_t)FRAME_MAX_BYTES - (e->n_items - i) * DISPATCH_ERROR_BYTES;
                struct frame_reply reply;

                batch_reply_init(&reply);
                if (!item->part || buffer_failed(&item->part->out)) {
                        reply.status = error_retry(&reply.error, STATUS_RESOURCE_EXHAUSTED,
                                                   RETRY_FULL_MS, "out of memory");
                } else if (out->n_bytes + item->reply_bytes > room_bytes) {
                        reply.status = error_retry(&reply.error, STATUS_RESOURCE_EXHAUSTED, 1,
                                                   "the answers of this batch are too large "
                                                   "together; send fewer calls at once");
                } else {
                        buffer_append(out, item->part->out.data + item->reply_at,
                                      item->reply_bytes);
                        continue;
                }
                frame_append_reply(out, &reply);
        }
}

/* Sends what is in out. A reply for which there is no memory goes out empty: the client sees that
 * its calls have no answers. */
static void send_bytes(struct exchange *e, const struct buffer *out)
{
        nng_msg_clear(e->message);
        if (!buffer_failed(out) && nng_msg_append(e->message, out->data, out->n_bytes) != 0)
                nng_msg_clear(e->message);
        atomic_fetch_sub(&e->server->n_calls, (unsigned)e->n_items);
        parts_release(e->server, TAKE(e->parts));
        exchange_send(e);
}

void batch_enter(struct rpc_server *s)
{
        LOCK(&s->mutex);
        s->n_writing++;
}

/* The database's threads are not the server's, which may be freed as soon as none of them is in it:
 * hence all of it under the mutex. */
void batch_leave(struct rpc_server *s)
{
        LOCK(&s->mutex);
        if (--s->n_writing == 0)
                pthread_cond_broadcast(&s->answered);
}

void batch_part_done(struct exchange *e)
{
        if (atomic_fetch_sub(&e->n_open, 1) != 1)
                return;
        if (e->parts && !e->parts->next && !e->is_incomplete) {
                send_bytes(e, &e->parts->out);
                return;
        }
        struct buffer joined = BUFFER_INIT;
        join_parts(e, &joined);
        send_bytes(e, &joined);
        buffer_deinit(&joined);
}

/* On the settler thread. Whether the disk took it is for those to hear who wrote it. */
static void reads_settled(struct db_job *job, enum status status, const struct error *error)
{
        struct part *part = (struct part *)((char *)job - offsetof(struct part, settled));
        struct rpc_server *s = part->exchange->server;

        (void)status;
        (void)error;
        batch_part_done(part->exchange);
        batch_leave(s);
}

void batch_part_read(struct part *part)
{
        struct exchange *e = part->exchange;
        struct rpc_server *s = e->server;

        if (!db_is_settled(s->service->db)) {
                batch_enter(s);
                part->settled.done = reads_settled;
                if (db_when_settled(s->service->db, &part->settled))
                        return;
                batch_leave(s);
        }
        batch_part_done(e);
}

/* --- calls that the thread at hand answers --- */

enum status batch_refuse(const struct item *item, struct error *reterr)
{
        static const char *const lanes[LANE_COUNT] = {
                [LANE_READ] = "reads",
                [LANE_WRITE] = "writes",
                [LANE_PASSWORD] = "logins",
                [LANE_LONG] = "long calls",
        };

        switch (item->refusal) {
        case REFUSAL_NONE:
                return STATUS_OK;
        case REFUSAL_FULL:
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, RETRY_FULL_MS,
                                   "too many %s are waiting; try again in a moment",
                                   lanes[item->method ? item->method->lane : LANE_READ]);
        case REFUSAL_DRAINING:
                return error_retry(reterr, STATUS_UNAVAILABLE, RETRY_DRAINING_MS,
                                   "the service is shutting down; try again in a moment");
        case REFUSAL_NO_MEMORY:
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, RETRY_DRAINING_MS,
                                   "out of memory");
        }
        return error_set(reterr, STATUS_INTERNAL, "refusal %d", item->refusal);
}

static enum status run_read(struct rpc_server *s, struct item *item, struct call *call,
                            struct dispatch_memo *memo, struct frame_reply *reply)
{
        enum status st = batch_refuse(item, &reply->error);

        if (st != STATUS_OK)
                return st;
        if (registry_cancelled_before(s->registry, call->id))
                atomic_store_explicit(&call->cancelled, true, memory_order_relaxed);
        st = dispatch_admit(s, call, &item->frame, memo, &reply->error);
        if (st == STATUS_OK)
                st = dispatch_handle(s, call, &reply->error);
        if (st == STATUS_OK)
                st = dispatch_pack(call->response, &item->part->packed, &reply->payload,
                                   &reply->error);
        return st;
}

/* Reads, refusals and calls of methods that do not exist. */
static void run_reads(struct part *part)
{
        struct exchange *e = part->exchange;
        struct dispatch_memo memo;
        struct frame_reply reply;
        struct call call;

        memo.is_valid = false;
        VIEW(view, e->n_items > 1 ? e->server->service->db : NULL);
        for (size_t i = 0; i < e->n_items; i++) {
                struct item *item = &e->items[i];

                if (item->part != part)
                        continue;
                batch_reply_init(&reply);
                dispatch_begin(e->server, &call, &item->frame, item->method, &part->arena,
                               e->received_ns);
                reply.status = run_read(e->server, item, &call, &memo, &reply);
                batch_reply(item, &call, &reply);
                arena_reset(&part->arena);
        }
}

static void run_reads_task(struct task *task)
{
        struct part *part = (struct part *)((char *)task - offsetof(struct part, task));

        run_reads(part);
        batch_part_read(part);
}

/* --- taking a message apart --- */

static bool add_item(struct exchange *e, const struct frame_call *call)
{
        if (e->n_items == e->capacity) {
                size_t capacity = e->capacity ? 16 * e->capacity : 4;
                struct item *items = realloc(e->items, capacity * sizeof(*items));

                if (!items)
                        return false;
                e->items = items;
                e->capacity = capacity;
        }
        e->items[e->n_items++] = (struct item){
                .frame = *call,
                .method = contract_find((const char *)call->method.data, call->method.n_bytes),
                .refusal = e->refusal,
        };
        return true;
}

static void cancel_all_in(struct exchange *e)
{
        struct frame_reader r = FRAME_READER(nng_msg_body(e->message), nng_msg_len(e->message));
        struct frame_call call;
        struct frame_bytes id;
        enum frame_kind kind;

        while ((kind = frame_next_in_request(&r, &call, &id, NULL)) > FRAME_END) {
                if (kind == FRAME_CANCEL && id.n_bytes == FRAME_CALL_ID_BYTES)
                        single_cancelled(registry_cancel(e->server->registry, id.data));
        }
}

/* Fills e->items and cancels what is to be cancelled. */
static enum status parse(struct exchange *e, struct error *reterr)
{
        struct frame_reader r = FRAME_READER(nng_msg_body(e->message), nng_msg_len(e->message));
        struct frame_call call;
        struct frame_bytes cancel;
        bool has_cancels = false;
        enum frame_kind kind;

        while ((kind = frame_next_in_request(&r, &call, &cancel, reterr)) > FRAME_END) {
                if (kind == FRAME_CANCEL)
                        has_cancels = true;
                else if (!add_item(e, &call))
                        return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, RETRY_FULL_MS,
                                           "out of memory");
        }
        if (kind == FRAME_BAD)
                return STATUS_INVALID_ARGUMENT;
        if (has_cancels)
                cancel_all_in(e);
        return STATUS_OK;
}

/* The one reply to what is no message, or one for which there is no memory. */
static void answer_bad(struct exchange *e, struct frame_reply *reply)
{
        struct buffer out = BUFFER_INIT;

        e->n_items = 0;
        metrics_record(e->server->metrics, NULL, dispatch_reply(NULL, reply, &out),
                       clock_mono_ns() - e->received_ns);
        send_bytes(e, &out);
        buffer_deinit(&out);
}

static bool is_write(const struct item *item)
{
        return item->refusal == REFUSAL_NONE && item->method && item->method->lane == LANE_WRITE;
}

static bool is_single(const struct item *item)
{
        return item->refusal == REFUSAL_NONE && item->method &&
               (item->method->lane == LANE_PASSWORD || item->method->lane == LANE_LONG);
}

static bool is_read(const struct item *item)
{
        return item->refusal == REFUSAL_NONE && item->method && item->method->lane == LANE_READ;
}

/* Hands one password or long call to its pool. False: it is refused, for the reason in its item. */
static bool hand_over_single(struct exchange *e, struct item *item)
{
        struct part *part = batch_part_new(e);

        if (!part) {
                item->refusal = REFUSAL_NO_MEMORY;
                return false;
        }
        item->part = part;
        atomic_fetch_add(&e->n_open, 1);
        if (single_submit(part, item, &item->refusal))
                return true;
        atomic_fetch_sub(&e->n_open, 1);
        item->part = NULL;
        e->parts = part->next;
        part->next = NULL;
        parts_release(e->server, part);
        return false;
}

/* Hands the writes to the writer thread. False: they are refused. */
static bool hand_over_writes(struct exchange *e)
{
        struct rpc_server *s = e->server;
        enum refusal refusal = REFUSAL_FULL;

        if (atomic_fetch_add(&s->n_writes, 1) < s->options.max_queued_writes) {
                struct part *part = batch_part_new(e);

                if (part) {
                        for (size_t i = 0; i < e->n_items; i++) {
                                if (is_write(&e->items[i]))
                                        e->items[i].part = part;
                        }
                        atomic_fetch_add(&e->n_open, 1);
                        writing_submit(part);
                        return true;
                }
                refusal = REFUSAL_NO_MEMORY;
        }
        atomic_fetch_sub(&s->n_writes, 1);
        for (size_t i = 0; i < e->n_items; i++) {
                if (is_write(&e->items[i]))
                        e->items[i].refusal = refusal;
        }
        return false;
}

/* Everything that no part has taken: done here, or by a reader when there are reads and this is the
 * front thread. */
static void run_rest(struct exchange *e, bool has_reads)
{
        struct part *part = batch_part_new(e);

        if (!part) {
                e->is_incomplete = true;
                return;
        }
        for (size_t i = 0; i < e->n_items; i++) {
                if (!e->items[i].part)
                        e->items[i].part = part;
        }
        atomic_fetch_add(&e->n_open, 1);
        if (has_reads && !e->on_reader) {
                part->task.run = run_reads_task;
                if (pool_submit(e->server->readers, &part->task))
                        return;
                for (size_t i = 0; i < e->n_items; i++) {
                        if (e->items[i].part == part && e->items[i].refusal == REFUSAL_NONE)
                                e->items[i].refusal = REFUSAL_FULL;
                }
        }
        run_reads(part);
        batch_part_read(part);
}

static void take_apart(struct exchange *e)
{
        bool has_writes = false, has_reads = false, has_rest = false;

        for (size_t i = 0; i < e->n_items; i++) {
                struct item *item = &e->items[i];

                if (is_write(item)) {
                        has_writes = true;
                        continue;
                }
                has_reads |= is_read(item);
                if (!is_single(item) || !hand_over_single(e, item))
                        has_rest = true;
        }
        if (has_writes && !hand_over_writes(e))
                has_rest = true;
        if (has_rest)
                run_rest(e, has_reads);
}

void batch_run(struct task *task)
{
        struct exchange *e = (struct exchange *)((char *)task - offsetof(struct exchange, task));
        struct frame_reply reply;

        e->n_items = 0;
        e->parts = NULL;
        e->is_incomplete = false;
        batch_reply_init(&reply);
        reply.status = parse(e, &reply.error);
        atomic_fetch_add(&e->server->n_calls, (unsigned)e->n_items);
        if (reply.status != STATUS_OK) {
                atomic_fetch_sub(&e->server->n_calls, (unsigned)e->n_items);
                answer_bad(e, &reply);
                return;
        }
        atomic_store(&e->n_open, 1);
        take_apart(e);
        batch_part_done(e);
}
