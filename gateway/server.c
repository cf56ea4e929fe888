#include "gateway/server.h"

#include "gateway/listener.h"
#include "gateway/origin.h"
#include "gateway/request.h"
#include "gateway/stream.h"

#include <stdlib.h>
#include <string.h>

/* What libmicrohttpd keeps for a connection: the head of a request and that of its answer. More
 * than request.h allows, so that too large ones are answered by us; it is cleared for every
 * request, so not much more. */
#define POOL_BYTES       (16 * 1024)
#define TICK_MS          250
#define AWAY_GRACE_MS    3000
#define MAX_ROUNDS       4
#define SENDING_LIMIT_MS 300000
/* How much later than ours libmicrohttpd's own limit on idle connections strikes. */
#define BACKSTOP_S 15u

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
        struct server *s = cls;

        if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
                *socket_context = conn_free(&s->conns, *socket_context);
                return;
        }
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        const struct sockaddr *peer =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
                        ->client_addr;
        *socket_context = conn_new(&s->conns, fd, peer, uv_now(s->gateway->loop));
        if (!uv_is_active((uv_handle_t *)&s->tick))
                uv_timer_again(&s->tick);
}

static void on_timer(uv_timer_t *timer)
{
        server_pump(timer->data);
}

static void on_more(uv_idle_t *more)
{
        server_pump(more->data);
}

/* When libmicrohttpd wants to run again if no descriptor tells before; UINT64_MAX: never. */
static uint64_t next_run_ms(const struct server *s)
{
        MHD_UNSIGNED_LONG_LONG left_ms;

        if (s->upgraded)
                return 0;
        /* It would ask for polled answers without a pause, but they come with a wake-up. What else
         * it may have to do waits for that, or until the calls are suspended. */
        if (s->n_polled > 0)
                return s->busy ? 0 : SERVER_POLLED_MS;
        return MHD_get_timeout(s->daemon, &left_ms) == MHD_YES ? left_ms : UINT64_MAX;
}

static void run_again_in(struct server *s, uint64_t left_ms)
{
        /* Not a timer of 0 ms: libuv runs one that its callback starts again before anything else,
         * and would not see that calls have ended. */
        if (left_ms == 0)
                uv_idle_start(&s->more, on_more);
        else
                uv_idle_stop(&s->more);
        if (left_ms == 0 || left_ms == UINT64_MAX)
                uv_timer_stop(&s->timer);
        else
                uv_timer_start(&s->timer, on_timer, left_ms, 0);
}

void server_pump(struct server *s)
{
        uint64_t left_ms = 0;

        if (!s->daemon || s->pumping)
                return;
        s->pumping = true;
        gateway_gather(s->gateway);
        /* Again while there is work that no descriptor tells of, but not for ever: others wait. */
        for (int i = 0; i < MAX_ROUNDS; i++) {
                s->busy = false;
                s->upgraded = false;
                MHD_run(s->daemon);
                left_ms = next_run_ms(s);
                if (left_ms > 0)
                        break;
        }
        run_again_in(s, left_ms);
        s->pumping = false;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
        (void)status;
        (void)events;
        server_pump(poll->data);
}

/* Calls wait for a service that restarts, but not for one that stays away. */
static void check_service(struct server *s)
{
        uint64_t now_ms = uv_now(s->gateway->loop);

        if (soc_client_connected(s->gateway->client))
                s->away_since_ms = 0;
        else if (s->away_since_ms == 0)
                s->away_since_ms = now_ms;
        else if (now_ms - s->away_since_ms >= AWAY_GRACE_MS)
                conns_each_running(&s->conns, request_give_up);
}

static void on_tick(uv_timer_t *tick)
{
        struct server *s = tick->data;

        gateway_gather(s->gateway);
        s->metrics.cut_slow += conns_cut_slow(&s->conns, uv_now(s->gateway->loop));
        conns_find_gone(&s->conns, request_abandon);
        check_service(s);
        streams_tick(s);
        if (s->gateway->stopping)
                conns_cut_idle(&s->conns);
        if (s->conns.n == 0)
                uv_timer_stop(&s->tick);
}

/* Paths stay encoded: request.c takes the target apart itself. */
static size_t no_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
        (void)cls;
        (void)connection;
        return strlen(text);
}

static enum status start_daemon(struct server *s, struct error *reterr)
{
        const struct gateway_options *o = s->gateway->options;

