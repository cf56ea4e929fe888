/* A WebSocket client for load programs: cheap to receive with, and the same whatever the server.
 * A load that cannot go on measures nothing, so every failure here ends the program. */
#ifndef TESTS_BENCH_WS_CLIENT_H
#define TESTS_BENCH_WS_CLIENT_H

#include "common/cleanup.h"

#include <stddef.h>
#include <stdint.h>

struct ws_client {
        int fd;
        uint8_t *kept; /* the beginning of a frame whose rest has not come */
        size_t n_kept;
};

typedef void (*ws_client_text_fn)(void *arg, const char *text, size_t n);

/* Lets the process have so many descriptors besides a few. */
void ws_client_allow(unsigned count);

/* Connects to 127.0.0.1 and upgrades; i is the client's number among those of the program. */
void ws_client_open(struct ws_client *c, unsigned port, const char *path, unsigned i);
/* Sends the token and waits for the gateway's welcome. */
void ws_client_sign_in(struct ws_client *c, const char *token);
/* Joins a room of the gateway ("general" or a number) and waits until its history is there. */
void ws_client_join(struct ws_client *c, const char *room);
void ws_client_close(struct ws_client *c);

/* One text frame. */
void ws_client_send(struct ws_client *c, const char *text, size_t n);
/* Receives once, without waiting, and hands over each text frame that is complete. */
void ws_client_receive(struct ws_client *c, ws_client_text_fn on_text, void *arg);

#endif
