/* UTF-8 (RFC 3629). */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at `at`, of which n bytes are there; 0 when they are none: overlong,
 * a surrogate, beyond U+10FFFF, cut off, or not a lead byte. n > 0. */
static inline size_t utf8_char_bytes(const uint8_t *at, size_t n)
{
        uint8_t lead = at[0];
        size_t want;
        uint8_t low = 0x80, high = 0xbf; /* of the second byte */

        if (lead < 0x80)
                return 1;
        if (lead < 0xc2 || lead > 0xf4)
                return 0;
        want = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (lead == 0xe0)
                low = 0xa0;
        else if (lead == 0xed)
                high = 0x9f;
        else if (lead == 0xf0)
                low = 0x90;
        else if (lead == 0xf4)
                high = 0x8f;
        if (n < want || at[1] < low || at[1] > high)
                return 0;
        for (size_t i = 2; i < want; i++) {
                if ((at[i] & 0xc0) != 0x80)
                        return 0;
        }
        return want;
}

/* Whether n bytes are characters, of which NUL is one. */
static inline bool utf8_is_valid(const void *text, size_t n)
{
        for (const uint8_t *at = text; n > 0;) {
                size_t k = utf8_char_bytes(at, n);

                if (k == 0)
                        return false;
                at += k;
                n -= k;
        }
        return true;
}

/* How much of a valid text max_bytes hold, cut between characters. */
static inline size_t utf8_fitting(const char *text, size_t max_bytes)
{
        size_t n = strnlen(text, max_bytes + 1);

        if (n <= max_bytes)
                return n;
        for (n = max_bytes; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80; n--)
                continue;
        return n;
}

#endif
