/* Inside the WebSocket half of the gateway: what it is made of.
 *
 *     socket ── member ── room      a socket is in several rooms, a room has many sockets
 *       │                   └─ one subscription to its events
 *     token ── user                 sockets share a token, tokens a user
 *               └─ one subscription to the user's own events
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
#define WS_MAX_EMOJI        32
#define WS_MAX_PASSWORD     1024
#define WS_MAX_ROOMS        64 /* of one socket */
#define WS_SOCKETS_PER_USER 100 /* by default */
#define WS_MESSAGES_PER_S   50 /* of one socket, by default; twice as many at once */
#define WS_RATE_BYTES       (16u * 1024) /* so many, inflated, count as one more message */
#define WS_MAX_REFUSED      100 /* messages in a row; who goes on is closed */
#define WS_AUTH_MS          10000
#define WS_CLOSE_MS         2000 /* for the peer to answer a close */
#define WS_PING_MS          30000 /* of silence */
#define WS_MAX_PINGS        2 /* unanswered */
#define WS_TOKEN_CHECK_MS   30000
#define WS_TOKEN_RETRY_MS   3000
#define WS_TYPING_MS        6000
#define WS_TYPING_AGAIN_MS  2000 /* between two calls that say the same */
#define WS_PRESENCE_MS      25000 /* the service forgets after 60 s */
#define WS_PRESENCE_SPREAD  5000 /* some say it again so much earlier */
#define WS_PRESENCE_RETRY   3000
#define WS_HISTORY          50 /* messages for who joins without after_seq */
#define WS_PAGE             200 /* events of a page of history */
#define WS_FRAME_BYTES      (128u * 1024) /* a frame of history that is longer takes no more */
#define WS_HISTORY_BYTES    (512u * 1024) /* of WS_HISTORY, as JSON; what is older stays away */
#define WS_LIST_RETRY_MS    1000
#define WS_RECENT_BYTES     (64u * 1024) /* and all of a room's together */
#define WS_MAX_LISTS        4 /* pages on their way to a socket whose queue was full */
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
        unsigned refs; /* its sockets, tokens and listeners */
        struct ws_socket *sockets;
        unsigned n_sockets;
        struct ws_listener *listeners; /* a reference each */
        bool subscribed; /* asked for */
        bool heard; /* has been there: what comes after a pause may have been missed */
        uint64_t rechecked_ms; /* when the subscription failed for want of a session */
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
        uint64_t recheck; /* the last of ws->n_rechecks that it was part of */
        char text[];
};

/* Lent to who is in the middle of a message. */
struct ws_parser {
        struct ws_parser *next; /* of the spare ones */
        wslay_event_context_ptr wslay;
        struct ws_socket *socket; /* whose it is now */
};

struct ws_reader {
        struct ws_parser *parser; /* NULL between two messages */
        uint64_t n_bytes, n_framed; /* given to it, and of the frames that it has begun */
        bool in_message; /* more frames of it are to come */
        bool is_over; /* no more frames: the peer has closed, or talks nonsense */
        unsigned budget; /* bytes that may still be read in this turn */
        struct buffer early; /* bytes that came with the handshake */
        size_t n_early_read;
        struct buffer kept; /* frames that came while the token was being checked */
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
        struct ws_reader reader;
        unsigned window_bits; /* of what the peer inflates; 0 = nothing is compressed */
        struct ws_queue queue;
        bool is_dirty; /* to be flushed at the end of this turn */
        bool wants_write; /* until the peer has read something */
        bool is_slow; /* to be closed for it */
        bool shut; /* we have said all */
        struct ws_socket *next_dirty;

        uint64_t heard_ms;
        uint64_t deadline_ms; /* of NEW, CHECKING and CLOSING */
        unsigned n_pings;
        unsigned n_refused; /* messages in a row, for want of allowance */
        double allowance; /* messages that it may send now; below 0: the last was a long one */
        uint64_t allowance_ms;

        char client_address[64];
        struct ws_token *token;
        struct ws_socket *prev_of_token, *next_of_token;
        struct ws_user *user; /* while OPEN */
        struct ws_socket *prev_of_user, *next_of_user;
        struct ws_member *members;
        unsigned n_members;
        int64_t last_room_id; /* joined last; 0 = none */

