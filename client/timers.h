/* Things in the order in which something happens to them: a binary heap, the soonest first. Not
 * locked: whoever has it guards it. */
#ifndef CLIENT_TIMERS_H
#define CLIENT_TIMERS_H

#include "common/cleanup.h"
#include "common/clock.h"

#include <stdbool.h>
#include <stddef.h>

/* Part of what waits. */
struct timer {
        deadline_ns at; /* the key; changed by timers_move() alone while in the heap */
        size_t index;
};

struct timers {
        struct timer **heap;
        size_t n, capacity;
};

#define TIMERS_NOWHERE SIZE_MAX /* index of a timer that is not in the heap */

void timers_deinit(struct timers *t);
/* Adds a timer by its at. False when there is no memory. */
bool timers_push(struct timers *t, struct timer *timer) MUST_CHECK;
/* Nothing if it is not in. */
void timers_remove(struct timers *t, struct timer *timer);
/* Another time for a timer that is in. */
void timers_move(struct timers *t, struct timer *timer, deadline_ns at);
/* The soonest; NULL when there is none. */
static inline struct timer *timers_first(const struct timers *t)
{
        return t->n ? t->heap[0] : NULL;
}

#endif
