/* Counts failures by key within a window and says when it is enough: against guessing passwords.
 * The table is bounded; of what does not fit, what has failed least goes first. Any thread. */
#ifndef SERVICE_AUTH_GUARD_H
#define SERVICE_AUTH_GUARD_H

#include "common/status.h"

#include <stdint.h>

struct guard;

/* Allows limit attempts that fail in window_ms, counted from the first of them. */
enum status guard_new(unsigned limit, uint32_t window_ms, struct guard **ret,
                      struct error *reterr) MUST_CHECK;
struct guard *guard_free(struct guard *g);

/* Counts an attempt as failed, until guard_forgive() says that it was not: those that are under way
 * count as well. RESOURCE_EXHAUSTED with the time to wait, and nothing counted, when there were too
 * many. now_ms: of a clock that never jumps. */
enum status guard_attempt(struct guard *g, const char *key, uint64_t now_ms,
                          struct error *reterr) MUST_CHECK;
/* Takes one attempt back. */
void guard_forgive(struct guard *g, const char *key);
/* Forgets all attempts of the key. */
void guard_reset(struct guard *g, const char *key);

#endif
