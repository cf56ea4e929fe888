/* gateway/ws_member.c, ws_history.c, ws_room.c, ws_event.c: getting into rooms, following them, and
 * being put out. */
#include "tests/unit/ws_fixture.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define LEFT    SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_LEFT
#define JOINED  SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_JOINED
#define REMOVED SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_REMOVED
#define BANNED  SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_BANNED

#define CHAT_X "{\"type\":\"chat_message\",\"content\":\"x\"}"

static void want_left(struct fixture *f, struct peer *p, int64_t room_id, const char *reason)
{
        json_t *m = want(f, p, "room_left");

        assert_int_equal(number(m, "room_id"), room_id);
        assert_text(m, "reason", reason);
        json_decref(m);
}

static void want_refusal(struct fixture *f, struct peer *p, int64_t room_id, const char *code,
                         const char *field)
{
        json_t *m = want(f, p, "error");

        assert_text(m, "code", code);
        assert_int_equal(number(m, "room_id"), room_id);
        if (field)
                assert_text(m, "field", field);
        else
                assert_null(json_object_get(m, "field"));
        json_decref(m);
}

static void want_message(struct fixture *f, struct peer *p, int64_t room_id, int64_t seq)
{
        json_t *m = want(f, p, "chat_message");

        assert_int_equal(number(m, "room_id"), room_id);
        assert_int_equal(number(m, "seq"), seq);
        json_decref(m);
}

static void want_change(struct fixture *f, struct peer *p, int64_t seq, const char *change,
                        int64_t user_id)
{
        json_t *m = want(f, p, "member_changed");

        assert_int_equal(number(m, "seq"), seq);
        assert_text(m, "change", change);
        assert_int_equal(number(m, "user_id"), user_id);
        json_decref(m);
}

static void make_room(struct fixture *f, int64_t id, const char *members, bool is_public,
                      const char *password)
{
        struct rooms_fake_room *r = rooms_fake_room(f->chat, id, members);
        LOCK(&f->chat->mutex);

        r->is_public = is_public;
        snprintf(r->password, sizeof(r->password), "%s", password);
}

static void limit_pages(struct fixture *f, unsigned limit)
{
        LOCK(&f->chat->mutex);

        f->chat->page_limit = limit;
}

/* --- getting in --- */

static void a_public_room_is_entered_by_joining(void **state)
{
        struct fixture *f = *state;

        make_room(f, 5, "2", true, "");
        struct peer *q = join_room(f, "token-2", 5);
        assert_int_equal(atomic_load(&f->chat->n_joins), 0); /* is in already */
        struct peer *p = join_room(f, "token-1", 5);
        assert_int_equal(atomic_load(&f->chat->n_joins), 1);
        want_change(f, q, 1, "joined", 1);
        put(p, "{\"type\":\"chat_message\",\"content\":\"hello\"}");
        want_message(f, q, 5, 2);
        want_message(f, p, 5, 2);
}

static void a_password_is_asked_for_and_named_when_it_is_wrong(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");

        make_room(f, 5, "2", true, "sesame");
        put(p, "{\"type\":\"join_room\",\"room_id\":5}");
        want_refusal(f, p, 5, "PERMISSION_DENIED", "password");
        put(p, "{\"type\":\"join_room\",\"room_id\":5,\"password\":\"barley\"}");
        want_refusal(f, p, 5, "PERMISSION_DENIED", "password");
        put(p, "{\"type\":\"chat_message\",\"content\":\"x\"}");
        want_error(f, p, "FAILED_PRECONDITION");
        put(p, "{\"type\":\"join_room\",\"room_id\":5,\"password\":\"sesame\",\"after_seq\":0}");
        skip_frame(f, p, "room_joined");
        want_all(f, p, 0, 1);
        assert_int_equal(atomic_load(&f->chat->n_joins), 3);
        struct ws_member *m = f->gateway.ws->sockets->members;
        assert_null(m->password); /* not kept */
}

