/* client/subscriber.c: events that are not messages, new keys, users, and many of all. */
#include "tests/unit/subscriber_fixture.h"

#include <stdio.h>

/* --- kinds of events --- */

typedef Socializer__V1__RoomEvent room_event;

static int64_t append(struct fixture *f, room_event *event, bool published)
{
        event->room_id = 1;
        return chat_fake_append(f->chat, event, published);
}

/* Two messages, with everything between them that can happen in a room. */
static void live_a_little(struct fixture *f, bool published)
{
        Socializer__V1__RoomMessage message = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
        Socializer__V1__ReactionChange reaction = SOCIALIZER__V1__REACTION_CHANGE__INIT;
        Socializer__V1__MemberChange member = SOCIALIZER__V1__MEMBER_CHANGE__INIT;
        Socializer__V1__Room room = SOCIALIZER__V1__ROOM__INIT;
        room_event edited = SOCIALIZER__V1__ROOM_EVENT__INIT, reacted = edited, joined = edited,
                   changed = edited, deleted = edited;

        edited.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_EDITED;
        edited.message_edited = &message;
        reacted.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_REACTION;
        reacted.reaction = &reaction;
        joined.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER;
        joined.member = &member;
        changed.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_ROOM;
        changed.room = &room;
        deleted.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE_DELETED;
        deleted.message_deleted = &message;
        say(f, 1, published);
        append(f, &edited, published);
        append(f, &reacted, published);
        append(f, &joined, published);
        append(f, &changed, published);
        append(f, &deleted, published);
        say(f, 1, published);
}

static void events_of_all_kinds_come_in_order_with_the_messages(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        live_a_little(f, true);
        WAIT(heard(f).n == 8);
        assert_string_equal(heard(f).kinds, "mmerbsdm");
        assert_int_equal(heard(f).n_bad, 0);
}

static void a_hole_of_all_kinds_is_filled_in_order(void **state)
{
        struct fixture *f = *state;

        live_a_little(f, false);
        subscribe(f, 0);
        WAIT(heard(f).n == 7);
        connect_events(f);
        live_a_little(f, false);
        say(f, 1, true);
        WAIT(heard(f).n == 16);
        assert_string_equal(heard(f).kinds, "merbsdmmmerbsdmm");
        assert_int_equal(heard(f).n_bad, 0);
        assert_true(soc_subscriber_gaps(f->subscriber) >= 1);
}

static void without_on_message_messages_are_events(void **state)
{
        struct fixture *f = *state;
        soc_subscriber_options events = options_of(&f->heard);
        soc_subscriber *other;

        events.on_message = NULL;
        live_a_little(f, false);
        assert_int_equal(soc_subscriber_new(f->client, f->chat->events_url, &events, &other, NULL),
                         SOC_OK);
        assert_int_equal(soc_subscribe(other, 1, 0, NULL, NULL), SOC_OK);
        WAIT(heard(f).n == 7);
        say(f, 1, true);
        WAIT(heard(f).n == 8);
        assert_string_equal(heard(f).kinds, "merbsdmm");
        assert_int_equal(heard(f).in_room[1], 0);
        soc_subscriber_free(other);
}

static void an_event_of_a_later_version_is_passed_over(void **state)
{
        struct fixture *f = *state;
        room_event unknown = SOCIALIZER__V1__ROOM_EVENT__INIT;

        subscribe(f, -1);
        connect_events(f);
        append(f, &unknown, true);
        say(f, 1, true);
        append(f, &unknown, false);
        say(f, 1, true);
        WAIT(heard(f).n == 5);
        assert_string_equal(heard(f).kinds, "m?m?m");
        assert_int_equal(heard(f).n_bad, 0);
}

