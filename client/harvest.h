/* What one reply message brought in: its bytes, which the calls that it answers point into, and the
 * memory that their responses are unpacked to. */
#ifndef CLIENT_HARVEST_H
#define CLIENT_HARVEST_H

#include "common/arena.h"

#include <nng/nng.h>
#include <stdatomic.h>

/* The most memory that one response may unpack to. */
#define HARVEST_BUDGET_BYTES ((size_t)32 * 1024 * 1024)

struct harvest_pool;

struct harvest {
        struct harvest_pool *pool;
        struct harvest *next; /* in the pool */
        atomic_uint refs;
        nng_msg *message;
        struct arena arena; /* of the call that is being delivered; one thread at a time */
};

#define HARVEST_POOLED_MAX 16

struct harvest_pool {
        pthread_mutex_t mutex;
        struct harvest *free;
        unsigned n_free;
};

void harvest_pool_init(struct harvest_pool *pool);
void harvest_pool_deinit(struct harvest_pool *pool);

/* Takes the message over; one reference. NULL when there is no memory: the message is the caller's
 * then. */
struct harvest *harvest_new(struct harvest_pool *pool, nng_msg *message) MUST_CHECK;
struct harvest *harvest_ref(struct harvest *h);
void harvest_unref(struct harvest *h);

#endif
