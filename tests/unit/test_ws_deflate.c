#include "gateway/ws_deflate.h"

#include "tests/support/t.h"

#include <string.h>

#define MAX_BYTES 65536

static int setup(void **state)
{
        *state = calloc(1, sizeof(struct ws_deflate));
        return *state ? 0 : -1;
}

static int teardown(void **state)
{
        ws_deflate_deinit(*state);
        free(*state);
        return 0;
}

static void fill(struct buffer *b, size_t n)
{
        static const char words[] = "a conversation begins with a word, and the next one answers; ";

        for (size_t i = 0; i < n; i++)
                buffer_append_char(b, words[(i * i / 97 + i) % (sizeof(words) - 1)]);
        assert_false(buffer_failed(b));
}

static enum ws_unpacked unpack(struct ws_deflate *d, const void *data, size_t n, const void *want,
                               size_t n_want)
{
        const uint8_t *got = NULL;
        size_t n_got = 0;
        enum ws_unpacked result = ws_deflate_unpack(d, data, n, MAX_BYTES, &got, &n_got);

        if (result == WS_UNPACKED) {
                assert_int_equal(n_got, n_want);
                assert_memory_equal(got, want, n_want);
        }
        return result;
}

static void what_is_packed_comes_out_again(void **state)
{
        struct ws_deflate *d = *state;
        static const size_t sizes[] = {256, 1000, 65535, 65536, 300, 256};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                AUTO_BUFFER text = BUFFER_INIT;
                const uint8_t *packed;
                size_t n;

                fill(&text, sizes[i]);
                assert_true(ws_deflate_pack(d, text.data, text.n_bytes, &packed, &n));
                assert_true(n < text.n_bytes);
                assert_int_equal(unpack(d, packed, n, text.data, text.n_bytes), WS_UNPACKED);
        }
}

static void the_same_text_packs_the_same_whatever_went_before(void **state)
{
        struct ws_deflate *d = *state;
        AUTO_BUFFER text = BUFFER_INIT;
        AUTO_BUFFER first = BUFFER_INIT;
        const uint8_t *packed;
        size_t n;

        fill(&text, 700);
        assert_true(ws_deflate_pack(d, text.data, text.n_bytes, &packed, &n));
        buffer_append(&first, packed, n);
        assert_true(ws_deflate_pack(d, text.data, 300, &packed, &n));
        assert_true(ws_deflate_pack(d, text.data, text.n_bytes, &packed, &n));
        assert_int_equal(n, first.n_bytes);
        assert_memory_equal(packed, first.data, n);
}

static void what_does_not_shrink_is_left_alone(void **state)
{
        struct ws_deflate *d = *state;
        uint8_t noise[2000];
        uint32_t x = 1;
        const uint8_t *packed;
        size_t n;

        for (size_t i = 0; i < sizeof(noise); i++) {
                x = x * 1664525u + 1013904223u;
                noise[i] = (uint8_t)(x >> 24);
        }
        assert_false(ws_deflate_pack(d, noise, sizeof(noise), &packed, &n));
        assert_false(ws_deflate_pack(d, "", 0, &packed, &n));
}

/* The examples of RFC 7692, section 7.2.3. */
static void the_examples_of_the_rfc_are_understood(void **state)
{
        struct ws_deflate *d = *state;
        static const uint8_t one_block[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
        static const uint8_t stored[] = {0x00, 0x05, 0x00, 0xfa, 0xff, 0x48,
                                         0x65, 0x6c, 0x6c, 0x6f, 0x00};
        static const uint8_t final_block[] = {0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00};
        static const uint8_t two_blocks[] = {0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff,
                                             0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00};

        assert_int_equal(unpack(d, one_block, sizeof(one_block), "Hello", 5), WS_UNPACKED);
        assert_int_equal(unpack(d, stored, sizeof(stored), "Hello", 5), WS_UNPACKED);
        assert_int_equal(unpack(d, final_block, sizeof(final_block), "Hello", 5), WS_UNPACKED);
        assert_int_equal(unpack(d, final_block, sizeof(final_block) - 1, "Hello", 5), WS_UNPACKED);
        assert_int_equal(unpack(d, two_blocks, sizeof(two_blocks), "Hello", 5), WS_UNPACKED);
        assert_int_equal(unpack(d, "\0", 1, "", 0), WS_UNPACKED);
}

static void a_message_that_is_cut_off_is_broken(void **state)
{
        struct ws_deflate *d = *state;
        AUTO_BUFFER text = BUFFER_INIT;
        AUTO_BUFFER packed = BUFFER_INIT;
        const uint8_t *data;
        size_t n;

        fill(&text, 2000);
        assert_true(ws_deflate_pack(d, text.data, text.n_bytes, &data, &n));
        buffer_append(&packed, data, n);
        for (n = 0; n < packed.n_bytes; n++)
                if (unpack(d, packed.data, n, NULL, 0) != WS_UNPACKED_BROKEN)
                        fail_msg("%zu of %zu bytes are taken", n, packed.n_bytes);
        assert_int_equal(unpack(d, packed.data, n, text.data, text.n_bytes), WS_UNPACKED);
}

static void nonsense_is_broken_and_harms_nothing_that_follows(void **state)
{
        struct ws_deflate *d = *state;
        static const char *const cases[] = {
                "{\"type\":\"ping\"}", /* not compressed at all */
                "\x07", /* there is no third type of block */
                "\x02\x01\xff", /* reaches back before the beginning */
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(unpack(d, cases[i], strlen(cases[i]), NULL, 0),
                                 WS_UNPACKED_BROKEN);
                assert_int_equal(unpack(d, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7, "Hello", 5),
                                 WS_UNPACKED);
        }
}

/* A megabyte of one letter, in about a thousand bytes; and exactly what is allowed. */
static void a_bomb_is_not_inflated_to_its_end(void **state)
{
        struct ws_deflate *d = *state;
        size_t n = 1024 * 1024;
        char *letters = malloc(n);
        const uint8_t *packed;
        AUTO_BUFFER bomb = BUFFER_INIT;

        assert_non_null(letters);
        memset(letters, 'a', n);
        for (size_t size = n; size >= MAX_BYTES; size = size == n ? MAX_BYTES + 1 : size - 1) {
                size_t n_packed;

                assert_true(ws_deflate_pack(d, letters, size, &packed, &n_packed));
                assert_true(n_packed < 8000);
                buffer_clear(&bomb);
                buffer_append(&bomb, packed, n_packed);
                assert_int_equal(unpack(d, bomb.data, bomb.n_bytes, letters, size),
                                 size > MAX_BYTES ? WS_UNPACKED_TOO_BIG : WS_UNPACKED);
                assert_true(d->unpacked.capacity <= 2 * (MAX_BYTES + 1));
        }
        free(letters);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(what_is_packed_comes_out_again),
                CASE(the_same_text_packs_the_same_whatever_went_before),
                CASE(what_does_not_shrink_is_left_alone),
                CASE(the_examples_of_the_rfc_are_understood),
                CASE(a_message_that_is_cut_off_is_broken),
                CASE(nonsense_is_broken_and_harms_nothing_that_follows),
                CASE(a_bomb_is_not_inflated_to_its_end),
        };
        return !!cmocka_run_group_tests_name("ws_deflate", tests, NULL, NULL);
}
