/* How calls travel: in batches, by class, in order, within the limits. */
#include "tests/unit/client_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
        char url[96];
        struct fake *fake;
        soc_client *client;
        atomic_bool hold; /* the next message's reply is held */
        atomic_bool hold_writes;
};

static enum fake_do handle(void *arg, const struct fake_message *m, struct buffer *reply)
{
        struct fixture *f = arg;

        fake_answer(NULL, m, reply);
        if (atomic_load(&f->hold_writes) && m->calls[0].method.n_bytes == strlen(SET_TEMP) &&
            memcmp(m->calls[0].method.data, SET_TEMP, strlen(SET_TEMP)) == 0)
                return FAKE_HOLD;
        return atomic_exchange(&f->hold, false) ? FAKE_HOLD : FAKE_REPLY;
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const soc_client_options options = {.lanes_per_class = 1, .max_queued = 300};

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

static bool one_message_arrived(void *arg)
{
        return fake_counts(arg).messages == 1;
}

/* The only lane of reads waits for a held reply. */
static void occupy(struct fixture *f, struct outcome *o)
{
        atomic_store(&f->hold, true);
        assert_int_equal(start_get_user(f->client, 1, NULL, o, NULL), SOC_OK);
        assert_true(fake_wait(one_message_arrived, f->fake));
}

static void a_call_is_answered(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;
        Socializer__V1__GetUserResponse *response = NULL;
        soc_error error;

        request.user_id = 7;
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, NULL,
                                  (ProtobufCMessage **)&response, &error),
                         SOC_OK);
        assert_int_equal(response->user->id, 7);
        assert_string_equal(response->user->username, "somebody");
        protobuf_c_message_free_unpacked(&response->base, NULL);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, NULL, NULL, NULL), SOC_OK);
        assert_true(soc_client_connected(f->client));
}

static void calls_gather_while_the_lane_is_busy_and_leave_together_in_order(void **state)
{
        struct fixture *f = *state;
        struct outcome o[101] = {0};
        atomic_uint order = 0;

        occupy(f, &o[0]);
        for (int i = 1; i <= 100; i++) {
                o[i].order = &order;
                assert_int_equal(start_get_user(f->client, i + 1, NULL, &o[i], NULL), SOC_OK);
        }
        assert_int_equal(fake_counts(f->fake).messages, 1);
        fake_release(f->fake);
        assert_true(outcome_wait(o, 101));
        for (unsigned i = 0; i <= 100; i++) {
                assert_int_equal(o[i].status, SOC_OK);
                assert_int_equal(o[i].user_id, i + 1);
                assert_int_equal(o[i].place, i ? i - 1 : 0);
        }
        struct fake_counts n = fake_counts(f->fake);
        assert_int_equal(n.messages, 3); /* 1, 64, 36 */
        assert_int_equal(n.biggest_batch, 64);
}

static void a_busy_write_lane_does_not_hold_up_reads(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__SetTemperatureRequest write = SOCIALIZER__V1__SET_TEMPERATURE_REQUEST__INIT;
        struct outcome slow = {0}, fast = {0};

        atomic_store(&f->hold_writes, true);
        assert_int_equal(soc_call_start(f->client, SET_TEMP, &write.base, NULL, outcome_set, &slow,
                                        NULL, NULL),
                         SOC_OK);
        assert_true(fake_wait(one_message_arrived, f->fake));
        assert_int_equal(start_get_user(f->client, 2, NULL, &fast, NULL), SOC_OK);
        assert_true(outcome_wait(&fast, 1));
        assert_int_equal(fast.status, SOC_OK);
        assert_int_equal(atomic_load(&slow.n), 0);
        fake_release(f->fake);
        assert_true(outcome_wait(&slow, 1));
}

