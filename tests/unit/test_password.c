#include "service/auth/password.h"
#include "tests/support/t.h"

#include <sodium.h>
#include <string.h>

static int setup(void **state)
{
        (void)state;
        return sodium_init() < 0 ? -1 : 0;
}

static void a_password_matches_its_own_hash_alone(void **state)
{
        (void)state;
        char hash[PASSWORD_HASH_BYTES];
        bool matches = false;

        assert_int_equal(password_hash("password123", hash, NULL), STATUS_OK);
        assert_int_equal(password_verify(hash, "password123", &matches, NULL), STATUS_OK);
        assert_true(matches);
        assert_int_equal(password_verify(hash, "password124", &matches, NULL), STATUS_OK);
        assert_false(matches);
        assert_int_equal(password_verify(hash, "", &matches, NULL), STATUS_OK);
        assert_false(matches);
}

static void the_policy_is_what_is_stored(void **state)
{
        (void)state;
        char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];

        assert_int_equal(password_hash("password123", hash, NULL), STATUS_OK);
        assert_int_equal(password_hash("password123", again, NULL), STATUS_OK);
        assert_memory_equal(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 30);
        assert_string_not_equal(hash, again); /* a salt of its own */
}

static void nobodys_password_never_matches(void **state)
{
        (void)state;
        bool matches = true;

        assert_int_equal(password_verify(NULL, "password123", &matches, NULL), STATUS_OK);
        assert_false(matches);
}

static void damaged_hashes_and_those_above_the_policy_are_refused(void **state)
{
        (void)state;
        const char *const hashes[] = {
                "",
                "password123",
                "$argon2id$v=19$m=65536,t=2,p=1$bad",
                "$argon2id$v=19$m=131072,t=2,p=1$X3tV9ZzsWX8vkW7QP6lpBA$"
                "cpCd7b8qra8FeMsQCsQkWa1TeLMImxfN+A7xKZDbieI",
                "$argon2id$v=19$m=65536,t=3,p=1$X3tV9ZzsWX8vkW7QP6lpBA$"
                "cpCd7b8qra8FeMsQCsQkWa1TeLMImxfN+A7xKZDbieI",
                "$argon2i$v=19$m=65536,t=2,p=1$X3tV9ZzsWX8vkW7QP6lpBA$"
                "cpCd7b8qra8FeMsQCsQkWa1TeLMImxfN+A7xKZDbieI",
        };
        bool matches;

        for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
                assert_int_equal(password_verify(hashes[i], "password123", &matches, NULL),
                                 STATUS_INTERNAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_password_matches_its_own_hash_alone),
                cmocka_unit_test(the_policy_is_what_is_stored),
                cmocka_unit_test(nobodys_password_never_matches),
                cmocka_unit_test(damaged_hashes_and_those_above_the_policy_are_refused),
        };

        return !!cmocka_run_group_tests(tests, setup, NULL);
}
