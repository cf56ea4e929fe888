#include "client/lane.h"

#include "client/client.h"
#include "client/keeper.h"
#include "client/reply.h"

#include <string.h>

/* What nng adds to a request, within the limit of its receiver. */
#define NNG_HEADER_BYTES 8
static void slot_event(void *arg);

static void slot_free(struct slot *s)
{
        nng_aio_stop(s->aio);
        nng_ctx_close(s->ctx);
        nng_aio_free(s->aio);
        buffer_deinit(&s->out);
        free(s);
}

/* A free slot more. False when the lane has all that it may have, or there is no memory. */
static bool add_slot(struct client_lane *l)
{
        if (l->n_slots == l->max_slots)
                return false;
        AUTO_FREE struct slot *s =
                calloc(1, sizeof(*s) + l->max_batch * sizeof(struct soc_pending *));
        if (!s)
                return false;
        s->client = l->client;
        s->lane = l;
        if (nng_aio_alloc(&s->aio, slot_event, s) != 0)
                return false;
        if (nng_ctx_open(&s->ctx, l->client->socket) != 0) {
                nng_aio_free(s->aio);
                return false;
        }
        s->next = l->slots;
        s->next_free = l->free_slots;
        l->slots = l->free_slots = s;
        l->n_slots++;
        s = NULL;
        return true;
}

enum status lane_init(struct client_lane *l, struct soc_client *c, unsigned max_slots,
                      unsigned max_batch, struct error *reterr)
{
        *l = (struct client_lane){.client = c, .max_slots = max_slots, .max_batch = max_batch};
        if (!add_slot(l))
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory for a lane");
        return STATUS_OK;
}

void lane_deinit(struct client_lane *l)
{
        for (struct slot *s = l->slots, *next; s; s = next) {
                next = s->next;
                slot_free(s);
        }
        *l = (struct client_lane){0};
}

void lane_append(struct client_lane *l, struct soc_pending *p)
{
        p->state = PENDING_QUEUED;
        p->prev = l->last;
        p->next = NULL;
        if (l->last)
                l->last->next = p;
        else
                l->first = p;
        l->last = p;
        l->n_queued++;
}

void lane_prepend(struct client_lane *l, struct soc_pending *p)
{
        p->state = PENDING_QUEUED;
        p->prev = NULL;
        p->next = l->first;
        if (l->first)
                l->first->prev = p;
        else
                l->last = p;
        l->first = p;
        l->n_queued++;
}

void lane_remove(struct client_lane *l, struct soc_pending *p)
{
        if (p->prev)
                p->prev->next = p->next;
        else
                l->first = p->next;
        if (p->next)
                p->next->prev = p->prev;
        else
                l->last = p->prev;
        p->prev = p->next = NULL;
        l->n_queued--;
}

void slot_forget(struct slot *s)
{
        if (--s->n_live == 0 && !s->client->closing)
                nng_aio_cancel(s->aio);
}

void lane_abort(struct client_lane *l)
{
        for (struct slot *s = l->slots; s; s = s->next)
                if (s->state != SLOT_FREE)
                        nng_aio_cancel(s->aio);
}

/* Moves calls from the lane to the slot, as many as fit into one message. */
static void take_batch(struct client_lane *l, struct slot *s)
{
        size_t n_bytes = 0;

        while (l->first && s->n_batch < l->max_batch) {
                struct soc_pending *p = l->first;

                n_bytes += p->frame_bytes;
                if (s->n_batch > 0 && n_bytes > FRAME_MAX_BYTES - NNG_HEADER_BYTES)
                        break;
                /* A call whose connection broke travels alone: if it was what broke it, it takes no
                 * others along. */
                if (s->n_batch > 0 && p->n_breaks > 0)
                        break;
                lane_remove(l, p);
                pending_ref(p);
                p->state = PENDING_SENT;
                p->slot = s;
                s->batch[s->n_batch++] = p;
                if (p->n_breaks > 0)
                        break;
        }
        s->n_live = s->n_batch;
}

