/* Inside the WebSocket half of the gateway: what it is made of.
 *
 *     socket ── member ── room      a socket is in several rooms, a room has many sockets
 *       │                   └─ one subscription to its events
 *     token ── user                 sockets share a token, tokens a user
 *
 * One thread. Whatever can end while a call about it is on its way counts that call in refs. */
#ifndef GATEWAY_WS_INTERNAL_H
#define GATEWAY_WS_INTERNAL_H

#include "gateway/gateway.h"
#include "gateway/ws.h"
#include "gateway/ws_deflate.h"
#include "gateway/ws_frame.h"

#include <jansson.h>
#include <wslay/wslay.h>

#define WS_MAX_FRAME_BYTES  (64u * 1024) /* of a message from a peer, inflated ones as well */
#define WS_MAX_QUEUE_BYTES  (1024u * 1024) /* a peer that lets more wait reads too slowly */
#define WS_PAGE_QUEUE_BYTES (256u * 1024) /* no next page of history while more waits */
#define WS_MAX_CONTENT      5000 /* characters of a message */
#define WS_MAX_CLIENT_ID    64
#define WS_MAX_ROOMS        64 /* of one socket */
#define WS_MAX_ONLINE       1000 /* users in one answer */
#define WS_SOCKETS_PER_USER 100 /* by default */
#define WS_MESSAGES_PER_S   50 /* of one socket, by default; twice as many at once */
#define WS_AUTH_MS          10000
#define WS_CLOSE_MS         2000 /* for the peer to answer a close */
#define WS_PING_MS          30000 /* of silence */
#define WS_MAX_PINGS        2 /* unanswered */
#define WS_TOKEN_CHECK_MS   30000
#define WS_TOKEN_RETRY_MS   3000
#define WS_TYPING_MS        6000
#define WS_HISTORY          50 /* messages for who joins without after_seq */
#define WS_PAGE             200 /* messages of a frame of history */
#define WS_RECENT           128 /* frames that a room keeps for who is joining */

#define WS_CODE_AUTH            4003
#define WS_CODE_TRY_AGAIN_LATER 1013

enum ws_state {
        WS_NEW, /* waits for a token */
        WS_CHECKING, /* the service is asked about it */
        WS_OPEN,
        WS_CLOSING, /* a close frame is queued or sent */
        WS_GONE /* the descriptor is given back; what is left waits for refs */
};

struct ws_user {
        struct ws_user *next; /* of the bucket */
        int64_t id;
        char username[64];
        unsigned refs; /* its sockets and tokens */
        struct ws_socket *sockets;
        unsigned n_sockets;
};

struct ws_token {
        struct ws_token *next; /* of the bucket */
        struct ws *ws;
        struct ws_user *user; /* NULL until the service has said whose it is */
        struct ws_socket *sockets;
        unsigned refs; /* its sockets, and a check that is on its way */
        bool checking;
        bool check_again; /* the check that is on its way may have come too early */
        uint64_t check_at_ms;
        char text[];
};

struct ws_socket {
        struct ws *ws;
        struct ws_socket *prev, *next; /* of all */
        unsigned refs; /* its handle, and calls that are on their way */
        enum ws_state state;

        uv_poll_t poll;
        int fd;
        void (*release)(void *arg);
        void *release_arg;
        wslay_event_context_ptr wslay;
        unsigned window_bits; /* of what the peer inflates; 0 = nothing is compressed */
        struct ws_queue queue;
        struct buffer early; /* bytes that came with the handshake */
        size_t n_early_read;
        struct buffer kept; /* frames that came while the token was being checked */
        unsigned read_budget; /* bytes that may still be read in this turn */
        bool is_dirty; /* to be flushed at the end of this turn */
        bool wants_write; /* until the peer has read something */
        bool is_slow; /* to be closed for it */
        bool read_all; /* no more frames: the peer has closed, or talks nonsense */
        bool shut; /* we have said all */
        struct ws_socket *next_dirty;

        uint64_t heard_ms;
        uint64_t deadline_ms; /* of NEW, CHECKING and CLOSING */
        unsigned n_pings;
        double allowance; /* messages that it may send now */
        uint64_t allowance_ms;

        char client_address[64];
        struct ws_token *token;
        struct ws_socket *prev_of_token, *next_of_token;
        struct ws_user *user; /* while OPEN */
        struct ws_socket *prev_of_user, *next_of_user;
        struct ws_member *members;
        unsigned n_members;
        int64_t last_room_id; /* joined last; 0 = none */
};

/* A socket in a room. */
struct ws_member {
        struct ws_socket *socket;
        struct ws_room *room; /* NULL: left while a call is on its way */
        struct ws_member *next_of_socket;
        struct ws_member *prev, *next; /* of the room */
        enum ws_member_state {
                WS_MEMBER_LISTING, /* history is on its way */
                WS_MEMBER_FULL, /* more history when the queue is shorter */
                WS_MEMBER_WAITING, /* until the subscription is there */
                WS_MEMBER_LIVE
        } state;
        bool announced; /* room_joined is sent */
        bool present; /* the others have been told */
        bool resumes; /* asked for after_seq */
        int64_t cursor; /* the last seq sent, or not wanted */
        int64_t target; /* what is listed goes at least so far */
        int64_t history_end; /* the newest when it joined: what follows is sent as if it were live
                              */
        int64_t read_seq;
        uint64_t typing_until_ms; /* 0 = is not typing */
};

/* A frame that went to everybody, for those who are joining. */
struct ws_recent {
        int64_t seq;
        struct ws_frame *frame;
};

