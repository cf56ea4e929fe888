/* Live events of rooms and users, sealed and sent over nng pub/sub. How an event looks on the wire
 * is said at RoomEvent in proto/socializer/v1/event.proto.
 *
 * Pub/sub has no access control and drops without a word. Hence every room and every user has a
 * channel: a topic and a key that only ChatService.Subscribe hands out; and durable events are
 * numbered, so that a subscriber sees what it lost and fetches it by RPC. Channels live in memory
 * only: they are made anew at each start, when somebody first asks for one, and so is the epoch. Of
 * what nobody has asked for nothing is sent. */
#ifndef SERVICE_EVENTS_PUBLISHER_H
#define SERVICE_EVENTS_PUBLISHER_H

#include "common/status.h"

#include "socializer/v1/event.pb-c.h"

#include <stdint.h>

#define PUBLISHER_TOPIC_BYTES 16
#define PUBLISHER_NONCE_BYTES 24
#define PUBLISHER_KEY_BYTES   32
#define PUBLISHER_TAG_BYTES   16

struct publisher;

struct publisher_keys {
        uint8_t topic[PUBLISHER_TOPIC_BYTES];
        uint8_t key[PUBLISHER_KEY_BYTES];
        uint64_t epoch; /* never 0 */
};

/* Listens on url ("ipc:///path", "tcp://host:port"; port 0 = any free one) and starts the thread
 * that sends watermarks. FAILED_PRECONDITION when the address is in use, INVALID_ARGUMENT when it
 * is none; the text names it. */
enum status publisher_new(const char *url, struct publisher **ret, struct error *reterr) MUST_CHECK;
/* Nobody may be publishing any more. Accepts NULL, returns NULL. */
struct publisher *publisher_free(struct publisher *p);

/* The address, with the port that was chosen. Owned by the publisher. */
const char *publisher_url(const struct publisher *p);

/* Topic and key of a room, or of a user, made on first use. RESOURCE_EXHAUSTED: no memory. Any
 * thread. */
enum status publisher_room_keys(struct publisher *p, int64_t room_id, struct publisher_keys *ret,
                                struct error *reterr) MUST_CHECK;
enum status publisher_user_keys(struct publisher *p, int64_t user_id, struct publisher_keys *ret,
                                struct error *reterr) MUST_CHECK;

/* Sends an event to those who hold the room's key: a durable one after its commit and in the order
 * of seq. Never waits for a subscriber. What cannot be sent is lost here and found by its number,
 * as everything else that gets lost. Any thread, a room's durable events one at a time. */
void publisher_room_event(struct publisher *p, const Socializer__V1__RoomEvent *event);
void publisher_user_event(struct publisher *p, const Socializer__V1__UserEvent *event);

/* Tells those who hold the key that it is no longer used, and makes another one: what is sent from
 * now on opens only for those who may ask for it. */
void publisher_rekey_room(struct publisher *p, int64_t room_id);
void publisher_rekey_user(struct publisher *p, int64_t user_id);
/* Tells them that the room is deleted, and forgets it. */
void publisher_end_room(struct publisher *p, int64_t room_id);

#endif