static void who_has_to_be_let_in_first_waits_for_it(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");
        struct ws_member *m;
        json_t *error;

        make_room(f, 5, "2", true, "");
        put(p, "{\"type\":\"join_room\",\"room_id\":5}");
        WAIT(ws_room_find(f->gateway.ws, 5) &&
             (m = ws_room_find(f->gateway.ws, 5)->members)->has_knocked);
        ws_command_run(m->socket, CHAT_X, strlen(CHAT_X));
        error = want(f, p, "error");
        assert_text(error, "code", "FAILED_PRECONDITION");
        assert_text(error, "message", "room_id: wait for room_joined of room 5 first");
        json_decref(error);
        skip_frame(f, p, "room_joined");
        skip_frame(f, p, "chat_history");
        put(p, CHAT_X);
        want_message(f, p, 5, 2);
}

static void a_hidden_room_opens_to_an_invitation_only(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");

        make_room(f, 6, "2", false, "sesame");
        put(p, "{\"type\":\"join_room\",\"room_id\":6,\"password\":\"sesame\"}");
        want_refusal(f, p, 6, "NOT_FOUND", "room_id");
        {
                LOCK(&f->chat->mutex);
                f->chat->rooms[6].is_invited[1] = true;
        }
        join_as(f, p, 6);
}

static void what_the_service_says_to_a_join_is_passed_on(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");

        make_room(f, 5, "2", true, "");
        {
                LOCK(&f->chat->mutex);
                f->chat->rooms[5].is_full = true;
        }
        put(p, "{\"type\":\"join_room\",\"room_id\":5}");
        want_refusal(f, p, 5, "FAILED_PRECONDITION", NULL);
        {
                LOCK(&f->chat->mutex);
                f->chat->list_refusal = STATUS_INTERNAL;
        }
        put(p, "{\"type\":\"join_room\",\"room_id\":1}");
        want_refusal(f, p, 1, "INTERNAL", NULL);
        assert_null(ws_room_find(f->gateway.ws, 5));
        assert_null(ws_room_find(f->gateway.ws, 1));
}

static void a_socket_is_in_64_rooms_and_no_more(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");

        for (int64_t id = 2; id <= 66; id++)
                make_room(f, id, "1", false, "");
        for (int64_t id = 2; id <= 65; id++)
                join_as(f, p, id);
        put(p, "{\"type\":\"join_room\",\"room_id\":66}");
        want_refusal(f, p, 66, "RESOURCE_EXHAUSTED", NULL);
        WAIT(atomic_load(&f->chat->biggest_report) == 64);
        put(p, "{\"type\":\"leave_room\",\"room_id\":9}");
        want_left(f, p, 9, "left");
        join_as(f, p, 66);
}

/* --- history --- */

static void history_comes_before_what_is_live(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 80; i++)
                rooms_fake_say(f->chat, 1, "before", false);
        struct peer *p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":\"general\"}");
        json_t *m = want(f, p, "room_joined");
        assert_int_equal(number(m, "last_seq"), 80);
        assert_true(json_is_true(json_object_get(m, "recovered")));
        json_decref(m);
        m = want(f, p, "chat_history");
        json_t *messages = json_object_get(m, "messages");
        assert_int_equal(json_array_size(messages), 50);
        assert_int_equal(number(json_array_get(messages, 0), "seq"), 31);
        json_decref(m);
        rooms_fake_say(f->chat, 1, "now", true);
        want_message(f, p, 1, 81);
}

static void history_is_messages_and_what_follows_it_everything(void **state)
{
        struct fixture *f = *state;

        make_room(f, 5, "1 2 3", false, "");
        rooms_fake_say(f->chat, 5, "one", false);
        rooms_fake_member(f->chat, 5, 3, LEFT, false);
        struct peer *p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":5}");
        json_t *m = want(f, p, "room_joined");
        assert_int_equal(number(m, "last_seq"), 2);
        json_decref(m);
        m = want(f, p, "chat_history");
        assert_int_equal(json_array_size(json_object_get(m, "messages")), 1);
        json_decref(m);
        rooms_fake_say(f->chat, 5, "lost", false);
        rooms_fake_member(f->chat, 5, 3, JOINED, true);
        want_message(f, p, 5, 3);
        want_change(f, p, 4, "joined", 3);
}

