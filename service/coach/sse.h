/* Server-sent events as they trickle in, piece by piece. Of an event only its data counts; names,
 * ids and comments are skipped. */
#ifndef SERVICE_COACH_SSE_H
#define SERVICE_COACH_SSE_H

#include "common/buffer.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Of one line, and of one event's data. */
#define SSE_MAX_BYTES (128u * 1024)

struct sse {
        struct buffer line;
        struct buffer data; /* of the event that is being read, a newline behind each line */
        bool has_data;
        bool after_cr; /* a newline now belongs to the carriage return before it */
        bool begun; /* a byte order mark is over */
};

/* The data of one event: UTF-8, terminated, valid during the call. Anything but STATUS_OK stops the
 * reading and is returned by sse_feed(). */
typedef enum status (*sse_event_fn)(void *closure, const char *data, struct error *reterr);

void sse_init(struct sse *s);
void sse_deinit(struct sse *s);
/* Takes the next bytes and calls event for each one that they complete. INVALID_ARGUMENT: a line or
 * an event that is too long, data that is no UTF-8 or has U+0000. Nothing can be fed after an
 * error. */
enum status sse_feed(struct sse *s, const void *bytes, size_t n, sse_event_fn event, void *closure,
                     struct error *reterr) MUST_CHECK;
/* The stream is over: takes an event whose blank line has not come as complete, which some servers
 * rely on. */
enum status sse_end(struct sse *s, sse_event_fn event, void *closure,
                    struct error *reterr) MUST_CHECK;

#endif
