#include "service/api/metrics.h"

#include "common/cleanup.h"

#include <inttypes.h>
#include <stdlib.h>

static void append_head(struct buffer *out, const char *name, const char *type, const char *help)
{
        buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_number(struct buffer *out, const char *name, const char *type, uint64_t value,
                          const char *help)
{
        append_head(out, name, type, help);
        buffer_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void append_histogram(struct buffer *out, const char *name,
                             const struct db_histogram *histogram, const char *help)
{
        uint64_t n = 0; /* Prometheus counts in each bucket what is in those before it too */

        append_head(out, name, "histogram", help);
        for (size_t i = 0; i < DB_HISTOGRAM_BUCKETS - 1; i++) {
                n += histogram->counts[i];
                buffer_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                              db_histogram_bounds[i], n);
        }
        n += histogram->counts[DB_HISTOGRAM_BUCKETS - 1];
        buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, n);
        buffer_printf(out, "%s_sum %.9g\n%s_count %" PRIu64 "\n", name, histogram->sum_seconds,
                      name, n);
}

void metrics_append_db(struct buffer *out, const struct db_stats *s)
{
        append_head(out, "socializer_db_connections", "gauge",
                    "Connections of the pool, by whether somebody holds them.");
        buffer_printf(out, "socializer_db_connections{state=\"leased\"} %u\n", s->n_leased);
        buffer_printf(out, "socializer_db_connections{state=\"free\"} %u\n",
                      s->n_connections - s->n_leased);
        append_number(out, "socializer_db_waiting", "gauge", s->n_waiting,
                      "Threads that wait for a connection.");
        append_number(out, "socializer_db_leases_total", "counter", s->n_leases,
                      "Leases of connections.");
        append_number(out, "socializer_db_lease_timeouts_total", "counter", s->n_lease_timeouts,
                      "Leases that no connection came free for in time.");
        append_number(out, "socializer_db_long_leases_total", "counter", s->n_long_leases,
                      "Leases that were held for longer than --long-lease-ms.");
        append_head(out, "socializer_db_oldest_lease_seconds", "gauge",
                    "How long the oldest lease of this moment has been held; 0 for none.");
        buffer_printf(out, "socializer_db_oldest_lease_seconds %.6f\n", s->oldest_lease_seconds);
        append_histogram(out, "socializer_db_lease_seconds", &s->lease_seconds,
                         "How long connections were held.");
        append_histogram(out, "socializer_db_lease_wait_seconds", &s->lease_wait_seconds,
                         "How long threads waited for a connection.");
        append_histogram(out, "socializer_db_commit_seconds", &s->commit_seconds,
                         "How long commits took.");
        append_number(out, "socializer_db_groups_total", "counter", s->n_groups,
                      "Transactions committed, each with one write or many.");
        append_number(out, "socializer_db_writes_total", "counter", s->n_writes, "Writes.");
        append_number(out, "socializer_db_rollbacks_total", "counter", s->n_rollbacks,
                      "Writes that were rolled back.");
        append_number(out, "socializer_db_checkpoints_total", "counter", s->n_checkpoints,
                      "Checkpoints of the write-ahead log.");
        append_number(out, "socializer_db_wal_bytes", "gauge", s->wal_bytes,
                      "Size of the write-ahead log.");
        append_number(out, "socializer_db_queued_writes", "gauge", s->n_queued_writes,
                      "Writes that wait for the writer.");
}

/* Connections of one instance; more are not told of. */
#define MAX_CONNECTIONS 512

void metrics_append_leases(struct buffer *out, struct db *db)
{
        AUTO_FREE struct db_conn_info *infos = calloc(MAX_CONNECTIONS, sizeof(*infos));
        size_t n = infos ? db_conn_list(db, infos, MAX_CONNECTIONS) : 0;

        append_head(out, "socializer_db_lease_age_seconds", "gauge",
                    "How long each lease of this moment has been held, and by whom.");
        for (size_t i = 0; i < n && i < MAX_CONNECTIONS; i++) {
                if (!infos[i].leased)
                        continue;
                buffer_printf(out,
                              "socializer_db_lease_age_seconds{connection=\"%d\",mode=\"%s\","
                              "holder=\"%s\"} %.6f\n",
                              infos[i].id, infos[i].mode == LEASE_WRITE ? "write" : "read",
                              infos[i].holder, infos[i].held_seconds);
        }
}

void metrics_append_upkeep(struct buffer *out, const struct upkeep_stats *s)
{
        append_number(out, "socializer_erasures_total", "counter", s->n_erased,
                      "Accounts that have been deleted to the end.");
        append_number(out, "socializer_erasures_open", "gauge", (uint64_t)s->n_erasing,
                      "Accounts that are being deleted.");
}
