/* What a language model is told: who the coach is, whom it helps, what is wanted. What users wrote
 * goes along as data. */
#ifndef SERVICE_COACH_PROMPT_H
#define SERVICE_COACH_PROMPT_H

#include "common/buffer.h"
#include "service/coach/coach.h"

/* Appends the JSON array "messages" of a chat completion. Of the history, and of the messages to
 * evaluate, the newest go along, as many as fit into context_bytes; the system's text and the last
 * message always do. */
void prompt_append(struct buffer *out, const struct coach_request *request);

/* What of the request that is, for whoever keeps account of it: how many messages of the history go
 * along, from which of the messages to evaluate on, and what is told of the user (a JSON object, in
 * a room the name alone). */
size_t prompt_n_history(const struct coach_request *request);
size_t prompt_first_message(const struct coach_request *request);
void prompt_profile(struct buffer *out, const struct coach_request *request);

#endif
