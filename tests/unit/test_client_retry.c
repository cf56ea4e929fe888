/* When a call is sent again, and when not. */
#include "tests/unit/client_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MAX_SEEN 64

struct fixture {
        char url[96];
        struct fake *fake;
        soc_client *client;
        atomic_int breaks; /* messages that break the connection from now on */
        atomic_int refusals; /* messages that are refused from now on */
        enum status refusal;
        uint32_t hint_ms;
        uint8_t seen[MAX_SEEN][FRAME_CALL_ID_BYTES]; /* read when the calls have ended */
        atomic_uint n_seen;
};

static enum fake_do handle(void *arg, const struct fake_message *m, struct buffer *reply)
{
        struct fixture *f = arg;

        for (unsigned i = 0; i < m->n_calls; i++) {
                unsigned at = atomic_fetch_add(&f->n_seen, 1);
                if (at < MAX_SEEN)
                        memcpy(f->seen[at], m->calls[i].id.data, FRAME_CALL_ID_BYTES);
        }
        if (atomic_load(&f->breaks) > 0) {
                atomic_fetch_sub(&f->breaks, 1);
                return FAKE_BREAK;
        }
        if (atomic_load(&f->refusals) > 0) {
                atomic_fetch_sub(&f->refusals, 1);
                fake_refuse(m, f->refusal, f->hint_ms, reply);
                return FAKE_REPLY;
        }
        return fake_answer(NULL, m, reply);
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        fake_address(f->url);
        f->fake = fake_new(f->url, handle, f);
        *state = f;
        return soc_client_new(f->url, NULL, &f->client, NULL) != SOC_OK;
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

static void a_read_is_sent_again_with_the_same_id(void **state)
{
        struct fixture *f = *state;
        struct outcome o = {0};

        atomic_store(&f->breaks, 2);
        assert_int_equal(start_get_user(f->client, 5, NULL, &o, NULL), SOC_OK);
        assert_true(outcome_wait(&o, 1));
        assert_int_equal(o.status, SOC_OK);
        assert_int_equal(o.user_id, 5);
        assert_int_equal(atomic_load(&f->n_seen), 3);
        assert_memory_equal(f->seen[0], f->seen[1], FRAME_CALL_ID_BYTES);
        assert_memory_equal(f->seen[0], f->seen[2], FRAME_CALL_ID_BYTES);
}

static void a_write_with_replay_is_sent_again_with_the_same_id(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__AddSkillRequest request = SOCIALIZER__V1__ADD_SKILL_REQUEST__INIT;

        atomic_store(&f->breaks, 1);
        assert_int_equal(soc_call(f->client, ADD_SKILL, &request.base, NULL, NULL, NULL), SOC_OK);
        assert_int_equal(atomic_load(&f->n_seen), 2);
        assert_memory_equal(f->seen[0], f->seen[1], FRAME_CALL_ID_BYTES);
}

static void a_call_without_replay_is_not_sent_again(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__LoginRequest request = SOCIALIZER__V1__LOGIN_REQUEST__INIT;
        soc_error error;

        atomic_store(&f->breaks, 1);
        assert_int_equal(soc_call(f->client, LOGIN, &request.base, NULL, NULL, &error),
                         SOC_UNAVAILABLE);
        assert_string_equal(error.text, "the connection broke; the call may have happened");
        assert_int_equal(atomic_load(&f->n_seen), 1);
}

/* nng 1.5.2 loses what it is connecting when that is closed; the leak sanitizer sees it. */
static void a_client_freed_as_its_connection_breaks_leaves_nothing(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__LoginRequest request = SOCIALIZER__V1__LOGIN_REQUEST__INIT;

        for (int i = 0; i < 60; i++) {
                atomic_store(&f->breaks, 1);
                assert_int_equal(soc_call(f->client, LOGIN, &request.base, NULL, NULL, NULL),
                                 SOC_UNAVAILABLE);
                soc_client_free(f->client);
                assert_int_equal(soc_client_new(f->url, NULL, &f->client, NULL), SOC_OK);
        }
}

static void no_retry_is_obeyed(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;
        const soc_call_options once = {.no_retry = true};

        atomic_store(&f->breaks, 1);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, &once, NULL, NULL),
                         SOC_UNAVAILABLE);
        f->refusal = STATUS_UNAVAILABLE;
        f->hint_ms = 1;
        atomic_store(&f->refusals, 1);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, &once, NULL, NULL),
                         SOC_UNAVAILABLE);
        assert_int_equal(atomic_load(&f->n_seen), 2);
}

