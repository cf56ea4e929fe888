/* From an HTTP request to a request message of the contract. */
#ifndef GATEWAY_TRANSCODE_H
#define GATEWAY_TRANSCODE_H

#include "common/arena.h"
#include "common/status.h"
#include "gateway/router.h"

#include <stddef.h>

enum body_kind { BODY_JSON, BODY_FORM };

/* What a Content-Type says of a body; NULL is JSON. False for one that is neither JSON nor a form,
 * or not UTF-8. */
bool transcode_body_kind(const char *content_type, enum body_kind *ret);

struct transcode_input {
        const struct router_match *match; /* its route is of a method */
        char *query; /* what follows '?', changed in place; NULL = none */
        char *body; /* terminated, changed in place */
        size_t n_body_bytes;
        enum body_kind body_kind;
};

/* The message lives in the arena. Path, query and body each may name a field; what the path names
 * may be in the body too, if it says the same. On failure *ret_http is the HTTP status that fits
 * better than the error's own, or 0: 400 for what is no JSON or badly encoded. */
enum status transcode_request(const struct transcode_input *input, struct arena *arena,
                              ProtobufCMessage **ret, unsigned *ret_http,
                              struct error *reterr) MUST_CHECK;

#endif
