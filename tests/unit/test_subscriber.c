/* client/subscriber.c: every message once, in order, whatever pub/sub loses. */
#include "tests/unit/chat_fake.h"

#include "tests/support/t.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a subscriber has told. Its callbacks run on a thread of the library. */
struct heard {
        pthread_mutex_t mutex;
        int64_t first, last;
        unsigned n, n_bad; /* messages; those that did not follow the one before */
        unsigned n_states, n_lost;
        soc_status ended;
        int64_t first_seq, last_seq; /* of the last state */
};

struct fixture {
        struct chat_fake *chat;
        soc_client *client;
        soc_subscriber *subscriber;
        struct heard heard;
};

static void on_message(void *closure, const Socializer__V1__RoomMessage *m)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        if (h->n == 0)
                h->first = m->seq;
        else if (m->seq != h->last + 1)
                h->n_bad++;
        h->last = m->seq;
        h->n++;
}

static void on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        (void)room_id;
        h->n_states++;
        h->n_lost += !recovered && !error;
        h->ended = error ? error->status : SOC_OK;
        h->first_seq = first_seq;
        h->last_seq = last_seq;
        if (!recovered)
                h->last = first_seq - 1;
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const soc_client_options options = {.token = "token-1"};
        const soc_subscriber_options events = {
                .on_message = on_message, .on_state = on_state, .closure = &f->heard};

        pthread_mutex_init(&f->heard.mutex, NULL);
        f->chat = chat_fake_new();
        *state = f;
        if (soc_client_new(f->chat->rpc_url, &options, &f->client, NULL) != SOC_OK)
                return -1;
        return soc_subscriber_new(f->client, f->chat->events_url, &events, &f->subscriber, NULL) !=
               SOC_OK;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        soc_subscriber_free(f->subscriber);
        soc_client_free(f->client);
        chat_fake_free(f->chat);
        pthread_mutex_destroy(&f->heard.mutex);
        free(f);
        return 0;
}

static struct heard heard(struct fixture *f)
{
        LOCK(&f->heard.mutex);

        return f->heard;
}

#define WAIT(condition) assert_true(t_wait(condition, 10000))

static void subscribe(struct fixture *f, int64_t after_seq)
{
        assert_int_equal(soc_subscribe(f->subscriber, 1, after_seq, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_states > 0);
}

/* Says something until it is heard live: the connection is there then. */
static void connect_events(struct fixture *f)
{
        int64_t seq = chat_fake_say(f->chat, "anybody there?", true);

        WAIT(heard(f).last >= seq);
}

static void say(struct fixture *f, unsigned n, bool published)
{
        for (unsigned i = 0; i < n; i++)
                chat_fake_say(f->chat, "something", published);
}

static void messages_come_once_and_in_order(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        say(f, 2000, true);
        WAIT(heard(f).last == 2001);
        assert_int_equal(heard(f).n_bad, 0);
        assert_int_equal(heard(f).n_lost, 0);
}

static void history_after_a_cursor_comes_first(void **state)
{
        struct fixture *f = *state;

        say(f, 1300, false);
        subscribe(f, 100);
        WAIT(heard(f).last == 1300);
        say(f, 5, true);
        WAIT(heard(f).last == 1305);
        assert_int_equal(heard(f).first, 101);
        assert_int_equal(heard(f).n, 1205);
        assert_int_equal(heard(f).n_bad, 0);
        assert_int_equal(heard(f).n_lost, 0);
}

static void a_subscription_from_now_on_brings_nothing_old(void **state)
{
        struct fixture *f = *state;

        say(f, 10, false);
        subscribe(f, -1);
        say(f, 3, true);
        WAIT(heard(f).last == 13);
        assert_int_equal(heard(f).first, 11);
}

static void a_hole_is_filled_when_the_next_event_comes(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        uint64_t gaps = soc_subscriber_gaps(f->subscriber);
        say(f, 7, false);
        say(f, 1, true);
        WAIT(heard(f).last == 9);
        assert_int_equal(heard(f).n_bad, 0);
        assert_true(soc_subscriber_gaps(f->subscriber) > gaps);
}

/* An event as the publisher would send it, written from its description alone. */
static void send_watermark(nng_socket pub, const struct publisher_keys *keys, int64_t last_seq)
{
        Socializer__V1__Watermark watermark = SOCIALIZER__V1__WATERMARK__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        uint8_t plain[64], sealed[256];
        unsigned long long n_sealed;

        watermark.last_seq = last_seq;
        event.room_id = 1;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK;
        event.watermark = &watermark;
        memcpy(sealed, keys->topic, 16);
        randombytes_buf(sealed + 16, 24);
        crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 40, &n_sealed, plain,
                                                   socializer__v1__room_event__pack(&event, plain),
                                                   keys->topic, 16, NULL, sealed + 16, keys->key);
        nng_send(pub, sealed, 40 + (size_t)n_sealed, 0);
}

