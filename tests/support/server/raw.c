#include "tests/support/server/raw.h"

#include "tests/support/t.h"

#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_MS 60000

void raw_open(struct raw *r, const char *url)
{
        assert_int_equal(nng_req0_open(&r->socket), 0);
        assert_int_equal(
                nng_socket_set_ms(r->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), 0);
        assert_int_equal(nng_socket_set_size(r->socket, NNG_OPT_RECVMAXSZ, FRAME_MAX_BYTES), 0);
        assert_int_equal(nng_socket_set_ms(r->socket, NNG_OPT_RECONNMINT, 10), 0);
        assert_int_equal(nng_socket_set_ms(r->socket, NNG_OPT_RECONNMAXT, 100), 0);
        assert_int_equal(nng_dial(r->socket, url, NULL, NNG_FLAG_NONBLOCK), 0);
}

void raw_close(struct raw *r)
{
        nng_close(r->socket);
}

void raw_send(struct raw *r, const void *data, size_t n, struct raw_pending *ret)
{
        nng_msg *m;

        assert_int_equal(nng_ctx_open(&ret->ctx, r->socket), 0);
        assert_int_equal(nng_aio_alloc(&ret->aio, NULL, NULL), 0);
        assert_int_equal(nng_msg_alloc(&m, 0), 0);
        assert_int_equal(nng_msg_append(m, data, n), 0);
        nng_aio_set_msg(ret->aio, m);
        nng_aio_set_timeout(ret->aio, PATIENCE_MS);
        nng_ctx_send(ret->ctx, ret->aio);
        nng_aio_wait(ret->aio);
        assert_int_equal(nng_aio_result(ret->aio), 0);
}

nng_msg *raw_wait(struct raw_pending *p, int timeout_ms)
{
        nng_msg *m = NULL;

        nng_aio_set_timeout(p->aio, timeout_ms);
        nng_ctx_recv(p->ctx, p->aio);
        nng_aio_wait(p->aio);
        if (nng_aio_result(p->aio) == 0)
                m = nng_aio_get_msg(p->aio);
        nng_ctx_close(p->ctx);
        nng_aio_free(p->aio);
        return m;
}

nng_msg *raw_exchange(struct raw *r, const void *data, size_t n)
{
        struct raw_pending p;
        nng_msg *m;

        raw_send(r, data, n, &p);
        m = raw_wait(&p, PATIENCE_MS);
        assert_non_null(m);
        return m;
}

void raw_append_call(struct buffer *out, uint8_t id, const char *method, const char *token,
                     uint32_t timeout_ms, const ProtobufCMessage *request)
{
        size_t n = request ? protobuf_c_message_get_packed_size(request) : 0;
        AUTO_FREE uint8_t *payload = malloc(n + 1);
        uint8_t ids[FRAME_CALL_ID_BYTES];
        char name[FRAME_MAX_METHOD_BYTES];

        assert_non_null(payload);
        if (request)
                protobuf_c_message_pack(request, payload);
        memset(ids, id, sizeof(ids));
        snprintf(name, sizeof(name), "socializer.v1.%s", method);
        const struct frame_call call = {
                .id = {ids, sizeof(ids)},
                .method = {(const uint8_t *)name, strlen(name)},
                .timeout_ms = timeout_ms,
                .token = {(const uint8_t *)token, token ? strlen(token) : 0},
                .payload = {payload, n},
        };
        frame_append_call(out, &call);
        assert_false(buffer_failed(out));
}

struct frame_reply raw_reply(nng_msg *response, unsigned i)
{
        struct frame_reader r = FRAME_READER(nng_msg_body(response), nng_msg_len(response));
        struct frame_reply reply;
        struct error error = ERROR_INIT;

        for (unsigned at = 0; at <= i; at++) {
                if (frame_next_in_response(&r, &reply, &error) != FRAME_REPLY)
                        fail_msg("there is no reply %u: %s", i, error.text);
        }
        return reply;
}

unsigned raw_count_replies(nng_msg *response)
{
        struct frame_reader r = FRAME_READER(nng_msg_body(response), nng_msg_len(response));
        struct frame_reply reply;
        unsigned n = 0;

        while (frame_next_in_response(&r, &reply, NULL) == FRAME_REPLY)
                n++;
        return n;
}

enum status raw_call(struct raw *r, uint8_t id, const char *method, const char *token,
                     const ProtobufCMessage *request)
{
        AUTO_BUFFER out = BUFFER_INIT;
        enum status st;
        nng_msg *m;

        raw_append_call(&out, id, method, token, 0, request);
        m = raw_exchange(r, out.data, out.n_bytes);
        st = raw_reply(m, 0).status;
        nng_msg_free(m);
        return st;
}
