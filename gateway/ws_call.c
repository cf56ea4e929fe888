/* Calls in the name of a socket, and how their errors reach the peer. */
#include "gateway/ws_internal.h"

#include <stdio.h>

void ws_send_error(struct ws_socket *s, const struct error *error, const struct ws_about *about)
{
        ws_json_error(s->ws, error, about);
        ws_socket_send_text(s);
}

void ws_call_refused(struct ws_socket *s, soc_status status)
{
        if (status == SOC_UNAUTHENTICATED && s->user)
                ws_token_recheck(s->user);
}

enum status ws_call_start(struct ws_socket *s, const char *method, const ProtobufCMessage *request,
                          soc_callback callback, void *closure, struct error *reterr)
{
        const soc_call_options options = {.token = s->token->text,
                                          .client_address = s->client_address};
        enum status st =
                (enum status)soc_call_start(s->ws->gateway->client, method, request, &options,
                                            callback, closure, NULL, (soc_error *)reterr);

        if (st == STATUS_OK)
                ws_socket_ref(s);
        return st;
}

/* A call of which only an error is told, and what no event tells. */
struct reported {
        struct ws_socket *socket;
        struct ws_about about;
        char client_message_id[WS_MAX_CLIENT_ID * 4 + 1];
};

/* Who sends again what is there already would wait for its event in vain. */
static void tell_repeat(struct ws_socket *s, const ProtobufCMessage *response)
{
        const Socializer__V1__SendMessageResponse *r =
                (const Socializer__V1__SendMessageResponse *)response;

        if (response->descriptor != &socializer__v1__send_message_response__descriptor ||
            !r->is_repeat || !r->message)
                return;
        ws_json_message_sent(s->ws, r->message);
        ws_socket_send_text(s);
}

static void on_reported(void *closure, soc_status status, const ProtobufCMessage *response,
                        const soc_error *error)
{
        struct reported *r = closure;
        struct ws_socket *s = r->socket;

        if (status == SOC_OK) {
                tell_repeat(s, response);
        } else {
                ws_send_error(s, (const struct error *)error, &r->about);
                ws_call_refused(s, status);
        }
        free(r);
        ws_socket_unref(s);
}

enum status ws_call_report(struct ws_socket *s, const char *method, const ProtobufCMessage *request,
                           const struct ws_about *about, struct error *reterr)
{
        struct reported *r = malloc(sizeof(*r));
        enum status st;

        if (!r)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        r->socket = s;
        r->about = *about;
        snprintf(r->client_message_id, sizeof(r->client_message_id), "%s",
                 about->client_message_id ? about->client_message_id : "");
        r->about.client_message_id = r->client_message_id;
        st = ws_call_start(s, method, request, on_reported, r, reterr);
        if (st != STATUS_OK)
                free(r);
        return st;
}
