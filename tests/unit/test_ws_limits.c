/* gateway/ws*.c: how much is sent at once, how much may come, and what is kept. */
#include "tests/unit/ws_fixture.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void limit_pages(struct fixture *f, unsigned limit)
{
        LOCK(&f->chat->mutex);

        f->chat->page_limit = limit;
}

/* --- what is sent --- */

/* So many messages of n characters, each of which becomes six. */
static void say_escaped(struct fixture *f, int n_messages, size_t n)
{
        char content[5001];

        memset(content, 1, n);
        content[n] = '\0';
        for (int i = 0; i < n_messages; i++)
                rooms_fake_say(f->chat, 1, content, false);
}

/* The service counts half a megabyte; as JSON it is three. */
static void a_room_of_long_messages_can_be_resumed(void **state)
{
        struct fixture *f = *state;
        struct peer *p;

        say_escaped(f, 200, 5000);
        limit_pages(f, 100);
        p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":0}");
        skip_frame(f, p, "room_joined");
        rooms_fake_say(f->chat, 1, "now", true);
        want_all(f, p, 0, 201);
        assert_int_equal(f->gateway.counters.ws_closed_slow, 0);
}

static void a_room_of_long_messages_can_be_joined(void **state)
{
        struct fixture *f = *state;
        struct peer *p;
        int64_t seq = 0, n = 0, n_frames = 0;

        say_escaped(f, 100, 5000);
        p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":1}");
        skip_frame(f, p, "room_joined");
        for (; seq < 100; n_frames++) {
                json_t *m = want(f, p, "chat_history"), *message;
                size_t i;

                json_array_foreach(json_object_get(m, "messages"), i, message)
                {
                        assert_true(seq == 0 || number(message, "seq") == seq + 1);
                        seq = number(message, "seq");
                        n++;
                }
                json_decref(m);
        }
        assert_in_range(n, 10, 49);
        assert_in_range(n_frames, 2, 10);
        rooms_fake_say(f->chat, 1, "now", true);
        want_all(f, p, 100, 101);
}

enum { N_ROOMS = 12 };

static void read_rooms(struct fixture *f, struct peer *p, int64_t each)
{
        int64_t seen[N_ROOMS] = {0}, n = 0;

        while (n < N_ROOMS * each) {
                json_t *m = next_json(f, p), *message;
                int64_t room;
                size_t i;

                if (!m)
                        fail_msg("close %d after %lld messages", p->close_code, (long long)n);
                room = number(m, "room_id") - 2;
                assert_in_range(room, 0, N_ROOMS - 1);
                json_array_foreach(json_object_get(m, "messages"), i, message)
                {
                        if (seen[room] == 0)
                                seen[room] = number(message, "seq") - 1;
                        assert_int_equal(number(message, "seq"), ++seen[room]);
                        n++;
                }
                json_decref(m);
        }
}

static void many_rooms_can_be_resumed_at_once(void **state)
{
        struct fixture *f = *state;
        char content[801], text[80];
        struct peer *p;

        memset(content, 'x', 800);
        content[800] = '\0';
        for (int64_t id = 2; id < 2 + N_ROOMS; id++) {
                rooms_fake_room(f->chat, id, "1");
                for (int i = 0; i < 200; i++)
                        rooms_fake_say(f->chat, id, content, false);
        }
        p = sign_in(f, "token-1");
        for (int with_cursor = 1; with_cursor >= 0; with_cursor--) {
                for (int64_t id = 2; id < 2 + N_ROOMS; id++) {
                        snprintf(text, sizeof(text), "{\"type\":\"join_room\",\"room_id\":%lld%s}",
                                 (long long)id, with_cursor ? ",\"after_seq\":0" : "");
                        put(p, text);
                }
                read_rooms(f, p, with_cursor ? 200 : 50);
        }
        assert_int_equal(f->gateway.counters.ws_closed_slow, 0);
}

