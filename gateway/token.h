/* The access token that a request carries. */
#ifndef GATEWAY_TOKEN_H
#define GATEWAY_TOKEN_H

#include "gateway/request.h"

/* Fills r->token and r->token_from_cookie: Authorization wins over the cookie, and neither is "".
 * UNAUTHENTICATED for what cannot be a token, and for the operator's, who speaks to the service
 * directly and never over HTTP. */
enum status token_read(struct request *r, struct error *reterr) MUST_CHECK;
/* The same from the cookie alone; a bad one is none. For WebSockets. */
void token_read_cookie(struct request *r);
/* 1 to max characters of printable ASCII. */
bool token_is_printable(const char *text, size_t max);
/* Whether it is the operator's, which no frame and no request may bring. */
bool token_is_operators(const char *token);

#endif
