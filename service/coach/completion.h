/* What an OpenAI-compatible server says: a chunk of a streamed chat completion, a whole one, or an
 * error. */
#ifndef SERVICE_COACH_COMPLETION_H
#define SERVICE_COACH_COMPLETION_H

#include "common/buffer.h"
#include "common/status.h"

#include <jansson.h>
#include <stddef.h>

enum completion_finish {
        COMPLETION_GOES_ON,
        COMPLETION_STOPPED, /* the model is done */
        COMPLETION_CUT, /* at a limit on length */
        COMPLETION_FILTERED, /* by the server's content filter */
};

struct completion {
        json_t *json; /* holds the texts */
        const char *text; /* "" = none in this one */
        size_t n_text;
        enum completion_finish finish;
        const char *error; /* what the server complains about; NULL = nothing */
};

/* Appends JSON text to out so that each \u escape in it is a character. Servers that count in
 * UTF-16 cut some in two, with one half at the end of a chunk and one in the next: high holds the
 * first half until the second comes. Begins as 0. Halves that find no other become U+FFFD, or
 * nothing. */
void completion_mend(struct buffer *out, const char *text, unsigned *high);

/* INVALID_ARGUMENT: it is none of the three. */
enum status completion_read(const char *text, size_t n, struct completion *ret,
                            struct error *reterr) MUST_CHECK;
void completion_deinit(struct completion *c);

#endif
