/* Routes of the contract: from the request to a call and back. */
#include "common/json.h"
#include "gateway/cookie.h"
#include "gateway/download.h"
#include "gateway/endpoint.h"
#include "gateway/origin.h"
#include "gateway/reply.h"
#include "gateway/stream.h"
#include "gateway/token.h"
#include "gateway/transcode.h"
#include "gateway/ws.h"

#include "contract.gen.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define IDEMPOTENCY_KEY_MAX 128
#define CLIENT_MAX          256

static bool is_method(const struct request *r, enum method_id id)
{
        return r->match.route->method == &contract_methods[id];
}

static bool sets_cookie(const struct request *r)
{
        return is_method(r, METHOD_USER_SERVICE_LOGIN) ||
               is_method(r, METHOD_USER_SERVICE_REFRESH_TOKEN);
}

/* A browser does not say what it is but in this header. What is no short text is left out. */
static void name_client(const struct request *r, ProtobufCMessage *message)
{
        Socializer__V1__LoginRequest *login = (Socializer__V1__LoginRequest *)message;
        const char *agent = r->headers.user_agent;

        if (is_method(r, METHOD_USER_SERVICE_LOGIN) && *login->client == '\0' && agent &&
            token_is_printable(agent, CLIENT_MAX))
                login->client = (char *)agent;
}

/* Whether a page of another site may have made the browser send this with the user's cookie. */
static bool is_forged(const struct request *r)
{
        const struct gateway *g = r->server->gateway;
        const struct headers *h = &r->headers;
        char origin[256];

        if (r->verb == VERB_GET || !(r->token_from_cookie || sets_cookie(r)))
                return false;
        if (h->origin)
                return !gateway_origin_allowed(g, h->origin, request_host(r));
        if (h->sec_fetch_site)
                return strcmp(h->sec_fetch_site, "same-origin") != 0 &&
                       strcmp(h->sec_fetch_site, "none") != 0;
        if (h->referer)
                return !origin_of_url(h->referer, origin, sizeof(origin)) ||
                       !gateway_origin_allowed(g, origin, request_host(r));
        return false;
}

/* A client's own name for a request, so that sending it again repeats the answer and not the deed.
 * False: answered with 400. */
static bool read_idempotency_key(struct request *r)
{
        const struct method *m = r->match.route->method;
        const char *key = r->headers.idempotency_key;
        crypto_generichash_state state;

        if (!key || !m->side_effects)
                return true;
        if (!token_is_printable(key, IDEMPOTENCY_KEY_MAX)) {
                reply_errorf(r, 400, STATUS_INVALID_ARGUMENT,
                             "Idempotency-Key: want 1 to %d printable characters",
                             IDEMPOTENCY_KEY_MAX);
                return false;
        }
        /* The service keeps the ids of each user apart; strangers are told apart by address. */
        crypto_generichash_init(&state, NULL, 0, sizeof(r->call_id));
        crypto_generichash_update(&state, (const uint8_t *)m->name, strlen(m->name) + 1);
        if (m->access == ACCESS_PUBLIC)
                crypto_generichash_update(&state, (const uint8_t *)r->client_address,
                                          strlen(r->client_address) + 1);
        crypto_generichash_update(&state, (const uint8_t *)key, strlen(key));
        crypto_generichash_final(&state, r->call_id, sizeof(r->call_id));
        return true;
}

/* False: answered with 415. */
static bool read_body_kind(struct request *r, enum body_kind *ret)
{
        const struct headers *h = &r->headers;

        *ret = BODY_JSON;
        if (h->content_encoding && strcasecmp(h->content_encoding, "identity") != 0) {
                reply_errorf(r, 415, STATUS_INVALID_ARGUMENT,
                             "Content-Encoding: the body must not be compressed");
                return false;
        }
        if (r->n_body_bytes == 0)
                return true;
        if (transcode_body_kind(h->content_type, ret) &&
            (*ret == BODY_JSON || r->verb == VERB_POST))
                return true;
        reply_errorf(r, 415, STATUS_INVALID_ARGUMENT, "Content-Type: want application/json%s",
                     r->verb == VERB_POST ? " or application/x-www-form-urlencoded" : "");
        return false;
}

static void set_cookie(struct request *r, const char *token, int32_t max_age_s)
{
        char cookie[FRAME_MAX_TOKEN_BYTES + 128];

        if (cookie_write(token, max_age_s, r->is_tls, cookie, sizeof(cookie)))
                reply_header(r, MHD_HTTP_HEADER_SET_COOKIE, cookie);
}

static void answer_message(struct request *r, const ProtobufCMessage *response)
{
        const struct route *route = r->match.route;

        if (route->http->response_body)
                json_append_field(&r->out, route->method->output, response,
                                  route->http->response_body);
        else
                json_append_message(&r->out, route->method->output, response);
        reply_out(r, route->method->http_status, REPLY_JSON);
}

