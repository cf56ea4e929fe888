/* A chat service for tests: rooms in memory behind the fake RPC service, and what publishes their
 * events. What happens need not be published, so that events can be lost on purpose. */
#ifndef TESTS_UNIT_CHAT_FAKE_H
#define TESTS_UNIT_CHAT_FAKE_H

#include "tests/unit/client_fake.h"
#include "tests/unit/events_fake.h"

#include <pthread.h>
#include <stdatomic.h>

#define CHAT_FAKE_ROOMS 400

/* What has happened in a room, in order. */
struct chat_room {
        ProtobufCBinaryData *events; /* packed RoomEvents, by seq - 1 */
        size_t capacity;
        int64_t last_seq;
        bool deleted;
};

struct chat_fake {
        char rpc_url[96], events_url[112];
        struct fake *rpc;
        struct events_fake *events;

        pthread_mutex_t mutex;
        struct chat_room rooms[CHAT_FAKE_ROOMS + 1]; /* by number */
        int64_t first_seq, last_seq; /* of room 1 */
        bool publishes; /* what SendMessage appends */
        bool holds; /* answers wait for fake_release() */
        bool revoked; /* no token is worth anything */
        enum status refusal; /* of chat_fake_refuse() */
        unsigned page_limit; /* of the lists; 0 = as asked */
        atomic_uint n_subscribes, n_lists, n_me, n_sends; /* n_lists: of events or messages */
        atomic_uint n_refusals;
};

struct chat_fake *chat_fake_new(void);
struct chat_fake *chat_fake_free(struct chat_fake *f);
/* Another publisher at the same address, as after a restart of the service. */
void chat_fake_restart_publisher(struct chat_fake *f);
/* The same of all of it. What has happened is on disk, so to say. */
void chat_fake_restart(struct chat_fake *f);
/* Says something in room 1; published or lost. Returns its seq. */
int64_t chat_fake_say(struct chat_fake *f, const char *content, bool published);
/* Appends any durable event to its room, and numbers it. */
int64_t chat_fake_append(struct chat_fake *f, Socializer__V1__RoomEvent *event, bool published);
/* As somebody's leaving does: tells the room under the old keys and takes new ones. */
void chat_fake_rekey(struct chat_fake *f, int64_t room_id, bool told);
/* Deletes the room; told or not. */
void chat_fake_delete(struct chat_fake *f, int64_t room_id, bool told);
/* What Subscribe and the lists answer from now on; STATUS_OK: what is asked for. */
void chat_fake_refuse(struct chat_fake *f, enum status refusal);
/* How many messages of room 1 say exactly this. */
unsigned chat_fake_count(struct chat_fake *f, const char *content);
/* Tokens are "token-1" (user 1, "user1"), "token-2" …; Login gives the first to everybody. */

#endif
