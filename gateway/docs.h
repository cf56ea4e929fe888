/* The API's documentation: the OpenAPI document, and Swagger UI over it from local files. */
#ifndef GATEWAY_DOCS_H
#define GATEWAY_DOCS_H

#include "common/status.h"
#include "gateway/static_files.h"

struct request;

struct docs {
        struct static_files files; /* swagger-ui-dist */
        char openapi_etag[40];
};

/* dir "" = Swagger UI is not installed. */
enum status docs_init(struct docs *d, const char *dir, struct error *reterr) MUST_CHECK;
/* Answer /openapi.json, /docs, and /docs/FILE. */
void docs_openapi(struct request *r);
void docs_page(struct request *r);
void docs_file(struct request *r, const char *name);

#endif