static void resuming_brings_everything_since(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 1500; i++)
                rooms_fake_say(f->chat, 1, "before", false);
        struct peer *p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":7}");
        json_t *m = want(f, p, "room_joined");
        assert_true(json_is_true(json_object_get(m, "recovered")));
        json_decref(m);
        for (int i = 0; i < 100; i++)
                rooms_fake_say(f->chat, 1, "meanwhile", true);
        want_all(f, p, 7, 1600);
}

static void resuming_keeps_the_order_of_messages_and_the_rest(void **state)
{
        struct fixture *f = *state;
        static const char *const types[] = {"chat_history", "member_changed", "member_changed",
                                            "chat_history", "member_changed", "chat_history"};

        make_room(f, 5, "1 2 3", false, "");
        for (int i = 0; i < 3; i++)
                rooms_fake_say(f->chat, 5, "x", false); /* 1 to 3 */
        rooms_fake_member(f->chat, 5, 1, LEFT, false); /* its own going, which is over */
        rooms_fake_member(f->chat, 5, 1, JOINED, false);
        rooms_fake_say(f->chat, 5, "x", false);
        rooms_fake_say(f->chat, 5, "x", false);
        rooms_fake_member(f->chat, 5, 3, BANNED, false);
        rooms_fake_say(f->chat, 5, "x", false); /* 9 */
        for (unsigned limit = 0; limit <= 3; limit++) {
                struct peer *p = sign_in(f, "token-1");

                limit_pages(f, limit);
                put(p, "{\"type\":\"join_room\",\"room_id\":5,\"after_seq\":1}");
                json_t *m = want(f, p, "room_joined");
                assert_true(json_is_true(json_object_get(m, "recovered")));
                json_decref(m);
                if (limit != 0) {
                        want_all(f, p, 1, 9);
                        continue;
                }
                for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                        skip_frame(f, p, types[i]);
        }
        /* Whoever's past it was, it stays. */
        struct peer *p = &f->peers[f->n_peers - 1];
        WAIT(ws_room_find(f->gateway.ws, 5)->live);
        rooms_fake_say(f->chat, 5, "x", true);
        want_all(f, p, 9, 10);
}

static void joining_while_others_talk_misses_and_doubles_nothing(void **state)
{
        struct fixture *f = *state;

        join(f, "token-1");
        for (int round = 0; round < 20; round++) {
                struct peer *p = sign_in(f, "token-1");
                int64_t from = 100 * round;
                char text[80];

                snprintf(text, sizeof(text),
                         "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":%lld}",
                         (long long)from);
                put(p, text);
                for (int i = 0; i < 100; i++) {
                        if (i % 5 == 0)
                                rooms_fake_member(f->chat, 1, 7, JOINED, true);
                        else
                                rooms_fake_say(f->chat, 1, "meanwhile", true);
                        if (i % 7 == 0)
                                ws_turn(f);
                }
                skip_frame(f, p, "room_joined");
                want_all(f, p, from, from + 100);
        }
}

static void what_is_gone_is_not_called_recovered(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 40; i++)
                rooms_fake_say(f->chat, 1, "before", false);
        {
                LOCK(&f->chat->mutex);
                f->chat->rooms[1].first_seq = 20;
        }
        struct peer *p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":5}");
        json_t *m = want(f, p, "room_joined");
        assert_true(json_is_false(json_object_get(m, "recovered")));
        assert_int_equal(number(m, "first_seq"), 20);
        json_decref(m);
        want_all(f, p, 19, 40);
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":500}");
        m = want(f, p, "room_joined");
        assert_true(json_is_false(json_object_get(m, "recovered")));
        json_decref(m);
        skip_frame(f, p, "chat_history");
        rooms_fake_say(f->chat, 1, "now", true);
        want_all(f, p, 40, 41);
}

