/* Deadlines, cancelling, closing, and a service that talks nonsense. */
#include "tests/unit/client_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum mode { ANSWER, HANG, GARBAGE, EMPTY, BAD_PAYLOAD, ECHO_TOKEN };

struct fixture {
        char url[96];
        struct fake *fake;
        soc_client *client;
        _Atomic(enum mode) mode;
};

static enum fake_do handle(void *arg, const struct fake_message *m, struct buffer *reply)
{
        struct fixture *f = arg;
        struct frame_reply r = {.status = STATUS_OK};

        switch (atomic_load(&f->mode)) {
        case HANG:
                fake_answer(NULL, m, reply);
                return FAKE_HOLD;
        case GARBAGE:
                buffer_append(reply, "\x0a\xff\xff\xff\xff\x7fnonsense", 14);
                return FAKE_REPLY;
        case EMPTY:
                return FAKE_REPLY;
        case BAD_PAYLOAD:
                r.payload = (struct frame_bytes){(const uint8_t *)"\x0a\x7f", 2};
                frame_append_reply(reply, &r);
                return FAKE_REPLY;
        case ECHO_TOKEN:
                r.status = STATUS_UNAUTHENTICATED;
                error_set(&r.error, r.status, "%.*s", (int)m->calls[0].token.n_bytes,
                          (const char *)m->calls[0].token.data);
                frame_append_reply(reply, &r);
                return FAKE_REPLY;
        case ANSWER:
                break;
        }
        return fake_answer(NULL, m, reply);
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const soc_client_options options = {.lanes_per_class = 1, .token = "first"};

        fake_address(f->url);
        f->fake = fake_new(f->url, handle, f);
        *state = f;
        return soc_client_new(f->url, &options, &f->client, NULL) != SOC_OK;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        soc_client_free(f->client);
        fake_free(f->fake);
        fake_address_free(f->url);
        free(f);
        return 0;
}

static bool one_call_arrived(void *arg)
{
        return fake_counts(arg).calls >= 1;
}

static bool one_cancel_arrived(void *arg)
{
        return fake_counts(arg).cancels >= 1;
}

static soc_status get_user(struct fixture *f, const soc_call_options *options, soc_error *reterr)
{
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;

        return soc_call(f->client, GET_USER, &request.base, options, NULL, reterr);
}

static void a_bad_address_is_refused_with_a_reason(void **state)
{
        static const char *const bad[] = {
                "", "ipc://", "http://localhost:1", "tcp://localhost", "/tmp/socket", "tcp://:80"};
        soc_client *c = NULL;
        soc_error error;

        (void)state;
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                assert_int_equal(soc_client_new(bad[i], NULL, &c, &error), SOC_INVALID_ARGUMENT);
                assert_true(strlen(error.text) > 0);
        }
        char endless[200] = "ipc:///";
        memset(endless + 7, 'x', sizeof(endless) - 8);
        assert_int_equal(soc_client_new(endless, NULL, &c, &error), SOC_INVALID_ARGUMENT);
        assert_int_equal(
                soc_client_new("ipc:///tmp/x", &(soc_client_options){.max_batch = 257}, &c, &error),
                SOC_INVALID_ARGUMENT);
        assert_string_equal(error.field, "max_batch");
        assert_null(c);
}

static void a_deadline_passes_although_the_service_is_silent(void **state)
{
        struct fixture *f = *state;
        const soc_call_options options = {.timeout_ms = 50};
        soc_error error;

        atomic_store(&f->mode, HANG);
        assert_int_equal(get_user(f, &options, &error), SOC_DEADLINE_EXCEEDED);
        assert_non_null(strstr(error.text, "50 ms"));
        /* The lane, of one slot, is not blocked by it. */
        atomic_store(&f->mode, ANSWER);
        assert_int_equal(get_user(f, NULL, &error), SOC_OK);
        /* And a reply that comes too late goes nowhere. */
        fake_release(f->fake);
        assert_int_equal(get_user(f, NULL, &error), SOC_OK);
}

static void a_deadline_passes_while_nobody_is_there(void **state)
{
        struct fixture *f = *state;
        const soc_call_options options = {.timeout_ms = 30};
        char url[96];
        soc_client *c;
        soc_error error;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;

        (void)f;
        fake_address(url);
        assert_int_equal(soc_client_new(url, NULL, &c, NULL), SOC_OK);
        assert_int_equal(soc_call(c, GET_USER, &request.base, &options, NULL, &error),
                         SOC_DEADLINE_EXCEEDED);
        assert_non_null(strstr(error.text, "no connection"));
        soc_client_free(c);
        fake_address_free(url);
}

