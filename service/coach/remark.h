/* What the built-in coach has to say about a message: remarks on what was read in it, one a line,
 * each quoting the phrase it is about. */
#ifndef SERVICE_COACH_REMARK_H
#define SERVICE_COACH_REMARK_H

#include "common/buffer.h"
#include "service/coach/reading.h"

/* Longer sentences are hard to follow, shorter messages leave nothing to answer to. */
#define LONG_SENTENCE_WORDS 28
#define LONG_MESSAGE_WORDS  150
#define SHORT_MESSAGE_WORDS 4

/* What to keep. */
void remark_strengths(struct buffer *out, const struct reading *r);
/* Words that work against the one who says them. */
void remark_wording(struct buffer *out, const struct reading *r);
/* Questions, length, what is missing. */
void remark_shape(struct buffer *out, const struct reading *r);
/* What has changed since an earlier message. */
void remark_change(struct buffer *out, const char *before, const char *now);

#endif
