#include "service/auth/guard.h"

#include "common/cleanup.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define N_SETS 1024
#define N_WAYS 8

struct guard_entry {
        uint8_t key[16]; /* a keyed hash, so that nobody can choose whom to push out */
        uint64_t ends_at_ms;
        unsigned count; /* 0: free */
};

struct guard {
        pthread_mutex_t mutex;
        unsigned limit;
        uint32_t window_ms;
        uint8_t hash_key[crypto_generichash_KEYBYTES];
        struct guard_entry sets[N_SETS][N_WAYS];
};

enum status guard_new(unsigned limit, uint32_t window_ms, struct guard **ret, struct error *reterr)
{
        struct guard *g = calloc(1, sizeof(*g));

        if (!g)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        pthread_mutex_init(&g->mutex, NULL);
        g->limit = limit;
        g->window_ms = window_ms;
        randombytes_buf(g->hash_key, sizeof(g->hash_key));
        *ret = g;
        return STATUS_OK;
}

struct guard *guard_free(struct guard *g)
{
        if (g) {
                pthread_mutex_destroy(&g->mutex);
                free(g);
        }
        return NULL;
}

static struct guard_entry *find_set(struct guard *g, const char *key, uint8_t hash[static 16])
{
        uint16_t index;

        crypto_generichash(hash, 16, (const uint8_t *)key, strlen(key), g->hash_key,
                           sizeof(g->hash_key));
        memcpy(&index, hash, sizeof(index));
        return g->sets[index % N_SETS];
}

static struct guard_entry *find(struct guard *g, const char *key)
{
        uint8_t hash[16];
        struct guard_entry *set = find_set(g, key, hash);

        for (size_t i = 0; i < N_WAYS; i++)
                if (set[i].count > 0 && memcmp(set[i].key, hash, sizeof(hash)) == 0)
                        return &set[i];
        return NULL;
}

/* The key's entry, or the least of its set, made the key's. */
static struct guard_entry *find_or_add(struct guard *g, const char *key, uint64_t now_ms)
{
        uint8_t hash[16];
        struct guard_entry *set = find_set(g, key, hash);
        struct guard_entry *least = &set[0];

        for (size_t i = 0; i < N_WAYS; i++) {
                if (set[i].ends_at_ms <= now_ms)
                        set[i].count = 0;
                if (set[i].count > 0 && memcmp(set[i].key, hash, sizeof(hash)) == 0)
                        return &set[i];
                if (set[i].count < least->count)
                        least = &set[i];
        }
        *least = (struct guard_entry){.ends_at_ms = now_ms + g->window_ms};
        memcpy(least->key, hash, sizeof(hash));
        return least;
}

enum status guard_attempt(struct guard *g, const char *key, uint64_t now_ms, struct error *reterr)
{
        LOCK(&g->mutex);
        struct guard_entry *entry = find_or_add(g, key, now_ms);

        if (entry->count >= g->limit)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED,
                                   (uint32_t)(entry->ends_at_ms - now_ms),
                                   "too many failed attempts; try again later");
        entry->count++;
        return STATUS_OK;
}

void guard_forgive(struct guard *g, const char *key)
{
        LOCK(&g->mutex);
        struct guard_entry *entry = find(g, key);

        if (entry)
                entry->count--;
}

void guard_reset(struct guard *g, const char *key)
{
        LOCK(&g->mutex);
        struct guard_entry *entry = find(g, key);

        if (entry)
                entry->count = 0;
}
