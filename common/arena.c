#include "common/arena.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define ARENA_FIRST_BYTES 4096
#define ARENA_ALIGN       _Alignof(max_align_t)

struct arena_chunk {
        struct arena_chunk *older;
        size_t size_bytes;
        size_t used_bytes;
        _Alignas(max_align_t) unsigned char data[];
};

static atomic_uint fail_after;

static bool is_to_fail(void)
{
        unsigned n = atomic_load_explicit(&fail_after, memory_order_relaxed);

        while (n && !atomic_compare_exchange_weak(&fail_after, &n, n - 1))
                continue;
        return n == 1;
}

static void *allocator_alloc(void *data, size_t n)
{
        return arena_alloc(data, n);
}

static void allocator_free(void *data, void *pointer)
{
        (void)data;
        (void)pointer;
}

void arena_init(struct arena *a, size_t budget_bytes)
{
        /* Far from SIZE_MAX, so that neither rounding a size up nor doubling a chunk can wrap. */
        if (budget_bytes > SIZE_MAX / 4)
                budget_bytes = SIZE_MAX / 4;
        *a = (struct arena){.budget_bytes = budget_bytes};
        a->allocator = (ProtobufCAllocator){
                .alloc = allocator_alloc, .free = allocator_free, .allocator_data = a};
}

static void free_chunks(struct arena_chunk *chunk)
{
        while (chunk) {
                struct arena_chunk *older = chunk->older;
                free(chunk);
                chunk = older;
        }
}

void arena_deinit(struct arena *a)
{
        free_chunks(a->chunks);
        a->chunks = NULL;
        a->used_bytes = 0;
}

void arena_reset(struct arena *a)
{
        if (a->chunks) {
                /* The oldest is the smallest: a call that needed much does not pin it for ever. */
                struct arena_chunk *newer = NULL, *chunk = a->chunks;
                while (chunk->older) {
                        newer = chunk;
                        chunk = chunk->older;
                }
                if (newer) {
                        newer->older = NULL;
                        free_chunks(a->chunks);
                }
                chunk->used_bytes = 0;
                a->chunks = chunk;
        }
        a->used_bytes = 0;
        a->exhausted = false;
}

static struct arena_chunk *add_chunk(struct arena *a, size_t n)
{
        size_t size = a->chunks ? a->chunks->size_bytes * 2 : ARENA_FIRST_BYTES;

        while (size < n)
                size *= 2;
        struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);
        if (!chunk)
                return NULL;
        *chunk = (struct arena_chunk){.older = a->chunks, .size_bytes = size};
        a->chunks = chunk;
        return chunk;
}

void *arena_alloc(struct arena *a, size_t n)
{
        struct arena_chunk *chunk = a->chunks;

        if (is_to_fail() || n > a->budget_bytes)
                goto exhausted;
        n = n ? (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1) : ARENA_ALIGN;
        if (a->used_bytes > a->budget_bytes || n > a->budget_bytes - a->used_bytes)
                goto exhausted;
        if (!chunk || chunk->size_bytes - chunk->used_bytes < n) {
                chunk = add_chunk(a, n);
                if (!chunk)
                        goto exhausted;
        }
        void *memory = chunk->data + chunk->used_bytes;
        chunk->used_bytes += n;
        a->used_bytes += n;
        return memset(memory, 0, n);

exhausted:
        a->exhausted = true;
        return NULL;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
        if (size && count > SIZE_MAX / 2 / size) {
                a->exhausted = true;
                return NULL;
        }
        return arena_alloc(a, count * size);
}

char *arena_strndup(struct arena *a, const char *text, size_t n)
{
        size_t length = strnlen(text, n);
        char *copy = arena_alloc(a, length + 1);

        return copy ? memcpy(copy, text, length) : NULL;
}

char *arena_strdup(struct arena *a, const char *text)
{
        return arena_strndup(a, text, strlen(text));
}

void *arena_memdup(struct arena *a, const void *data, size_t n)
{
        void *copy = arena_alloc(a, n);

        return copy && n ? memcpy(copy, data, n) : copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        int n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        char *text = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
        if (!text)
                return NULL;
        va_start(args, format);
        vsnprintf(text, (size_t)n + 1, format, args);
        va_end(args);
        return text;
}

unsigned arena_fail_after(unsigned n)
{
        return atomic_exchange(&fail_after, n);
}
