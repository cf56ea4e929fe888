/* Rooms that somebody here follows: one subscription each, by the right of one of the members. */
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

void ws_room_drop_recent(struct ws_room *r)
{
        for (size_t i = 0; r->recent && i < WS_RECENT; i++)
                ws_frame_unref(r->recent[i].frame);
        free(r->recent);
        r->recent = NULL;
        r->recent_bytes = 0;
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
        ws_room_drop_recent(r);
        ws_typing_clear(r);
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

/* A member by whose right the room can be followed instead; NULL when there is none. */
static const struct ws_socket *other_right(const struct ws_room *r)
{
        for (struct ws_member *m = r->members; m; m = m->next)
                if (m->announced && m->socket->token &&
                    (!r->token || strcmp(m->socket->token->text, r->token) != 0))
                        return m->socket;
        return NULL;
}

void ws_room_take_over(struct ws_room *r)
{
        const struct ws_socket *s = r->subscribed ? NULL : other_right(r);

        if (s)
                ws_room_subscribe(r, s);
}

void ws_room_broadcast_text(struct ws_room *r, int64_t but_user_id)
{
        struct ws_frame *f = ws_frame_text(&r->ws->text);

        buffer_clear(&r->ws->text);
        for (struct ws_member *m = f ? r->members : NULL; m; m = m->next)
                if (m->announced && m->socket->user->id != but_user_id)
                        ws_socket_send(m->socket, f);
        ws_frame_unref(f);
}

void ws_room_close(struct ws_room *r, const char *reason)
{
        for (struct ws_member *m = r->members, *next; m; m = next) {
                next = m->next; /* the room goes with its last member */
                ws_member_leave(m, reason);
        }
}

void ws_room_tick(struct ws *ws)
{
        uint64_t now = ws_now(ws);

        for (size_t i = 0; i < WS_BUCKETS; i++) {
                for (struct ws_room *r = ws->rooms[i]; r; r = r->next) {
                        ws_room_take_over(r);
                        ws_typing_tick(r, now);
                }
        }
        ws->gateway->counters.events_gaps = soc_subscriber_gaps(ws->subscriber);
}
