#include "client/client.h"

#include "client/keeper.h"
#include "client/stub.h"

#include <nng/protocol/reqrep0/req.h>
#include <sodium.h>
#include <string.h>
#include <sys/un.h>

#define RECONNECT_MIN_MS 10
/* See client_lane.patience_ns. The service commits one message while it puts the last on disk: a
 * second one is to be there by then, with what has gathered. */
#define READ_PATIENCE_NS  1000000u
#define WRITE_PATIENCE_NS 300000u

void client_unref(struct soc_client *c)
{
        if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
                return;
        pending_pool_deinit(&c->pendings);
        harvest_pool_deinit(&c->harvests);
        pthread_mutex_destroy(&c->mutex);
        free(c->url);
        free(c);
}

void client_end(struct soc_client *c, struct soc_pending *p, struct task_list *list)
{
        if (p->state == PENDING_QUEUED)
                lane_remove(&c->lanes[p->method->lane], p);
        else if (p->state == PENDING_SENT)
                slot_forget(p->slot);
        timers_remove(&c->timers, &p->timer);
        p->state = PENDING_DONE;
        task_append(list, &p->task);
}

void client_add_cancel(struct soc_client *c, const struct soc_pending *p)
{
        if (c->cancels.n_bytes / FRAME_CALL_ID_BYTES < FRAME_MAX_CALLS)
                buffer_append(&c->cancels, p->id, sizeof(p->id));
}

bool client_post_locked(struct soc_client *c, struct task_list *list)
{
        if (!list->first)
                return false;
        task_move(&c->done, list);
        if (!c->wake) {
                keeper_nudge(c);
                return false;
        }
        bool first = !c->woken;
        c->woken = true;
        return first;
}

void client_wake(struct soc_client *c)
{
        c->wake(c->wake_closure);
}

void client_post(struct soc_client *c, struct task *task)
{
        struct task_list list = TASK_LIST_INIT;
        bool wake;

        task_append(&list, task);
        {
                LOCK(&c->mutex);
                wake = client_post_locked(c, &list);
        }
        if (wake)
                client_wake(c);
}

/* nng calls this with a lock of its own held: it must not be called back from here. */
static void on_pipe(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
        struct soc_client *c = arg;
        uint32_t id = (uint32_t)nng_pipe_id(pipe);

        LOCK(&c->mutex);
        switch (event) {
        case NNG_PIPE_EV_ADD_PRE:
                c->n_pipes++;
                break;
        case NNG_PIPE_EV_ADD_POST:
                c->pipe_id = id;
                c->pump_wanted = true;
                keeper_nudge(c);
                pthread_cond_broadcast(&c->idle);
                break;
        case NNG_PIPE_EV_REM_POST:
                if (c->pipe_id == id)
                        c->pipe_id = 0;
                if (--c->n_pipes == 0)
                        pthread_cond_broadcast(&c->idle);
                break;
        default:
                break;
        }
}

static enum status check_url(const char *url, struct error *reterr)
{
        const size_t max_path = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

        if (!url)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "no address given");
        if (strncmp(url, "ipc://", 6) == 0 && url[6] != '\0') {
                if (strlen(url + 6) > max_path)
                        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                         "the path of an ipc address has at most %zu bytes, not "
                                         "%zu: %.80s…",
                                         max_path, strlen(url + 6), url);
                return STATUS_OK;
        }
        if (strncmp(url, "tcp://", 6) == 0 && strchr(url + 6, ':') && url[6] != ':')
                return STATUS_OK;
        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                         "an address is ipc:///path or tcp://host:port, not '%.100s'", url);
}

static enum status from_nng(int rc, const char *url, struct error *reterr)
{
        if (rc == 0)
                return STATUS_OK;
        return error_set(reterr,
                         rc == NNG_ENOMEM ? STATUS_RESOURCE_EXHAUSTED : STATUS_INVALID_ARGUMENT,
                         "cannot use the address '%.100s': %s", url, nng_strerror(rc));
}