static void password_and_long_calls_travel_alone(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__LoginRequest login = SOCIALIZER__V1__LOGIN_REQUEST__INIT;
        Socializer__V1__ChatRequest chat = SOCIALIZER__V1__CHAT_REQUEST__INIT;
        struct outcome o[8] = {0};

        soc_client_cork(f->client);
        for (int i = 0; i < 4; i++) {
                soc_call_start(f->client, LOGIN, &login.base, NULL, outcome_set, &o[i], NULL, NULL);
                soc_call_start(f->client, COACH_CHAT, &chat.base, NULL, outcome_set, &o[4 + i],
                               NULL, NULL);
        }
        soc_client_uncork(f->client);
        assert_true(outcome_wait(o, 8));
        assert_int_equal(fake_counts(f->fake).messages, 8);
        assert_int_equal(fake_counts(f->fake).biggest_batch, 1);
}

static void more_calls_than_may_wait_are_refused_at_once(void **state)
{
        struct fixture *f = *state;
        struct outcome o[301] = {0}, refused = {0};

        occupy(f, &o[0]);
        for (int i = 1; i <= 300; i++)
                assert_int_equal(start_get_user(f->client, i, NULL, &o[i], NULL), SOC_OK);
        assert_int_equal(start_get_user(f->client, 9, NULL, &refused, NULL),
                         SOC_RESOURCE_EXHAUSTED);
        fake_release(f->fake);
        assert_true(outcome_wait(o, 301));
        assert_int_equal(atomic_load(&refused.n), 0);
}

static char *text_of(size_t n)
{
        char *text = malloc(n + 1);

        memset(text, 'x', n);
        text[n] = '\0';
        return text;
}

static void an_oversized_request_is_refused_before_it_is_sent(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__AddSkillRequest request = SOCIALIZER__V1__ADD_SKILL_REQUEST__INIT;
        char *text = text_of(FRAME_MAX_PAYLOAD_BYTES);
        soc_error error;

        request.name = text;
        assert_int_equal(soc_call(f->client, ADD_SKILL, &request.base, NULL, NULL, &error),
                         SOC_INVALID_ARGUMENT);
        assert_non_null(strstr(error.text, "1048576"));
        assert_int_equal(fake_counts(f->fake).messages, 0);
        free(text);
}

static void large_requests_are_spread_over_messages(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__AddSkillRequest request = SOCIALIZER__V1__ADD_SKILL_REQUEST__INIT;
        char *text = text_of(900u * 1024);
        struct outcome o[9] = {0};

        request.name = text;
        soc_client_cork(f->client);
        for (int i = 0; i < 9; i++)
                assert_int_equal(soc_call_start(f->client, ADD_SKILL, &request.base, NULL,
                                                outcome_set, &o[i], NULL, NULL),
                                 SOC_OK);
        soc_client_uncork(f->client);
        assert_true(outcome_wait(o, 9));
        for (int i = 0; i < 9; i++)
                assert_int_equal(o[i].status, SOC_OK);
        assert_int_equal(fake_counts(f->fake).biggest_batch, 4);
        free(text);
}

static void what_is_no_call_is_refused(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;
        soc_error error;
        const soc_call_options spaced = {.request_id = "a\nb"};
        const soc_call_options endless = {
                .request_id = "0123456789012345678901234567890123456789012345678901234567890123X"};

        assert_int_equal(soc_call(f->client, "socializer.v1.UserService/Nothing", &request.base,
                                  NULL, NULL, &error),
                         SOC_UNIMPLEMENTED);
        assert_int_equal(soc_call(f->client, LOGIN, &request.base, NULL, NULL, &error),
                         SOC_INVALID_ARGUMENT);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, &spaced, NULL, &error),
                         SOC_INVALID_ARGUMENT);
        assert_string_equal(error.field, "request_id");
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, &endless, NULL, &error),
                         SOC_INVALID_ARGUMENT);
        assert_int_equal(fake_counts(f->fake).messages, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(a_call_is_answered),
                T(calls_gather_while_the_lane_is_busy_and_leave_together_in_order),
                T(a_busy_write_lane_does_not_hold_up_reads),
                T(password_and_long_calls_travel_alone),
                T(more_calls_than_may_wait_are_refused_at_once),
                T(an_oversized_request_is_refused_before_it_is_sent),
                T(large_requests_are_spread_over_messages),
                T(what_is_no_call_is_refused),
        };
        return !!cmocka_run_group_tests(tests, NULL, fake_last);
}
