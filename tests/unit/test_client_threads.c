/* One client, many threads; to be run under TSan. */
#include "tests/unit/client_fake.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N_THREADS 8
#define N_CALLS   200

struct fixture {
        char url[96];
        struct fake *fake;
        soc_client *client;
        atomic_int wrong;
        atomic_int breaks;
};

static enum fake_do handle(void *arg, const struct fake_message *m, struct buffer *reply)
{
        struct fixture *f = arg;

        if (atomic_load(&f->breaks) > 0 && atomic_fetch_sub(&f->breaks, 1) > 0)
                return FAKE_BREAK;
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

static void *call_many(void *arg)
{
        struct fixture *f = arg;
        Socializer__V1__GetUserRequest request = SOCIALIZER__V1__GET_USER_REQUEST__INIT;

        for (int i = 1; i <= N_CALLS; i++) {
                Socializer__V1__GetUserResponse *response = NULL;

                request.user_id = i;
                if (soc_call(f->client, GET_USER, &request.base, NULL,
                             (ProtobufCMessage **)&response, NULL) != SOC_OK ||
                    response->user->id != i)
                        atomic_fetch_add(&f->wrong, 1);
                if (response)
                        protobuf_c_message_free_unpacked(&response->base, NULL);
        }
        return NULL;
}

static void *start_and_cancel_many(void *arg)
{
        struct fixture *f = arg;

        for (int i = 1; i <= N_CALLS; i++) {
                struct outcome o = {0};
                soc_pending *p = NULL;

                soc_client_cork(f->client);
                if (start_get_user(f->client, i, NULL, &o, &p) != SOC_OK)
                        atomic_fetch_add(&f->wrong, 1);
                soc_client_uncork(f->client);
                if (i % 2)
                        soc_cancel(p);
                soc_pending_release(p);
                if (!outcome_wait(&o, 1) || (o.status != SOC_OK && o.status != SOC_CANCELLED) ||
                    (o.status == SOC_OK && o.user_id != i))
                        atomic_fetch_add(&f->wrong, 1);
                soc_client_set_token(f->client, i % 3 ? "a" : "b");
        }
        return NULL;
}

static void run_threads(struct fixture *f, void *(*odd)(void *), void *(*even)(void *))
{
        pthread_t threads[N_THREADS];

        for (int i = 0; i < N_THREADS; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, i % 2 ? odd : even, f), 0);
        for (int i = 0; i < N_THREADS; i++)
                pthread_join(threads[i], NULL);
        assert_int_equal(atomic_load(&f->wrong), 0);
}

static void eight_threads_wait_for_their_own_answers(void **state)
{
        struct fixture *f = *state;

        run_threads(f, call_many, call_many);
        assert_int_equal(fake_counts(f->fake).calls, N_THREADS * N_CALLS);
}

static void calls_and_cancels_mix(void **state)
{
        run_threads(*state, call_many, start_and_cancel_many);
}

static void broken_connections_are_survived_by_all(void **state)
{
        struct fixture *f = *state;

        atomic_store(&f->breaks, 20);
        run_threads(f, call_many, start_and_cancel_many);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                T(eight_threads_wait_for_their_own_answers),
                T(calls_and_cancels_mix),
                T(broken_connections_are_survived_by_all),
        };
        return !!cmocka_run_group_tests(tests, NULL, fake_last);
}
