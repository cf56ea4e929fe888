/* Inside libsocializer: a subscriber, its inbox, and the task that empties it.
 *
 * nng's threads and those that end calls only put things into the inbox and post the task, which
 * runs where the client's callbacks run. So what is followed needs no lock, and callbacks are never
 * called under one. The task looks only at those that an event or a reply is for, and at those
 * whose time has come: thousands that are quiet cost nothing. */
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
        nng_aio *tick; /* sleeps until the first of the agenda is due */
        atomic_uint refs; /* the owner's, one of the posted task, one of each call */
        atomic_uint_fast64_t n_gaps;

        /* Of the task. */
        struct arena arena;
        struct table by_topic; /* follows that have keys */
        unsigned n_calls; /* that are under way */

        pthread_mutex_t mutex; /* guards what follows */
        pthread_cond_t idle; /* the task has ended */
        struct task task;
        bool posted, running, closed;
        pthread_t runner;
        bool reconnected, ticking;
        deadline_ns tick_at; /* when the tick ends */
        struct timers
                agenda; /* all follows by what is to be done next; only the task removes some */
        struct table by_id; /* follows that are not gone */
        struct follow *replied; /* inbox: calls that have ended */
        nng_msg **messages; /* inbox: events, in the order they came */
        unsigned n_messages;
        nng_msg **messages_taken; /* of the task: what it works on */
};

/* These for follow.c, in the task: */

/* Whether somebody still wants to hear of it. */
bool subscriber_wants(struct follow *f);
/* The callbacks of the user; nothing when nobody wants to hear. */
void subscriber_event(struct follow *f, const Socializer__V1__RoomEvent *event);
void subscriber_state(struct follow *f, bool recovered, int64_t first_seq, int64_t last_seq);
void subscriber_user_event(struct follow *f, const Socializer__V1__UserEvent *event);
void subscriber_user_state(struct follow *f);
/* Ends following, with a reason. */
void subscriber_fail(struct follow *f, const struct error *error);

/* For calls of a follow: the callback that puts their end into the inbox. A reference is held from
 * subscriber_call_begins() until the reply has been worked on. */
void subscriber_call_begins(struct follow *f);
void subscriber_call_refused(struct follow *f);
void subscriber_on_reply(void *closure, soc_status status, const ProtobufCMessage *response,
                         const soc_error *error);

#endif
