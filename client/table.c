#include "client/table.h"

#define FIRST_BUCKETS 64

static size_t bucket_of(uint64_t key, size_t n_buckets)
{
        return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (n_buckets - 1);
}

bool table_init(struct table *t)
{
        *t = (struct table){.buckets = calloc(FIRST_BUCKETS, sizeof(struct table_entry *))};
        if (!t->buckets)
                return false;
        t->n_buckets = FIRST_BUCKETS;
        return true;
}

void table_deinit(struct table *t)
{
        free(t->buckets);
        *t = (struct table){0};
}

/* Without memory the chains get longer, and nothing else. */
static void grow(struct table *t)
{
        size_t n = t->n_buckets * 2;
        struct table_entry **buckets = calloc(n, sizeof(struct table_entry *));

        if (!buckets)
                return;
        for (size_t i = 0; i < t->n_buckets; i++) {
                for (struct table_entry *e = t->buckets[i], *next; e; e = next) {
                        size_t b = bucket_of(e->key, n);

                        next = e->next;
                        e->next = buckets[b];
                        buckets[b] = e;
                }
        }
        free(t->buckets);
        t->buckets = buckets;
        t->n_buckets = n;
}

void table_add(struct table *t, struct table_entry *e)
{
        if (t->n++ >= t->n_buckets)
                grow(t);
        struct table_entry **bucket = &t->buckets[bucket_of(e->key, t->n_buckets)];

        e->next = *bucket;
        *bucket = e;
}

void table_remove(struct table *t, struct table_entry *e)
{
        struct table_entry **at = &t->buckets[bucket_of(e->key, t->n_buckets)];

        while (*at != e)
                at = &(*at)->next;
        *at = e->next;
        t->n--;
}

static struct table_entry *first_of(struct table_entry *e, uint64_t key)
{
        while (e && e->key != key)
                e = e->next;
        return e;
}

struct table_entry *table_find(const struct table *t, uint64_t key)
{
        return first_of(t->buckets[bucket_of(key, t->n_buckets)], key);
}

struct table_entry *table_find_next(const struct table_entry *e)
{
        return first_of(e->next, e->key);
}