        uint64_t number; /* with ws->instance: the connection's name for the service */
        struct ws_token *presence_token; /* of the report that is on its way; NULL = none is */
        uint64_t presence_at_ms; /* when to report again; 0 = no need to */
        bool presence_reported; /* the last report had rooms in it */
        bool presence_changed; /* since that report */
        bool presence_ended; /* in no room any more, whatever members are left */
};

/* A socket in a room. */
struct ws_member {
        struct ws_socket *socket;
        struct ws_room *room; /* NULL: left while a call is on its way */
        struct ws_member *next_of_socket;
        struct ws_member *prev, *next; /* of the room */
        enum ws_member_state {
                WS_MEMBER_LISTING, /* history, or the way in, is on its way */
                WS_MEMBER_FULL, /* more history when the queue is shorter, or the service answers */
                WS_MEMBER_WAITING, /* until the subscription is there */
                WS_MEMBER_LIVE
        } state;
        unsigned n_calls; /* that are on their way */
        bool announced; /* room_joined is sent */
        bool present; /* has been announced: others may know of it */
        bool resumes; /* asked for after_seq */
        bool has_knocked; /* has asked to be let in */
        bool marks_read; /* a MarkRead is on its way */
        uint64_t retry_at_ms; /* when FULL because the service could not answer */
        char *password; /* until it is in; NULL = none */
        int64_t cursor; /* the last event sent, or not wanted */
        int64_t target; /* what is listed goes at least so far; there it was allowed to be here */
        int64_t history_end; /* the newest when it joined: what follows is sent as if it were live
                              */
        int64_t read_seq; /* read so far */
        int64_t read_sent; /* and told to the service */
        uint64_t typing_ms; /* when the service was told last; 0 = is not typing */
};

/* An event's frame, for those who are joining. */
struct ws_recent {
        int64_t seq;
        struct ws_frame *frame;
        int64_t ends_user_id; /* who is not in the room any more with this; 0 = nobody */
        bool ends_by_choice;
};

/* Somebody who is typing, on whatever gateway. */
struct ws_typist {
        struct ws_typist *next;
        int64_t user_id;
        uint64_t until_ms;
        char username[64];
};

struct ws_room {
        struct ws_room *next; /* of the bucket */
        struct ws *ws;
        int64_t id;
        struct ws_member *members;
        unsigned n_members;
        bool subscribed, live; /* asked for; there */
        int64_t last_seq; /* of the subscription, when live */
        struct ws_recent *recent; /* WS_RECENT of them, by seq modulo that; NULL = none yet */
        size_t recent_bytes;
        char *token; /* that the subscription uses */
        struct ws_typist *typists;
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
        struct ws_ask *asks; /* questions to the coach that are on their way */
        struct ws_token *tokens[WS_BUCKETS];
        struct ws_user *users[WS_BUCKETS];
        struct ws_room *rooms[WS_BUCKETS];
        uint64_t instance; /* random: no other gateway's connections have names like ours */
        uint64_t n_accepted, n_rechecks;
        struct buffer text; /* for the next frame that is written */
        struct ws_deflate deflate;
        struct ws_parser *spare_parsers;
        unsigned n_spare_parsers;
};

/* --- ws.c --- */
void ws_unref(struct ws *ws);
uint64_t ws_now(const struct ws *ws);

/* --- ws_socket.c --- */
void ws_socket_accept(struct ws *ws, const struct ws_peer *peer);
/* Queues a frame; it is written at the end of this turn. A peer that is too far behind is closed.
 */
