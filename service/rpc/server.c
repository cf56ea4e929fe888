#include "service/rpc/server.h"

#include "service/rpc/batch.h"
#include "service/rpc/exchange.h"
#include "service/rpc/listener.h"

#include <nng/protocol/reqrep0/rep.h>
#include <string.h>

/* More contexts than the queues hold, so that a message that does not fit is refused and not left
 * waiting in a socket buffer. */
#define SPARE_CONTEXTS 128

/* Enough for a handler that talks to an upstream over TLS, and small enough for many. */
#define LONG_STACK_BYTES ((size_t)512 * 1024)

/* How long cancelled calls get to notice it at the end of a drain. */
#define CANCEL_GRACE_MS 1000

static unsigned or_default(unsigned value, unsigned fallback)
{
        return value ? value : fallback;
}

static void put_defaults(struct rpc_server_options *o)
{
        long n = sysconf(_SC_NPROCESSORS_ONLN);

        o->n_readers = or_default(o->n_readers, n > 2 ? (unsigned)n : 2);
        o->n_passwords = or_default(o->n_passwords, 2);
        o->max_long_threads = or_default(o->max_long_threads, 64);
        o->max_queued_reads = or_default(o->max_queued_reads, 512);
        o->max_queued_writes = or_default(o->max_queued_writes, 512);
        o->max_queued_passwords = or_default(o->max_queued_passwords, 64);
        o->max_queued_long = or_default(o->max_queued_long, 256);
        o->urls = NULL;
}

