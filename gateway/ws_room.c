/* Rooms that somebody here follows: their events, which go to everybody in them. */
#include "gateway/ws_internal.h"

#include <string.h>

static size_t bucket(int64_t id)
{
        return (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 32) % WS_BUCKETS;
}

struct ws_room *ws_room_find(struct ws *ws, int64_t id)
{
        for (struct ws_room *r = ws->rooms[bucket(id)]; r; r = r->next)
                if (r->id == id)
                        return r;
        return NULL;
}

struct ws_room *ws_room_get(struct ws *ws, int64_t id)
{
        struct ws_room *r = ws_room_find(ws, id);

        if (r)
                return r;
        r = calloc(1, sizeof(*r));
        if (!r)
                return NULL;
        r->ws = ws;
        r->id = id;
        r->next = ws->rooms[bucket(id)];
        ws->rooms[bucket(id)] = r;
        return r;
}

static void drop_recent(struct ws_room *r)
{
        for (size_t i = 0; i < WS_RECENT; i++) {
                ws_frame_unref(r->recent[i].frame);
                r->recent[i] = (struct ws_recent){0};
        }
}

static void unsubscribe(struct ws_room *r)
{
        if (r->subscribed && r->ws->subscriber)
                soc_unsubscribe(r->ws->subscriber, r->id);
        r->subscribed = r->live = false;
        if (r->token)
                explicit_bzero(r->token, strlen(r->token));
        free(r->token);
        r->token = NULL;
}

void ws_room_put(struct ws_room *r)
{
        if (r->members)
                return;
        for (struct ws_room **at = &r->ws->rooms[bucket(r->id)]; *at; at = &(*at)->next) {
                if (*at == r) {
                        *at = r->next;
                        break;
                }
        }
        unsubscribe(r);
        drop_recent(r);
        free(r);
}

void ws_room_subscribe(struct ws_room *r, const struct ws_socket *s)
{
        if (r->subscribed || !r->ws->subscriber)
                return;
        free(r->token);
        r->token = strdup(s->token->text);
        if (!r->token)
                return;
        /* What everybody here has seen already is known by number, so the next subscription goes on
         * where the last one ended. */
        if (soc_subscribe(r->ws->subscriber, r->id, r->live ? r->last_seq : -1, r->token, NULL) ==
            SOC_OK) {
                r->subscribed = true;
        } else {
                free(r->token);
                r->token = NULL;
        }
}

void ws_room_broadcast(struct ws_room *r, struct ws_frame *f, const struct ws_socket *but)
{
        if (!f)
                return;
        for (struct ws_member *m = r->members; m; m = m->next)
                if (m->announced && (!but || m->socket->user != but->user))
                        ws_socket_send(m->socket, f);
}

void ws_room_broadcast_text(struct ws_room *r, const struct ws_socket *but)
{
        struct ws_frame *f = ws_frame_text(&r->ws->text);

        buffer_clear(&r->ws->text);
        ws_room_broadcast(r, f, but);
        ws_frame_unref(f);
}

/* --- events --- */

static void on_message(void *closure, const Socializer__V1__RoomMessage *message)
{
        struct ws *ws = closure;
        struct ws_room *r = ws_room_find(ws, message->room_id);
        struct ws_recent *recent;

        if (!r)
                return;
        ws_json_message(ws, message);
        r->last_seq = message->seq;
        recent = &r->recent[(uint64_t)message->seq % WS_RECENT];
        ws_frame_unref(recent->frame);
        *recent = (struct ws_recent){message->seq, ws_frame_text(&ws->text)};
        buffer_clear(&ws->text);
        for (struct ws_member *m = r->members; m; m = m->next)
                ws_member_offer(m, message->seq, recent->frame);
}

/* Something is gone for good: the members learn from where on it goes on. */
static void tell_loss(struct ws_room *r, int64_t first_seq, int64_t last_seq)
{
        for (struct ws_member *m = r->members; m; m = m->next) {
                if (m->state != WS_MEMBER_LIVE)
                        continue;
                ws_json_room_joined(r->ws, r->id, last_seq, false, first_seq);
                ws_socket_send_text(m->socket);
                if (m->cursor > last_seq)
                        m->cursor = last_seq;
        }
}

static void on_live(struct ws_room *r, bool recovered, int64_t first_seq, int64_t last_seq)
{
        if (r->live && recovered)
                return;
        drop_recent(r);
        if (r->live) {
                tell_loss(r, first_seq, last_seq);
                r->last_seq = first_seq > last_seq || first_seq == 0 ? last_seq : first_seq - 1;
                return;
        }
        r->live = true;
        r->last_seq = last_seq;
        for (struct ws_member *m = r->members, *next; m; m = next) {
                next = m->next;
                if (m->state == WS_MEMBER_WAITING)
                        ws_member_continue(m);
        }
}

/* A member by whose right the room can be followed instead; NULL when there is none. */
static const struct ws_socket *other_right(const struct ws_room *r)
{
        for (struct ws_member *m = r->members; m; m = m->next)
                if (m->announced && m->socket->token &&
                    (!r->token || strcmp(m->socket->token->text, r->token) != 0))
                        return m->socket;
        return NULL;
}

static void on_end(struct ws_room *r, const struct error *error)
{
        const struct ws_socket *s = other_right(r);

        r->subscribed = false;
        if (s && error->status != STATUS_NOT_FOUND) {
                ws_room_subscribe(r, s);
                if (r->subscribed)
                        return;
        }
        while (r->members) {
                struct ws_member *m = r->members;
                bool last = !m->next;

                ws_send_error(m->socket, error, NULL);
                ws_member_leave(m, "removed");
                if (last) /* the room went with its last member */
                        return;
        }
}

static void on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        struct ws *ws = closure;
        struct ws_room *r = ws_room_find(ws, room_id);

        if (!r)
                return;
        if (error)
                on_end(r, (const struct error *)error);
        else
                on_live(r, recovered, first_seq, last_seq);
}

static void on_event(void *closure, const Socializer__V1__RoomEvent *event)
{
        struct ws *ws = closure;
        struct ws_room *r = ws_room_find(ws, event->room_id);

        if (!r || event->event_case != SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING)
                return;
        ws_json_typing(ws, r->id, event->typing->user_id, event->typing->username,
                       event->typing->is_typing);
        ws_room_broadcast_text(r, NULL);
}

const soc_subscriber_options ws_room_subscriber_options = {
        .on_message = on_message,
        .on_state = on_state,
        .on_event = on_event,
};

/* Who began to type and went silent is not typing any more. */
static void end_typing(struct ws_room *r, uint64_t now)
{
        for (struct ws_member *m = r->members; m && r->n_typing > 0; m = m->next)
                if (m->typing_until_ms && now >= m->typing_until_ms)
                        ws_member_type(m, false);
}

static void tick(struct ws_room *r, uint64_t now)
{
        const struct ws_socket *s = r->subscribed ? NULL : other_right(r);

        if (s)
                ws_room_subscribe(r, s);
        if (r->n_typing > 0)
                end_typing(r, now);
}

void ws_room_tick(struct ws *ws)
{
        uint64_t now = ws_now(ws);

        for (size_t i = 0; i < WS_BUCKETS; i++)
                for (struct ws_room *r = ws->rooms[i]; r; r = r->next)
                        tick(r, now);
        ws->gateway->counters.events_gaps = soc_subscriber_gaps(ws->subscriber);
}