struct ws_room {
        struct ws_room *next; /* of the bucket */
        struct ws *ws;
        int64_t id;
        struct ws_member *members;
        unsigned n_members;
        bool subscribed, live; /* asked for; there */
        int64_t last_seq; /* of the subscription, when live */
        struct ws_recent recent[WS_RECENT]; /* by seq modulo WS_RECENT */
        char *token; /* that the subscription uses */
        unsigned n_typing;
};

#define WS_BUCKETS 1024

struct ws {
        struct gateway *gateway;
        soc_subscriber *subscriber;
        unsigned refs; /* the owner, sockets, tokens, calls, handles */
        unsigned max_sockets_per_user, messages_per_second;
        bool stopping, freed;
        uv_prepare_t flush;
        uv_timer_t tick;
        struct ws_socket *sockets;
        unsigned n_sockets; /* that are not GONE */
        struct ws_socket *dirty;
        struct ws_token *tokens[WS_BUCKETS];
        struct ws_user *users[WS_BUCKETS];
        struct ws_room *rooms[WS_BUCKETS];
        struct buffer text; /* for the next frame that is written */
        struct ws_deflate deflate;
};

/* --- ws.c --- */
void ws_unref(struct ws *ws);
uint64_t ws_now(const struct ws *ws);

/* --- ws_socket.c: bytes --- */
void ws_socket_accept(struct ws *ws, const struct ws_peer *peer);
/* Queues a frame; it is written at the end of this turn. A peer that is too far behind is closed.
 */
void ws_socket_send(struct ws_socket *s, struct ws_frame *f);
/* The same with what is in ws->text, which is cleared. */
void ws_socket_send_text(struct ws_socket *s);
/* Closes with a code and a reason. */
void ws_socket_close(struct ws_socket *s, uint16_t code, const char *reason);
/* Drops the connection at once. */
void ws_socket_drop(struct ws_socket *s);
void ws_socket_flush(struct ws_socket *s);
void ws_socket_tick(struct ws_socket *s);
/* Works on the frames that came while the token was being checked. */
void ws_socket_replay(struct ws_socket *s);
void ws_socket_ref(struct ws_socket *s);
void ws_socket_unref(struct ws_socket *s);

/* --- ws_token.c: who --- */
void ws_token_present(struct ws_socket *s, const char *text);
/* The service says that the token is worth nothing: closes its sockets. */
void ws_token_refused(struct ws_token *t);
/* Takes its token away from a socket, and the socket away from its user. */
void ws_token_detach(struct ws_socket *s);
void ws_token_tick(struct ws *ws);

/* --- ws_command.c: what a peer says --- */
void ws_command_run(struct ws_socket *s, const char *text, size_t n);

/* --- ws_room.c, ws_member.c: where --- */
struct ws_room *ws_room_find(struct ws *ws, int64_t id);
struct ws_room *ws_room_get(struct ws *ws, int64_t id) MUST_CHECK; /* made; NULL: no memory */
/* Forgets the room when nobody is in it. */
void ws_room_put(struct ws_room *r);
/* Sees to it that events come, by the right of this socket. */
void ws_room_subscribe(struct ws_room *r, const struct ws_socket *s);
/* The same frame to everybody in the room whose user is not that one (0: nobody is left out). */
void ws_room_broadcast(struct ws_room *r, struct ws_frame *f, const struct ws_socket *but);
void ws_room_broadcast_text(struct ws_room *r, const struct ws_socket *but);
void ws_room_tick(struct ws *ws);
extern const soc_subscriber_options ws_room_subscriber_options;

struct ws_member *ws_member_find(const struct ws_socket *s, int64_t room_id);
/* after_seq -1: not given. */
void ws_member_join(struct ws_socket *s, int64_t room_id, int64_t after_seq);
/* Leaves; tells the socket why, unless reason is NULL. */
void ws_member_leave(struct ws_member *m, const char *reason);
void ws_member_offer(struct ws_member *m, int64_t seq, struct ws_frame *f);
/* The subscription is there, or the queue has become shorter. */
void ws_member_continue(struct ws_member *m);
void ws_member_type(struct ws_member *m, bool is_typing);
/* Whether the user is in the room with another socket. */
bool ws_member_has_twin(const struct ws_member *m);
/* Whether this is the member that stands for its user in a list of users. */
bool ws_member_is_first(const struct ws_member *m);

/* --- ws_json.c: what is sent, appended to ws->text --- */
void ws_json_error(struct ws *ws, const struct error *error, const char *client_message_id);
void ws_json_established(struct ws *ws, const struct ws_user *user);
void ws_json_pong(struct ws *ws);
void ws_json_room_joined(struct ws *ws, int64_t room_id, int64_t last_seq, bool recovered,
                         int64_t first_seq);
void ws_json_room_left(struct ws *ws, int64_t room_id, const char *reason);
void ws_json_message(struct ws *ws, const Socializer__V1__RoomMessage *message);
void ws_json_history(struct ws *ws, int64_t room_id, Socializer__V1__RoomMessage *const *messages,
                     size_t n);
void ws_json_presence(struct ws *ws, const char *type, int64_t room_id, const struct ws_user *user);
void ws_json_typing(struct ws *ws, int64_t room_id, int64_t user_id, const char *username,
                    bool is_typing);
void ws_json_read(struct ws *ws, int64_t room_id, const struct ws_user *user, int64_t seq);
/* room NULL: everybody. */
void ws_json_online(struct ws *ws, const struct ws_room *room);

/* An error frame to one socket. */
void ws_send_error(struct ws_socket *s, const struct error *error, const char *client_message_id);

#endif
