/* gateway/ws_talk.c, ws_json_event.c, ws_typing.c, ws_presence.c, ws_user.c: what people do in
 * rooms and how the others, and their own other devices, hear of it. */
#include "tests/unit/ws_fixture.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool is_true(json_t *object, const char *name)
{
        assert_true(json_is_boolean(json_object_get(object, name)));
        return json_is_true(json_object_get(object, name));
}

static bool is_null(json_t *object, const char *name)
{
        return json_is_null(json_object_get(object, name));
}

/* Nothing else has come but who comes and goes. */
static void want_silence(struct fixture *f, struct peer *p)
{
        put(p, "{\"type\":\"ping\"}");
        skip_frame(f, p, "pong");
}

/* --- messages --- */

static void everybody_hears_a_message_once_and_its_sender_too(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2");

        put(p,
            "{\"type\":\"chat_message\",\"content\":\"hi \\u2603\",\"client_message_id\":\"c1\"}");
        put(p, "{\"type\":\"chat_message\",\"content\":\"ho\",\"room_id\":\"general\"}");
        struct peer *both[] = {p, q};
        for (int i = 0; i < 2; i++) {
                json_t *m = want(f, both[i], "chat_message");
                assert_int_equal(number(m, "room_id"), 1);
                assert_int_equal(number(m, "seq"), 1);
                assert_int_equal(number(m, "message_id"), 1001);
                assert_int_equal(number(m, "user_id"), 1);
                assert_text(m, "username", "user1");
                assert_text(m, "content", "hi ☃");
                assert_text(m, "client_message_id", "c1");
                assert_text(m, "timestamp", "2023-11-14T22:13:21.000Z");
                assert_true(is_null(m, "reply_to"));
                assert_true(is_null(m, "edited_at"));
                assert_false(is_true(m, "is_deleted"));
                assert_int_equal(json_array_size(json_object_get(m, "reactions")), 0);
                json_decref(m);
                m = want(f, both[i], "chat_message");
                assert_int_equal(number(m, "seq"), 2);
                json_decref(m);
        }
}

static void an_answer_says_what_it_answers(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");

        rooms_fake_say(f->chat, 1, "who?", true);
        skip_frame(f, p, "chat_message");
        put(p, "{\"type\":\"chat_message\",\"content\":\"me\",\"reply_to\":1001}");
        json_t *m = want(f, p, "chat_message");
        json_t *to = json_object_get(m, "reply_to");
        assert_int_equal(number(to, "message_id"), 1001);
        assert_int_equal(number(to, "seq"), 1);
        assert_int_equal(number(to, "user_id"), 9);
        assert_text(to, "username", "user9");
        assert_text(to, "excerpt", "who?");
        json_decref(m);
        put(p, "{\"type\":\"chat_message\",\"content\":\"me\",\"reply_to\":1077,"
               "\"client_message_id\":\"c\"}");
        m = want(f, p, "error");
        assert_text(m, "code", "NOT_FOUND");
        assert_text(m, "field", "reply_to");
        assert_text(m, "client_message_id", "c");
        json_decref(m);
}

static void want_edited(struct fixture *f, struct peer *p)
{
        json_t *m = want(f, p, "message_edited");

        assert_int_equal(number(m, "room_id"), 1);
        assert_int_equal(number(m, "seq"), 2);
        assert_int_equal(number(m, "message_seq"), 1);
        assert_int_equal(number(m, "message_id"), 1001);
        assert_int_equal(number(m, "user_id"), 1);
        assert_text(m, "username", "user1");
        assert_text(m, "content", "hello");
        assert_text(m, "timestamp", "2023-11-14T22:13:22.000Z");
        assert_text(m, "edited_at", "2027-01-15T08:00:00.000Z");
        json_decref(m);
}

