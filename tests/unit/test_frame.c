/* common/frame.c against what protoc-c makes of envelope.proto, in both directions. */
#include "tests/support/t.h"

#include "common/arena.h"
#include "common/frame.h"
#include "common/wire.h"

#include <socializer/rpc/v1/envelope.pb-c.h>
#include <string.h>

#define N_MUTATIONS 40000
#define ID          "0123456789abcdef"

typedef Socializer__Rpc__V1__Request Request;
typedef Socializer__Rpc__V1__Call Call;
typedef Socializer__Rpc__V1__Response Response;
typedef Socializer__Rpc__V1__Reply Reply;

static struct frame_bytes bytes(const char *text)
{
        return (struct frame_bytes){(const uint8_t *)text, strlen(text)};
}

static struct frame_call sample_call(void)
{
        return (struct frame_call){
                .id = bytes(ID),
                .method = bytes("socializer.v1.UserService/GetMe"),
                .timeout_ms = 12345,
                .token = bytes("token"),
                .payload = bytes("\x08\x01"),
                .request_id = bytes("r-1"),
                .traceparent = bytes("00-1-2-01"),
                .client_address = bytes("127.0.0.1"),
        };
}

static void assert_bytes(struct frame_bytes got, const void *want, size_t n)
{
        assert_int_equal(got.n_bytes, n);
        if (n > 0)
                assert_memory_equal(got.data, want, n);
}

static void assert_same_call(const struct frame_call *got, const Call *want)
{
        assert_bytes(got->id, want->id.data, want->id.len);
        assert_bytes(got->method, want->method, strlen(want->method));
        assert_int_equal(got->timeout_ms, want->timeout_ms);
        assert_bytes(got->token, want->token.data, want->token.len);
        assert_bytes(got->payload, want->payload.data, want->payload.len);
        assert_bytes(got->request_id, want->request_id, strlen(want->request_id));
        assert_bytes(got->traceparent, want->traceparent, strlen(want->traceparent));
        assert_bytes(got->client_address, want->client_address, strlen(want->client_address));
}

/* Reads all of a request; FRAME_END when it is good, else FRAME_BAD. Where want is given, each call
 * and cancel is held against it. */
static enum frame_kind read_request(const void *data, size_t n, const Request *want)
{
        struct frame_reader r = FRAME_READER(data, n);
        struct error err = ERROR_INIT;
        struct frame_call call;
        struct frame_bytes cancel;
        enum frame_kind kind;
        size_t n_calls = 0, n_cancels = 0;

        while ((kind = frame_next_in_request(&r, &call, &cancel, &err)) > FRAME_END) {
                if (kind == FRAME_CALL && want) {
                        assert_true(n_calls < want->n_calls);
                        assert_same_call(&call, want->calls[n_calls]);
                } else if (kind == FRAME_CANCEL && want) {
                        assert_true(n_cancels < want->n_cancel);
                        assert_bytes(cancel, want->cancel[n_cancels].data,
                                     want->cancel[n_cancels].len);
                }
                n_calls += kind == FRAME_CALL;
                n_cancels += kind == FRAME_CANCEL;
        }
        if (kind == FRAME_BAD) {
                assert_status(err.status, STATUS_INVALID_ARGUMENT);
                assert_true(*err.text);
                assert_int_equal(frame_next_in_request(&r, &call, &cancel, &err) > FRAME_END, 0);
        } else if (want) {
                assert_int_equal(n_calls, want->n_calls);
                assert_int_equal(n_cancels, want->n_cancel);
        }
        return kind;
}

static enum frame_kind read_one_call(const struct frame_call *call)
{
        AUTO_BUFFER b = BUFFER_INIT;

        frame_append_call(&b, call);
        assert_false(buffer_failed(&b));
        assert_true(b.n_bytes <= frame_call_bytes(call));
        return read_request(b.data, b.n_bytes, NULL);
}

static void generated_code_reads_what_is_written(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        struct frame_call calls[3] = {sample_call(), sample_call(), {.id = bytes(ID)}};
        AUTO_FREE char *large = calloc(1, 300000);

        (void)state;
        calls[1].payload = (struct frame_bytes){(uint8_t *)large, 300000};
        calls[1].timeout_ms = UINT32_MAX;
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
                frame_append_call(&b, &calls[i]);
        frame_append_cancel(&b, (const uint8_t *)"fedcba9876543210");

        Request *request = socializer__rpc__v1__request__unpack(NULL, b.n_bytes, b.data);
        assert_non_null(request);
        assert_int_equal(request->n_calls, 3);
        for (size_t i = 0; i < 3; i++)
                assert_same_call(&calls[i], request->calls[i]);
        assert_int_equal(request->n_cancel, 1);
        assert_memory_equal(request->cancel[0].data, "fedcba9876543210", 16);
        assert_int_equal(read_request(b.data, b.n_bytes, request), FRAME_END);
        socializer__rpc__v1__request__free_unpacked(request, NULL);
}

