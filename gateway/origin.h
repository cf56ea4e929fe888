/* Which web pages may use the gateway: same origin, or an origin that the operator allows. */
#ifndef GATEWAY_ORIGIN_H
#define GATEWAY_ORIGIN_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Whether text is an origin ("https://chat.example.org", "http://localhost:5173") or "*". */
enum status origin_check(const char *text, struct error *reterr) MUST_CHECK;

/* Whether an origin is that of the host a request was sent to. Default ports may be left out. */
bool origin_is_host(const char *origin, const char *host);

/* Whether it is in the list, literally; "*" in the list counts only with wildcard true. */
bool origin_in_list(const char *origin, const char *const *list, size_t n, bool wildcard);

/* The origin of a URL ("https://a.example/b?c" is of "https://a.example"), for Referer. False when
 * it has none or it does not fit. */
bool origin_of_url(const char *url, char *ret, size_t size);

#endif
