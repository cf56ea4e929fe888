/* Completions on a thread of the caller's, as an event loop wants them. */
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
        atomic_uint wakes;
        atomic_bool hang;
};

static enum fake_do handle(void *arg, const struct fake_message *m, struct buffer *reply)
{
        struct fixture *f = arg;

        fake_answer(NULL, m, reply);
        return atomic_load(&f->hang) ? FAKE_HOLD : FAKE_REPLY;
}

static void wake(void *closure)
{
        atomic_fetch_add(&((struct fixture *)closure)->wakes, 1);
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const soc_client_options options = {.wake = wake, .wake_closure = f};

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

static bool woken(void *arg)
{
        return atomic_load(&((struct fixture *)arg)->wakes) > 0;
}

static void corked_calls_leave_in_one_message_and_wake_once(void **state)
{
        struct fixture *f = *state;
        struct outcome o[40] = {0};

        soc_client_cork(f->client);
        soc_client_cork(f->client);
        for (int i = 0; i < 40; i++)
                assert_int_equal(start_get_user(f->client, i, NULL, &o[i], NULL), SOC_OK);
        soc_client_uncork(f->client);
        assert_int_equal(fake_counts(f->fake).messages, 0);
        soc_client_uncork(f->client);
        assert_true(fake_wait(woken, f));
        for (int i = 0; i < 40; i++)
                assert_int_equal(atomic_load(&o[i].n), 0); /* only inside dispatch */
        assert_int_equal(soc_client_dispatch(f->client), 40);
        for (int i = 0; i < 40; i++) {
                assert_int_equal(o[i].status, SOC_OK);
                assert_int_equal(o[i].user_id, i);
        }
        assert_int_equal(fake_counts(f->fake).messages, 1);
        assert_int_equal(atomic_load(&f->wakes), 1);
        assert_int_equal(soc_client_dispatch(f->client), 0);
}

static void wakes_come_again_after_a_dispatch(void **state)
{
        struct fixture *f = *state;

        for (int round = 0; round < 50; round++) {
                struct outcome o = {0};

                atomic_store(&f->wakes, 0);
                assert_int_equal(start_get_user(f->client, round, NULL, &o, NULL), SOC_OK);
                assert_true(fake_wait(woken, f));
                assert_int_equal(soc_client_dispatch(f->client), 1);
                assert_int_equal(o.user_id, round);
        }
}

static void cancels_and_deadlines_are_dispatched_too(void **state)
{
        struct fixture *f = *state;
        struct outcome o[2] = {0};
        soc_pending *p = NULL;

        atomic_store(&f->hang, true);
        assert_int_equal(start_get_user(f->client, 1, NULL, &o[0], &p), SOC_OK);
        soc_cancel(p);
        soc_pending_release(p);
        assert_int_equal(atomic_load(&o[0].n), 0);
        assert_int_equal(atomic_load(&f->wakes), 1);
        assert_int_equal(soc_client_dispatch(f->client), 1);
        assert_int_equal(o[0].status, SOC_CANCELLED);
        atomic_store(&f->wakes, 0);
        assert_int_equal(
                start_get_user(f->client, 1, &(soc_call_options){.timeout_ms = 20}, &o[1], NULL),
                SOC_OK);
        assert_true(fake_wait(woken, f));
        assert_int_equal(soc_client_dispatch(f->client), 1);
        assert_int_equal(o[1].status, SOC_DEADLINE_EXCEEDED);
}

static void waiting_is_refused(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;

        assert_int_equal(soc_call(f->client, GET_USER, &request.base, NULL, NULL, NULL),
                         SOC_FAILED_PRECONDITION);
}

static void freeing_runs_what_was_never_dispatched(void **state)
{
        struct fixture *f = *state;
        struct outcome o[2] = {0};

        assert_int_equal(start_get_user(f->client, 1, NULL, &o[0], NULL), SOC_OK);
        assert_true(fake_wait(woken, f));
        atomic_store(&f->hang, true);
        assert_int_equal(start_get_user(f->client, 2, NULL, &o[1], NULL), SOC_OK);
        f->client = soc_client_free(f->client);
        assert_int_equal(o[0].status, SOC_OK);
        assert_int_equal(o[1].status, SOC_CANCELLED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(corked_calls_leave_in_one_message_and_wake_once),
                T(wakes_come_again_after_a_dispatch),
                T(cancels_and_deadlines_are_dispatched_too),
                T(waiting_is_refused),
                T(freeing_runs_what_was_never_dispatched),
        };
        return !!cmocka_run_group_tests(tests, NULL, fake_last);
}
