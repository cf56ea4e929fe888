/* How many calls one caller may make: a token bucket each, in a table of fixed size. */
#ifndef SERVICE_RPC_RATE_H
#define SERVICE_RPC_RATE_H

#include "common/status.h"

struct rate;

/* per_second in the long run, burst at once. per_second 0: no limit. */
enum status rate_new(unsigned per_second, unsigned burst, struct rate **ret,
                     struct error *reterr) MUST_CHECK;
struct rate *rate_free(struct rate *r);

/* A limit of the caller's own. */
struct rate_limit {
        uint64_t interval_ns; /* between two calls in the long run */
        uint64_t burst_ns; /* interval_ns times the calls that may come at once */
};

/* Takes one from the bucket of key. RESOURCE_EXHAUSTED, with the time to wait, when it is empty.
 * now_ns is the monotonic clock. Any thread. */
enum status rate_take(struct rate *r, uint64_t key, uint64_t now_ns,
                      struct error *reterr) MUST_CHECK;
/* The same with a limit that may be another one each time. */
enum status rate_take_by(struct rate *r, uint64_t key, uint64_t now_ns,
                         const struct rate_limit *limit, struct error *reterr) MUST_CHECK;

#endif