static void messages_are_edited_and_deleted_before_everybody(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2");

        put(p, "{\"type\":\"chat_message\",\"content\":\"hallo\"}");
        skip_frame(f, p, "chat_message");
        skip_frame(f, q, "chat_message");
        put(p, "{\"type\":\"edit_message\",\"message_id\":1001,\"content\":\"hello\"}");
        want_edited(f, p);
        want_edited(f, q);
        struct peer *late = sign_in(f, "token-3");
        put(late, "{\"type\":\"join_room\",\"room_id\":1}");
        skip_frame(f, late, "room_joined");
        json_t *m = want(f, late, "chat_history");
        json_t *message = json_array_get(json_object_get(m, "messages"), 0);
        assert_text(message, "content", "hello");
        assert_text(message, "edited_at", "2027-01-15T08:00:00.000Z");
        json_decref(m);
        put(q, "{\"type\":\"delete_message\",\"room_id\":1,\"message_id\":1001}");
        m = want(f, p, "message_deleted");
        assert_int_equal(number(m, "seq"), 3);
        assert_int_equal(number(m, "message_seq"), 1);
        assert_int_equal(number(m, "message_id"), 1001);
        assert_null(json_object_get(m, "content"));
        json_decref(m);
        put(p, "{\"type\":\"edit_message\",\"message_id\":1055,\"content\":\"x\"}");
        m = want(f, p, "error");
        assert_text(m, "code", "NOT_FOUND");
        assert_int_equal(number(m, "message_id"), 1055);
        assert_int_equal(number(m, "room_id"), 1);
        json_decref(m);
}

static void reactions_come_and_go(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2");
        static const bool is_added[] = {true, true, false};

        rooms_fake_say(f->chat, 1, "x", true);
        skip_frame(f, p, "chat_message");
        put(q, "{\"type\":\"react\",\"message_id\":1001,\"emoji\":\"👍\"}");
        put(q, "{\"type\":\"react\",\"message_id\":1001,\"emoji\":\"👍\",\"is_added\":true}");
        put(q, "{\"type\":\"react\",\"message_id\":1001,\"emoji\":\"👍\",\"is_added\":false}");
        for (int i = 0; i < 3; i++) {
                json_t *m = want(f, p, "message_reaction");

                assert_int_equal(number(m, "seq"), i + 2);
                assert_int_equal(number(m, "message_id"), 1001);
                assert_int_equal(number(m, "user_id"), 2);
                assert_text(m, "username", "user2");
                assert_text(m, "emoji", "👍");
                assert_int_equal(is_true(m, "is_added"), is_added[i]);
                json_decref(m);
        }
        put(p, "{\"type\":\"react\",\"message_id\":1099,\"emoji\":\"x\"}");
        json_t *m = want(f, p, "error");
        assert_int_equal(number(m, "message_id"), 1099);
        json_decref(m);
}

static void members_and_settings_are_told_in_full(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        Socializer__V1__MemberChange change = SOCIALIZER__V1__MEMBER_CHANGE__INIT;
        Socializer__V1__Room room = SOCIALIZER__V1__ROOM__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        Google__Protobuf__Timestamp until = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

        until.seconds = 1800000000;
        change.kind = SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_MUTED;
        change.user_id = 3;
        change.username = (char *)"user3";
        change.by_user_id = 4;
        change.by_username = (char *)"user4";
        change.muted_until = &until;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER;
        event.member = &change;
        rooms_fake_append(f->chat, 1, &event, true);
        json_t *m = want(f, p, "member_changed");
        assert_text(m, "change", "muted");
        assert_int_equal(number(m, "user_id"), 3);
        assert_int_equal(number(m, "by_user_id"), 4);
        assert_text(m, "by_username", "user4");
        assert_text(m, "muted_until", "2027-01-15T08:00:00.000Z");
        assert_true(is_null(m, "role"));
        json_decref(m);
        change.kind = SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_ROLE;
        change.role = SOCIALIZER__V1__MEMBER_ROLE__MEMBER_ROLE_MODERATOR;
        change.muted_until = NULL;
        rooms_fake_append(f->chat, 1, &event, true);
        m = want(f, p, "member_changed");
        assert_text(m, "change", "role");
        assert_text(m, "role", "moderator");
        assert_true(is_null(m, "muted_until"));
        json_decref(m);
        room.name = (char *)"Everybody's \"room\"";
        room.description = (char *)"d";
        room.has_password = true;
        room.max_members = 12;
        room.retention_seconds = 86400;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_ROOM;
        event.room = &room;
        rooms_fake_append(f->chat, 1, &event, true);
        m = want(f, p, "room_updated");
        assert_int_equal(number(m, "seq"), 3);
        assert_text(m, "name", "Everybody's \"room\"");
        assert_text(m, "description", "d");
        assert_true(is_true(m, "has_password"));
        assert_false(is_true(m, "is_public"));
        assert_false(is_true(m, "coach_enabled"));
        assert_int_equal(number(m, "max_members"), 12);
        assert_int_equal(number(m, "retention_seconds"), 86400);
        json_decref(m);
}

