/* The calls that wait or run, by id, so that they can be cancelled. Reads are not in it: they are
 * over before anybody could say so. */
#ifndef SERVICE_RPC_REGISTRY_H
#define SERVICE_RPC_REGISTRY_H

#include "common/status.h"
#include "service/rpc/call.h"
#include "service/rpc/pool.h"

struct registry;

/* One call in the registry; embedded in what works on it. */
struct tracked {
        struct call *call;
        uint32_t pipe; /* of the client; 0: the call goes on when its client is gone */
        struct pool *pool; /* where task may be queued; NULL: it is not taken out */
        struct task *task;
        bool is_claimed; /* the registry's: it is at work, and its like may not be */
        struct tracked *next, **back; /* the registry's */
        struct tracked *next_removed;
};

enum status registry_new(struct registry **ret, struct error *reterr) MUST_CHECK;
/* Asserts that it is empty. Accepts NULL, returns NULL. */
struct registry *registry_free(struct registry *r);

/* Marks the call as cancelled at once if its cancel has overtaken it. */
void registry_add(struct registry *r, struct tracked *t);
void registry_remove(struct registry *r, struct tracked *t);
enum submitted { SUBMITTED, SUBMIT_CANCELLED, SUBMIT_FULL };
/* Queues the task of a call that is in the registry, unless the call is cancelled already: it would
 * wait for nothing. A cancel comes before or after, never between. Once it is SUBMITTED, the call
 * may be over. */
enum submitted registry_submit(struct registry *r, struct tracked *t) MUST_CHECK;
/* Whether it may begin: no call of the same id and caller has, but for ones that are cancelled. */
bool registry_claim(struct registry *r, struct tracked *t);
/* Marks the calls of this id as cancelled. Returns those that were taken out of their queue, linked
 * by next_removed, for the caller to answer; they are still in the registry. An id that is not here
 * is remembered for some seconds. */
struct tracked *registry_cancel(struct registry *r, const uint8_t id[static FRAME_CALL_ID_BYTES]);
/* Whether a call that is not in the registry has been cancelled before it came. */
bool registry_cancelled_before(struct registry *r, const uint8_t id[static FRAME_CALL_ID_BYTES]);
/* Marks the calls of a client that is gone. Does not block: nng's threads call it. */
void registry_cancel_pipe(struct registry *r, uint32_t pipe);
void registry_cancel_all(struct registry *r);

#endif
