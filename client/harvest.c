#include "client/harvest.h"

void harvest_pool_init(struct harvest_pool *pool)
{
        *pool = (struct harvest_pool){0};
        pthread_mutex_init(&pool->mutex, NULL);
}

static void harvest_free(struct harvest *h)
{
        arena_deinit(&h->arena);
        free(h);
}

void harvest_pool_deinit(struct harvest_pool *pool)
{
        for (struct harvest *h = pool->free, *next; h; h = next) {
                next = h->next;
                harvest_free(h);
        }
        pthread_mutex_destroy(&pool->mutex);
}

static struct harvest *take_free(struct harvest_pool *pool)
{
        LOCK(&pool->mutex);
        struct harvest *h = pool->free;

        if (h) {
                pool->free = h->next;
                pool->n_free--;
        }
        return h;
}

struct harvest *harvest_new(struct harvest_pool *pool, nng_msg *message)
{
        struct harvest *h = take_free(pool);

        if (!h) {
                h = calloc(1, sizeof(*h));
                if (!h)
                        return NULL;
                h->pool = pool;
                arena_init(&h->arena, HARVEST_BUDGET_BYTES);
        }
        atomic_init(&h->refs, 1);
        h->message = message;
        return h;
}

struct harvest *harvest_ref(struct harvest *h)
{
        atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
        return h;
}

void harvest_unref(struct harvest *h)
{
        if (!h || atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
                return;
        nng_msg_free(TAKE(h->message));
        {
                LOCK(&h->pool->mutex);
                if (h->pool->n_free < HARVEST_POOLED_MAX) {
                        h->next = h->pool->free;
                        h->pool->free = h;
                        h->pool->n_free++;
                        return;
                }
        }
        harvest_free(h);
}
