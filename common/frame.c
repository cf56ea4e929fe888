#include "common/frame.h"

#include <stdio.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Field numbers of envelope.proto. */
enum { REQUEST_CALLS = 1, REQUEST_CANCEL = 2, RESPONSE_REPLIES = 1 };
enum {
        CALL_ID = 1,
        CALL_METHOD,
        CALL_TIMEOUT,
        CALL_TOKEN,
        CALL_PAYLOAD,
        CALL_REQUEST_ID,
        CALL_TRACEPARENT,
        CALL_CLIENT_ADDRESS
};
enum { REPLY_CODE = 1, REPLY_MESSAGE, REPLY_DETAILS, REPLY_PAYLOAD };
enum { DETAIL_FIELD = 1, DETAIL_RETRY, DETAIL_RESOURCE };

/* --- writing --- */

static size_t varint_bytes(uint64_t value)
{
        size_t n = 1;

        while (value >= 0x80) {
                value >>= 7;
                n++;
        }
        return n;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value)
{
        while (value >= 0x80) {
                *at++ = (uint8_t)(value | 0x80);
                value >>= 7;
        }
        *at++ = (uint8_t)value;
        return at;
}

/* All our field numbers are below 16: a tag is one byte. */
static uint8_t *put_tag(uint8_t *at, unsigned field, enum wire_type type)
{
        *at++ = (uint8_t)(field << 3 | type);
        return at;
}

/* proto3 leaves empty fields out. */
static size_t bytes_field_bytes(size_t n)
{
        return n ? 1 + varint_bytes(n) + n : 0;
}

static uint8_t *put_bytes(uint8_t *at, unsigned field, const void *data, size_t n)
{
        if (!n)
                return at;
        at = put_tag(at, field, WIRE_BYTES);
        at = put_varint(at, n);
        memcpy(at, data, n);
        return at + n;
}

static uint8_t *put_frame_bytes(uint8_t *at, unsigned field, struct frame_bytes b)
{
        return put_bytes(at, field, b.data, b.n_bytes);
}

static size_t varint_field_bytes(uint64_t value)
{
        return value ? 1 + varint_bytes(value) : 0;
}

static uint8_t *put_varint_field(uint8_t *at, unsigned field, uint64_t value)
{
        if (!value)
                return at;
        return put_varint(put_tag(at, field, WIRE_VARINT), value);
}

static size_t call_body_bytes(const struct frame_call *c)
{
        return bytes_field_bytes(c->id.n_bytes) + bytes_field_bytes(c->method.n_bytes) +
               varint_field_bytes(c->timeout_ms) + bytes_field_bytes(c->token.n_bytes) +
               bytes_field_bytes(c->payload.n_bytes) + bytes_field_bytes(c->request_id.n_bytes) +
               bytes_field_bytes(c->traceparent.n_bytes) +
               bytes_field_bytes(c->client_address.n_bytes);
}

size_t frame_call_bytes(const struct frame_call *call)
{
        size_t body = call_body_bytes(call);

        return 1 + varint_bytes(body) + body;
}

void frame_append_call(struct buffer *out, const struct frame_call *call)
{
        size_t body = call_body_bytes(call);
        uint8_t *at = buffer_reserve(out, 1 + varint_bytes(body) + body);

        if (!at)
                return;
        at = put_varint(put_tag(at, REQUEST_CALLS, WIRE_BYTES), body);
        at = put_frame_bytes(at, CALL_ID, call->id);
        at = put_frame_bytes(at, CALL_METHOD, call->method);
        at = put_varint_field(at, CALL_TIMEOUT, call->timeout_ms);
        at = put_frame_bytes(at, CALL_TOKEN, call->token);
        at = put_frame_bytes(at, CALL_PAYLOAD, call->payload);
        at = put_frame_bytes(at, CALL_REQUEST_ID, call->request_id);
        at = put_frame_bytes(at, CALL_TRACEPARENT, call->traceparent);
        at = put_frame_bytes(at, CALL_CLIENT_ADDRESS, call->client_address);
        out->n_bytes = (size_t)(at - out->data);
}

void frame_append_cancel(struct buffer *out, const uint8_t id[static FRAME_CALL_ID_BYTES])
{
        uint8_t *at = buffer_reserve(out, bytes_field_bytes(FRAME_CALL_ID_BYTES));

        if (!at)
                return;
        at = put_bytes(at, REQUEST_CANCEL, id, FRAME_CALL_ID_BYTES);
        out->n_bytes = (size_t)(at - out->data);
}

