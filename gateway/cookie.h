/* Cookies (RFC 6265): the one that carries the access token. */
#ifndef GATEWAY_COOKIE_H
#define GATEWAY_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COOKIE_TOKEN "access_token"

/* The value of a cookie in a Cookie header, and its length; NULL when it is not there. */
const char *cookie_find(const char *header, const char *name, size_t *ret_n);

/* A Set-Cookie value for the token; token "" clears it. secure: only over TLS. False when it does
 * not fit. */
bool cookie_write(const char *token, int32_t max_age_s, bool secure, char *ret, size_t size);

#endif