/* Each of them has almost as much to say as may wait. */
static void many_rooms_of_long_messages_can_be_joined_at_once(void **state)
{
        struct fixture *f = *state;
        char content[5001], text[80];
        struct peer *p;

        memset(content, '"', 5000);
        content[5000] = '\0';
        for (int64_t id = 2; id < 2 + N_ROOMS; id++) {
                rooms_fake_room(f->chat, id, "1");
                for (int i = 0; i < 40; i++)
                        rooms_fake_say(f->chat, id, content, false);
        }
        p = sign_in(f, "token-1");
        for (int64_t id = 2; id < 2 + N_ROOMS; id++) {
                snprintf(text, sizeof(text), "{\"type\":\"join_room\",\"room_id\":%lld}",
                         (long long)id);
                put(p, text);
        }
        read_rooms(f, p, 40);
        assert_int_equal(f->gateway.counters.ws_closed_slow, 0);
}

/* --- what comes --- */

/* wslay would keep an answer to each ping. */
static void nothing_is_kept_for_who_is_being_closed(void **state)
{
        struct fixture *f = *state;
        struct peer *p = open_peer(f, NULL);
        struct ws_socket *s = f->gateway.ws->sockets;

        put(p, "{\"type\":\"ping\"}");
        want_error(f, p, "UNAUTHENTICATED");
        for (int i = 0; i < 200; i++) {
                put_frame(p, 0x89, "hey", 3);
                ws_turn(f);
        }
        assert_int_equal(s->state, WS_CLOSING);
        assert_int_equal(wslay_event_get_queued_msg_count(s->reader.parser->wslay), 0);
        want_close(f, p, 4003); /* and the peer's own is heard still */
}

static void between_messages_there_is_no_parser(void **state)
{
        static const char text[] = "{\"type\":\"ping\"}";
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1");
        const struct ws_reader *r = &f->gateway.ws->sockets->reader;
        uint8_t frame[sizeof(text) + 16];
        size_t n = make_frame(frame, 0x81, text, strlen(text));

        for (size_t k = 1; k < n; k++) {
                assert_null(r->parser);
                assert_int_equal(send(p->fd, frame, k, MSG_NOSIGNAL), k);
                WAIT(r->parser && r->n_bytes == k);
                assert_int_equal(send(p->fd, frame + k, n - k, MSG_NOSIGNAL), n - k);
                skip_frame(f, p, "pong");
        }
}

static void a_message_in_two_frames_keeps_its_parser(void **state)
{
        struct fixture *f = *state;
        struct peer *p = sign_in(f, "token-1"), *other = sign_in(f, "token-2");
        const struct ws_reader *r = &f->gateway.ws->sockets->next->reader;

        put_frame(p, 0x01, "{\"type\":", 8);
        WAIT(r->in_message);
        put(other, "{\"type\":\"ping\"}");
        skip_frame(f, other, "pong");
        put_frame(p, 0x89, "between", 7);
        ws_turn(f);
        assert_non_null(r->parser);
        put_frame(p, 0x80, "\"ping\"}", 7);
        skip_frame(f, p, "pong");
        assert_null(r->parser);
}

/* One that has agreed on compression, and one that has not. */
static void a_parser_knows_whose_it_is(void **state)
{
        static const char text[] = "{\"type\":\"ping\"}";
        struct fixture *f = *state;
        struct peer *plain = sign_in(f, "token-1"), *packing;

        f->window_bits = 15;
        packing = sign_in(f, "token-2");
        put_packed(packing, text, strlen(text));
        skip_frame(f, packing, "pong");
        assert_int_equal(f->gateway.ws->n_spare_parsers, 1);
        put_packed(plain, text, strlen(text));
        want_close(f, plain, 1002);
}

/* Pings first: nothing answers those that are too many, either. */
static void who_goes_on_and_on_is_closed(void **state)
{
        struct fixture *f = *state;
        struct peer *p;

        for (int with_pings = 1; with_pings >= 0; with_pings--) {
                p = sign_in(f, "token-1");
                f->gateway.ws->messages_per_second = 1;
                for (int i = 0; i < 300; i++) {
                        put_frame(p, with_pings ? 0x89 : 0x81, "{}", 2);
                        ws_turn(f);
                        if (f->gateway.ws->sockets->state == WS_CLOSING)
                                break;
                }
                want_close(f, p, 1008);
                f->gateway.ws->messages_per_second = 1000;
        }
}

