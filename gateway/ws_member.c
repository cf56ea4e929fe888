/* A socket in a room. Joining is a short race between history, which is read from the service, and
 * events, which go on meanwhile; each message is sent once and in order, because a member knows the
 * last number that it was sent:
 *
 *     LISTING ──▶ WAITING ──▶ LIVE      until the subscription is there and history reaches it
 *        ▲│
 *        │▼
 *       FULL                            while the peer has not read the last page
 */
#include "gateway/ws_internal.h"

#include <string.h>

struct ws_member *ws_member_find(const struct ws_socket *s, int64_t room_id)
{
        for (struct ws_member *m = s->members; m; m = m->next_of_socket)
                if (m->room->id == room_id)
                        return m;
        return NULL;
}

bool ws_member_has_twin(const struct ws_member *m)
{
        for (struct ws_socket *s = m->socket->user->sockets; s; s = s->next_of_user) {
                struct ws_member *other = s == m->socket ? NULL : ws_member_find(s, m->room->id);

                if (other && other->present)
                        return true;
        }
        return false;
}

bool ws_member_is_first(const struct ws_member *m)
{
        for (struct ws_socket *s = m->socket->user->sockets; s != m->socket; s = s->next_of_user) {
                struct ws_member *other = ws_member_find(s, m->room->id);

                if (other && other->present)
                        return false;
        }
        return true;
}

void ws_member_type(struct ws_member *m, bool is_typing)
{
        struct ws_room *r = m->room;
        const struct ws_user *u = m->socket->user;
        bool was = m->typing_until_ms != 0;

        m->typing_until_ms = is_typing ? ws_now(r->ws) + WS_TYPING_MS : 0;
        if (is_typing == was)
                return;
        r->n_typing += is_typing ? 1 : -1u;
        ws_json_typing(r->ws, r->id, u->id, u->username, is_typing);
        ws_room_broadcast_text(r, m->socket);
}

static void unlink_member(struct ws_member *m)
{
        struct ws_room *r = m->room;
        struct ws_socket *s = m->socket;

        if (m->prev)
                m->prev->next = m->next;
        else
                r->members = m->next;
        if (m->next)
                m->next->prev = m->prev;
        r->n_members--;
        for (struct ws_member **at = &s->members; *at; at = &(*at)->next_of_socket) {
                if (*at == m) {
                        *at = m->next_of_socket;
                        break;
                }
        }
        s->n_members--;
        if (s->last_room_id == r->id)
                s->last_room_id = s->members ? s->members->room->id : 0;
        m->room = NULL;
}

void ws_member_leave(struct ws_member *m, const char *reason)
{
        struct ws_room *r = m->room;
        struct ws *ws = r->ws;

        if (m->present) {
                if (m->typing_until_ms)
                        ws_member_type(m, false);
                if (!ws_member_has_twin(m)) {
                        ws_json_presence(ws, "user_left", r->id, m->socket->user);
                        ws_room_broadcast_text(r, m->socket);
                }
        }
        if (reason) {
                ws_json_room_left(ws, r->id, reason);
                ws_socket_send_text(m->socket);
        }
        unlink_member(m);
        ws_room_put(r);
        if (m->state != WS_MEMBER_LISTING)
                free(m); /* else on_list() does */
}

/* --- history --- */

static void on_list(void *closure, soc_status status, const ProtobufCMessage *response,
                    const soc_error *error);

/* No history, and so no room. */
static void fail(struct ws_member *m, const struct error *error)
{
        struct ws_socket *s = m->socket;

        m->state = WS_MEMBER_FULL;
        ws_send_error(s, error, NULL);
        ws_member_leave(m, m->announced ? "removed" : NULL);
        if (error->status == STATUS_UNAUTHENTICATED && s->token)
                ws_token_refused(s->token);
}

static void list(struct ws_member *m)
{
        struct ws *ws = m->room->ws;
        struct ws_socket *s = m->socket;
        Socializer__V1__ListRoomMessagesRequest request =
                SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__INIT;
        const soc_call_options options = {.token = s->token->text,
                                          .client_address = s->client_address};
        soc_error error;

        request.room_id = m->room->id;
        if (m->announced || m->resumes) {
                request.page_size = WS_PAGE;
                request.after_set_case =
                        SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__AFTER_SET_AFTER_SEQ;
                request.after_seq = m->cursor;
        } else {
                request.page_size = WS_HISTORY;
        }
        m->state = WS_MEMBER_LISTING;
        if (soc_call_start(ws->gateway->client, "socializer.v1.ChatService/ListRoomMessages",
                           &request.base, &options, on_list, m, NULL, &error) == SOC_OK)
                ws_socket_ref(s);
        else
                fail(m, (const struct error *)&error);
}

/* The room is there and may be read: says so, and tells the others. */
static void announce(struct ws_member *m, const Socializer__V1__ListRoomMessagesResponse *r)
{
        struct ws *ws = m->room->ws;
        int64_t next = r->n_messages > 0 ? r->messages[0]->seq : r->last_seq + 1;
        bool recovered = !m->resumes || next == m->cursor + 1;

        ws_json_room_joined(ws, m->room->id, r->last_seq, recovered, r->first_seq);
        ws_socket_send_text(m->socket);
        m->announced = true;
        m->cursor = next - 1;
        if (!m->present && !ws_member_has_twin(m)) {
                ws_json_presence(ws, "user_joined", m->room->id, m->socket->user);
                ws_room_broadcast_text(m->room, m->socket);
        }
        m->present = true;
        ws_room_subscribe(m->room, m->socket);
}

