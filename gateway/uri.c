#include "gateway/uri.h"

#include "common/wire.h"

#include <string.h>

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

bool uri_decode(char *text, bool plus)
{
        char *out = text;

        for (const char *in = text; *in; in++) {
                if (*in == '%') {
                        int high = hex_digit(in[1]);
                        int low = high < 0 ? -1 : hex_digit(in[2]);

                        /* %00 would end the text early. */
                        if (low < 0 || (high == 0 && low == 0))
                                return false;
                        *out++ = (char)(high * 16 + low);
                        in += 2;
                } else {
                        *out++ = plus && *in == '+' ? ' ' : *in;
                }
        }
        *out = '\0';
        return wire_utf8_valid(text, (size_t)(out - text));
}

bool uri_next_pair(char **at, char **ret_name, char **ret_value, bool *ret_valid)
{
        char *name = *at + strspn(*at, "&");
        if (!*name)
                return false;

        char *end = name + strcspn(name, "&");
        *at = *end ? end + 1 : end;
        *end = '\0';

        char *value = strchr(name, '=');
        if (value)
                *value++ = '\0';
        else
                value = end;

        *ret_valid = uri_decode(name, true) && uri_decode(value, true);
        *ret_name = name;
        *ret_value = value;
        return true;
}
