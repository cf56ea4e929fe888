/* gateway/ws*.c: chat over WebSockets, against a service in memory. Everything runs on the test's
 * own thread: waiting is running the loop. */
#include "gateway/ws_internal.h"

#include "common/json.h"
#include "tests/support/t.h"
#include "tests/unit/chat_fake.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_PEERS 128

/* The far end of a connection. */
struct peer {
        int fd;
        bool released;
        struct buffer in;
        size_t at;
        int close_code; /* 0 = no close frame has come */
};

struct fixture {
        struct chat_fake *chat;
        uv_loop_t loop;
        uv_async_t wake;
        struct gateway_options options;
        struct gateway gateway;
        struct peer peers[MAX_PEERS];
        unsigned n_peers;
};

static void wake(void *closure)
{
        uv_async_send(&((struct fixture *)closure)->wake);
}

static void on_wake(uv_async_t *async)
{
        struct fixture *f = async->data;

        if (f->gateway.client)
                soc_client_dispatch(f->gateway.client);
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const soc_client_options options = {.wake = wake, .wake_closure = f};

        f->chat = chat_fake_new();
        f->options.events_url = f->chat->events_url;
        f->options.max_websockets_per_user = 100;
        f->options.max_messages_per_second = 1000;
        uv_loop_init(&f->loop);
        uv_async_init(&f->loop, &f->wake, on_wake);
        f->wake.data = f;
        /* gathering: calls leave at once, since nobody here lets them go later. */
        f->gateway = (struct gateway){.loop = &f->loop, .options = &f->options, .gathering = true};
        *state = f;
        if (soc_client_new(f->chat->rpc_url, &options, &f->gateway.client, NULL) != SOC_OK)
                return -1;
        return ws_new(&f->gateway, &f->gateway.ws, NULL) != STATUS_OK;
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        int failed = 0;

        f->gateway.ws = ws_free(f->gateway.ws);
        f->gateway.client = soc_client_free(f->gateway.client);
        uv_close((uv_handle_t *)&f->wake, NULL);
        uv_run(&f->loop, UV_RUN_DEFAULT);
        failed = uv_loop_close(&f->loop) != 0 || f->gateway.counters.ws_connections != 0;
        for (unsigned i = 0; i < f->n_peers; i++) {
                failed |= !f->peers[i].released;
                close(f->peers[i].fd);
                buffer_deinit(&f->peers[i].in);
        }
        chat_fake_free(f->chat);
        free(f);
        return failed;
}

static void turn(struct fixture *f)
{
        uv_run(&f->loop, UV_RUN_NOWAIT);
}

#define WAIT(condition) assert_true(t_wait((turn(f), (condition)), 10000))

static int theirs[MAX_PEERS];

static void release(void *arg)
{
        struct peer *p = arg;

        p->released = true;
        close(theirs[p->fd % MAX_PEERS]);
}

static struct peer *open_peer_with(struct fixture *f, const char *cookie, const void *extra,
                                   size_t n_extra)
{
        struct peer *p = &f->peers[f->n_peers++];
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        p->fd = fds[1];
        theirs[p->fd % MAX_PEERS] = fds[0];
        const struct ws_peer peer = {
                .fd = fds[0],
                .extra_in = extra,
                .n_extra_in = n_extra,
                .cookie_token = cookie,
                .client_address = "192.0.2.1",
                .release = release,
                .release_arg = p,
        };
        ws_accept(&f->gateway, &peer);
        return p;
}

static struct peer *open_peer(struct fixture *f, const char *cookie)
{
        return open_peer_with(f, cookie, "", 0);
}

/* A masked frame, with a mask of zeroes. */
static size_t make_frame(uint8_t *out, unsigned first, const void *data, size_t n)
{
        size_t at = 0;

        out[at++] = (uint8_t)first;
        if (n < 126) {
                out[at++] = (uint8_t)(0x80 | n);
        } else if (n < 65536) {
                out[at++] = 0x80 | 126;
                out[at++] = (uint8_t)(n >> 8);
                out[at++] = (uint8_t)n;
        } else {
                out[at++] = 0x80 | 127;
                for (int shift = 56; shift >= 0; shift -= 8)
                        out[at++] = (uint8_t)((uint64_t)n >> shift);
        }
        memset(out + at, 0, 4);
        memcpy(out + at + 4, data, n);
        return at + 4 + n;
}

