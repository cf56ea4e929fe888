/* Calls in the order in which something happens to them: a binary heap, the soonest first. Not
 * locked: the client's mutex guards it. */
#ifndef CLIENT_TIMERS_H
#define CLIENT_TIMERS_H

#include "common/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

struct soc_pending;

struct timers {
        struct soc_pending **at;
        size_t n, capacity;
};

#define TIMERS_NOWHERE SIZE_MAX /* heap_index of a call that is not in the heap */

void timers_deinit(struct timers *t);
/* Adds p by p->wake_at. False when there is no memory. */
bool timers_push(struct timers *t, struct soc_pending *p) MUST_CHECK;
/* Nothing if it is not in. */
void timers_remove(struct timers *t, struct soc_pending *p);
/* The soonest; NULL when there is none. */
static inline struct soc_pending *timers_first(const struct timers *t)
{
        return t->n ? t->at[0] : NULL;
}

#endif
