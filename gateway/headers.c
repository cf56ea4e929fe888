#include "gateway/headers.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static const struct known {
        const char *name;
        size_t n;
        size_t offset;
} known[] = {
#define X(member, name) {name, sizeof(name) - 1, offsetof(struct headers, member)},
        HEADERS_LIST(X)
#undef X
};

/* Proxies join these with commas, and so may we not choose one of two. */
static bool may_repeat(const char *name)
{
        return strcmp(name, "Accept") == 0 || strcmp(name, "Accept-Encoding") == 0 ||
               strcmp(name, "X-Forwarded-For") == 0 || strcmp(name, "Connection") == 0 ||
               strcmp(name, "Cookie") == 0 || strcmp(name, "If-None-Match") == 0 ||
               strcmp(name, "Sec-WebSocket-Extensions") == 0 || strcmp(name, "Upgrade") == 0;
}

#define TOKEN_CHARACTERS                                                 \
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" \
        "!#$%&'*+-.^_`|~"

/* Whether a header's line was one line, with CRLF at its end. libmicrohttpd before 1.0 takes a bare
 * LF, and appends what is folded into the next line to the header's *name*, so that one header
 * becomes another that no proxy before us has seen. What it has read lies where it was, with zeroes
 * for the colon and the end of the line; a folded one was moved. Newer versions refuse all of that
 * (server.c). */
static bool is_one_line(const char *name, size_t n, const char *value)
{
#if MHD_VERSION < 0x01000000
        const char *at = name + n + 1;

        if ((uintptr_t)value < (uintptr_t)at || (uintptr_t)value - (uintptr_t)at > UINT16_MAX)
                return false;
        return at + strspn(at, " \t") == value && value[strlen(value) + 1] == '\0';
#else
        (void)name;
        (void)n;
        (void)value;
        return true;
#endif
}

static enum MHD_Result read_one(void *cls, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
        struct headers *h = cls;
        size_t n = strlen(name);

        (void)kind;
        h->n_bytes += n + (value ? strlen(value) : 0) + 4;
        if (!value || name[strspn(name, TOKEN_CHARACTERS)] != '\0' || strchr(value, '\r') ||
            !is_one_line(name, n, value))
                h->is_malformed = true;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
                if (known[i].n != n || strcasecmp(known[i].name, name) != 0)
                        continue;
                const char **member = (const char **)(void *)((char *)h + known[i].offset);
                if (*member && !may_repeat(known[i].name))
                        h->repeated = known[i].name;
                /* The last X-Forwarded-For is the one that the nearest proxy wrote. */
                *member = value ? value : "";
                break;
        }
        return MHD_YES;
}

void headers_read(struct MHD_Connection *connection, struct headers *ret)
{
        *ret = (struct headers){0};
        MHD_get_connection_values(connection, MHD_HEADER_KIND, read_one, ret);
}

const char *headers_fault(const struct headers *h, bool is_http11)
{
        if (h->is_malformed)
                return "a header is folded, has a space in its name, or no CRLF at its end";
        if (h->repeated)
                return "a header that may be there once is there twice";
        if (h->transfer_encoding && h->content_length)
                return "Content-Length beside Transfer-Encoding";
        if (h->transfer_encoding && strcasecmp(h->transfer_encoding, "chunked") != 0)
                return "Transfer-Encoding: only 'chunked' is understood";
        if (h->transfer_encoding && !is_http11)
                return "Transfer-Encoding is of HTTP/1.1";
        if (h->content_length && h->content_length[strspn(h->content_length, "0123456789")] != '\0')
                return "Content-Length is no number";
        if (!h->host && is_http11)
                return "Host is missing";
        return NULL;
}

/* The weight of a member of a list such as "br;q=0.5, gzip": whether it is more than 0. */
static bool is_listed(const char *list, const char *name)
{
        size_t n_name = strlen(name);

        for (const char *at = list ? list : ""; *at;) {
                at += strspn(at, ", \t");
                size_t n = strcspn(at, ",");

                if (n >= n_name && strncasecmp(at, name, n_name) == 0 &&
                    (n == n_name || strchr("; \t", at[n_name]))) {
                        const char *weight = memmem(at, n, "q=", 2);

                        return !weight || strspn(weight + 2, "0.") != strcspn(weight + 2, ", \t");
                }
                at += n;
        }
        return false;
}

bool headers_accept_gzip(const struct headers *h)
{
        return is_listed(h->accept_encoding, "gzip");
}

bool headers_accept_html(const struct headers *h)
{
        return is_listed(h->accept, "text/html");
}
