/* A lane: the calls of one class that wait, and the slots they travel in. A slot is one nng request
 * context with a message on its way, or free. While one is on its way calls gather, and leave
 * together when its reply is there, when they fill a message, or after a millisecond. */
#ifndef CLIENT_LANE_H
#define CLIENT_LANE_H

#include "common/buffer.h"
#include "common/clock.h"
#include "common/cleanup.h"
#include "common/frame.h"

#include <nng/nng.h>
#include <stdbool.h>

struct soc_client;
struct soc_pending;
struct task_list;

enum slot_state { SLOT_FREE, SLOT_SENDING, SLOT_RECEIVING };

struct slot {
        struct soc_client *client;
        struct client_lane *lane;
        struct slot *next; /* in lane->slots */
        struct slot *next_free; /* in lane->free_slots */
        nng_ctx ctx;
        nng_aio *aio; /* first of the send, then of the receive */
        enum slot_state state;
        unsigned n_batch;
        unsigned n_live; /* of the batch, those that somebody still waits for */
        struct buffer out; /* the message being written; only of the thread that sends */
        struct soc_pending *batch[];
};

struct client_lane {
        struct soc_client *client;
        struct soc_pending *first, *last;
        unsigned n_queued;
        struct slot *slots, *free_slots;
        unsigned n_slots, max_slots, max_batch;
        unsigned n_busy; /* slots on the way */
        /* How long calls gather behind a message that is on its way before the next slot takes
         * them. A reply mostly comes sooner, and one message of many calls costs both sides fewer
         * wake-ups than two. */
        uint32_t patience_ns;
        deadline_ns sent_at; /* when the last of them left */
};

/* max_batch 0: a lane that carries cancels. One slot is opened at once, more as they are needed. */
enum status lane_init(struct client_lane *l, struct soc_client *c, unsigned max_slots,
                      unsigned max_batch, struct error *reterr) MUST_CHECK;
/* Waits for the callbacks of its slots and closes them. Nothing may be on the way. */
void lane_deinit(struct client_lane *l);

/* These under the client's mutex: */
void lane_append(struct client_lane *l, struct soc_pending *p);
void lane_prepend(struct client_lane *l, struct soc_pending *p);
void lane_remove(struct client_lane *l, struct soc_pending *p);
/* A call of the slot's batch has ended otherwise. When it was the last that somebody waited for,
 * the context is reset, so that a service that hangs does not block the lane; but not while the
 * client closes, when late replies are better received than left on the connection. */
void slot_forget(struct slot *s);
/* Gives up what every busy slot waits for. */
void lane_abort(struct client_lane *l);
/* A free slot, made busy with what waits (a batch, or the client's cancels); NULL when nothing
 * waits or nothing can leave now. To be followed by slot_send() without the mutex. */
struct slot *lane_begin(struct client_lane *l) MUST_CHECK;

/* These without the mutex: */
void slot_send(struct slot *s);
/* Sends as long as there is something to send and a slot for it. */
void lane_pump(struct client_lane *l);

#endif
