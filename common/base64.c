#include "common/base64.h"

#include <sodium.h>

static bool is_of(int variant, char c)
{
        bool is_url = variant == sodium_base64_VARIANT_URLSAFE ||
                      variant == sodium_base64_VARIANT_URLSAFE_NO_PADDING;

        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '=' || (is_url ? c == '-' || c == '_' : c == '+' || c == '/');
}

bool base64_decode(int variant, const char *text, size_t n, void *ret, size_t max, size_t *ret_n)
{
        for (size_t i = 0; i < n; i++) {
                if (!is_of(variant, text[i]))
                        return false;
        }
        /* No end pointer: with one, libsodium lets trailing junk pass. */
        return sodium_base642bin(ret, max, text, n, NULL, ret_n, NULL, variant) == 0;
}