static void deadlines_end_calls_in_their_own_order(void **state)
{
        struct fixture *f = *state;
        struct outcome o[4] = {0};
        atomic_uint order = 0;
        static const uint32_t timeouts[] = {400, 100, 300, 200};
        static const unsigned places[] = {3, 0, 2, 1};

        atomic_store(&f->mode, HANG);
        for (int i = 0; i < 4; i++) {
                const soc_call_options options = {.timeout_ms = timeouts[i]};
                o[i].order = &order;
                assert_int_equal(start_get_user(f->client, i, &options, &o[i], NULL), SOC_OK);
        }
        assert_true(outcome_wait(o, 4));
        for (int i = 0; i < 4; i++) {
                assert_int_equal(o[i].status, SOC_DEADLINE_EXCEEDED);
                assert_int_equal(o[i].place, places[i]);
        }
}

static void a_cancelled_call_ends_at_once_and_the_service_is_told(void **state)
{
        struct fixture *f = *state;
        struct outcome o = {0};
        soc_pending *p = NULL;
        soc_error error;

        atomic_store(&f->mode, HANG);
        assert_int_equal(start_get_user(f->client, 1, NULL, &o, &p), SOC_OK);
        assert_true(fake_wait(one_call_arrived, f->fake));
        soc_cancel(p);
        soc_cancel(p);
        assert_true(outcome_wait(&o, 1));
        assert_int_equal(o.status, SOC_CANCELLED);
        assert_true(fake_wait(one_cancel_arrived, f->fake));
        atomic_store(&f->mode, ANSWER);
        assert_int_equal(get_user(f, NULL, &error), SOC_OK);
        assert_int_equal(atomic_load(&o.n), 1);
        soc_cancel(p); /* it has ended: nothing */
        soc_pending_release(p);
}

static void a_call_that_is_cancelled_before_it_leaves_never_leaves(void **state)
{
        struct fixture *f = *state;
        struct outcome o = {0};
        soc_pending *p = NULL;
        soc_error error;

        soc_client_cork(f->client);
        assert_int_equal(start_get_user(f->client, 1, NULL, &o, &p), SOC_OK);
        soc_cancel(p);
        soc_pending_release(p);
        soc_client_uncork(f->client);
        assert_true(outcome_wait(&o, 1));
        assert_int_equal(o.status, SOC_CANCELLED);
        assert_int_equal(get_user(f, NULL, &error), SOC_OK);
        assert_int_equal(fake_counts(f->fake).calls, 1);
}

static void malformed_answers_are_errors_and_not_more(void **state)
{
        static const enum mode modes[] = {GARBAGE, EMPTY, BAD_PAYLOAD};
        struct fixture *f = *state;
        soc_error error;

        for (size_t i = 0; i < 3; i++) {
                atomic_store(&f->mode, modes[i]);
                assert_int_equal(get_user(f, NULL, &error), SOC_INTERNAL);
                assert_true(strlen(error.text) > 0);
        }
        atomic_store(&f->mode, ANSWER);
        assert_int_equal(get_user(f, NULL, &error), SOC_OK);
}

static void the_token_is_the_calls_own_or_the_clients(void **state)
{
        struct fixture *f = *state;
        soc_error error;
        char endless[3000];

        atomic_store(&f->mode, ECHO_TOKEN);
        get_user(f, NULL, &error);
        assert_string_equal(error.text, "first");
        assert_int_equal(soc_client_set_token(f->client, "second"), SOC_OK);
        get_user(f, NULL, &error);
        assert_string_equal(error.text, "second");
        get_user(f, &(soc_call_options){.token = "mine"}, &error);
        assert_string_equal(error.text, "mine");
        get_user(f, &(soc_call_options){.token = ""}, &error);
        assert_string_equal(error.text, "");
        assert_int_equal(soc_client_set_token(f->client, NULL), SOC_OK);
        get_user(f, NULL, &error);
        assert_string_equal(error.text, "");
        memset(endless, 'x', sizeof(endless) - 1);
        endless[sizeof(endless) - 1] = '\0';
        assert_int_equal(soc_client_set_token(f->client, endless), SOC_INVALID_ARGUMENT);
}

