#include "gateway/token.h"

#include "gateway/cookie.h"

#include <string.h>
#include <strings.h>

bool token_is_printable(const char *text, size_t max)
{
        size_t n = 0;

        for (; text[n]; n++)
                if (n == max || text[n] < ' ' || text[n] > '~')
                        return false;
        return n > 0;
}

bool token_is_operators(const char *token)
{
        return strncmp(token, "operator-", 9) == 0;
}

void token_read_cookie(struct request *r)
{
        size_t n = 0;
        const char *value =
                r->headers.cookie ? cookie_find(r->headers.cookie, COOKIE_TOKEN, &n) : NULL;
        const char *token = value ? arena_strndup(&r->arena, value, n) : NULL;

        r->token_from_cookie = token && token_is_printable(token, FRAME_MAX_TOKEN_BYTES) &&
                               !token_is_operators(token);
        r->token = r->token_from_cookie ? token : "";
}

enum status token_read(struct request *r, struct error *reterr)
{
        const char *authorization = r->headers.authorization;

        if (!authorization) {
                token_read_cookie(r);
                return STATUS_OK;
        }
        r->token = "";
        if (strncasecmp(authorization, "Bearer ", 7) != 0)
                return error_set(reterr, STATUS_UNAUTHENTICATED,
                                 "Authorization: want 'Bearer' and a token");
        authorization += 7 + strspn(authorization + 7, " ");
        if (!token_is_printable(authorization, FRAME_MAX_TOKEN_BYTES))
                return error_set(reterr, STATUS_UNAUTHENTICATED, "this is no token");
        if (token_is_operators(authorization))
                return error_set(reterr, STATUS_UNAUTHENTICATED,
                                 "the operator's token is not for HTTP; log in");
        r->token = authorization;
        return STATUS_OK;
}
