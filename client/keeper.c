#include "client/keeper.h"

#include "client/client.h"

#include <string.h>

void keeper_nudge(struct soc_client *c)
{
        pthread_cond_signal(&c->keeper_cond);
}

void keeper_expect(struct soc_client *c, deadline_ns at)
{
        if (at < c->keeper_at) {
                c->keeper_at = at;
                pthread_cond_signal(&c->keeper_cond);
        }
}

static void expire(struct soc_client *c, struct soc_pending *p, struct task_list *ended)
{
        if (p->state == PENDING_QUEUED && !c->pipe_id)
                pending_fail(p, STATUS_DEADLINE_EXCEEDED, "no connection to %.120s within %u ms",
                             c->url, p->timeout_ms);
        else
                pending_fail(p, STATUS_DEADLINE_EXCEEDED, "no answer to %s within %u ms",
                             p->method->name, p->timeout_ms);
        client_end(c, p, ended);
}

/* Does what is due: ends calls whose deadline has come, queues again those that have waited. */
static void run_due(struct soc_client *c, struct task_list *ended)
{
        uint64_t now = clock_mono_ns();

        if (c->pump_at <= now) {
                c->pump_at = DEADLINE_NEVER;
                c->pump_wanted = true;
        }
        for (struct timer *t; (t = timers_first(&c->timers)) && t->at <= now;) {
                struct soc_pending *p = pending_of_timer(t);

                if (p->deadline <= now) {
                        expire(c, p, ended);
                        continue;
                }
                timers_remove(&c->timers, t);
                t->at = p->deadline;
                if (!timers_push(&c->timers, t)) {
                        client_end(c, p, ended); /* with the refusal that made it wait */
                        continue;
                }
                lane_append(&c->lanes[p->method->lane], p);
                c->pump_wanted = true;
        }
}

static void pump_all(struct soc_client *c)
{
        for (int i = 0; i < LANE_COUNT; i++)
                lane_pump(&c->lanes[i]);
        lane_pump(&c->cancel_lane);
}

/* One round: what has to happen without the mutex. Returns with the mutex held. */
static void act(struct soc_client *c, bool pump, bool wake, struct task_list *deliver)
{
        pthread_mutex_unlock(&c->mutex);
        if (wake)
                client_wake(c);
        task_run_all(deliver);
        if (pump)
                pump_all(c);
        pthread_mutex_lock(&c->mutex);
}

static void *keeper_main(void *arg)
{
        struct soc_client *c = arg;

        pthread_mutex_lock(&c->mutex);
        while (!c->keeper_stop) {
                struct task_list ended = TASK_LIST_INIT, deliver = TASK_LIST_INIT;

                c->keeper_at = 0; /* it is looking now: nobody need tell it */
                run_due(c, &ended);
                bool wake = client_post_locked(c, &ended);
                bool pump = c->pump_wanted;
                c->pump_wanted = false;
                if (!c->wake)
                        task_move(&deliver, &c->done);
                if (wake || pump || deliver.first) {
                        act(c, pump, wake, &deliver);
                        continue;
                }
                struct timer *first = timers_first(&c->timers);
                c->keeper_at = first ? first->at : DEADLINE_NEVER;
                if (c->pump_at < c->keeper_at)
                        c->keeper_at = c->pump_at;
                clock_cond_wait(&c->keeper_cond, &c->mutex, c->keeper_at);
        }
        pthread_mutex_unlock(&c->mutex);
        return NULL;
}

enum status keeper_start(struct soc_client *c, struct error *reterr)
{
        c->keeper_at = DEADLINE_NEVER;
        c->pump_at = DEADLINE_NEVER;
        int rc = pthread_create(&c->keeper, NULL, keeper_main, c);
        if (rc != 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot start a thread: %s",
                                 strerror(rc));
        return STATUS_OK;
}

void keeper_join(struct soc_client *c)
{
        pthread_mutex_lock(&c->mutex);
        c->keeper_stop = true;
        pthread_cond_signal(&c->keeper_cond);
        pthread_mutex_unlock(&c->mutex);
        pthread_join(c->keeper, NULL);
}
