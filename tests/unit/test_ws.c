/* gateway/ws*.c: who is let in, what is wrong, and how connections end. */
#include "tests/unit/ws_fixture.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* --- signing in --- */

static void a_first_frame_signs_in(void **state)
{
        struct fixture *f = *state;
        struct peer *p = open_peer(f, NULL);

        put(p, "{\"type\":\"auth\",\"token\":\"token-7\"}");
        json_t *hello = want(f, p, "connection_established");
        assert_int_equal(number(hello, "user_id"), 7);
        assert_text(hello, "username", "user7");
        assert_non_null(json_object_get(hello, "message"));
        assert_non_null(json_object_get(hello, "timestamp"));
        json_decref(hello);
}

static void a_cookie_signs_in(void **state)
{
        struct fixture *f = *state;

        sign_in(f, "token-3");
}

static void frames_may_follow_the_token_at_once(void **state)
{
        struct fixture *f = *state;
        uint8_t extra[512];
        const char *auth = "{\"type\":\"auth\",\"token\":\"token-1\"}";
        const char *join_room = "{\"type\":\"join_room\",\"room_id\":1}";
        size_t n = make_frame(extra, 0x81, auth, strlen(auth));

        n += make_frame(extra + n, 0x81, join_room, strlen(join_room));
        struct peer *p = open_peer_with(f, NULL, extra, n);
        put(p, "{\"type\":\"ping\"}");
        skip_frame(f, p, "connection_established");
        skip_frame(f, p, "pong");
        skip_frame(f, p, "room_joined");
        skip_frame(f, p, "chat_history");
}

static void a_token_that_is_none_is_refused(void **state)
{
        struct fixture *f = *state;
        struct peer *p = open_peer(f, NULL);

        put(p, "{\"type\":\"auth\",\"token\":\"nonsense\"}");
        want_error(f, p, "UNAUTHENTICATED");
        want_close(f, p, 4003);
        p = open_peer(f, "nonsense");
        want_error(f, p, "UNAUTHENTICATED");
        want_close(f, p, 4003);
        p = open_peer(f, NULL);
        put(p, "{\"type\":\"auth\"}");
        want_error(f, p, "UNAUTHENTICATED");
        want_close(f, p, 4003);
}

static void the_operators_token_goes_no_further(void **state)
{
        struct fixture *f = *state;
        struct peer *p = open_peer(f, NULL);

        put(p, "{\"type\":\"auth\",\"token\":\"operator-1\"}");
        json_t *m = want(f, p, "error");
        assert_text(m, "code", "UNAUTHENTICATED");
        assert_text(m, "field", "token");
        json_decref(m);
        want_close(f, p, 4003);
        p = sign_in(f, "token-1");
        put(p, "{\"type\":\"auth\",\"token\":\"operator-1\"}");
        m = want(f, p, "error");
        assert_text(m, "field", "token"); /* the service would not name it */
        json_decref(m);
        put(p, "{\"type\":\"ping\"}");
        skip_frame(f, p, "pong");
}

static void nothing_goes_before_signing_in(void **state)
{
        struct fixture *f = *state;
        struct peer *p = open_peer(f, NULL);

        put(p, "{\"type\":\"join_room\",\"room_id\":1}");
        want_error(f, p, "UNAUTHENTICATED");
        want_close(f, p, 4003);
}

static void a_token_is_asked_about_once_for_many_sockets(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 10; i++)
                sign_in(f, "token-5");
        assert_int_equal(atomic_load(&f->chat->n_me), 1);
}

static void a_revoked_token_closes_its_sockets(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-5"), *q = join(f, "token-5"), *other = join(f, "token-6");

        rooms_fake_revoke(f->chat, "token-5");
        put(p, "{\"type\":\"chat_message\",\"content\":\"x\",\"client_message_id\":\"c\"}");
        json_t *error = want(f, p, "error");
        assert_text(error, "code", "UNAUTHENTICATED");
        assert_text(error, "client_message_id", "c");
        json_decref(error);
        want_close(f, p, 4003);
        want_close(f, q, 4003);
        put(other, "{\"type\":\"ping\"}");
        skip_frame(f, other, "pong");
        assert_int_equal(other->close_code, 0);
}

