/* Who is where, over all gateways. The service keeps it: each socket reports its rooms when they
 * change and again before they are forgotten, one report at a time, so that none overtakes another;
 * and whoever asks who is there is answered by the service. */
#include "gateway/ws_internal.h"

#include <inttypes.h>
#include <stdio.h>

static void report(struct ws_socket *s, struct ws_token *t);

/* Some sooner, some later, so that those who came at once do not report at once for ever. */
static uint64_t next_report_ms(const struct ws_socket *s)
{
        return ws_now(s->ws) + WS_PRESENCE_MS - s->number * 7919 % WS_PRESENCE_SPREAD;
}

static void on_reported(void *closure, soc_status status, const ProtobufCMessage *response,
                        const soc_error *error)
{
        struct ws_socket *s = closure;
        struct ws_token *t = s->presence_token;

        (void)response;
        (void)error;
        s->presence_token = NULL;
        s->presence_at_ms =
                status == SOC_OK ? next_report_ms(s) : ws_now(s->ws) + WS_PRESENCE_RETRY;
        ws_call_refused(s, status);
        /* A socket that has ended meanwhile has no token any more, but this one did until now. */
        if (s->presence_changed)
                report(s, s->token ? s->token : t);
        ws_token_unref(t);
        ws_socket_unref(s);
}

static void report(struct ws_socket *s, struct ws_token *t)
{
        Socializer__V1__SetPresenceRequest request = SOCIALIZER__V1__SET_PRESENCE_REQUEST__INIT;
        const soc_call_options options = {.token = t->text, .client_address = s->client_address};
        int64_t room_ids[WS_MAX_ROOMS];
        char connection[40];

        s->presence_changed = false;
        s->presence_at_ms = 0;
        for (const struct ws_member *m = s->presence_ended ? NULL : s->members; m;
             m = m->next_of_socket)
                if (m->present)
                        room_ids[request.n_room_ids++] = m->room->id;
        if (request.n_room_ids == 0 && !s->presence_reported)
                return;
        snprintf(connection, sizeof(connection), "%016" PRIx64 "-%" PRIx64, s->ws->instance,
                 s->number);
        request.connection = connection;
        request.room_ids = room_ids;
        if (soc_call_start(s->ws->gateway->client, "socializer.v1.ChatService/SetPresence",
                           &request.base, &options, on_reported, s, NULL, NULL) != SOC_OK) {
                s->presence_at_ms = ws_now(s->ws) + WS_PRESENCE_RETRY;
                return;
        }
        s->presence_reported = request.n_room_ids > 0;
        s->presence_token = t;
        ws_token_ref(t);
        ws_socket_ref(s);
}

void ws_presence_changed(struct ws_socket *s)
{
        s->presence_changed = true;
        if (!s->presence_token && s->token)
                report(s, s->token);
}

void ws_presence_end(struct ws_socket *s)
{
        s->presence_ended = true;
        if (s->user)
                ws_presence_changed(s);
}

void ws_presence_tick(struct ws_socket *s, uint64_t now)
{
        if (s->presence_at_ms && now >= s->presence_at_ms)
                ws_presence_changed(s);
}

/* --- asking --- */

struct question {
        struct ws_socket *socket;
        int64_t room_id;
};

static void on_online(void *closure, soc_status status, const ProtobufCMessage *response,
                      const soc_error *error)
{
        struct question *q = closure;
        struct ws_socket *s = q->socket;
        const struct ws_about about = {.room_id = q->room_id};

        if (status == SOC_OK) {
                ws_json_online(s->ws, q->room_id,
                               (const Socializer__V1__ListOnlineUsersResponse *)response);
                ws_socket_send_text(s);
        } else {
                ws_send_error(s, (const struct error *)error, &about);
                ws_call_refused(s, status);
        }
        free(q);
        ws_socket_unref(s);
}

enum status ws_presence_list(struct ws_socket *s, int64_t room_id, struct error *reterr)
{
        Socializer__V1__ListOnlineUsersRequest request =
                SOCIALIZER__V1__LIST_ONLINE_USERS_REQUEST__INIT;
        struct question *q = malloc(sizeof(*q));
        enum status st;

        if (!q)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        *q = (struct question){s, room_id};
        request.room_id = room_id;
        st = ws_call_start(s, "socializer.v1.ChatService/ListOnlineUsers", &request.base, on_online,
                           q, reterr);
        if (st != STATUS_OK)
                free(q);
        return st;
}
