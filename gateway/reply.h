/* The answer to a request. Each of these makes it, once; the request is READY then. */
#ifndef GATEWAY_REPLY_H
#define GATEWAY_REPLY_H

#include "common/status.h"
#include "gateway/request.h"

#define REPLY_JSON "application/json"
#define REPLY_TEXT "text/plain; charset=utf-8"
#define REPLY_HTML "text/html; charset=utf-8"

/* data is static, or r->out's; it is not copied. */
void reply_bytes(struct request *r, unsigned http_status, const char *content_type,
                 const void *data, size_t n);
/* r->out as it is. */
void reply_out(struct request *r, unsigned http_status, const char *content_type);
void reply_empty(struct request *r, unsigned http_status);
/* The error object. http_status 0: the one that fits the error. */
void reply_error(struct request *r, unsigned http_status, const struct error *error);
void reply_errorf(struct request *r, unsigned http_status, enum status status, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
/* Takes a response of libmicrohttpd's. NULL (no memory) closes the connection. */
void reply_response(struct request *r, unsigned http_status, struct MHD_Response *response);
/* Adds a header to the answer that is made. */
void reply_header(struct request *r, const char *name, const char *value);
/* After the answer the connection ends: what follows in it cannot be trusted. */
void reply_close(struct request *r);
/* 304 when If-None-Match names the tag (with its quotes). */
bool reply_not_modified(struct request *r, const char *etag);

/* What every answer has: request id, security headers, CORS. Called once, before it is sent. */
void reply_common_headers(struct request *r);

#endif