static void put_frame(struct peer *p, unsigned first, const void *data, size_t n)
{
        uint8_t *frame = malloc(n + 16);
        size_t n_frame;

        assert_non_null(frame);
        n_frame = make_frame(frame, first, data, n);
        assert_int_equal(send(p->fd, frame, n_frame, MSG_NOSIGNAL), n_frame);
        free(frame);
}

static void put(struct peer *p, const char *text)
{
        put_frame(p, 0x81, text, strlen(text));
}

/* The payload of the next frame of the server, or NULL: not there yet. */
static const uint8_t *take_frame(struct peer *p, unsigned *ret_opcode, size_t *ret_n)
{
        const uint8_t *at = p->in.data + p->at;
        size_t left = p->in.n_bytes - p->at, n_head = 2, n;

        if (left < 2)
                return NULL;
        n = at[1];
        if (n == 126) {
                n_head = 4;
                if (left < n_head)
                        return NULL;
                n = (size_t)at[2] << 8 | at[3];
        } else if (n == 127) {
                n_head = 10;
                if (left < n_head)
                        return NULL;
                n = 0;
                for (int i = 2; i < 10; i++)
                        n = n << 8 | at[i];
        }
        if (left < n_head + n)
                return NULL;
        p->at += n_head + n;
        *ret_opcode = at[0] & 0xf;
        *ret_n = n;
        return at + n_head;
}

static void fill_in(struct peer *p)
{
        uint8_t data[65536];
        ssize_t n = recv(p->fd, data, sizeof(data), MSG_DONTWAIT);

        if (n > 0)
                buffer_append(&p->in, data, (size_t)n);
}

/* The next text frame as JSON, or NULL. Close frames are noted, pings skipped. */
static json_t *poll_json(struct fixture *f, struct peer *p)
{
        const uint8_t *payload;
        unsigned opcode;
        size_t n;

        turn(f);
        fill_in(p);
        while ((payload = take_frame(p, &opcode, &n))) {
                json_t *object = NULL;

                if (opcode == 8)
                        p->close_code = n >= 2 ? payload[0] << 8 | payload[1] : 1005;
                if (opcode != 1)
                        continue;
                if (json_parse_text((const char *)payload, n, &object, NULL) != STATUS_OK)
                        fail_msg("not JSON: %.*s", (int)n, (const char *)payload);
                return object;
        }
        return NULL;
}

/* The next frame, which has to be of that type. */
static json_t *want(struct fixture *f, struct peer *p, const char *type)
{
        json_t *object = NULL;

        if (!t_wait((object = poll_json(f, p)) != NULL || p->close_code, 10000) || !object)
                fail_msg("want %s, got close %d", type, p->close_code);
        assert_string_equal(json_string_value(json_object_get(object, "type")), type);
        return object;
}

static void skip_frame(struct fixture *f, struct peer *p, const char *type)
{
        json_decref(want(f, p, type));
}

static int64_t number(json_t *object, const char *name)
{
        return json_integer_value(json_object_get(object, name));
}

static void assert_text(json_t *object, const char *name, const char *value)
{
        const char *text = json_string_value(json_object_get(object, name));

        assert_non_null(text);
        assert_string_equal(text, value);
}

static void want_error(struct fixture *f, struct peer *p, const char *code)
{
        json_t *error = want(f, p, "error");

        assert_text(error, "code", code);
        json_decref(error);
}

static void want_close(struct fixture *f, struct peer *p, int code)
{
        json_t *object = NULL;

        assert_true(
                t_wait((json_decref(object), object = poll_json(f, p), p->close_code != 0), 10000));
        json_decref(object);
        assert_int_equal(p->close_code, code);
        send(p->fd, "\x88\x80\0\0\0\0", 6, MSG_NOSIGNAL);
        WAIT(p->released);
}

static struct peer *sign_in(struct fixture *f, const char *token)
{
        struct peer *p = open_peer(f, token);

        skip_frame(f, p, "connection_established");
        return p;
}

static struct peer *join(struct fixture *f, const char *token)
{
        struct peer *p = sign_in(f, token);

