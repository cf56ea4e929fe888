#include "gateway/origin.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* "https://host:8443" without the scheme, NULL for what is no origin. */
static const char *authority_of(const char *origin, const char **ret_default_port)
{
        if (strncasecmp(origin, "http://", 7) == 0) {
                *ret_default_port = ":80";
                return origin + 7;
        }
        if (strncasecmp(origin, "https://", 8) == 0) {
                *ret_default_port = ":443";
                return origin + 8;
        }
        return NULL;
}

enum status origin_check(const char *text, struct error *reterr)
{
        const char *port;
        const char *authority = authority_of(text, &port);

        if (strcmp(text, "*") == 0)
                return STATUS_OK;
        if (!authority || !*authority || strpbrk(authority, "/?#@ ,"))
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "allowed origin '%s': want scheme and host, as in "
                                 "https://chat.example.org",
                                 text);
        return STATUS_OK;
}

/* Length of an authority without its scheme's own port. */
static size_t significant(const char *authority, const char *default_port)
{
        size_t n = strlen(authority);
        size_t n_port = strlen(default_port);

        if (n > n_port && strcmp(authority + n - n_port, default_port) == 0)
                n -= n_port;
        return n;
}

bool origin_is_host(const char *origin, const char *host)
{
        const char *port;
        const char *authority = authority_of(origin, &port);

        if (!authority || !*authority)
                return false;
        size_t n = significant(authority, port);
        return n == significant(host, port) && strncasecmp(authority, host, n) == 0;
}

bool origin_in_list(const char *origin, const char *const *list, size_t n, bool wildcard)
{
        for (size_t i = 0; i < n; i++) {
                if (strcasecmp(list[i], origin) == 0)
                        return true;
                if (wildcard && strcmp(list[i], "*") == 0)
                        return true;
        }
        return false;
}

bool origin_of_url(const char *url, char *ret, size_t size)
{
        const char *port;
        const char *authority = authority_of(url, &port);

        if (!authority)
                return false;
        size_t n = (size_t)(authority - url) + strcspn(authority, "/?#");
        if (n >= size)
                return false;
        memcpy(ret, url, n);
        ret[n] = '\0';
        return true;
}
