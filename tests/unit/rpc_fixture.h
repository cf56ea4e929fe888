/* A server of calls in the test's own process, over a real database, with handlers that do what a
 * test wants. */
#ifndef TESTS_UNIT_RPC_FIXTURE_H
#define TESTS_UNIT_RPC_FIXTURE_H

#include "service/rpc/server.h"
#include "tests/support/server/raw.h"
#include "tests/support/t.h"

#include "handlers.gen.h"

#include <pthread.h>
#include <stdatomic.h>

#define READ     "AdminService/GetHealth"
#define PRIVATE  "UserService/GetMe"
#define WRITE    "SkillService/AddSkill"
#define PASSWORD "UserService/Register"
#define LONG     "CoachService/Chat"

struct rpc_fixture {
        char dir[T_PATH_BYTES];
        char url[T_URL_BYTES];
        char token[256]; /* the operator's */
        struct service service;
        struct rpc_server_options options;
        const char *urls[2];
        struct rpc_server *server;
        struct raw raw;
};

/* What the handlers do; set by a test before its calls. All handlers count themselves, wait while
 * the gate is closed (a cancelled or late call is let go), and then end as `status` says. */
struct rpc_script {
        atomic_uint n_begun, n_ended, n_after;
        atomic_bool is_closed;
        _Atomic enum status status;
        const char *error; /* NULL: none is set */
        size_t answer_bytes; /* of a read's text */
};
extern struct rpc_script script;

/* cmocka's. The second has one thread a lane, and queues of one. */
int rpc_setup(void **state);
int rpc_setup_tight(void **state);
int rpc_setup_limited(void **state); /* two writes of one caller, then one a second */
int rpc_setup_fault(void **state); /* on the disk that fails */
int rpc_teardown(void **state);

/* Stops the server; the database stays open. */
void rpc_stop(struct rpc_fixture *f);
/* Starts it again. */
void rpc_start(struct rpc_fixture *f);

/* Requests: a skill of this name, an account of this name, a word for the coach. */
void put_read(struct buffer *out, uint8_t id, uint32_t timeout_ms);
void put_write(struct rpc_fixture *f, struct buffer *out, uint8_t id, const char *name);
void put_password(struct buffer *out, uint8_t id, const char *name, const char *client_address);
void put_long(struct rpc_fixture *f, struct buffer *out, uint8_t id);

/* Sends what is in the buffer, clears it. */
void send_buffer(struct rpc_fixture *f, struct buffer *out, struct raw_pending *ret);
/* The only reply to what is in the buffer, which is cleared. The payload is not kept. */
struct frame_reply ask(struct rpc_fixture *f, struct buffer *out);
/* The status of the only reply. */
enum status wait_for_status(struct raw_pending *p);
/* The id in the reply of a write or a password call. */
int64_t ask_for_id(struct rpc_fixture *f, struct buffer *out);
/* Waits until so many handlers have begun. */
void await_begun(unsigned n);
/* The server's metrics, to be freed. */
char *metrics_text(struct rpc_fixture *f);

#endif
