/* Server-sent events (text/event-stream): the coach's answer as it comes. */
#ifndef GATEWAY_SSE_H
#define GATEWAY_SSE_H

#include "common/buffer.h"
#include "common/status.h"

#include <socializer.h>

#define SSE_CONTENT_TYPE "text/event-stream; charset=utf-8"

/* Appends one event; json is on one line. */
void sse_append_event(struct buffer *out, const char *event, const char *json);
/* Appends text in pieces of a sentence, each an event "delta". Their ids count the bytes of the
 * whole that a client has then; *offset is where the text begins, and ends then. */
void sse_append_text(struct buffer *out, const char *text, size_t *offset);
/* Appends the last event: "done", with the whole answer. */
void sse_append_done(struct buffer *out, const Socializer__V1__ChatResponse *response);
/* Appends the last event: "error". */
void sse_append_error(struct buffer *out, const struct error *error, const char *request_id);
/* Appends what clients skip, and proxies take for life. */
void sse_append_heartbeat(struct buffer *out);
/* Length of the first sentence of text, with the blanks that follow it; the whole of a text without
 * an end of sentence. 0 only for "". */
size_t sse_sentence(const char *text);

#endif