        put(p, "{\"type\":\"join_room\",\"room_id\":\"general\"}");
        skip_frame(f, p, "room_joined");
        skip_frame(f, p, "chat_history");
        return p;
}

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

        skip_frame(f, p, "user_joined");
        skip_frame(f, q, "user_joined");
        f->chat->revoked = true;
        put(p, "{\"type\":\"chat_message\",\"content\":\"x\",\"client_message_id\":\"c\"}");
        json_t *error = want(f, p, "error");
        assert_text(error, "code", "UNAUTHENTICATED");
        assert_text(error, "client_message_id", "c");
        json_decref(error);
        want_close(f, p, 4003);
        want_close(f, q, 4003);
        json_t *left = want(f, other, "user_left");
        assert_int_equal(number(left, "user_id"), 5);
        json_decref(left);
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

/* --- talking --- */

static void everybody_hears_a_message_once_and_its_sender_too(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2");

        skip_frame(f, p, "user_joined");
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
                assert_non_null(json_object_get(m, "timestamp"));
                json_decref(m);
                m = want(f, both[i], "chat_message");
                assert_int_equal(number(m, "seq"), 2);
                json_decref(m);
        }
}

static void history_comes_before_what_is_live(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 80; i++)
                chat_fake_say(f->chat, "before", false);
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
        chat_fake_say(f->chat, "now", true);
        m = want(f, p, "chat_message");
        assert_int_equal(number(m, "seq"), 81);
        json_decref(m);
}

/* Reads history and messages up to last, each of which has to follow the one before; others may go
 * meanwhile. */
static void want_all(struct fixture *f, struct peer *p, int64_t cursor, int64_t last)
{
        while (cursor < last) {
                json_t *m = NULL, *message;
                size_t i;

                assert_true(t_wait((m = poll_json(f, p)) != NULL, 10000));
                if (strcmp(json_string_value(json_object_get(m, "type")), "chat_message") == 0) {
                        assert_int_equal(number(m, "seq"), ++cursor);
                } else if (strcmp(json_string_value(json_object_get(m, "type")), "user_left") !=
                           0) {
                        assert_text(m, "type", "chat_history");
                        json_array_foreach(json_object_get(m, "messages"), i, message)
                                assert_int_equal(number(message, "seq"), ++cursor);
                }
                json_decref(m);
        }
        assert_int_equal(cursor, last);
}

static void resuming_brings_everything_since(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 1500; i++)
                chat_fake_say(f->chat, "before", false);
        struct peer *p = sign_in(f, "token-1");
        put(p, "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":7}");
        json_t *m = want(f, p, "room_joined");
        assert_true(json_is_true(json_object_get(m, "recovered")));
        json_decref(m);
        for (int i = 0; i < 100; i++)
                chat_fake_say(f->chat, "meanwhile", true);
        want_all(f, p, 7, 1600);
}

static void joining_while_others_talk_misses_and_doubles_nothing(void **state)
{
        struct fixture *f = *state;

        join(f, "token-1");
        for (int round = 0; round < 20; round++) {
                struct peer *p = sign_in(f, "token-1");
                int64_t from = f->chat->last_seq;
                char text[80];

                snprintf(text, sizeof(text),
                         "{\"type\":\"join_room\",\"room_id\":1,\"after_seq\":%lld}",
                         (long long)from);
                put(p, text);
                for (int i = 0; i < 100; i++) {
                        chat_fake_say(f->chat, "meanwhile", true);
                        if (i % 7 == 0)
                                turn(f);
                }
                skip_frame(f, p, "room_joined");
                want_all(f, p, from, from + 100);
        }
}

static void what_is_gone_is_not_called_recovered(void **state)
{
        struct fixture *f = *state;

        for (int i = 0; i < 40; i++)
                chat_fake_say(f->chat, "before", false);
        f->chat->first_seq = 20;
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
        chat_fake_say(f->chat, "now", true);
        want_all(f, p, 40, 41);
}

static void a_restart_of_the_service_loses_nothing(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");

        for (int i = 0; i < 50; i++)
                chat_fake_say(f->chat, "before", true);
        chat_fake_restart_publisher(f->chat);
        for (int i = 0; i < 50; i++)
                chat_fake_say(f->chat, "after", true);
        want_all(f, p, 0, 100);
}

static void when_the_first_ones_token_ends_the_others_hear_on(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2");

        skip_frame(f, p, "user_joined");
        WAIT(ws_room_find(f->gateway.ws, 1)->live);
        put_frame(p, 0x88, "", 0);
        WAIT(p->released);
        skip_frame(f, q, "user_left");
        chat_fake_say(f->chat, "still here", true);
        want_all(f, q, 0, 1);
}