static void what_is_not_durable_comes_without_a_number(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__Typing typing = SOCIALIZER__V1__TYPING__INIT;
        room_event event = SOCIALIZER__V1__ROOM_EVENT__INIT;

        subscribe(f, -1);
        connect_events(f);
        event.room_id = 1;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING;
        event.typing = &typing;
        WAIT((events_fake_room(f->chat->events, &event), heard(f).n_passing['t'] > 0));
        say(f, 1, true);
        WAIT(heard(f).n == 2);
        assert_int_equal(heard(f).n_bad, 0);
        /* Watermarks and the like are not passed on. */
        assert_int_equal(heard(f).n_passing['?'], 0);
}

/* --- keys, rooms that go, users --- */

static void set_holds(struct fixture *f, bool holds)
{
        {
                LOCK(&f->chat->mutex);
                f->chat->holds = holds;
        }
        if (!holds)
                fake_release(f->chat->rpc);
}

static void a_new_key_is_asked_for_at_once(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        for (unsigned i = 0; i < 5; i++) {
                chat_fake_rekey(f->chat, 1, true);
                say(f, 10, true);
                WAIT(heard(f).n == 11 + i * 10);
        }
        assert_int_equal(heard(f).n_bad, 0);
        assert_int_equal(heard(f).n_lost, 0);
        assert_int_equal(heard(f).n_passing['?'], 0);
}

static void the_old_key_goes_on_until_the_new_one_is_there(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__Typing typing = SOCIALIZER__V1__TYPING__INIT;
        room_event event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        struct events_fake_keys old;

        event.room_id = 1;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING;
        event.typing = &typing;
        subscribe(f, -1);
        connect_events(f);
        old = events_fake_keys(f->chat->events, (struct events_of){.room_id = 1});
        WAIT(heard(f).n == 1);
        unsigned n = atomic_load(&f->chat->n_subscribes);
        set_holds(f, true);
        chat_fake_rekey(f->chat, 1, true);
        WAIT(atomic_load(&f->chat->n_subscribes) > n);
        events_fake_send(f->chat->events, &old, &event.base);
        WAIT(heard(f).n_passing['t'] == 1);
        say(f, 3, true);
        assert_int_equal(heard(f).n, 1);
        set_holds(f, false);
        WAIT(heard(f).n == 4);
        WAIT((events_fake_room(f->chat->events, &event), heard(f).n_passing['t'] > 1));
        assert_int_equal(heard(f).n_bad, 0);
}