        s->daemon = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0,
                NULL, NULL, request_on_access, s, MHD_OPTION_LISTEN_SOCKET, s->listen_fd,
                MHD_OPTION_CONNECTION_LIMIT, o->max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                o->max_connections_per_ip, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
                MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout_s + BACKSTOP_S,
                MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_URI_LOG_CALLBACK,
                request_on_target, s, MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, s,
                MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL,
#if MHD_VERSION >= 0x01000000
                MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, /* else headers.c looks */
#endif
                MHD_OPTION_END);
        if (!s->daemon)
                return error_set(reterr, STATUS_INTERNAL, "cannot start libmicrohttpd");
        /* The descriptor is libmicrohttpd's from here on. */
        s->listen_fd = -1;

        int epoll_fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        if (uv_poll_init(s->gateway->loop, &s->poll, epoll_fd) != 0 ||
            uv_poll_start(&s->poll, UV_READABLE, on_readable) != 0)
                return error_set(reterr, STATUS_INTERNAL, "cannot watch libmicrohttpd");
        return STATUS_OK;
}

static enum status prepare(struct server *s, struct error *reterr)
{
        const struct gateway_options *o = s->gateway->options;
        enum status st = STATUS_OK;

        for (size_t i = 0; i < o->n_trusted_proxies && st == STATUS_OK; i++)
                st = proxies_add(&s->proxies, o->trusted_proxies[i], reterr);
        for (size_t i = 0; i < o->n_allowed_origins && st == STATUS_OK; i++) {
                st = origin_check(o->allowed_origins[i], reterr);
                s->any_origin |= strcmp(o->allowed_origins[i], "*") == 0;
        }
        if (st == STATUS_OK)
                st = router_new(&s->router, reterr);
        if (st == STATUS_OK)
                st = metrics_init(&s->metrics, s->router, reterr);
        if (st == STATUS_OK)
                st = docs_init(&s->docs, o->docs_dir, reterr);
        if (st == STATUS_OK)
                st = static_files_init(&s->web, o->web_dir, reterr);
        if (st == STATUS_OK)
                st = listener_open(o->http, &s->listen_fd, s->address, sizeof(s->address), reterr);
        return st;
}

enum status server_new(struct gateway *gateway, struct server **ret, struct error *reterr)
{
        struct server *s = calloc(1, sizeof(*s));
        if (!s)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");

        s->gateway = gateway;
        s->listen_fd = -1;
        s->conns.phases[CONN_IDLE].limit_ms = gateway->options->idle_timeout_s * UINT64_C(1000);
        s->conns.phases[CONN_HEAD].limit_ms = gateway->options->request_timeout_s * UINT64_C(1000);
        s->conns.phases[CONN_BODY].limit_ms = gateway->options->request_timeout_s * UINT64_C(1000);
        s->conns.phases[CONN_SENDING].limit_ms = SENDING_LIMIT_MS;

        enum status st = prepare(s, reterr);
        if (st != STATUS_OK) {
                server_free(s);
                return st;
        }
        s->poll.data = s;
        s->more.data = s;
        s->timer.data = s;
        s->tick.data = s;
        uv_idle_init(gateway->loop, &s->more);
        uv_timer_init(gateway->loop, &s->timer);
        uv_timer_init(gateway->loop, &s->tick);
        uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
        st = start_daemon(s, reterr);
        if (st != STATUS_OK) {
                server_close(s);
                uv_run(gateway->loop, UV_RUN_NOWAIT);
                server_free(s);
                return st;
        }
        *ret = s;
        return STATUS_OK;
}

void server_stop_accepting(struct server *s)
{
        int fd = MHD_quiesce_daemon(s->daemon);

        if (fd >= 0)
                close(fd);
        conns_cut_idle(&s->conns);
}

bool server_is_idle(const struct server *s)
{
        return s->conns.n == 0;
}

void server_close(struct server *s)
{
        if (s->daemon) {
                while (s->streams)
                        stream_break(s->streams);
                server_pump(s); /* resumes what was suspended, which libmicrohttpd insists on */
                if (s->poll.type == UV_POLL)
                        uv_close((uv_handle_t *)&s->poll, NULL);
                MHD_stop_daemon(s->daemon);
                s->daemon = NULL;
        }
        uv_close((uv_handle_t *)&s->more, NULL);
        uv_close((uv_handle_t *)&s->timer, NULL);
        uv_close((uv_handle_t *)&s->tick, NULL);
}

struct server *server_free(struct server *s)
{
        if (!s)
                return NULL;
        if (s->listen_fd >= 0)
                close(s->listen_fd);
        while (s->spare) {
                struct request *r = s->spare;

                s->spare = r->next;
                request_free(r);
        }
        router_free(s->router);
        metrics_deinit(&s->metrics);
        free(s);
        return NULL;
}
