/* By what right a socket is there. Sockets that bring the same token share it: the service is asked
 * about it once when it is new, again when the user's sessions have changed, and every half minute,
 * so that a token that is revoked or has expired does not stay signed in. */
#include "gateway/ws_internal.h"

#include <stdio.h>
#include <string.h>

static size_t text_bucket(const char *text)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (const char *at = text; *at; at++)
                hash = (hash ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
        return (size_t)(hash >> 32) % WS_BUCKETS;
}

static struct ws_token *token_get(struct ws *ws, const char *text)
{
        size_t b = text_bucket(text);
        size_t n = strlen(text) + 1;
        struct ws_token *t;

        for (t = ws->tokens[b]; t; t = t->next)
                if (strcmp(t->text, text) == 0)
                        return t;
        t = calloc(1, sizeof(*t) + n);
        if (!t)
                return NULL;
        t->ws = ws;
        memcpy(t->text, text, n);
        t->next = ws->tokens[b];
        ws->tokens[b] = t;
        ws->refs++;
        return t;
}

void ws_token_ref(struct ws_token *t)
{
        t->refs++;
}

void ws_token_unref(struct ws_token *t)
{
        struct ws *ws = t->ws;

        if (--t->refs > 0)
                return;
        for (struct ws_token **at = &ws->tokens[text_bucket(t->text)]; *at; at = &(*at)->next) {
                if (*at == t) {
                        *at = t->next;
                        break;
                }
        }
        ws_user_unref(ws, t->user);
        explicit_bzero(t->text, strlen(t->text));
        free(t);
        ws_unref(ws);
}

static void token_attach(struct ws_socket *s, struct ws_token *t)
{
        s->token = t;
        t->refs++;
        s->prev_of_token = NULL;
        s->next_of_token = t->sockets;
        if (t->sockets)
                t->sockets->prev_of_token = s;
        t->sockets = s;
}

static void token_leave(struct ws_socket *s)
{
        struct ws_token *t = s->token;

        if (s->prev_of_token)
                s->prev_of_token->next_of_token = s->next_of_token;
        else
                t->sockets = s->next_of_token;
        if (s->next_of_token)
                s->next_of_token->prev_of_token = s->prev_of_token;
        s->token = NULL;
        ws_token_unref(t);
}

void ws_token_detach(struct ws_socket *s)
{
        if (!s->token)
                return;
        ws_user_detach(s);
        token_leave(s);
}

/* --- what the service says --- */

static void refuse(struct ws_socket *s, const struct error *error)
{
        ws_send_error(s, error, NULL);
        if (error->status == STATUS_UNAUTHENTICATED || error->status == STATUS_INVALID_ARGUMENT ||
            error->status == STATUS_PERMISSION_DENIED)
                ws_socket_close(s, WS_CODE_AUTH, "sign in again");
        else
                ws_socket_close(s, WS_CODE_TRY_AGAIN_LATER, "try again later");
}

/* Sockets may go while others are told: the list is walked from its head. */
static void refuse_all(struct ws_token *t, const struct error *error)
{
        t->refs++;
        while (t->sockets)
                refuse(t->sockets, error);
        ws_token_unref(t);
}

void ws_token_refused(struct ws_token *t)
{
        struct error error;

        error_set(&error, STATUS_UNAUTHENTICATED, "your session has ended; log in again");
        refuse_all(t, &error);
}

/* Lets a socket in whose token is known to be good. */
static void admit(struct ws_socket *s, struct ws_user *u)
{
        struct error error;

        if (u->n_sockets >= s->ws->max_sockets_per_user) {
                error_set(&error, STATUS_RESOURCE_EXHAUSTED,
                          "you have %u connections already, the limit",
                          s->ws->max_sockets_per_user);
                ws_send_error(s, &error, NULL);
                ws_socket_close(s, WSLAY_CODE_POLICY_VIOLATION, "too many connections");
                return;
        }
        ws_user_attach(s, u);
        s->state = WS_OPEN;
        ws_json_established(s->ws, u);
        ws_socket_send_text(s);
        ws_reader_replay(s);
}

