#include "service/rpc/registry.h"

#include "common/cleanup.h"

#include <assert.h>
#include <string.h>

#define N_BUCKETS 1024 /* a power of two */

/* Cancels that came before their calls: a client sends both within moments, and two threads may
 * turn them around. */
#define N_EARLY_SETS 128 /* a power of two */
#define N_EARLY_WAYS 4
#define EARLY_MS     10000

struct early {
        uint8_t id[FRAME_CALL_ID_BYTES];
        deadline_ns until;
};

struct registry {
        pthread_mutex_t mutex;
        _Atomic deadline_ns early_until; /* of the last early cancel; 0: there is none */
        atomic_uint n_with_pipe;
        /* Below: under the mutex. */
        struct tracked *buckets[N_BUCKETS];
        struct early early[N_EARLY_SETS][N_EARLY_WAYS];
};

/* Ids are random, so any two bytes of them are a hash. */
static unsigned id_hash(const uint8_t *id)
{
        return (unsigned)id[0] << 8 | id[1];
}

enum status registry_new(struct registry **ret, struct error *reterr)
{
        struct registry *r = calloc(1, sizeof(*r));

        if (!r)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        pthread_mutex_init(&r->mutex, NULL);
        *ret = r;
        return STATUS_OK;
}

struct registry *registry_free(struct registry *r)
{
        if (!r)
                return NULL;
        for (size_t i = 0; i < N_BUCKETS; i++)
                assert(!r->buckets[i]);
        pthread_mutex_destroy(&r->mutex);
        free(r);
        return NULL;
}

/* Finds an early cancel and forgets it. Under the mutex. */
static bool take_early(struct registry *r, const uint8_t *id)
{
        struct early *set = r->early[id_hash(id) % N_EARLY_SETS];

        for (size_t i = 0; i < N_EARLY_WAYS; i++) {
                if (memcmp(set[i].id, id, FRAME_CALL_ID_BYTES) != 0)
                        continue;
                bool valid = !deadline_passed(set[i].until);
                set[i] = (struct early){0};
                return valid;
        }
        return false;
}

/* Remembers one in place of the oldest of its set. Under the mutex. */
static void keep_early(struct registry *r, const uint8_t *id)
{
        struct early *set = r->early[id_hash(id) % N_EARLY_SETS];
        struct early *oldest = &set[0];

        for (size_t i = 1; i < N_EARLY_WAYS; i++) {
                if (set[i].until < oldest->until)
                        oldest = &set[i];
        }
        memcpy(oldest->id, id, FRAME_CALL_ID_BYTES);
        oldest->until = deadline_in_ms(EARLY_MS);
        atomic_store(&r->early_until, oldest->until);
}

void registry_add(struct registry *r, struct tracked *t)
{
        struct tracked **bucket = &r->buckets[id_hash(t->call->id) % N_BUCKETS];
        LOCK(&r->mutex);

        t->next = *bucket;
        t->back = bucket;
        if (t->next)
                t->next->back = &t->next;
        *bucket = t;
        if (t->pipe)
                atomic_fetch_add(&r->n_with_pipe, 1);
        if (atomic_load_explicit(&r->early_until, memory_order_relaxed) &&
            take_early(r, t->call->id))
                atomic_store(&t->call->cancelled, true);
}

void registry_remove(struct registry *r, struct tracked *t)
{
        LOCK(&r->mutex);

        *t->back = t->next;
        if (t->next)
                t->next->back = t->back;
        if (t->pipe)
                atomic_fetch_sub(&r->n_with_pipe, 1);
}

enum submitted registry_submit(struct registry *r, struct tracked *t)
{
        LOCK(&r->mutex);

        if (atomic_load(&t->call->cancelled))
                return SUBMIT_CANCELLED;
        return pool_submit(t->pool, t->task) ? SUBMITTED : SUBMIT_FULL;
}

bool registry_claim(struct registry *r, struct tracked *t)
{
        const struct call *call = t->call;
        LOCK(&r->mutex);

        for (const struct tracked *o = r->buckets[id_hash(call->id) % N_BUCKETS]; o; o = o->next) {
                /* Who the caller of another one is is only known once it is claimed. */
                if (o->is_claimed && o != t && !atomic_load(&o->call->cancelled) &&
                    memcmp(o->call->id, call->id, FRAME_CALL_ID_BYTES) == 0 &&
                    o->call->caller.user_id == call->caller.user_id)
                        return false;
        }
        t->is_claimed = true;
        return true;
}

struct tracked *registry_cancel(struct registry *r, const uint8_t id[static FRAME_CALL_ID_BYTES])
{
        struct tracked *removed = NULL;
        bool found = false;
        LOCK(&r->mutex);

        for (struct tracked *t = r->buckets[id_hash(id) % N_BUCKETS]; t; t = t->next) {
                if (memcmp(t->call->id, id, FRAME_CALL_ID_BYTES) != 0)
                        continue;
                found = true;
                atomic_store(&t->call->cancelled, true);
                if (t->pool && pool_remove(t->pool, t->task)) {
                        t->next_removed = removed;
                        removed = t;
                }
        }
        if (!found)
                keep_early(r, id);
        return removed;
}

bool registry_cancelled_before(struct registry *r, const uint8_t id[static FRAME_CALL_ID_BYTES])
{
        deadline_ns until = atomic_load_explicit(&r->early_until, memory_order_relaxed);

        if (until == 0)
                return false;
        LOCK(&r->mutex);
        if (deadline_passed(atomic_load(&r->early_until))) {
                atomic_store(&r->early_until, 0);
                return false;
        }
        return take_early(r, id);
}

void registry_cancel_pipe(struct registry *r, uint32_t pipe)
{
        if (pipe == 0 || atomic_load(&r->n_with_pipe) == 0)
                return;
        LOCK(&r->mutex);
        for (size_t i = 0; i < N_BUCKETS; i++) {
                for (struct tracked *t = r->buckets[i]; t; t = t->next) {
                        if (t->pipe == pipe)
                                atomic_store(&t->call->cancelled, true);
                }
        }
}

void registry_cancel_all(struct registry *r)
{
        LOCK(&r->mutex);
        for (size_t i = 0; i < N_BUCKETS; i++) {
                for (struct tracked *t = r->buckets[i]; t; t = t->next)
                        atomic_store(&t->call->cancelled, true);
        }
}