/* --- typing --- */

static void want_typing(struct fixture *f, struct peer *p, int64_t user_id, bool is_typing)
{
        json_t *m = want(f, p, "user_typing");

        assert_int_equal(number(m, "room_id"), 1);
        assert_int_equal(number(m, "user_id"), user_id);
        assert_int_equal(is_true(m, "is_typing"), is_typing);
        json_decref(m);
}

static void the_others_see_who_is_typing(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2"), *twin = join(f, "token-2b");

        for (int i = 0; i < 5; i++)
                put(q, "{\"type\":\"typing\",\"is_typing\":true,\"room_id\":1}");
        want_typing(f, p, 2, true);
        want_silence(f, q);
        assert_int_equal(atomic_load(&f->chat->n_typing), 1); /* not again for two seconds */
        put(q, "{\"type\":\"chat_message\",\"content\":\"x\"}");
        want_typing(f, p, 2, false);
        skip_frame(f, p, "chat_message");
        skip_frame(f, twin, "chat_message");
        put(q, "{\"type\":\"typing\",\"is_typing\":true}");
        want_typing(f, p, 2, true);
        put(q, "{\"type\":\"typing\",\"is_typing\":false}");
        put(q, "{\"type\":\"typing\",\"is_typing\":false}");
        want_typing(f, p, 2, false);
        put(q, "{\"type\":\"typing\",\"is_typing\":true}");
        want_typing(f, p, 2, true);
        put(q, "{\"type\":\"leave_room\",\"room_id\":1}");
        want_typing(f, p, 2, false);
        assert_int_equal(atomic_load(&f->chat->n_typing), 6);
        want_silence(f, twin);
}

static void who_goes_silent_is_not_typing_any_more(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        Socializer__V1__Typing typing = SOCIALIZER__V1__TYPING__INIT;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        struct ws_typist *t;

        /* On another gateway, that is. */
        typing.user_id = 7;
        typing.username = (char *)"user7";
        typing.is_typing = true;
        event.room_id = 1;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING;
        event.typing = &typing;
        rooms_fake_publish(f->chat, &event);
        want_typing(f, p, 7, true);
        t = ws_room_find(f->gateway.ws, 1)->typists;
        assert_true(t->until_ms > ws_now(f->gateway.ws) + 5000);
        assert_true(t->until_ms <= ws_now(f->gateway.ws) + 6000);
        t->until_ms = 1;
        want_typing(f, p, 7, false);
        assert_null(ws_room_find(f->gateway.ws, 1)->typists);
}

/* --- presence --- */

static void want_online(struct fixture *f, struct peer *p, int64_t room_id, const char *ids)
{
        json_t *m, *user;
        char text[128] = "";
        size_t i;

        if (room_id)
                put(p, "{\"type\":\"get_online_users\",\"room_id\":\"general\"}");
        else
                put(p, "{\"type\":\"get_online_users\"}");
        m = want(f, p, "online_users");
        assert_int_equal(number(m, "room_id"), room_id);
        json_array_foreach(json_object_get(m, "users"), i, user)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), " %lld",
                         (long long)number(user, "user_id"));
        assert_string_equal(text, ids);
        assert_int_equal(number(m, "count"), json_array_size(json_object_get(m, "users")));
        json_decref(m);
}

