/* One call on its way: one block of memory that holds the call, its packed request and, once it has
 * ended, how. */
#ifndef CLIENT_PENDING_H
#define CLIENT_PENDING_H

#include "client/error.h"
#include "client/harvest.h"
#include "client/task.h"
#include "client/timers.h"
#include "common/clock.h"
#include "common/contract.h"
#include "common/frame.h"

#include <stdatomic.h>

/* Who changes the state, under the client's mutex:
 *
 *     QUEUED ──sent──▶ SENT ──reply──▶ CLAIMED ──▶ DONE
 *        ▲              │                 │
 *        ├──broken──────┘                 │ try again later
 *        └──time────── BACKOFF ◀──────────┘
 *
 * and from QUEUED, SENT and BACKOFF straight to DONE when the deadline passes or somebody cancels.
 * CLAIMED belongs to the thread that reads the reply. */
enum pending_state { PENDING_QUEUED, PENDING_SENT, PENDING_CLAIMED, PENDING_BACKOFF, PENDING_DONE };

struct slot;

/* A bearer token that many calls share. */
struct token {
        atomic_uint refs;
        size_t n_bytes;
        uint8_t bytes[];
};

struct soc_pending {
        struct task task; /* delivers it, once it is DONE */
        struct soc_client *client;
        atomic_uint refs;
        bool may_repeat; /* the contract and the caller allow to send it twice */
        bool keep; /* the callback takes the response over, which is on the heap then */
        const struct method *method;
        deadline_ns deadline;
        uint32_t timeout_ms; /* all of it, for the error text */

        /* Guarded by the client's mutex. */
        enum pending_state state;
        bool cancel_wanted; /* while it was CLAIMED */
        unsigned n_breaks; /* connections that broke under it */
        unsigned n_backoffs;
        struct soc_pending *prev, *next; /* QUEUED: in its lane */
        struct slot *slot; /* SENT, CLAIMED: where */
        struct timer timer; /* in the client's timers */

        soc_callback callback;
        ProtobufCClosure stub; /* instead of callback, for generated stubs */
        void *closure;

        struct token *token; /* the client's, shared; NULL when the call brings its own or none */
        struct frame_call call; /* points into bytes and token */
        size_t frame_bytes; /* frame_call_bytes(&call) */
        uint8_t id[FRAME_CALL_ID_BYTES];

        /* How it ended: written before DONE is. */
        enum status status;
        struct harvest *harvest;
        struct frame_bytes reply;
        struct pending_pool *pool; /* NULL: too big for it */
        struct error error; /* not cleared by pending_new() but for what says "no error" */

        uint8_t bytes[]; /* what call points to */
};

static inline struct soc_pending *pending_of_timer(struct timer *timer)
{
        return (struct soc_pending *)((char *)timer - offsetof(struct soc_pending, timer));
}

/* Blocks for calls of ordinary size, so that a call costs no malloc. */
#define PENDING_POOLED_BYTES 512
#define PENDING_POOLED_MAX   256

struct pending_pool {
        pthread_mutex_t mutex;
        struct soc_pending *free; /* by next */
        unsigned n_free;
};

void pending_pool_init(struct pending_pool *pool);
void pending_pool_deinit(struct pending_pool *pool);

/* A call with one reference and room for n_bytes in bytes. NULL when there is no memory. */
struct soc_pending *pending_new(struct pending_pool *pool, size_t n_bytes) MUST_CHECK;
void pending_ref(struct soc_pending *p);
void pending_unref(struct soc_pending *p);

/* Says how the call ended; the state is the caller's to change. text is a printf format. */
void pending_fail(struct soc_pending *p, enum status status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* Runs the callback of a call that is DONE and drops the library's reference. */
void pending_deliver(struct soc_pending *p);

struct token *token_new(const char *text, size_t n) MUST_CHECK;
struct token *token_ref(struct token *t);
struct token *token_unref(struct token *t);

#endif
