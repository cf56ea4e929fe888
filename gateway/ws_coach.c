/* Asking the coach over a WebSocket. What it says comes as the user's own events, to all sockets of
 * the user; the end comes to whoever has asked with the call's reply, to the others as an event.
 *
 * A peer that says goodbye ends what it has asked for. One whose connection breaks, or whose page
 * is loaded anew, has some seconds to come back, on any socket: it then goes on hearing, and reads
 * what it has missed with GetAnswer. */
#include "gateway/ws_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define RETURN_MS     10000
#define LATE_MS       5000 /* for the event of an end that the reply has told; it may be lost */
#define MAX_ANSWER_ID 64
#define MAX_THREAD_ID 64

struct ws_ask {
        struct ws_ask *prev, *next;
        struct ws *ws; /* a reference */
        struct ws_socket *socket; /* a reference; NULL: it is gone */
        int64_t user_id;
        uint64_t gone_ms; /* since when the user has no socket; 0 = there is one */
        uint64_t answered_ms; /* when the reply was there; 0 = it is not */
        bool is_told; /* the event of the end has been there */
        soc_pending *pending;
        char answer_id[MAX_ANSWER_ID * 4 + 1];
        char client_message_id[WS_MAX_CLIENT_ID * 4 + 1];
};

static struct ws_ask *ask_new(struct ws_socket *s, const char *client_message_id,
                              const char *answer_id)
{
        struct ws *ws = s->ws;
        struct ws_ask *ask = calloc(1, sizeof(*ask));
        uint8_t name[16];

        if (!ask)
                return NULL;
        ask->ws = ws;
        ws->refs++;
        ask->socket = s;
        ws_socket_ref(s);
        ask->user_id = s->user->id;
        randombytes_buf(name, sizeof(name));
        sodium_bin2hex(ask->answer_id, sizeof(ask->answer_id), name, sizeof(name));
        if (answer_id && *answer_id)
                snprintf(ask->answer_id, sizeof(ask->answer_id), "%s", answer_id);
        snprintf(ask->client_message_id, sizeof(ask->client_message_id), "%s",
                 client_message_id ? client_message_id : "");
        ask->next = ws->asks;
        if (ask->next)
                ask->next->prev = ask;
        ws->asks = ask;
        return ask;
}

static void leave(struct ws_ask *ask)
{
        struct ws_socket *s = ask->socket;

        ask->socket = NULL;
        if (s)
                ws_socket_unref(s);
}

static void ask_free(struct ws_ask *ask)
{
        struct ws *ws = ask->ws;

        if (ask->prev)
                ask->prev->next = ask->next;
        else
                ws->asks = ask->next;
        if (ask->next)
                ask->next->prev = ask->prev;
        leave(ask);
        if (ask->pending)
                soc_pending_release(ask->pending);
        free(ask);
        ws_unref(ws);
}

static void on_answered(void *closure, soc_status status, const ProtobufCMessage *response,
                        const soc_error *error)
{
        struct ws_ask *ask = closure;
        struct ws_socket *s = ask->socket;
        const struct ws_about about = {.client_message_id = ask->client_message_id,
                                       .answer_id = ask->answer_id};

        if (s && status == SOC_OK) {
                ws_json_coach_answer(ask->ws, (const Socializer__V1__ChatResponse *)response,
                                     ask->client_message_id);
                ws_socket_send_text(s);
        } else if (s) {
                ws_send_error(s, (const struct error *)error, &about);
                ws_call_refused(s, status);
        }
        /* The events of what the socket knows now may be on their way still. */
        ask->answered_ms = ws_now(ask->ws);
        if (!ask->socket || ask->is_told)
                ask_free(ask);
}

enum status ws_coach_message(struct ws_socket *s, json_t *object, struct error *reterr)
{
        Socializer__V1__ChatRequest request = SOCIALIZER__V1__CHAT_REQUEST__INIT;
        const char *content = NULL, *thread_id = NULL, *client_message_id = NULL;
        const char *answer_id = NULL;
        struct ws_ask *ask;
        enum status st = ws_field_text(object, "client_message_id", WS_MAX_CLIENT_ID,
                                       &client_message_id, reterr);

