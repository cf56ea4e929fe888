#include "gateway/stream.h"

#include "gateway/reply.h"
#include "gateway/sse.h"
#include "gateway/token.h"
#include "gateway/ws.h"

#include <sodium.h>
#include <string.h>

#define WAIT_MS      1000 /* for the subscription; then what it brings is missed */
#define HEARTBEAT_MS 15000
#define LOOK_MS      5000 /* how far the answer is that another one asked for */
#define BLOCK_BYTES  4096

#define GET_ME     "socializer.v1.UserService/GetMe"
#define CHAT       "socializer.v1.CoachService/Chat"
#define GET_ANSWER "socializer.v1.CoachService/GetAnswer"

struct stream {
        struct ws_listener listener;
        struct stream *prev, *next; /* of the server */
        struct request *request;
        Socializer__V1__ChatRequest *chat; /* NULL: another one has asked */
        Socializer__V1__GetAnswerRequest *get; /* NULL: we ask */
        const char *answer_id;
        bool has_begun; /* to ask, once the subscription was there */
        bool ended;
        size_t n_told; /* bytes of the answer that the client has */
        struct buffer out;
        size_t n_out_read;
        uint64_t said_ms; /* the last item */
        uint64_t waits_ms; /* since when for the subscription, or for more of the answer */
};

static uint64_t now_ms(const struct stream *s)
{
        return uv_now(s->request->server->gateway->loop);
}

static struct stream *stream_new(struct request *r)
{
        struct stream *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->request = r;
        s->said_ms = s->waits_ms = now_ms(s);
        s->next = r->server->streams;
        if (s->next)
                s->next->prev = s;
        r->server->streams = s;
        r->stream = s;
        return s;
}

static void unlink_stream(struct stream *s)
{
        if (s->prev)
                s->prev->next = s->next;
        else if (s->request->server->streams == s)
                s->request->server->streams = s->next;
        if (s->next)
                s->next->prev = s->prev;
        s->prev = s->next = NULL;
}

struct stream *stream_free(struct stream *s)
{
        if (!s)
                return NULL;
        unlink_stream(s);
        ws_unlisten(&s->listener);
        buffer_deinit(&s->out);
        free(s);
        return NULL;
}

/* --- to the client --- */

static ssize_t on_read(void *cls, uint64_t position, char *to, size_t max)
{
        struct request *r = cls;
        struct stream *s = r->stream;
        size_t n = s->out.n_bytes - s->n_out_read;

        (void)position;
        if (buffer_failed(&s->out))
                return MHD_CONTENT_READER_END_WITH_ERROR;
        if (n > 0) {
                n = n < max ? n : max;
                memcpy(to, s->out.data + s->n_out_read, n);
                s->n_out_read += n;
                r->server->busy = true;
                return (ssize_t)n;
        }
        buffer_clear(&s->out);
        s->n_out_read = 0;
        if (s->ended)
                return MHD_CONTENT_READER_END_OF_STREAM;
        request_suspend(r);
        return 0;
}

/* Before the first item. */
static void begin_response(struct stream *s)
{
        struct request *r = s->request;

        if (r->state != REQUEST_RUNNING)
                return;
        reply_response(
                r, 200,
                MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, r, NULL));
        reply_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, SSE_CONTENT_TYPE);
        /* Proxies must pass events on as they come. */
        reply_header(r, "X-Accel-Buffering", "no");
}

/* Something was appended. */
static void wake(struct stream *s)
{
        s->said_ms = s->waits_ms = now_ms(s);
        request_resume(s->request);
}

static void take_piece(struct stream *s, size_t offset, const char *text)
{
        size_t n = strlen(text);

        if (s->ended || offset > s->n_told || offset + n <= s->n_told)
                return; /* a hole, or nothing new */
        begin_response(s);
        sse_append_text(&s->out, text + (s->n_told - offset), &s->n_told);
        wake(s);
}