static void presence_is_of_users_and_not_of_sockets(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1");
        struct peer *a = join(f, "token-2");
        json_t *m = want(f, p, "user_joined");

        assert_int_equal(number(m, "user_id"), 2);
        json_decref(m);
        struct peer *b = join(f, "token-2");
        put(b, "{\"type\":\"leave_room\",\"room_id\":1}");
        m = want(f, b, "room_left");
        assert_text(m, "reason", "left");
        json_decref(m);
        put(p, "{\"type\":\"get_online_users\",\"room_id\":\"general\"}");
        m = want(f, p, "online_users");
        assert_int_equal(number(m, "count"), 2);
        json_decref(m);
        shutdown(a->fd, SHUT_RDWR);
        m = want(f, p, "user_left");
        assert_int_equal(number(m, "user_id"), 2);
        json_decref(m);
        put(p, "{\"type\":\"get_online_users\"}");
        m = want(f, p, "online_users");
        assert_int_equal(number(m, "count"), 2); /* b is connected still */
        json_decref(m);
}

static void typing_and_reading_are_told_to_the_others(void **state)
{
        struct fixture *f = *state;
        struct peer *p = join(f, "token-1"), *q = join(f, "token-2");

        skip_frame(f, p, "user_joined");
        put(q, "{\"type\":\"typing\",\"is_typing\":true}");
        put(q, "{\"type\":\"typing\",\"is_typing\":true,\"room_id\":1}");
        json_t *m = want(f, p, "user_typing");
        assert_true(json_is_true(json_object_get(m, "is_typing")));
        json_decref(m);
        put(q, "{\"type\":\"chat_message\",\"content\":\"x\"}");
        m = want(f, p, "user_typing");
        assert_true(json_is_false(json_object_get(m, "is_typing")));
        json_decref(m);
        skip_frame(f, p, "chat_message");
        skip_frame(f, q, "chat_message");
        put(p, "{\"type\":\"read\",\"room_id\":1,\"seq\":1}");
        m = want(f, q, "message_read");
        assert_int_equal(number(m, "seq"), 1);
        assert_int_equal(number(m, "user_id"), 1);
        json_decref(m);
        put(p, "{\"type\":\"read\",\"room_id\":1,\"seq\":2}");
        want_error(f, p, "INVALID_ARGUMENT");
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
        assert_true(
                t_wait((turn(f), fill_in(p), payload = take_frame(p, &opcode, &n)) != NULL, 10000));
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
        skip_frame(f, slow, "user_joined");
        while (f->gateway.counters.ws_closed_slow == 0 && n < 15000) {
                for (int i = 0; i < 20; i++, n++)
                        chat_fake_say(f->chat, content, true);
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
                        turn(f);
                shutdown(p->fd, SHUT_RDWR);
        }
        WAIT(f->gateway.counters.ws_connections == 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(a_first_frame_signs_in),
                CASE(a_cookie_signs_in),
                CASE(frames_may_follow_the_token_at_once),
                CASE(a_token_that_is_none_is_refused),
                CASE(nothing_goes_before_signing_in),
                CASE(a_token_is_asked_about_once_for_many_sockets),
                CASE(a_revoked_token_closes_its_sockets),
                CASE(a_renewed_token_takes_the_old_ones_place),
                CASE(a_user_has_so_many_sockets_and_no_more),
                CASE(everybody_hears_a_message_once_and_its_sender_too),
                CASE(history_comes_before_what_is_live),
                CASE(resuming_brings_everything_since),
                CASE(joining_while_others_talk_misses_and_doubles_nothing),
                CASE(what_is_gone_is_not_called_recovered),
                CASE(a_restart_of_the_service_loses_nothing),
                CASE(when_the_first_ones_token_ends_the_others_hear_on),
                CASE(presence_is_of_users_and_not_of_sockets),
                CASE(typing_and_reading_are_told_to_the_others),
                CASE(what_is_wrong_is_named_and_the_connection_stays),
                CASE(content_has_at_most_5000_characters),
                CASE(frames_that_break_the_rules_close_with_their_code),
                CASE(too_many_messages_are_refused_with_a_time_to_wait),
                CASE(fragments_make_one_message_and_pings_are_answered),
                CASE(a_peer_that_does_not_read_is_closed_and_the_others_are_not),
                CASE(stopping_says_goodbye),
                CASE(a_peer_that_says_goodbye_is_answered),
                CASE(leaving_in_the_middle_of_everything_leaks_nothing),
        };
        return !!cmocka_run_group_tests_name("ws", tests, NULL, NULL);
}
