/* A real gateway and service, a language model that the server's settings name and the test
 * scripts, some people, a room of theirs, and a socket in it. Everything fails the running test
 * when it cannot do its work. */
#ifndef TESTS_INTEGRATION_COACH_SCENE_H
#define TESTS_INTEGRATION_COACH_SCENE_H

#include "tests/bench/ws_client.h"
#include "tests/integration/test_gateway_http_client.h"
#include "tests/integration/upstream.h"
#include "tests/support/server/server.h"

#define WAIT_MS   10000
#define SECOND_NS UINT64_C(1000000000)

/* The beginning of an upstream's answer. */
#define STREAM_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

enum who { HUMAN, OTHER, THIRD, ADMIN, N_WHO };

struct scene {
        struct server server;
        struct upstream upstream;
        char headers[N_WHO][2048]; /* with their tokens */
        int64_t ids[N_WHO];
        int64_t room; /* HUMAN made it; OTHER and THIRD are in it */
        /* The socket, and all that it has heard. */
        struct ws_client client;
        char heard[64 * 1024];
        size_t n_heard;
};

/* listener: whose socket it is. */
void scene_init(struct scene *s, upstream_script_fn script, enum who listener);
void scene_deinit(struct scene *s);

/* A request and its answer, to be released; status is what it has to be. */
json_t *ask(struct scene *s, enum who who, const char *verb, const char *path, const char *body,
            unsigned status);
/* The same with 200, and nothing is said of the answer. */
void must(struct scene *s, enum who who, const char *verb, const char *path, const char *body);
/* A path in the room, which stays until the next. */
const char *in_room(struct scene *s, const char *rest);
/* Changes the room, as HUMAN. */
void set_room(struct scene *s, const char *settings);
/* Says something in it; the name of an answer of the coach to that, which stays until the next. */
const char *say(struct scene *s, enum who who, const char *content);
/* Whether the socket has heard the text by now. */
bool hears(struct scene *s, const char *text);

/* "" and 0 of what is not there. */
const char *text_of(const json_t *json, const char *name);
int64_t number_of(const json_t *json, const char *name);

/* The newest entry of somebody's ledger, to be released. */
json_t *entry_of(struct scene *s, enum who who);
void expect_no_entries(struct scene *s, enum who who);
void expect_texts(const json_t *entry, const char *const *texts, size_t n);

#endif