/* Nothing follows. */
static void finish(struct stream *s)
{
        struct request *r = s->request;

        s->ended = true;
        unlink_stream(s);
        ws_unlisten(&s->listener);
        if (r->state == REQUEST_SENT)
                conn_enter(&r->server->conns, r->conn, CONN_SENDING, now_ms(s));
        wake(s);
}

static void finish_well(struct stream *s, const Socializer__V1__ChatResponse *response)
{
        begin_response(s);
        if (strlen(response->response) > s->n_told)
                sse_append_text(&s->out, response->response + s->n_told, &s->n_told);
        sse_append_done(&s->out, response);
        finish(s);
}

static void finish_badly(struct stream *s, const struct error *error)
{
        struct request *r = s->request;

        if (r->state == REQUEST_RUNNING)
                reply_error(r, 0, error);
        else
                sse_append_error(&s->out, error, r->request_id);
        finish(s);
}

bool stream_is_open(const struct stream *s)
{
        return s && !s->ended;
}

void stream_break(struct stream *s)
{
        struct error error;

        error_retry(&error, STATUS_UNAVAILABLE, 1000, "the answer cannot be followed any more");
        finish_badly(s, &error);
}

/* --- calls --- */

static void call(struct stream *s, const char *method, const ProtobufCMessage *message,
                 request_finish on_ended)
{
        struct request *r = s->request;
        bool asks = s->chat && message == &s->chat->base;
        const soc_call_options options = {
                .token = r->token,
                .id = asks ? r->call_id : NULL,
                /* Another answer would not continue the one that has begun. */
                .no_retry = asks,
        };

        request_call(r, method, message, &options, on_ended);
}

static void on_chat(struct request *r, soc_status status, const ProtobufCMessage *response,
                    const struct error *error)
{
        if (status == SOC_OK)
                finish_well(r->stream, (const Socializer__V1__ChatResponse *)response);
        else
                finish_badly(r->stream, error);
}

/* The end of an answer that another one has asked for. What has been told is not needed again, but
 * the client is promised the whole. */
static void finish_followed(struct stream *s, const Socializer__V1__CoachDone *done)
{
        Socializer__V1__ChatResponse response = SOCIALIZER__V1__CHAT_RESPONSE__INIT;
        struct error error = {.status = status_from_wire((uint32_t)done->code)};

        if (error.status != STATUS_OK) {
                error_set(&error, error.status, "%s", done->message);
                finish_badly(s, &error);
                return;
        }
        response.response = done->response;
        response.thread_id = done->thread_id;
        response.engine = done->engine;
        response.notice = done->notice;
        response.answer_id = (char *)s->answer_id;
        finish_well(s, &response);
}

/* The whole of an answer that has ended. */
static void on_whole(struct request *r, soc_status status, const ProtobufCMessage *response,
                     const struct error *error)
{
        const Socializer__V1__GetAnswerResponse *whole =
                (const Socializer__V1__GetAnswerResponse *)response;
        Socializer__V1__CoachDone done = SOCIALIZER__V1__COACH_DONE__INIT;

        if (status != SOC_OK) {
                finish_badly(r->stream, error);
                return;
        }
        done.code = whole->code;
        done.message = whole->message;
        done.thread_id = whole->thread_id;
        done.response = whole->text;
        done.engine = whole->engine;
        done.notice = whole->notice;
        finish_followed(r->stream, &done);
}

static void on_part(struct request *r, soc_status status, const ProtobufCMessage *response,
                    const struct error *error)
{
        const Socializer__V1__GetAnswerResponse *part =
                (const Socializer__V1__GetAnswerResponse *)response;
        struct stream *s = r->stream;

        if (status != SOC_OK) {
                finish_badly(s, error);
                return;
        }
        take_piece(s, (size_t)part->offset, part->text);
        if (!part->is_done || s->ended)
                return;
        s->get->after = 0;
        call(s, GET_ANSWER, &s->get->base, on_whole);
}

static void look(struct stream *s)
{
        s->waits_ms = now_ms(s);
        s->get->after = (int32_t)s->n_told;
        call(s, GET_ANSWER, &s->get->base, on_part);
}

