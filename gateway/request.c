#include "gateway/request.h"

#include "common/clock.h"
#include "common/log.h"
#include "gateway/download.h"
#include "gateway/endpoint.h"
#include "gateway/reply.h"
#include "gateway/stream.h"
#include "gateway/token.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define ARENA_BYTES      ((size_t)64 << 20) /* a body of 1 MiB as a tree of messages */
#define KEEP_BYTES       ((size_t)64 << 10) /* what a spare request may hold on to */
#define RANDOM_POOL_SIZE 1024

/* Random bytes, asked of the system for many requests at once. */
static void random_id(uint8_t id[static FRAME_CALL_ID_BYTES])
{
        static uint8_t pool[RANDOM_POOL_SIZE];
        static size_t used = RANDOM_POOL_SIZE;

        if (used == sizeof(pool)) {
                randombytes_buf(pool, sizeof(pool));
                used = 0;
        }
        memcpy(id, pool + used, FRAME_CALL_ID_BYTES);
        used += FRAME_CALL_ID_BYTES;
}

static struct request *request_new(struct server *s)
{
        struct request *r = s->spare;

        if (r) {
                s->spare = r->next;
                s->n_spare--;
                r->next = NULL;
                return r;
        }
        r = calloc(1, sizeof(*r));
        if (r)
                arena_init(&r->arena, ARENA_BYTES);
        return r;
}

struct request *request_free(struct request *r)
{
        if (!r)
                return NULL;
        arena_deinit(&r->arena);
        buffer_deinit(&r->target);
        buffer_deinit(&r->body);
        buffer_deinit(&r->out);
        free(r);
        return NULL;
}

static void clear_or_drop(struct buffer *b)
{
        if (b->capacity > KEEP_BYTES || b->failed) {
                buffer_deinit(b);
                *b = BUFFER_INIT;
        } else {
                buffer_clear(b);
        }
}

/* Keeps the memory of a request for the next one. */
static void request_spare(struct server *s, struct request *r)
{
        r->stream = stream_free(r->stream);
        r->download = download_free(r->download);
        if (s->n_spare == SERVER_MAX_SPARE || r->arena.used_bytes > KEEP_BYTES) {
                request_free(r);
                return;
        }
        arena_reset(&r->arena);
        clear_or_drop(&r->target);
        clear_or_drop(&r->body);
        clear_or_drop(&r->out);
        *r = (struct request){.next = s->spare,
                              .arena = r->arena,
                              .target = r->target,
                              .body = r->body,
                              .out = r->out};
        s->spare = r;
        s->n_spare++;
}

static struct conn *conn_of(struct MHD_Connection *connection)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

void *request_on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
        struct server *s = cls;
        struct conn *conn = conn_of(connection);
        struct request *r = conn ? request_new(s) : NULL;

        if (!r)
                return NULL;
        r->server = s;
        r->conn = conn;
        r->connection = connection;
        r->started_ns = clock_mono_ns();
        conn->request = r;
        conn_enter(&s->conns, conn, CONN_HEAD, uv_now(s->gateway->loop));

        /* A proxy's form, "GET http://host/path", means the path. */
        const char *authority = strncasecmp(target, "http://", 7) == 0 ? target + 7 : NULL;
        if (authority)
                target = authority + strcspn(authority, "/?");
        size_t n = strlen(target);
        /* One byte more than what is allowed tells that it was too long. */
        buffer_append(&r->target, target,
                      n > REQUEST_MAX_TARGET_BYTES ? REQUEST_MAX_TARGET_BYTES + 1 : n);
        buffer_append_char(&r->target, '\0');
        return r;
}

/* A request id that a proxy gave, if it is fit for logs. */
static bool request_id_sane(const char *id)
{
        size_t n = 0;

        for (; id[n]; n++)
                if (n == FRAME_MAX_REQUEST_ID || id[n] <= ' ' || id[n] > '~' || id[n] == '"' ||
                    id[n] == '\\')
                        return false;
        return n > 0;
}

