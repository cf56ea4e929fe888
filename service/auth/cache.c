#include "service/auth/cache.h"

#include "common/cleanup.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* 65,536 tokens: shards, each under its own mutex, of sets of 8. */
#define N_SHARDS  16
#define N_SETS    512
#define N_WAYS    8
#define N_ENTRIES ((size_t)N_SETS * N_WAYS)

struct cache_entry {
        uint8_t *token; /* NULL: free */
        uint32_t n_bytes;
        uint64_t used_at; /* on the shard's own clock, which counts its hits */
        int64_t found_at_ms, taken_at_ms; /* the last use; the one that cache_take_used() told of */
        struct caller caller;
};

struct cache_shard {
        pthread_mutex_t mutex;
        size_t n_used;
        uint64_t clock;
        /* Of the entry with the same index: forgetting runs through these, close together. */
        int64_t user_ids[N_ENTRIES];
        struct cache_entry entries[N_ENTRIES];
};

struct cache {
        atomic_uint_fast64_t generation;
        struct cache_shard shards[N_SHARDS];
};

enum status cache_new(struct cache **ret, struct error *reterr)
{
        struct cache *c = calloc(1, sizeof(*c)); /* its pages come when they are touched */

        if (!c)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        for (size_t i = 0; i < N_SHARDS; i++)
                pthread_mutex_init(&c->shards[i].mutex, NULL);
        *ret = c;
        return STATUS_OK;
}

struct cache *cache_free(struct cache *c)
{
        if (!c)
                return NULL;
        for (size_t i = 0; i < N_SHARDS; i++) {
                for (size_t j = 0; j < N_ENTRIES && c->shards[i].n_used > 0; j++)
                        free(c->shards[i].entries[j].token);
                pthread_mutex_destroy(&c->shards[i].mutex);
        }
        free(c);
        return NULL;
}

/* A token ends in its signature, which is as good as random and which nobody can choose: the last
 * bytes are the hash. */
static uint64_t token_hash(struct frame_bytes token)
{
        uint64_t hash = 0;

        if (token.n_bytes >= sizeof(hash))
                memcpy(&hash, token.data + token.n_bytes - sizeof(hash), sizeof(hash));
        /* Base64 leaves some bits of each byte constant; this spreads the others. */
        return hash * 0x9e3779b97f4a7c15u;
}

static struct cache_shard *find_shard(struct cache *c, uint64_t hash)
{
        return &c->shards[hash >> 60];
}

static struct cache_entry *find_set(struct cache_shard *shard, uint64_t hash)
{
        return &shard->entries[(hash >> 40) % N_SETS * N_WAYS];
}

static bool holds(const struct cache_entry *entry, struct frame_bytes token)
{
        return entry->token && entry->n_bytes == token.n_bytes &&
               memcmp(entry->token, token.data, token.n_bytes) == 0;
}

bool cache_find(struct cache *c, struct frame_bytes token, int64_t now_ms, struct caller *ret)
{
        uint64_t hash = token_hash(token);
        struct cache_shard *shard = find_shard(c, hash);
        LOCK(&shard->mutex);
        struct cache_entry *set = find_set(shard, hash);

        for (size_t i = 0; i < N_WAYS; i++) {
                if (!holds(&set[i], token))
                        continue;
                if (set[i].caller.expires_at_ms <= now_ms)
                        return false;
                set[i].used_at = ++shard->clock;
                set[i].found_at_ms = now_ms;
                *ret = set[i].caller;
                return true;
        }
        return false;
}

static void drop(struct cache_shard *shard, struct cache_entry *entry)
{
        if (!entry->token)
                return;
        free(entry->token);
        memset(entry, 0, sizeof(*entry));
        shard->user_ids[entry - shard->entries] = 0;
        shard->n_used--;
}

uint64_t cache_generation(struct cache *c)
{
        return atomic_load(&c->generation);
}

/* Where the token goes: its own place, a free one, or that of the one used longest ago. */
static struct cache_entry *choose(struct cache_entry *set, struct frame_bytes token)
{
        struct cache_entry *oldest = &set[0];

        for (size_t i = 0; i < N_WAYS; i++) {
                if (holds(&set[i], token))
                        return &set[i];
                if (set[i].used_at < oldest->used_at) /* a free one's is 0 */
                        oldest = &set[i];
        }
        return oldest;
}

static void put(struct cache_shard *shard, struct cache_entry *set, const struct cache_entry *entry)
{
        struct cache_entry *place = choose(set, (struct frame_bytes){entry->token, entry->n_bytes});

        drop(shard, place);
        *place = *entry;
        place->used_at = ++shard->clock;
        shard->user_ids[place - shard->entries] = entry->caller.user_id;
        shard->n_used++;
}

void cache_add(struct cache *c, struct frame_bytes token, int64_t now_ms,
               const struct caller *caller, uint64_t generation)
{
        uint64_t hash = token_hash(token);
        struct cache_shard *shard = find_shard(c, hash);
        uint8_t *copy = malloc(token.n_bytes);
        if (!copy)
                return;
        memcpy(copy, token.data, token.n_bytes);

        struct cache_entry entry = {
                .token = copy,
                .n_bytes = (uint32_t)token.n_bytes,
                .found_at_ms = now_ms,
                .caller = *caller,
        };
        LOCK(&shard->mutex);
        /* Under the mutex: whoever raises the generation after this finds the entry. */
        if (atomic_load(&c->generation) != generation)
                free(copy);
        else
                put(shard, find_set(shard, hash), &entry);
}

static bool take_used(struct cache_entry *entry, int64_t granularity_ms, struct cache_use *ret)
{
        if (!entry->token || entry->found_at_ms - entry->taken_at_ms < granularity_ms)
                return false;
        memcpy(ret->jti, entry->caller.jti, sizeof(ret->jti));
        ret->used_at_ms = entry->taken_at_ms = entry->found_at_ms;
        return true;
}

size_t cache_take_used(struct cache *c, int64_t granularity_ms, struct cache_use *ret, size_t room)
{
        size_t n = 0;

        for (size_t i = 0; i < N_SHARDS; i++) {
                struct cache_shard *shard = &c->shards[i];
                LOCK(&shard->mutex);

                for (size_t j = 0; j < N_ENTRIES && shard->n_used > 0 && n < room; j++)
                        if (shard->user_ids[j] != 0)
                                n += take_used(&shard->entries[j], granularity_ms, &ret[n]);
        }
        return n;
}

void cache_forget(struct cache *c, const uint8_t jti[static 16])
{
        atomic_fetch_add(&c->generation, 1);
        for (size_t i = 0; i < N_SHARDS; i++) {
                struct cache_shard *shard = &c->shards[i];
                LOCK(&shard->mutex);

                for (size_t j = 0; j < N_ENTRIES && shard->n_used > 0; j++)
                        if (shard->user_ids[j] != 0 &&
                            memcmp(shard->entries[j].caller.jti, jti, 16) == 0)
                                drop(shard, &shard->entries[j]);
        }
}

void cache_forget_user(struct cache *c, int64_t user_id)
{
        atomic_fetch_add(&c->generation, 1);
        for (size_t i = 0; i < N_SHARDS; i++) {
                struct cache_shard *shard = &c->shards[i];
                LOCK(&shard->mutex);

                for (size_t j = 0; j < N_ENTRIES && shard->n_used > 0; j++)
                        if (shard->user_ids[j] == user_id)
                                drop(shard, &shard->entries[j]);
        }
}
