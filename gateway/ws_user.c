/* People who are connected, and what is told to each of them wherever they are connected: sessions
 * that have ended, invitations, rooms that were entered, left or read on another device. */
#include "gateway/ws_internal.h"

static size_t bucket(int64_t id)
{
        return (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 32) % WS_BUCKETS;
}

struct ws_user *ws_user_find(struct ws *ws, int64_t id)
{
        for (struct ws_user *u = ws->users[bucket(id)]; u; u = u->next)
                if (u->id == id)
                        return u;
        return NULL;
}

struct ws_user *ws_user_get(struct ws *ws, int64_t id)
{
        struct ws_user *u = ws_user_find(ws, id);

        if (u) {
                u->refs++;
                return u;
        }
        u = calloc(1, sizeof(*u));
        if (!u)
                return NULL;
        u->id = id;
        u->refs = 1;
        u->next = ws->users[bucket(id)];
        ws->users[bucket(id)] = u;
        return u;
}

void ws_user_unref(struct ws *ws, struct ws_user *u)
{
        if (!u || --u->refs > 0)
                return;
        for (struct ws_user **at = &ws->users[bucket(u->id)]; *at; at = &(*at)->next) {
                if (*at == u) {
                        *at = u->next;
                        break;
                }
        }
        free(u);
}

static void subscribe(struct ws *ws, struct ws_user *u, const char *token)
{
        if (!u->subscribed && ws->subscriber)
                u->subscribed = soc_subscribe_user(ws->subscriber, u->id, token, NULL) == SOC_OK;
}

void ws_user_subscribe(struct ws_user *u, const struct ws_token *t)
{
        if (u->n_sockets > 0)
                subscribe(t->ws, u, t->text);
}

/* Nobody is there any more. */
static void unsubscribe(struct ws *ws, struct ws_user *u)
{
        if (u->n_sockets > 0 || u->listeners)
                return;
        if (u->subscribed && ws->subscriber)
                soc_unsubscribe_user(ws->subscriber, u->id);
        u->subscribed = u->heard = false;
}

void ws_user_attach(struct ws_socket *s, struct ws_user *u)
{
        s->user = u;
        u->refs++;
        s->prev_of_user = NULL;
        s->next_of_user = u->sockets;
        if (u->sockets)
                u->sockets->prev_of_user = s;
        u->sockets = s;
        u->n_sockets++;
        ws_user_subscribe(u, s->token);
}

void ws_user_detach(struct ws_socket *s)
{
        struct ws_user *u = s->user;

        if (!u)
                return;
        if (s->prev_of_user)
                s->prev_of_user->next_of_user = s->next_of_user;
        else
                u->sockets = s->next_of_user;
        if (s->next_of_user)
                s->next_of_user->prev_of_user = s->prev_of_user;
        u->n_sockets--;
        unsubscribe(s->ws, u);
        s->user = NULL;
        ws_user_unref(s->ws, u);
}

/* --- listeners --- */

static void be_ready(struct ws_listener *l)
{
        if (l->is_ready)
                return;
        l->is_ready = true;
        l->on_ready(l);
}

static void all_ready(struct ws_user *u)
{
        for (struct ws_listener *l = u->listeners, *next; l; l = next) {
                next = l->next;
                be_ready(l);
        }
}

enum status ws_listen(struct ws *ws, struct ws_listener *l, int64_t user_id, const char *token,
                      struct error *reterr)
{
        struct ws_user *u = ws_user_get(ws, user_id);

        if (!u)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        l->ws = ws;
        l->user = u;
        l->prev = NULL;
        l->next = u->listeners;
        if (u->listeners)
                u->listeners->prev = l;
        u->listeners = l;
        subscribe(ws, u, token);
        if (u->heard || !u->subscribed)
                be_ready(l);
        return STATUS_OK;
}

void ws_unlisten(struct ws_listener *l)
{
        struct ws_user *u = l->user;

        if (!u)
                return;
        if (l->prev)
                l->prev->next = l->next;
        else
                u->listeners = l->next;
        if (l->next)
                l->next->prev = l->prev;
        l->user = NULL;
        unsubscribe(l->ws, u);
        ws_user_unref(l->ws, u);
}

void ws_user_drop_listeners(struct ws *ws)
{
        for (size_t i = 0; i < WS_BUCKETS; i++) {
                for (struct ws_user *u = ws->users[i], *next; u; u = next) {
                        next = u->next;
                        while (u->listeners && u->listeners->next)
                                ws_unlisten(u->listeners);
                        if (u->listeners)
                                ws_unlisten(u->listeners); /* u may be gone after this */
                }
        }
}

/* --- what the service tells --- */

static void tell(struct ws *ws, struct ws_user *u, const Socializer__V1__UserEvent *event)
{
        struct ws_frame *f;

        if (event->event_case == SOCIALIZER__V1__USER_EVENT__EVENT_SESSIONS)
                ws_token_recheck(u);
        for (struct ws_listener *l = u->listeners, *next; l; l = next) {
                next = l->next;
                l->on_event(l, event);
        }
        if (!u->sockets || !ws_json_user_event(ws, event))
                return;
        f = ws_frame_text(&ws->text);
        buffer_clear(&ws->text);
        for (struct ws_socket *s = u->sockets; s; s = s->next_of_user)
                if (!ws_coach_hides(s, event))
                        ws_socket_send(s, f);
        ws_frame_unref(f);
}

void ws_user_on_event(void *closure, const Socializer__V1__UserEvent *event)
{
        struct ws *ws = closure;
        struct ws_user *u = ws_user_find(ws, event->user_id);

        if (!u)
                return;
        u->refs++; /* a listener may be the last who cares */
        tell(ws, u, event);
        ws_coach_told(ws, event);
        ws_user_unref(ws, u);
}

/* Without a subscription the tokens are asked about every half minute, as they are with it; each
 * answer that is a good one begins another subscription. When it was a token that would not do,
 * that is now, or a little later where it was so just before. */
static void on_end(struct ws_user *u, uint64_t now, const struct error *error)
{
        bool was_just_now = u->rechecked_ms && now - u->rechecked_ms < WS_TOKEN_RETRY_MS;

        u->subscribed = false;
        if (error->status != STATUS_UNAUTHENTICATED)
                return;
        if (was_just_now) {
                ws_token_recheck_at(u, now + WS_TOKEN_RETRY_MS);
                return;
        }
        u->rechecked_ms = now;
        ws_token_recheck(u);
}

static void on_there(struct ws_user *u)
{
        if (u->heard) {
                ws_token_recheck(u);
                /* A service that has started anew has not heard of anybody, either. */
                for (struct ws_socket *s = u->sockets; s; s = s->next_of_user)
                        ws_presence_changed(s);
        }
        u->heard = true;
}

void ws_user_on_state(void *closure, int64_t user_id, const soc_error *error)
{
        struct ws *ws = closure;
        struct ws_user *u = ws_user_find(ws, user_id);

        if (!u)
                return;
        u->refs++;
        if (error)
                on_end(u, ws_now(ws), (const struct error *)error);
        else
                on_there(u);
        all_ready(u);
        ws_user_unref(ws, u);
}
