/* client/subscriber.c: every message once, in order, whatever pub/sub loses. */
#include "tests/unit/subscriber_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void send_watermark(struct events_fake *events, const struct events_fake_keys *keys,
                           int64_t last_seq)
{
        Socializer__V1__Watermark watermark = SOCIALIZER__V1__WATERMARK__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        watermark.last_seq = last_seq;
        event.room_id = 1;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK;
        event.watermark = &watermark;
        events_fake_send(events, keys, &event.base);
}

/* A subscriber to a publisher that says nothing by itself. */
struct quiet {
        struct events_fake *events;
        struct events_fake_keys keys;
        soc_subscriber *subscriber;
        char url[128];
};

static struct quiet subscribe_quietly(struct fixture *f)
{
        const soc_subscriber_options events = options_of(&f->heard);
        struct quiet q;

        snprintf(q.url, sizeof(q.url), "%s-quiet", f->chat->rpc_url);
        q.events = events_fake_new(q.url);
        q.keys = events_fake_keys(f->chat->events, (struct events_of){.room_id = 1});
        assert_int_equal(soc_subscriber_new(f->client, q.url, &events, &q.subscriber, NULL),
                         SOC_OK);
        assert_int_equal(soc_subscribe(q.subscriber, 1, -1, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_states == 1);
        return q;
}

static void free_quiet(struct quiet *q)
{
        soc_subscriber_free(q->subscriber);
        events_fake_free(q->events);
        unlink(q->url + strlen("ipc://"));
}

static void a_lost_last_message_shows_by_the_watermark(void **state)
{
        struct fixture *f = *state;
        struct quiet q = subscribe_quietly(f);

        say(f, 3, true); /* to the other publisher: lost here */
        WAIT((send_watermark(q.events, &q.keys, 3), heard(f).last == 3));
        say(f, 2, true);
        WAIT((send_watermark(q.events, &q.keys, 5), heard(f).last == 5));
        assert_int_equal(heard(f).n, 5);
        assert_int_equal(heard(f).n_bad, 0);
        assert_true(soc_subscriber_gaps(q.subscriber) >= 1);
        free_quiet(&q);
}

static void what_does_not_open_is_ignored(void **state)
{
        struct fixture *f = *state;
        struct quiet q = subscribe_quietly(f);
        struct events_fake_keys forged = q.keys;

        say(f, 2, true);
        forged.key[0] ^= 1;
        for (int i = 0; i < 50; i++)
                send_watermark(q.events, &forged, 1000000);
        WAIT((send_watermark(q.events, &q.keys, 2), heard(f).last == 2));
        assert_true(soc_subscriber_gaps(q.subscriber) <= 1);
        free_quiet(&q);
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

        chat_fake_refuse(f->chat, STATUS_PERMISSION_DENIED);
        subscribe(f, -1);
        assert_int_equal(heard(f).ended, SOC_PERMISSION_DENIED);
        chat_fake_refuse(f->chat, STATUS_OK);
        subscribe(f, -1);
        WAIT(heard(f).n_states == 2);
        assert_int_equal(heard(f).ended, SOC_OK);
}

static void a_service_that_stops_is_asked_again(void **state)
{
        struct fixture *f = *state;

        chat_fake_refuse(f->chat, STATUS_CANCELLED);
        assert_int_equal(soc_subscribe(f->subscriber, 1, -1, "token-1", NULL), SOC_OK);
        WAIT(atomic_load(&f->chat->n_refusals) >= 1);
        chat_fake_refuse(f->chat, STATUS_OK);
        WAIT(heard(f).n_states == 1);
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
        const soc_subscriber_options events = options_of(&f->heard);

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

/* A subscriber whose first message takes until it is told to go on. */
struct slow {
        struct heard *heard;
        atomic_bool is_waiting, may_go_on;
};

static void on_message_slowly(void *closure, const Socializer__V1__RoomMessage *m)
{
        struct slow *s = closure;

        atomic_store(&s->is_waiting, true);
        t_wait(atomic_load(&s->may_go_on), 10000);
        LOCK(&s->heard->mutex);
        s->heard->n_bad += m->seq != s->heard->last + 1;
        s->heard->last = m->seq;
}

static void more_than_the_inbox_holds_may_come_during_a_callback(void **state)
{
        struct fixture *f = *state;
        struct slow slow = {.heard = &f->heard};
        const soc_subscriber_options events = {.on_message = on_message_slowly, .closure = &slow};
        soc_subscriber *other;

        assert_int_equal(soc_subscriber_new(f->client, f->chat->events_url, &events, &other, NULL),
                         SOC_OK);
        assert_int_equal(soc_subscribe(other, 1, 0, NULL, NULL), SOC_OK);
        say(f, 1, true);
        WAIT(atomic_load(&slow.is_waiting));
        say(f, 5000, true);
        atomic_store(&slow.may_go_on, true);
        WAIT(heard(f).last == 5001);
        assert_int_equal(heard(f).n_bad, 0);
        soc_subscriber_free(other);
}

static void a_bad_address_is_refused(void **state)
{
        struct fixture *f = *state;
        const soc_subscriber_options events = options_of(&f->heard), none = {0};
        soc_subscriber *other = NULL;
        soc_error error;

        assert_int_equal(soc_subscriber_new(f->client, "nonsense", &events, &other, &error),
                         SOC_INVALID_ARGUMENT);
        assert_int_equal(soc_subscriber_new(f->client, f->chat->events_url, &none, &other, &error),
                         SOC_INVALID_ARGUMENT);
        assert_string_equal(error.field, "on_message");
        assert_null(other);
}

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
                CASE(a_service_that_stops_is_asked_again),
                CASE(an_own_token_counts_instead_of_the_clients),
                CASE(a_subscriber_can_be_freed_while_events_pour_in),
                CASE(more_than_the_inbox_holds_may_come_during_a_callback),
                CASE(a_bad_address_is_refused),
        };
        return !!cmocka_run_group_tests_name("subscriber", tests, NULL, NULL);
}