static void identify(struct request *r)
{
        const struct headers *h = &r->headers;
        struct address address;

        random_id(r->call_id);
        if (h->x_request_id && request_id_sane(h->x_request_id))
                memcpy(r->request_id, h->x_request_id, strlen(h->x_request_id) + 1);
        else
                sodium_bin2hex(r->request_id, sizeof(r->request_id), r->call_id,
                               sizeof(r->call_id));

        proxies_client(&r->server->proxies, &r->conn->peer, h->x_forwarded_for, &address);
        address_format(&address, r->client_address);
        r->is_tls = h->x_forwarded_proto && strcasecmp(h->x_forwarded_proto, "https") == 0 &&
                    proxies_trusted(&r->server->proxies, &r->conn->peer);
}

/* Refuses before the body; what follows on the connection is not read. */
static void refuse(struct request *r, unsigned http_status, enum status status, const char *text)
{
        reply_errorf(r, http_status, status, "%s", text);
        reply_close(r);
}

/* Whether the body announced may be read at all, or has to be thrown away. */
static void check_length(struct request *r)
{
        uint64_t n = r->headers.content_length ? strtoull(r->headers.content_length, NULL, 10) : 0;

        r->state = REQUEST_BODY;
        if (n <= REQUEST_MAX_BODY_BYTES)
                return;
        /* A client that is in the middle of sending does not read: take the body in, if it is not
         * huge, so that it sees the answer instead of a reset connection. */
        if (n <= REQUEST_MAX_DISCARD_BYTES && !r->headers.expect)
                r->state = REQUEST_DISCARD;
        else
                refuse(r, 413, STATUS_RESOURCE_EXHAUSTED, "the body is larger than 1 MiB");
}

static void begin(struct request *r, const char *verb, const char *version)
{
        bool is_http11 = strcmp(version, "HTTP/1.1") == 0;
        struct server *s = r->server;

        r->verb_text = verb;
        r->is_head = strcmp(verb, "HEAD") == 0;
        headers_read(r->connection, &r->headers);
        identify(r);
        conn_enter(&s->conns, r->conn, CONN_BODY, uv_now(s->gateway->loop));

        const char *fault = headers_fault(&r->headers, is_http11);
        if (fault) {
                refuse(r, 400, STATUS_INVALID_ARGUMENT, fault);
        } else if (buffer_failed(&r->target)) {
                refuse(r, 503, STATUS_UNAVAILABLE, "out of memory");
        } else if (r->target.n_bytes > REQUEST_MAX_TARGET_BYTES + 1) {
                refuse(r, 414, STATUS_INVALID_ARGUMENT, "the address is longer than 4 KiB");
        } else if (r->headers.n_bytes > REQUEST_MAX_HEADER_BYTES) {
                refuse(r, 431, STATUS_INVALID_ARGUMENT, "the headers are larger than 8 KiB");
        } else {
                r->path = (char *)r->target.data;
                r->query = strchr(r->path, '?');
                if (r->query)
                        *r->query++ = '\0';
                check_length(r);
        }
}

static void discard(struct request *r)
{
        r->state = REQUEST_DISCARD;
        r->server->body_bytes -= r->n_body_counted;
        r->n_body_counted = 0;
        buffer_clear(&r->body);
}

static enum MHD_Result take_body(struct request *r, const char *upload, size_t n)
{
        struct server *s = r->server;

        r->n_body_bytes += n;
        if (r->state == REQUEST_BODY && r->n_body_bytes > REQUEST_MAX_BODY_BYTES) {
                discard(r); /* a chunked one, whose length nobody announced */
        } else if (r->state == REQUEST_BODY && s->body_bytes + n > SERVER_MAX_BODY_BYTES) {
                r->is_server_full = true;
                discard(r);
        }
        if (r->state == REQUEST_DISCARD)
                return r->n_body_bytes <= REQUEST_MAX_DISCARD_BYTES ? MHD_YES : MHD_NO;

        s->busy = true;
        s->body_bytes += n;
        r->n_body_counted += n;
        buffer_append(&r->body, upload, n);
        return MHD_YES;
}