void ws_socket_send(struct ws_socket *s, struct ws_frame *f);
/* Whether so much waits for the peer that history should wait, too. */
bool ws_socket_is_full(struct ws_socket *s);
/* The same with what is in ws->text, which is cleared. */
void ws_socket_send_text(struct ws_socket *s);
/* Closes with a code and a reason. */
void ws_socket_close(struct ws_socket *s, uint16_t code, const char *reason);
/* Drops the connection at once. */
void ws_socket_drop(struct ws_socket *s);
void ws_socket_flush(struct ws_socket *s);
void ws_socket_tick(struct ws_socket *s);
/* Whether n more bytes may wait for the peer. */
bool ws_socket_has_room(struct ws_socket *s, size_t n);
/* Flushes it at the end of this turn. */
void ws_socket_mark_dirty(struct ws_socket *s);
/* Leaves all that it takes part in; what is queued is still sent. */
void ws_socket_begin_closing(struct ws_socket *s);
void ws_socket_ref(struct ws_socket *s);
void ws_socket_unref(struct ws_socket *s);

/* --- ws_reader.c: what comes from the peer --- */
/* early: what came with the handshake. False: no memory. */
bool ws_reader_init(struct ws_socket *s, const char *early, size_t n_early) MUST_CHECK;
void ws_reader_deinit(struct ws_socket *s);
/* Reads what is there; the socket may be gone afterwards. */
void ws_reader_run(struct ws_socket *s);
/* Works on the frames that came while the token was being checked. */
void ws_reader_replay(struct ws_socket *s);
void ws_reader_free_spare(struct ws *ws);
/* From now on neither pings nor a close are answered. */
void ws_reader_answer_no_more(struct ws_socket *s);
/* Whether the peer has closed; and for good, by what it says. */
bool ws_reader_has_close(const struct ws_socket *s);
bool ws_reader_has_goodbye(const struct ws_socket *s);

/* --- ws_call.c: calls in the name of a socket --- */

/* What an error is about: what the peer called it by. */
struct ws_about {
        const char *client_message_id; /* NULL or "": nothing */
        int64_t room_id, message_id; /* 0: nothing */
        const char *answer_id; /* NULL: nothing */
};

/* An error frame to one socket. about may be NULL. */
void ws_send_error(struct ws_socket *s, const struct error *error, const struct ws_about *about);
/* Starts a call by the right of the socket, which gets a reference for it: callback gives it back.
 * On an error the callback will not run. */
enum status ws_call_start(struct ws_socket *s, const char *method, const ProtobufCMessage *request,
                          soc_callback callback, void *closure, struct error *reterr) MUST_CHECK;
/* The same when an error is all that the peer is told of it. */
enum status ws_call_report(struct ws_socket *s, const char *method, const ProtobufCMessage *request,
                           const struct ws_about *about, struct error *reterr) MUST_CHECK;
/* How a call has ended: when the service says that the session is over by which it was made, it is
 * asked about the one that the socket has now. */
void ws_call_refused(struct ws_socket *s, soc_status status);

/* --- ws_user.c: who --- */
struct ws_user *ws_user_find(struct ws *ws, int64_t id);
/* Made on first use, with a reference; NULL when there is no memory. */
struct ws_user *ws_user_get(struct ws *ws, int64_t id) MUST_CHECK;
void ws_user_unref(struct ws *ws, struct ws_user *u); /* NULL is fine */
void ws_user_attach(struct ws_socket *s, struct ws_user *u);
void ws_user_detach(struct ws_socket *s);
/* Sees to it that the user's own events come, by the right of this token. */
void ws_user_subscribe(struct ws_user *u, const struct ws_token *t);
/* Nobody listens to anybody any more. */
void ws_user_drop_listeners(struct ws *ws);
void ws_user_on_event(void *closure, const Socializer__V1__UserEvent *event);
void ws_user_on_state(void *closure, int64_t user_id, const soc_error *error);

/* --- ws_token.c: by what right --- */
void ws_token_present(struct ws_socket *s, const char *text);
/* The service says that the token is worth nothing: closes its sockets. */
void ws_token_refused(struct ws_token *t);
/* Takes its token away from a socket, and the socket away from its user. */
void ws_token_detach(struct ws_socket *s);
void ws_token_ref(struct ws_token *t);
void ws_token_unref(struct ws_token *t);
/* Asks now about all tokens that the user's sockets have. */
void ws_token_recheck(struct ws_user *u);
/* The same then, if not before. */
void ws_token_recheck_at(struct ws_user *u, uint64_t at_ms);
void ws_token_tick(struct ws *ws);

/* --- ws_rate.c: how much a peer says --- */