static void an_empty_message_has_no_calls(void **state)
{
        (void)state;
        assert_int_equal(read_request("", 0, NULL), FRAME_END);
        struct frame_reader r = FRAME_READER("", 0);
        struct frame_reply reply;
        assert_int_equal(frame_next_in_response(&r, &reply, NULL), FRAME_END);
}

/* A request as the generated code packs it, with two calls and a cancel. */
static size_t pack_sample(uint8_t ret[static 1024])
{
        Call calls[2] = {SOCIALIZER__RPC__V1__CALL__INIT, SOCIALIZER__RPC__V1__CALL__INIT};
        Call *list[2] = {&calls[0], &calls[1]};
        ProtobufCBinaryData cancel = {16, (uint8_t *)"fedcba9876543210"};
        Request request = SOCIALIZER__RPC__V1__REQUEST__INIT;

        for (size_t i = 0; i < 2; i++) {
                calls[i].id = (ProtobufCBinaryData){16, (uint8_t *)ID};
                calls[i].method = (char *)"socializer.v1.UserService/GetMe";
                calls[i].timeout_ms = 5000;
                calls[i].payload = (ProtobufCBinaryData){3, (uint8_t *)"\x08\x96\x01"};
                calls[i].token = (ProtobufCBinaryData){5, (uint8_t *)"token"};
                calls[i].request_id = (char *)"request";
                calls[i].traceparent =
                        (char *)"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
                calls[i].client_address = (char *)"::1";
        }
        request.n_calls = 2;
        request.calls = list;
        request.n_cancel = 1;
        request.cancel = &cancel;
        assert_true(socializer__rpc__v1__request__get_packed_size(&request) <= 1024);
        return socializer__rpc__v1__request__pack(&request, ret);
}

static void what_generated_code_writes_is_read(void **state)
{
        uint8_t data[1024];
        size_t n = pack_sample(data);
        Request *request = socializer__rpc__v1__request__unpack(NULL, n, data);

        (void)state;
        assert_non_null(request);
        assert_int_equal(read_request(data, n, request), FRAME_END);
        socializer__rpc__v1__request__free_unpacked(request, NULL);
}

static void truncations_are_refused_or_whole(void **state)
{
        uint8_t data[1024];
        size_t n = pack_sample(data);

        (void)state;
        for (size_t k = 0; k <= n; k++) {
                /* Exactly as much memory as there are bytes, for AddressSanitizer. */
                AUTO_FREE uint8_t *cut = malloc(k ? k : 1);

                assert_non_null(cut);
                memcpy(cut, data, k);
                Request *request = socializer__rpc__v1__request__unpack(NULL, k, cut);
                assert_int_equal(read_request(cut, k, request) == FRAME_END, request != NULL);
                if (request)
                        socializer__rpc__v1__request__free_unpacked(request, NULL);
        }
}

