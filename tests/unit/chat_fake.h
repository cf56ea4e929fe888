/* A chat service for tests: one room in memory behind the fake RPC service, and a real publisher.
 * What is said need not be published, so that events can be lost on purpose. */
#ifndef TESTS_UNIT_CHAT_FAKE_H
#define TESTS_UNIT_CHAT_FAKE_H

#include "service/events/publisher.h"
#include "tests/unit/client_fake.h"

#include <pthread.h>
#include <stdatomic.h>

#define CHAT_FAKE_MAX 20000

struct chat_fake {
        char rpc_url[96], events_url[112];
        struct fake *rpc;
        struct publisher *publisher;

        pthread_mutex_t mutex;
        struct {
                char *content;
                char name[64];
                int64_t user_id;
        } said[CHAT_FAKE_MAX + 1]; /* by seq */
        int64_t first_seq, last_seq;
        bool publishes; /* what SendMessage appends */
        bool revoked; /* no token is worth anything */
        enum status refusal; /* what Subscribe and ListRoomMessages answer; OK = nothing special */
        unsigned page_limit; /* of ListRoomMessages; 0 = as asked */
        atomic_uint n_subscribes, n_lists, n_me;
};

struct chat_fake *chat_fake_new(void);
struct chat_fake *chat_fake_free(struct chat_fake *f);
/* Another publisher at the same address, as after a restart of the service. */
void chat_fake_restart_publisher(struct chat_fake *f);
/* Says something; published or lost. Returns its seq. */
int64_t chat_fake_say(struct chat_fake *f, const char *content, bool published);
/* Tokens are "token-1" (user 1, "user1"), "token-2" … */

#endif