/* The socket, not yet connecting. On failure it is the caller's to close, if it has an id. */
static enum status open_socket(struct soc_client *c, struct error *reterr)
{
        int rc = nng_req0_open(&c->socket);

        if (rc != 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot open a socket: %s",
                                 nng_strerror(rc));
        /* Before any context is opened, which inherits it. nng would send a request again whenever
         * a connection dies, whatever the request does; we do that, where the contract allows it.
         */
        rc = nng_socket_set_ms(c->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
        if (rc == 0)
                rc = nng_socket_set_size(c->socket, NNG_OPT_RECVMAXSZ, CLIENT_MAX_REPLY_BYTES);
        if (rc == 0)
                rc = nng_socket_set_ms(c->socket, NNG_OPT_RECONNMINT, RECONNECT_MIN_MS);
        if (rc == 0)
                rc = nng_socket_set_ms(c->socket, NNG_OPT_RECONNMAXT, CLIENT_RECONNECT_MAX_MS);
        if (rc == 0)
                rc = nng_pipe_notify(c->socket, NNG_PIPE_EV_ADD_PRE, on_pipe, c);
        if (rc == 0)
                rc = nng_pipe_notify(c->socket, NNG_PIPE_EV_ADD_POST, on_pipe, c);
        if (rc == 0)
                rc = nng_pipe_notify(c->socket, NNG_PIPE_EV_REM_POST, on_pipe, c);
        if (rc == 0)
                rc = nng_dialer_create(&c->dialer, c->socket, c->url);
        return from_nng(rc, c->url, reterr);
}

static uint32_t or_default(uint32_t value, uint32_t fallback)
{
        return value ? value : fallback;
}

static enum status open_lanes(struct soc_client *c, const soc_client_options *o,
                              struct error *reterr)
{
        uint32_t batch = or_default(o->max_batch, CLIENT_MAX_BATCH);
        uint32_t slots = or_default(o->lanes_per_class, CLIENT_LANES);
        uint32_t slow = or_default(o->max_long, CLIENT_MAX_LONG);

        if (batch > FRAME_MAX_CALLS)
                return error_field(reterr, "max_batch", "max_batch: at most %d calls, got %u",
                                   FRAME_MAX_CALLS, batch);
        enum status st = lane_init(&c->lanes[LANE_READ], c, slots, batch, reterr);
        if (st == STATUS_OK)
                st = lane_init(&c->lanes[LANE_WRITE], c, slots, batch, reterr);
        c->lanes[LANE_READ].patience_ns = READ_PATIENCE_NS;
        c->lanes[LANE_WRITE].patience_ns = WRITE_PATIENCE_NS;
        /* One call a message: a batch is answered when its slowest call is. */
        if (st == STATUS_OK)
                st = lane_init(&c->lanes[LANE_PASSWORD], c, slow, 1, reterr);
        if (st == STATUS_OK)
                st = lane_init(&c->lanes[LANE_LONG], c, slow, 1, reterr);
        if (st == STATUS_OK)
                st = lane_init(&c->cancel_lane, c, 1, 0, reterr);
        return st;
}

static void init_sync(struct soc_client *c)
{
        pthread_mutex_init(&c->mutex, NULL);
        pending_pool_init(&c->pendings);
        harvest_pool_init(&c->harvests);
        clock_cond_init(&c->idle);
        clock_cond_init(&c->keeper_cond);
}

void client_close_sockets(struct soc_client *c)
{
        for (int i = 0; i < LANE_COUNT; i++)
                lane_deinit(&c->lanes[i]);
        lane_deinit(&c->cancel_lane);
        if (nng_socket_id(c->socket) > 0)
                nng_close(c->socket);
}

void client_drop(struct soc_client *c)
{
        stub_free_all(c);
        timers_deinit(&c->timers);
        buffer_deinit(&c->cancels);
        c->token = token_unref(c->token);
        pthread_cond_destroy(&c->idle);
        pthread_cond_destroy(&c->keeper_cond);
        client_unref(c);
}

static enum status set_token(struct soc_client *c, const char *token, struct error *reterr)
{
        size_t n = token ? strlen(token) : 0;
        struct token *fresh = NULL, *old;

