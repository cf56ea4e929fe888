/* What happened before and while a socket joins. Joining is a short race between history, which is
 * read from the service, and events, which go on meanwhile; each event is sent once and in order,
 * because a member knows the number of the last one that it was sent:
 *
 *     LISTING ──▶ WAITING ──▶ LIVE      until the subscription is there and history reaches it
 *        ▲│
 *        │▼
 *       FULL                            while the peer has not read what was sent before
 *
 * Who comes without after_seq begins with the last messages as they are now, and so with all events
 * up to the newest behind it; from there on, as for who resumes, the events themselves follow. */
#include "gateway/ws_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* Tells what has become of the peer's join_room. */
static void send_join_error(struct ws_member *m, const struct error *error)
{
        const struct ws_about about = {.room_id = m->room->id};
        struct error copy = *error;

        snprintf(copy.text, sizeof(copy.text), "joining room %" PRId64 ": %s", m->room->id,
                 error->text);
        ws_send_error(m->socket, &copy, &about);
}

/* No history, and so no room; or, when it has begun already, more of it later: who has been there
 * and joins again is not put out because the service is away. */
static void fail(struct ws_member *m, const struct error *error)
{
        const struct ws_about about = {.room_id = m->room->id};
        struct ws_socket *s = m->socket;
        const char *reason = error->status == STATUS_NOT_FOUND ? "deleted" : "removed";

        if (m->present && !status_is_final(error->status)) {
                m->state = WS_MEMBER_FULL;
                m->retry_at_ms = ws_now(s->ws) + WS_LIST_RETRY_MS;
                m->has_knocked = false;
                return;
        }
        if (m->announced)
                ws_send_error(s, error, &about);
        else
                send_join_error(m, error);
        ws_member_leave(m, m->present ? reason : NULL);
        ws_call_refused(s, (soc_status)error->status);
}

static void start(struct ws_member *m, const char *method, const ProtobufCMessage *request,
                  soc_callback callback)
{
        struct error error;

        m->state = WS_MEMBER_LISTING;
        if (ws_call_start(m->socket, method, request, callback, m, &error) == STATUS_OK)
                m->n_calls++;
        else
                fail(m, &error);
}

/* --- getting in --- */

static void on_let_in(void *closure, soc_status status, const ProtobufCMessage *response,
                      const soc_error *error)
{
        struct ws_member *m = closure;
        struct ws_socket *s = m->socket;

        (void)response;
        if (ws_member_call_ended(m)) {
                if (status == SOC_OK)
                        ws_history_list(m);
                else
                        fail(m, (const struct error *)error);
        }
        ws_socket_unref(s);
}

/* The room may not be read, but maybe entered. */
static void knock(struct ws_member *m)
{
        Socializer__V1__JoinRoomRequest request = SOCIALIZER__V1__JOIN_ROOM_REQUEST__INIT;

        m->has_knocked = true;
        request.room_id = m->room->id;
        if (m->password)
                request.password = m->password;
        start(m, "socializer.v1.ChatService/JoinRoom", &request.base, on_let_in);
}

static void refused(struct ws_member *m, const struct error *error)
{
        if (error->status == STATUS_PERMISSION_DENIED && !m->announced && !m->has_knocked)
                knock(m);
        else
                fail(m, error);
}

/* The room is there and may be read: says so. next: the first event that is there behind cursor. */
static void announce(struct ws_member *m, int64_t next, int64_t last_seq, int64_t first_seq)
{
        struct ws *ws = m->room->ws;
        bool recovered = !m->resumes || next == m->cursor + 1;
        bool was_present = m->present;

        ws_json_room_joined(ws, m->room->id, last_seq, recovered, first_seq);
        ws_socket_send_text(m->socket);
        ws_member_forget_password(m);
        m->announced = true;
        m->present = true;
        m->cursor = next - 1;
        m->history_end = last_seq;
        ws_room_subscribe(m->room, m->socket);
        if (!was_present)
                ws_presence_changed(m->socket);
}

/* --- the last messages --- */

/* Sends a frame of the messages that are first; how many it took is returned. */
static size_t send_frame(struct ws_member *m, Socializer__V1__RoomMessage *const *messages,
                         size_t n)
{
        struct ws *ws = m->room->ws;
        size_t i = 0;

        ws_json_history_begin(ws, m->room->id);
        for (; i < n && ws->text.n_bytes < WS_FRAME_BYTES; i++)
                ws_json_history_add(ws, messages[i], i == 0);
        ws_json_history_end(ws);
        ws_socket_send_text(m->socket);
        return i;
}

/* Where those messages begin that are short enough together, as what they become: it may be six
 * times as long as what the service counts. */
static size_t first_that_fits(struct ws *ws, const Socializer__V1__ListRoomMessagesResponse *r)
{
        size_t first = r->n_messages, n_bytes = 0;

        for (; first > 0; first--) {
                ws_json_history_add(ws, r->messages[first - 1], true);
                n_bytes += ws->text.n_bytes;
                buffer_clear(&ws->text);
                if (n_bytes > WS_HISTORY_BYTES)
                        break;
        }
        return first;
}

static void take_messages(struct ws_member *m, const Socializer__V1__ListRoomMessagesResponse *r)
{
        size_t at;

        if (ws_socket_is_full(m->socket)) {
                m->state = WS_MEMBER_FULL; /* other rooms' pages came first */
                return;
        }
        announce(m, r->last_seq + 1, r->last_seq, r->first_seq);
        at = first_that_fits(m->room->ws, r);
        do
                at += send_frame(m, r->messages + at, r->n_messages - at);
        while (at < r->n_messages);
        m->target = r->last_seq;
        ws_history_continue(m);
}

