/* One connection: writing the frames that wait, and ending it. */
#include "gateway/ws_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What is read of one socket before others have their turn. */
#define READ_BUDGET_BYTES (64u * 1024)

void ws_socket_ref(struct ws_socket *s)
{
        s->refs++;
}

void ws_socket_unref(struct ws_socket *s)
{
        struct ws *ws = s->ws;

        if (--s->refs > 0)
                return;
        ws_reader_deinit(s);
        ws_queue_deinit(&s->queue);
        free(s);
        ws_unref(ws);
}

static void on_closed(uv_handle_t *handle)
{
        ws_socket_unref(handle->data);
}

static void leave_all(struct ws_socket *s)
{
        ws_coach_leave(s, ws_reader_has_goodbye(s));
        ws_presence_end(s);
        while (s->members)
                ws_member_leave(s->members, NULL);
        ws_token_detach(s);
}

void ws_socket_drop(struct ws_socket *s)
{
        struct ws *ws = s->ws;

        if (s->state == WS_GONE)
                return;
        leave_all(s);
        s->state = WS_GONE;
        if (s->prev)
                s->prev->next = s->next;
        else
                ws->sockets = s->next;
        if (s->next)
                s->next->prev = s->prev;
        ws->n_sockets--;
        ws->gateway->counters.ws_connections--;
        /* Nothing watches the descriptor once this returns. */
        uv_close((uv_handle_t *)&s->poll, on_closed);
        s->release(s->release_arg);
}

/* --- writing --- */

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct ws_socket *s)
{
        uv_poll_start(&s->poll, UV_READABLE | (s->wants_write ? UV_WRITABLE : 0), on_ready);
}

void ws_socket_mark_dirty(struct ws_socket *s)
{
        if (s->is_dirty)
                return;
        s->is_dirty = true;
        s->next_dirty = s->ws->dirty;
        s->ws->dirty = s;
        ws_socket_ref(s);
}

/* Continues what waited for the queue to become shorter: a few at a time, or their pages would fill
 * it at once and be asked for in vain. */
static void continue_members(struct ws_socket *s)
{
        unsigned n_lists = 0;

        for (const struct ws_member *m = s->members; m; m = m->next_of_socket)
                n_lists += m->state == WS_MEMBER_LISTING;
        for (struct ws_member *m = s->members, *next; m; m = next) {
                next = m->next_of_socket;
                if (s->queue.n_bytes > WS_PAGE_QUEUE_BYTES || n_lists >= WS_MAX_LISTS)
                        return;
                if (m->state == WS_MEMBER_FULL && ws_now(s->ws) >= m->retry_at_ms) {
                        ws_history_continue(m);
                        n_lists++;
                }
        }
}

/* The last frame is sent. When the peer has closed as well, that is all; else it may still be
 * writing, and closing now would reset the connection before it has read our reason. */
static void finish(struct ws_socket *s)
{
        if (ws_reader_has_close(s)) {
                ws_socket_drop(s);
        } else if (s->reader.is_over && !s->shut) {
                s->shut = true;
                shutdown(s->fd, SHUT_WR);
        }
}

static void write_queue(struct ws_socket *s)
{
        bool wanted = s->wants_write;

        switch (ws_queue_write(&s->queue, s->fd)) {
        case WS_WRITTEN_BROKEN:
                ws_socket_drop(s);
                return;
        case WS_WRITTEN_SOME:
                s->wants_write = true;
                break;
        case WS_WRITTEN_ALL:
                s->wants_write = false;
                break;
        }
        if (s->wants_write != wanted)
                watch(s);
        if (s->state == WS_CLOSING && !s->wants_write)
                finish(s);
        else if (s->state == WS_OPEN)
                continue_members(s);
}

void ws_socket_begin_closing(struct ws_socket *s)
{
        leave_all(s);
        s->state = WS_CLOSING;
        s->deadline_ms = ws_now(s->ws) + WS_CLOSE_MS;
}

void ws_socket_close(struct ws_socket *s, uint16_t code, const char *reason)
{
        struct ws_frame *f;

        if (s->state == WS_CLOSING || s->state == WS_GONE)
                return;
        ws_socket_begin_closing(s);
        ws_reader_answer_no_more(s);
        f = ws_frame_close(code, reason);
        if (!f || !ws_queue_push(&s->queue, f))
                ws_socket_drop(s);
        else
                ws_socket_mark_dirty(s);
        ws_frame_unref(f);
}

static void close_slow(struct ws_socket *s)
{
        s->ws->gateway->counters.ws_closed_slow++;
        ws_queue_drop(&s->queue);
        ws_socket_close(s, WS_CODE_TRY_AGAIN_LATER,
                        "you read too slowly; come back and join with after_seq");
}

void ws_socket_flush(struct ws_socket *s)
{
        if (s->state < WS_CLOSING && s->is_slow)
                close_slow(s);
        if (s->state != WS_GONE)
                write_queue(s);
}

/* Writes in the middle of a turn what waits for its end. A peer that has gone is only marked:
 * somebody may be walking through a room now. */
static void write_early(struct ws_socket *s)
{
        if (s->wants_write || s->is_slow)
                return;
        switch (ws_queue_write(&s->queue, s->fd)) {
        case WS_WRITTEN_BROKEN:
                s->is_slow = true;
                ws_socket_mark_dirty(s);
                break;
        case WS_WRITTEN_SOME:
                s->wants_write = true;
                watch(s);
                break;
        case WS_WRITTEN_ALL:
                break;
        }
}