static void a_restart_of_the_service_loses_nothing(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");

        for (int i = 0; i < 50; i++)
                rooms_fake_say(f->chat, 1, "before", true);
        rooms_fake_restart(f->chat);
        for (int i = 0; i < 50; i++)
                rooms_fake_say(f->chat, 1, "after", true);
        want_all(f, p, 0, 100);
}

static void history_goes_on_when_the_service_cannot_answer_for_a_while(void **state)
{
        struct fixture *f = *state;
        unsigned n;

        for (int i = 0; i < 100; i++)
                rooms_fake_say(f->chat, 1, "before", false);
        limit_pages(f, 10);
        struct peer *p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":0}");
        skip_frame(f, p, "room_joined");
        {
                LOCK(&f->chat->mutex);
                f->chat->list_refusal = STATUS_INTERNAL;
                n = atomic_load(&f->chat->n_lists);
        }
        WAIT(atomic_load(&f->chat->n_lists) > n);
        {
                LOCK(&f->chat->mutex);
                f->chat->list_refusal = STATUS_OK;
        }
        want_all(f, p, 0, 100);
}

static void refuse_lists(struct fixture *f, enum status status)
{
        LOCK(&f->chat->mutex);

        f->chat->list_refusal = status;
}

static void joining_again_waits_until_the_service_is_back(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        unsigned n = atomic_load(&f->chat->n_lists);

        refuse_lists(f, STATUS_INTERNAL);
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":0}");
        WAIT(ws_room_find(f->gateway.ws, 1)->members->state == WS_MEMBER_FULL);
        /* Whatever else is sent, the service is not asked again for a while. */
        for (int i = 0; i < 30; i++) {
                put(p, "{\"type\":\"ping\"}");
                skip_frame(f, p, "pong");
        }
        refuse_lists(f, STATUS_OK);
        skip_frame(f, p, "room_joined");
        assert_in_range(atomic_load(&f->chat->n_lists) - n, 2, 6);
        skip_frame(f, p, "chat_history");
        rooms_fake_say(f->chat, 1, "x", true);
        want_all(f, p, 0, 1);
}

static void joining_again_says_why_it_is_over(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");

        refuse_lists(f, STATUS_NOT_FOUND);
        put(p, "{\"type\":\"join_room\",\"room_id\":1}");
        json_t *m = want(f, p, "error");
        assert_text(m, "code", "NOT_FOUND");
        assert_text(m, "message", "joining room 1: the service says no");
        json_decref(m);
        want_left(f, p, 1, "deleted");
        assert_null(ws_room_find(f->gateway.ws, 1));
}

/* Between two pages of the history retention has passed over the room. */
static void what_goes_while_it_is_listed_is_not_called_recovered(void **state)
{
        struct fixture *f = *state;
        int64_t cursor = 0;
        json_t *m, *message;
        size_t i;

        for (int k = 0; k < 100; k++)
                rooms_fake_say(f->chat, 1, "before", false);
        limit_pages(f, 10);
        struct peer *p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":0}");
        skip_frame(f, p, "room_joined");
        {
                LOCK(&f->chat->mutex);
                f->chat->rooms[1].first_seq = 80;
        }
        while (strcmp(type_of(m = next_json(f, p)), "chat_history") == 0) {
                json_array_foreach(json_object_get(m, "messages"), i, message)
                        assert_int_equal(number(message, "seq"), ++cursor);
                json_decref(m);
        }
        assert_in_range(cursor, 10, 70);
        assert_text(m, "type", "room_joined");
        assert_true(json_is_false(json_object_get(m, "recovered")));
        assert_int_equal(number(m, "first_seq"), 80);
        json_decref(m);
        want_all(f, p, 79, 100);
}

/* It could be as long as before by the time that the member asks. */
static void who_catches_up_learns_that_the_room_is_shorter(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 10; i++)
                rooms_fake_say(f->chat, 1, "before", false);
        struct peer *p = join(f, "token-1");
        struct ws_member *m = ws_room_find(f->gateway.ws, 1)->members;
        m->state = WS_MEMBER_FULL;
        m->retry_at_ms = UINT64_MAX;
        ws_event_on_state(f->gateway.ws, 1, false, 1, 5, NULL);
        json_t *said = want(f, p, "room_joined");
        assert_true(json_is_false(json_object_get(said, "recovered")));
        assert_int_equal(number(said, "last_seq"), 5);
        json_decref(said);
        assert_int_equal(m->cursor, 5);
        assert_int_equal(m->target, 5);
}