static void a_deleted_room_ends_its_subscription(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        chat_fake_delete(f->chat, 1, true);
        WAIT(heard(f).ended == SOC_NOT_FOUND);
        assert_int_equal(heard(f).n_passing['x'], 1);
        unsigned n = heard(f).n_states;
        assert_int_equal(soc_subscribe(f->subscriber, 1, -1, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_states == n + 1);
        assert_int_equal(heard(f).ended, SOC_NOT_FOUND);
}

static void a_room_that_was_deleted_unheard_ends_when_it_is_asked_for(void **state)
{
        struct fixture *f = *state;

        subscribe(f, -1);
        connect_events(f);
        chat_fake_delete(f->chat, 1, false);
        chat_fake_restart_publisher(f->chat);
        WAIT(heard(f).ended == SOC_NOT_FOUND);
        assert_int_equal(heard(f).n_passing['x'], 0);
}

static void send_user_event(struct fixture *f, int64_t user_id)
{
        Socializer__V1__SessionsChanged sessions = SOCIALIZER__V1__SESSIONS_CHANGED__INIT;
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;

        event.user_id = user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_SESSIONS;
        event.sessions = &sessions;
        events_fake_user(f->chat->events, &event);
}

static void rekey_user(struct fixture *f, int64_t user_id)
{
        Socializer__V1__Rekey rekey = SOCIALIZER__V1__REKEY__INIT;
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;

        event.user_id = user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_REKEY;
        event.rekey = &rekey;
        LOCK(&f->chat->mutex); /* nobody is answered between the two */
        events_fake_user(f->chat->events, &event);
        events_fake_rekey(f->chat->events, (struct events_of){.user_id = user_id});
}

static void events_of_a_user_come_through_new_keys_and_restarts(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(soc_subscribe_user(f->subscriber, 1, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_user_states > 0);
        WAIT((send_user_event(f, 1), heard(f).of_user[1] > 0));
        assert_int_equal(heard(f).last_user_event, SOCIALIZER__V1__USER_EVENT__EVENT_SESSIONS);

        unsigned n_states = heard(f).n_user_states;
        rekey_user(f, 1);
        WAIT(heard(f).n_user_states > n_states);
        unsigned n = heard(f).of_user[1];
        WAIT((send_user_event(f, 1), heard(f).of_user[1] > n));

        n_states = heard(f).n_user_states;
        chat_fake_restart_publisher(f->chat);
        WAIT(heard(f).n_user_states > n_states);
        n = heard(f).of_user[1];
        WAIT((send_user_event(f, 1), heard(f).of_user[1] > n));
        assert_int_equal(heard(f).user_ended, SOC_OK);
        assert_int_equal(heard(f).last_user_event, SOCIALIZER__V1__USER_EVENT__EVENT_SESSIONS);
}

static void a_user_is_followed_with_an_own_token_and_once(void **state)
{
        struct fixture *f = *state;
        soc_error error;

        assert_int_equal(soc_subscribe_user(f->subscriber, 0, NULL, &error), SOC_INVALID_ARGUMENT);
        assert_string_equal(error.field, "user_id");
        assert_int_equal(soc_subscribe_user(f->subscriber, 2, NULL, NULL), SOC_OK);
        WAIT(heard(f).n_user_states == 1);
        assert_int_equal(heard(f).user_ended, SOC_PERMISSION_DENIED);
        assert_int_equal(soc_subscribe_user(f->subscriber, 2, "token-2", NULL), SOC_OK);
        assert_int_equal(soc_subscribe_user(f->subscriber, 2, "token-2", &error),
                         SOC_ALREADY_EXISTS);
        WAIT(heard(f).n_user_states > 1);
        assert_int_equal(heard(f).user_ended, SOC_OK);
        WAIT((send_user_event(f, 2), heard(f).of_user[2] > 0));
        soc_unsubscribe_user(f->subscriber, 2);
        unsigned n = heard(f).of_user[2];
        assert_int_equal(soc_subscribe_user(f->subscriber, 1, NULL, NULL), SOC_OK);
        WAIT((send_user_event(f, 2), send_user_event(f, 1), heard(f).of_user[1] > 0));
        assert_int_equal(heard(f).of_user[2], n);
}

static void a_token_that_is_revoked_ends_what_it_was_for(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(soc_subscribe_user(f->subscriber, 1, NULL, NULL), SOC_OK);
        subscribe(f, -1);
        connect_events(f);
        WAIT(heard(f).n_user_states > 0);
        {
                LOCK(&f->chat->mutex);
                f->chat->revoked = true;
        }
        rekey_user(f, 1);
        WAIT(heard(f).user_ended == SOC_UNAUTHENTICATED);
        chat_fake_rekey(f->chat, 1, true);
        WAIT(heard(f).ended == SOC_UNAUTHENTICATED);
}

/* --- many --- */

static void say_in_all(struct fixture *f, bool published)
{
        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id++) {
                Socializer__V1__RoomMessage m = SOCIALIZER__V1__ROOM_MESSAGE__INIT;
                room_event event = SOCIALIZER__V1__ROOM_EVENT__INIT;

                m.room_id = event.room_id = id;
                event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
                event.message = &m;
                chat_fake_append(f->chat, &event, published);
        }
}

/* Whether each room and user whose number leaves this rest has been heard this often, at least. */
static bool all_heard(struct fixture *f, int64_t rest, int64_t of, unsigned messages)
{
        LOCK(&f->heard.mutex);

        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id++)
                if (id % of == rest &&
                    (f->heard.in_room[id] < messages || f->heard.of_user[id] == 0))
                        return false;
        return true;
}

