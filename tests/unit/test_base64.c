/* common/base64: each text has one spelling. */
#include "tests/support/t.h"

#include "common/base64.h"

#include <sodium.h>
#include <string.h>

static const int variants[] = {
        sodium_base64_VARIANT_ORIGINAL,
        sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE,
        sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

static void what_libsodium_writes_is_read(void **state)
{
        uint8_t data[40], back[40];
        char text[64];
        size_t n;

        (void)state;
        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (uint8_t)(i * 41 + 200);
        for (size_t v = 0; v < ARRAY_SIZE(variants); v++) {
                for (size_t i = 0; i <= sizeof(data); i++) {
                        sodium_bin2base64(text, sizeof(text), data, i, variants[v]);
                        assert_true(base64_decode(variants[v], text, strlen(text), back,
                                                  sizeof(back), &n));
                        assert_int_equal(n, i);
                        assert_memory_equal(back, data, i);
                }
        }
}

/* In each place each byte that is not the right one is refused, or means something else. */
static void no_two_texts_mean_the_same(void **state)
{
        static const char good[] = "AQAAAAAz_-8";
        char text[sizeof(good)];
        uint8_t want[8], got[8];
        size_t n;

        (void)state;
        assert_true(base64_decode(variants[3], good, sizeof(good) - 1, want, sizeof(want), &n));
        for (size_t at = 0; at + 1 < sizeof(good); at++) {
                for (unsigned c = 0; c < 256; c++) {
                        memcpy(text, good, sizeof(good));
                        text[at] = (char)c;
                        if (text[at] == good[at])
                                continue;
                        if (base64_decode(variants[3], text, sizeof(good) - 1, got, sizeof(got),
                                          &n))
                                assert_memory_not_equal(got, want, sizeof(want));
                }
        }
}

static void what_is_too_long_or_cut_is_refused(void **state)
{
        uint8_t data[3];
        size_t n;

        (void)state;
        assert_true(base64_decode(variants[0], "aGVs", 4, data, 3, &n));
        assert_false(base64_decode(variants[0], "aGVsbG8=", 8, data, 3, &n));
        assert_false(base64_decode(variants[0], "aGV", 3, data, 3, &n));
        assert_false(base64_decode(variants[0], "aGVs=", 5, data, 3, &n));
        assert_false(base64_decode(variants[0], "a-_s", 4, data, 3, &n));
        assert_false(base64_decode(variants[2], "a+/s", 4, data, 3, &n));
        assert_true(base64_decode(variants[0], "", 0, data, 3, &n));
        assert_int_equal(n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_libsodium_writes_is_read),
                cmocka_unit_test(no_two_texts_mean_the_same),
                cmocka_unit_test(what_is_too_long_or_cut_is_refused),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
