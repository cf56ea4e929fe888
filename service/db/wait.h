/* Waiting for a condition until a moment of the monotonic clock. */
#ifndef SERVICE_DB_WAIT_H
#define SERVICE_DB_WAIT_H

#include "common/clock.h"

#include <pthread.h>
#include <time.h>

/* False once the deadline has passed. Like every condition, it may also wake for no reason. */
static inline bool wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, deadline_ns deadline)
{
        if (deadline == DEADLINE_NEVER)
                return pthread_cond_wait(cond, lock) == 0;

        struct timespec moment = {
                .tv_sec = (time_t)(deadline / 1000000000),
                .tv_nsec = (long)(deadline % 1000000000),
        };
        return pthread_cond_timedwait(cond, lock, &moment) == 0;
}

#endif
