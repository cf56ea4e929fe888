/* The RPC envelope, socializer.rpc.v1 (proto/socializer/rpc/v1/envelope.proto), written and read
 * without copying: what a reader returns points into the message it reads. */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include "common/buffer.h"
#include "common/status.h"

#include <stddef.h>
#include <stdint.h>

#define FRAME_CALL_ID_BYTES      16
#define FRAME_MAX_CALLS          256 /* and as many cancels */
#define FRAME_MAX_BYTES          4194304u /* 4 MiB: a whole nng message */
#define FRAME_MAX_PAYLOAD_BYTES  1048576u /* 1 MiB: one request or response message */
#define FRAME_MAX_TOKEN_BYTES    2048
#define FRAME_MAX_METHOD_BYTES   128
#define FRAME_MAX_REQUEST_ID     64
#define FRAME_MAX_TRACEPARENT    64
#define FRAME_MAX_CLIENT_ADDRESS 64

struct frame_bytes {
        const uint8_t *data;
        size_t n_bytes;
};

struct frame_call {
        struct frame_bytes id; /* FRAME_CALL_ID_BYTES */
        struct frame_bytes method;
        uint32_t timeout_ms;
        struct frame_bytes token;
        struct frame_bytes payload;
        struct frame_bytes request_id; /* printable ASCII */
        struct frame_bytes traceparent; /* printable ASCII */
        struct frame_bytes client_address; /* printable ASCII */
};

struct frame_reply {
        enum status status;
        struct error error; /* when status is not OK */
        struct frame_bytes payload;
};

/* Appends one call to a Request. */
void frame_append_call(struct buffer *out, const struct frame_call *call);
/* An upper bound of what frame_append_call() appends. */
size_t frame_call_bytes(const struct frame_call *call);
void frame_append_cancel(struct buffer *out, const uint8_t id[static FRAME_CALL_ID_BYTES]);
/* Appends one reply to a Response. */
void frame_append_reply(struct buffer *out, const struct frame_reply *reply);

/* Walks a message. Usage:
 *     struct frame_reader r = FRAME_READER(data, n);
 *     while ((kind = frame_next_in_request(&r, &call, &cancel, &err)) > FRAME_END) … */
struct frame_reader {
        const uint8_t *at, *end;
        unsigned n_calls, n_cancels; /* so far; replies count as calls */
};
#define FRAME_READER(data, n) \
        ((struct frame_reader){(const uint8_t *)(data), (const uint8_t *)(data) + (n), 0, 0})

enum frame_kind { FRAME_BAD = -1, FRAME_END = 0, FRAME_CALL, FRAME_CANCEL, FRAME_REPLY };

/* FRAME_CALL fills ret_call, FRAME_CANCEL fills ret_cancel. FRAME_BAD: the bytes are no Request, or
 * a limit above is broken; reterr names it. Unknown fields are skipped. */
enum frame_kind frame_next_in_request(struct frame_reader *r, struct frame_call *ret_call,
                                      struct frame_bytes *ret_cancel, struct error *reterr);
enum frame_kind frame_next_in_response(struct frame_reader *r, struct frame_reply *ret_reply,
                                       struct error *reterr);

#endif
