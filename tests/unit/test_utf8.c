/* common/utf8.h: what is a character, and where a text may be cut. */
#include "tests/support/t.h"

#include "common/utf8.h"

static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"; /* 1, 2, 3 and 4 bytes */

static void a_text_is_cut_between_characters(void **state)
{
        static const size_t fitting[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10, 10};

        (void)state;
        for (size_t max = 0; max < ARRAY_SIZE(fitting); max++)
                assert_int_equal(utf8_fitting(text, max), fitting[max]);
}

/* A page may end where the text does. */
static void no_byte_behind_what_may_fit_is_read(void **state)
{
        char *exact = strndup("abcd", 4);

        (void)state;
        assert_int_equal(utf8_fitting(exact, 4), 4);
        assert_int_equal(utf8_fitting(exact, 5), 4);
        assert_int_equal(utf8_fitting(exact + 4, 0), 0);
        assert_int_equal(utf8_fitting(exact + 4, 1), 0);
        free(exact);
}

static void half_a_character_is_none(void **state)
{
        static const bool valid[] = {1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1};

        (void)state;
        for (size_t n = 0; n < ARRAY_SIZE(valid); n++)
                assert_int_equal(utf8_is_valid(text, n), valid[n]);
        assert_int_equal(sizeof(text), 11); /* the last of them was NUL */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_text_is_cut_between_characters),
                cmocka_unit_test(no_byte_behind_what_may_fit_is_read),
                cmocka_unit_test(half_a_character_is_none),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
