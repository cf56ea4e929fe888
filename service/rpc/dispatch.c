#include "service/rpc/dispatch.h"

#include "common/log.h"
#include "common/wire.h"
#include "service/auth/authority.h"

#include <string.h>

#define NS_PER_MS      UINT64_C(1000000)
#define MAX_TIMEOUT_MS (10u * 60 * 1000)

/* Room that is kept in a response for the errors of the calls that do not fit any more. */
#define ERRORS_BYTES (FRAME_MAX_CALLS * DISPATCH_ERROR_BYTES)

static void copy_text(char *to, size_t size, struct frame_bytes from)
{
        size_t n = from.n_bytes < size ? from.n_bytes : size - 1;

        if (n)
                memcpy(to, from.data, n);
        to[n] = '\0';
}

static void id_as_text(const uint8_t id[static FRAME_CALL_ID_BYTES], char *to)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < FRAME_CALL_ID_BYTES; i++) {
                *to++ = digits[id[i] >> 4];
                *to++ = digits[id[i] & 15];
        }
        *to = '\0';
}

void dispatch_begin(struct rpc_server *s, struct call *call, const struct frame_call *frame,
                    const struct method *method, struct arena *arena, uint64_t received_ns)
{
        uint32_t timeout_ms = frame->timeout_ms;

        if (timeout_ms == 0)
                timeout_ms = method ? method->timeout_ms : MAX_TIMEOUT_MS;
        if (timeout_ms > MAX_TIMEOUT_MS)
                timeout_ms = MAX_TIMEOUT_MS;
        call->service = s->service;
        call->method = method;
        call->arena = arena;
        call->caller = (struct caller){0};
        call->deadline = received_ns + timeout_ms * NS_PER_MS;
        memset(call->id, 0, sizeof(call->id));
        if (frame->id.n_bytes == sizeof(call->id))
                memcpy(call->id, frame->id.data, sizeof(call->id));
        if (frame->request_id.n_bytes)
                copy_text(call->request_id, sizeof(call->request_id), frame->request_id);
        else
                id_as_text(call->id, call->request_id);
        copy_text(call->traceparent, sizeof(call->traceparent), frame->traceparent);
        copy_text(call->client_address, sizeof(call->client_address), frame->client_address);
        atomic_init(&call->cancelled, false);
        call->request = NULL;
        call->response = NULL;
        call->payload = frame->payload;
        call->after = NULL;
        call->has_written = false;
}

static bool same_bytes(struct frame_bytes a, struct frame_bytes b)
{
        return a.n_bytes == b.n_bytes && (a.n_bytes == 0 || memcmp(a.data, b.data, a.n_bytes) == 0);
}

static enum status authenticate(struct rpc_server *s, struct call *call, struct frame_bytes token,
                                struct dispatch_memo *memo, struct error *reterr)
{
        /* A gateway forwards for others and says for whom: what only the machine's operator may do
         * is not for those. */
        bool is_direct = call->client_address[0] == '\0';
        enum status st;

        if (token.n_bytes == 0) {
                if (call->method->access == ACCESS_PUBLIC)
                        return STATUS_OK;
                return error_set(reterr, STATUS_UNAUTHENTICATED, "log in first");
        }
        if (!memo->is_valid || memo->is_direct != is_direct || !same_bytes(memo->token, token)) {
                memo->token = token;
                memo->is_direct = is_direct;
                memo->is_valid = true;
                memo->caller = (struct caller){0};
                memo->status = authority_check(s->service->authority, token, is_direct,
                                               call->deadline, &memo->caller, &memo->error);
        }
        st = memo->status;
        /* Whoever has an old token must still be able to log in again. */
        if (st == STATUS_UNAUTHENTICATED && call->method->access == ACCESS_PUBLIC)
                return STATUS_OK;
        if (st == STATUS_OK)
                call->caller = memo->caller;
        else if (reterr)
                *reterr = memo->error;
        return st;
}

static enum status authorise(const struct call *call, struct error *reterr)
{
        if (call->method->access == ACCESS_ADMIN && !call->caller.is_admin)
                return error_set(reterr, STATUS_PERMISSION_DENIED, "%s is for administrators only",
                                 call->method->method);
        return STATUS_OK;
}

/* Users are limited by their number, people who have not logged in by where they come from. */
static enum status limit_rate(struct rpc_server *s, const struct call *call, struct error *reterr)
{
        uint64_t key = (uint64_t)call->caller.user_id;

