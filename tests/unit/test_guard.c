#include "service/auth/guard.h"
#include "tests/support/t.h"

#include <sodium.h>
#include <stdio.h>

#define LIMIT  3
#define WINDOW 1000

static int setup(void **state)
{
        return sodium_init() < 0 ||
                               guard_new(LIMIT, WINDOW, (struct guard **)state, NULL) != STATUS_OK
                       ? -1
                       : 0;
}

static int teardown(void **state)
{
        guard_free(*state);
        return 0;
}

static void too_many_attempts_wait_for_the_end_of_the_window(void **state)
{
        struct error error = ERROR_INIT;

        for (int i = 0; i < LIMIT; i++)
                assert_int_equal(guard_attempt(*state, "human", 100, NULL), STATUS_OK);
        assert_int_equal(guard_attempt(*state, "human", 400, &error), STATUS_RESOURCE_EXHAUSTED);
        assert_int_equal(error.retry_after_ms, 700);
        assert_int_equal(guard_attempt(*state, "other", 400, NULL), STATUS_OK);
        assert_int_equal(guard_attempt(*state, "human", 1099, NULL), STATUS_RESOURCE_EXHAUSTED);
        assert_int_equal(guard_attempt(*state, "human", 1100, NULL), STATUS_OK);
}

static void success_forgets_and_forgiving_takes_one_back(void **state)
{
        for (int i = 0; i < LIMIT; i++)
                assert_int_equal(guard_attempt(*state, "human", 100, NULL), STATUS_OK);
        guard_forgive(*state, "human");
        assert_int_equal(guard_attempt(*state, "human", 100, NULL), STATUS_OK);
        assert_int_equal(guard_attempt(*state, "human", 100, NULL), STATUS_RESOURCE_EXHAUSTED);
        guard_reset(*state, "human");
        for (int i = 0; i < LIMIT; i++)
                assert_int_equal(guard_attempt(*state, "human", 100, NULL), STATUS_OK);
        guard_forgive(*state, "nobody");
        guard_reset(*state, "nobody");
}

static void a_flood_of_names_does_not_free_who_is_locked(void **state)
{
        char name[32];

        for (int i = 0; i < LIMIT; i++)
                assert_int_equal(guard_attempt(*state, "human", 100, NULL), STATUS_OK);
        for (int i = 0; i < 50000; i++) {
                snprintf(name, sizeof(name), "name%d", i);
                assert_int_equal(guard_attempt(*state, name, 100, NULL), STATUS_OK);
        }
        assert_int_equal(guard_attempt(*state, "human", 100, NULL), STATUS_RESOURCE_EXHAUSTED);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(too_many_attempts_wait_for_the_end_of_the_window,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(success_forgets_and_forgiving_takes_one_back, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(a_flood_of_names_does_not_free_who_is_locked, setup,
                                                teardown),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
