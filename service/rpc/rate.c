#include "service/rpc/rate.h"

#include "common/cleanup.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

#define N_SETS  1024 /* a power of two */
#define N_WAYS  4
#define N_LOCKS 16 /* a power of two */

/* A bucket as one moment: when it will be full again (the generic cell rate algorithm). One that is
 * in the past is full, and may be forgotten without loss. */
struct bucket {
        uint64_t key;
        uint64_t full_at_ns;
};

struct rate {
        struct rate_limit limit; /* interval_ns 0 = none */
        pthread_mutex_t locks[N_LOCKS];
        struct bucket sets[N_SETS][N_WAYS];
};

enum status rate_new(unsigned per_second, unsigned burst, struct rate **ret, struct error *reterr)
{
        struct rate *r = calloc(1, sizeof(*r));

        if (!r)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        if (per_second) {
                r->limit.interval_ns = NS_PER_S / per_second;
                r->limit.burst_ns = r->limit.interval_ns * (burst ? burst : 1);
        }
        for (size_t i = 0; i < N_LOCKS; i++)
                pthread_mutex_init(&r->locks[i], NULL);
        *ret = r;
        return STATUS_OK;
}

struct rate *rate_free(struct rate *r)
{
        if (!r)
                return NULL;
        for (size_t i = 0; i < N_LOCKS; i++)
                pthread_mutex_destroy(&r->locks[i]);
        free(r);
        return NULL;
}

/* The bucket of a key; where it has none, the one of its set that is full first is made its. */
static struct bucket *find(struct bucket set[static N_WAYS], uint64_t key)
{
        struct bucket *fullest = &set[0];

        for (size_t i = 0; i < N_WAYS; i++) {
                if (set[i].key == key)
                        return &set[i];
                if (set[i].full_at_ns < fullest->full_at_ns)
                        fullest = &set[i];
        }
        *fullest = (struct bucket){.key = key};
        return fullest;
}

enum status rate_take_by(struct rate *r, uint64_t key, uint64_t now_ns,
                         const struct rate_limit *limit, struct error *reterr)
{
        uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15) >> 32;
        size_t set = hash % N_SETS;
        LOCK(&r->locks[set % N_LOCKS]);
        struct bucket *b = find(r->sets[set], key);
        uint64_t full_at_ns = b->full_at_ns > now_ns ? b->full_at_ns : now_ns;

        full_at_ns += limit->interval_ns;
        if (full_at_ns > now_ns + limit->burst_ns) {
                uint64_t wait_ns = full_at_ns - now_ns - limit->burst_ns;
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED,
                                   (uint32_t)(wait_ns / NS_PER_MS + 1),
                                   "too many changes in a short time; wait a little");
        }
        b->full_at_ns = full_at_ns;
        return STATUS_OK;
}

enum status rate_take(struct rate *r, uint64_t key, uint64_t now_ns, struct error *reterr)
{
        if (r->limit.interval_ns == 0)
                return STATUS_OK;
        return rate_take_by(r, key, now_ns, &r->limit, reterr);
}
