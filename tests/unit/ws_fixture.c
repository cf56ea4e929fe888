#include "tests/unit/ws_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define RSV1 0x40u

static void wake(void *closure)
{
        uv_async_send(&((struct fixture *)closure)->wake);
}

static void on_wake(uv_async_t *async)
{
        struct fixture *f = async->data;

        if (f->gateway.client)
                soc_client_dispatch(f->gateway.client);
        if (f->other.client)
                soc_client_dispatch(f->other.client);
}

static bool begin(struct fixture *f, struct gateway *g)
{
        const soc_client_options options = {.wake = wake, .wake_closure = f};
        unsigned n = events_fake_followers(f->chat->events);

        /* gathering: calls leave at once, since nobody here lets them go later. */
        *g = (struct gateway){.loop = &f->loop, .options = &f->options, .gathering = true};
        if (soc_client_new(f->chat->rpc_url, &options, &g->client, NULL) != SOC_OK ||
            ws_new(g, &g->ws, NULL) != STATUS_OK)
                return false;
        /* What passes without a number is lost on who is not there yet. */
        return t_wait((ws_turn(f), events_fake_followers(f->chat->events) > n), 10000);
}

void open_other_gateway(struct fixture *f)
{
        assert_true(begin(f, &f->other));
        f->entrance = &f->other;
}

int ws_setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        f->chat = rooms_fake_new();
        f->options.events_url = f->chat->events_url;
        f->options.max_websockets_per_user = 100;
        f->options.max_messages_per_second = 1000;
        uv_loop_init(&f->loop);
        uv_async_init(&f->loop, &f->wake, on_wake);
        f->wake.data = f;
        f->entrance = &f->gateway;
        *state = f;
        return begin(f, &f->gateway) ? 0 : -1;
}

int ws_teardown(void **state)
{
        struct fixture *f = *state;
        int failed = 0;

        f->gateway.ws = ws_free(f->gateway.ws);
        f->other.ws = ws_free(f->other.ws);
        f->gateway.client = soc_client_free(f->gateway.client);
        f->other.client = soc_client_free(f->other.client);
        uv_close((uv_handle_t *)&f->wake, NULL);
        uv_run(&f->loop, UV_RUN_DEFAULT);
        failed = uv_loop_close(&f->loop) != 0 || f->gateway.counters.ws_connections != 0 ||
                 f->other.counters.ws_connections != 0;
        for (unsigned i = 0; i < f->n_peers; i++) {
                failed |= !f->peers[i].released;
                close(f->peers[i].fd);
                buffer_deinit(&f->peers[i].in);
        }
        rooms_fake_free(f->chat);
        free(f);
        return failed;
}

void ws_turn(struct fixture *f)
{
        uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void release(void *arg)
{
        struct peer *p = arg;

        p->released = true;
        close(p->gateway_fd);
}

struct peer *open_peer_with(struct fixture *f, const char *cookie, const void *extra,
                            size_t n_extra)
{
        struct peer *p = &f->peers[f->n_peers++];
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        p->fd = fds[1];
        p->gateway_fd = fds[0];
        const struct ws_peer peer = {
                .fd = fds[0],
                .extra_in = extra,
                .n_extra_in = n_extra,
                .cookie_token = cookie,
                .client_address = "192.0.2.1",
                .window_bits = f->window_bits,
                .release = release,
                .release_arg = p,
        };
        ws_accept(f->entrance, &peer);
        return p;
}

struct peer *open_peer(struct fixture *f, const char *cookie)
{
        return open_peer_with(f, cookie, "", 0);
}

size_t make_frame(uint8_t *out, unsigned first, const void *data, size_t n)
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

void put_frame(struct peer *p, unsigned first, const void *data, size_t n)
{
        uint8_t *frame = malloc(n + 16);
        size_t n_frame;

        assert_non_null(frame);
        n_frame = make_frame(frame, first, data, n);
        assert_int_equal(send(p->fd, frame, n_frame, MSG_NOSIGNAL), n_frame);
        free(frame);
}

void put(struct peer *p, const char *text)
{
        put_frame(p, 0x81, text, strlen(text));
}

void put_packed(struct peer *p, const char *text, size_t n)
{
        z_stream z = {0};
        uint8_t *out = malloc(n + 64);

        assert_non_null(out);
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = (const uint8_t *)text;
        z.avail_in = (unsigned)n;
        z.next_out = out;
        z.avail_out = (unsigned)(n + 64);
        assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
        put_frame(p, 0xc1, out, n + 64 - z.avail_out - 4);
        deflateEnd(&z);
        free(out);
}

/* What a compressed message is in plain. */
static void inflate_message(const uint8_t *data, size_t n, struct buffer *ret)
{
        AUTO_BUFFER in = BUFFER_INIT;
        z_stream z = {0};

        buffer_append(&in, data, n);
        buffer_append(&in, "\0\0\xff\xff", 4);
        assert_int_equal(inflateInit2(&z, -15), Z_OK);
        z.next_in = in.data;
        z.avail_in = (unsigned)in.n_bytes;
        do {
                z.next_out = buffer_reserve(ret, 4096);
                z.avail_out = 4096;
                assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
                ret->n_bytes += 4096 - z.avail_out;
        } while (z.avail_in > 0);
        inflateEnd(&z);
}

const uint8_t *take_frame(struct peer *p, unsigned *ret_opcode, size_t *ret_n)
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
        *ret_opcode = at[0] & (RSV1 | 0xf);
        *ret_n = n;
        return at + n_head;
}