/* One ErrorDetail with one message of at most two strings (or a number) inside. */
static void append_detail(struct buffer *out, unsigned kind, uint32_t number, const char *first,
                          size_t n_first, const char *second)
{
        size_t n_second = second ? strlen(second) : 0;
        size_t inner = varint_field_bytes(number) + bytes_field_bytes(n_first) +
                       bytes_field_bytes(n_second);
        size_t detail = 1 + varint_bytes(inner) + inner;
        uint8_t *at = buffer_reserve(out, 1 + varint_bytes(detail) + detail);

        if (!at)
                return;
        at = put_varint(put_tag(at, REPLY_DETAILS, WIRE_BYTES), detail);
        at = put_varint(put_tag(at, kind, WIRE_BYTES), inner);
        at = put_varint_field(at, 1, number);
        at = put_bytes(at, 1, first, n_first);
        at = put_bytes(at, 2, second, n_second);
        out->n_bytes = (size_t)(at - out->data);
}

static void append_details(struct buffer *out, const struct error *e)
{
        if (e->field[0])
                append_detail(out, DETAIL_FIELD, 0, e->field, strlen(e->field),
                              error_description(e));
        if (e->retry_after_ms)
                append_detail(out, DETAIL_RETRY, e->retry_after_ms, NULL, 0, NULL);
        if (e->resource[0]) {
                const char *space = strchr(e->resource, ' ');
                size_t n = space ? (size_t)(space - e->resource) : strlen(e->resource);
                append_detail(out, DETAIL_RESOURCE, 0, e->resource, n, space ? space + 1 : NULL);
        }
}

static void append_reply_error(struct buffer *out, const struct frame_reply *reply)
{
        AUTO_BUFFER body = BUFFER_INIT;
        size_t n_text = strlen(reply->error.text);
        uint8_t *at = buffer_reserve(&body, 16 + bytes_field_bytes(n_text));

        if (at) {
                at = put_varint_field(at, REPLY_CODE, reply->status);
                at = put_bytes(at, REPLY_MESSAGE, reply->error.text, n_text);
                body.n_bytes = (size_t)(at - body.data);
        }
        append_details(&body, &reply->error);
        at = buffer_reserve(out, 1 + varint_bytes(body.n_bytes) + body.n_bytes);
        if (buffer_failed(&body) || !at) {
                out->failed = true;
                return;
        }
        at = put_varint(put_tag(at, RESPONSE_REPLIES, WIRE_BYTES), body.n_bytes);
        memcpy(at, body.data, body.n_bytes);
        out->n_bytes = (size_t)(at - out->data) + body.n_bytes;
}

void frame_append_reply(struct buffer *out, const struct frame_reply *reply)
{
        size_t body = bytes_field_bytes(reply->payload.n_bytes);
        uint8_t *at;

        if (reply->status != STATUS_OK) {
                append_reply_error(out, reply);
                return;
        }
        at = buffer_reserve(out, 1 + varint_bytes(body) + body);
        if (!at)
                return;
        at = put_varint(put_tag(at, RESPONSE_REPLIES, WIRE_BYTES), body);
        at = put_frame_bytes(at, REPLY_PAYLOAD, reply->payload);
        out->n_bytes = (size_t)(at - out->data);
}

/* --- reading --- */

static bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
        uint64_t value = 0;

        for (unsigned shift = 0; shift < 70; shift += 7) {
                if (*at == end)
                        return false;
                uint8_t byte = *(*at)++;
                if (shift == 63 && byte > 1)
                        return false;
                value |= (uint64_t)(byte & 0x7f) << shift;
                if (!(byte & 0x80)) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

/* One field: its number, and its content as a number or as bytes. False: truncated or no protobuf.
 */
struct field {
        unsigned number;
        enum wire_type type;
        uint64_t value;
        struct frame_bytes bytes;
};

static bool take(const uint8_t **at, const uint8_t *end, size_t n, struct frame_bytes *ret)
{
        if (n > (size_t)(end - *at))
                return false;
        *ret = (struct frame_bytes){*at, n};
        *at += n;
        return true;
}

static bool get_field(const uint8_t **at, const uint8_t *end, struct field *ret)
{
        uint64_t tag;

        *ret = (struct field){0};
        if (!get_varint(at, end, &tag) || tag >> 3 == 0 || tag >> 3 > 536870911)
                return false;
        ret->number = (unsigned)(tag >> 3);
        ret->type = (enum wire_type)(tag & 7);
        switch (ret->type) {
        case WIRE_VARINT:
                return get_varint(at, end, &ret->value);
        case WIRE_FIXED64:
                return take(at, end, 8, &ret->bytes);
        case WIRE_FIXED32:
                return take(at, end, 4, &ret->bytes);
        case WIRE_BYTES:
                return get_varint(at, end, &ret->value) && ret->value <= SIZE_MAX &&
                       take(at, end, (size_t)ret->value, &ret->bytes);
        }
        return false;
}

static bool is_printable(struct frame_bytes b)
{
        for (size_t i = 0; i < b.n_bytes; i++) {
                if (b.data[i] < 0x20 || b.data[i] > 0x7e)
                        return false;
        }
        return true;
}

/* A field of a Call that is text or bytes, with its limit. */
struct limit {
        const char *name;
        size_t offset;
        size_t max_bytes;
        bool printable;
};

static const struct limit call_limits[] = {
        [CALL_ID] = {"id", offsetof(struct frame_call, id), FRAME_CALL_ID_BYTES, false},
        [CALL_METHOD] = {"method", offsetof(struct frame_call, method), FRAME_MAX_METHOD_BYTES,
                         true},
        [CALL_TOKEN] = {"token", offsetof(struct frame_call, token), FRAME_MAX_TOKEN_BYTES, false},
        [CALL_PAYLOAD] = {"payload", offsetof(struct frame_call, payload), FRAME_MAX_PAYLOAD_BYTES,
                          false},
        [CALL_REQUEST_ID] = {"request_id", offsetof(struct frame_call, request_id),
                             FRAME_MAX_REQUEST_ID, true},
        [CALL_TRACEPARENT] = {"traceparent", offsetof(struct frame_call, traceparent),
                              FRAME_MAX_TRACEPARENT, true},
        [CALL_CLIENT_ADDRESS] = {"client_address", offsetof(struct frame_call, client_address),
                                 FRAME_MAX_CLIENT_ADDRESS, true},
};

static enum status set_call_field(struct frame_call *call, const struct field *f,
                                  struct error *reterr)
{
        if (f->number == CALL_TIMEOUT) {
                if (f->type != WIRE_VARINT)
                        return error_field(reterr, "timeout_ms", "want a number");
                call->timeout_ms = (uint32_t)f->value;
                return STATUS_OK;
        }
        if (f->number >= ARRAY_SIZE(call_limits) || !call_limits[f->number].name)
                return STATUS_OK;
        const struct limit *limit = &call_limits[f->number];
        if (f->type != WIRE_BYTES)
                return error_field(reterr, limit->name, "want bytes");
        if (f->bytes.n_bytes > limit->max_bytes)
                return error_field(reterr, limit->name, "want at most %zu bytes, got %zu",
                                   limit->max_bytes, f->bytes.n_bytes);
        if (limit->printable && !is_printable(f->bytes))
                return error_field(reterr, limit->name, "want printable ASCII");
        memcpy((char *)call + limit->offset, &f->bytes, sizeof(f->bytes));
        return STATUS_OK;
}

static enum status read_call(struct frame_bytes body, struct frame_call *ret, struct error *reterr)
{
        const uint8_t *at = body.data, *end = body.data + body.n_bytes;
        struct field f;

        *ret = (struct frame_call){0};
        while (at < end) {
                if (!get_field(&at, end, &f))
                        return error_field(reterr, "calls", "truncated or no protobuf");
                enum status st = set_call_field(ret, &f, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        if (ret->id.n_bytes != FRAME_CALL_ID_BYTES)
                return error_field(reterr, "id", "want %d bytes, got %zu", FRAME_CALL_ID_BYTES,
                                   ret->id.n_bytes);
        return STATUS_OK;
}

static enum frame_kind bad(struct frame_reader *r)
{
        r->at = r->end;
        return FRAME_BAD;
}

enum frame_kind frame_next_in_request(struct frame_reader *r, struct frame_call *ret_call,
                                      struct frame_bytes *ret_cancel, struct error *reterr)
{
        struct field f;

        if ((size_t)(r->end - r->at) > FRAME_MAX_BYTES) {
                error_set(reterr, STATUS_INVALID_ARGUMENT, "the request: want at most %u bytes",
                          FRAME_MAX_BYTES);
                return bad(r);
        }
        while (r->at < r->end) {
                if (!get_field(&r->at, r->end, &f)) {
                        error_set(reterr, STATUS_INVALID_ARGUMENT,
                                  "the request is truncated or no protobuf");
                        return bad(r);
                }
                if (f.number != REQUEST_CALLS && f.number != REQUEST_CANCEL)
                        continue;
                if (f.type != WIRE_BYTES) {
                        error_set(reterr, STATUS_INVALID_ARGUMENT, "the request is no protobuf");
                        return bad(r);
                }
                unsigned *count = f.number == REQUEST_CALLS ? &r->n_calls : &r->n_cancels;
                if (++*count > FRAME_MAX_CALLS) {
                        error_field(reterr, f.number == REQUEST_CALLS ? "calls" : "cancel",
                                    "want at most %d", FRAME_MAX_CALLS);
                        return bad(r);
                }
                if (f.number == REQUEST_CALLS)
                        return read_call(f.bytes, ret_call, reterr) == STATUS_OK ? FRAME_CALL
                                                                                 : bad(r);
                if (f.bytes.n_bytes != FRAME_CALL_ID_BYTES) {
                        error_field(reterr, "cancel", "want %d bytes, got %zu", FRAME_CALL_ID_BYTES,
                                    f.bytes.n_bytes);
                        return bad(r);
                }
                *ret_cancel = f.bytes;
                return FRAME_CANCEL;
        }
        return FRAME_END;
}

/* A peer's words, cut and made valid as an error's are. */
static void copy_text(char *ret, size_t size, struct frame_bytes b)
{
        struct error e;
        size_t n = b.n_bytes < size - 1 ? b.n_bytes : size - 1;

        error_set(&e, STATUS_UNKNOWN, "%.*s", (int)n, n ? (const char *)b.data : "");
        snprintf(ret, size, "%s", e.text);
}

/* The message inside an ErrorDetail: at most two strings, or a number. */
static bool read_detail(unsigned kind, struct frame_bytes body, struct error *ret)
{
        const uint8_t *at = body.data, *end = body.data + body.n_bytes;
        struct frame_bytes first = {0}, second = {0};
        struct field f;

        while (at < end) {
                if (!get_field(&at, end, &f))
                        return false;
                if (f.number == 1 && f.type == WIRE_VARINT && kind == DETAIL_RETRY)
                        ret->retry_after_ms = (uint32_t)f.value;
                else if (f.number == 1 && f.type == WIRE_BYTES)
                        first = f.bytes;
                else if (f.number == 2 && f.type == WIRE_BYTES)
                        second = f.bytes;
        }
        if (kind == DETAIL_FIELD)
                copy_text(ret->field, sizeof(ret->field), first);
        if (kind == DETAIL_RESOURCE) {
                char type[24], name[sizeof(ret->resource) - sizeof(type)];

                copy_text(type, sizeof(type), first);
                copy_text(name, sizeof(name), second);
                snprintf(ret->resource, sizeof(ret->resource), "%s%s%s", type, *name ? " " : "",
                         name);
        }
        return true;
}

static bool read_details(struct frame_bytes body, struct error *ret)
{
        const uint8_t *at = body.data, *end = body.data + body.n_bytes;
        struct field f;

        while (at < end) {
                if (!get_field(&at, end, &f))
                        return false;
                if (f.type == WIRE_BYTES && f.number >= DETAIL_FIELD &&
                    f.number <= DETAIL_RESOURCE && !read_detail(f.number, f.bytes, ret))
                        return false;
        }
        return true;
}

/* Whether a field that we know has another type than ours; others are a newer contract's. */
static bool is_mistyped(const struct field *f)
{
        if (f->number > REPLY_PAYLOAD)
                return false;
        return f->type != (f->number == REPLY_CODE ? WIRE_VARINT : WIRE_BYTES);
}

static bool read_reply(struct frame_bytes body, struct frame_reply *ret)
{
        const uint8_t *at = body.data, *end = body.data + body.n_bytes;
        struct frame_bytes text = {0};
        struct field f;

        ret->status = STATUS_OK;
        ret->error.retry_after_ms = 0;
        ret->error.field[0] = ret->error.resource[0] = ret->error.text[0] = '\0';
        ret->payload = (struct frame_bytes){0};
        while (at < end) {
                if (!get_field(&at, end, &f) || is_mistyped(&f))
                        return false;
                if (f.number == REPLY_CODE)
                        ret->status = status_from_wire((uint32_t)f.value);
                else if (f.number == REPLY_MESSAGE)
                        text = f.bytes;
                else if (f.number == REPLY_DETAILS && !read_details(f.bytes, &ret->error))
                        return false;
                else if (f.number == REPLY_PAYLOAD)
                        ret->payload = f.bytes;
        }
        ret->error.status = ret->status;
        if (text.n_bytes > 0)
                copy_text(ret->error.text, sizeof(ret->error.text), text);
        return ret->payload.n_bytes <= FRAME_MAX_PAYLOAD_BYTES;
}

enum frame_kind frame_next_in_response(struct frame_reader *r, struct frame_reply *ret_reply,
                                       struct error *reterr)
{
        struct field f;

        while (r->at < r->end) {
                if (!get_field(&r->at, r->end, &f)) {
                        error_set(reterr, STATUS_INTERNAL, "the reply is truncated or no protobuf");
                        return bad(r);
                }
                if (f.number != RESPONSE_REPLIES)
                        continue;
                if (++r->n_calls > FRAME_MAX_CALLS || f.type != WIRE_BYTES ||
                    !read_reply(f.bytes, ret_reply)) {
                        error_set(reterr, STATUS_INTERNAL, "the reply is malformed");
                        return bad(r);
                }
                return FRAME_REPLY;
        }
        return FRAME_END;
}
