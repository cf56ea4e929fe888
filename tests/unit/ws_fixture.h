/* A gateway's WebSockets over socket pairs, against a service in memory. Everything runs on the
 * test's own thread: waiting is running the loop. */
#ifndef TESTS_UNIT_WS_FIXTURE_H
#define TESTS_UNIT_WS_FIXTURE_H

#include "gateway/ws_internal.h"

#include "common/json.h"
#include "tests/support/t.h"
#include "tests/unit/rooms_fake.h"

#define MAX_PEERS 128

/* The far end of a connection. */
struct peer {
        int fd;
        int gateway_fd; /* the near end */
        bool released;
        int64_t user_id; /* since sign_in() */
        struct buffer in;
        size_t at;
        unsigned n_packed; /* frames that came compressed */
        int close_code; /* 0 = no close frame has come */
};

struct fixture {
        struct rooms_fake *chat;
        uv_loop_t loop;
        uv_async_t wake;
        struct gateway_options options;
        struct gateway gateway;
        struct gateway other; /* see open_other_gateway() */
        struct gateway *entrance; /* where connections come in: one of the two */
        struct peer peers[MAX_PEERS];
        unsigned n_peers;
        unsigned window_bits; /* that the next peers agree on */
};

int ws_setup(void **state);
int ws_teardown(void **state);
/* A second gateway of the same service, where connections come in from now on. */
void open_other_gateway(struct fixture *f);
void ws_turn(struct fixture *f);
struct peer *open_peer_with(struct fixture *f, const char *cookie, const void *extra,
                            size_t n_extra);
struct peer *open_peer(struct fixture *f, const char *cookie);
/* A masked frame, with a mask of zeroes. */
size_t make_frame(uint8_t *out, unsigned first, const void *data, size_t n);
void put_frame(struct peer *p, unsigned first, const void *data, size_t n);
void put(struct peer *p, const char *text);
/* The same as a compressed message. */
void put_packed(struct peer *p, const char *text, size_t n);
/* The payload of the next frame of the server, or NULL: not there yet. *ret_opcode has 0x40 where
 * it is compressed. */
const uint8_t *take_frame(struct peer *p, unsigned *ret_opcode, size_t *ret_n);
void fill_in(struct peer *p);
/* The next text frame as JSON, or NULL. Close frames are noted, pings skipped. */
json_t *poll_json(struct fixture *f, struct peer *p);
const char *type_of(json_t *object);
/* The next one that does not say who comes and goes, which may be said at any time; NULL: closed.
 */
json_t *next_json(struct fixture *f, struct peer *p);
/* The next frame of next_json(), which has to be of that type. */
json_t *want(struct fixture *f, struct peer *p, const char *type);
void skip_frame(struct fixture *f, struct peer *p, const char *type);
/* Waits for the frame that says that somebody has come or gone. */
void want_presence(struct fixture *f, struct peer *p, const char *type, int64_t room_id,
                   int64_t user_id);
/* Reads history and events up to last, each of which has to follow the one before. */
void want_all(struct fixture *f, struct peer *p, int64_t cursor, int64_t last);
int64_t number(json_t *object, const char *name);
void assert_text(json_t *object, const char *name, const char *value);
void want_error(struct fixture *f, struct peer *p, const char *code);
void want_close(struct fixture *f, struct peer *p, int code);
struct peer *sign_in(struct fixture *f, const char *token);
/* Joins, and waits until the room's events come. */
void join_as(struct fixture *f, struct peer *p, int64_t room_id);
struct peer *join_room(struct fixture *f, const char *token, int64_t room_id);
/* The general room. */
struct peer *join(struct fixture *f, const char *token);

#define WAIT(condition) assert_true(t_wait((ws_turn(f), (condition)), 10000))

#endif