void fill_in(struct peer *p)
{
        uint8_t data[65536];
        ssize_t n = recv(p->fd, data, sizeof(data), MSG_DONTWAIT);

        if (n > 0)
                buffer_append(&p->in, data, (size_t)n);
}

json_t *poll_json(struct fixture *f, struct peer *p)
{
        const uint8_t *payload;
        unsigned opcode;
        size_t n;

        ws_turn(f);
        fill_in(p);
        while ((payload = take_frame(p, &opcode, &n))) {
                AUTO_BUFFER text = BUFFER_INIT;
                json_t *object = NULL;

                if (opcode == 8)
                        p->close_code = n >= 2 ? payload[0] << 8 | payload[1] : 1005;
                if ((opcode & 0xf) != 1)
                        continue;
                if (opcode & RSV1) {
                        p->n_packed++;
                        inflate_message(payload, n, &text);
                        payload = text.data;
                        n = text.n_bytes;
                }
                if (json_parse_text((const char *)payload, n, &object, NULL) != STATUS_OK)
                        fail_msg("not JSON: %.*s", (int)n, (const char *)payload);
                return object;
        }
        return NULL;
}

const char *type_of(json_t *object)
{
        return json_string_value(json_object_get(object, "type"));
}

/* Who comes and goes is told to others only. */
static bool is_presence(const struct peer *p, json_t *object)
{
        if (strcmp(type_of(object), "user_joined") != 0 &&
            strcmp(type_of(object), "user_left") != 0)
                return false;
        assert_int_not_equal(number(object, "user_id"), p->user_id);
        return true;
}

json_t *next_json(struct fixture *f, struct peer *p)
{
        json_t *object = NULL;

        for (;;) {
                if (!t_wait((object = poll_json(f, p)) != NULL || p->close_code, 10000) || !object)
                        return NULL;
                if (!is_presence(p, object))
                        return object;
                json_decref(object);
        }
}

json_t *want(struct fixture *f, struct peer *p, const char *type)
{
        json_t *object = next_json(f, p);

        if (!object)
                fail_msg("want %s, got close %d", type, p->close_code);
        assert_string_equal(type_of(object), type);
        return object;
}

void want_presence(struct fixture *f, struct peer *p, const char *type, int64_t room_id,
                   int64_t user_id)
{
        bool found = false;

        while (!found) {
                json_t *object = NULL;

                if (!t_wait((object = poll_json(f, p)) != NULL || p->close_code, 10000) || !object)
                        fail_msg("want %s, got close %d", type, p->close_code);
                if (!is_presence(p, object))
                        fail_msg("want %s, got %s", type, type_of(object));
                found = strcmp(type_of(object), type) == 0 &&
                        number(object, "user_id") == user_id &&
                        number(object, "room_id") == room_id;
                json_decref(object);
        }
}

void want_all(struct fixture *f, struct peer *p, int64_t cursor, int64_t last)
{
        while (cursor < last) {
                json_t *m = next_json(f, p), *message;
                size_t i;

                if (!m)
                        fail_msg("want event %lld, got close %d", (long long)cursor + 1,
                                 p->close_code);
                if (strcmp(type_of(m), "chat_history") == 0) {
                        json_array_foreach(json_object_get(m, "messages"), i, message)
                                assert_int_equal(number(message, "seq"), ++cursor);
                } else {
                        assert_int_equal(number(m, "seq"), ++cursor);
                }
                json_decref(m);
        }
        assert_int_equal(cursor, last);
}

void skip_frame(struct fixture *f, struct peer *p, const char *type)
{
        json_decref(want(f, p, type));
}

int64_t number(json_t *object, const char *name)
{
        return json_integer_value(json_object_get(object, name));
}

void assert_text(json_t *object, const char *name, const char *value)
{
        const char *text = json_string_value(json_object_get(object, name));

        assert_non_null(text);
        assert_string_equal(text, value);
}

void want_error(struct fixture *f, struct peer *p, const char *code)
{
        json_t *error = want(f, p, "error");

        assert_text(error, "code", code);
        json_decref(error);
}

void want_close(struct fixture *f, struct peer *p, int code)
{
        json_t *object = NULL;

        assert_true(
                t_wait((json_decref(object), object = poll_json(f, p), p->close_code != 0), 10000));
        json_decref(object);
        assert_int_equal(p->close_code, code);
        send(p->fd, "\x88\x80\0\0\0\0", 6, MSG_NOSIGNAL);
        WAIT(p->released);
}

struct peer *sign_in(struct fixture *f, const char *token)
{
        struct peer *p = open_peer(f, token);

        json_t *hello = want(f, p, "connection_established");
        p->user_id = number(hello, "user_id");
        json_decref(hello);
        return p;
}

void join_as(struct fixture *f, struct peer *p, int64_t room_id)
{
        const struct ws_room *r;
        char text[80];

        snprintf(text, sizeof(text), "{\"type\":\"join_room\",\"room_id\":%lld}",
                 (long long)room_id);
        put(p, text);
        skip_frame(f, p, "room_joined");
        skip_frame(f, p, "chat_history");
        WAIT((r = ws_room_find(f->entrance->ws, room_id)) && r->live);
}

struct peer *join_room(struct fixture *f, const char *token, int64_t room_id)
{
        struct peer *p = sign_in(f, token);

        join_as(f, p, room_id);
        return p;
}

struct peer *join(struct fixture *f, const char *token)
{
        return join_room(f, token, 1);
}