static void freeing_ends_open_calls(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__ChatRequest chat = SOCIALIZER__V1__CHAT_REQUEST__INIT;
        struct outcome o[41] = {0};
        soc_pending *p = NULL;

        atomic_store(&f->mode, HANG);
        assert_int_equal(soc_call_start(f->client, COACH_CHAT, &chat.base, NULL, outcome_set,
                                        &o[40], &p, NULL),
                         SOC_OK);
        for (int i = 0; i < 40; i++)
                assert_int_equal(start_get_user(f->client, i, NULL, &o[i], NULL), SOC_OK);
        assert_true(fake_wait(one_call_arrived, f->fake));
        f->client = soc_client_free(f->client);
        for (int i = 0; i < 41; i++) {
                assert_int_equal(atomic_load(&o[i].n), 1);
                assert_int_equal(o[i].status, SOC_CANCELLED);
        }
        soc_cancel(p); /* handles outlive the client */
        soc_pending_release(p);
}

static void freeing_while_the_service_answers_does_not_hang(void **state)
{
        struct fixture *f = *state;

        for (int round = 0; round < 30; round++) {
                struct outcome o[16] = {0};
                soc_client *c;

                assert_int_equal(soc_client_new(f->url, NULL, &c, NULL), SOC_OK);
                for (int i = 0; i < 16; i++)
                        assert_int_equal(start_get_user(c, i, NULL, &o[i], NULL), SOC_OK);
                if (round % 2)
                        assert_true(outcome_wait(o, 1));
                soc_client_free(c);
                for (int i = 0; i < 16; i++)
                        assert_int_equal(atomic_load(&o[i].n), 1);
        }
        soc_client_free(NULL);
}

struct stub_outcome {
        atomic_uint n;
        bool answered;
        soc_status status;
};

static void stub_done(const Socializer__V1__GetUserResponse *response, void *data)
{
        struct stub_outcome *o = data;

        o->answered = response && response->user->id == 3;
        o->status = soc_last_error()->status;
        atomic_fetch_add(&o->n, 1);
}

static bool stub_ended(void *arg)
{
        return atomic_load(&((struct stub_outcome *)arg)->n) == 1;
}

static void generated_stubs_work(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;
        struct stub_outcome good = {0}, bad = {0};
        ProtobufCService *service =
                soc_client_service(f->client, &socializer__v1__user_service__descriptor);

        assert_ptr_equal(soc_client_service(f->client, &socializer__v1__user_service__descriptor),
                         service);
        request.user_id = 3;
        socializer__v1__user_service__get_user(service, &request, stub_done, &good);
        assert_true(fake_wait(stub_ended, &good));
        assert_true(good.answered);
        assert_int_equal(good.status, SOC_OK);
        atomic_store(&f->mode, ECHO_TOKEN);
        socializer__v1__user_service__get_user(service, &request, stub_done, &bad);
        assert_true(fake_wait(stub_ended, &bad));
        assert_false(bad.answered);
        assert_int_equal(bad.status, SOC_UNAUTHENTICATED);
        assert_int_equal(soc_last_error()->status, SOC_OK); /* outside a closure there is none */
}

static void names_are_those_of_the_codes(void **state)
{
        (void)state;
        assert_string_equal(soc_status_name(SOC_NOT_FOUND), "NOT_FOUND");
        assert_string_equal(soc_status_name((soc_status)99), "UNKNOWN");
        assert_string_equal(soc_version(), SOCIALIZER_VERSION);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(a_bad_address_is_refused_with_a_reason),
                T(a_deadline_passes_although_the_service_is_silent),
                T(a_deadline_passes_while_nobody_is_there),
                T(deadlines_end_calls_in_their_own_order),
                T(a_cancelled_call_ends_at_once_and_the_service_is_told),
                T(a_call_that_is_cancelled_before_it_leaves_never_leaves),
                T(malformed_answers_are_errors_and_not_more),
                T(the_token_is_the_calls_own_or_the_clients),
                T(freeing_ends_open_calls),
                T(freeing_while_the_service_answers_does_not_hang),
                T(generated_stubs_work),
                T(names_are_those_of_the_codes),
        };
        return !!cmocka_run_group_tests(tests, NULL, fake_last);
}
