/* The bytes of one connection: reading frames, writing those that wait, and ending it. */
#include "gateway/ws_internal.h"

#include "common/utf8.h"

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
        wslay_event_context_free(s->wslay);
        ws_queue_deinit(&s->queue);
        buffer_deinit(&s->early);
        buffer_deinit(&s->kept);
        free(s);
        ws_unref(ws);
}

static void on_closed(uv_handle_t *handle)
{
        ws_socket_unref(handle->data);
}

/* A page that is loaded anew says that it goes away, and is back in a moment; so is one whose token
 * has been exchanged, which answers our close with its code. */
static bool has_said_goodbye(const struct ws_socket *s)
{
        if (!wslay_event_get_close_received(s->wslay))
                return false;
        switch (wslay_event_get_status_code_received(s->wslay)) {
        case WSLAY_CODE_GOING_AWAY:
        case WS_CODE_AUTH:
                return false;
        default:
                return true;
        }
}

static void leave_all(struct ws_socket *s)
{
        ws_coach_leave(s, has_said_goodbye(s));
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

static void mark_dirty(struct ws_socket *s)
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
        if (wslay_event_get_close_received(s->wslay)) {
                ws_socket_drop(s);
        } else if (s->read_all && !s->shut) {
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

static void begin_closing(struct ws_socket *s)
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
        begin_closing(s);
        /* It would keep an answer to each ping, and nobody would send it. */
        wslay_event_shutdown_write(s->wslay);
        f = ws_frame_close(code, reason);
        if (!f || !ws_queue_push(&s->queue, f))
                ws_socket_drop(s);
        else
                mark_dirty(s);
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
                mark_dirty(s);
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
static bool has_room(struct ws_socket *s, size_t n)
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
        if (!f || !has_room(s, f->n_bytes) || !ws_queue_push(&s->queue, f)) {
                /* Closed at the end of this turn: somebody may be walking through a room now. */
                s->is_slow = true;
                mark_dirty(s);
                return;
        }
        s->ws->gateway->counters.ws_frames_out++;
        if (!s->wants_write)
                mark_dirty(s);
}

void ws_socket_send_text(struct ws_socket *s)
{
        struct ws_frame *f = ws_frame_text(&s->ws->text);

        buffer_clear(&s->ws->text);
        ws_socket_send(s, f);
        ws_frame_unref(f);
}

/* --- reading --- */

static ssize_t read_early(struct ws_socket *s, uint8_t *data, size_t n)
{
        size_t left = s->early.n_bytes - s->n_early_read;

        n = n < left ? n : left;
        memcpy(data, s->early.data + s->n_early_read, n);
        s->n_early_read += n;
        if (n == left) {
                buffer_deinit(&s->early);
                s->early = BUFFER_INIT;
                s->n_early_read = 0;
        }
        return (ssize_t)n;
}

static ssize_t recv_callback(wslay_event_context_ptr ctx, uint8_t *data, size_t n, int flags,
                             void *user_data)
{
        struct ws_socket *s = user_data;
        ssize_t got;

        (void)flags;
        if (s->state == WS_GONE) {
                wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
                return -1;
        }
        if (s->n_early_read < s->early.n_bytes)
                return read_early(s, data, n);
        if (s->read_budget == 0) {
                wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
                return -1;
        }
        do
                got = recv(s->fd, data, n < s->read_budget ? n : s->read_budget, MSG_DONTWAIT);
        while (got < 0 && errno == EINTR);
        if (got > 0) {
                s->read_budget -= (unsigned)got;
                return got;
        }
        wslay_event_set_error(ctx, got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
                                           ? WSLAY_ERR_WOULDBLOCK
                                           : WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
}

/* wslay answers pings and closes by itself; its bytes wait in line with ours. */
static ssize_t send_callback(wslay_event_context_ptr ctx, const uint8_t *data, size_t n, int flags,
                             void *user_data)
{
        struct ws_socket *s = user_data;
        struct ws_frame *f;
        bool pushed;

        (void)flags;
        f = s->state != WS_GONE && has_room(s, n) ? ws_frame_raw(data, n) : NULL;
        pushed = f && ws_queue_push(&s->queue, f);
        ws_frame_unref(f);
        if (!pushed) {
                wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
                return -1;
        }
        mark_dirty(s);
        return (ssize_t)n;
}

/* Keeps a frame until it is known who sent it. */
static void keep(struct ws_socket *s, const uint8_t *text, size_t n)
{
        uint32_t length = (uint32_t)n;

        if (s->kept.n_bytes + n > WS_MAX_FRAME_BYTES) {
                ws_socket_close(s, WSLAY_CODE_POLICY_VIOLATION, "too much before the sign-in");
                return;
        }
        buffer_append(&s->kept, &length, sizeof(length));
        buffer_append(&s->kept, text, n);
        if (buffer_failed(&s->kept))
                ws_socket_close(s, WS_CODE_TRY_AGAIN_LATER, "no memory left");
}

void ws_socket_replay(struct ws_socket *s)
{
        AUTO_BUFFER kept = s->kept;

        s->kept = BUFFER_INIT;
        for (size_t at = 0; at < kept.n_bytes && s->state == WS_OPEN;) {
                uint32_t length;

                memcpy(&length, kept.data + at, sizeof(length));
                at += sizeof(length);
                ws_command_run(s, (const char *)kept.data + at, length);
                at += length;
        }
}

/* Puts the inflated text in the place of a compressed one. False: the socket is closed for it. */
static bool unpack(struct ws_socket *s, const uint8_t **text, size_t *n)
{
        switch (ws_deflate_unpack(&s->ws->deflate, *text, *n, WS_MAX_FRAME_BYTES, text, n)) {
        case WS_UNPACKED:
                break;
        case WS_UNPACKED_BROKEN:
                ws_socket_close(s, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA,
                                "the compressed data is broken");
                return false;
        case WS_UNPACKED_TOO_BIG:
                ws_socket_close(s, WSLAY_CODE_MESSAGE_TOO_BIG, "more than 65536 bytes, inflated");
                return false;
        case WS_UNPACKED_NO_MEMORY:
                ws_socket_close(s, WS_CODE_TRY_AGAIN_LATER, "no memory left");
                return false;
        }
        /* wslay has looked at plain text only. */
        if (!utf8_is_valid(*text, *n)) {
                ws_socket_close(s, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "the text is no UTF-8");
                return false;
        }
        /* It is as much work as if it had come like that. */
        s->read_budget -= (unsigned)(*n < s->read_budget ? *n : s->read_budget);
        return true;
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg,
                       void *user_data)
{
        struct ws_socket *s = user_data;
        const uint8_t *text = arg->msg;
        size_t n = arg->msg_length;

        (void)ctx;
        if (arg->opcode == WSLAY_CONNECTION_CLOSE || s->state == WS_CLOSING || s->state == WS_GONE)
                return;
        /* Before anything is done about it. Pings count: wslay answers them. */
        if (!ws_rate_allow(s, !wslay_is_ctrl_frame(arg->opcode)) ||
            wslay_is_ctrl_frame(arg->opcode))
                return;
        s->ws->gateway->counters.ws_frames_in++;
        if (arg->opcode != WSLAY_TEXT_FRAME) {
                ws_socket_close(s, WSLAY_CODE_UNSUPPORTED_DATA, "want text frames");
                return;
        }
        if (wslay_get_rsv1(arg->rsv) && !unpack(s, &text, &n))
                return;
        ws_rate_charge(s, n);
        if (s->state == WS_CHECKING)
                keep(s, text, n);
        else
                ws_command_run(s, (const char *)text, n);
}

/* Reads what nobody looks at any more, until the end. */
static void discard(struct ws_socket *s)
{
        char nothing[4096];
        ssize_t n;

        do
                n = recv(s->fd, nothing, sizeof(nothing), MSG_DONTWAIT);
        while (n < 0 && errno == EINTR);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
                ws_socket_drop(s);
}

/* wslay reads no more: the peer has closed, or has broken the protocol and is told so. */
static void end_reading(struct ws_socket *s)
{
        s->read_all = true;
        if (s->state != WS_CLOSING)
                begin_closing(s);
        mark_dirty(s);
}

static void read_frames(struct ws_socket *s)
{
        if (s->read_all) {
                discard(s);
                return;
        }
        s->read_budget = READ_BUDGET_BYTES;
        s->heard_ms = ws_now(s->ws);
        s->n_pings = 0;
        if (wslay_event_recv(s->wslay) != 0) {
                ws_socket_drop(s);
                return;
        }
        /* After a close of ours, wslay's answer to the peer's would be a second one. */
        if (s->state != WS_GONE && s->state != WS_CLOSING && wslay_event_want_write(s->wslay) &&
            wslay_event_send(s->wslay) != 0) {
                ws_socket_drop(s);
                return;
        }
        if (s->state != WS_GONE && !wslay_event_want_read(s->wslay))
                end_reading(s);
}

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
                read_frames(s);
        if (events & UV_WRITABLE)
                ws_socket_flush(s);
        ws_socket_unref(s);
}

/* --- beginning --- */

static struct ws_socket *allocate(struct ws *ws, const struct ws_peer *peer)
{
        static const struct wslay_event_callbacks callbacks = {
                .recv_callback = recv_callback,
                .send_callback = send_callback,
                .on_msg_recv_callback = on_message,
        };
        struct ws_socket *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->ws = ws;
        s->refs = 1;
        s->fd = peer->fd;
        s->release = peer->release;
        s->release_arg = peer->release_arg;
        s->poll.data = s;
        buffer_append(&s->early, peer->extra_in, peer->n_extra_in);
        if (buffer_failed(&s->early) ||
            wslay_event_context_server_init(&s->wslay, &callbacks, s) != 0) {
                buffer_deinit(&s->early);
                free(s);
                return NULL;
        }
        wslay_event_config_set_max_recv_msg_length(s->wslay, WS_MAX_FRAME_BYTES);
        s->window_bits = peer->window_bits;
        if (s->window_bits)
                wslay_event_config_set_allowed_rsv_bits(s->wslay, WSLAY_RSV1_BIT);
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
                wslay_event_context_free(s->wslay);
                buffer_deinit(&s->early);
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
        if (s->state != WS_GONE && s->early.n_bytes > 0)
                read_frames(s);
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