static void begin(struct stream *s)
{
        if (s->has_begun)
                return;
        s->has_begun = true;
        if (s->chat)
                call(s, CHAT, &s->chat->base, on_chat);
        else
                look(s);
}

/* --- events --- */

static void on_ready(struct ws_listener *l)
{
        begin((struct stream *)l);
}

static void on_event(struct ws_listener *l, const Socializer__V1__UserEvent *event)
{
        struct stream *s = (struct stream *)l;

        if (event->event_case == SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DELTA) {
                const Socializer__V1__CoachDelta *delta = event->coach_delta;

                if (strcmp(delta->answer_id, s->answer_id) == 0 && s->has_begun)
                        take_piece(s, (size_t)delta->offset, delta->text);
        } else if (event->event_case == SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DONE && s->get) {
                /* While a look is on its way, that tells. */
                if (strcmp(event->coach_done->answer_id, s->answer_id) == 0 && s->has_begun &&
                    !s->request->pending && !s->ended)
                        finish_followed(s, event->coach_done);
        }
}

static void on_me(struct request *r, soc_status status, const ProtobufCMessage *response,
                  const struct error *error)
{
        const Socializer__V1__GetMeResponse *me = (const Socializer__V1__GetMeResponse *)response;
        struct ws *ws = r->server->gateway->ws;
        struct stream *s = r->stream;
        struct error none;

        if (status != SOC_OK) {
                finish_badly(s, error);
                return;
        }
        s->waits_ms = now_ms(s);
        if (!ws || !me->user ||
            ws_listen(ws, &s->listener, me->user->id, r->token, &none) != STATUS_OK)
                begin(s); /* all of it comes in the end */
}

static void start(struct request *r, Socializer__V1__ChatRequest *chat,
                  Socializer__V1__GetAnswerRequest *get)
{
        static Socializer__V1__GetMeRequest who = SOCIALIZER__V1__GET_ME_REQUEST__INIT;
        struct stream *s = stream_new(r);

        if (!s) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the gateway is out of memory");
                return;
        }
        s->chat = chat;
        s->get = get;
        s->answer_id = chat ? chat->answer_id : get->answer_id;
        s->n_told = get ? (size_t)get->after : 0;
        s->listener.on_ready = on_ready;
        s->listener.on_event = on_event;
        call(s, GET_ME, &who.base, on_me);
}

void stream_chat(struct request *r, Socializer__V1__ChatRequest *chat)
{
        char name[2 * FRAME_CALL_ID_BYTES + 1];

        /* Sent again with the same Idempotency-Key it is the same answer. */
        sodium_bin2hex(name, sizeof(name), r->call_id, sizeof(r->call_id));
        if (*chat->answer_id == '\0')
                chat->answer_id = arena_strdup(&r->arena, name);
        if (chat->answer_id)
                start(r, chat, NULL);
        else
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the gateway is out of memory");
}

void stream_follow(struct request *r, Socializer__V1__GetAnswerRequest *get)
{
        const char *last = r->headers.last_event_id;

        if (last && *last && strlen(last) < 10 && last[strspn(last, "0123456789")] == '\0')
                get->after = (int32_t)strtol(last, NULL, 10);
        start(r, NULL, get);
}

static void tick(struct stream *s)
{
        struct request *r = s->request;
        uint64_t waited_ms = now_ms(s) - s->waits_ms;

        if (r->state == REQUEST_SENT && now_ms(s) - s->said_ms >= HEARTBEAT_MS) {
                sse_append_heartbeat(&s->out);
                wake(s);
        } else if (!s->has_begun && !r->pending && waited_ms >= WAIT_MS) {
                begin(s);
        } else if (s->has_begun && s->get && !r->pending && waited_ms >= LOOK_MS) {
                look(s);
        }
}

void streams_tick(struct server *server)
{
        for (struct stream *s = server->streams, *next; s; s = next) {
                next = s->next;
                tick(s);
        }
}