        if (!call->method->side_effects || call->caller.is_operator)
                return STATUS_OK;
        if (key == 0) {
                if (call->client_address[0] == '\0')
                        return STATUS_OK;
                key = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
                for (const char *at = call->client_address; *at; at++)
                        key = (key ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
                key |= UINT64_C(1) << 63; /* no user's number */
        }
        return rate_take(s->rate, key, clock_mono_ns(), reterr);
}

static enum status unpack(struct call *call, struct error *reterr)
{
        const ProtobufCMessageDescriptor *out = call->method->output->descriptor;
        enum status st = wire_unpack(call->method->input->descriptor, call->payload.data,
                                     call->payload.n_bytes, call->arena, &call->request, reterr);
        if (st != STATUS_OK)
                return st;
        st = wire_validate(call->method->input, call->request, reterr);
        if (st != STATUS_OK)
                return st;
        call->response = arena_alloc(call->arena, out->sizeof_message);
        if (!call->response)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "the request is too large");
        protobuf_c_message_init(out, call->response);
        return STATUS_OK;
}

enum status dispatch_admit(struct rpc_server *s, struct call *call, const struct frame_call *frame,
                           struct dispatch_memo *memo, struct error *reterr)
{
        enum status st;

        if (!call->method)
                return error_set(reterr, STATUS_UNIMPLEMENTED, "there is no method '%.*s'",
                                 (int)frame->method.n_bytes, (const char *)frame->method.data);
        if (frame->id.n_bytes != FRAME_CALL_ID_BYTES)
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "a call's id has %d bytes, not %zu", FRAME_CALL_ID_BYTES,
                                 frame->id.n_bytes);
        st = call_check(call, reterr);
        if (st == STATUS_OK) {
                db_set_request(call->request_id); /* it may look into the database */
                st = authenticate(s, call, frame->token, memo, reterr);
                db_set_request(NULL);
        }
        if (st == STATUS_OK)
                st = authorise(call, reterr);
        if (st == STATUS_OK)
                st = limit_rate(s, call, reterr);
        if (st == STATUS_OK)
                st = unpack(call, reterr);
        return st;
}

enum status dispatch_handle(struct rpc_server *s, struct call *call, struct error *reterr)
{
        call_handler handler = s->handlers[contract_index(call->method)];
        enum status st;

        reterr->status = STATUS_OK;
        db_set_request(call->request_id);
        st = handler(call, call->request, call->response, reterr);
        db_set_request(NULL);
        if (st == STATUS_OK)
                return st;
        /* A handler may return what a statement said without words of its own. */
        if (reterr->status != st)
                return error_set(reterr, st, "%s: %s", call->method->method, status_name(st));
        return st;
}

enum status dispatch_pack(const ProtobufCMessage *message, struct buffer *out,
                          struct frame_bytes *ret, struct error *reterr)
{
        size_t n = protobuf_c_message_get_packed_size(message);
        uint8_t *at;

        if (n > (size_t)FRAME_MAX_PAYLOAD_BYTES)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                 "the answer has %zu bytes, more than %u; ask for less", n,
                                 FRAME_MAX_PAYLOAD_BYTES);
        buffer_clear(out);
        at = buffer_reserve(out, n ? n : 1);
        if (!at)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        protobuf_c_message_pack(message, at);
        *ret = (struct frame_bytes){at, n};
        return STATUS_OK;
}

/* What must not leave the house is logged here, once, and replaced. */
static void hide_internal(const struct call *call, struct frame_reply *reply)
{
        const char *request_id = call ? call->request_id : "";

        LOG(ERROR, "a call failed", LOG_STR("request_id", request_id),
            LOG_STR("traceparent", call ? call->traceparent : ""),
            LOG_STR("method", call && call->method ? call->method->name : ""),
            LOG_STR("code", status_name(reply->status)), LOG_STR("error", reply->error.text));
        error_set(&reply->error, reply->status, "internal error (request %s)", request_id);
}

enum status dispatch_reply(const struct call *call, struct frame_reply *reply, struct buffer *out)
{
        if (reply->status == STATUS_OK &&
            out->n_bytes + reply->payload.n_bytes > FRAME_MAX_BYTES - ERRORS_BYTES)
                reply->status = error_retry(&reply->error, STATUS_RESOURCE_EXHAUSTED, 1,
                                            "the answers of this batch are too large together; "
                                            "send fewer calls at once");
        if (reply->status != STATUS_OK) {
                reply->payload = (struct frame_bytes){NULL, 0};
                if (reply->status == STATUS_INTERNAL || reply->status == STATUS_UNKNOWN)
                        hide_internal(call, reply);
        }
        frame_append_reply(out, reply);
        return reply->status;
}

void dispatch_record(struct rpc_server *s, const struct call *call, enum status status,
                     uint64_t received_ns, uint64_t now_ns)
{
        uint64_t took_ns = now_ns - received_ns;

        metrics_record(s->metrics, call->method, status, took_ns);
        LOG(DEBUG, "call", LOG_STR("request_id", call->request_id),
            LOG_STR("traceparent", call->traceparent),
            LOG_STR("method", call->method ? call->method->name : "unknown"),
            LOG_STR("code", status_name(status)), LOG_INT("us", (int64_t)(took_ns / 1000)));
}