/* A long message counts for several, by what it is when it is inflated; what is too much is not
 * even looked at, so that it may be nonsense. */
static void a_long_message_counts_for_several(void **state)
{
        struct fixture *f = *state;
        char *text = malloc(60001);
        struct peer *p;
        json_t *m;

        assert_non_null(text);
        memset(text, ' ', 60000);
        memcpy(text, "{\"type\":\"ping\"}", 15);
        text[60000] = '\0';
        f->window_bits = 15;
        p = sign_in(f, "token-1");
        f->gateway.ws->messages_per_second = 1;
        put_packed(p, text, 60000);
        put_packed(p, text, 60000);
        put_frame(p, 0xc1, "\x07", 1);
        put(p, "{\"type\":\"chat_message\",\"client_message_id\":\"c\"}");
        skip_frame(f, p, "pong");
        for (int i = 0; i < 3; i++) {
                m = want(f, p, "error");
                assert_text(m, "code", "RESOURCE_EXHAUSTED");
                assert_in_range(number(m, "retry_after_ms"), 1000, 4000);
                assert_null(json_object_get(m, "client_message_id"));
                json_decref(m);
        }
        free(text);
}

static void who_is_not_signed_in_is_counted_by_address(void **state)
{
        struct fixture *f = *state;
        struct peer *p = open_peer(f, NULL), *q = open_peer(f, NULL);

        sign_in(f, "token-1");
        assert_int_equal(ws_n_strangers(f->gateway.ws, "192.0.2.1"), 2);
        assert_int_equal(ws_n_strangers(f->gateway.ws, "192.0.2.2"), 0);
        put(p, "{\"type\":\"auth\",\"token\":\"token-2\"}");
        skip_frame(f, p, "connection_established");
        assert_int_equal(ws_n_strangers(f->gateway.ws, "192.0.2.1"), 1);
        put(q, "{\"type\":\"auth\",\"token\":\"nonsense\"}");
        want_error(f, q, "UNAUTHENTICATED");
        want_close(f, q, 4003);
        assert_int_equal(ws_n_strangers(f->gateway.ws, "192.0.2.1"), 0);
}

/* --- what is kept --- */

static void a_room_keeps_so_many_bytes_of_its_last_events(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        const struct ws_room *r = ws_room_find(f->gateway.ws, 1);
        char content[5001];
        size_t n_bytes = 0, n = 0;

        memset(content, 'x', 5000);
        content[5000] = '\0';
        for (int i = 0; i < 2 * WS_RECENT; i++) {
                rooms_fake_say(f->chat, 1, i % 3 ? content : "short", true);
                want_all(f, p, i, i + 1);
                assert_in_range(r->recent_bytes, 1, WS_RECENT_BYTES);
        }
        for (size_t i = 0; i < WS_RECENT; i++) {
                n += r->recent[i].frame != NULL;
                n_bytes += r->recent[i].frame ? r->recent[i].frame->n_bytes : 0;
        }
        assert_int_equal(n_bytes, r->recent_bytes);
        assert_in_range(n, 10, 25);
        for (size_t i = 0; i < n; i++) /* the newest */
                assert_non_null(r->recent[(uint64_t)(2 * WS_RECENT - i) % WS_RECENT].frame);
        join(f, "token-2");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, ws_setup, ws_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(a_room_of_long_messages_can_be_resumed),
                CASE(a_room_of_long_messages_can_be_joined),
                CASE(many_rooms_can_be_resumed_at_once),
                CASE(many_rooms_of_long_messages_can_be_joined_at_once),
                CASE(nothing_is_kept_for_who_is_being_closed),
                CASE(between_messages_there_is_no_parser),
                CASE(a_message_in_two_frames_keeps_its_parser),
                CASE(a_parser_knows_whose_it_is),
                CASE(who_goes_on_and_on_is_closed),
                CASE(a_long_message_counts_for_several),
                CASE(who_is_not_signed_in_is_counted_by_address),
                CASE(a_room_keeps_so_many_bytes_of_its_last_events),
        };
        return !!cmocka_run_group_tests_name("ws_limits", tests, NULL, NULL);
}
