/* A growing run of bytes. Running out of memory is remembered: append as you like and check
 * buffer_failed() once, at the end. */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
        uint8_t *data;
        size_t n_bytes;
        size_t capacity;
        bool failed;
};

#define BUFFER_INIT ((struct buffer){0})
#define AUTO_BUFFER CLEANUP(buffer_deinit) struct buffer

void buffer_deinit(struct buffer *b);
/* Keeps the memory for the next use. */
void buffer_clear(struct buffer *b);
/* Room for n more bytes at data + n_bytes; NULL when there is no memory. Does not change n_bytes.
 */
uint8_t *buffer_reserve(struct buffer *b, size_t n);
void buffer_append(struct buffer *b, const void *data, size_t n);
void buffer_append_str(struct buffer *b, const char *text);
void buffer_append_char(struct buffer *b, char c);
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool buffer_failed(const struct buffer *b)
{
        return b->failed;
}
/* Terminated text of the content, owned by the buffer; NULL when memory ran out. */
const char *buffer_str(struct buffer *b);

#endif
