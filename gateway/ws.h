/* WebSocket connections (/ws/chat): who is there, which rooms they follow, and what they say.
 *
 * One thread, the loop's. A room that somebody follows has one subscription, whatever the number
 * of sockets; each of its events is written as JSON, framed, and where a socket wants that
 * compressed once, and the same bytes go to every socket. */
#ifndef GATEWAY_WS_H
#define GATEWAY_WS_H

#include "common/status.h"
#include "gateway/gateway.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws;

/* A connection whose opening handshake has been answered. */
struct ws_peer {
        int fd; /* becomes non-blocking; stays whose it is, see release() */
        const char *extra_in; /* what was read behind the handshake; copied */
        size_t n_extra_in;
        const char *cookie_token; /* NULL or "": the first frame brings one; copied */
        const char *client_address; /* copied */
        unsigned window_bits; /* of struct deflate_offer; 0 = nothing is compressed */
        /* Called once, when fd is not used any more, maybe before ws_accept() returns. */
        void (*release)(void *arg);
        void *release_arg;
};

/* Somebody else than a socket who follows what happens to a user. */
struct ws_listener {
        /* The subscription is there, or will not be soon; once. */
        void (*on_ready)(struct ws_listener *l);
        void (*on_event)(struct ws_listener *l, const Socializer__V1__UserEvent *event);
        /* Below: ws_user.c's. */
        struct ws *ws;
        struct ws_user *user; /* NULL: listens to nobody */
        struct ws_listener *prev, *next;
        bool is_ready;
};

/* Opens the subscription socket at g->options->events_url; g->client and g->loop are there already.
 */
enum status ws_new(struct gateway *g, struct ws **ret, struct error *reterr) MUST_CHECK;
/* Takes a connection over. One that there is no room for is told so and closed. */
void ws_accept(struct gateway *g, const struct ws_peer *peer);
/* Connections of this address that are not signed in. */
unsigned ws_n_strangers(const struct ws *ws, const char *client_address);
/* A call that went through the gateway may have ended sessions of this user (0: of the one whose
 * token this is): asks the service about their tokens now instead of within half a minute. */
void ws_recheck(struct ws *ws, int64_t user_id, const char *token);
/* Follows the user whose token this is, which the service has said just now. on_ready() may run
 * before this returns. RESOURCE_EXHAUSTED: no memory. */
enum status ws_listen(struct ws *ws, struct ws_listener *l, int64_t user_id, const char *token,
                      struct error *reterr) MUST_CHECK;
/* Nothing where it does not listen. */
void ws_unlisten(struct ws_listener *l);
/* Closes every connection with 1001, now as far as its peer reads, and accepts no more. */
void ws_stop(struct ws *ws);
/* Whether every connection is gone, which happens within a second or two after ws_stop(). */
bool ws_stopped(const struct ws *ws);
/* After ws_stop(), before the client is freed: drops what is still connected, ends the
 * subscription, and closes its handles, for which the loop must run once more before it is closed.
 * The memory goes with the last of them and with the last call that is on its way. Accepts NULL,
 * returns NULL. */
struct ws *ws_free(struct ws *ws);

#endif
