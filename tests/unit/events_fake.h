/* What publishes events in tests, written from the contract alone: a pub socket, topics and keys
 * for rooms and users, and a thread that sends watermarks. */
#ifndef TESTS_UNIT_EVENTS_FAKE_H
#define TESTS_UNIT_EVENTS_FAKE_H

#include "client/include/socializer.h"

#include <stdint.h>

#define EVENTS_FAKE_MAX 1024 /* rooms and users */

struct events_fake;

struct events_fake_keys {
        uint8_t topic[16], key[32];
        uint64_t epoch;
};

/* Whose events: one of the two is 0. */
struct events_of {
        int64_t room_id, user_id;
};

struct events_fake *events_fake_new(const char *url);
struct events_fake *events_fake_free(struct events_fake *e);

/* Subscribers that it has had so far: who is not there yet misses what passes. */
unsigned events_fake_followers(const struct events_fake *e);

/* All of these: any thread. Made on first use. */
struct events_fake_keys events_fake_keys(struct events_fake *e, struct events_of of);
/* Other topic and key from now on; nobody is told. */
void events_fake_rekey(struct events_fake *e, struct events_of of);
/* Seals and sends, with the keys of now or with others. */
void events_fake_room(struct events_fake *e, const Socializer__V1__RoomEvent *event);
void events_fake_user(struct events_fake *e, const Socializer__V1__UserEvent *event);
void events_fake_send(struct events_fake *e, const struct events_fake_keys *keys,
                      const ProtobufCMessage *event);
/* From now on the room's watermarks say so. */
void events_fake_watermark(struct events_fake *e, int64_t room_id, int64_t last_seq);

#endif
