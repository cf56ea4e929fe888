/* What happens in rooms: each event is written and framed once, for everybody in its room. */
#include "gateway/ws_internal.h"

#include <string.h>

/* Whose membership ends with this event; 0: nobody's. */
static int64_t ends_user(const Socializer__V1__RoomEvent *event)
{
        if (event->event_case != SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER)
                return 0;
        switch (event->member->kind) {
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_LEFT:
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_REMOVED:
        case SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_BANNED:
                return event->member->user_id;
        default:
                return 0;
        }
}

static bool is_by_choice(const Socializer__V1__RoomEvent *event)
{
        return event->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MEMBER &&
               event->member->kind == SOCIALIZER__V1__MEMBER_CHANGE_KIND__MEMBER_CHANGE_KIND_LEFT;
}

/* Somebody is not in the room any more: neither are their sockets, unless the service has said
 * since that they may be. Those that are joining are told by the service. */
static void end_memberships(struct ws_room *r, const Socializer__V1__RoomEvent *event)
{
        int64_t user_id = ends_user(event);

        for (struct ws_member *m = user_id ? r->members : NULL, *next; m; m = next) {
                next = m->next; /* the room goes with its last member */
                if (m->announced && m->socket->user->id == user_id && event->seq > m->target)
                        ws_member_leave(m, is_by_choice(event) ? "left" : "removed");
        }
}

static void forget(struct ws_room *r, struct ws_recent *recent)
{
        if (recent->frame)
                r->recent_bytes -= recent->frame->n_bytes;
        ws_frame_unref(recent->frame);
        *recent = (struct ws_recent){0};
}

/* Keeps the event's frame for those who are joining, in the place of the oldest. */
static void remember(struct ws_room *r, const Socializer__V1__RoomEvent *event, struct ws_frame *f)
{
        struct ws_recent *recent;

        if (!r->recent)
                r->recent = calloc(WS_RECENT, sizeof(*r->recent));
        if (!r->recent)
                return; /* they ask the service */
        recent = &r->recent[(uint64_t)event->seq % WS_RECENT];
        forget(r, recent);
        *recent = (struct ws_recent){
                .seq = event->seq,
                .frame = f ? ws_frame_ref(f) : NULL,
                .ends_user_id = ends_user(event),
                .ends_by_choice = is_by_choice(event),
        };
        r->recent_bytes += f ? f->n_bytes : 0;
        for (int64_t seq = event->seq - WS_RECENT + 1;
             r->recent_bytes > WS_RECENT_BYTES && seq < event->seq; seq++)
                forget(r, &r->recent[(uint64_t)seq % WS_RECENT]);
}

static void on_durable(struct ws_room *r, const Socializer__V1__RoomEvent *event)
{
        struct ws_frame *f;

        ws_json_event(r->ws, event);
        f = ws_frame_text(&r->ws->text);
        buffer_clear(&r->ws->text);
        r->last_seq = event->seq;
        remember(r, event, f);
        for (struct ws_member *m = r->members; m; m = m->next)
                ws_member_offer(m, event->seq, f);
        ws_frame_unref(f);
        end_memberships(r, event);
}

static void on_passing(struct ws_room *r, const Socializer__V1__RoomEvent *event)
{
        switch (event->event_case) {
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING:
                ws_typing_event(r, event->typing);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_PRESENCE:
                ws_json_presence(r->ws, r->id, event->presence);
                ws_room_broadcast_text(r, event->presence->user_id);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_READ:
                ws_json_read(r->ws, r->id, event->read);
                ws_room_broadcast_text(r, event->read->user_id);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_COACH_DELTA:
                ws_json_room_coach_delta(r->ws, r->id, event->coach_delta);
                ws_room_broadcast_text(r, 0);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_COACH_DONE:
                ws_json_room_coach_done(r->ws, r->id, event->coach_done);
                ws_room_broadcast_text(r, 0);
                break;
        case SOCIALIZER__V1__ROOM_EVENT__EVENT_DELETED:
                ws_room_close(r, "deleted");
                break;
        default:
                break;
        }
}

void ws_event_on_event(void *closure, const Socializer__V1__RoomEvent *event)
{
        struct ws_room *r = ws_room_find(closure, event->room_id);

        if (!r)
                return;
        if (event->seq > 0)
                on_durable(r, event);
        else
                on_passing(r, event);
}

/* --- the subscription --- */

/* Something is gone for good: the members learn from where on it goes on. Those that are catching
 * up find out by themselves, unless the room has become shorter: it may be longer again by then. */
static void tell_loss(struct ws_room *r, int64_t first_seq, int64_t last_seq)
{
        for (struct ws_member *m = r->members; m; m = m->next) {
                if (!m->announced || (m->state != WS_MEMBER_LIVE && m->cursor <= last_seq))
                        continue;
                ws_member_lost(m, m->cursor > last_seq ? last_seq + 1 : m->cursor + 1, first_seq,
                               last_seq);
        }
}

static void on_live(struct ws_room *r, bool recovered, int64_t first_seq, int64_t last_seq)
{
        if (r->live && recovered)
                return;
        ws_room_drop_recent(r);
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
                        ws_history_continue(m);
        }
}

/* A member who is there by the right by which the room was followed; NULL when there is none. */
static struct ws_member *by_right(const struct ws_room *r)
{
        for (struct ws_member *m = r->members; m; m = m->next)
                if (r->token && strcmp(m->socket->token->text, r->token) == 0)
                        return m;
        return NULL;
}

static void end_right(struct ws_member *m, const struct error *error)
{
        const struct ws_about about = {.room_id = m->room->id};

        if (error->status == STATUS_UNAUTHENTICATED) {
                ws_token_refused(m->socket->token);
        } else if (error->status == STATUS_NOT_FOUND) {
                ws_member_leave(m, "deleted");
        } else {
                ws_send_error(m->socket, error, &about);
                ws_member_leave(m, "removed");
        }
}

/* The right is gone by which the room was followed, and so are those who were there by it; the
 * others go on by one of theirs. When the room itself is gone, each of them comes to know in turn:
 * a hidden room is not there for those who may not see it, either. */
static void on_end(struct ws *ws, int64_t room_id, const struct error *error)
{
        struct ws_room *r;
        struct ws_member *m;

        while ((r = ws_room_find(ws, room_id))) { /* it goes with its last member */
                r->subscribed = false;
                m = by_right(r);
                if (!m) {
                        ws_room_take_over(r);
                        break;
                }
                end_right(m, error);
        }
}

void ws_event_on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                       int64_t last_seq, const soc_error *error)
{
        struct ws_room *r = ws_room_find(closure, room_id);

        if (error)
                on_end(closure, room_id, (const struct error *)error);
        else if (r)
                on_live(r, recovered, first_seq, last_seq);
}