static void presence_is_of_users_and_not_of_sockets(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *a = join(f, "token-2");

        want_presence(f, p, "user_joined", 1, 2);
        struct peer *b = join(f, "token-2");
        rooms_fake_room(f->chat, 5, "2");
        join_as(f, a, 5);
        put(b, "{\"type\":\"leave_room\",\"room_id\":1}");
        skip_frame(f, b, "room_left");
        want_online(f, p, 1, " 1 2");
        join_as(f, b, 5);
        shutdown(a->fd, SHUT_RDWR);
        want_presence(f, p, "user_left", 1, 2);
        want_online(f, p, 1, " 1");
        want_online(f, p, 0, " 1 2"); /* b is somewhere still */
        join_as(f, b, 1);
        want_presence(f, p, "user_joined", 1, 2);
        put(b, "{\"type\":\"leave_room\",\"room_id\":1}");
        want_presence(f, p, "user_left", 1, 2);
        put_frame(b, 0x88, "", 0);
        WAIT(b->released);
        want_online(f, p, 0, " 1");
}

static void presence_is_said_again_in_time_and_no_more_than_that(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        struct ws_socket *s = f->gateway.ws->sockets;
        unsigned n;

        WAIT(s->presence_at_ms > 0 && !s->presence_token);
        n = atomic_load(&f->chat->n_presence);
        assert_int_equal(n, 1);
        assert_true(s->presence_at_ms > ws_now(f->gateway.ws) + 19000);
        assert_true(s->presence_at_ms <= ws_now(f->gateway.ws) + 25000);
        s->presence_at_ms = 1;
        WAIT(atomic_load(&f->chat->n_presence) == 2 && !s->presence_token);
        assert_true(s->presence_at_ms > ws_now(f->gateway.ws) + 19000);
        want_silence(f, p);
        assert_int_equal(atomic_load(&f->chat->n_presence), 2);
}

static void who_closes_in_a_hurry_is_not_left_behind(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");

        for (int i = 0; i < 30; i++) {
                struct peer *q = sign_in(f, "token-2");

                put(q, "{\"type\":\"join_room\",\"room_id\":1}");
                skip_frame(f, q, "room_joined");
                for (int k = 0; k < i % 5; k++)
                        ws_turn(f);
                shutdown(q->fd, SHUT_RDWR);
        }
        WAIT(f->gateway.counters.ws_connections == 1);
        for (;;) {
                struct ws_user *u = ws_user_find(f->gateway.ws, 2);
                bool is_gone = !u;

                ws_turn(f);
                if (is_gone)
                        break;
        }
        want_online(f, p, 0, " 1");
}

static void it_is_the_same_over_several_gateways(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *goes = join(f, "token-3");

        open_other_gateway(f);
        struct peer *q = join(f, "token-2"), *goes_too = join(f, "token-3b");
        want_presence(f, p, "user_joined", 1, 2);
        want_online(f, p, 1, " 1 2 3");
        want_online(f, q, 1, " 1 2 3");
        put(q, "{\"type\":\"typing\",\"is_typing\":true}");
        want_typing(f, p, 2, true);
        put(q, "{\"type\":\"chat_message\",\"content\":\"x\"}");
        want_typing(f, p, 2, false);
        skip_frame(f, p, "chat_message");
        skip_frame(f, q, "chat_message");
        put(p, "{\"type\":\"read\",\"room_id\":1,\"seq\":1}");
        skip_frame(f, q, "message_read");
        put_frame(goes, 0x88, "", 0);
        WAIT(goes->released);
        want_online(f, q, 1, " 1 2 3"); /* by the other gateway */
        put_frame(goes_too, 0x88, "", 0);
        want_presence(f, p, "user_left", 1, 3);
        put_frame(q, 0x88, "", 0);
        want_presence(f, p, "user_left", 1, 2);
        want_online(f, p, 1, " 1");
}

