#include "service/coach/sse.h"

#include "common/wire.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

void sse_init(struct sse *s)
{
        *s = (struct sse){.line = BUFFER_INIT, .data = BUFFER_INIT};
}

void sse_deinit(struct sse *s)
{
        buffer_deinit(&s->line);
        buffer_deinit(&s->data);
}

static enum status end_event(struct sse *s, sse_event_fn event, void *closure, struct error *reterr)
{
        const char *text;
        enum status st;

        if (!s->has_data)
                return STATUS_OK;
        s->data.n_bytes--; /* the newline behind the last line */
        if (!wire_utf8_valid((const char *)s->data.data, s->data.n_bytes))
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "an event is not UTF-8 text");
        text = buffer_str(&s->data);
        if (!text || buffer_failed(&s->data))
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        st = event(closure, text, reterr);
        buffer_clear(&s->data);
        s->has_data = false;
        return st;
}

/* One whole line, without its end. */
static enum status take_line(struct sse *s, sse_event_fn event, void *closure, struct error *reterr)
{
        const char *line = (const char *)s->line.data;
        size_t n = s->line.n_bytes, skip = 0;

        if (!s->begun && n >= 3 && memcmp(line, BYTE_ORDER_MARK, 3) == 0) {
                line += 3;
                n -= 3;
        }
        s->begun = true;
        if (n == 0)
                return end_event(s, event, closure, reterr);
        if (n >= 5 && memcmp(line, "data:", 5) == 0)
                skip = n > 5 && line[5] == ' ' ? 6 : 5;
        else if (n == 4 && memcmp(line, "data", 4) == 0)
                skip = 4;
        else
                return STATUS_OK;
        if (s->data.n_bytes + n - skip >= SSE_MAX_BYTES)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "an event has more than %u bytes",
                                 SSE_MAX_BYTES);
        buffer_append(&s->data, line + skip, n - skip);
        buffer_append_char(&s->data, '\n');
        s->has_data = true;
        return STATUS_OK;
}

enum status sse_feed(struct sse *s, const void *bytes, size_t n, sse_event_fn event, void *closure,
                     struct error *reterr)
{
        const char *at = bytes, *end = at + n;

        while (at < end) {
                if (s->after_cr && *at == '\n')
                        at++;
                s->after_cr = false;

                const char *stop = at;

                while (stop < end && *stop != '\n' && *stop != '\r')
                        stop++;
                if (s->line.n_bytes + (size_t)(stop - at) > SSE_MAX_BYTES)
                        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                         "a line has more than %u bytes", SSE_MAX_BYTES);
                if (stop > at)
                        buffer_append(&s->line, at, (size_t)(stop - at));
                if (buffer_failed(&s->line) || buffer_failed(&s->data))
                        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
                if (stop == end)
                        return STATUS_OK;
                s->after_cr = *stop == '\r';
                at = stop + 1;

                enum status st = take_line(s, event, closure, reterr);

                buffer_clear(&s->line);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

enum status sse_end(struct sse *s, sse_event_fn event, void *closure, struct error *reterr)
{
        enum status st = STATUS_OK;

        if (s->line.n_bytes > 0)
                st = take_line(s, event, closure, reterr);
        buffer_clear(&s->line);
        return st == STATUS_OK ? end_event(s, event, closure, reterr) : st;
}