/* Whether what waits is better sent with what will have gathered when the reply comes. */
static bool holds_back(struct client_lane *l)
{
        if (l->max_batch <= 1 || !l->n_busy || l->n_queued >= l->max_batch)
                return false;
        deadline_ns until = l->sent_at + l->patience_ns;
        if (deadline_passed(until))
                return false;
        if (until < l->client->pump_at) {
                l->client->pump_at = until;
                keeper_expect(l->client, until);
        }
        return true;
}

struct slot *lane_begin(struct client_lane *l)
{
        struct soc_client *c = l->client;
        bool is_cancel = l->max_batch == 0;
        bool waits = is_cancel ? c->cancels.n_bytes > 0 : l->first != NULL;

        if (!waits || !c->pipe_id || c->aborting || ((c->corked || c->closing) && !is_cancel))
                return NULL;
        if (!is_cancel && holds_back(l))
                return NULL;
        if (!l->free_slots && !add_slot(l))
                return NULL;
        struct slot *s = l->free_slots;
        l->free_slots = s->next_free;
        s->state = SLOT_SENDING;
        s->n_batch = 0;
        buffer_clear(&s->out);
        if (is_cancel) {
                s->n_live = 1; /* the service, which is to answer */
                for (size_t i = 0; i < c->cancels.n_bytes; i += FRAME_CALL_ID_BYTES)
                        frame_append_cancel(&s->out, c->cancels.data + i);
                buffer_clear(&c->cancels);
        } else {
                take_batch(l, s);
        }
        c->n_busy++;
        l->n_busy++;
        l->sent_at = clock_mono_ns();
        return s;
}

/* The message of the slot's batch; NULL when there is no memory. */
static nng_msg *encode(struct slot *s)
{
        nng_msg *message = NULL;

        for (unsigned i = 0; i < s->n_batch; i++) {
                struct soc_pending *p = s->batch[i];
                uint32_t left = deadline_left_ms(p->deadline);

                p->call.timeout_ms = left ? left : 1; /* 0 would mean the method's own */
                frame_append_call(&s->out, &p->call);
        }
        if (buffer_failed(&s->out) || nng_msg_alloc(&message, 0) != 0)
                return NULL;
        if (nng_msg_append(message, s->out.data, s->out.n_bytes) != 0) {
                nng_msg_free(message);
                return NULL;
        }
        return message;
}

void slot_send(struct slot *s)
{
        nng_msg *message = encode(s);

        if (!message) {
                reply_broken(s, NNG_ENOMEM);
                return;
        }
        nng_aio_set_msg(s->aio, message);
        nng_ctx_send(s->ctx, s->aio);
        /* Whoever ended the last call of the batch before the send had begun could not stop it. */
        LOCK(&s->client->mutex);
        if (s->state == SLOT_SENDING && s->n_live == 0 && !s->client->closing)
                nng_aio_cancel(s->aio);
}

void lane_pump(struct client_lane *l)
{
        for (;;) {
                struct slot *s;
                {
                        LOCK(&l->client->mutex);
                        s = lane_begin(l);
                }
                if (!s)
                        return;
                slot_send(s);
        }
}

/* The message is on its way. Only from here a receive is started: nng 1.5.2 crashes when a receive
 * is cancelled while its request has not left. False when nobody waits for the reply any more; the
 * next send on the context forgets this one. */
static bool start_receive(struct slot *s)
{
        LOCK(&s->client->mutex);
        if (s->client->aborting || (s->n_live == 0 && !s->client->closing))
                return false;
        s->state = SLOT_RECEIVING;
        nng_ctx_recv(s->ctx, s->aio);
        return true;
}

static void slot_event(void *arg)
{
        struct slot *s = arg;
        int result = nng_aio_result(s->aio);
        bool was_sending;

        {
                LOCK(&s->client->mutex);
                was_sending = s->state == SLOT_SENDING;
        }
        if (was_sending && result == 0) {
                if (start_receive(s))
                        return;
                result = NNG_ECANCELED;
        } else if (was_sending) {
                nng_msg_free(nng_aio_get_msg(s->aio));
        }
        if (result == 0)
                reply_settle(s, nng_aio_get_msg(s->aio));
        else
                reply_broken(s, result);
}
