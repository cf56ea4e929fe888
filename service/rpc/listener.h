/* Addresses that the server listens on. */
#ifndef SERVICE_RPC_LISTENER_H
#define SERVICE_RPC_LISTENER_H

#include "common/status.h"

#include <nng/nng.h>

/* Listens on "ipc:///path" (the socket is the owner's alone; one that a dead process left behind is
 * replaced) or "tcp://host:port". ret_url: the address with the port that was chosen, the caller's
 * to free. INVALID_ARGUMENT for what is no address, FAILED_PRECONDITION for one in use; the text
 * says what to do. */
enum status listener_open(nng_socket socket, const char *url, char **ret_url,
                          struct error *reterr) MUST_CHECK;

#endif