/* Whose sessions the call may end: 0 is the caller. False: nobody's. */
static bool ends_sessions(const struct request *r, const ProtobufCMessage *message,
                          int64_t *ret_user_id)
{
        *ret_user_id = 0;
        if (is_method(r, METHOD_USER_SERVICE_UPDATE_USER))
                *ret_user_id = ((const Socializer__V1__UpdateUserRequest *)message)->user_id;
        else if (is_method(r, METHOD_USER_SERVICE_DELETE_USER))
                *ret_user_id = ((const Socializer__V1__DeleteUserRequest *)message)->user_id;
        else if (is_method(r, METHOD_USER_SERVICE_REVOKE_SESSION))
                *ret_user_id = ((const Socializer__V1__RevokeSessionRequest *)message)->user_id;
        else if (is_method(r, METHOD_USER_SERVICE_REVOKE_SESSIONS))
                *ret_user_id = ((const Socializer__V1__RevokeSessionsRequest *)message)->user_id;
        else if (is_method(r, METHOD_ADMIN_SERVICE_RESET_PASSWORD))
                *ret_user_id = ((const Socializer__V1__ResetPasswordRequest *)message)->user_id;
        else
                return is_method(r, METHOD_USER_SERVICE_LOGOUT) ||
                       is_method(r, METHOD_USER_SERVICE_REFRESH_TOKEN) ||
                       is_method(r, METHOD_USER_SERVICE_CHANGE_PASSWORD);
        return true;
}

static void finish(struct request *r, soc_status status, const ProtobufCMessage *response,
                   const struct error *error)
{
        if (status != SOC_OK) {
                reply_error(r, 0, error);
                /* A token that is worth nothing any more need not stay in the browser. */
                if (status == SOC_UNAUTHENTICATED && is_method(r, METHOD_USER_SERVICE_LOGOUT))
                        set_cookie(r, "", 0);
                return;
        }
        if (r->ends_sessions && r->server->gateway->ws)
                ws_recheck(r->server->gateway->ws, r->ends_sessions_of, r->token);
        answer_message(r, response);
        if (is_method(r, METHOD_USER_SERVICE_LOGIN)) {
                const Socializer__V1__LoginResponse *login =
                        (const Socializer__V1__LoginResponse *)response;
                set_cookie(r, login->access_token, login->expires_in);
        } else if (is_method(r, METHOD_USER_SERVICE_REFRESH_TOKEN)) {
                const Socializer__V1__RefreshTokenResponse *refresh =
                        (const Socializer__V1__RefreshTokenResponse *)response;
                set_cookie(r, refresh->access_token, refresh->expires_in);
        } else if (is_method(r, METHOD_USER_SERVICE_LOGOUT) ||
                   (is_method(r, METHOD_USER_SERVICE_DELETE_USER) && r->ends_sessions_of == 0)) {
                set_cookie(r, "", 0);
        }
}

/* Whether the answer goes out while it is made, or in parts. */
static bool answer_stream(struct request *r, ProtobufCMessage *message)
{
        if (is_method(r, METHOD_COACH_SERVICE_CHAT) &&
            ((Socializer__V1__ChatRequest *)message)->stream)
                stream_chat(r, (Socializer__V1__ChatRequest *)message);
        else if (is_method(r, METHOD_COACH_SERVICE_GET_ANSWER) && !r->is_head &&
                 ((Socializer__V1__GetAnswerRequest *)message)->stream &&
                 ((Socializer__V1__GetAnswerRequest *)message)->after >= 0)
                stream_follow(r, (Socializer__V1__GetAnswerRequest *)message);
        else if (is_method(r, METHOD_EXPORT_SERVICE_EXPORT_USER) &&
                 r->match.route->http->response_body)
                download_export(r, (Socializer__V1__ExportUserRequest *)message);
        else
                return false;
        return true;
}

void rpc_answer(struct request *r)
{
        const struct method *m = r->match.route->method;
        struct transcode_input input = {
                .match = &r->match,
                .query = r->query,
                .body = (char *)r->body.data,
                .n_body_bytes = r->n_body_bytes,
        };
        ProtobufCMessage *message;
        unsigned http_status;
        struct error error;

        if (token_read(r, &error) != STATUS_OK) {
                reply_error(r, 0, &error);
                return;
        }
        if (!read_idempotency_key(r) || !read_body_kind(r, &input.body_kind))
                return;
        if (is_forged(r)) {
                reply_errorf(r, 403, STATUS_PERMISSION_DENIED,
                             "a page of another site may not do this");
                return;
        }
        if (transcode_request(&input, &r->arena, &message, &http_status, &error) != STATUS_OK) {
                reply_error(r, http_status, &error);
                return;
        }
        if (answer_stream(r, message))
                return;
        name_client(r, message);
        r->ends_sessions = ends_sessions(r, message, &r->ends_sessions_of);

        soc_call_options options = {
                .token = m->access == ACCESS_PUBLIC ? "" : r->token,
                .id = r->call_id,
        };
        request_call(r, m->name, message, &options, finish);
}
