/* A listening TCP socket. */
#ifndef GATEWAY_LISTENER_H
#define GATEWAY_LISTENER_H

#include "common/status.h"

#include <stddef.h>

/* Binds "HOST:PORT" ("127.0.0.1:8000", "[::]:80", "localhost:0") and listens. ret_address: where,
 * as text. The descriptor is the caller's. */
enum status listener_open(const char *host_port, int *ret_fd, char *ret_address, size_t size,
                          struct error *reterr) MUST_CHECK;

#endif
