#include "common/buffer.h"

#include <stdarg.h>
#include <string.h>

#define BUFFER_FIRST_BYTES 256

void buffer_deinit(struct buffer *b)
{
        free(b->data);
        *b = BUFFER_INIT;
}

void buffer_clear(struct buffer *b)
{
        b->n_bytes = 0;
        b->failed = false;
}

uint8_t *buffer_reserve(struct buffer *b, size_t n)
{
        size_t capacity = b->capacity ? b->capacity : BUFFER_FIRST_BYTES;

        if (b->failed)
                return NULL;
        if (n <= b->capacity - b->n_bytes && b->data)
                return b->data + b->n_bytes;
        while (capacity - b->n_bytes < n) {
                if (capacity > SIZE_MAX / 2) {
                        b->failed = true;
                        return NULL;
                }
                capacity *= 2;
        }
        uint8_t *data = realloc(b->data, capacity);
        if (!data) {
                b->failed = true;
                return NULL;
        }
        b->data = data;
        b->capacity = capacity;
        return b->data + b->n_bytes;
}

void buffer_append(struct buffer *b, const void *data, size_t n)
{
        uint8_t *at = buffer_reserve(b, n);

        if (at && n) {
                memcpy(at, data, n);
                b->n_bytes += n;
        }
}

void buffer_append_str(struct buffer *b, const char *text)
{
        buffer_append(b, text, strlen(text));
}

void buffer_append_char(struct buffer *b, char c)
{
        buffer_append(b, &c, 1);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        int n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (n < 0) {
                b->failed = true;
                return;
        }
        char *at = (char *)buffer_reserve(b, (size_t)n + 1);
        if (!at)
                return;
        va_start(args, format);
        vsnprintf(at, (size_t)n + 1, format, args);
        va_end(args);
        b->n_bytes += (size_t)n;
}

const char *buffer_str(struct buffer *b)
{
        uint8_t *at = buffer_reserve(b, 1);

        if (!at)
                return NULL;
        *at = '\0';
        return (const char *)b->data;
}
