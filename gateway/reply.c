#include "gateway/reply.h"

#include "common/json.h"
#include "gateway/origin.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void reply_response(struct request *r, unsigned http_status, struct MHD_Response *response)
{
        r->state = REQUEST_READY;
        r->http_status = http_status;
        r->response = response;
}

void reply_header(struct request *r, const char *name, const char *value)
{
        if (r->response)
                MHD_add_response_header(r->response, name, value);
}

void reply_bytes(struct request *r, unsigned http_status, const char *content_type,
                 const void *data, size_t n)
{
        /* Persistent: static, or of the request, which outlives its response. It is only read. */
        struct MHD_Response *response =
                MHD_create_response_from_buffer(n, (void *)(uintptr_t)data, MHD_RESPMEM_PERSISTENT);

        reply_response(r, http_status, response);
        reply_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
}

void reply_out(struct request *r, unsigned http_status, const char *content_type)
{
        if (buffer_failed(&r->out))
                reply_response(r, 0, NULL);
        else
                reply_bytes(r, http_status, content_type, r->out.data, r->out.n_bytes);
}

void reply_empty(struct request *r, unsigned http_status)
{
        reply_response(r, http_status,
                       MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

void reply_error(struct request *r, unsigned http_status, const struct error *error)
{
        if (http_status == 0)
                http_status = status_http(error->status);

        buffer_clear(&r->out);
        json_append_error(&r->out, error, r->request_id);
        reply_out(r, http_status, REPLY_JSON);
        if (http_status == 401)
                reply_header(r, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        if (http_status == 429 || http_status == 503) {
                char seconds[16];

                snprintf(seconds, sizeof(seconds), "%u",
                         error->retry_after_ms > 0 ? (error->retry_after_ms + 999) / 1000 : 1);
                reply_header(r, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
        }
}

void reply_errorf(struct request *r, unsigned http_status, enum status status, const char *format,
                  ...)
{
        struct error error = {.status = status};
        va_list args;

        va_start(args, format);
        vsnprintf(error.text, sizeof(error.text), format, args);
        va_end(args);
        reply_error(r, http_status, &error);
}

void reply_close(struct request *r)
{
        reply_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
}

bool reply_not_modified(struct request *r, const char *etag)
{
        const char *given = r->headers.if_none_match;

        if (!given || (strcmp(given, "*") != 0 && !strstr(given, etag)))
                return false;
        reply_empty(r, 304);
        reply_header(r, MHD_HTTP_HEADER_ETAG, etag);
        return true;
}

static void cors_headers(struct request *r)
{
        const struct gateway_options *o = r->server->gateway->options;
        const char *origin = r->headers.origin;

        if (o->n_allowed_origins == 0)
                return;
        /* Caches must not give one origin's answer to another. */
        if (!r->server->any_origin)
                reply_header(r, MHD_HTTP_HEADER_VARY, "Origin");
        if (!origin)
                return;
        if (origin_in_list(origin, o->allowed_origins, o->n_allowed_origins, false)) {
                reply_header(r, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                reply_header(r, "Access-Control-Allow-Credentials", "true");
        } else if (r->server->any_origin) {
                reply_header(r, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        } else {
                return;
        }
        reply_header(r, "Access-Control-Expose-Headers", "X-Request-Id, Retry-After, ETag");
}

void reply_common_headers(struct request *r)
{
        reply_header(r, "X-Request-Id", r->request_id);
        reply_header(r, "X-Content-Type-Options", "nosniff");
        reply_header(r, "Referrer-Policy", "no-referrer");
        if (!r->cacheable)
                reply_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        cors_headers(r);
        if (r->server->gateway->stopping && r->http_status != MHD_HTTP_SWITCHING_PROTOCOLS)
                reply_close(r);
}