static uint32_t next_random(uint32_t *seed)
{
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

static size_t mutate(uint8_t *data, size_t n, uint32_t *seed)
{
        for (uint32_t k = next_random(seed) % 4; k < 4; k++) {
                size_t at = next_random(seed) % n;

                switch (next_random(seed) % 4) {
                case 0:
                        data[at] ^= (uint8_t)(1u << (next_random(seed) % 8));
                        break;
                case 1:
                        data[at] = (uint8_t)next_random(seed);
                        break;
                case 2:
                        memmove(data + at, data + at + 1, n - at - 1);
                        n--;
                        break;
                default:
                        data[at] = next_random(seed) % 2 ? 0xff : 0x80;
                }
        }
        return n;
}

/* What this reader takes, the generated code takes too, and sees the same in it. (Strings with a
 * NUL are the exception; this reader refuses them.) */
static void mutations_never_mean_something_else(void **state)
{
        uint32_t seed = 20261123, n_good = 0;

        (void)state;
        for (unsigned i = 0; i < N_MUTATIONS; i++) {
                uint8_t data[1024];
                size_t n = pack_sample(data);

                n = mutate(data, n, &seed);
                AUTO_FREE uint8_t *exact = malloc(n);
                assert_non_null(exact);
                memcpy(exact, data, n);
                if (read_request(exact, n, NULL) != FRAME_END)
                        continue;
                Request *request = socializer__rpc__v1__request__unpack(NULL, n, exact);
                assert_non_null(request);
                read_request(exact, n, request);
                socializer__rpc__v1__request__free_unpacked(request, NULL);
                n_good++;
        }
        assert_true(n_good > 0 && n_good < N_MUTATIONS);
}

static void the_limits_of_a_call_hold(void **state)
{
        static const struct {
                size_t offset, max;
        } limits[] = {
                {offsetof(struct frame_call, method), FRAME_MAX_METHOD_BYTES},
                {offsetof(struct frame_call, token), FRAME_MAX_TOKEN_BYTES},
                {offsetof(struct frame_call, payload), FRAME_MAX_PAYLOAD_BYTES},
                {offsetof(struct frame_call, request_id), FRAME_MAX_REQUEST_ID},
                {offsetof(struct frame_call, traceparent), FRAME_MAX_TRACEPARENT},
                {offsetof(struct frame_call, client_address), FRAME_MAX_CLIENT_ADDRESS},
        };
        AUTO_FREE uint8_t *data = malloc(FRAME_MAX_PAYLOAD_BYTES + 1);

        (void)state;
        assert_non_null(data);
        memset(data, 'x', FRAME_MAX_PAYLOAD_BYTES + 1);
        for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
                struct frame_call call = sample_call();
                struct frame_bytes *field =
                        (struct frame_bytes *)((char *)&call + limits[i].offset);

                *field = (struct frame_bytes){data, limits[i].max};
                assert_int_equal(read_one_call(&call), FRAME_END);
                field->n_bytes++;
                assert_int_equal(read_one_call(&call), FRAME_BAD);
        }
        for (size_t n = 15; n <= 17; n++) {
                struct frame_call call = sample_call();

                call.id = (struct frame_bytes){data, n};
                assert_int_equal(read_one_call(&call), n == 16 ? FRAME_END : FRAME_BAD);
        }
}

static void texts_are_printable(void **state)
{
        (void)state;
        for (unsigned c = 0; c < 256; c++) {
                uint8_t text[2] = {'a', (uint8_t)c};
                struct frame_call call = sample_call();
                enum frame_kind want = c >= 0x20 && c <= 0x7e ? FRAME_END : FRAME_BAD;

                call.request_id = (struct frame_bytes){text, 2};
                assert_int_equal(read_one_call(&call), want);
                call = sample_call();
                call.method = (struct frame_bytes){text, 2};
                assert_int_equal(read_one_call(&call), want);
                call = sample_call();
                call.payload = call.token = (struct frame_bytes){text, 2};
                assert_int_equal(read_one_call(&call), FRAME_END);
        }
}

static void a_message_has_at_most_256_calls_and_cancels(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        struct frame_call call = sample_call();

        (void)state;
        for (unsigned i = 0; i < FRAME_MAX_CALLS; i++) {
                frame_append_call(&b, &call);
                frame_append_cancel(&b, (const uint8_t *)ID);
        }
        assert_int_equal(read_request(b.data, b.n_bytes, NULL), FRAME_END);
        size_t n = b.n_bytes;
        frame_append_call(&b, &call);
        assert_int_equal(read_request(b.data, b.n_bytes, NULL), FRAME_BAD);
        b.n_bytes = n;
        frame_append_cancel(&b, (const uint8_t *)ID);
        assert_int_equal(read_request(b.data, b.n_bytes, NULL), FRAME_BAD);
}

static void a_message_has_at_most_4_mib(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        AUTO_FREE uint8_t *payload = calloc(1, FRAME_MAX_PAYLOAD_BYTES);
        struct frame_call call = sample_call();

        (void)state;
        assert_non_null(payload);
        call.payload = (struct frame_bytes){payload, FRAME_MAX_PAYLOAD_BYTES};
        for (unsigned i = 0; i < 3; i++)
                frame_append_call(&b, &call);
        /* The last one fills the message to the byte: 2 bytes of tags and 6 of lengths. */
        size_t n_without = b.n_bytes;
        frame_append_call(&b, &call);
        call.payload.n_bytes -= b.n_bytes - FRAME_MAX_BYTES;
        b.n_bytes = n_without;
        frame_append_call(&b, &call);
        assert_int_equal(b.n_bytes, FRAME_MAX_BYTES);
        assert_int_equal(read_request(b.data, b.n_bytes, NULL), FRAME_END);
        call.payload.n_bytes++;
        b.n_bytes = n_without;
        frame_append_call(&b, &call);
        assert_int_equal(b.n_bytes, FRAME_MAX_BYTES + 1);
        assert_int_equal(read_request(b.data, b.n_bytes, NULL), FRAME_BAD);
}

