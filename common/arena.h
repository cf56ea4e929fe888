/* Memory of one call: taken piece by piece, given back all at once. One thread at a time.
 * It is also a ProtobufCAllocator whose free does nothing, so that messages, once unpacked, need no
 * freeing, and a byte budget stops a small message that unpacks into a huge one. */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include "common/cleanup.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
        ProtobufCAllocator allocator; /* for protobuf-c; allocator_data is the arena */
        struct arena_chunk *chunks; /* newest first */
        size_t used_bytes;
        size_t budget_bytes;
        bool exhausted; /* an allocation failed: no memory, or over the budget */
};

#define AUTO_ARENA CLEANUP(arena_deinit) struct arena

/* budget_bytes: the most that may be taken between two resets. Takes no memory yet. */
void arena_init(struct arena *a, size_t budget_bytes);
void arena_deinit(struct arena *a);
/* Gives back everything that was taken but keeps one chunk for the next call. */
void arena_reset(struct arena *a);

/* Aligned for any type, zeroed. NULL when there is no memory or the budget is spent. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
void *arena_calloc(struct arena *a, size_t count, size_t size) MUST_CHECK;
char *arena_strdup(struct arena *a, const char *text) MUST_CHECK;
char *arena_strndup(struct arena *a, const char *text, size_t n) MUST_CHECK;
void *arena_memdup(struct arena *a, const void *data, size_t n) MUST_CHECK;
char *arena_printf(struct arena *a, const char *format, ...)
        __attribute__((format(printf, 2, 3))) MUST_CHECK;

/* For tests: the n-th allocation from now on, of any arena and thread, fails (1 = the next); 0
 * switches it off. Returns how many were left until the one that was to fail; 0: it has. */
unsigned arena_fail_after(unsigned n);

#endif
