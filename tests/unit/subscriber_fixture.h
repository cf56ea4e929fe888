/* A subscriber with a client, against the fake chat service; and what it tells. */
#ifndef TESTS_UNIT_SUBSCRIBER_FIXTURE_H
#define TESTS_UNIT_SUBSCRIBER_FIXTURE_H

#include "tests/support/t.h"
#include "tests/unit/chat_fake.h"

/* What a subscriber has told. Its callbacks run on a thread of the library. */
struct heard {
        pthread_mutex_t mutex;
        int64_t first, last;
        unsigned n, n_bad; /* durable events; those that did not follow the one before */
        char kinds[64]; /* of the durable ones; see kind_of() */
        unsigned n_passing[128]; /* others, by kind */
        unsigned n_states, n_lost;
        soc_status ended;
        int64_t first_seq, last_seq; /* of the last state */
        unsigned in_room[CHAT_FAKE_ROOMS + 1]; /* messages */
        unsigned of_user[CHAT_FAKE_ROOMS + 1]; /* events */
        int last_user_event; /* its event_case */
        unsigned n_user_states;
        soc_status user_ended;
};

struct fixture {
        struct chat_fake *chat;
        soc_client *client;
        soc_subscriber *subscriber;
        struct heard heard;
};

int subscriber_setup(void **state);
int subscriber_teardown(void **state);

/* Callbacks that write down what they hear. */
soc_subscriber_options options_of(struct heard *h);
/* As it is now. */
struct heard heard(struct fixture *f);

#define WAIT(condition) assert_true(t_wait(condition, 10000))

/* Subscribes to room 1 and waits for the first state. */
void subscribe(struct fixture *f, int64_t after_seq);
/* Waits for the connection and says something, which is heard. */
void connect_events(struct fixture *f);
/* Says something in room 1; published or lost. */
void say(struct fixture *f, unsigned n, bool published);

#define CASE(name) cmocka_unit_test_setup_teardown(name, subscriber_setup, subscriber_teardown)

#endif
