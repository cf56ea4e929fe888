/* A service that does what a test wants, for the client's tests: one thread that speaks nng's ipc
 * protocol on a plain socket, so that it can go silent, talk nonsense and break connections at any
 * moment. */
#ifndef TESTS_UNIT_CLIENT_FAKE_H
#define TESTS_UNIT_CLIENT_FAKE_H

#include "client/include/socializer.h"
#include "common/buffer.h"
#include "common/frame.h"

#include <stdbool.h>

struct fake_message {
        unsigned n_calls, n_cancels;
        struct frame_call calls[FRAME_MAX_CALLS];
        uint8_t cancels[FRAME_MAX_CALLS][FRAME_CALL_ID_BYTES];
};

enum fake_do {
        FAKE_REPLY, /* send what is in the buffer */
        FAKE_HOLD, /* the same, but only at fake_release() */
        FAKE_BREAK, /* close the connection instead */
};

/* What the service does with a message; runs on its thread. reply is empty. */
typedef enum fake_do (*fake_handler)(void *arg, const struct fake_message *m, struct buffer *reply);

/* Answers every call: GetUser and SetTemperature with a user of the number that was asked for,
 * everything else with an empty message. */
enum fake_do fake_answer(void *arg, const struct fake_message *m, struct buffer *reply);
/* Answers every call of the message with this error. */
void fake_refuse(const struct fake_message *m, enum status status, uint32_t retry_after_ms,
                 struct buffer *reply);

struct fake;

/* A scratch address, "ipc:///tmp/…/s"; ret has room for 96 bytes. The folder goes with
 * fake_address_free(). */
void fake_address(char ret[static 96]);
void fake_address_free(const char *url);

struct fake *fake_new(const char *url, fake_handler handler, void *arg);
struct fake *fake_free(struct fake *f);
/* Sends the replies that are held. */
void fake_release(struct fake *f);

/* What has arrived since the start. */
struct fake_counts {
        unsigned connections, messages, calls, cancels, biggest_batch;
};
struct fake_counts fake_counts(struct fake *f);

/* Waits until condition(arg) is true; false after 10 s. */
bool fake_wait(bool (*condition)(void *arg), void *arg);

/* How an asynchronous call ended. Written by callbacks, read by the test through outcome_wait(). */
struct outcome {
        _Atomic(unsigned) n; /* how often the callback has run */
        soc_status status;
        int64_t user_id; /* of a GetUserResponse */
        char text[256];
        _Atomic(unsigned) *order; /* where to take a number; may be NULL */
        unsigned place;
};
void outcome_set(void *closure, soc_status status, const ProtobufCMessage *response,
                 const soc_error *error);
/* True when all n have ended within 10 s. */
bool outcome_wait(struct outcome *outcomes, size_t n);

/* Starts GetUser(user_id), a read. */
soc_status start_get_user(soc_client *c, int64_t user_id, const soc_call_options *options,
                          struct outcome *o, soc_pending **ret);

/* The group's teardown: nng frees what was closed in the background, and here has done so. */
int fake_last(void **state);

#define GET_USER   "socializer.v1.UserService/GetUser"
#define LOGIN      "socializer.v1.UserService/Login"
#define SET_TEMP   "socializer.v1.UserService/SetTemperature"
#define ADD_SKILL  "socializer.v1.SkillService/AddSkill"
#define COACH_CHAT "socializer.v1.CoachService/Chat"

#endif