/* --- being put out --- */

static void leaving_is_of_one_connection_only(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-1");

        put(p, "{\"type\":\"leave_room\",\"room_id\":1}");
        want_left(f, p, 1, "left");
        rooms_fake_say(f->chat, 1, "x", true);
        want_message(f, q, 1, 1);
        put(p, "{\"type\":\"ping\"}");
        skip_frame(f, p, "pong");
}

static void who_is_removed_is_out_on_every_socket(void **state)
{
        struct fixture *f = *state;

        make_room(f, 5, "1 2 3 4", false, "");
        struct peer *a = join_room(f, "token-1", 5), *b = join_room(f, "token-1b", 5);
        struct peer *left = join_room(f, "token-2", 5), *banned = join_room(f, "token-3", 5);
        struct peer *stays = join_room(f, "token-4", 5);

        rooms_fake_member(f->chat, 5, 1, REMOVED, true);
        want_change(f, a, 1, "removed", 1);
        want_left(f, a, 5, "removed");
        want_change(f, b, 1, "removed", 1);
        want_left(f, b, 5, "removed");
        rooms_fake_member(f->chat, 5, 2, LEFT, true);
        want_change(f, left, 1, "removed", 1);
        want_change(f, left, 2, "left", 2);
        want_left(f, left, 5, "left");
        rooms_fake_member(f->chat, 5, 3, BANNED, true);
        want_change(f, banned, 1, "removed", 1);
        want_change(f, banned, 2, "left", 2);
        want_change(f, banned, 3, "banned", 3);
        want_left(f, banned, 5, "removed");
        rooms_fake_say(f->chat, 5, "alone", true);
        want_all(f, stays, 0, 4);
        put(a, "{\"type\":\"join_room\",\"room_id\":5}");
        want_refusal(f, a, 5, "NOT_FOUND", "room_id");
}

static struct ws_member *member_of(struct fixture *f, int64_t room_id, int64_t user_id)
{
        struct ws_member *m = ws_room_find(f->gateway.ws, room_id)->members;

        while (m->socket->user->id != user_id)
                m = m->next;
        return m;
}

/* An end that came between the list and the room's memory is found there. */
static void who_is_removed_while_joining_does_not_stay(void **state)
{
        struct fixture *f = *state;

        make_room(f, 5, "1 2", false, "");
        /* It is by the right of the one who stays that the room is followed. */
        struct peer *q = join_room(f, "token-2", 5), *p = join_room(f, "token-1", 5);
        struct ws_member *m = member_of(f, 5, 1);

        m->state = WS_MEMBER_LISTING;
        m->announced = false;
        rooms_fake_say(f->chat, 5, "x", true);
        rooms_fake_member(f->chat, 5, 1, LEFT, true);
        want_all(f, q, 0, 2);
        m->announced = true;
        ws_history_continue(m);
        want_message(f, p, 5, 1);
        want_change(f, p, 2, "left", 1);
        want_left(f, p, 5, "left");
}

/* The list that let it in was newer than the event that comes now. */
static void who_has_come_back_since_stays(void **state)
{
        struct fixture *f = *state;

        make_room(f, 5, "1 2", false, "");
        struct peer *q = join_room(f, "token-2", 5), *p = join_room(f, "token-1", 5);

        member_of(f, 5, 1)->target = 2;
        rooms_fake_member(f->chat, 5, 1, LEFT, true);
        rooms_fake_member(f->chat, 5, 1, JOINED, true);
        rooms_fake_say(f->chat, 5, "x", true);
        want_all(f, q, 0, 3);
        want_all(f, p, 0, 3);
        rooms_fake_member(f->chat, 5, 1, REMOVED, true);
        want_change(f, p, 4, "removed", 1);
        want_left(f, p, 5, "removed");
}