static void on_messages(void *closure, soc_status status, const ProtobufCMessage *response,
                        const soc_error *error)
{
        struct ws_member *m = closure;
        struct ws_socket *s = m->socket;

        if (ws_member_call_ended(m)) {
                if (status == SOC_OK)
                        take_messages(m,
                                      (const Socializer__V1__ListRoomMessagesResponse *)response);
                else
                        refused(m, (const struct error *)error);
        }
        ws_socket_unref(s);
}

/* --- events --- */

static bool is_message(const Socializer__V1__RoomEvent *event)
{
        return event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE;
}

/* Sends the messages that events begin with as one frame, or as many as it takes; how many is
 * returned. At the very beginning there is a frame even without any. */
static size_t send_run(struct ws_member *m, Socializer__V1__RoomEvent *const *events, size_t n,
                       bool is_first)
{
        Socializer__V1__RoomMessage *messages[WS_PAGE];
        size_t n_run = 0;

        for (; n_run < n && n_run < WS_PAGE && is_message(events[n_run]) &&
               events[n_run]->seq <= m->history_end;
             n_run++)
                messages[n_run] = events[n_run]->message;
        if (n_run == 0 && !is_first)
                return 0;
        return send_frame(m, messages, n_run);
}

/* Sends events until so much waits that the rest is better asked for again. */
static void send_events(struct ws_member *m, Socializer__V1__RoomEvent *const *events, size_t n,
                        bool is_first)
{
        size_t i = 0;

        if (is_first)
                i = send_run(m, events, ws_socket_is_full(m->socket) ? 0 : n, true);
        while (i < n && !ws_socket_is_full(m->socket)) {
                size_t n_run = send_run(m, events + i, n - i, false);

                if (n_run == 0) {
                        ws_json_event(m->room->ws, events[i]);
                        ws_socket_send_text(m->socket);
                        n_run = 1;
                }
                i += n_run;
        }
        if (i > 0)
                m->cursor = events[i - 1]->seq;
}

static void take_events(struct ws_member *m, const Socializer__V1__ListRoomEventsResponse *r)
{
        int64_t next = r->n_events > 0 ? r->events[0]->seq : r->last_seq + 1;
        bool is_first = !m->announced;

        if (is_first)
                announce(m, next, r->last_seq, r->first_seq);
        else if (next != m->cursor + 1)
                ws_member_lost(m, next, r->first_seq, r->last_seq);
        send_events(m, r->events, r->n_events, is_first);
        m->target = r->last_seq;
        ws_history_continue(m);
}

static void on_events(void *closure, soc_status status, const ProtobufCMessage *response,
                      const soc_error *error)
{
        struct ws_member *m = closure;
        struct ws_socket *s = m->socket;

        if (ws_member_call_ended(m)) {
                if (status == SOC_OK)
                        take_events(m, (const Socializer__V1__ListRoomEventsResponse *)response);
                else
                        refused(m, (const struct error *)error);
        }
        ws_socket_unref(s);
}

void ws_history_list(struct ws_member *m)
{
        Socializer__V1__ListRoomEventsRequest events =
                SOCIALIZER__V1__LIST_ROOM_EVENTS_REQUEST__INIT;
        Socializer__V1__ListRoomMessagesRequest messages =
                SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__INIT;

        if (m->announced || m->resumes) {
                events.room_id = m->room->id;
                events.after_seq = m->cursor;
                events.page_size = WS_PAGE;
                start(m, "socializer.v1.ChatService/ListRoomEvents", &events.base, on_events);
        } else {
                messages.room_id = m->room->id;
                messages.page_size = WS_HISTORY;
                start(m, "socializer.v1.ChatService/ListRoomMessages", &messages.base, on_messages);
        }
}

/* --- catching up --- */

static bool has_recent(const struct ws_room *r, int64_t after_seq)
{
        for (int64_t seq = after_seq + 1; seq <= r->last_seq; seq++)
                if (!r->recent || r->last_seq - seq >= WS_RECENT ||
                    r->recent[(uint64_t)seq % WS_RECENT].seq != seq ||
                    !r->recent[(uint64_t)seq % WS_RECENT].frame)
                        return false;
        return true;
}

/* Sends the events since cursor from the room's memory. False: the member's own end was among them,
 * and it has left. */
static bool send_recent(struct ws_member *m)
{
        const struct ws_room *r = m->room;
        while (m->cursor < r->last_seq) {
                const struct ws_recent *recent = &r->recent[(uint64_t)(m->cursor + 1) % WS_RECENT];

                ws_socket_send(m->socket, recent->frame);
                m->cursor++;
                if (recent->ends_user_id == m->socket->user->id) {
                        ws_member_leave(m, recent->ends_by_choice ? "left" : "removed");
                        return false;
                }
        }
        return true;
}

void ws_history_continue(struct ws_member *m)
{
        const struct ws_room *r = m->room;
        bool behind =
                !m->announced || m->cursor < m->target || (r->live && m->cursor < r->last_seq);
        bool is_full = behind && ws_socket_is_full(m->socket);

        if (behind && !is_full && m->announced && m->cursor >= m->target &&
            has_recent(r, m->cursor)) {
                if (!send_recent(m))
                        return;
                behind = false;
        }
        if (!behind)
                m->state = r->live ? WS_MEMBER_LIVE : WS_MEMBER_WAITING;
        else if (is_full)
                m->state = WS_MEMBER_FULL;
        else
                ws_history_list(m);
}
