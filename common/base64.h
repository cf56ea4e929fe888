/* Base64 (RFC 4648) from outside. libsodium decodes some bytes beyond ASCII as if they were
 * letters, so that one text has many spellings; this takes the one only. */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* variant: one of libsodium's, sodium_base64_VARIANT_…. At most max bytes go to ret, *ret_n says
 * how many. False when the text is no base64, padding and spare bits included, or longer. */
bool base64_decode(int variant, const char *text, size_t n, void *ret, size_t max, size_t *ret_n);

#endif
