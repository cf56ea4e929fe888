/* What comes from a peer: its frames, put together by wslay.
 *
 * wslay has eight kilobytes for a connection, ten times what all else of it takes. So connections
 * borrow: one has a parser only while it is in the middle of a message, which is hardly ever. wslay
 * does not tell whether it holds the beginning of something; the bytes that it was given tell it,
 * beside those of the frames that it has told of. */
#include "gateway/ws_internal.h"

#include "common/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What is read of one socket before others have their turn. */
#define READ_BUDGET_BYTES (64u * 1024)

/* Parsers that nobody uses, kept for who comes next. */
#define MAX_SPARE_PARSERS 16

static struct ws_socket *socket_of(void *user_data)
{
        return ((struct ws_parser *)user_data)->socket;
}

static ssize_t read_early(struct ws_socket *s, uint8_t *data, size_t n)
{
        size_t left = s->reader.early.n_bytes - s->reader.n_early_read;

        n = n < left ? n : left;
        memcpy(data, s->reader.early.data + s->reader.n_early_read, n);
        s->reader.n_early_read += n;
        if (n == left) {
                buffer_deinit(&s->reader.early);
                s->reader.early = BUFFER_INIT;
                s->reader.n_early_read = 0;
        }
        s->reader.n_bytes += n;
        return (ssize_t)n;
}

