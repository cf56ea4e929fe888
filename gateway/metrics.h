/* The gateway's own numbers, in the Prometheus text format. */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include "common/buffer.h"
#include "common/status.h"
#include "gateway/gateway.h"
#include "gateway/router.h"

#define METRICS_MAX_STATUSES 24
#define METRICS_N_BUCKETS    10

struct metrics_route {
        const char *label;
        struct {
                unsigned http_status;
                uint64_t n;
        } statuses[METRICS_MAX_STATUSES]; /* in the order they were first seen */
};

struct metrics {
        struct metrics_route *routes; /* by label; several routes may share one */
        size_t n_routes;
        size_t *by_route; /* struct route's index to routes */
        uint64_t buckets[METRICS_N_BUCKETS + 1];
        double seconds_sum;
        uint64_t cut_slow;
        uint64_t gone;
};

enum status metrics_init(struct metrics *m, const struct router *router,
                         struct error *reterr) MUST_CHECK;
void metrics_deinit(struct metrics *m);
/* Counts a request that has been answered. route NULL: of no route. */
void metrics_count(struct metrics *m, const struct route *route, unsigned http_status,
                   double seconds);
/* Appends the gateway's metrics. */
void metrics_append(const struct metrics *m, const struct gateway *g, size_t n_connections,
                    bool service_up, struct buffer *out);

#endif
