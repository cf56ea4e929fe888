/* The RPC server: nng listeners, the threads that work on calls, and what they count.
 *
 * nng's threads only hand messages over. A message of reads is worked on by one of the reader
 * threads; the writes of a message become one job of the database's writer; password and long calls
 * have threads of their own. Every queue is bounded, and what does not fit is refused at once. */
#ifndef SERVICE_RPC_SERVER_H
#define SERVICE_RPC_SERVER_H

#include "common/buffer.h"
#include "common/status.h"
#include "service/rpc/call.h"
#include "service/service.h"

#include <stddef.h>
#include <stdint.h>

struct rpc_server;

struct rpc_server_options {
        struct service *service; /* its db and authority; outlives the server */
        const call_handler *handlers; /* by contract_index() */
        const char *const *urls; /* "ipc:///path", "tcp://host:port"; port 0 = any that is free */
        size_t n_urls;
        unsigned n_readers; /* 0 = as many as there are processors, at least 2 */
        unsigned n_passwords; /* 0 = 2 */
        unsigned max_long_threads; /* 0 = 64 */
        unsigned max_queued_reads; /* messages; 0 = 512 */
        unsigned max_queued_writes; /* messages; 0 = 512 */
        unsigned max_queued_passwords; /* calls; 0 = 64 */
        unsigned max_queued_long; /* calls; 0 = 256 */
        unsigned writes_per_second; /* of one user, in the long run; 0 = no limit */
        unsigned writes_burst; /* of one user, at once */
};

/* Opens the listeners and starts the threads; calls are answered when this returns.
 * FAILED_PRECONDITION when an address is in use, INVALID_ARGUMENT when it is none; the text names
 * it. */
enum status rpc_server_new(const struct rpc_server_options *options, struct rpc_server **ret,
                           struct error *reterr) MUST_CHECK;
/* New calls answer UNAVAILABLE from now on; waits until the others are answered, no longer than the
 * deadline, then cancels what still runs. The listeners stay open: nng cannot close them safely
 * while there is traffic. */
void rpc_server_drain(struct rpc_server *s, deadline_ns deadline);
/* Ends the threads; waits for calls that run. After this the server does not touch the service. */
void rpc_server_stop(struct rpc_server *s);
/* Stops if that has not been done, closes the listeners, frees. With nng before 1.6 and traffic in
 * flight the close may hang: have a watchdog. Accepts NULL, returns NULL. */
struct rpc_server *rpc_server_free(struct rpc_server *s);

/* The address of a listener, with the port that was chosen. Owned by the server. */
const char *rpc_server_url(const struct rpc_server *s, size_t i);
/* Appends the server's metrics in the Prometheus text format. Any thread. */
void rpc_server_metrics(struct rpc_server *s, struct buffer *out);

#endif
