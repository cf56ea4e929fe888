/* One HTTP request from its first line to the last byte of its answer.
 *
 *     HEAD ──▶ BODY ──▶ RUNNING ──▶ READY ──▶ SENT
 *       │        └───────────────────▲
 *       └─ refused without a body ───┘
 *
 * HEAD: the request line is here. BODY: headers are read and fit, the body arrives; DISCARD is the
 * same for a body that nobody will read. RUNNING: the service works; libmicrohttpd polls for the
 * answer of a read, for a moment, and is suspended else. READY: the answer is made. SENT:
 * libmicrohttpd has it, of a stream (gateway/stream.h) as far as it has come. */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/frame.h"
#include "gateway/headers.h"
#include "gateway/router.h"
#include "gateway/server.h"

#define REQUEST_MAX_BODY_BYTES    ((size_t)1 << 20)
#define REQUEST_MAX_DISCARD_BYTES ((size_t)8 << 20)
#define REQUEST_MAX_HEADER_BYTES  ((size_t)8 << 10)
#define REQUEST_MAX_TARGET_BYTES  ((size_t)4 << 10)

enum request_state {
        REQUEST_HEAD,
        REQUEST_BODY,
        REQUEST_DISCARD,
        REQUEST_RUNNING,
        REQUEST_READY,
        REQUEST_SENT,
};

/* Makes the answer out of how a call ended; response is NULL unless status is SOC_OK. */
struct request;
typedef void (*request_finish)(struct request *r, soc_status status,
                               const ProtobufCMessage *response, const struct error *error);

struct request {
        struct request *next; /* on the server's list of spare ones */
        struct server *server;
        struct conn *conn;
        struct MHD_Connection *connection;
        enum request_state state;
        bool polled; /* libmicrohttpd asks for the answer in each of its runs */
        bool suspended; /* libmicrohttpd leaves the connection alone until it is resumed */
        bool is_unreachable; /* given up because the service is away */
        uint64_t started_ns;

        struct buffer target; /* the request target: path, then the query */
        char *path;
        char *query; /* NULL = none */
        const char *verb_text;
        enum verb verb; /* GET for HEAD too */
        bool is_head;
        struct headers headers;
        struct buffer body;
        size_t n_body_bytes; /* discarded ones included */
        size_t n_body_counted; /* in the server's body_bytes */
        bool is_server_full; /* why the body is discarded: 503, not 413 */

        char request_id[FRAME_MAX_REQUEST_ID + 1];
        uint8_t call_id[FRAME_CALL_ID_BYTES];
        char client_address[PROXY_ADDR_SIZE];
        bool is_tls; /* says a trusted proxy */
        const char *token; /* of the headers, or in the arena; "" = none */
        bool token_from_cookie;
        bool ends_sessions; /* the call may, of this user; 0 = the caller */
        int64_t ends_sessions_of;

        struct router_match match;
        struct arena arena;
        request_finish finish;
        soc_pending *pending;
        struct download *download; /* of an export, which is sent in parts; NULL = none */
        struct stream *stream; /* of an answer that is sent while it is made; NULL = none */

        unsigned http_status;
        unsigned window_bits; /* that a WebSocket has agreed on; 0 = nothing is compressed */
        struct MHD_Response *response;
        struct buffer out; /* what the response's body points to */
        bool cacheable; /* the answer brings its own Cache-Control */
};

/* For libmicrohttpd: MHD_OPTION_URI_LOG_CALLBACK, the access handler, and
 * MHD_OPTION_NOTIFY_COMPLETED. cls is the server. */
void *request_on_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *verb, const char *version, const char *upload,
                                  size_t *upload_bytes, void **req_cls);
void request_on_completed(void *cls, struct MHD_Connection *connection, void **req_cls,
                          enum MHD_RequestTerminationCode code);

/* Starts a call; the connection waits until it has ended and finish has made the answer. The
 * options are told here which request it is for, and whose; of these token "" = none. Where the
 * call cannot start, finish runs at once. */
void request_call(struct request *r, const char *method, const ProtobufCMessage *message,
                  const soc_call_options *options, request_finish finish);
/* Leaves the connection alone, until request_resume(). */
void request_suspend(struct request *r);
/* Nothing where it is not suspended. */
void request_resume(struct request *r);
/* The client has left: ends the call. */
void request_abandon(struct request *r);
/* The service is away for too long: ends the call with UNAVAILABLE. */
void request_give_up(struct request *r);
/* The host that the client meant: of X-Forwarded-Host where a trusted proxy says so; NULL =
 * unknown. */
const char *request_host(const struct request *r);
/* Frees one that is on no list. */
struct request *request_free(struct request *r);

#endif
