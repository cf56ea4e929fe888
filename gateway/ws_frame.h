/* A WebSocket frame as its bytes go to the peer, and the queue of those that wait for one. */
#ifndef GATEWAY_WS_FRAME_H
#define GATEWAY_WS_FRAME_H

#include "common/buffer.h"
#include "gateway/ws_deflate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Written once, shared by every queue it waits in. */
struct ws_frame {
        unsigned refs;
        uint32_t n_bytes;
        uint8_t n_head; /* of these are before the payload */
        bool stays_plain; /* no text, or no shorter when compressed */
        struct ws_frame *packed; /* the same, compressed; NULL until a socket wants it */
        uint8_t bytes[];
};

/* A frame of text, a ping, one that closes. One reference; NULL when
 * there is no memory, which includes that text has failed. */
struct ws_frame *ws_frame_text(const struct buffer *text) MUST_CHECK;
struct ws_frame *ws_frame_ping(void) MUST_CHECK;
/* reason: cut after 123 bytes. */
struct ws_frame *ws_frame_close(uint16_t code, const char *reason) MUST_CHECK;
/* Bytes that are framed already. */
struct ws_frame *ws_frame_raw(const void *data, size_t n) MUST_CHECK;
/* The frame for a peer that inflates with a window of 2^window_bits bytes: the same message,
 * compressed the first time that it is asked for, or f itself. Borrowed from f. */
struct ws_frame *ws_frame_packed(struct ws_frame *f, struct ws_deflate *d, unsigned window_bits);
struct ws_frame *ws_frame_ref(struct ws_frame *f);
void ws_frame_unref(struct ws_frame *f); /* NULL is fine */

struct ws_queue {
        struct ws_frame **frames; /* a ring; NULL while nothing waits */
        uint32_t first, n, capacity;
        size_t first_sent; /* bytes of the first one that are gone */
        size_t n_bytes; /* all that wait */
};

enum ws_written { WS_WRITTEN_ALL, WS_WRITTEN_SOME, WS_WRITTEN_BROKEN };

/* Takes a reference of its own. False when there is no memory. */
bool ws_queue_push(struct ws_queue *q, struct ws_frame *f) MUST_CHECK;
/* Writes as much as the socket takes now. */
enum ws_written ws_queue_write(struct ws_queue *q, int fd) MUST_CHECK;
/* Drops everything but the frame that is half sent: what follows must begin behind it. */
void ws_queue_drop(struct ws_queue *q);
void ws_queue_deinit(struct ws_queue *q);

#endif
