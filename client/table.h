/* Things by a number: a hash table of what is linked into it. Not locked: whoever has it guards it.
 */
#ifndef CLIENT_TABLE_H
#define CLIENT_TABLE_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of what is found. */
struct table_entry {
        struct table_entry *next; /* of the same bucket */
        uint64_t key; /* not changed while in the table */
};

struct table {
        struct table_entry **buckets;
        size_t n_buckets, n;
};

/* False when there is no memory. */
bool table_init(struct table *t) MUST_CHECK;
void table_deinit(struct table *t);
/* A key may be there more than once. */
void table_add(struct table *t, struct table_entry *e);
/* The entry must be in. */
void table_remove(struct table *t, struct table_entry *e);
/* NULL when there is none, or no other one. */
struct table_entry *table_find(const struct table *t, uint64_t key);
struct table_entry *table_find_next(const struct table_entry *e);

#endif
