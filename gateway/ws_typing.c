/* Who is typing. The service is told of it and tells every gateway; nobody stores it, so whoever is
 * not heard of for some seconds has stopped. */
#include "gateway/ws_internal.h"

#include <stdio.h>

static void on_told(void *closure, soc_status status, const ProtobufCMessage *response,
                    const soc_error *error)
{
        struct ws_socket *s = closure;

        (void)response; /* of use to nobody, and so are most errors: it is over in a moment */
        (void)error;
        ws_call_refused(s, status);
        ws_socket_unref(s);
}

void ws_typing_set(struct ws_member *m, bool is_typing)
{
        Socializer__V1__SetTypingRequest request = SOCIALIZER__V1__SET_TYPING_REQUEST__INIT;
        struct ws_socket *s = m->socket;
        uint64_t now = ws_now(s->ws);
        bool was = m->typing_ms != 0 && now - m->typing_ms < WS_TYPING_MS;

        if (is_typing ? was && now - m->typing_ms < WS_TYPING_AGAIN_MS : !was)
                return;
        m->typing_ms = is_typing ? now : 0;
        request.room_id = m->room->id;
        request.is_typing = is_typing;
        /* What cannot be said now is not worth keeping. */
        if (ws_call_start(s, "socializer.v1.ChatService/SetTyping", &request.base, on_told, s,
                          NULL) != STATUS_OK)
                m->typing_ms = 0;
}

static void tell(struct ws_room *r, const struct ws_typist *t, bool is_typing)
{
        ws_json_typing(r->ws, r->id, t->user_id, t->username, is_typing);
        ws_room_broadcast_text(r, t->user_id);
}

static struct ws_typist **find(struct ws_room *r, int64_t user_id)
{
        struct ws_typist **at = &r->typists;

        while (*at && (*at)->user_id != user_id)
                at = &(*at)->next;
        return at;
}

static void stop(struct ws_room *r, struct ws_typist **at)
{
        struct ws_typist *t = *at;

        *at = t->next;
        tell(r, t, false);
        free(t);
}

void ws_typing_event(struct ws_room *r, const Socializer__V1__Typing *typing)
{
        struct ws_typist **at = find(r, typing->user_id), *t = *at;

        if (!typing->is_typing) {
                if (t)
                        stop(r, at);
                return;
        }
        if (t) {
                t->until_ms = ws_now(r->ws) + WS_TYPING_MS;
                return;
        }
        t = calloc(1, sizeof(*t));
        if (!t)
                return;
        t->user_id = typing->user_id;
        t->until_ms = ws_now(r->ws) + WS_TYPING_MS;
        snprintf(t->username, sizeof(t->username), "%s", typing->username);
        t->next = r->typists;
        r->typists = t;
        tell(r, t, true);
}

void ws_typing_tick(struct ws_room *r, uint64_t now)
{
        for (struct ws_typist **at = &r->typists; *at;) {
                if (now >= (*at)->until_ms)
                        stop(r, at);
                else
                        at = &(*at)->next;
        }
}

void ws_typing_clear(struct ws_room *r)
{
        for (struct ws_typist *t = r->typists, *next; t; t = next) {
                next = t->next;
                free(t);
        }
        r->typists = NULL;
}