        if (n > FRAME_MAX_TOKEN_BYTES)
                return error_field(reterr, "token", "token: at most %d bytes",
                                   FRAME_MAX_TOKEN_BYTES);
        if (n > 0) {
                fresh = token_new(token, n);
                if (!fresh)
                        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory");
        }
        {
                LOCK(&c->mutex);
                old = c->token;
                c->token = fresh;
        }
        token_unref(old);
        return STATUS_OK;
}

/* nng sets itself up at its first use, and later looks without a lock whether it has: of threads
 * that come together one would find it half done. */
static void set_up_nng(void)
{
        nng_aio *aio;

        if (nng_aio_alloc(&aio, NULL, NULL) == 0)
                nng_aio_free(aio);
}

soc_status soc_client_new(const char *url, const soc_client_options *options, soc_client **ret,
                          soc_error *reterr)
{
        static const soc_client_options defaults;
        static pthread_once_t nng_once = PTHREAD_ONCE_INIT;
        struct error *err = error_of(reterr);
        const soc_client_options *o = options ? options : &defaults;
        enum status st = check_url(url, err);

        if (st != STATUS_OK)
                return (soc_status)st;
        if (sodium_init() < 0)
                return (soc_status)error_set(err, STATUS_INTERNAL, "no source of random numbers");
        pthread_once(&nng_once, set_up_nng);
        struct soc_client *c = calloc(1, sizeof(*c));
        if (!c)
                return (soc_status)error_set(err, STATUS_RESOURCE_EXHAUSTED, "no memory");
        atomic_init(&c->refs, 1);
        init_sync(c);
        c->max_queued = or_default(o->max_queued, CLIENT_MAX_QUEUED);
        c->wake = o->wake;
        c->wake_closure = o->wake_closure;
        randombytes_buf(c->id_seed, sizeof(c->id_seed));
        c->url = strdup(url);
        if (!c->url)
                st = error_set(err, STATUS_RESOURCE_EXHAUSTED, "no memory");
        if (st == STATUS_OK)
                st = set_token(c, o->token, err);
        if (st == STATUS_OK)
                st = open_socket(c, err);
        if (st == STATUS_OK)
                st = open_lanes(c, o, err);
        if (st == STATUS_OK)
                st = keeper_start(c, err);
        if (st != STATUS_OK) {
                client_close_sockets(c);
                client_drop(c);
                return (soc_status)st;
        }
        st = from_nng(nng_dialer_start(c->dialer, NNG_FLAG_NONBLOCK), c->url, err);
        if (st != STATUS_OK) {
                soc_client_free(c);
                return (soc_status)st;
        }
        *ret = c;
        return SOC_OK;
}

soc_status soc_client_set_token(soc_client *c, const char *token)
{
        return (soc_status)set_token(c, token, NULL);
}

bool soc_client_connected(soc_client *c)
{
        LOCK(&c->mutex);
        return c->pipe_id != 0;
}

size_t soc_client_dispatch(soc_client *c)
{
        struct task_list list = TASK_LIST_INIT;

        if (!c->wake)
                return 0;
        {
                LOCK(&c->mutex);
                c->woken = false;
                task_move(&list, &c->done);
        }
        return task_run_all(&list);
}

void soc_client_cork(soc_client *c)
{
        LOCK(&c->mutex);
        c->corked++;
}

void soc_client_uncork(soc_client *c)
{
        {
                LOCK(&c->mutex);
                if (c->corked == 0 || --c->corked > 0)
                        return;
        }
        for (int i = 0; i < LANE_COUNT; i++)
                lane_pump(&c->lanes[i]);
}