        if (st == STATUS_OK)
                st = ws_field_text(object, "content", WS_MAX_CONTENT, &content, reterr);
        if (st == STATUS_OK && (!content || *content == '\0'))
                st = error_field(reterr, "content", "content: want 1 to %d characters, got none",
                                 WS_MAX_CONTENT);
        if (st == STATUS_OK)
                st = ws_field_text(object, "thread_id", MAX_THREAD_ID, &thread_id, reterr);
        if (st == STATUS_OK)
                st = ws_field_text(object, "answer_id", MAX_ANSWER_ID, &answer_id, reterr);
        if (st != STATUS_OK)
                return st;
        ask = ask_new(s, client_message_id, answer_id);
        if (!ask)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        request.message = (char *)content;
        request.answer_id = ask->answer_id;
        if (thread_id)
                request.thread_id = (char *)thread_id;
        const soc_call_options options = {
                .token = s->token->text,
                .client_address = s->client_address,
                /* Another answer would not continue the one that has begun. */
                .no_retry = true,
        };
        st = (enum status)soc_call_start(s->ws->gateway->client, "socializer.v1.CoachService/Chat",
                                         &request.base, &options, on_answered, ask, &ask->pending,
                                         (soc_error *)reterr);
        if (st != STATUS_OK)
                ask_free(ask);
        return st;
}

enum status ws_coach_cancel(struct ws_socket *s, json_t *object, struct error *reterr)
{
        Socializer__V1__CancelAnswerRequest request = SOCIALIZER__V1__CANCEL_ANSWER_REQUEST__INIT;
        struct ws_about about = {0};
        const char *answer_id = NULL;
        enum status st = ws_field_text(object, "answer_id", MAX_ANSWER_ID, &answer_id, reterr);

        if (st == STATUS_OK && (!answer_id || *answer_id == '\0'))
                st = error_field(reterr, "answer_id", "answer_id: say which answer");
        if (st != STATUS_OK)
                return st;
        request.answer_id = (char *)answer_id;
        return ws_call_report(s, "socializer.v1.CoachService/CancelAnswer", &request.base, &about,
                              reterr);
}

bool ws_coach_hides(const struct ws_socket *s, const Socializer__V1__UserEvent *event)
{
        bool is_delta = event->event_case == SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DELTA;
        const char *answer_id;

        if (!is_delta && event->event_case != SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DONE)
                return false;
        answer_id = is_delta ? event->coach_delta->answer_id : event->coach_done->answer_id;
        for (const struct ws_ask *ask = s->ws->asks; ask; ask = ask->next)
                if (ask->socket == s && strcmp(ask->answer_id, answer_id) == 0)
                        return !is_delta || ask->answered_ms != 0;
        return false;
}

void ws_coach_told(struct ws *ws, const Socializer__V1__UserEvent *event)
{
        if (event->event_case != SOCIALIZER__V1__USER_EVENT__EVENT_COACH_DONE)
                return;
        for (struct ws_ask *ask = ws->asks, *next; ask; ask = next) {
                next = ask->next;
                if (ask->user_id != event->user_id ||
                    strcmp(ask->answer_id, event->coach_done->answer_id) != 0)
                        continue;
                ask->is_told = true;
                if (ask->answered_ms)
                        ask_free(ask);
        }
}

void ws_coach_leave(struct ws_socket *s, bool is_goodbye)
{
        struct ws *ws = s->ws;

        for (struct ws_ask *ask = ws->asks, *next; ask; ask = next) {
                next = ask->next;
                if (ask->socket != s)
                        continue;
                leave(ask);
                if (ask->answered_ms)
                        ask_free(ask);
                else if (is_goodbye)
                        soc_cancel(ask->pending);
                else
                        ask->gone_ms = ws_now(ws);
        }
}

void ws_coach_tick(struct ws *ws)
{
        for (struct ws_ask *ask = ws->asks, *next; ask; ask = next) {
                const struct ws_user *u;

                next = ask->next;
                if (ask->answered_ms && ws_now(ws) - ask->answered_ms >= LATE_MS) {
                        ask_free(ask);
                        continue;
                }
                if (ask->gone_ms == 0)
                        continue;
                u = ws_user_find(ws, ask->user_id);
                if (u && u->n_sockets > 0) {
                        ask->gone_ms = 0;
                } else if (ws_now(ws) - ask->gone_ms >= RETURN_MS) {
                        ask->gone_ms = 0;
                        soc_cancel(ask->pending);
                }
        }
}