static void a_service_that_starts_anew_hears_who_is_there(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");

        WAIT(ws_user_find(f->gateway.ws, 1)->heard && !f->gateway.ws->sockets->presence_token);
        {
                LOCK(&f->chat->mutex);
                f->chat->n_connections = 0;
                memset(f->chat->connections, 0, sizeof(f->chat->connections));
        }
        rooms_fake_restart(f->chat);
        WAIT(atomic_load(&f->chat->n_presence) >= 2);
        want_online(f, p, 1, " 1");
}

/* --- reading --- */

static void what_is_read_is_told_to_the_others(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2"), *twin = join(f, "token-1b");
        char text[80];

        for (int i = 0; i < 9; i++)
                rooms_fake_say(f->chat, 1, "x", true);
        want_all(f, p, 0, 9);
        want_all(f, q, 0, 9);
        want_all(f, twin, 0, 9);
        for (int seq = 1; seq <= 9; seq++) {
                snprintf(text, sizeof(text), "{\"type\":\"read\",\"room_id\":1,\"seq\":%d}", seq);
                put(p, text);
        }
        put(p, "{\"type\":\"read\",\"room_id\":1,\"seq\":4}"); /* does not go back */
        for (int64_t seq = 0; seq < 9;) {
                json_t *m = want(f, q, "message_read");

                assert_int_equal(number(m, "room_id"), 1);
                assert_int_equal(number(m, "user_id"), 1);
                assert_text(m, "username", "user1");
                assert_true(number(m, "seq") > seq);
                seq = number(m, "seq");
                json_decref(m);
        }
        assert_int_equal(atomic_load(&f->chat->last_read), 9);
        assert_int_equal(atomic_load(&f->chat->n_reads), 2); /* the first, and the newest */
        want_silence(f, p);
        want_silence(f, twin);
        put(p, "{\"type\":\"read\",\"room_id\":1,\"seq\":10}");
        want_error(f, p, "INVALID_ARGUMENT");
}

/* --- the user's own events --- */

static void wait_for_user(struct fixture *f, int64_t id)
{
        struct ws_user *u;

        WAIT((u = ws_user_find(f->gateway.ws, id)) && u->heard);
}

static void a_users_devices_hear_what_is_the_users(void **state)
{
        struct fixture *f = *state;
        struct peer *both[] = {sign_in(f, "token-1"), sign_in(f, "token-1b")};
        struct peer *other = sign_in(f, "token-2");
        Socializer__V1__Invite invite = SOCIALIZER__V1__INVITE__INIT;
        Socializer__V1__MembershipChanged membership = SOCIALIZER__V1__MEMBERSHIP_CHANGED__INIT;
        Socializer__V1__RoomRead read = SOCIALIZER__V1__ROOM_READ__INIT;
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;

        wait_for_user(f, 1);
        invite.id = 31;
        invite.room_id = 5;
        invite.room_name = (char *)"Book club";
        invite.user_id = 1;
        invite.inviter_id = 3;
        invite.inviter_username = (char *)"user3";
        invite.status = SOCIALIZER__V1__INVITE_STATUS__INVITE_STATUS_PENDING;
        event.user_id = 1;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_INVITE;
        event.invite = &invite;
        rooms_fake_publish_to_user(f->chat, &event);
        membership.room_id = 5;
        membership.is_member = true;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_MEMBERSHIP;
        event.membership = &membership;
        rooms_fake_publish_to_user(f->chat, &event);
        read.room_id = 5;
        read.seq = 77;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_READ;
        event.read = &read;
        rooms_fake_publish_to_user(f->chat, &event);
        for (int i = 0; i < 2; i++) {
                json_t *m = want(f, both[i], "invite");
                assert_int_equal(number(m, "invite_id"), 31);
                assert_int_equal(number(m, "room_id"), 5);
                assert_text(m, "room_name", "Book club");
                assert_int_equal(number(m, "inviter_id"), 3);
                assert_text(m, "inviter_username", "user3");
                assert_text(m, "status", "pending");
                json_decref(m);
                m = want(f, both[i], "membership_changed");
                assert_int_equal(number(m, "room_id"), 5);
                assert_true(is_true(m, "is_member"));
                json_decref(m);
                m = want(f, both[i], "room_read");
                assert_int_equal(number(m, "room_id"), 5);
                assert_int_equal(number(m, "seq"), 77);
                json_decref(m);
        }
        want_silence(f, other);
}

