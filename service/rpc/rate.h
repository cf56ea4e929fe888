/* How many calls one caller may make: a token bucket each, in a table of fixed size. */
#ifndef SERVICE_RPC_RATE_H
#define SERVICE_RPC_RATE_H

#include "common/status.h"

struct rate;

/* per_second in the long run, burst at once. per_second 0: no limit. */
enum status rate_new(unsigned per_second, unsigned burst, struct rate **ret,
                     struct error *reterr) MUST_CHECK;
struct rate *rate_free(struct rate *r);

/* Takes one from the bucket of key. RESOURCE_EXHAUSTED, with the time to wait, when it is empty.
 * now_ns is the monotonic clock. Any thread. */
enum status rate_take(struct rate *r, uint64_t key, uint64_t now_ns,
                      struct error *reterr) MUST_CHECK;

#endif
