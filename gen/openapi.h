/* The OpenAPI 3.1 document of the routes. */
#ifndef GEN_OPENAPI_H
#define GEN_OPENAPI_H

#include "common/status.h"
#include "gen/model.h"

#include <jansson.h>

/* A new reference. base is the part that no .proto says: the error object, the answers that every
 * route may give, security schemes, the gateway's own paths. Where base and the contract say
 * something of the same operation, the two are merged. */
json_t *openapi_document(const struct model *m, json_t *base, const char *version);

#endif