/* Takes one message from what the peer may say; is_answered: it is told when it may not, in vain
 * when it goes on and on and is closed for it. */
bool ws_rate_allow(struct ws_socket *s, bool is_answered) MUST_CHECK;
/* What its length counts besides, which may be more than was left. */
void ws_rate_charge(struct ws_socket *s, size_t n_bytes);

/* --- ws_command.c, ws_talk.c: what a peer says --- */
void ws_command_run(struct ws_socket *s, const char *text, size_t n);
enum status ws_talk_message(struct ws_socket *s, json_t *object, struct error *reterr);
enum status ws_talk_edit(struct ws_socket *s, json_t *object, struct error *reterr);
enum status ws_talk_delete(struct ws_socket *s, json_t *object, struct error *reterr);
enum status ws_talk_react(struct ws_socket *s, json_t *object, struct error *reterr);

/* --- ws_field.c: the fields of what it says --- */

/* A text of at most so many characters; NULL when it is not given. */
enum status ws_field_text(json_t *object, const char *name, size_t max, const char **ret,
                          struct error *reterr) MUST_CHECK;
/* *ret stays as it is when the number is not given. */
enum status ws_field_number(json_t *object, const char *name, int64_t least, bool *ret_given,
                            int64_t *ret, struct error *reterr) MUST_CHECK;
/* "general", a number, or digits; 0 when it is not given. */
enum status ws_field_room(json_t *object, int64_t *ret, struct error *reterr) MUST_CHECK;
/* The member that the command is about: of the room that it names, or the one joined last. NULL:
 * there is none, and reterr says why. */
struct ws_member *ws_field_place(struct ws_socket *s, json_t *object, struct error *reterr);
/* The same for what is said there. It may be joining still: a peer need not wait for room_joined
 * before it goes on, unless it has to be let in first. */
struct ws_member *ws_field_speaker(struct ws_socket *s, json_t *object, struct error *reterr);
/* The same for what the others in the room see or what tells of them: only once the service has
 * said that the peer may be there. */
struct ws_member *ws_field_member(struct ws_socket *s, json_t *object, struct error *reterr);

/* --- ws_room.c, ws_event.c: where --- */
struct ws_room *ws_room_find(struct ws *ws, int64_t id);
struct ws_room *ws_room_get(struct ws *ws, int64_t id) MUST_CHECK; /* made; NULL: no memory */
/* Forgets the room when nobody is in it. */
void ws_room_put(struct ws_room *r);
/* Sees to it that events come, by the right of this socket. */
void ws_room_subscribe(struct ws_room *r, const struct ws_socket *s);
/* Sees to it by another one's right than the one that did not do. */
void ws_room_take_over(struct ws_room *r);
/* What is in ws->text to everybody in the room but one user (0: nobody is left out). */
void ws_room_broadcast_text(struct ws_room *r, int64_t but_user_id);
/* Everybody goes. The room is gone then. */
void ws_room_close(struct ws_room *r, const char *reason);
void ws_room_drop_recent(struct ws_room *r);
void ws_room_tick(struct ws *ws);
void ws_event_on_event(void *closure, const Socializer__V1__RoomEvent *event);
void ws_event_on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                       int64_t last_seq, const soc_error *error);

/* --- ws_member.c, ws_history.c: a socket in a room --- */
struct ws_member *ws_member_find(const struct ws_socket *s, int64_t room_id);
/* password may be NULL; after_seq -1: not given. */
void ws_member_join(struct ws_socket *s, int64_t room_id, const char *password, int64_t after_seq);
/* Leaves; tells the socket why, unless reason is NULL. */
void ws_member_leave(struct ws_member *m, const char *reason);
void ws_member_offer(struct ws_member *m, int64_t seq, struct ws_frame *f);
void ws_member_forget_password(struct ws_member *m);
/* Says that something is gone for good; it goes on with the event next. */
void ws_member_lost(struct ws_member *m, int64_t next, int64_t first_seq, int64_t last_seq);
/* A call has ended. False: the member had left before, and is gone now or with the last call. */
bool ws_member_call_ended(struct ws_member *m);
/* Marks what the peer has read, as far as seq. */
void ws_member_read(struct ws_member *m, int64_t seq);
/* Reads the room from the member's cursor on; the first time, asks whether it may. */
void ws_history_list(struct ws_member *m);
/* The subscription is there, or the queue has become shorter. */
void ws_history_continue(struct ws_member *m);