/* Sends what was said while the socket was joining. */
static void send_messages(struct ws_member *m, Socializer__V1__RoomMessage *const *messages,
                          size_t n)
{
        for (size_t i = 0; i < n; i++) {
                ws_json_message(m->room->ws, messages[i]);
                ws_socket_send_text(m->socket);
        }
}

static void take_list(struct ws_member *m, const Socializer__V1__ListRoomMessagesResponse *r)
{
        struct ws *ws = m->room->ws;
        bool is_first = !m->announced;
        size_t n_history = 0;

        if (is_first) {
                announce(m, r);
                m->history_end = r->last_seq;
        }
        while (n_history < r->n_messages && r->messages[n_history]->seq <= m->history_end)
                n_history++;
        if (is_first || n_history > 0) {
                ws_json_history(ws, m->room->id, r->messages, n_history);
                ws_socket_send_text(m->socket);
        }
        send_messages(m, r->messages + n_history, r->n_messages - n_history);
        if (r->n_messages > 0)
                m->cursor = r->messages[r->n_messages - 1]->seq;
        else if (m->cursor < r->last_seq)
                m->cursor = r->last_seq; /* what is missing is not there */
        m->target = r->last_seq;
        ws_member_continue(m);
}

static void on_list(void *closure, soc_status status, const ProtobufCMessage *response,
                    const soc_error *error)
{
        struct ws_member *m = closure;
        struct ws_socket *s = m->socket;

        if (!m->room) {
                free(m);
        } else if (status == SOC_OK) {
                m->state = WS_MEMBER_FULL;
                take_list(m, (const Socializer__V1__ListRoomMessagesResponse *)response);
        } else {
                fail(m, (const struct error *)error);
        }
        ws_socket_unref(s);
}

/* Sends the events since cursor from the room's memory; false when it does not reach back so far.
 */
static bool send_recent(struct ws_member *m)
{
        struct ws_room *r = m->room;

        for (int64_t seq = m->cursor + 1; seq <= r->last_seq; seq++)
                if (r->last_seq - seq >= WS_RECENT ||
                    r->recent[(uint64_t)seq % WS_RECENT].seq != seq ||
                    !r->recent[(uint64_t)seq % WS_RECENT].frame)
                        return false;
        for (int64_t seq = m->cursor + 1; seq <= r->last_seq; seq++)
                ws_socket_send(m->socket, r->recent[(uint64_t)seq % WS_RECENT].frame);
        return true;
}

void ws_member_continue(struct ws_member *m)
{
        struct ws_room *r = m->room;
        bool behind = m->cursor < m->target || (r->live && m->cursor < r->last_seq);

        if (behind && m->cursor >= m->target && send_recent(m)) {
                m->cursor = r->last_seq;
                behind = false;
        }
        if (!behind)
                m->state = r->live ? WS_MEMBER_LIVE : WS_MEMBER_WAITING;
        else if (m->socket->queue.n_bytes > WS_PAGE_QUEUE_BYTES)
                m->state = WS_MEMBER_FULL;
        else
                list(m);
}

void ws_member_offer(struct ws_member *m, int64_t seq, struct ws_frame *f)
{
        if (m->state != WS_MEMBER_LIVE || seq <= m->cursor)
                return;
        m->cursor = seq;
        ws_socket_send(m->socket, f);
}

/* --- joining --- */

static struct ws_member *add(struct ws_socket *s, struct ws_room *r)
{
        struct ws_member *m = calloc(1, sizeof(*m));

        if (!m)
                return NULL;
        m->socket = s;
        m->room = r;
        m->next = r->members;
        if (r->members)
                r->members->prev = m;
        r->members = m;
        r->n_members++;
        m->next_of_socket = s->members;
        s->members = m;
        s->n_members++;
        return m;
}

/* The socket's new place in a room; NULL, and the socket told, when there is none. */
static struct ws_member *enter(struct ws_socket *s, int64_t room_id)
{
        struct ws_room *r;
        struct ws_member *m;
        struct error error;

        if (s->n_members >= WS_MAX_ROOMS) {
                error_set(&error, STATUS_RESOURCE_EXHAUSTED, "at most %d rooms for a connection",
                          WS_MAX_ROOMS);
                ws_send_error(s, &error, NULL);
                return NULL;
        }
        r = ws_room_get(s->ws, room_id);
        m = r ? add(s, r) : NULL;
        if (!m) {
                error_retry(&error, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
                ws_send_error(s, &error, NULL);
                if (r)
                        ws_room_put(r);
        }
        return m;
}

void ws_member_join(struct ws_socket *s, int64_t room_id, int64_t after_seq)
{
        struct ws_member *m = ws_member_find(s, room_id);
        struct error error;

        if (m && m->state == WS_MEMBER_LISTING) {
                error_set(&error, STATUS_FAILED_PRECONDITION, "you are joining this room already");
                ws_send_error(s, &error, NULL);
                return;
        }
        if (!m)
                m = enter(s, room_id);
        if (!m)
                return;
        /* Who joins again begins anew; the others do not notice. */
        m->announced = false;
        m->resumes = after_seq >= 0;
        m->cursor = after_seq >= 0 ? after_seq : 0;
        m->target = 0;
        s->last_room_id = room_id;
        list(m);
}
