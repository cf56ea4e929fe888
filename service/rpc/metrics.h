/* What the RPC server counts: calls by method and code, and how long they took. */
#ifndef SERVICE_RPC_METRICS_H
#define SERVICE_RPC_METRICS_H

#include "common/buffer.h"
#include "common/contract.h"
#include "common/status.h"

struct metrics;

enum status metrics_new(struct metrics **ret, struct error *reterr) MUST_CHECK;
struct metrics *metrics_free(struct metrics *m);

/* One call that has been answered. method NULL: one that does not exist. Any thread, no lock. */
void metrics_record(struct metrics *m, const struct method *method, enum status status,
                    uint64_t took_ns);
/* Appends the counters as Prometheus text. */
void metrics_append(struct metrics *m, struct buffer *out);

#endif