/* --- ws_typing.c --- */
void ws_typing_set(struct ws_member *m, bool is_typing);
void ws_typing_event(struct ws_room *r, const Socializer__V1__Typing *typing);
void ws_typing_tick(struct ws_room *r, uint64_t now);
void ws_typing_clear(struct ws_room *r);

/* --- ws_coach.c --- */
enum status ws_coach_message(struct ws_socket *s, json_t *object, struct error *reterr);
enum status ws_coach_cancel(struct ws_socket *s, json_t *object, struct error *reterr);
/* Whether the event is not for this socket: it has asked, and the reply tells the end. */
bool ws_coach_hides(const struct ws_socket *s, const Socializer__V1__UserEvent *event);
/* After the event has been sent to whom it is for. */
void ws_coach_told(struct ws *ws, const Socializer__V1__UserEvent *event);
/* It ends. is_goodbye: by the peer's will, so that nobody wants its answers any more. */
void ws_coach_leave(struct ws_socket *s, bool is_goodbye);
void ws_coach_tick(struct ws *ws);

/* --- ws_presence.c: telling the service who is where, and asking it --- */

/* The rooms of the socket have changed. */
void ws_presence_changed(struct ws_socket *s);
/* It ends: one report for all of its rooms. Before its token is taken away. */
void ws_presence_end(struct ws_socket *s);
void ws_presence_tick(struct ws_socket *s, uint64_t now);
/* room_id 0: anywhere. */
enum status ws_presence_list(struct ws_socket *s, int64_t room_id, struct error *reterr) MUST_CHECK;

/* --- ws_json.c: what is sent, appended to ws->text --- */
void ws_json_error(struct ws *ws, const struct error *error, const struct ws_about *about);
void ws_json_established(struct ws *ws, const struct ws_user *user);
void ws_json_pong(struct ws *ws);
/* A message that was there already. */
void ws_json_message_sent(struct ws *ws, const Socializer__V1__RoomMessage *message);
void ws_json_room_joined(struct ws *ws, int64_t room_id, int64_t last_seq, bool recovered,
                         int64_t first_seq);
void ws_json_room_left(struct ws *ws, int64_t room_id, const char *reason);
void ws_json_presence(struct ws *ws, int64_t room_id, const Socializer__V1__Presence *presence);
void ws_json_typing(struct ws *ws, int64_t room_id, int64_t user_id, const char *username,
                    bool is_typing);
void ws_json_read(struct ws *ws, int64_t room_id, const Socializer__V1__ReadMark *mark);
void ws_json_online(struct ws *ws, int64_t room_id,
                    const Socializer__V1__ListOnlineUsersResponse *online);
void ws_json_coach_answer(struct ws *ws, const Socializer__V1__ChatResponse *response,
                          const char *client_message_id);
/* False when there is nothing to say. */
bool ws_json_user_event(struct ws *ws, const Socializer__V1__UserEvent *event);

/* --- ws_json_event.c: the same of durable events --- */
void ws_json_event(struct ws *ws, const Socializer__V1__RoomEvent *event);
/* And of what the coach says in a room while it does. */
void ws_json_room_coach_delta(struct ws *ws, int64_t room_id,
                              const Socializer__V1__RoomCoachDelta *delta);
void ws_json_room_coach_done(struct ws *ws, int64_t room_id,
                             const Socializer__V1__RoomCoachDone *done);
/* A frame of messages: begun, filled, ended. */
void ws_json_history_begin(struct ws *ws, int64_t room_id);
void ws_json_history_add(struct ws *ws, const Socializer__V1__RoomMessage *message, bool is_first);
void ws_json_history_end(struct ws *ws);
/* ,"name":"value" */
void ws_json_text(struct buffer *b, const char *name, const char *value);
/* ,"user_id":1,"username":"ada" */
void ws_json_user(struct buffer *b, int64_t user_id, const char *username);

#endif
