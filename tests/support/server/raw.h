/* Requests as bytes, for what no client would send. */
#ifndef TESTS_SUPPORT_SERVER_RAW_H
#define TESTS_SUPPORT_SERVER_RAW_H

#include "common/buffer.h"
#include "common/frame.h"

#include <nng/nng.h>
#include <protobuf-c/protobuf-c.h>

/* A connection to a service. */
struct raw {
        nng_socket socket;
};

void raw_open(struct raw *r, const char *url);
void raw_close(struct raw *r);

/* A request on its way. */
struct raw_pending {
        nng_ctx ctx;
        nng_aio *aio;
};

void raw_send(struct raw *r, const void *data, size_t n, struct raw_pending *ret);
/* The reply, to be freed; NULL when none came within timeout_ms. Ends the request. */
nng_msg *raw_wait(struct raw_pending *p, int timeout_ms);
/* Both, with patience. */
nng_msg *raw_exchange(struct raw *r, const void *data, size_t n);

/* Appends a call of a method ("UserService/GetMe"). id: one byte that is repeated. */
void raw_append_call(struct buffer *out, uint8_t id, const char *method, const char *token,
                     uint32_t timeout_ms, const ProtobufCMessage *request);
/* The i-th reply of a response; payload points into it. Fails when there is none. */
struct frame_reply raw_reply(nng_msg *response, unsigned i);
unsigned raw_count_replies(nng_msg *response);
/* One call and its reply's status. */
enum status raw_call(struct raw *r, uint8_t id, const char *method, const char *token,
                     const ProtobufCMessage *request);

#endif