static void tell_sessions(struct fixture *f, int64_t user_id)
{
        Socializer__V1__SessionsChanged sessions = SOCIALIZER__V1__SESSIONS_CHANGED__INIT;
        Socializer__V1__UserEvent event = SOCIALIZER__V1__USER_EVENT__INIT;

        event.user_id = user_id;
        event.event_case = SOCIALIZER__V1__USER_EVENT__EVENT_SESSIONS;
        event.sessions = &sessions;
        rooms_fake_publish_to_user(f->chat, &event);
}

static void a_session_that_ends_elsewhere_closes_its_sockets_at_once(void **state)
{
        struct fixture *f = *state;
        struct peer *stays = join(f, "token-1"), *goes = join(f, "token-1b");
        struct peer *goes_too = join(f, "token-1b");
        unsigned n = atomic_load(&f->chat->n_me);

        wait_for_user(f, 1);
        rooms_fake_revoke(f->chat, "token-1b");
        tell_sessions(f, 1);
        want_error(f, goes, "UNAUTHENTICATED");
        want_close(f, goes, 4003);
        want_error(f, goes_too, "UNAUTHENTICATED");
        want_close(f, goes_too, 4003);
        want_silence(f, stays);
        WAIT(atomic_load(&f->chat->n_me) == n + 1); /* token-1; the other was refused */
}

static void what_may_have_been_missed_is_asked_about(void **state)
{
        struct fixture *f = *state;
        struct peer *stays = sign_in(f, "token-1"), *goes = sign_in(f, "token-1b");

        wait_for_user(f, 1);
        rooms_fake_revoke(f->chat, "token-1b");
        rooms_fake_restart(f->chat);
        want_error(f, goes, "UNAUTHENTICATED");
        want_close(f, goes, 4003);
        want_silence(f, stays);
}

/* The user's events came by the right of the session that has ended. */
static void another_session_takes_the_subscription_over(void **state)
{
        struct fixture *f = *state;
        struct peer *goes = sign_in(f, "token-1"), *stays = sign_in(f, "token-1b");
        struct ws_user *u = ws_user_find(f->gateway.ws, 1);

        wait_for_user(f, 1);
        rooms_fake_revoke(f->chat, "token-1");
        rooms_fake_restart(f->chat);
        want_error(f, goes, "UNAUTHENTICATED");
        want_close(f, goes, 4003);
        WAIT(u->subscribed);
        rooms_fake_revoke(f->chat, "token-1b");
        WAIT((tell_sessions(f, 1), !ws_user_find(f->gateway.ws, 1)));
        want_error(f, stays, "UNAUTHENTICATED");
        want_close(f, stays, 4003);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ws_setup, ws_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(everybody_hears_a_message_once_and_its_sender_too),
                CASE(an_answer_says_what_it_answers),
                CASE(messages_are_edited_and_deleted_before_everybody),
                CASE(reactions_come_and_go),
                CASE(members_and_settings_are_told_in_full),
                CASE(the_others_see_who_is_typing),
                CASE(who_goes_silent_is_not_typing_any_more),
                CASE(presence_is_of_users_and_not_of_sockets),
                CASE(presence_is_said_again_in_time_and_no_more_than_that),
                CASE(who_closes_in_a_hurry_is_not_left_behind),
                CASE(it_is_the_same_over_several_gateways),
                CASE(a_service_that_starts_anew_hears_who_is_there),
                CASE(what_is_read_is_told_to_the_others),
                CASE(a_users_devices_hear_what_is_the_users),
                CASE(a_session_that_ends_elsewhere_closes_its_sockets_at_once),
                CASE(what_may_have_been_missed_is_asked_about),
                CASE(another_session_takes_the_subscription_over),
        };
        return !!cmocka_run_group_tests_name("ws_talk", tests, NULL, NULL);
}
