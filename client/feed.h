/* The connection over which events come: one nng sub socket, which hands every message on. */
#ifndef CLIENT_FEED_H
#define CLIENT_FEED_H

#include "common/status.h"

#include <nng/nng.h>
#include <stdbool.h>
#include <stdint.h>

#define FEED_TOPIC_BYTES 16

struct feed;

/* What a feed tells, on nng's threads; must not block and not call the feed. */
struct feed_sink {
        /* The message is the sink's. False: no more until feed_resume(). */
        bool (*message)(void *owner, nng_msg *message);
        /* There is a connection again; what was sent in between is lost. */
        void (*connected)(void *owner);
        void *owner;
};

/* Connects, now or as soon as somebody listens at url. INVALID_ARGUMENT for a bad url. */
enum status feed_open(const char *url, struct feed **ret, struct error *reterr) MUST_CHECK;
/* From now on the sink is told. */
void feed_listen(struct feed *f, const struct feed_sink *sink);
/* Nothing is told any more once this returns. Not from within the sink. Accepts NULL, returns NULL.
 */
struct feed *feed_close(struct feed *f);
/* Topics whose messages come, at least: with many topics everything comes. A topic counts as often
 * as it is given. One thread at a time. */
enum status feed_subscribe(struct feed *f, const uint8_t topic[static FEED_TOPIC_BYTES],
                           struct error *reterr) MUST_CHECK;
void feed_unsubscribe(struct feed *f, const uint8_t topic[static FEED_TOPIC_BYTES]);
/* After message() has said false; otherwise nothing. */
void feed_resume(struct feed *f);

#endif
