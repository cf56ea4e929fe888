/* Whether the service speaks the contract that this gateway was made with. It is asked when the
 * connection is new, and now and then. A service that knows less would overlook what it does not
 * know, so nothing is handed to it: /ready, calls and WebSockets answer 503 and say what to do. */
#ifndef GATEWAY_COMPATIBLE_H
#define GATEWAY_COMPATIBLE_H

#include "common/status.h"
#include "gateway/gateway.h"

struct compatible;

/* Asks from now on. Needs the client. */
enum status compatible_new(struct gateway *g, struct compatible **ret,
                           struct error *reterr) MUST_CHECK;
/* After the client is freed. Accepts NULL, returns NULL; the loop has to run on once. */
struct compatible *compatible_free(struct compatible *c);
/* Why the service is not to be used; NULL where nothing speaks against it. Accepts NULL. */
const char *compatible_fault(const struct compatible *c);

#endif
