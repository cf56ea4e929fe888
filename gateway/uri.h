/* Percent-encoding (RFC 3986) and name=value lists of queries and forms. */
#ifndef GATEWAY_URI_H
#define GATEWAY_URI_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Decodes text in place; plus: '+' is a space, as in queries and forms. False for a '%' that no two
 * hexadecimal digits follow, and for text that is not UTF-8 without NUL then. */
bool uri_decode(char *text, bool plus);

/* Takes the next name=value off *at (which is changed in place) and decodes both. A name without
 * '=' has the value "". False at the end. *ret_valid false: the encoding is bad; *ret_name is then
 * fit for nothing. */
bool uri_next_pair(char **at, char **ret_name, char **ret_value, bool *ret_valid);

#endif