static void answer(struct request *r)
{
        if (r->state == REQUEST_DISCARD && !r->is_server_full) {
                reply_errorf(r, 413, STATUS_RESOURCE_EXHAUSTED, "the body is larger than 1 MiB");
                return;
        }
        buffer_append_char(&r->body, '\0'); /* parsers want an end; n_body_bytes is the length */
        if (r->state == REQUEST_DISCARD || buffer_failed(&r->body)) {
                reply_errorf(r, 503, STATUS_UNAVAILABLE, "the gateway is out of memory");
                return;
        }
        endpoint_answer(r);
}

static enum MHD_Result send_answer(struct request *r)
{
        struct server *s = r->server;

        if (!r->response)
                return MHD_NO;
        reply_common_headers(r);
        r->state = REQUEST_SENT;
        s->busy = true;
        conn_enter(&s->conns, r->conn, stream_is_open(r->stream) ? CONN_STREAMING : CONN_SENDING,
                   uv_now(s->gateway->loop));
        enum MHD_Result queued = MHD_queue_response(r->connection, r->http_status, r->response);
        MHD_destroy_response(r->response);
        r->response = NULL;
        return queued;
}

void request_suspend(struct request *r)
{
        if (r->suspended)
                return;
        MHD_suspend_connection(r->connection);
        r->suspended = true;
}

void request_resume(struct request *r)
{
        if (!r->suspended)
                return;
        r->suspended = false;
        MHD_resume_connection(r->connection);
}

static void poll_begin(struct request *r)
{
        r->polled = true;
        r->server->n_polled++;
}

static void poll_end(struct request *r)
{
        r->polled = false;
        r->server->n_polled--;
}

/* libmicrohttpd asks for the answer, as it does in each of its runs. */
static void poll_again(struct request *r)
{
        if (uv_now(r->server->gateway->loop) - r->conn->since_ms < SERVER_POLLED_MS)
                return;
        poll_end(r);
        request_suspend(r);
}

enum MHD_Result request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *verb, const char *version, const char *upload,
                                  size_t *upload_bytes, void **req_cls)
{
        struct request *r = *req_cls;

        (void)cls;
        (void)connection;
        (void)url; /* changed by libmicrohttpd already; request_on_target() has the real one */
        if (!r)
                return MHD_NO;

        if (r->polled) {
                poll_again(r);
        } else if (r->state == REQUEST_HEAD) {
                begin(r, verb, version);
        } else if (r->state == REQUEST_BODY || r->state == REQUEST_DISCARD) {
                if (*upload_bytes > 0) {
                        size_t n = *upload_bytes;

                        *upload_bytes = 0;
                        return take_body(r, upload, n);
                }
                answer(r);
        }
        return r->state == REQUEST_READY ? send_answer(r) : MHD_YES;
}

static void log_access(const struct request *r, double seconds)
{
        /* The path may hold names, the query anything: the route says enough. */
        LOG(DEBUG, "request", LOG_STR("method", r->verb_text),
            LOG_STR("route", r->match.route ? r->match.route->label : "none"),
            LOG_INT("status", r->http_status), LOG_DOUBLE("seconds", seconds),
            LOG_STR("client", r->client_address), LOG_STR("request_id", r->request_id),
            LOG_STR("traceparent", r->headers.traceparent ? r->headers.traceparent : ""));
}

void request_on_completed(void *cls, struct MHD_Connection *connection, void **req_cls,
                          enum MHD_RequestTerminationCode code)
{
        struct server *s = cls;
        struct request *r = *req_cls;

        (void)connection;
        (void)code;
        if (!r)
                return;
        *req_cls = NULL;
        if (r->response)
                MHD_destroy_response(r->response);
        r->response = NULL;
        if (r->http_status != 0) {
                double seconds = (double)(clock_mono_ns() - r->started_ns) / 1e9;

                metrics_count(&s->metrics, r->match.route, r->http_status, seconds);
                log_access(r, seconds);
        }
        s->body_bytes -= r->n_body_counted;
        if (r->conn) {
                r->conn->request = NULL;
                conn_enter(&s->conns, r->conn, CONN_IDLE, uv_now(s->gateway->loop));
        }
        if (!r->pending) {
                request_spare(s, r);
                return;
        }
        /* The client has left while its call was polled, or its answer streamed. The call still
         * refers to the request, so it goes in on_ended(), which finds nobody to answer. */
        if (r->polled)
                poll_end(r);
        r->connection = NULL;
        r->stream = stream_free(r->stream);
        r->download = download_free(r->download);
        request_abandon(r);
}

