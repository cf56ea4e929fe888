/* common/arena.c */
#include "tests/support/t.h"

#include "common/arena.h"

#include <string.h>

#define MIB (1024 * 1024)

static void memory_is_zeroed_and_aligned(void **state)
{
        AUTO_ARENA a;

        (void)state;
        arena_init(&a, MIB);
        for (int round = 0; round < 3; round++) {
                for (size_t n = 0; n < 300; n++) {
                        uint8_t *at = arena_alloc(&a, n);

                        assert_non_null(at);
                        assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
                        for (size_t i = 0; i < n; i++)
                                assert_int_equal(at[i], 0);
                        memset(at, 0xff, n);
                }
                arena_reset(&a);
        }
}

static void pieces_do_not_overlap(void **state)
{
        AUTO_ARENA a;
        uint8_t *pieces[200];

        (void)state;
        arena_init(&a, 16 * MIB);
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
                pieces[i] = arena_alloc(&a, 1 + i * 37);
                assert_non_null(pieces[i]);
                memset(pieces[i], (int)i, 1 + i * 37);
        }
        for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
                for (size_t k = 0; k < 1 + i * 37; k++)
                        assert_int_equal(pieces[i][k], i);
        }
}

static void the_budget_holds(void **state)
{
        AUTO_ARENA a;
        size_t n = 0;

        (void)state;
        arena_init(&a, 1000);
        assert_null(arena_alloc(&a, 1001));
        assert_true(a.exhausted);
        arena_reset(&a);
        assert_false(a.exhausted);
        while (arena_alloc(&a, 48))
                n++;
        assert_int_equal(n, 1000 / 48);
        assert_true(a.exhausted);
        assert_true(a.used_bytes <= a.budget_bytes);
        arena_reset(&a);
        assert_int_equal(a.used_bytes, 0);
        assert_non_null(arena_alloc(&a, 992));
}

static void sizes_that_wrap_are_refused(void **state)
{
        AUTO_ARENA a;

        (void)state;
        arena_init(&a, SIZE_MAX);
        assert_null(arena_calloc(&a, SIZE_MAX / 2, 3));
        assert_null(arena_alloc(&a, SIZE_MAX));
        assert_null(arena_alloc(&a, SIZE_MAX - 4000));
        assert_true(a.exhausted);
        assert_non_null(arena_calloc(&a, 3, 5));
        assert_non_null(arena_calloc(&a, 0, 5));
}

static void copies_are_their_own(void **state)
{
        AUTO_ARENA a;
        char text[] = "hello";

        (void)state;
        arena_init(&a, MIB);
        char *dup = arena_strdup(&a, text), *cut = arena_strndup(&a, text, 2);
        char *whole = arena_strndup(&a, text, 100), *printed = arena_printf(&a, "%s %d", text, 5);
        uint8_t *bytes = arena_memdup(&a, text, 3);

        text[0] = 'J';
        assert_string_equal(dup, "hello");
        assert_string_equal(cut, "he");
        assert_string_equal(whole, "hello");
        assert_string_equal(printed, "hello 5");
        assert_memory_equal(bytes, "hel", 3);
        assert_non_null(arena_memdup(&a, NULL, 0));
}

static void reset_keeps_one_chunk(void **state)
{
        AUTO_ARENA a;
        struct arena_chunk *kept;

        (void)state;
        arena_init(&a, 16 * MIB);
        assert_null(a.chunks);
        for (int i = 0; i < 100; i++)
                assert_non_null(arena_alloc(&a, 10000));
        arena_reset(&a);
        kept = a.chunks;
        assert_non_null(kept);
        assert_non_null(arena_alloc(&a, 100));
        assert_ptr_equal(a.chunks, kept);
}

static void the_nth_allocation_can_be_made_to_fail(void **state)
{
        AUTO_ARENA a;

        (void)state;
        arena_init(&a, MIB);
        arena_fail_after(3);
        assert_non_null(arena_alloc(&a, 1));
        assert_non_null(arena_strdup(&a, "x"));
        assert_null(arena_printf(&a, "x"));
        assert_true(a.exhausted);
        assert_non_null(arena_alloc(&a, 1));
        arena_fail_after(1);
        arena_fail_after(0);
        assert_non_null(a.allocator.alloc(a.allocator.allocator_data, 8));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(memory_is_zeroed_and_aligned),
                cmocka_unit_test(pieces_do_not_overlap),
                cmocka_unit_test(the_budget_holds),
                cmocka_unit_test(sizes_that_wrap_are_refused),
                cmocka_unit_test(copies_are_their_own),
                cmocka_unit_test(reset_keeps_one_chunk),
                cmocka_unit_test(the_nth_allocation_can_be_made_to_fail),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