static void a_draining_service_is_asked_again_later(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;

        f->refusal = STATUS_UNAVAILABLE;
        f->hint_ms = 1;
        atomic_store(&f->refusals, 3);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, NULL, NULL, NULL), SOC_OK);
        assert_int_equal(atomic_load(&f->n_seen), 4);
        assert_memory_equal(f->seen[0], f->seen[3], FRAME_CALL_ID_BYTES);
}

static void a_refusal_that_outlasts_the_deadline_is_returned(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;
        const soc_call_options options = {.timeout_ms = 5000};
        soc_error error;

        f->refusal = STATUS_UNAVAILABLE;
        f->hint_ms = 60000;
        atomic_store(&f->refusals, 1);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, &options, NULL, &error),
                         SOC_UNAVAILABLE);
        assert_string_equal(error.text, "the service says no");
        assert_int_equal(error.retry_after_ms, 60000);
}

static void other_refusals_are_the_callers(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;
        soc_error error;

        f->refusal = STATUS_RESOURCE_EXHAUSTED;
        f->hint_ms = 1;
        atomic_store(&f->refusals, 1);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, NULL, NULL, &error),
                         SOC_RESOURCE_EXHAUSTED);
        assert_int_equal(error.retry_after_ms, 1);
        f->refusal = STATUS_UNAVAILABLE;
        f->hint_ms = 0;
        atomic_store(&f->refusals, 1);
        assert_int_equal(soc_call(f->client, GET_USER, &request.base, NULL, NULL, &error),
                         SOC_UNAVAILABLE);
        assert_int_equal(atomic_load(&f->n_seen), 2);
}

static bool is_connected(void *arg)
{
        return soc_client_connected(arg);
}

static bool is_disconnected(void *arg)
{
        return !soc_client_connected(arg);
}

static void the_connection_comes_back_after_a_restart(void **state)
{
        struct fixture *f = *state;
        struct outcome o[20] = {0};

        for (int round = 0; round < 3; round++) {
                assert_true(fake_wait(is_connected, f->client));
                f->fake = fake_free(f->fake);
                assert_true(fake_wait(is_disconnected, f->client));
                memset(o, 0, sizeof(o));
                for (int i = 0; i < 20; i++)
                        assert_int_equal(start_get_user(f->client, i, NULL, &o[i], NULL), SOC_OK);
                f->fake = fake_new(f->url, handle, f);
                assert_true(outcome_wait(o, 20));
                for (int i = 0; i < 20; i++)
                        assert_int_equal(o[i].status, SOC_OK);
        }
}

static void a_call_that_breaks_connections_takes_no_others_along(void **state)
{
        struct fixture *f = *state;
        struct outcome o[30] = {0};

        soc_client_cork(f->client);
        for (int i = 0; i < 30; i++)
                assert_int_equal(start_get_user(f->client, i, NULL, &o[i], NULL), SOC_OK);
        atomic_store(&f->breaks, 1);
        soc_client_uncork(f->client);
        assert_true(outcome_wait(o, 30));
        for (int i = 0; i < 30; i++)
                assert_int_equal(o[i].user_id, i);
        assert_true(fake_counts(f->fake).messages >= 31);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(a_read_is_sent_again_with_the_same_id),
                T(a_write_with_replay_is_sent_again_with_the_same_id),
                T(a_call_without_replay_is_not_sent_again),
                T(a_client_freed_as_its_connection_breaks_leaves_nothing),
                T(no_retry_is_obeyed),
                T(a_draining_service_is_asked_again_later),
                T(a_refusal_that_outlasts_the_deadline_is_returned),
                T(other_refusals_are_the_callers),
                T(the_connection_comes_back_after_a_restart),
                T(a_call_that_breaks_connections_takes_no_others_along),
        };
        return !!cmocka_run_group_tests(tests, NULL, fake_last);
}
