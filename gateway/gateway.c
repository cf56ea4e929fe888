#include "gateway/gateway.h"

#include "common/log.h"
#include "common/privilege.h"
#include "gateway/compatible.h"
#include "gateway/origin.h"
#include "gateway/server.h"
#include "gateway/ws.h"

#include <signal.h>
#include <string.h>

#define DRAIN_TICK_MS 20
#define DRAIN_MS      10000

void gateway_gather(struct gateway *g)
{
        if (g->gathering || !g->client)
                return;
        g->gathering = true;
        soc_client_cork(g->client);
}

static void send_gathered(struct gateway *g)
{
        if (!g->gathering)
                return;
        g->gathering = false;
        soc_client_uncork(g->client);
}

bool gateway_origin_allowed(const struct gateway *g, const char *origin, const char *host)
{
        return (host && origin_is_host(origin, host)) ||
               origin_in_list(origin, g->options->allowed_origins, g->options->n_allowed_origins,
                              false);
}

/* On a thread of the client library. */
static void wake(void *closure)
{
        struct gateway *g = closure;

        uv_async_send(&g->wake);
}

/* One turn for all calls that have ended: their answers are made, their connections resumed, and
 * libmicrohttpd writes them all. */
static void on_wake(uv_async_t *async)
{
        struct gateway *g = async->data;

        if (!g->client)
                return;
        gateway_gather(g);
        soc_client_dispatch(g->client);
        server_pump(g->server);
}

static void on_before_poll(uv_prepare_t *prepare)
{
        send_gathered(prepare->data);
}

static void on_after_poll(uv_check_t *check)
{
        send_gathered(check->data);
}

static void on_drain(uv_timer_t *timer)
{
        struct gateway *g = timer->data;

        if ((server_is_idle(g->server) && ws_stopped(g->ws)) ||
            uv_now(g->loop) >= g->drain_until_ms)
                uv_stop(g->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
        struct gateway *g = handle->data;

        if (g->stopping) {
                uv_stop(g->loop);
                return;
        }
        LOG(INFO, "stopping", LOG_STR("signal", number == SIGINT ? "SIGINT" : "SIGTERM"));
        g->stopping = true;
        g->drain_until_ms = uv_now(g->loop) + DRAIN_MS;
        server_stop_accepting(g->server);
        ws_stop(g->ws);
        uv_timer_start(&g->drain, on_drain, 0, DRAIN_TICK_MS);
}

static void init_handles(struct gateway *g)
{
        uv_async_init(g->loop, &g->wake, on_wake);
        uv_prepare_init(g->loop, &g->before_poll);
        uv_check_init(g->loop, &g->after_poll);
        uv_signal_init(g->loop, &g->sigterm);
        uv_signal_init(g->loop, &g->sigint);
        uv_timer_init(g->loop, &g->drain);
        g->wake.data = g;
        g->before_poll.data = g;
        g->after_poll.data = g;
        g->sigterm.data = g;
        g->sigint.data = g;
        g->drain.data = g;
        uv_prepare_start(&g->before_poll, on_before_poll);
        uv_check_start(&g->after_poll, on_after_poll);
        uv_signal_start(&g->sigterm, on_signal, SIGTERM);
        uv_signal_start(&g->sigint, on_signal, SIGINT);
}

static enum status connect_service(struct gateway *g, struct error *reterr)
{
        soc_client_options options = {
                .wake = wake, .wake_closure = g, .max_long = GATEWAY_MAX_LONG};
        soc_error error;

        if (soc_client_new(g->options->rpc_url, &options, &g->client, &error) != SOC_OK)
                return error_set(reterr, status_from_wire(error.status), "--rpc %s: %s",
                                 g->options->rpc_url, error.text);
        return STATUS_OK;
}

static void give_back(struct gateway *g)
{
        send_gathered(g);
        g->ws = ws_free(g->ws);
        /* Calls that still run end here; their connections are resumed by it. */
        g->client = soc_client_free(g->client);
        g->compatible = compatible_free(g->compatible);
        if (g->server)
                server_close(g->server);
        uv_close((uv_handle_t *)&g->wake, NULL);
        uv_close((uv_handle_t *)&g->before_poll, NULL);
        uv_close((uv_handle_t *)&g->after_poll, NULL);
        uv_close((uv_handle_t *)&g->sigterm, NULL);
        uv_close((uv_handle_t *)&g->sigint, NULL);
        uv_close((uv_handle_t *)&g->drain, NULL);
        uv_run(g->loop, UV_RUN_DEFAULT);
        g->server = server_free(g->server);
}

enum status gateway_run(struct gateway *g, const struct gateway_options *options,
                        struct error *reterr)
{
        uv_loop_t loop;

        *g = (struct gateway){.loop = &loop, .options = options};
        if (uv_loop_init(&loop) != 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot make an event loop");
        init_handles(g);

        /* Ports below 1024 and the folders that are served may need root, nothing after them. */
        enum status st = server_new(g, &g->server, reterr);
        if (st == STATUS_OK)
                st = privilege_drop(options->user, reterr);
        if (st == STATUS_OK)
                st = connect_service(g, reterr);
        if (st == STATUS_OK)
                st = compatible_new(g, &g->compatible, reterr);
        if (st == STATUS_OK)
                st = ws_new(g, &g->ws, reterr);
        if (st == STATUS_OK) {
                LOG(INFO, "ready", LOG_STR("address", g->server->address),
                    LOG_STR("rpc", options->rpc_url));
                uv_run(&loop, UV_RUN_DEFAULT);
                LOG(INFO, "stopped");
        }
        give_back(g);
        uv_loop_close(&loop);
        return st;
}
