/* Inside libsocializer: a subscriber, its inbox, and the task that empties it.
 *
 * nng's threads and those that end calls only put things into the inbox and post the task, which
 * runs where the client's callbacks run. So rooms need no lock, and callbacks are never called
 * under one. */
#ifndef CLIENT_SUBSCRIBER_H
#define CLIENT_SUBSCRIBER_H

#include "client/client.h"
#include "client/feed.h"
#include "client/follow.h"
#include "common/arena.h"

struct soc_subscriber {
        soc_client *client;
        struct soc_subscriber_options options;
        struct feed *feed;
        nng_aio *tick; /* every second while a room is followed */
        atomic_uint refs; /* the owner's, one of the posted task, one of each call */
        atomic_uint_fast64_t n_gaps;
        struct arena arena; /* of the task */

        pthread_mutex_t mutex; /* guards what follows */
        pthread_cond_t idle; /* the task has ended */
        struct task task;
        bool posted, running, closed;
        pthread_t runner;
        bool reconnected, ticking;
        struct follow *follows; /* only the task removes some */
        struct follow *replied; /* inbox: calls that have ended */
        nng_msg **messages; /* inbox: events, in the order they came */
        unsigned n_messages;
        nng_msg **messages_taken; /* of the task: what it works on */
};

/* These for follow.c, in the task: */

/* Whether somebody still wants to hear of the room. */
bool subscriber_wants(struct follow *f);
/* The callbacks of the user; nothing when nobody wants to hear. */
void subscriber_message(struct follow *f, const Socializer__V1__RoomMessage *message);
void subscriber_state(struct follow *f, bool recovered, int64_t first_seq, int64_t last_seq);
void subscriber_event(struct follow *f, const Socializer__V1__RoomEvent *event);
/* Ends following, with a reason. */
void subscriber_fail(struct follow *f, const struct error *error);

/* For calls of a room: the callback that puts their end into the inbox. A reference is held from
 * subscriber_call_begins() until the reply has been worked on. */
void subscriber_call_begins(struct follow *f);
void subscriber_call_refused(struct follow *f);
void subscriber_on_reply(void *closure, soc_status status, const ProtobufCMessage *response,
                         const soc_error *error);

#endif