static void a_lost_last_message_shows_by_the_watermark(void **state)
{
        struct fixture *f = *state;
        const soc_subscriber_options events = {
                .on_message = on_message, .on_state = on_state, .closure = &f->heard};
        struct publisher_keys keys;
        soc_subscriber *other;
        nng_socket pub;
        char url[128];

        snprintf(url, sizeof(url), "%s-other", f->chat->rpc_url);
        assert_int_equal(nng_pub0_open(&pub), 0);
        assert_int_equal(nng_listen(pub, url, NULL, 0), 0);
        assert_int_equal(publisher_room_keys(f->chat->publisher, 1, &keys, NULL), STATUS_OK);
        assert_int_equal(soc_subscriber_new(f->client, url, &events, &other, NULL), SOC_OK);
        assert_int_equal(soc_subscribe(other, 1, -1, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_states == 1);
        say(f, 3, true); /* to the other publisher: lost here */
        WAIT((send_watermark(pub, &keys, 3), heard(f).last == 3));
        assert_int_equal(heard(f).n, 3);
        assert_int_equal(heard(f).n_bad, 0);
        assert_int_equal(soc_subscriber_gaps(other), 1);
        soc_subscriber_free(other);
        nng_close(pub);
}

static void what_does_not_open_is_ignored(void **state)
{
        struct fixture *f = *state;
        const soc_subscriber_options events = {
                .on_message = on_message, .on_state = on_state, .closure = &f->heard};
        struct publisher_keys keys, forged;
        soc_subscriber *other;
        nng_socket pub;
        char url[128];

        snprintf(url, sizeof(url), "%s-other", f->chat->rpc_url);
        assert_int_equal(nng_pub0_open(&pub), 0);
        assert_int_equal(nng_listen(pub, url, NULL, 0), 0);
        assert_int_equal(publisher_room_keys(f->chat->publisher, 1, &keys, NULL), STATUS_OK);
        assert_int_equal(soc_subscriber_new(f->client, url, &events, &other, NULL), SOC_OK);
        assert_int_equal(soc_subscribe(other, 1, -1, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_states == 1);
        say(f, 2, true);
        forged = keys;
        forged.key[0] ^= 1;
        for (int i = 0; i < 50; i++) {
                send_watermark(pub, &forged, 1000000);
                nng_send(pub, keys.topic, sizeof(keys.topic), 0);
        }
        WAIT((send_watermark(pub, &keys, 2), heard(f).last == 2));
        assert_int_equal(soc_subscriber_gaps(other), 1);
        soc_subscriber_free(other);
        nng_close(pub);
}

static void pages_that_are_cut_short_are_asked_for_again(void **state)
{
        struct fixture *f = *state;

        f->chat->page_limit = 7;
        say(f, 100, false);
        subscribe(f, 0);
        WAIT(heard(f).last == 100);
        assert_int_equal(heard(f).n, 100);
        assert_int_equal(heard(f).n_bad, 0);
        assert_true(atomic_load(&f->chat->n_lists) >= 15);
}

static void what_is_gone_is_said_to_be_gone(void **state)
{
        struct fixture *f = *state;

        say(f, 50, false);
        f->chat->first_seq = 30;
        subscribe(f, 10);
        WAIT(heard(f).last == 50);
        assert_int_equal(heard(f).n_lost, 1);
        assert_int_equal(heard(f).first_seq, 30);
        assert_int_equal(heard(f).first, 30);
        assert_int_equal(heard(f).n_bad, 0);
}

static void a_cursor_from_the_future_is_not_recovered(void **state)
{
        struct fixture *f = *state;

        say(f, 5, false);
        subscribe(f, 1000);
        assert_int_equal(heard(f).n_lost, 1);
        say(f, 3, true);
        WAIT(heard(f).last == 8);
        assert_int_equal(heard(f).n, 3);
}

static void a_restart_of_the_service_loses_nothing(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        say(f, 100, true);
        chat_fake_restart_publisher(f->chat);
        say(f, 100, true);
        WAIT(heard(f).last == 201);
        say(f, 100, true);
        WAIT(heard(f).last == 301);
        assert_int_equal(heard(f).n, 301);
        assert_int_equal(heard(f).n_bad, 0);
        assert_true(atomic_load(&f->chat->n_subscribes) >= 2);
}

static void nothing_comes_after_unsubscribing(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        soc_unsubscribe(f->subscriber, 1);
        unsigned n = heard(f).n;
        say(f, 50, true);
        assert_int_equal(soc_subscribe(f->subscriber, 1, -1, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_states == 2);
        assert_int_equal(heard(f).n, n);
        chat_fake_say(f->chat, "again", true);
        WAIT(heard(f).last == 52);
        assert_int_equal(heard(f).n, n + 1);
}

static void a_room_is_subscribed_to_once(void **state)
{
        struct fixture *f = *state;
        soc_error error;

        subscribe(f, -1);
        assert_int_equal(soc_subscribe(f->subscriber, 1, -1, NULL, &error), SOC_ALREADY_EXISTS);
        assert_int_equal(soc_subscribe(f->subscriber, 0, -1, NULL, &error), SOC_INVALID_ARGUMENT);
        assert_int_equal(soc_subscribe(f->subscriber, 2, -2, NULL, &error), SOC_INVALID_ARGUMENT);
}

static void a_refusal_ends_the_subscription_with_its_reason(void **state)
{
        struct fixture *f = *state;

        f->chat->refusal = STATUS_PERMISSION_DENIED;
        subscribe(f, -1);
        assert_int_equal(heard(f).ended, SOC_PERMISSION_DENIED);
        f->chat->refusal = STATUS_OK;
        subscribe(f, -1);
        WAIT(heard(f).n_states == 2);
        assert_int_equal(heard(f).ended, SOC_OK);
}

static void an_own_token_counts_instead_of_the_clients(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(soc_subscribe(f->subscriber, 1, -1, "nonsense", NULL), SOC_OK);
        WAIT(heard(f).n_states == 1);
        assert_int_equal(heard(f).ended, SOC_UNAUTHENTICATED);
}

static void a_subscriber_can_be_freed_while_events_pour_in(void **state)
{
        struct fixture *f = *state;
        const soc_subscriber_options events = {
                .on_message = on_message, .on_state = on_state, .closure = &f->heard};

        subscribe(f, -1);
        for (unsigned i = 0; i < 50; i++) {
                soc_subscriber *other;

                assert_int_equal(
                        soc_subscriber_new(f->client, f->chat->events_url, &events, &other, NULL),
                        SOC_OK);
                assert_int_equal(soc_subscribe(other, 1, -1, NULL, NULL), SOC_OK);
                say(f, 40, true);
                soc_subscriber_free(other);
        }
        WAIT(heard(f).last == 2000);
}

static void a_bad_address_is_refused(void **state)
{
        struct fixture *f = *state;
        const soc_subscriber_options events = {.on_message = on_message};
        soc_subscriber *other = NULL;
        soc_error error;

        assert_int_equal(soc_subscriber_new(f->client, "nonsense", &events, &other, &error),
                         SOC_INVALID_ARGUMENT);
        assert_null(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(messages_come_once_and_in_order),
                CASE(history_after_a_cursor_comes_first),
                CASE(a_subscription_from_now_on_brings_nothing_old),
                CASE(a_hole_is_filled_when_the_next_event_comes),
                CASE(a_lost_last_message_shows_by_the_watermark),
                CASE(what_does_not_open_is_ignored),
                CASE(pages_that_are_cut_short_are_asked_for_again),
                CASE(what_is_gone_is_said_to_be_gone),
                CASE(a_cursor_from_the_future_is_not_recovered),
                CASE(a_restart_of_the_service_loses_nothing),
                CASE(nothing_comes_after_unsubscribing),
                CASE(a_room_is_subscribed_to_once),
                CASE(a_refusal_ends_the_subscription_with_its_reason),
                CASE(an_own_token_counts_instead_of_the_clients),
                CASE(a_subscriber_can_be_freed_while_events_pour_in),
                CASE(a_bad_address_is_refused),
        };
        return !!cmocka_run_group_tests_name("subscriber", tests, NULL, NULL);
}
