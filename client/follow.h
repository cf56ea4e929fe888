/* One room that a subscriber follows: asks for topic and key, opens events, puts them in order, and
 * fetches what is missing. Everything but follow_reply() runs in the subscriber's task, one thread
 * at a time.
 *
 *     ask (Subscribe) ──▶ catch up (ListRoomMessages) ──▶ live ──hole──▶ catch up ──▶ …
 *          ▲                                                │
 *          └──── connected anew, or nothing heard for long ─┘
 */
#ifndef CLIENT_FOLLOW_H
#define CLIENT_FOLLOW_H

#include "client/call.h"
#include "client/feed.h"
#include "common/clock.h"

#define FOLLOW_KEY_BYTES   32
#define FOLLOW_NONCE_BYTES 24
#define FOLLOW_TAG_BYTES   16

/* A message that came before those in front of it. */
struct held {
        struct held *next;
        int64_t seq;
        size_t n_bytes;
        uint8_t plain[]; /* a RoomEvent */
};

enum follow_call { FOLLOW_NO_CALL, FOLLOW_ASKS, FOLLOW_CATCHES_UP };

struct follow {
        struct follow *next; /* in the subscriber's list */
        struct soc_subscriber *subscriber;
        int64_t room_id;
        char *token; /* NULL: the client's */
        bool gone; /* guarded by the subscriber's mutex */

        bool want_ask, want_catch_up;
        bool has_keys;
        uint8_t topic[FEED_TOPIC_BYTES];
        uint8_t key[FOLLOW_KEY_BYTES];
        uint64_t epoch;

        int64_t cursor; /* the last seq that was delivered; -1 = from now on */
        int64_t known_last; /* the newest seq that we have heard of */
        bool announced; /* on_state() has been called */
        struct held *held_first, *held_last;
        unsigned n_held;

        unsigned n_failures;
        deadline_ns retry_at; /* no call before */
        deadline_ns ask_at; /* ask again even without a reason */

        /* The call that is under way, and what came of it. */
        enum follow_call call;
        struct soc_pending *pending;
        struct follow *next_replied; /* in the subscriber's inbox */
        enum status status;
        struct error error;
        ProtobufCMessage *response;
};

/* after_seq as in soc_subscribe(). NULL when there is no memory. */
struct follow *follow_new(struct soc_subscriber *s, int64_t room_id, int64_t after_seq,
                          const char *token) MUST_CHECK;
/* No call may be under way. */
void follow_free(struct follow *f);

/* Whether a message of the feed is of this room. */
bool follow_is_for(const struct follow *f, const uint8_t *message, size_t n);
void follow_event(struct follow *f, const uint8_t *message, size_t n);
/* The call has ended; status, error and response say how. */
void follow_replied(struct follow *f);
/* The feed is connected (again). */
void follow_reconnected(struct follow *f);
/* Starts the call that is to be made next, if there is one and its time has come. */
void follow_advance(struct follow *f);
/* Gives the topic back and the call up. True: it can be freed. */
bool follow_end(struct follow *f);

#endif
