/* Freeing a client. nng 1.5.2 may never return from nng_close() when messages are still moving, so
 * everything is brought to rest first, and closing has a limit of its own. */
#include "client/client.h"
#include "client/keeper.h"
#include "client/stub.h"

#define GRACE_MS 250u /* for the replies of what is still on its way */
/* For the next attempt to connect, and for the connection that it makes. */
#define SETTLE_MS (CLIENT_RECONNECT_MAX_MS + 100u)
#define ABORT_MS  5000u /* for nng to give up what has been cancelled */
#define CLOSE_MS  3000u /* for nng to close */

/* Under the mutex. */
static bool wait_idle(struct soc_client *c, uint32_t ms)
{
        deadline_ns until = deadline_in_ms(ms);

        while (c->n_busy > 0 && clock_cond_wait(&c->idle, &c->mutex, until))
                continue;
        return c->n_busy == 0;
}

/* Ends every call, and asks the service to stop those that it works on. */
static void end_all(struct soc_client *c)
{
        LOCK(&c->mutex);
        c->closing = true;
        for (struct timer *t; (t = timers_first(&c->timers));) {
                struct soc_pending *p = pending_of_timer(t);

                if (p->state == PENDING_SENT)
                        client_add_cancel(c, p);
                pending_fail(p, STATUS_CANCELLED, "the client was closed");
                client_end(c, p, &c->done);
        }
}

/* nng 1.5.2 loses a connection, and its memory, that is closed while it is being made; it makes the
 * next one as soon as it has said farewell of one that broke. Under the mutex. */
static void wait_settled(struct soc_client *c)
{
        deadline_ns until = deadline_in_ms(SETTLE_MS);

        while ((!c->pipe_id || c->pipe_id == c->broken_id) &&
               clock_cond_wait(&c->idle, &c->mutex, until))
                continue;
}

/* False when something is still on its way and cannot be stopped. */
static bool quiesce(struct soc_client *c)
{
        LOCK(&c->mutex);
        wait_settled(c);
        bool idle = wait_idle(c, GRACE_MS);
        c->aborting = true;
        if (idle)
                return true;
        for (int i = 0; i < LANE_COUNT; i++)
                lane_abort(&c->lanes[i]);
        lane_abort(&c->cancel_lane);
        return wait_idle(c, ABORT_MS);
}

static void *close_main(void *arg)
{
        struct soc_client *c = arg;

        client_close_sockets(c);
        LOCK(&c->mutex);
        c->closed = true;
        pthread_cond_broadcast(&c->idle);
        return NULL;
}

/* False when nng does not return. It may return before its threads have left on_pipe(). */
static bool close_in_time(struct soc_client *c)
{
        deadline_ns until = deadline_in_ms(CLOSE_MS);
        pthread_t closer;

        if (pthread_create(&closer, NULL, close_main, c) != 0)
                return false;
        pthread_mutex_lock(&c->mutex);
        while ((!c->closed || c->n_pipes > 0) && clock_cond_wait(&c->idle, &c->mutex, until))
                continue;
        bool closed = c->closed, alone = c->n_pipes == 0;
        pthread_mutex_unlock(&c->mutex);
        if (closed)
                pthread_join(closer, NULL);
        else
                pthread_detach(closer);
        return closed && alone;
}

soc_client *soc_client_free(soc_client *c)
{
        if (!c)
                return NULL;
        end_all(c);
        lane_pump(&c->cancel_lane);
        bool quiet = quiesce(c);
        keeper_join(c);
        /* The callbacks of what ended here, and of what ended and was never dispatched. A callback
         * may start calls; they are refused. */
        struct task_list list = TASK_LIST_INIT;
        {
                LOCK(&c->mutex);
                task_move(&list, &c->done);
        }
        task_run_all(&list);
        /* What nng holds on to for ever cannot be freed: better some memory lost than a process
         * that does not end. */
        if (quiet && close_in_time(c))
                client_drop(c);
        return NULL;
}