static void a_deleted_room_is_left_by_all(void **state)
{
        struct fixture *f = *state;

        make_room(f, 5, "1 2 3", false, "");
        make_room(f, 6, "1 2 3", false, "");
        struct peer *peers[3];
        for (int i = 0; i < 3; i++) {
                peers[i] = join_room(f, i == 0 ? "token-1" : i == 1 ? "token-2" : "token-3", 5);
                join_as(f, peers[i], 6);
        }
        rooms_fake_delete(f->chat, 5, true);
        for (int i = 0; i < 3; i++)
                want_left(f, peers[i], 5, "deleted");
        /* Nobody says so: the next one who asks for the key comes to know. */
        rooms_fake_delete(f->chat, 6, false);
        rooms_fake_rekey(f->chat, 6, true);
        for (int i = 0; i < 3; i++)
                want_left(f, peers[i], 6, "deleted");
        assert_null(ws_room_find(f->gateway.ws, 5));
        assert_null(ws_room_find(f->gateway.ws, 6));
}

static void when_the_first_ones_token_ends_the_others_hear_on(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2");

        put_frame(p, 0x88, "", 0);
        WAIT(p->released);
        rooms_fake_revoke(f->chat, "token-1");
        rooms_fake_rekey(f->chat, 1, true);
        rooms_fake_say(f->chat, 1, "still here", true);
        want_all(f, q, 0, 1);
}

/* Nobody has told that the first one may not read any more; asking for the new key shows it. */
static void only_those_go_whose_own_right_is_gone(void **state)
{
        struct fixture *f = *state;

        make_room(f, 5, "1 2 3", true, "");
        struct peer *a = join_room(f, "token-1", 5), *b = join_room(f, "token-2", 5);
        struct peer *c = join_room(f, "token-3", 5);

        {
                LOCK(&f->chat->mutex);
                f->chat->rooms[5].is_member[1] = false;
                f->chat->rooms[5].is_member[2] = false;
        }
        rooms_fake_rekey(f->chat, 5, true);
        want_refusal(f, a, 5, "PERMISSION_DENIED", "room_id");
        want_left(f, a, 5, "removed");
        WAIT(ws_room_find(f->gateway.ws, 5)->subscribed);
        rooms_fake_say(f->chat, 5, "x", true);
        want_all(f, c, 0, 1);
        /* b may have been asked in between, or be asked next. */
        rooms_fake_revoke(f->chat, "token-3");
        rooms_fake_rekey(f->chat, 5, true);
        want_error(f, c, "UNAUTHENTICATED");
        want_close(f, c, 4003);
        json_t *m = next_json(f, b);
        if (strcmp(type_of(m), "chat_message") == 0) {
                json_decref(m);
                m = next_json(f, b);
        }
        assert_text(m, "type", "error");
        json_decref(m);
        want_left(f, b, 5, "removed");
        assert_null(ws_room_find(f->gateway.ws, 5));
}

/* What goes on behind the peers' backs, round after round something else. */
static void meddle(struct fixture *f, int round)
{
        int64_t room_id = 5 + round % 3, user_id = 1 + round % 4;

        switch (round % 8) {
        case 0:
                rooms_fake_member(f->chat, room_id, user_id, REMOVED, true);
                break;
        case 1:
                rooms_fake_member(f->chat, room_id, user_id, JOINED, true);
                break;
        case 2:
                rooms_fake_rekey(f->chat, room_id, true);
                break;
        case 3:
                rooms_fake_delete(f->chat, room_id, round % 16 == 3);
                break;
        case 4:
                rooms_fake_room(f->chat, room_id, "1 2 3 4");
                break;
        case 5:
                rooms_fake_say(f->chat, room_id, "x", round % 3 != 0);
                break;
        case 6:
                rooms_fake_revoke(f->chat, round % 16 == 6 ? "token-2" : "");
                break;
        default:
                if (round % 40 == 7)
                        rooms_fake_restart(f->chat);
                break;
        }
}

