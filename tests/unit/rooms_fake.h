/* A chat service for tests of the gateway: rooms, members and presence in memory behind the fake
 * RPC service, and a publisher. What happens need not be published, so that events can be lost on
 * purpose. Everybody is in room 1, "general"; other rooms are made by the test. */
#ifndef TESTS_UNIT_ROOMS_FAKE_H
#define TESTS_UNIT_ROOMS_FAKE_H

#include "tests/unit/client_fake.h"
#include "tests/unit/events_fake.h"

#include "socializer/v1/chat.pb-c.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROOMS_FAKE_ROOMS       80
#define ROOMS_FAKE_USERS       40
#define ROOMS_FAKE_CONNECTIONS 200

struct rooms_fake_event {
        uint8_t *packed; /* a RoomEvent */
        size_t n_bytes;
};

struct rooms_fake_room {
        bool exists, is_public, is_full;
        char password[32]; /* "" = none */
        bool is_member[ROOMS_FAKE_USERS], is_invited[ROOMS_FAKE_USERS];
        struct rooms_fake_event *events; /* by seq */
        size_t n_allocated;
        int64_t first_seq, last_seq;
};

struct rooms_fake {
        char rpc_url[96], events_url[112];
        struct fake *rpc;
        struct events_fake *events;

        pthread_mutex_t mutex;
        struct rooms_fake_room rooms[ROOMS_FAKE_ROOMS]; /* by number */
        struct rooms_fake_connection {
                char name[64];
                int64_t user_id;
                bool in[ROOMS_FAKE_ROOMS];
        } connections[ROOMS_FAKE_CONNECTIONS];
        unsigned n_connections;
        bool publishes; /* what the calls append */
        char revoked[32]; /* this token is worth nothing */
        unsigned page_limit; /* of lists; 0 = as asked */
        enum status list_refusal; /* what lists answer; OK = nothing special */
        atomic_uint n_subscribes, n_lists, n_me, n_joins, n_typing, n_presence, n_reads;
        atomic_uint biggest_report; /* rooms in a SetPresence */
        _Atomic(int64_t) last_read; /* of the last MarkRead */
};

/* Tokens are "token-1" and "token-1b" (both user 1, "user1"), "token-2" … */
struct rooms_fake *rooms_fake_new(void);
struct rooms_fake *rooms_fake_free(struct rooms_fake *f);
/* Another publisher at the same address with other keys, as after a restart of the service. */
void rooms_fake_restart(struct rooms_fake *f);

/* A token is worth nothing any more. Nobody is told. */
void rooms_fake_revoke(struct rooms_fake *f, const char *token);

/* A room of these members, "1 2 3". */
struct rooms_fake_room *rooms_fake_room(struct rooms_fake *f, int64_t room_id, const char *members);
/* User 9 says something; published or lost. Returns its seq. */
int64_t rooms_fake_say(struct rooms_fake *f, int64_t room_id, const char *content, bool published);
/* Adds a durable event, whose number and time are filled in. */
int64_t rooms_fake_append(struct rooms_fake *f, int64_t room_id, Socializer__V1__RoomEvent *event,
                          bool published);
/* Publishes one that is not durable. */
void rooms_fake_publish(struct rooms_fake *f, Socializer__V1__RoomEvent *event);
void rooms_fake_publish_to_user(struct rooms_fake *f, Socializer__V1__UserEvent *event);
/* A user's membership changes: for LEFT, REMOVED and BANNED it ends, and the room has new keys. */
int64_t rooms_fake_member(struct rooms_fake *f, int64_t room_id, int64_t user_id,
                          Socializer__V1__MemberChangeKind kind, bool published);
/* With a word to those who follow it, or without. */
void rooms_fake_delete(struct rooms_fake *f, int64_t room_id, bool published);
/* Another topic and key. */
void rooms_fake_rekey(struct rooms_fake *f, int64_t room_id, bool published);

/* For the calls, under the mutex. */
int64_t rooms_fake_append_locked(struct rooms_fake *f, int64_t room_id,
                                 Socializer__V1__RoomEvent *event, bool published);
void rooms_fake_publish_locked(struct rooms_fake *f, Socializer__V1__RoomEvent *event);
/* The event that a message came with; the caller's. NULL: there is none. */
Socializer__V1__RoomEvent *rooms_fake_find(struct rooms_fake *f, int64_t room_id,
                                           int64_t message_id);
Socializer__V1__RoomEvent *rooms_fake_event(const struct rooms_fake_room *r, int64_t seq);
void rooms_fake_replace(struct rooms_fake_room *r, const Socializer__V1__RoomEvent *event);
enum fake_do rooms_fake_handle(void *arg, const struct fake_message *m, struct buffer *reply);

#endif
