/* Server-sent events (text/event-stream): the coach's answer as it comes. */
#ifndef GATEWAY_SSE_H
#define GATEWAY_SSE_H

#include "common/buffer.h"

#include <socializer.h>

#define SSE_CONTENT_TYPE "text/event-stream; charset=utf-8"

/* Appends one event; json is on one line. */
void sse_append_event(struct buffer *out, const char *event, const char *json);
/* Appends a whole answer: its text in pieces of a sentence ("delta"), then "done" with all of it.
 */
void sse_append_chat(struct buffer *out, const Socializer__V1__ChatResponse *response);
/* Length of the first sentence of text, with the blanks that follow it; the whole of a text without
 * an end of sentence. 0 only for "". */
size_t sse_sentence(const char *text);

#endif
