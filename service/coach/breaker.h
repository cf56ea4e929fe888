/* Circuit breakers: an endpoint that fails again and again is left alone for a while, then tried
 * with one request. One thread. */
#ifndef SERVICE_COACH_BREAKER_H
#define SERVICE_COACH_BREAKER_H

#include "common/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many endpoints are remembered; a new one takes the place of the one used longest ago. */
#define BREAKER_MAX_ENDPOINTS 256

struct breaker {
        char *endpoint; /* NULL: free */
        unsigned n_failures; /* in a row */
        deadline_ns open_until; /* 0 = closed */
        bool probing; /* half-open: one request is under way */
        uint64_t used_ns;
};

struct breaker_set {
        unsigned max_failures; /* that many in a row open it */
        uint32_t open_ms;
        struct breaker items[BREAKER_MAX_ENDPOINTS];
};

void breaker_set_deinit(struct breaker_set *set);
/* Whether a request may be made now; every one that may is followed by exactly one report. When it
 * may not, ret_wait_ms says when to ask again. */
bool breaker_admit(struct breaker_set *set, const char *endpoint, uint32_t *ret_wait_ms);

enum breaker_outcome {
        BREAKER_WORKED,
        BREAKER_FAILED,
        BREAKER_UNKNOWN, /* cancelled, or the request's own fault: says nothing of the endpoint */
};

void breaker_report(struct breaker_set *set, const char *endpoint, enum breaker_outcome outcome);

#endif
