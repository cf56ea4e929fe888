/* The read connections: who has one, and who waits for one, in the order in which they came.
 *
 * A connection that comes back goes straight to whoever has waited longest; so a free one means
 * that nobody waits, and nobody can overtake. */
#include "service/db/db_internal.h"

struct db_waiter {
        pthread_cond_t wake;
        struct db_conn *conn; /* set by who gives one back */
        struct db_waiter *next;
};

/* The connection a thread had last: it has the thread's statements prepared and its pages cached.
 */
static _Thread_local unsigned last_index;

static struct db_conn *take_free(struct db_pool *pool)
{
        unsigned index = last_index < pool->n_conns ? last_index : 0;

        while (!pool->conns[index].free)
                index = (index + 1) % pool->n_conns;
        pool->conns[index].free = false;
        pool->n_free--;
        return &pool->conns[index];
}

static void append(struct db_pool *pool, struct db_waiter *waiter)
{
        if (pool->last_waiting)
                pool->last_waiting->next = waiter;
        else
                pool->first_waiting = waiter;
        pool->last_waiting = waiter;
        pool->n_waiting++;
}

static void unlink_waiter(struct db_pool *pool, struct db_waiter *waiter)
{
        struct db_waiter *previous = NULL;

        for (struct db_waiter *w = pool->first_waiting; w != waiter; w = w->next)
                previous = w;
        if (previous)
                previous->next = waiter->next;
        else
                pool->first_waiting = waiter->next;
        if (pool->last_waiting == waiter)
                pool->last_waiting = previous;
        pool->n_waiting--;
}

static struct db_conn *wait_for_one(struct db_pool *pool, deadline_ns deadline)
{
        struct db_waiter waiter = {0};

        clock_cond_init(&waiter.wake);
        append(pool, &waiter);
        while (!waiter.conn && clock_cond_wait(&waiter.wake, &pool->lock, deadline))
                ;
        if (!waiter.conn) {
                unlink_waiter(pool, &waiter);
                pool->n_timeouts++;
        }
        pthread_cond_destroy(&waiter.wake);
        return waiter.conn;
}

struct db_conn *db_pool_take(struct db_pool *pool, deadline_ns deadline)
{
        struct db_conn *conn;

        LOCK(&pool->lock);
        conn = pool->n_free > 0 ? take_free(pool) : wait_for_one(pool, deadline);
        if (conn)
                last_index = (unsigned)(conn - pool->conns);
        return conn;
}

void db_pool_give_back(struct db_pool *pool, struct db_conn *conn)
{
        struct db_waiter *waiter;

        LOCK(&pool->lock);
        waiter = pool->first_waiting;
        if (!waiter) {
                conn->free = true;
                pool->n_free++;
                return;
        }
        unlink_waiter(pool, waiter);
        waiter->conn = conn;
        pthread_cond_signal(&waiter->wake);
}
