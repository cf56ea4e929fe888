/* An answer of the coach that goes to its client while it is made (text/event-stream).
 *
 *     who is it? ──▶ follow the user's events ──▶ ask the coach, or how far an answer is ──▶ end
 *
 * What the coach says comes as the user's events. They may be lost; then the end, or another look,
 * fills the hole, and nothing is sent out of order. The head of the answer goes out with the first
 * item, so that an error before it is an HTTP error like any other. */
#ifndef GATEWAY_STREAM_H
#define GATEWAY_STREAM_H

#include "gateway/request.h"

struct stream;

/* Asks the coach. chat lives in the request's arena. */
void stream_chat(struct request *r, Socializer__V1__ChatRequest *chat);
/* Follows an answer that somebody has asked for. get lives in the request's arena. */
void stream_follow(struct request *r, Socializer__V1__GetAnswerRequest *get);
/* Whether more is to come. Accepts NULL. */
bool stream_is_open(const struct stream *s);
/* The gateway stops, the service is away, or the client has left, while no call is on its way. */
void stream_break(struct stream *s);
/* Accepts NULL, returns NULL. */
struct stream *stream_free(struct stream *s);
/* Heartbeats, and what has waited too long for events. Now and then. */
void streams_tick(struct server *server);

#endif
