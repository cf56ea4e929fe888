/* One context of the nng socket: it receives a message, waits while the message is worked on, sends
 * the reply, and receives again. */
#ifndef SERVICE_RPC_EXCHANGE_H
#define SERVICE_RPC_EXCHANGE_H

#include "service/rpc/internal.h"

/* Why a call is refused without being looked at. */
enum refusal { REFUSAL_NONE, REFUSAL_FULL, REFUSAL_DRAINING, REFUSAL_NO_MEMORY };

/* One call of a message. */
struct item {
        struct frame_call frame;
        const struct method *method; /* NULL: there is none of this name */
        enum refusal refusal;
        struct part *part; /* what works on it */
        size_t reply_at, reply_bytes; /* in part->out */
};

/* Some of the calls of one message, that are worked on together. */
struct part {
        struct part *next; /* of the exchange, or of the free ones */
        struct exchange *exchange;
        struct task task;
        struct db_job settled; /* batch_part_read() waits for it */
        struct arena arena;
        struct buffer out; /* the replies */
        struct buffer packed; /* scratch: one response */
        struct single *single; /* of a password or long call */
};

struct exchange {
        struct rpc_server *server;
        struct task task; /* the message waits to be looked at */
        nng_ctx ctx;
        nng_aio *aio;
        enum { EXCHANGE_RECEIVES, EXCHANGE_WORKS, EXCHANGE_SENDS } state;
        nng_msg *message; /* while it works: the request, in the end the reply */
        uint32_t pipe;
        uint64_t received_ns;
        bool is_accepted; /* counted in server->n_accepted */
        bool on_reader; /* looked at by a reader thread */
        enum refusal refusal; /* of the whole message */
        struct item *items;
        size_t n_items, capacity;
        atomic_uint n_open; /* parts that are not done, and one while they are being made */
        struct part *parts;
        bool is_incomplete; /* there was no memory for a part */
};

/* Opens the context. */
enum status exchange_open(struct exchange *e, struct rpc_server *s,
                          struct error *reterr) MUST_CHECK;
/* Starts to receive. */
void exchange_start(struct exchange *e);
/* Waits for nng to be done with it, frees. Accepts one that was never opened. */
void exchange_close(struct exchange *e);
/* Sends e->message, which is the reply now, and then receives again. Any thread. */
void exchange_send(struct exchange *e);

#endif
