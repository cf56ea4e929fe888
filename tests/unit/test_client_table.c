#include "client/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define N 1000

static void what_is_in_is_found_and_what_is_not_is_not(void **state)
{
        static struct table_entry entries[N];
        struct table t;

        (void)state;
        assert_true(table_init(&t));
        for (uint64_t i = 0; i < N; i++) {
                entries[i].key = i * 64; /* many share their low bits */
                table_add(&t, &entries[i]);
        }
        for (uint64_t i = 0; i < N; i += 2)
                table_remove(&t, &entries[i]);
        for (uint64_t i = 0; i < N; i++) {
                assert_ptr_equal(table_find(&t, i * 64), i % 2 ? &entries[i] : NULL);
                assert_null(table_find(&t, i * 64 + 1));
        }
        assert_int_equal(t.n, N / 2);
        table_deinit(&t);
}

static void a_key_may_be_there_more_than_once(void **state)
{
        struct table_entry entries[3] = {{.key = 7}, {.key = 7}, {.key = 8}};
        struct table t;

        (void)state;
        assert_true(table_init(&t));
        for (size_t i = 0; i < 3; i++)
                table_add(&t, &entries[i]);
        const struct table_entry *one = table_find(&t, 7);
        const struct table_entry *other = table_find_next(one);
        assert_true((one == &entries[0] && other == &entries[1]) ||
                    (one == &entries[1] && other == &entries[0]));
        assert_null(table_find_next(other));
        table_remove(&t, &entries[0]);
        assert_ptr_equal(table_find(&t, 7), &entries[1]);
        assert_null(table_find_next(&entries[1]));
        table_deinit(&t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_in_is_found_and_what_is_not_is_not),
                cmocka_unit_test(a_key_may_be_there_more_than_once),
        };
        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