static void fields_of_a_newer_contract_are_skipped(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        struct frame_call call = sample_call();

        (void)state;
        buffer_append(&b, "\x18\x96\x01", 3); /* 3: varint */
        buffer_append(&b, "\x21\1\2\3\4\5\6\7\x08", 9); /* 4: fixed64 */
        buffer_append(&b, "\x2a\x02hi", 4); /* 5: bytes */
        buffer_append(&b, "\x35\1\2\3\4", 5); /* 6: fixed32 */
        buffer_append(&b, "\xfa\xff\xff\xff\x0f\x01x", 7); /* the largest number */
        frame_append_call(&b, &call);
        assert_int_equal(read_request(b.data, b.n_bytes, NULL), FRAME_END);
}

static void refuse_vector(const char *name, const char *data, size_t n, void *arg)
{
        (void)arg;
        if (read_request(data, n, NULL) != FRAME_BAD)
                fail_msg("%s was read", name);
}

static void take_vector(const char *name, const char *data, size_t n, void *arg)
{
        (void)arg;
        if (read_request(data, n, NULL) != FRAME_END)
                fail_msg("%s was refused", name);
}

static void vectors_are_what_their_names_say(void **state)
{
        (void)state;
        t_each_vector("frame", "ok_", take_vector, NULL);
        t_each_vector("frame", "bad_", refuse_vector, NULL);
}

static void replies_come_back_as_they_were(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        struct frame_reply good = {.payload = bytes("payload")}, bad = {0}, got;
        struct frame_reply empty = {.status = STATUS_OK};
        struct error err;

        (void)state;
        bad.status = error_field(&bad.error, "username", "want 3 to 50 characters, got 2");
        bad.error.retry_after_ms = 1500;
        memcpy(bad.error.resource, "user 12 or so", 14);
        frame_append_reply(&b, &good);
        frame_append_reply(&b, &bad);
        frame_append_reply(&b, &empty);

        struct frame_reader r = FRAME_READER(b.data, b.n_bytes);
        assert_int_equal(frame_next_in_response(&r, &got, &err), FRAME_REPLY);
        assert_status(got.status, STATUS_OK);
        assert_bytes(got.payload, "payload", 7);
        assert_int_equal(frame_next_in_response(&r, &got, &err), FRAME_REPLY);
        assert_status(got.status, STATUS_INVALID_ARGUMENT);
        assert_status(got.error.status, STATUS_INVALID_ARGUMENT);
        assert_string_equal(got.error.text, bad.error.text);
        assert_string_equal(got.error.field, "username");
        assert_string_equal(got.error.resource, "user 12 or so");
        assert_int_equal(got.error.retry_after_ms, 1500);
        assert_int_equal(got.payload.n_bytes, 0);
        assert_int_equal(frame_next_in_response(&r, &got, &err), FRAME_REPLY);
        assert_status(got.status, STATUS_OK);
        assert_int_equal(got.payload.n_bytes, 0);
        assert_int_equal(frame_next_in_response(&r, &got, &err), FRAME_END);
}

static void generated_code_reads_the_replies(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        struct frame_reply bad = {0};

        (void)state;
        bad.status = error_field(&bad.error, "username", "want more");
        bad.error.retry_after_ms = 1500;
        memcpy(bad.error.resource, "user 12", 8);
        frame_append_reply(&b, &bad);
        Response *response = socializer__rpc__v1__response__unpack(NULL, b.n_bytes, b.data);
        assert_non_null(response);
        assert_int_equal(response->n_replies, 1);
        const Reply *reply = response->replies[0];
        assert_int_equal(reply->code, STATUS_INVALID_ARGUMENT);
        assert_string_equal(reply->message, "username: want more");
        assert_int_equal(reply->n_details, 3);
        assert_string_equal(reply->details[0]->field_violation->field, "username");
        assert_string_equal(reply->details[0]->field_violation->description, "want more");
        assert_int_equal(reply->details[1]->retry_info->retry_after_ms, 1500);
        assert_string_equal(reply->details[2]->resource_info->resource_type, "user");
        assert_string_equal(reply->details[2]->resource_info->resource_name, "12");
        socializer__rpc__v1__response__free_unpacked(response, NULL);
}

