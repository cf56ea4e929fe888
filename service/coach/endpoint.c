#include "service/coach/endpoint.h"

#include "common/buffer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The parts of a URL; each is NULL or curl_free()'s. */
struct parts {
        char *scheme;
        char *host;
        char *port;
        char *path; /* without slashes at its end */
};

static void parts_deinit(struct parts *p)
{
        curl_free(p->scheme);
        curl_free(p->host);
        curl_free(p->port);
        curl_free(p->path);
}

static void url_cleanup(CURLU **url)
{
        curl_url_cleanup(*url);
}

static bool has_part(CURLU *url, CURLUPart part)
{
        char *text = NULL;
        CURLUcode code = curl_url_get(url, part, &text, 0);

        curl_free(text);
        return code == CURLUE_OK;
}

static bool has_odd_character(const char *text)
{
        for (const unsigned char *at = (const unsigned char *)text; *at; at++)
                if (*at <= ' ' || *at >= 0x7f || *at == '\\')
                        return true;
        return false;
}

/* "a/../b" means b to some and a to others: no dots between slashes, however they are written. */
static bool has_dots(const char *path)
{
        for (const char *at = path; *at; at++)
                if (*at == '/' && (at[1] == '.' || strncasecmp(at + 1, "%2e", 3) == 0))
                        return true;
        return strcasestr(path, "%2f") != NULL;
}

static enum status bad(struct error *reterr, const char *what)
{
        error_field(reterr, "endpoint",
                    "want a URL like \"https://api.openai.com/v1\" of at most %d bytes, %s",
                    ENDPOINT_MAX_BYTES, what);
        return STATUS_INVALID_ARGUMENT;
}

static enum status no_memory(struct error *reterr)
{
        error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        return STATUS_RESOURCE_EXHAUSTED;
}

static enum status split(CURLU *url, const char *endpoint, struct parts *ret, struct error *reterr)
{
        if (curl_url_set(url, CURLUPART_URL, endpoint, CURLU_PATH_AS_IS) != CURLUE_OK)
                return bad(reterr, "got something else");
        if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
            strchr(endpoint, '@'))
                return bad(reterr, "without a user");
        if (strpbrk(endpoint, "?#"))
                return bad(reterr, "without a query or fragment");
        if (curl_url_get(url, CURLUPART_SCHEME, &ret->scheme, 0) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_HOST, &ret->host, 0) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_PORT, &ret->port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_PATH, &ret->path, 0) != CURLUE_OK)
                return bad(reterr, "got something else");
        if (strcasecmp(ret->scheme, "http") != 0 && strcasecmp(ret->scheme, "https") != 0)
                return bad(reterr, "with http or https");
        if (has_dots(ret->path))
                return bad(reterr, "without dots at the start of a path's segment");
        for (char *at = ret->host; *at; at++)
                if (*at >= 'A' && *at <= 'Z')
                        *at = (char)(*at - 'A' + 'a');
        for (size_t n = strlen(ret->path); n > 0 && ret->path[n - 1] == '/'; n--)
                ret->path[n - 1] = '\0';
        return STATUS_OK;
}

static enum status parse(const char *endpoint, struct parts *ret, struct error *reterr)
{
        CLEANUP(url_cleanup) CURLU *url = curl_url();

        if (!url)
                return no_memory(reterr);
        if (strlen(endpoint) > ENDPOINT_MAX_BYTES)
                return bad(reterr, "got a longer one");
        if (has_odd_character(endpoint))
                return bad(reterr, "without spaces, backslashes and characters outside ASCII");
        return split(url, endpoint, ret, reterr);
}

static bool covers(const struct parts *allowed, const struct parts *p)
{
        size_t n = strlen(allowed->path);

        return strcasecmp(allowed->scheme, p->scheme) == 0 && strcmp(allowed->host, p->host) == 0 &&
               strcmp(allowed->port, p->port) == 0 && strncmp(allowed->path, p->path, n) == 0 &&
               (p->path[n] == '\0' || p->path[n] == '/');
}

enum status coach_endpoint_check(const char *endpoint, const char *const *allowed, size_t n_allowed,
                                 struct error *reterr)
{
        CLEANUP(parts_deinit) struct parts p = {0};
        enum status st = parse(endpoint, &p, reterr);

        if (st != STATUS_OK || !allowed)
                return st;
        for (size_t i = 0; i < n_allowed; i++) {
                CLEANUP(parts_deinit) struct parts a = {0};

                if (parse(allowed[i], &a, NULL) == STATUS_OK && covers(&a, &p))
                        return STATUS_OK;
        }
        error_field(reterr, "endpoint", "not among the endpoints that administrators allow");
        if (reterr)
                reterr->status = STATUS_PERMISSION_DENIED;
        return STATUS_PERMISSION_DENIED;
}

enum status endpoint_completions_url(const char *endpoint, char **ret, struct error *reterr)
{
        CLEANUP(parts_deinit) struct parts p = {0};
        AUTO_BUFFER url = BUFFER_INIT;
        enum status st = parse(endpoint, &p, reterr);

        if (st != STATUS_OK)
                return st;
        buffer_printf(&url, "%s://%s:%s%s/chat/completions",
                      strcasecmp(p.scheme, "http") == 0 ? "http" : "https", p.host, p.port, p.path);
        *ret = buffer_str(&url) ? strdup(buffer_str(&url)) : NULL;
        return *ret ? STATUS_OK : no_memory(reterr);
}