static void a_renewed_token_takes_the_old_ones_place(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-5");

        put(p, "{\"type\":\"auth\",\"token\":\"token-5 \"}");
        skip_frame(f, p, "connection_established");
        put(p, "{\"type\":\"auth\",\"token\":\"token-6\"}");
        want_error(f, p, "PERMISSION_DENIED");
        put(p, "{\"type\":\"auth\",\"token\":\"nonsense\"}");
        want_error(f, p, "UNAUTHENTICATED");
        put(p, "{\"type\":\"ping\"}");
        skip_frame(f, p, "pong");
}

static void a_user_has_so_many_sockets_and_no_more(void **state)
{
        struct fixture *f = *state;

        f->gateway.ws->max_sockets_per_user = 2;
        sign_in(f, "token-5");
        sign_in(f, "token-5");
        struct peer *p = open_peer(f, "token-5");
        want_error(f, p, "RESOURCE_EXHAUSTED");
        want_close(f, p, 1008);
        sign_in(f, "token-6");
}

/* --- bad input --- */

static void what_is_wrong_is_named_and_the_connection_stays(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        static const struct {
                const char *text, *code, *names;
        } cases[] = {
                {"{bad", "INVALID_ARGUMENT", "line 1"},
                {"[]", "INVALID_ARGUMENT", "object"},
                {"{\"type\":5}", "INVALID_ARGUMENT", "type"},
                {"{\"type\":\"dance\"}", "INVALID_ARGUMENT", "dance"},
                {"{\"type\":\"ping\",\"frob\":1}", "INVALID_ARGUMENT", "frob"},
                {"{\"type\":\"ping\",\"type\":\"ping\"}", "INVALID_ARGUMENT", "type"},
                {"{\"type\":\"join_room\"}", "INVALID_ARGUMENT", "room_id"},
                {"{\"type\":\"join_room\",\"room_id\":0}", "INVALID_ARGUMENT", "room_id"},
                {"{\"type\":\"join_room\",\"room_id\":\"x\"}", "INVALID_ARGUMENT", "room_id"},
                {"{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":-1}", "INVALID_ARGUMENT",
                 "after_seq"},
                {"{\"type\":\"chat_message\",\"content\":\"\"}", "INVALID_ARGUMENT", "content"},
                {"{\"type\":\"chat_message\",\"content\":7}", "INVALID_ARGUMENT", "content"},
                {"{\"type\":\"chat_message\",\"content\":\"x\",\"room_id\":2}",
                 "FAILED_PRECONDITION", "room 2"},
                {"{\"type\":\"typing\"}", "INVALID_ARGUMENT", "is_typing"},
                {"{\"type\":\"read\",\"room_id\":1}", "INVALID_ARGUMENT", "seq"},
                {"{\"type\":\"leave_room\",\"room_id\":3}", "FAILED_PRECONDITION", "room 3"},
                {"{\"type\":\"chat_message\",\"content\":\"x\",\"reply_to\":\"y\"}",
                 "INVALID_ARGUMENT", "reply_to"},
                {"{\"type\":\"edit_message\",\"content\":\"x\"}", "INVALID_ARGUMENT", "message_id"},
                {"{\"type\":\"edit_message\",\"message_id\":1}", "INVALID_ARGUMENT", "content"},
                {"{\"type\":\"delete_message\",\"message_id\":0}", "INVALID_ARGUMENT",
                 "message_id"},
                {"{\"type\":\"delete_message\",\"message_id\":1,\"room_id\":4}",
                 "FAILED_PRECONDITION", "room 4"},
                {"{\"type\":\"react\",\"message_id\":1}", "INVALID_ARGUMENT", "emoji"},
                {"{\"type\":\"react\",\"message_id\":1,\"emoji\":\"x\",\"is_added\":1}",
                 "INVALID_ARGUMENT", "is_added"},
                {"{\"type\":\"get_online_users\",\"room_id\":4}", "FAILED_PRECONDITION", "room 4"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                put(p, cases[i].text);
                json_t *error = want(f, p, "error");
                assert_text(error, "code", cases[i].code);
                if (!strstr(json_string_value(json_object_get(error, "message")), cases[i].names))
                        fail_msg("%s: %s", cases[i].text,
                                 json_string_value(json_object_get(error, "message")));
                json_decref(error);
        }
        put(p, "{\"type\":\"ping\"}");
        skip_frame(f, p, "pong");
}