static enum status start_pools(struct rpc_server *s, struct error *reterr)
{
        const struct rpc_server_options *o = &s->options;
        struct {
                struct pool **pool;
                struct pool_options options;
        } pools[] = {
                {&s->readers, {"reader", o->n_readers, o->n_readers, o->max_queued_reads, 0}},
                {&s->front, {"front", 1, 1, UINT32_MAX, 0}},
                {&s->passwords,
                 {"password", o->n_passwords, o->n_passwords, o->max_queued_passwords, 0}},
                {&s->longs, {"long", 1, o->max_long_threads, o->max_queued_long, LONG_STACK_BYTES}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
                enum status st = pool_new(&pools[i].options, pools[i].pool, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

/* A connection has ended. On nng's only thread that ends connections. */
static void on_pipe_closed(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
        struct rpc_server *s = arg;

        (void)event;
        registry_cancel_pipe(s->registry, (uint32_t)nng_pipe_id(pipe));
}

static enum status open_socket(struct rpc_server *s, struct error *reterr)
{
        int rv = nng_rep0_open(&s->socket);

        if (rv == 0) {
                s->socket_is_open = true;
                /* Unset means unlimited, and any peer could have us allocate as it likes. */
                rv = nng_socket_set_size(s->socket, NNG_OPT_RECVMAXSZ, (size_t)FRAME_MAX_BYTES);
        }
        if (rv == 0)
                rv = nng_pipe_notify(s->socket, NNG_PIPE_EV_REM_POST, on_pipe_closed, s);
        if (rv != 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot open a socket: %s",
                                 nng_strerror(rv));
        return STATUS_OK;
}

static enum status open_exchanges(struct rpc_server *s, struct error *reterr)
{
        const struct rpc_server_options *o = &s->options;
        size_t n = (size_t)o->max_queued_reads + o->n_readers + o->max_queued_writes +
                   o->max_queued_passwords + o->n_passwords + o->max_queued_long +
                   o->max_long_threads + SPARE_CONTEXTS;

        s->exchanges = calloc(n, sizeof(*s->exchanges));
        if (!s->exchanges)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        s->n_exchanges = n;
        for (size_t i = 0; i < n; i++) {
                enum status st = exchange_open(&s->exchanges[i], s, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

static enum status listen_on(struct rpc_server *s, const char *const *urls, size_t n,
                             struct error *reterr)
{
        s->urls = calloc(n ? n : 1, sizeof(*s->urls));
        if (!s->urls)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        for (size_t i = 0; i < n; i++) {
                enum status st = listener_open(s->socket, urls[i], &s->urls[i], reterr);
                if (st != STATUS_OK)
                        return st;
                s->n_urls++;
        }
        return STATUS_OK;
}

static enum status start(struct rpc_server *s, const struct rpc_server_options *options,
                         struct error *reterr)
{
        enum status st = metrics_new(&s->metrics, reterr);

        if (st == STATUS_OK)
                st = rate_new(options->writes_per_second, options->writes_burst, &s->rate, reterr);
        if (st == STATUS_OK)
                st = registry_new(&s->registry, reterr);
        if (st == STATUS_OK)
                st = open_socket(s, reterr);
        if (st == STATUS_OK)
                st = open_exchanges(s, reterr);
        if (st == STATUS_OK)
                st = start_pools(s, reterr);
        if (st == STATUS_OK)
                st = listen_on(s, options->urls, options->n_urls, reterr);
        if (st != STATUS_OK)
                return st;
        for (size_t i = 0; i < s->n_exchanges; i++)
                exchange_start(&s->exchanges[i]);
        return STATUS_OK;
}

enum status rpc_server_new(const struct rpc_server_options *options, struct rpc_server **ret,
                           struct error *reterr)
{
        struct rpc_server *s = calloc(1, sizeof(*s));
        enum status st;

        if (!s)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        s->options = *options;
        put_defaults(&s->options);
        s->service = options->service;
        s->handlers = options->handlers;
        pthread_mutex_init(&s->mutex, NULL);
        clock_cond_init(&s->answered);
        s->service->rpc = s;
        st = start(s, options, reterr);
        if (st != STATUS_OK) {
                rpc_server_free(s);
                return st;
        }
        *ret = s;
        return STATUS_OK;
}

/* Waits until a counter is 0. False when the deadline came first. */
static bool wait_for_zero(struct rpc_server *s, atomic_uint *counter, deadline_ns deadline)
{
        LOCK(&s->mutex);

        while (atomic_load(counter) > 0)
                if (!clock_cond_wait(&s->answered, &s->mutex, deadline))
                        return false;
        return true;
}

void rpc_server_drain(struct rpc_server *s, deadline_ns deadline)
{
        atomic_store(&s->draining, true);
        if (wait_for_zero(s, &s->n_accepted, deadline))
                return;
        registry_cancel_all(s->registry);
        (void)wait_for_zero(s, &s->n_accepted, deadline_in_ms(CANCEL_GRACE_MS));
}

/* Until the database's threads have left the server. */
static void wait_for_writing(struct rpc_server *s)
{
        LOCK(&s->mutex);

        while (s->n_writing > 0)
                pthread_cond_wait(&s->answered, &s->mutex);
}

/* Until no thread of nng's reads here, and for good. */
static void end_reads_here(struct rpc_server *s)
{
        LOCK(&s->mutex);

        while (atomic_exchange(&s->reads_here, true))
                pthread_cond_wait(&s->answered, &s->mutex);
}

void rpc_server_stop(struct rpc_server *s)
{
        if (!s || atomic_exchange(&s->stopped, true))
                return;
        atomic_store(&s->draining, true);
        if (s->registry)
                registry_cancel_all(s->registry);
        /* Each may queue for the later ones, never the other way round. */
        end_reads_here(s);
        pool_stop(s->front);
        pool_stop(s->readers);
        pool_stop(s->passwords);
        pool_stop(s->longs);
        wait_for_writing(s);
}

struct rpc_server *rpc_server_free(struct rpc_server *s)
{
        if (!s)
                return NULL;
        rpc_server_stop(s);
        for (size_t i = 0; i < s->n_exchanges; i++)
                exchange_close(&s->exchanges[i]);
        if (s->socket_is_open)
                nng_close(s->socket);
        free(s->exchanges);
        for (size_t i = 0; i < s->n_urls; i++)
                free(s->urls[i]);
        free(s->urls);
        pool_free(s->front);
        pool_free(s->readers);
        pool_free(s->passwords);
        pool_free(s->longs);
        batch_parts_free(s);
        registry_free(s->registry);
        rate_free(s->rate);
        metrics_free(s->metrics);
        pthread_cond_destroy(&s->answered);
        pthread_mutex_destroy(&s->mutex);
        s->service->rpc = NULL;
        free(s);
        return NULL;
}

const char *rpc_server_url(const struct rpc_server *s, size_t i)
{
        return i < s->n_urls ? s->urls[i] : NULL;
}

static void append_gauge(struct buffer *out, const char *name, const char *help)
{
        buffer_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

void rpc_server_metrics(struct rpc_server *s, struct buffer *out)
{
        const struct {
                const char *lane;
                unsigned n;
        } queues[] = {
                {"read", pool_n_queued(s->readers)},
                {"write", atomic_load(&s->n_writes)},
                {"password", pool_n_queued(s->passwords)},
                {"long", pool_n_queued(s->longs)},
        };

        metrics_append(s->metrics, out);
        append_gauge(out, "socializer_rpc_queue_depth",
                     "What waits, by lane: messages of reads and writes, password and long calls.");
        for (size_t i = 0; i < ARRAY_SIZE(queues); i++)
                buffer_printf(out, "socializer_rpc_queue_depth{lane=\"%s\"} %u\n", queues[i].lane,
                              queues[i].n);
        append_gauge(out, "socializer_rpc_in_flight", "Calls that are not answered yet.");
        buffer_printf(out, "socializer_rpc_in_flight %u\n", atomic_load(&s->n_calls));
        append_gauge(out, "socializer_rpc_long_threads", "Threads for long calls.");
        buffer_printf(out, "socializer_rpc_long_threads %u\n", pool_n_threads(s->longs));
}
