/* UTF-8 (RFC 3629), one character at a time. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

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

#endif