static enum frame_kind read_response(const void *data, size_t n)
{
        struct frame_reader r = FRAME_READER(data, n);
        struct frame_reply reply;
        struct error err = ERROR_INIT;
        enum frame_kind kind;

        while ((kind = frame_next_in_response(&r, &reply, &err)) > FRAME_END) {
                assert_true(wire_utf8_valid(reply.error.text, strlen(reply.error.text)));
                assert_true(wire_utf8_valid(reply.error.field, strlen(reply.error.field)));
                assert_true(wire_utf8_valid(reply.error.resource, strlen(reply.error.resource)));
                assert_true(reply.payload.n_bytes <= n);
        }
        if (kind == FRAME_BAD)
                assert_true(err.status != STATUS_OK && *err.text);
        return kind;
}

static void replies_survive_truncation_and_mutation(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        struct frame_reply bad = {0}, good = {.payload = bytes("payload")};
        uint32_t seed = 7;

        (void)state;
        bad.status = error_field(&bad.error, "name", "\xe2\x82\xac is too much");
        bad.error.retry_after_ms = 1500;
        memcpy(bad.error.resource, "user \xe2\x82\xac", 9);
        frame_append_reply(&b, &bad);
        frame_append_reply(&b, &good);
        for (unsigned i = 0; i < N_MUTATIONS; i++) {
                size_t n = i <= b.n_bytes ? i : b.n_bytes;
                uint8_t data[1024];

                memcpy(data, b.data, n);
                if (i > b.n_bytes)
                        n = mutate(data, n, &seed);
                AUTO_FREE uint8_t *exact = malloc(n ? n : 1);
                assert_non_null(exact);
                memcpy(exact, data, n);
                if (read_response(exact, n) == FRAME_END) {
                        Response *response = socializer__rpc__v1__response__unpack(NULL, n, exact);
                        if (i <= b.n_bytes)
                                assert_non_null(response);
                        if (response)
                                socializer__rpc__v1__response__free_unpacked(response, NULL);
                }
        }
}

static void long_words_of_a_peer_are_cut(void **state)
{
        char text[1001];
        Socializer__Rpc__V1__FieldViolation violation = SOCIALIZER__RPC__V1__FIELD_VIOLATION__INIT;
        Socializer__Rpc__V1__ErrorDetail detail = SOCIALIZER__RPC__V1__ERROR_DETAIL__INIT;
        Socializer__Rpc__V1__ErrorDetail *details[] = {&detail};
        Reply reply = SOCIALIZER__RPC__V1__REPLY__INIT, *replies[] = {&reply};
        Response response = SOCIALIZER__RPC__V1__RESPONSE__INIT;
        uint8_t data[4096];

        (void)state;
        for (size_t i = 0; i < 1000; i += 2)
                memcpy(text + i, "\xc3\xa4", 2);
        text[1000] = '\0';
        violation.field = violation.description = reply.message = text;
        detail.detail_case = SOCIALIZER__RPC__V1__ERROR_DETAIL__DETAIL_FIELD_VIOLATION;
        detail.field_violation = &violation;
        reply.code = 3;
        reply.n_details = 1;
        reply.details = details;
        response.n_replies = 1;
        response.replies = replies;
        size_t n = socializer__rpc__v1__response__pack(&response, data);
        assert_int_equal(read_response(data, n), FRAME_END);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(generated_code_reads_what_is_written),
                cmocka_unit_test(an_empty_message_has_no_calls),
                cmocka_unit_test(what_generated_code_writes_is_read),
                cmocka_unit_test(truncations_are_refused_or_whole),
                cmocka_unit_test(mutations_never_mean_something_else),
                cmocka_unit_test(the_limits_of_a_call_hold),
                cmocka_unit_test(texts_are_printable),
                cmocka_unit_test(a_message_has_at_most_256_calls_and_cancels),
                cmocka_unit_test(a_message_has_at_most_4_mib),
                cmocka_unit_test(fields_of_a_newer_contract_are_skipped),
                cmocka_unit_test(vectors_are_what_their_names_say),
                cmocka_unit_test(replies_come_back_as_they_were),
                cmocka_unit_test(generated_code_reads_the_replies),
                cmocka_unit_test(replies_survive_truncation_and_mutation),
                cmocka_unit_test(long_words_of_a_peer_are_cut),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
