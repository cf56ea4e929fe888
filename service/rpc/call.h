/* One call while the service works on it. */
#ifndef SERVICE_RPC_CALL_H
#define SERVICE_RPC_CALL_H

#include "common/arena.h"
#include "common/clock.h"
#include "common/contract.h"
#include "common/frame.h"
#include "common/status.h"
#include "service/auth/caller.h"
#include "service/db/db.h"

#include <stdatomic.h>

struct service; /* service/service.h: the database, the authority, the publisher … */

struct call {
        struct service *service;
        const struct method *method;
        struct arena *arena; /* request, response and whatever the handler needs */
        struct caller caller;
        deadline_ns deadline;
        uint8_t id[FRAME_CALL_ID_BYTES];
        char request_id[FRAME_MAX_REQUEST_ID + 1];
        char traceparent[FRAME_MAX_TRACEPARENT + 1];
        char client_address[FRAME_MAX_CLIENT_ADDRESS + 1]; /* "" = a direct caller */
        atomic_bool cancelled;
        ProtobufCMessage *request;
        ProtobufCMessage *response; /* initialised; the handler fills it */
        /* Below: service/rpc's own. */
        struct frame_bytes payload; /* the request as it came */
        struct call_after *after; /* of call_after_commit(), first to last */
        bool has_written; /* call_write() has committed once */
};

/* A handler. Generated headers declare one for every method, so that a missing one does not link:
 *     enum status user_service_get_me(struct call *call,
 *                                     const Socializer__V1__GetMeRequest *req,
 *                                     Socializer__V1__GetMeResponse *rsp, struct error *reterr);
 * LANE_READ: on a reader thread; take LEASE_READ leases. LANE_WRITE: on the writer thread; take one
 * LEASE_WRITE lease and lease_commit() it. LANE_PASSWORD and LANE_LONG: on threads of their own;
 * take LEASE_READ leases briefly and write through call_write(). Strings that the response points
 * to live in call->arena or are static. */
typedef enum status (*call_handler)(struct call *call, const void *req, void *rsp,
                                    struct error *reterr);

/* Writes from a PASSWORD or LONG handler: runs fn on the writer thread, in one transaction with the
 * replay cache where the method has replay, and waits for the commit. If this very call has been
 * answered before, fn is not run, the first reply is put into call->response and STATUS_OK returned
 * (*ret_replayed true; may be NULL). fn sets the response before it returns. */
typedef enum status (*call_write_fn)(struct call *call, struct lease *lease, void *arg,
                                     struct error *reterr);
enum status call_write(struct call *call, call_write_fn fn, void *arg, bool *ret_replayed,
                       struct error *reterr) MUST_CHECK;

/* CANCELLED or DEADLINE_EXCEEDED once nobody waits any more; handlers that take their time ask. */
enum status call_check(struct call *call, struct error *reterr) MUST_CHECK;

/* Runs fn after what the call wrote is on disk and before the call is answered (publish an event,
 * forget a token), on the settler thread and in the order of the commits. Also when the disk does
 * not confirm it, since readers see it; not when the handler, the function or the commit fails. arg
 * lives in the arena. RESOURCE_EXHAUSTED when there is no memory. */
enum status call_after_commit(struct call *call, void (*fn)(struct service *service, void *arg),
                              void *arg, struct error *reterr) MUST_CHECK;

/* The user a request is about: 0 is the caller. PERMISSION_DENIED for another one, but for
 * administrators; FAILED_PRECONDITION when the operator, who is no user, says "me". */
enum status call_subject(struct call *call, int64_t user_id, int64_t *ret,
                         struct error *reterr) MUST_CHECK;
/* The same for what is the user's alone: PERMISSION_DENIED for administrators, too. */
enum status call_self(struct call *call, int64_t user_id, int64_t *ret,
                      struct error *reterr) MUST_CHECK;

#endif
