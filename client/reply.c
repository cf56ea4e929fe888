#include "client/reply.h"

#include "client/client.h"
#include "client/keeper.h"

/* Waiting before a call is sent again: doubling from the first to the last, or what the service
 * says. */
#define BACKOFF_FIRST_MS 20u
#define BACKOFF_LAST_MS  2000u

void slot_release(struct slot *s)
{
        struct soc_client *c = s->client;

        for (unsigned i = 0; i < s->n_batch; i++)
                pending_unref(s->batch[i]);
        s->n_batch = 0;
        s->state = SLOT_FREE;
        s->next_free = s->lane->free_slots;
        s->lane->free_slots = s;
        s->lane->n_busy--;
        if (--c->n_busy == 0)
                pthread_cond_broadcast(&c->idle);
}

static bool is_claimed(const struct slot *s, const struct soc_pending *p)
{
        return p->state == PENDING_CLAIMED && p->slot == s;
}

/* From here on no deadline and no cancel ends the calls that are still waited for. */
static void claim(struct slot *s)
{
        LOCK(&s->client->mutex);
        for (unsigned i = 0; i < s->n_batch; i++) {
                struct soc_pending *p = s->batch[i];

                if (p->state == PENDING_SENT && p->slot == s) {
                        p->state = PENDING_CLAIMED;
                        timers_remove(&s->client->timers, &p->timer);
                }
        }
}

/* Gives each claimed call its reply: one a call, in the same order. */
static void read_replies(struct slot *s, struct harvest *h)
{
        struct frame_reader reader =
                FRAME_READER(nng_msg_body(h->message), nng_msg_len(h->message));
        enum frame_kind kind = FRAME_REPLY;
        struct frame_reply reply;
        struct error err = ERROR_INIT;

        for (unsigned i = 0; i < s->n_batch; i++) {
                struct soc_pending *p = s->batch[i];

                if (kind == FRAME_REPLY)
                        kind = frame_next_in_response(&reader, &reply, &err);
                if (!is_claimed(s, p))
                        continue;
                if (kind == FRAME_END) {
                        pending_fail(p, STATUS_INTERNAL,
                                     "the service answered fewer calls than it was sent");
                } else if (kind != FRAME_REPLY) {
                        pending_fail(p, STATUS_INTERNAL, "the service's answer is malformed: %s",
                                     err.text);
                } else if (reply.status != STATUS_OK) {
                        p->status = reply.status;
                        p->error = reply.error;
                        p->error.status = reply.status;
                } else {
                        p->status = STATUS_OK;
                        p->reply = reply.payload;
                        p->harvest = harvest_ref(h);
                }
        }
}

/* How long a call that was refused waits before it is sent again; 0 when it shall not be. */
static uint32_t backoff_ms(const struct soc_pending *p)
{
        if (p->status != STATUS_UNAVAILABLE || p->error.retry_after_ms == 0 || !p->may_repeat ||
            p->cancel_wanted)
                return 0;
        uint32_t ms = BACKOFF_FIRST_MS << (p->n_backoffs < 7 ? p->n_backoffs : 7);
        if (ms > BACKOFF_LAST_MS)
                ms = BACKOFF_LAST_MS;
        if (ms < p->error.retry_after_ms)
                ms = p->error.retry_after_ms;
        ms += ms * (p->id[0] % 32u) / 128u; /* so that not everybody comes back at once */
        /* Past the deadline there is no point: the service's own words say more than "too late". */
        return ms < deadline_left_ms(p->deadline) ? ms : 0;
}

/* Under the mutex. */
static void settle_call(struct soc_client *c, struct soc_pending *p, struct task_list *ended)
{
        uint32_t wait_ms = c->closing ? 0 : backoff_ms(p);

        if (wait_ms) {
                p->timer.at = deadline_in_ms(wait_ms);
                if (timers_push(&c->timers, &p->timer)) {
                        p->n_backoffs++;
                        p->slot = NULL;
                        p->state = PENDING_BACKOFF;
                        keeper_expect(c, p->timer.at);
                        return;
                }
        }
        client_end(c, p, ended);
}

/* Delivers, frees the slot and lets the next batch leave. In this order where the callbacks run
 * here: they often start the next calls, which then leave together. */
static void finish(struct slot *s, struct task_list *ended)
{
        struct soc_client *c = s->client;
        struct client_lane *l = s->lane;
        bool wake = false;

        if (!c->wake)
                task_run_all(ended);
        {
                LOCK(&c->mutex);
                if (c->wake)
                        wake = client_post_locked(c, ended);
                slot_release(s);
        }
        if (wake)
                client_wake(c);
        lane_pump(l);
}

void reply_settle(struct slot *s, nng_msg *message)
{
        struct soc_client *c = s->client;
        struct task_list ended = TASK_LIST_INIT;
        struct harvest *h = harvest_new(&c->harvests, message);

        if (!h) {
                nng_msg_free(message);
                reply_broken(s, NNG_ENOMEM);
                return;
        }
        claim(s);
        read_replies(s, h);
        {
                LOCK(&c->mutex);
                for (unsigned i = 0; i < s->n_batch; i++)
                        if (is_claimed(s, s->batch[i]))
                                settle_call(c, s->batch[i], &ended);
        }
        harvest_unref(h);
        finish(s, &ended);
}

void reply_broken(struct slot *s, int nng_error)
{
        struct soc_client *c = s->client;
        struct task_list ended = TASK_LIST_INIT;

        {
                LOCK(&c->mutex);
                if (nng_error != NNG_ENOMEM && nng_error != NNG_ECANCELED)
                        c->broken_id = c->pipe_id;
                /* From the last to the first, so that those in front of the queue keep their order.
                 */
                for (unsigned i = s->n_batch; i-- > 0;) {
                        struct soc_pending *p = s->batch[i];

                        if (p->state != PENDING_SENT || p->slot != s)
                                continue;
                        if (nng_error == NNG_ENOMEM) {
                                pending_fail(p, STATUS_RESOURCE_EXHAUSTED, "no memory");
                        } else if (p->may_repeat && !c->closing) {
                                p->slot = NULL;
                                p->n_breaks++;
                                lane_prepend(s->lane, p);
                                continue;
                        } else {
                                pending_fail(p, STATUS_UNAVAILABLE,
                                             "the connection broke; the call may have happened");
                        }
                        client_end(c, p, &ended);
                }
        }
        finish(s, &ended);
}
