/* One room that a subscriber follows, or one user: asks for topic and key and opens events; those
 * of a room it puts in order and fetches what is missing. Everything runs in the subscriber's task,
 * one thread at a time.
 *
 *     ask (Subscribe) ──▶ catch up (ListRoomEvents) ──▶ live ──hole──▶ catch up ──▶ …
 *          ▲                                              │
 *          └─ connected anew, Rekey, nothing heard for long ─┘
 *
 * A user's events are not durable: after asking, it is live. */
#ifndef CLIENT_FOLLOW_H
#define CLIENT_FOLLOW_H

#include "client/call.h"
#include "client/feed.h"
#include "client/table.h"
#include "client/timers.h"

#include <string.h>

#define FOLLOW_KEY_BYTES   32
#define FOLLOW_NONCE_BYTES 24
#define FOLLOW_TAG_BYTES   16
#define FOLLOW_HEAD_BYTES  (FEED_TOPIC_BYTES + FOLLOW_NONCE_BYTES + FOLLOW_TAG_BYTES)

/* A durable event that came before those in front of it. */
struct held {
        struct held *next;
        int64_t seq;
        size_t n_bytes;
        uint8_t plain[]; /* a RoomEvent */
};

enum follow_call { FOLLOW_NO_CALL, FOLLOW_ASKS, FOLLOW_CATCHES_UP };

struct follow {
        struct soc_subscriber *subscriber;
        int64_t room_id; /* 0: the user's own events */
        int64_t user_id; /* 0: a room's events */
        char *token; /* NULL: the client's */

        /* Guarded by the subscriber's mutex. */
        bool gone;
        struct timer timer; /* when the task looks at it next; always in the agenda */
        struct table_entry by_id; /* in the table unless gone */

        bool want_ask, want_catch_up;
        bool has_keys;
        struct table_entry by_topic; /* in the table while it has keys */
        uint8_t topic[FEED_TOPIC_BYTES];
        uint8_t key[FOLLOW_KEY_BYTES];
        uint64_t epoch;

        int64_t cursor; /* the last seq that was delivered; -1 = from now on */
        int64_t known_last; /* the newest seq that we have heard of */
        bool announced; /* on_state() has been called; of a user: nothing has been missed since */
        struct held *held_first, *held_last;
        unsigned n_held;

        unsigned n_failures;
        deadline_ns retry_at; /* no call before */
        deadline_ns ask_at; /* ask again even without a reason */
        uint32_t ask_every_ms;

        /* The call that is under way, and what came of it. */
        enum follow_call call;
        struct soc_pending *pending;
        struct follow *next_replied; /* in the subscriber's inbox */
        enum status status;
        struct error error;
        ProtobufCMessage *response;
};

/* after_seq as in soc_subscribe(). NULL when there is no memory. */
struct follow *follow_new(struct soc_subscriber *s, int64_t room_id, int64_t user_id,
                          int64_t after_seq, const char *token) MUST_CHECK;
/* No call may be under way. */
void follow_free(struct follow *f);

/* The key in the table of those that are followed. */
static inline uint64_t follow_id_key(int64_t room_id, int64_t user_id)
{
        return room_id ? (uint64_t)room_id << 1 : (uint64_t)user_id << 1 | 1;
}
/* The key in the table of topics, which are random. */
static inline uint64_t follow_topic_key(const uint8_t topic[static FEED_TOPIC_BYTES])
{
        uint64_t key;

        memcpy(&key, topic, sizeof(key));
        return key;
}

/* A message of the feed, longer than FOLLOW_HEAD_BYTES, that begins with the topic. */
void follow_event(struct follow *f, const uint8_t *message, size_t n);
/* The call has ended; status, error and response say how. */
void follow_replied(struct follow *f);
/* The feed is connected (again). */
void follow_reconnected(struct follow *f);
/* When follow_advance() has something to do. */
deadline_ns follow_due(const struct follow *f);
/* Starts the call that is to be made next, if there is one and its time has come. */
void follow_advance(struct follow *f);
/* Gives the topic back and the call up. True: it can be freed. */
bool follow_end(struct follow *f);

#endif