/* Whether n more bytes may wait. Much that comes in one turn says nothing about how the peer reads:
 * what counts is what it does not take. */
bool ws_socket_has_room(struct ws_socket *s, size_t n)
{
        if (s->queue.n_bytes + n > WS_MAX_QUEUE_BYTES)
                write_early(s);
        return !s->is_slow && (s->queue.n == 0 || s->queue.n_bytes + n <= WS_MAX_QUEUE_BYTES);
}

bool ws_socket_is_full(struct ws_socket *s)
{
        if (s->queue.n_bytes > WS_PAGE_QUEUE_BYTES)
                write_early(s);
        return s->queue.n_bytes > WS_PAGE_QUEUE_BYTES;
}

void ws_socket_send(struct ws_socket *s, struct ws_frame *f)
{
        if (s->state == WS_CLOSING || s->state == WS_GONE || s->is_slow)
                return;
        if (f && s->window_bits)
                f = ws_frame_packed(f, &s->ws->deflate, s->window_bits);
        if (!f || !ws_socket_has_room(s, f->n_bytes) || !ws_queue_push(&s->queue, f)) {
                /* Closed at the end of this turn: somebody may be walking through a room now. */
                s->is_slow = true;
                ws_socket_mark_dirty(s);
                return;
        }
        s->ws->gateway->counters.ws_frames_out++;
        if (!s->wants_write)
                ws_socket_mark_dirty(s);
}

void ws_socket_send_text(struct ws_socket *s)
{
        struct ws_frame *f = ws_frame_text(&s->ws->text);

        buffer_clear(&s->ws->text);
        ws_socket_send(s, f);
        ws_frame_unref(f);
}

/* --- what the loop tells --- */

static void on_ready(uv_poll_t *poll, int status, int events)
{
        struct ws_socket *s = poll->data;

        if (status < 0) {
                ws_socket_drop(s);
                return;
        }
        gateway_gather(s->ws->gateway);
        ws_socket_ref(s);
        if (events & UV_READABLE)
                ws_reader_run(s);
        if (events & UV_WRITABLE)
                ws_socket_flush(s);
        ws_socket_unref(s);
}

/* --- beginning --- */

static struct ws_socket *allocate(struct ws *ws, const struct ws_peer *peer)
{
        struct ws_socket *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->ws = ws;
        s->refs = 1;
        s->fd = peer->fd;
        s->release = peer->release;
        s->release_arg = peer->release_arg;
        s->poll.data = s;
        s->window_bits = peer->window_bits;
        if (!ws_reader_init(s, peer->extra_in, peer->n_extra_in)) {
                free(s);
                return NULL;
        }
        snprintf(s->client_address, sizeof(s->client_address), "%s",
                 peer->client_address && *peer->client_address ? peer->client_address : "-");
        return s;
}

static void link_socket(struct ws *ws, struct ws_socket *s)
{
        s->next = ws->sockets;
        if (ws->sockets)
                ws->sockets->prev = s;
        ws->sockets = s;
        ws->n_sockets++;
        ws->refs++;
        s->number = ++ws->n_accepted;
        ws->gateway->counters.ws_connections++;
        ws->gateway->counters.ws_accepted++;
}

void ws_socket_accept(struct ws *ws, const struct ws_peer *peer)
{
        struct ws_socket *s = allocate(ws, peer);

        if (!s) {
                peer->release(peer->release_arg);
                return;
        }
        if (uv_poll_init_socket(ws->gateway->loop, &s->poll, peer->fd) != 0) {
                ws_reader_deinit(s);
                free(s);
                peer->release(peer->release_arg);
                return;
        }
        link_socket(ws, s);
        s->heard_ms = s->allowance_ms = ws_now(ws);
        s->allowance = 2.0 * ws->messages_per_second;
        s->deadline_ms = s->heard_ms + WS_AUTH_MS;
        watch(s);
        gateway_gather(ws->gateway);
        ws_socket_ref(s);
        if (peer->cookie_token && *peer->cookie_token)
                ws_token_present(s, peer->cookie_token);
        if (s->state != WS_GONE && peer->n_extra_in > 0)
                ws_reader_run(s);
        ws_socket_unref(s);
}

static void ping(struct ws_socket *s, uint64_t now)
{
        struct ws_frame *f;

        if (now - s->heard_ms < (uint64_t)WS_PING_MS * (s->n_pings + 1))
                return;
        if (s->n_pings == WS_MAX_PINGS) {
                ws_socket_drop(s);
                return;
        }
        s->n_pings++;
        f = ws_frame_ping();
        ws_socket_send(s, f);
        ws_frame_unref(f);
}

void ws_socket_tick(struct ws_socket *s)
{
        uint64_t now = ws_now(s->ws);
        struct error error;

        switch (s->state) {
        case WS_NEW:
                if (now < s->deadline_ms)
                        break;
                error_set(&error, STATUS_UNAUTHENTICATED, "no token within %d seconds",
                          WS_AUTH_MS / 1000);
                ws_send_error(s, &error, NULL);
                ws_socket_close(s, WS_CODE_AUTH, "no token in time");
                break;
        case WS_CLOSING:
                if (now >= s->deadline_ms)
                        ws_socket_drop(s);
                break;
        case WS_OPEN:
                ping(s, now);
                ws_presence_tick(s, now);
                continue_members(s);
                break;
        case WS_CHECKING:
        case WS_GONE:
                break;
        }
}