static void send_all_user_events(struct fixture *f)
{
        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id++)
                send_user_event(f, id);
}

static void hundreds_of_rooms_and_users_are_followed_at_once(void **state)
{
        struct fixture *f = *state;
        char token[32];

        say_in_all(f, false);
        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id++) {
                snprintf(token, sizeof(token), "token-%lld", (long long)id);
                assert_int_equal(soc_subscribe(f->subscriber, id, 0, token, NULL), SOC_OK);
                assert_int_equal(soc_subscribe_user(f->subscriber, id, token, NULL), SOC_OK);
        }
        WAIT(heard(f).n_states == CHAT_FAKE_ROOMS && heard(f).n_user_states >= CHAT_FAKE_ROOMS);
        say_in_all(f, true);
        WAIT((send_all_user_events(f), all_heard(f, 0, 1, 2)));
        say_in_all(f, false);
        chat_fake_restart_publisher(f->chat);
        WAIT((send_all_user_events(f), all_heard(f, 0, 1, 3)));

        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id += 2) {
                soc_unsubscribe(f->subscriber, id);
                soc_unsubscribe_user(f->subscriber, id);
        }
        say_in_all(f, true);
        WAIT(all_heard(f, 0, 2, 4));
        struct heard h = heard(f);
        for (int64_t id = 1; id <= CHAT_FAKE_ROOMS; id++)
                assert_int_equal(h.in_room[id], id % 2 ? 3 : 4);
        assert_int_equal(h.ended, SOC_OK);
        assert_int_equal(h.user_ended, SOC_OK);
}

/* Frees, or unsubscribes, in the middle of a callback. */
struct suicide {
        soc_subscriber *subscriber;
        bool frees;
        atomic_uint n;
};

static void on_last_message(void *closure, const Socializer__V1__RoomMessage *m)
{
        struct suicide *s = closure;

        if (s->frees)
                soc_subscriber_free(s->subscriber);
        else
                soc_unsubscribe(s->subscriber, m->room_id);
        atomic_fetch_add(&s->n, 1);
}

static void a_callback_may_unsubscribe_and_free(void **state)
{
        struct fixture *f = *state;

        say(f, 100, false);
        for (unsigned i = 0; i < 2; i++) {
                struct suicide s = {.frees = i == 1};
                const soc_subscriber_options events = {.on_message = on_last_message,
                                                       .closure = &s};

                assert_int_equal(soc_subscriber_new(f->client, f->chat->events_url, &events,
                                                    &s.subscriber, NULL),
                                 SOC_OK);
                assert_int_equal(soc_subscribe(s.subscriber, 1, 0, NULL, NULL), SOC_OK);
                WAIT(atomic_load(&s.n) == 1);
                subscribe(f, i == 0 ? 0 : -1);
                soc_unsubscribe(f->subscriber, 1);
                if (!s.frees)
                        soc_subscriber_free(s.subscriber);
                assert_int_equal(atomic_load(&s.n), 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(events_of_all_kinds_come_in_order_with_the_messages),
                CASE(a_hole_of_all_kinds_is_filled_in_order),
                CASE(without_on_message_messages_are_events),
                CASE(an_event_of_a_later_version_is_passed_over),
                CASE(what_is_not_durable_comes_without_a_number),
                CASE(a_new_key_is_asked_for_at_once),
                CASE(the_old_key_goes_on_until_the_new_one_is_there),
                CASE(a_deleted_room_ends_its_subscription),
                CASE(a_room_that_was_deleted_unheard_ends_when_it_is_asked_for),
                CASE(events_of_a_user_come_through_new_keys_and_restarts),
                CASE(a_user_is_followed_with_an_own_token_and_once),
                CASE(a_token_that_is_revoked_ends_what_it_was_for),
                CASE(hundreds_of_rooms_and_users_are_followed_at_once),
                CASE(a_callback_may_unsubscribe_and_free),
        };
        return !!cmocka_run_group_tests_name("subscriber_events", tests, NULL, NULL);
}
