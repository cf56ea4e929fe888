/* What an engine says of messages, without their words: they may be deleted, and what was said to
 * the coach is nobody else's. */
#ifndef SERVICE_PROGRESS_CITE_H
#define SERVICE_PROGRESS_CITE_H

#include "common/arena.h"
#include "service/coach/document.h"

#include <stddef.h>

/* So much of a reason is kept. */
#define CITE_MAX_BYTES 500

/* Why the level changes, with [1] instead of a quotation of the first message of the evidence, and
 * […] instead of any other. A reason that still has words of a message gives way to a plain one.
 * NULL: no memory. */
const char *cite_messages(struct arena *arena, const struct document_change *change,
                          const char *const *messages, size_t n_messages) MUST_CHECK;

#endif
