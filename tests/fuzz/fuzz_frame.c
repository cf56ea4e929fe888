/* common/frame: the RPC envelope, as the service reads it and as a client does. */
#include "tests/fuzz/fuzz.h"

#include "common/frame.h"

#include <string.h>

static void check_inside(struct frame_bytes b, const uint8_t *data, size_t n)
{
        fuzz_must(b.n_bytes == 0 ||
                  (b.data >= data && b.n_bytes <= n && (size_t)(b.data - data) <= n - b.n_bytes));
}

static void check_same(struct frame_bytes a, struct frame_bytes b)
{
        fuzz_must(a.n_bytes == b.n_bytes &&
                  (a.n_bytes == 0 || memcmp(a.data, b.data, a.n_bytes) == 0));
}

/* What was read is written and read once more. */
static void check_call(const struct frame_call *call, const uint8_t *data, size_t n)
{
        const struct frame_bytes *fields[] = {
                &call->id,         &call->method,      &call->token,         &call->payload,
                &call->request_id, &call->traceparent, &call->client_address};
        AUTO_BUFFER out = BUFFER_INIT;
        struct frame_bytes cancel;
        struct frame_call again;
        struct error error;

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                check_inside(*fields[i], data, n);
        frame_append_call(&out, call);
        fuzz_must(out.n_bytes <= frame_call_bytes(call));
        struct frame_reader r = FRAME_READER(out.data, out.n_bytes);
        fuzz_must(frame_next_in_request(&r, &again, &cancel, &error) == FRAME_CALL);
        check_same(again.id, call->id);
        check_same(again.method, call->method);
        check_same(again.token, call->token);
        check_same(again.payload, call->payload);
        check_same(again.client_address, call->client_address);
        fuzz_must(again.timeout_ms == call->timeout_ms);
}

static void read_request(const uint8_t *data, size_t n)
{
        struct frame_reader r = FRAME_READER(data, n);
        struct error error = ERROR_INIT;
        struct frame_bytes cancel;
        struct frame_call call;
        enum frame_kind kind;

        while ((kind = frame_next_in_request(&r, &call, &cancel, &error)) > FRAME_END) {
                if (kind == FRAME_CALL)
                        check_call(&call, data, n);
                else
                        check_inside(cancel, data, n);
        }
        if (kind == FRAME_BAD)
                fuzz_check_error(STATUS_INVALID_ARGUMENT, &error);
}

static void check_reply(const struct frame_reply *reply, const uint8_t *data, size_t n)
{
        AUTO_BUFFER out = BUFFER_INIT;
        struct frame_reply again;
        struct error error;

        check_inside(reply->payload, data, n);
        if (reply->status != STATUS_OK && *reply->error.text)
                fuzz_check_error(reply->status, &reply->error);
        frame_append_reply(&out, reply);
        struct frame_reader r = FRAME_READER(out.data, out.n_bytes);
        fuzz_must(frame_next_in_response(&r, &again, &error) == FRAME_REPLY);
        fuzz_must(again.status == reply->status);
}

static void read_response(const uint8_t *data, size_t n)
{
        struct frame_reader r = FRAME_READER(data, n);
        struct error error = ERROR_INIT;
        struct frame_reply reply;
        enum frame_kind kind;

        while ((kind = frame_next_in_response(&r, &reply, &error)) > FRAME_END)
                check_reply(&reply, data, n);
        fuzz_must(kind == FRAME_END || *error.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        read_request(data, n);
        read_response(data, n);
        return 0;
}
