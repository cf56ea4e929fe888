#include "gateway/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const double bucket_limits[METRICS_N_BUCKETS] = {0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                        0.025,  0.05,  0.1,    0.5,   2.5};

enum status metrics_init(struct metrics *m, const struct router *router, struct error *reterr)
{
        size_t n = router_n_routes(router);

        /* The last one is for requests of no route: files, and paths that do not exist. */
        m->routes = calloc(n + 1, sizeof(*m->routes));
        m->by_route = calloc(n, sizeof(*m->by_route));
        if (!m->routes || !m->by_route)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        m->routes[m->n_routes++].label = "none";
        for (size_t i = 0; i < n; i++) {
                const char *label = router_route(router, i)->label;
                size_t at = 0;

                while (at < m->n_routes && strcmp(m->routes[at].label, label) != 0)
                        at++;
                if (at == m->n_routes)
                        m->routes[m->n_routes++].label = label;
                m->by_route[i] = at;
        }
        return STATUS_OK;
}

void metrics_deinit(struct metrics *m)
{
        free(m->routes);
        free(m->by_route);
        *m = (struct metrics){0};
}

void metrics_count(struct metrics *m, const struct route *route, unsigned http_status,
                   double seconds)
{
        struct metrics_route *counts = &m->routes[route ? m->by_route[route->index] : 0];
        unsigned b = 0;

        for (unsigned i = 0; i < METRICS_MAX_STATUSES; i++) {
                if (counts->statuses[i].n == 0)
                        counts->statuses[i].http_status = http_status;
                if (counts->statuses[i].http_status == http_status) {
                        counts->statuses[i].n++;
                        break;
                }
        }
        while (b < METRICS_N_BUCKETS && seconds > bucket_limits[b])
                b++;
        m->buckets[b]++;
        m->seconds_sum += seconds;
}

static void append_family(struct buffer *out, const char *name, const char *type, const char *help)
{
        buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_number(struct buffer *out, const char *name, const char *type, const char *help,
                          uint64_t value)
{
        append_family(out, name, type, help);
        buffer_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void append_requests(const struct metrics *m, struct buffer *out)
{
        append_family(out, "socializer_http_requests_total", "counter",
                      "Requests answered, by what answered them and HTTP status.");
        for (size_t i = 0; i < m->n_routes; i++) {
                const struct metrics_route *route = &m->routes[i];

                for (unsigned s = 0; s < METRICS_MAX_STATUSES && route->statuses[s].n > 0; s++)
                        buffer_printf(out,
                                      "socializer_http_requests_total{method=\"%s\",code=\"%u\"} "
                                      "%" PRIu64 "\n",
                                      route->label, route->statuses[s].http_status,
                                      route->statuses[s].n);
        }
}

static void append_seconds(const struct metrics *m, struct buffer *out)
{
        uint64_t n = 0;

        append_family(out, "socializer_http_seconds", "histogram",
                      "Time from a request's first line to the last byte of its answer.");
        for (unsigned i = 0; i < METRICS_N_BUCKETS; i++) {
                n += m->buckets[i];
                buffer_printf(out, "socializer_http_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                              bucket_limits[i], n);
        }
        n += m->buckets[METRICS_N_BUCKETS];
        buffer_printf(out,
                      "socializer_http_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n"
                      "socializer_http_seconds_sum %.9f\n"
                      "socializer_http_seconds_count %" PRIu64 "\n",
                      n, m->seconds_sum, n);
}

void metrics_append(const struct metrics *m, const struct gateway *g, size_t n_connections,
                    bool service_up, struct buffer *out)
{
        const struct gateway_counters *c = &g->counters;

        append_number(out, "socializer_service_up", "gauge",
                      "Whether the service answered this scrape.", service_up);
        append_requests(m, out);
        append_seconds(m, out);
        append_number(out, "socializer_http_connections", "gauge", "HTTP connections open now.",
                      n_connections);
        append_number(out, "socializer_http_cut_total", "counter",
                      "HTTP connections ended because the client was too slow.", m->cut_slow);
        append_number(out, "socializer_http_abandoned_total", "counter",
                      "Calls cancelled because the client left.", m->gone);
        append_number(out, "socializer_ws_connections", "gauge", "WebSockets open now.",
                      (uint64_t)c->ws_connections);
        append_number(out, "socializer_ws_accepted_total", "counter", "WebSockets opened.",
                      c->ws_accepted);
        append_number(out, "socializer_ws_frames_in_total", "counter",
                      "Frames received from WebSockets.", c->ws_frames_in);
        append_number(out, "socializer_ws_frames_out_total", "counter",
                      "Frames sent to WebSockets.", c->ws_frames_out);
        append_number(out, "socializer_ws_closed_slow_total", "counter",
                      "WebSockets closed because the peer read too slowly.", c->ws_closed_slow);
        append_number(out, "socializer_events_gaps_total", "counter",
                      "Holes in the stream of events, each filled by a call.", c->events_gaps);
}