static void content_has_at_most_5000_characters(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        AUTO_BUFFER text = BUFFER_INIT;

        for (int extra = 1; extra >= 0; extra--) {
                buffer_clear(&text);
                buffer_append_str(
                        &text,
                        "{\"type\":\"chat_message\",\"client_message_id\":\"c\",\"content\":\"");
                for (int i = 0; i < 5000 + extra; i++)
                        buffer_append_str(&text, "ü");
                buffer_append_str(&text, "\"}");
                put(p, buffer_str(&text));
                json_t *m = want(f, p, extra ? "error" : "chat_message");
                assert_text(m, "client_message_id", "c");
                json_decref(m);
        }
}

static void frames_that_break_the_rules_close_with_their_code(void **state)
{
        struct fixture *f = *state;
        char *big = malloc(70000);

        assert_non_null(big);
        memset(big, 'x', 70000);
        struct peer *p = sign_in(f, "token-1");
        put_frame(p, 0x82, "abc", 3);
        want_close(f, p, 1003);
        p = sign_in(f, "token-1");
        put_frame(p, 0x81, "\xff\xfe", 2);
        want_close(f, p, 1007);
        p = sign_in(f, "token-1");
        put_frame(p, 0x81, big, 70000);
        want_close(f, p, 1009);
        p = sign_in(f, "token-1");
        put_frame(p, 0x83, "x", 1);
        want_close(f, p, 1002);
        free(big);
}

static void too_many_messages_are_refused_with_a_time_to_wait(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");
        json_t *m;

        f->gateway.ws->messages_per_second = 5;
        for (int i = 0; i < 10; i++) {
                put(p, "{\"type\":\"ping\"}");
                skip_frame(f, p, "pong");
        }
        put(p, "{\"type\":\"ping\"}");
        m = want(f, p, "error");
        assert_text(m, "code", "RESOURCE_EXHAUSTED");
        assert_true(number(m, "retry_after_ms") > 0);
        json_decref(m);
}

static void fragments_make_one_message_and_pings_are_answered(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");
        const uint8_t *payload = NULL;
        unsigned opcode = 0;
        size_t n = 0;

        put_frame(p, 0x89, "hey", 3);
        assert_true(t_wait((ws_turn(f), fill_in(p), payload = take_frame(p, &opcode, &n)) != NULL,
                           10000));
        assert_int_equal(opcode, 0xa);
        assert_int_equal(n, 3);
        assert_memory_equal(payload, "hey", 3);
        put_frame(p, 0x01, "{\"type\":", 8);
        put_frame(p, 0x00, "\"pi", 3);
        put_frame(p, 0x80, "ng\"}", 4);
        skip_frame(f, p, "pong");
}

/* --- ends --- */

static void a_peer_that_does_not_read_is_closed_and_the_others_are_not(void **state)
{
        struct fixture *f = *state;
        struct peer *slow = join(f, "token-1"), *p = join(f, "token-2");
        char content[60];
        int64_t n = 0;

        memset(content, 'y', sizeof(content) - 1);
        content[sizeof(content) - 1] = '\0';
        while (f->gateway.counters.ws_closed_slow == 0 && n < 15000) {
                for (int i = 0; i < 20; i++, n++)
                        rooms_fake_say(f->chat, 1, content, true);
                want_all(f, p, n - 20, n);
                if (f->gateway.counters.ws_closed_slow)
                        break;
        }
        assert_int_equal(f->gateway.counters.ws_closed_slow, 1);
        want_close(f, slow, 1013);
        slow = sign_in(f, "token-1");
        put(slow, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":10}");
        skip_frame(f, slow, "room_joined");
        want_all(f, slow, 10, n);
}

static void stopping_says_goodbye(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = open_peer(f, NULL);

        ws_stop(f->gateway.ws);
        want_close(f, p, 1001);
        want_close(f, q, 1001);
        WAIT(ws_stopped(f->gateway.ws));
        struct peer *late = open_peer(f, "token-1");
        assert_true(late->released);
}

static void a_peer_that_says_goodbye_is_answered(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");

        put_frame(p, 0x88, "\x03\xe8", 2);
        want_close(f, p, 1000);
}

static void leaving_in_the_middle_of_everything_leaks_nothing(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 40; i++) {
                struct peer *p = open_peer(f, i % 2 ? "token-1" : NULL);

                put(p, "{\"type\":\"auth\",\"token\":\"token-1\"}");
                put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":0}");
                put(p, "{\"type\":\"chat_message\",\"content\":\"x\"}");
                for (int k = 0; k < i; k++)
                        ws_turn(f);
                shutdown(p->fd, SHUT_RDWR);
        }
        WAIT(f->gateway.counters.ws_connections == 0);
}