static void whatever_happens_nothing_is_left_over(void **state)
{
        static const char *const words[] = {
                "{\"type\":\"join_room\"",
                "{\"type\":\"chat_message\",\"content\":\"x\"",
                "{\"type\":\"typing\",\"is_typing\":true",
                "{\"type\":\"join_room\",\"after_seq\":0,\"password\":\"p\"",
                "{\"type\":\"read\",\"seq\":1",
                "{\"type\":\"get_online_users\"",
                "{\"type\":\"leave_room\"",
        };
        enum { N = 100, AT_ONCE = 12 };
        struct fixture *f = *state;

        /* Asks the service now and then, so that it has the time to answer the others. */
        struct peer *observer = sign_in(f, "token-9"), *peers = observer + 1;

        for (int64_t id = 5; id <= 7; id++)
                make_room(f, id, "1 2 3 4", id == 5, "");
        for (int i = 0; i < N + AT_ONCE; i++) {
                char text[96];

                if (i < N) {
                        snprintf(text, sizeof(text), "token-%d", 1 + i % 4);
                        open_peer(f, text);
                }
                for (int k = 0; k < AT_ONCE && k <= i; k++) {
                        struct peer *p = i - k < N ? &peers[i - k] : NULL;
                        int word = (i + 3 * k) % (int)ARRAY_SIZE(words);

                        if (!p || p->released)
                                continue;
                        snprintf(text, sizeof(text), "%s,\"room_id\":%d}", words[word],
                                 5 + (i - k + word / 3) % 3);
                        put_frame(p, 0x81, text, strlen(text));
                        ws_turn(f);
                        fill_in(p);
                }
                meddle(f, i);
                for (int k = 0; k < i % 4; k++) {
                        put(observer, "{\"type\":\"get_online_users\"}");
                        skip_frame(f, observer, "online_users");
                }
                if (i >= AT_ONCE && !peers[i - AT_ONCE].released)
                        shutdown(peers[i - AT_ONCE].fd, SHUT_RDWR);
        }
        WAIT(f->gateway.counters.ws_connections == 1);
        for (size_t i = 0; i < WS_BUCKETS; i++)
                assert_null(f->gateway.ws->rooms[i]);
        assert_true(atomic_load(&f->chat->n_lists) > 50 && atomic_load(&f->chat->n_typing) > 5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ws_setup, ws_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(a_public_room_is_entered_by_joining),
                CASE(a_password_is_asked_for_and_named_when_it_is_wrong),
                CASE(who_has_to_be_let_in_first_waits_for_it),
                CASE(a_hidden_room_opens_to_an_invitation_only),
                CASE(what_the_service_says_to_a_join_is_passed_on),
                CASE(a_socket_is_in_64_rooms_and_no_more),
                CASE(history_comes_before_what_is_live),
                CASE(history_is_messages_and_what_follows_it_everything),
                CASE(resuming_brings_everything_since),
                CASE(resuming_keeps_the_order_of_messages_and_the_rest),
                CASE(joining_while_others_talk_misses_and_doubles_nothing),
                CASE(what_is_gone_is_not_called_recovered),
                CASE(a_restart_of_the_service_loses_nothing),
                CASE(history_goes_on_when_the_service_cannot_answer_for_a_while),
                CASE(joining_again_waits_until_the_service_is_back),
                CASE(joining_again_says_why_it_is_over),
                CASE(what_goes_while_it_is_listed_is_not_called_recovered),
                CASE(who_catches_up_learns_that_the_room_is_shorter),
                CASE(leaving_is_of_one_connection_only),
                CASE(who_is_removed_is_out_on_every_socket),
                CASE(who_is_removed_while_joining_does_not_stay),
                CASE(who_has_come_back_since_stays),
                CASE(a_deleted_room_is_left_by_all),
                CASE(when_the_first_ones_token_ends_the_others_hear_on),
                CASE(only_those_go_whose_own_right_is_gone),
                CASE(whatever_happens_nothing_is_left_over),
        };
        return !!cmocka_run_group_tests_name("ws_room", tests, NULL, NULL);
}
