#include "gateway/cookie.h"

#include <stdio.h>
#include <string.h>

const char *cookie_find(const char *header, const char *name, size_t *ret_n)
{
        size_t n_name = strlen(name);

        for (const char *at = header; *at;) {
                at += strspn(at, "; \t");
                size_t n = strcspn(at, ";");

                if (n > n_name && memcmp(at, name, n_name) == 0 && at[n_name] == '=') {
                        const char *value = at + n_name + 1;

                        n -= n_name + 1;
                        while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
                                n--;
                        *ret_n = n;
                        return value;
                }
                at += n;
        }
        return NULL;
}

bool cookie_write(const char *token, int32_t max_age_s, bool secure, char *ret, size_t size)
{
        int n = snprintf(ret, size, "%s=%s; HttpOnly; SameSite=Lax; Path=/; Max-Age=%d%s",
                         COOKIE_TOKEN, token, *token ? (int)max_age_s : 0,
                         secure ? "; Secure" : "");

        return n > 0 && (size_t)n < size;
}
