#include "gateway/ws_internal.h"

#include <sodium.h>
#include <string.h>

#define TICK_MS 1000

uint64_t ws_now(const struct ws *ws)
{
        return uv_now(ws->gateway->loop);
}

void ws_unref(struct ws *ws)
{
        if (--ws->refs > 0)
                return;
        buffer_deinit(&ws->text);
        ws_deflate_deinit(&ws->deflate);
        ws_reader_free_spare(ws);
        free(ws);
}

static void on_handle_closed(uv_handle_t *handle)
{
        ws_unref(handle->data);
}

/* Writes what this turn of the loop has queued: one system call a socket, however many frames. */
static void on_flush(uv_prepare_t *prepare)
{
        struct ws *ws = prepare->data;

        while (ws->dirty) {
                struct ws_socket *s = ws->dirty;

                ws->dirty = s->next_dirty;
                s->is_dirty = false;
                ws_socket_flush(s);
                ws_socket_unref(s);
        }
}

static void on_tick(uv_timer_t *timer)
{
        struct ws *ws = timer->data;

        gateway_gather(ws->gateway);
        for (struct ws_socket *s = ws->sockets, *next; s; s = next) {
                next = s->next;
                ws_socket_tick(s);
        }
        ws_coach_tick(ws);
        ws_token_tick(ws);
        ws_room_tick(ws);
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
        return value ? value : otherwise;
}

enum status ws_new(struct gateway *g, struct ws **ret, struct error *reterr)
{
        struct ws *ws = calloc(1, sizeof(*ws));
        soc_subscriber_options options = {
                .on_state = ws_event_on_state,
                .on_event = ws_event_on_event,
                .on_user_state = ws_user_on_state,
                .on_user_event = ws_user_on_event,
        };
        soc_error error;

        if (!ws)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        ws->gateway = g;
        randombytes_buf(&ws->instance, sizeof(ws->instance));
        ws->max_sockets_per_user =
                or_default(g->options->max_websockets_per_user, WS_SOCKETS_PER_USER);
        ws->messages_per_second =
                or_default(g->options->max_messages_per_second, WS_MESSAGES_PER_S);
        options.closure = ws;
        if (soc_subscriber_new(g->client, g->options->events_url, &options, &ws->subscriber,
                               &error) != SOC_OK) {
                free(ws);
                return error_set(reterr, status_from_wire(error.status), "%s", error.text);
        }
        ws->refs = 3; /* ours, and one for each handle */
        ws->flush.data = ws;
        ws->tick.data = ws;
        uv_prepare_init(g->loop, &ws->flush);
        uv_timer_init(g->loop, &ws->tick);
        uv_prepare_start(&ws->flush, on_flush);
        uv_timer_start(&ws->tick, on_tick, TICK_MS, TICK_MS);
        *ret = ws;
        return STATUS_OK;
}

void ws_accept(struct gateway *g, const struct ws_peer *peer)
{
        if (!g->ws || g->ws->stopping)
                peer->release(peer->release_arg);
        else
                ws_socket_accept(g->ws, peer);
}

unsigned ws_n_strangers(const struct ws *ws, const char *client_address)
{
        unsigned n = 0;

        for (const struct ws_socket *s = ws->sockets; s; s = s->next)
                n += s->state < WS_OPEN && strcmp(s->client_address, client_address) == 0;
        return n;
}

void ws_stop(struct ws *ws)
{
        if (ws->stopping)
                return;
        ws->stopping = true;
        gateway_gather(ws->gateway);
        for (struct ws_socket *s = ws->sockets, *next; s; s = next) {
                next = s->next;
                ws_socket_close(s, WSLAY_CODE_GOING_AWAY, "the server stops");
        }
        on_flush(&ws->flush);
}

bool ws_stopped(const struct ws *ws)
{
        return ws->n_sockets == 0;
}

struct ws *ws_free(struct ws *ws)
{
        if (!ws)
                return NULL;
        ws_stop(ws);
        while (ws->sockets)
                ws_socket_drop(ws->sockets);
        on_flush(&ws->flush);
        ws_user_drop_listeners(ws);
        ws->subscriber = soc_subscriber_free(ws->subscriber);
        uv_close((uv_handle_t *)&ws->flush, on_handle_closed);
        uv_close((uv_handle_t *)&ws->tick, on_handle_closed);
        ws_unref(ws);
        return NULL;
}
