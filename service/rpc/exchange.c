#include "service/rpc/exchange.h"

#include "service/rpc/batch.h"

/* A reply that its client does not read is given up after this long. */
#define SEND_TIMEOUT_MS 10000

/* Items kept for the next message; a larger batch gives its memory back. There are thousands of
 * contexts, which take turns. */
#define KEEP_ITEMS 4

/* The lane of the first call: clients put calls of one lane into a message. What is not even a
 * message is the front thread's, like a message of cancels alone. */
static enum lane peek(nng_msg *message)
{
        struct frame_reader r = FRAME_READER(nng_msg_body(message), nng_msg_len(message));
        struct frame_call call;
        struct frame_bytes cancel;
        const struct method *m;

        if (frame_next_in_request(&r, &call, &cancel, NULL) != FRAME_CALL)
                return LANE_WRITE;
        m = contract_find((const char *)call.method.data, call.method.n_bytes);
        return m ? m->lane : LANE_READ;
}

static void receive(struct exchange *e)
{
        e->state = EXCHANGE_RECEIVES;
        nng_aio_set_timeout(e->aio, NNG_DURATION_INFINITE);
        nng_ctx_recv(e->ctx, e->aio);
}

/* Waking a reader takes longer than most reads: one of nng's threads, of which there are at least
 * two, may do what it has received itself. The others keep what comes and goes moving. False: one
 * is at it. */
static bool read_here(struct exchange *e)
{
        struct rpc_server *s = e->server;

        if (atomic_exchange(&s->reads_here, true))
                return false;
        batch_run(&e->task);
        atomic_store(&s->reads_here, false);
        if (atomic_load(&s->draining)) { /* or rpc_server_stop() does not look any more */
                LOCK(&s->mutex);
                pthread_cond_broadcast(&s->answered);
        }
        return true;
}

/* Runs on a thread of nng, which must not wait: finds out who is to work on the message. */
static void received(struct exchange *e)
{
        struct rpc_server *s = e->server;

        e->state = EXCHANGE_WORKS;
        e->message = nng_aio_get_msg(e->aio);
        nng_aio_set_msg(e->aio, NULL);
        e->pipe = (uint32_t)nng_pipe_id(nng_msg_get_pipe(e->message));
        e->received_ns = clock_mono_ns();
        e->refusal = REFUSAL_NONE;
        e->is_accepted = true;
        /* In this order, so that rpc_server_drain() misses none. */
        atomic_fetch_add(&s->n_accepted, 1);
        if (atomic_load(&s->draining)) {
                batch_unaccept(e);
                e->refusal = REFUSAL_DRAINING;
        } else if (peek(e->message) == LANE_READ) {
                e->on_reader = true;
                e->task.run = batch_run;
                if (read_here(e) || pool_submit(s->readers, &e->task))
                        return;
                e->refusal = REFUSAL_FULL;
        }
        e->on_reader = false;
        e->task.run = batch_run;
        /* Once the pool has stopped, the message stays here until exchange_close(). */
        (void)!pool_submit_always(s->front, &e->task);
}

static void sent(struct exchange *e, int rv)
{
        if (rv != 0)
                nng_msg_free(nng_aio_get_msg(e->aio));
        nng_aio_set_msg(e->aio, NULL);
        if (e->capacity > KEEP_ITEMS) {
                free(e->items);
                e->items = NULL;
                e->capacity = 0;
        }
        batch_unaccept(e);
}

static void on_aio(void *arg)
{
        struct exchange *e = arg;
        int rv = nng_aio_result(e->aio);
        bool is_over = rv == NNG_ECLOSED || rv == NNG_ECANCELED;

        if (e->state == EXCHANGE_SENDS)
                sent(e, rv);
        else if (rv == 0) {
                received(e);
                return;
        }
        if (!is_over)
                receive(e);
}

enum status exchange_open(struct exchange *e, struct rpc_server *s, struct error *reterr)
{
        nng_aio *aio;
        int rv = nng_aio_alloc(&aio, on_aio, e);

        if (rv == 0) {
                e->server = s;
                e->aio = aio;
                rv = nng_ctx_open(&e->ctx, s->socket);
        }
        if (rv != 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot open a context: %s",
                                 nng_strerror(rv));
        return STATUS_OK;
}

void exchange_start(struct exchange *e)
{
        receive(e);
}

void exchange_close(struct exchange *e)
{
        if (!e->aio)
                return;
        nng_aio_stop(e->aio);
        nng_aio_free(e->aio);
        if (e->message)
                nng_msg_free(e->message);
        free(e->items);
}

void exchange_send(struct exchange *e)
{
        nng_aio_set_msg(e->aio, e->message);
        e->message = NULL;
        e->state = EXCHANGE_SENDS;
        nng_aio_set_timeout(e->aio, SEND_TIMEOUT_MS);
        nng_ctx_send(e->ctx, e->aio);
}