/* Bytes on the heap, without what the peers have read. */
static size_t heap(struct fixture *f)
{
        for (struct ws_socket *s = f->gateway.ws->sockets; s; s = s->next)
                WAIT(!s->presence_token);
        for (unsigned i = 0; i < f->n_peers; i++) {
                fill_in(&f->peers[i]);
                buffer_deinit(&f->peers[i].in);
                f->peers[i].in = (struct buffer)BUFFER_INIT;
                f->peers[i].at = 0;
        }
        return mallinfo2().uordblks;
}

/* Every one is another user's, and in a room of its own besides the general one. */
static void an_idle_connection_costs_little(void **state)
{
        enum { N = 30 };
        struct fixture *f = *state;
        struct peer *peers[N];
        char text[64];
        size_t before;

        for (int i = 0; i < N; i++) {
                snprintf(text, sizeof(text), "%d", i + 1);
                rooms_fake_room(f->chat, 2 + i, text);
        }
        sign_in(f, "token-1"); /* what the first one needs, all of them use */
        before = heap(f);
        for (int i = 0; i < N; i++) {
                peers[i] = open_peer(f, NULL);
                snprintf(text, sizeof(text), "{\"type\":\"auth\",\"token\":\"token-%d\"}", i + 1);
                put(peers[i], text);
                skip_frame(f, peers[i], "connection_established");
                join_as(f, peers[i], 1);
                join_as(f, peers[i], 2 + i);
        }
        assert_in_range((heap(f) - before) / N, 0, 4096);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ws_setup, ws_teardown)

/* --- compression --- */

/* A long message of a peer, which everybody hears. */
static void say_much(struct peer *p, bool packed)
{
        AUTO_BUFFER text = BUFFER_INIT;

        buffer_append_str(&text, "{\"type\":\"chat_message\",\"content\":\"");
        for (int i = 0; i < 100; i++)
                buffer_append_str(&text, "Grüße ");
        buffer_append_str(&text, "\"}");
        if (packed)
                put_packed(p, buffer_str(&text), text.n_bytes);
        else
                put(p, buffer_str(&text));
}

static void want_much(struct fixture *f, struct peer *p, int64_t seq)
{
        json_t *m = want(f, p, "chat_message");

        assert_int_equal(number(m, "seq"), seq);
        assert_int_equal(strncmp(json_string_value(json_object_get(m, "content")), "Grüße ", 8), 0);
        json_decref(m);
}

static void who_agreed_on_compression_talks_with_who_did_not(void **state)
{
        struct fixture *f = *state;
        struct peer *plain = join(f, "token-1");

        f->window_bits = 15;
        struct peer *packed = join(f, "token-2"), *other = join(f, "token-2");
        f->window_bits = 8;
        struct peer *narrow = join(f, "token-2");
        struct peer *all[] = {plain, packed, other, narrow};

        say_much(packed, true);
        say_much(packed, false);
        say_much(plain, false);
        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                for (int64_t seq = 1; seq <= 3; seq++)
                        want_much(f, all[i], seq);
        assert_int_equal(plain->n_packed, 0);
        assert_int_equal(packed->n_packed, 3);
        assert_int_equal(other->n_packed, 3);
        assert_int_equal(narrow->n_packed, 0); /* too long for its window */
        put_packed(packed, "{\"type\":\"ping\"}", 15);
        skip_frame(f, packed, "pong");
        assert_int_equal(packed->n_packed, 3); /* short ones go plain */
}

static void a_message_is_compressed_once_for_all(void **state)
{
        struct fixture *f = *state;
        struct peer *peers[3];
        size_t from[3];

        f->window_bits = 15;
        for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
                peers[i] = join(f, "token-1");
                from[i] = peers[i]->at;
        }
        say_much(peers[0], true);
        for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
                want_much(f, peers[i], 1);
                assert_int_equal(peers[i]->n_packed, 1);
                assert_int_equal(peers[i]->at - from[i], peers[0]->at - from[0]);
                assert_memory_equal(peers[i]->in.data + from[i], peers[0]->in.data + from[0],
                                    peers[0]->at - from[0]);
        }
        assert_non_null(ws_room_find(f->gateway.ws, 1)->recent[1].frame->packed);
}

