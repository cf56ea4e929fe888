/* The engine for language models behind the OpenAI API, which many servers speak: POST
 * ENDPOINT/chat/completions, streamed. One thread serves all answers in the making. */
#ifndef SERVICE_COACH_OPENAI_H
#define SERVICE_COACH_OPENAI_H

#include "service/coach/coach.h"

struct openai;

/* 0 = the default in brackets. */
struct openai_options {
        uint32_t connect_ms; /* [10 s] */
        uint32_t first_byte_ms; /* of the answer; models may have to be loaded [60 s] */
        uint32_t between_ms; /* two pieces of it [30 s] */
        uint32_t whole_ms; /* with all retries [5 min] */
        uint32_t retry_ms; /* before the first retry; doubles for the next, with jitter [500] */
        uint32_t max_runs; /* answers in the making; above it RESOURCE_EXHAUSTED [64] */
        uint32_t breaker_failures; /* in a row, then an endpoint is left alone [5] */
        uint32_t breaker_ms; /* for that long [30 s] */
};

/* options: NULL = all defaults. UNAVAILABLE when the thread cannot start. */
enum status openai_new(const struct openai_options *options, struct openai **ret,
                       struct error *reterr) MUST_CHECK;
/* Nobody may be asking. Accepts NULL, returns NULL. */
struct openai *openai_free(struct openai *o);
/* The engine's name is "openai". Its done() comes with:
 *   UNAVAILABLE          the endpoint cannot be reached, fails, is left alone, or talks nonsense
 *   FAILED_PRECONDITION  it refuses: the key, the model, the request
 *   PERMISSION_DENIED    its address is one of this machine or network, and that is not allowed
 *   DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED (no memory)
 * start() says INVALID_ARGUMENT (field "endpoint", "model", "api_key", "temperature") and
 * RESOURCE_EXHAUSTED. */
const struct coach_engine *openai_engine(const struct openai *o);

#endif
