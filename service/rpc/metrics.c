#include "service/rpc/metrics.h"

#include "service/db/db.h"

#include <stdatomic.h>

#define N_CODES   17
#define N_STRIPES 8

/* A thread counts in a stripe of its own, as far as there are stripes, so that threads do not fight
 * over the same cache lines. */
struct counters {
        atomic_uint_least64_t codes[N_CODES];
        atomic_uint_least64_t buckets[DB_HISTOGRAM_BUCKETS];
        atomic_uint_least64_t sum_ns;
};

struct metrics {
        size_t n_methods; /* and one more for methods that do not exist */
        uint64_t bounds_ns[DB_HISTOGRAM_BUCKETS - 1];
        struct counters counters[]; /* [stripe * (n_methods + 1) + method] */
};

enum status metrics_new(struct metrics **ret, struct error *reterr)
{
        size_t n = (contract_n_methods + 1) * N_STRIPES;
        struct metrics *m = calloc(1, sizeof(*m) + n * sizeof(struct counters));

        if (!m)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        m->n_methods = contract_n_methods;
        for (size_t i = 0; i < ARRAY_SIZE(m->bounds_ns); i++)
                m->bounds_ns[i] = (uint64_t)(db_histogram_bounds[i] * 1e9);
        *ret = m;
        return STATUS_OK;
}

struct metrics *metrics_free(struct metrics *m)
{
        free(m);
        return NULL;
}

static unsigned my_stripe(void)
{
        static atomic_uint n_threads;
        static _Thread_local unsigned mine;

        if (mine == 0)
                mine = atomic_fetch_add(&n_threads, 1) % N_STRIPES + 1;
        return mine - 1;
}

static void add(atomic_uint_least64_t *counter, uint64_t n)
{
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void metrics_record(struct metrics *m, const struct method *method, enum status status,
                    uint64_t took_ns)
{
        size_t i = method ? contract_index(method) : m->n_methods;
        struct counters *c = &m->counters[my_stripe() * (m->n_methods + 1) + i];
        size_t bucket = 0;

        while (bucket < ARRAY_SIZE(m->bounds_ns) && took_ns > m->bounds_ns[bucket])
                bucket++;
        add(&c->codes[(unsigned)status < N_CODES ? status : STATUS_UNKNOWN], 1);
        add(&c->buckets[bucket], 1);
        add(&c->sum_ns, took_ns);
}

static uint64_t get(atomic_uint_least64_t *counter)
{
        return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The sum of a method's stripes. Returns how many calls there were. */
static uint64_t sum(struct metrics *m, size_t method, struct counters *ret)
{
        uint64_t n = 0;

        *ret = (struct counters){0};
        for (size_t s = 0; s < N_STRIPES; s++) {
                struct counters *c = &m->counters[s * (m->n_methods + 1) + method];

                for (size_t i = 0; i < N_CODES; i++)
                        add(&ret->codes[i], get(&c->codes[i]));
                for (size_t i = 0; i < DB_HISTOGRAM_BUCKETS; i++) {
                        n += get(&c->buckets[i]);
                        add(&ret->buckets[i], get(&c->buckets[i]));
                }
                add(&ret->sum_ns, get(&c->sum_ns));
        }
        return n;
}

static const char *method_name(const struct metrics *m, size_t i)
{
        return i < m->n_methods ? contract_methods[i].name : "unknown";
}

static void append_requests(struct metrics *m, struct buffer *out)
{
        struct counters c;

        buffer_append_str(out, "# HELP socializer_rpc_requests_total Calls answered.\n"
                               "# TYPE socializer_rpc_requests_total counter\n");
        for (size_t i = 0; i <= m->n_methods; i++) {
                if (sum(m, i, &c) == 0)
                        continue;
                for (unsigned code = 0; code < N_CODES; code++) {
                        if (get(&c.codes[code]))
                                buffer_printf(out,
                                              "socializer_rpc_requests_total{method=\"%s\","
                                              "code=\"%s\"} %llu\n",
                                              method_name(m, i), status_name(code),
                                              (unsigned long long)get(&c.codes[code]));
                }
        }
}

static void append_seconds(struct metrics *m, struct buffer *out)
{
        struct counters c;

        buffer_append_str(out, "# HELP socializer_rpc_seconds From the arrival of a call to its "
                               "answer, waiting included.\n"
                               "# TYPE socializer_rpc_seconds histogram\n");
        for (size_t i = 0; i <= m->n_methods; i++) {
                uint64_t n = sum(m, i, &c);
                uint64_t below = 0;

                if (n == 0)
                        continue;
                for (size_t b = 0; b < DB_HISTOGRAM_BUCKETS; b++) {
                        below += get(&c.buckets[b]);
                        buffer_printf(out, "socializer_rpc_seconds_bucket{method=\"%s\",le=\"",
                                      method_name(m, i));
                        if (b < DB_HISTOGRAM_BUCKETS - 1)
                                buffer_printf(out, "%g", db_histogram_bounds[b]);
                        else
                                buffer_append_str(out, "+Inf");
                        buffer_printf(out, "\"} %llu\n", (unsigned long long)below);
                }
                buffer_printf(out,
                              "socializer_rpc_seconds_sum{method=\"%s\"} %.9f\n"
                              "socializer_rpc_seconds_count{method=\"%s\"} %llu\n",
                              method_name(m, i), (double)get(&c.sum_ns) / 1e9, method_name(m, i),
                              (unsigned long long)n);
        }
}

void metrics_append(struct metrics *m, struct buffer *out)
{
        append_requests(m, out);
        append_seconds(m, out);
}