static ssize_t recv_callback(wslay_event_context_ptr ctx, uint8_t *data, size_t n, int flags,
                             void *user_data)
{
        struct ws_socket *s = socket_of(user_data);
        ssize_t got;

        (void)flags;
        if (s->state == WS_GONE) {
                wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
                return -1;
        }
        if (s->reader.n_early_read < s->reader.early.n_bytes)
                return read_early(s, data, n);
        if (s->reader.budget == 0) {
                wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
                return -1;
        }
        do
                got = recv(s->fd, data, n < s->reader.budget ? n : s->reader.budget, MSG_DONTWAIT);
        while (got < 0 && errno == EINTR);
        if (got > 0) {
                s->reader.budget -= (unsigned)got;
                s->reader.n_bytes += (size_t)got;
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
        struct ws_socket *s = socket_of(user_data);
        struct ws_frame *f;
        bool pushed;

        (void)flags;
        f = s->state != WS_GONE && ws_socket_has_room(s, n) ? ws_frame_raw(data, n) : NULL;
        pushed = f && ws_queue_push(&s->queue, f);
        ws_frame_unref(f);
        if (!pushed) {
                wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
                return -1;
        }
        ws_socket_mark_dirty(s);
        return (ssize_t)n;
}

/* Keeps a frame until it is known who sent it. */
static void keep(struct ws_socket *s, const uint8_t *text, size_t n)
{
        uint32_t length = (uint32_t)n;

        if (s->reader.kept.n_bytes + n > WS_MAX_FRAME_BYTES) {
                ws_socket_close(s, WSLAY_CODE_POLICY_VIOLATION, "too much before the sign-in");
                return;
        }
        buffer_append(&s->reader.kept, &length, sizeof(length));
        buffer_append(&s->reader.kept, text, n);
        if (buffer_failed(&s->reader.kept))
                ws_socket_close(s, WS_CODE_TRY_AGAIN_LATER, "no memory left");
}

void ws_reader_replay(struct ws_socket *s)
{
        AUTO_BUFFER kept = s->reader.kept;

        s->reader.kept = BUFFER_INIT;
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
        s->reader.budget -= (unsigned)(*n < s->reader.budget ? *n : s->reader.budget);
        return true;
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg,
                       void *user_data)
{
        struct ws_socket *s = socket_of(user_data);
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
        s->reader.is_over = true;
        if (s->state != WS_CLOSING)
                ws_socket_begin_closing(s);
        ws_socket_mark_dirty(s);
}

/* Of the header of a frame from a client, whose payload is masked. */
static size_t header_bytes(uint64_t n_payload)
{
        return 2 + (n_payload < 126 ? 0 : n_payload < 65536 ? 2 : 8) + 4;
}

static void on_frame(wslay_event_context_ptr ctx,
                     const struct wslay_event_on_frame_recv_start_arg *arg, void *user_data)
{
        struct ws_reader *r = &socket_of(user_data)->reader;

        (void)ctx;
        r->n_framed += header_bytes(arg->payload_length) + arg->payload_length;
        if (!wslay_is_ctrl_frame(arg->opcode))
                r->in_message = !arg->fin;
}

static struct ws_parser *parser_new(void)
{
        static const struct wslay_event_callbacks callbacks = {
                .recv_callback = recv_callback,
                .send_callback = send_callback,
                .on_frame_recv_start_callback = on_frame,
                .on_msg_recv_callback = on_message,
        };
        struct ws_parser *parser = calloc(1, sizeof(*parser));

        if (!parser)
                return NULL;
        if (wslay_event_context_server_init(&parser->wslay, &callbacks, parser) != 0) {
                free(parser);
                return NULL;
        }
        wslay_event_config_set_max_recv_msg_length(parser->wslay, WS_MAX_FRAME_BYTES);
        return parser;
}

static void parser_free(struct ws_parser *parser)
{
        if (!parser)
                return;
        wslay_event_context_free(parser->wslay);
        free(parser);
}

/* False: no memory. */
static bool borrow(struct ws_socket *s)
{
        struct ws *ws = s->ws;
        struct ws_parser *parser = ws->spare_parsers;

        if (parser) {
                ws->spare_parsers = parser->next;
                ws->n_spare_parsers--;
        } else {
                parser = parser_new();
                if (!parser)
                        return false;
        }
        parser->socket = s;
        wslay_event_config_set_allowed_rsv_bits(parser->wslay,
                                                s->window_bits ? WSLAY_RSV1_BIT : WSLAY_RSV_NONE);
        s->reader.parser = parser;
        s->reader.n_bytes = s->reader.n_framed = 0;
        if (s->state == WS_CLOSING)
                ws_reader_answer_no_more(s);
        return true;
}

/* Between two messages, a parser is as good as a new one. */
static void give_back(struct ws_socket *s)
{
        struct ws_reader *r = &s->reader;
        struct ws_parser *parser = r->parser;
        struct ws *ws = s->ws;

        if (!parser || s->state >= WS_CLOSING || r->in_message || r->n_bytes != r->n_framed ||
            wslay_event_want_write(parser->wslay))
                return;
        r->parser = NULL;
        if (ws->n_spare_parsers == MAX_SPARE_PARSERS) {
                parser_free(parser);
                return;
        }
        parser->socket = NULL;
        parser->next = ws->spare_parsers;
        ws->spare_parsers = parser;
        ws->n_spare_parsers++;
}

void ws_reader_free_spare(struct ws *ws)
{
        for (struct ws_parser *parser; (parser = ws->spare_parsers);) {
                ws->spare_parsers = parser->next;
                parser_free(parser);
        }
        ws->n_spare_parsers = 0;
}

void ws_reader_run(struct ws_socket *s)
{
        if (s->reader.is_over) {
                discard(s);
                return;
        }
        if (!s->reader.parser && !borrow(s)) {
                ws_socket_drop(s);
                return;
        }
        s->reader.budget = READ_BUDGET_BYTES;
        s->heard_ms = ws_now(s->ws);
        s->n_pings = 0;
        if (wslay_event_recv(s->reader.parser->wslay) != 0) {
                ws_socket_drop(s);
                return;
        }
        /* After a close of ours, wslay's answer to the peer's would be a second one. */
        if (s->state != WS_GONE && s->state != WS_CLOSING &&
            wslay_event_want_write(s->reader.parser->wslay) &&
            wslay_event_send(s->reader.parser->wslay) != 0) {
                ws_socket_drop(s);
                return;
        }
        if (s->state != WS_GONE && !wslay_event_want_read(s->reader.parser->wslay))
                end_reading(s);
        give_back(s);
}

bool ws_reader_init(struct ws_socket *s, const char *early, size_t n_early)
{
        if (n_early > 0)
                buffer_append(&s->reader.early, early, n_early);
        if (!buffer_failed(&s->reader.early))
                return true;
        buffer_deinit(&s->reader.early);
        return false;
}

void ws_reader_deinit(struct ws_socket *s)
{
        parser_free(s->reader.parser);
        buffer_deinit(&s->reader.early);
        buffer_deinit(&s->reader.kept);
}

void ws_reader_answer_no_more(struct ws_socket *s)
{
        /* It would keep an answer to each ping, and nobody would send it. */
        if (s->reader.parser)
                wslay_event_shutdown_write(s->reader.parser->wslay);
}

bool ws_reader_has_close(const struct ws_socket *s)
{
        return s->reader.parser && wslay_event_get_close_received(s->reader.parser->wslay);
}

/* A page that is loaded anew says that it goes away, and is back in a moment; so is one whose token
 * has been exchanged, which answers our close with its code. */
bool ws_reader_has_goodbye(const struct ws_socket *s)
{
        if (!ws_reader_has_close(s))
                return false;
        switch (wslay_event_get_status_code_received(s->reader.parser->wslay)) {
        case WSLAY_CODE_GOING_AWAY:
        case WS_CODE_AUTH:
                return false;
        default:
                return true;
        }
}
