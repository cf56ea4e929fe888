/* A message said better, as far as fixed rules go: without phrases that make small, without
 * shouting, in sentences of a length that people can follow. */
#ifndef SERVICE_COACH_REWRITE_H
#define SERVICE_COACH_REWRITE_H

#include "common/buffer.h"

#include <stdbool.h>

/* What was changed. */
struct rewrite {
        bool unhedged;
        bool calmed;
        bool split;
};

/* Appends text, rewritten; never nothing. text: UTF-8, and not empty. */
void rewrite_text(struct buffer *out, const char *text, struct rewrite *ret);

#endif