static struct ws_socket *first_waiting(const struct ws_token *t)
{
        for (struct ws_socket *s = t->sockets; s; s = s->next_of_token)
                if (s->state == WS_CHECKING)
                        return s;
        return NULL;
}

static void admit_waiting(struct ws_token *t, const Socializer__V1__User *who)
{
        struct ws_user *u = ws_user_get(t->ws, who->id);
        struct error error;

        if (!u) {
                error_retry(&error, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
                refuse_all(t, &error);
                return;
        }
        snprintf(u->username, sizeof(u->username), "%s", who->username);
        ws_user_unref(t->ws, t->user);
        t->user = u;
        for (struct ws_socket *s; (s = first_waiting(t));)
                admit(s, u);
}

static void confirmed(struct ws_token *t, const Socializer__V1__User *who)
{
        admit_waiting(t, who);
        if (t->user && t->sockets)
                ws_user_subscribe(t->user, t);
}

/* The service says no, or cannot say now; who was let in stays then. */
static void unconfirmed(struct ws_token *t, const struct error *error)
{
        if (error->status == STATUS_UNAUTHENTICATED || !t->user)
                refuse_all(t, error);
        else
                t->check_at_ms = ws_now(t->ws) + WS_TOKEN_RETRY_MS;
}

static void on_me(void *closure, soc_status status, const ProtobufCMessage *response,
                  const soc_error *error)
{
        struct ws_token *t = closure;
        const Socializer__V1__GetMeResponse *r = (const Socializer__V1__GetMeResponse *)response;

        t->checking = false;
        t->check_at_ms = t->check_again ? 0 : ws_now(t->ws) + WS_TOKEN_CHECK_MS;
        t->check_again = false;
        if (status != SOC_OK)
                unconfirmed(t, (const struct error *)error);
        else if (r->user)
                confirmed(t, r->user);
        ws_token_unref(t);
}

/* Asks the service about a token. */
static enum status ask(struct ws_token *t, struct error *reterr)
{
        struct ws *ws = t->ws;
        Socializer__V1__GetMeRequest request = SOCIALIZER__V1__GET_ME_REQUEST__INIT;
        const soc_call_options options = {
                .token = t->text,
                .client_address = t->sockets ? t->sockets->client_address : "-",
        };
        soc_status st;

        gateway_gather(ws->gateway);
        st = soc_call_start(ws->gateway->client, "socializer.v1.UserService/GetMe", &request.base,
                            &options, on_me, t, NULL, (soc_error *)reterr);
        if (st == SOC_OK) {
                t->checking = true;
                t->refs++;
        }
        return (enum status)st;
}

/* Another token for a socket that is signed in: a page that has renewed its session. */
struct renewal {
        struct ws_socket *socket;
        struct ws_token *token;
};

/* The new token takes the old one's place, if it is of the same user. */
static void exchange(struct ws_socket *s, struct ws_token *t,
                     const Socializer__V1__GetMeResponse *me)
{
        struct error error;

        if (!me->user || me->user->id != s->user->id) {
                error_set(&error, STATUS_PERMISSION_DENIED,
                          "the token is another user's; open a connection of its own");
                ws_send_error(s, &error, NULL);
                return;
        }
        token_leave(s);
        token_attach(s, t);
        if (!t->user) {
                t->user = s->user;
                s->user->refs++;
                t->check_at_ms = ws_now(s->ws) + WS_TOKEN_CHECK_MS;
        }
        ws_json_established(s->ws, s->user);
        ws_socket_send_text(s);
}

static void on_renewed(void *closure, soc_status status, const ProtobufCMessage *response,
                       const soc_error *error)
{
        struct renewal *r = closure;
        struct ws_socket *s = r->socket;

        if (s->state == WS_OPEN && status == SOC_OK)
                exchange(s, r->token, (const Socializer__V1__GetMeResponse *)response);
        else if (s->state == WS_OPEN)
                ws_send_error(s, (const struct error *)error, NULL);
        ws_token_unref(r->token);
        ws_socket_unref(s);
        free(r);
}

static enum status renew(struct ws_socket *s, const char *text, struct error *reterr)
{
        struct ws *ws = s->ws;
        Socializer__V1__GetMeRequest request = SOCIALIZER__V1__GET_ME_REQUEST__INIT;
        const soc_call_options options = {.token = text, .client_address = s->client_address};
        struct ws_token *t = token_get(ws, text);
        struct renewal *r = malloc(sizeof(*r));
        soc_status st = SOC_RESOURCE_EXHAUSTED;

        if (t)
                t->refs++;
        if (t && r) {
                *r = (struct renewal){s, t};
                st = soc_call_start(ws->gateway->client, "socializer.v1.UserService/GetMe",
                                    &request.base, &options, on_renewed, r, NULL,
                                    (soc_error *)reterr);
                if (st == SOC_OK) {
                        ws_socket_ref(s);
                        return STATUS_OK;
                }
        } else {
                error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
        }
        if (t)
                ws_token_unref(t);
        free(r);
        return (enum status)st;
}

void ws_token_present(struct ws_socket *s, const char *text)
{
        struct ws_token *t;
        struct error error;

        if (s->state == WS_OPEN && strcmp(s->token->text, text) == 0) {
                ws_json_established(s->ws, s->user);
                ws_socket_send_text(s);
                return;
        }
        if (s->state == WS_OPEN) {
                if (renew(s, text, &error) != STATUS_OK)
                        ws_send_error(s, &error, NULL);
                return;
        }
        t = token_get(s->ws, text);
        if (!t) {
                error_retry(&error, STATUS_RESOURCE_EXHAUSTED, 1000, "no memory left");
                refuse(s, &error);
                return;
        }
        token_attach(s, t);
        s->state = WS_CHECKING;
        if (t->user && ws_now(s->ws) < t->check_at_ms)
                admit(s, t->user);
        else if (!t->checking && ask(t, &error) != STATUS_OK)
                refuse_all(t, &error);
}

static void recheck(struct ws_token *t)
{
        t->check_at_ms = 0;
        t->check_again = t->checking;
        if (!t->checking && ask(t, NULL) != STATUS_OK)
                t->check_at_ms = ws_now(t->ws) + WS_TOKEN_RETRY_MS;
}

void ws_token_recheck(struct ws_user *u)
{
        for (struct ws_socket *s = u->sockets; s; s = s->next_of_user) {
                if (s->token->recheck == s->ws->n_rechecks + 1)
                        continue; /* another socket's, too */
                s->token->recheck = s->ws->n_rechecks + 1;
                recheck(s->token);
        }
        if (u->sockets)
                u->sockets->ws->n_rechecks++;
}

void ws_token_recheck_at(struct ws_user *u, uint64_t at_ms)
{
        for (struct ws_socket *s = u->sockets; s; s = s->next_of_user)
                if (s->token->check_at_ms > at_ms)
                        s->token->check_at_ms = at_ms;
}

void ws_recheck(struct ws *ws, int64_t user_id, const char *token)
{
        struct ws_user *u;

        if (user_id == 0) {
                for (struct ws_token *t = ws->tokens[text_bucket(token)]; t; t = t->next)
                        if (t->user && strcmp(t->text, token) == 0)
                                user_id = t->user->id;
        }
        u = ws_user_find(ws, user_id);
        if (u)
                ws_token_recheck(u);
}

void ws_token_tick(struct ws *ws)
{
        uint64_t now = ws_now(ws);

        for (size_t i = 0; i < WS_BUCKETS; i++)
                for (struct ws_token *t = ws->tokens[i]; t; t = t->next)
                        if (t->user && !t->checking && now >= t->check_at_ms &&
                            ask(t, NULL) != STATUS_OK)
                                t->check_at_ms = now + WS_TOKEN_RETRY_MS;
}