static void a_compressed_token_signs_in_and_fragments_make_one_message(void **state)
{
        struct fixture *f = *state;
        static const char auth[] = "{\"type\":\"auth\",\"token\":\"token-7\"}";
        /* {"type":"ping"} in two frames; only the first says that it is compressed. */
        static const uint8_t ping[] = {0xaa, 0x56, 0x2a, 0xa9, 0x2c, 0x48, 0x55, 0xb2, 0x52,
                                       0x2a, 0xc8, 0xcc, 0x4b, 0x57, 0xaa, 0x05, 0x00};
        struct peer *p;

        f->window_bits = 15;
        p = open_peer(f, NULL);
        put_packed(p, auth, sizeof(auth) - 1);
        put_packed(p, "{\"type\":\"ping\"}", 15); /* kept until it is known who that is */
        skip_frame(f, p, "connection_established");
        skip_frame(f, p, "pong");
        put_frame(p, 0x41, ping, 5);
        put_frame(p, 0x89, "hey", 3);
        put_frame(p, 0x80, ping + 5, sizeof(ping) - 5);
        skip_frame(f, p, "pong");
}

static void compressed_frames_that_break_the_rules_close_with_their_code(void **state)
{
        struct fixture *f = *state;
        char *big = calloc(1, 1024 * 1024);
        static const struct {
                unsigned first;
                const char *data;
                size_t n;
                int code;
        } cases[] = {
                {0xc1, "\x07", 1, 1007}, /* no such block */
                {0xc1, "\xaa\x56\x2a\xa9", 4, 1007}, /* cut off */
                {0xc1, "\x00\x02\x00\xfd\xff\xff\xfe\x00", 8, 1007}, /* no UTF-8 */
                {0xc1, "\x00\x01\x00\xfe\xff\xc3\x00", 7, 1007}, /* UTF-8 cut off */
                {0xc2, "\x00", 1, 1003}, /* binary */
                {0xc9, "", 0, 1002}, /* a ping */
                {0xc8, "", 0, 1002}, /* a close */
                {0xe1, "\x00", 1, 1002}, /* RSV2 too */
                {0xa1, "\x00", 1, 1002},
        };
        struct peer *peers[ARRAY_SIZE(cases)], *late, *bomb, *nobody;

        assert_non_null(big);
        f->window_bits = 15;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                peers[i] = sign_in(f, "token-1");
                put_frame(peers[i], cases[i].first, cases[i].data, cases[i].n);
        }
        late = sign_in(f, "token-1");
        put_frame(late, 0x41, "\x00", 1);
        put_frame(late, 0xc0, "", 0); /* only the first frame of a message has the bit */
        bomb = sign_in(f, "token-1");
        put_packed(bomb, big, 1024 * 1024);
        f->window_bits = 0;
        nobody = sign_in(f, "token-1");
        put_packed(nobody, "{\"type\":\"ping\"}", 15); /* this one has not agreed on it */
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                want_close(f, peers[i], cases[i].code);
        want_close(f, late, 1002);
        want_close(f, bomb, 1009);
        want_close(f, nobody, 1002);
        free(big);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(a_first_frame_signs_in),
                CASE(a_cookie_signs_in),
                CASE(frames_may_follow_the_token_at_once),
                CASE(a_token_that_is_none_is_refused),
                CASE(the_operators_token_goes_no_further),
                CASE(nothing_goes_before_signing_in),
                CASE(a_token_is_asked_about_once_for_many_sockets),
                CASE(a_revoked_token_closes_its_sockets),
                CASE(a_renewed_token_takes_the_old_ones_place),
                CASE(a_user_has_so_many_sockets_and_no_more),
                CASE(what_is_wrong_is_named_and_the_connection_stays),
                CASE(content_has_at_most_5000_characters),
                CASE(frames_that_break_the_rules_close_with_their_code),
                CASE(too_many_messages_are_refused_with_a_time_to_wait),
                CASE(fragments_make_one_message_and_pings_are_answered),
                CASE(a_peer_that_does_not_read_is_closed_and_the_others_are_not),
                CASE(an_idle_connection_costs_little),
                CASE(stopping_says_goodbye),
                CASE(a_peer_that_says_goodbye_is_answered),
                CASE(leaving_in_the_middle_of_everything_leaks_nothing),
                CASE(who_agreed_on_compression_talks_with_who_did_not),
                CASE(a_message_is_compressed_once_for_all),
                CASE(a_compressed_token_signs_in_and_fragments_make_one_message),
                CASE(compressed_frames_that_break_the_rules_close_with_their_code),
        };
        return !!cmocka_run_group_tests_name("ws", tests, NULL, NULL);
}
