/* common/buffer.c */
#include "tests/support/t.h"

#include "common/buffer.h"

#include <string.h>

static void what_is_appended_follows_what_was_there(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;

        (void)state;
        assert_string_equal(buffer_str(&b), "");
        buffer_append_str(&b, "one");
        buffer_append_char(&b, ' ');
        buffer_printf(&b, "%d%s", 2, " three");
        buffer_append(&b, "\0!", 2);
        assert_int_equal(b.n_bytes, 13);
        assert_memory_equal(buffer_str(&b), "one 2 three\0!\0", 14);
        assert_false(buffer_failed(&b));
}

static void it_grows_and_keeps_its_content(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;

        (void)state;
        for (unsigned i = 0; i < 100000; i++)
                buffer_append_char(&b, (char)('a' + i % 26));
        assert_int_equal(b.n_bytes, 100000);
        for (unsigned i = 0; i < 100000; i++)
                assert_int_equal(b.data[i], 'a' + i % 26);
}

static void reserving_does_not_append(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        uint8_t *at;

        (void)state;
        buffer_append_str(&b, "ab");
        at = buffer_reserve(&b, 5000);
        assert_non_null(at);
        assert_int_equal(b.n_bytes, 2);
        memset(at, 'x', 5000);
        assert_memory_equal(buffer_str(&b), "ab", 3);
        assert_non_null(buffer_reserve(&b, 0));
}

static void clearing_keeps_the_memory(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;
        size_t capacity;

        (void)state;
        buffer_append_str(&b, "something");
        capacity = b.capacity;
        buffer_clear(&b);
        assert_int_equal(b.n_bytes, 0);
        assert_int_equal(b.capacity, capacity);
        assert_string_equal(buffer_str(&b), "");
}

static void nothing_appended_is_nothing(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;

        (void)state;
        buffer_append(&b, NULL, 0);
        buffer_append_str(&b, "");
        assert_int_equal(b.n_bytes, 0);
        assert_false(buffer_failed(&b));
}

static void running_out_of_memory_is_remembered(void **state)
{
        AUTO_BUFFER b = BUFFER_INIT;

        (void)state;
        buffer_append_str(&b, "kept");
        assert_null(buffer_reserve(&b, SIZE_MAX - 2));
        assert_true(buffer_failed(&b));
        buffer_append_str(&b, "lost");
        buffer_append_char(&b, 'l');
        buffer_printf(&b, "%s", "lost");
        assert_int_equal(b.n_bytes, 4);
        assert_null(buffer_str(&b));
        buffer_clear(&b);
        buffer_append_str(&b, "again");
        assert_string_equal(buffer_str(&b), "again");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_appended_follows_what_was_there),
                cmocka_unit_test(it_grows_and_keeps_its_content),
                cmocka_unit_test(reserving_does_not_append),
                cmocka_unit_test(clearing_keeps_the_memory),
                cmocka_unit_test(nothing_appended_is_nothing),
                cmocka_unit_test(running_out_of_memory_is_remembered),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