const char *request_host(const struct request *r)
{
        if (r->headers.x_forwarded_host && proxies_trusted(&r->server->proxies, &r->conn->peer))
                return r->headers.x_forwarded_host;
        return r->headers.host;
}

static void error_from_soc(const soc_error *from, struct error *ret)
{
        *ret = (struct error){.status = status_from_wire(from->status),
                              .retry_after_ms = from->retry_after_ms};
        memcpy(ret->field, from->field, sizeof(ret->field));
        memcpy(ret->resource, from->resource, sizeof(ret->resource));
        memcpy(ret->text, from->text, sizeof(ret->text));
}

static void on_ended(void *closure, soc_status status, const ProtobufCMessage *response,
                     const soc_error *error)
{
        struct request *r = closure;
        struct error e = ERROR_INIT;

        if (r->pending)
                soc_pending_release(r->pending);
        r->pending = NULL;
        if (!r->connection) { /* request_on_completed() has come first */
                request_spare(r->server, r);
                return;
        }
        if (status != SOC_OK)
                error_from_soc(error, &e);
        if (status == SOC_CANCELLED && r->is_unreachable) {
                status = SOC_UNAVAILABLE;
                error_retry(&e, STATUS_UNAVAILABLE, 1000, "the service cannot be reached");
        } else if (status == SOC_CANCELLED && r->server->gateway->stopping) {
                status = SOC_UNAVAILABLE;
                error_retry(&e, STATUS_UNAVAILABLE, 1000, "the gateway is stopping");
        }
        r->finish(r, status, response, &e);
        if (r->state == REQUEST_RUNNING)
                return; /* for another call */
        if (r->polled)
                poll_end(r);
        else
                request_resume(r);
}

void request_call(struct request *r, const char *method, const ProtobufCMessage *message,
                  const soc_call_options *options, request_finish finish)
{
        struct server *s = r->server;
        bool has_answer = r->state == REQUEST_READY || r->state == REQUEST_SENT; /* a stream */
        const char *trace = r->headers.traceparent;
        soc_call_options named = *options;
        soc_error error;

        r->finish = finish;
        if (!has_answer)
                r->state = REQUEST_RUNNING;
        if (!s->gateway->client) {
                struct error e = {.status = STATUS_UNAVAILABLE, .text = "the gateway is stopping"};

                finish(r, SOC_UNAVAILABLE, NULL, &e);
                return;
        }
        named.request_id = r->request_id;
        named.traceparent =
                trace && token_is_printable(trace, FRAME_MAX_TRACEPARENT) ? trace : NULL;
        named.client_address = r->client_address;
        soc_status status = soc_call_start(s->gateway->client, method, message, &named, on_ended, r,
                                           &r->pending, &error);
        if (status != SOC_OK) {
                struct error e;

                error_from_soc(&error, &e);
                finish(r, status, NULL, &e);
                return;
        }
        if (has_answer)
                return;
        conn_enter(&s->conns, r->conn, CONN_RUNNING, uv_now(s->gateway->loop));
        /* Suspending and resuming takes three system calls: more than being asked a few times. */
        const struct method *m = r->match.route ? r->match.route->method : NULL;
        if (m && m->lane == LANE_READ && !r->stream && s->n_polled < SERVER_MAX_POLLED)
                poll_begin(r);
        else
                request_suspend(r);
}

void request_give_up(struct request *r)
{
        r->is_unreachable = true;
        if (r->pending)
                soc_cancel(r->pending);
        else if (r->stream)
                stream_break(r->stream);
}

void request_abandon(struct request *r)
{
        r->server->metrics.gone++;
        if (r->pending)
                soc_cancel(r->pending);
        else if (r->stream)
                stream_break(r->stream);
}
