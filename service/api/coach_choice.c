#include "service/api/coach_choice.h"

#include "service/api/coach_key.h"
#include "service/coach/endpoint.h"
#include "service/store/coach_setting.h"

#include <string.h>

static const char *const engine_names[] = {"builtin", "openai"};

const char *coach_engine_name(size_t i)
{
        return i < ARRAY_SIZE(engine_names) ? engine_names[i] : NULL;
}

static const char *first(const char *text, const char *otherwise)
{
        return *text ? text : otherwise;
}

enum status coach_choice_allows(const struct coach_server_setting *server, const char *endpoint,
                                struct error *reterr)
{
        static const char *const nothing[] = {""}; /* NULL would allow everything */

        return coach_endpoint_check(endpoint, server->n_allowed ? server->allowed : nothing,
                                    server->n_allowed, reterr);
}

/* The server's key goes to the server's endpoint only; a user's goes where the user wants it, if
 * administrators allow that. */
static enum status choose_endpoint(struct call *call, struct lease *lease,
                                   const struct coach_user_setting *own,
                                   const struct coach_server_setting *server, int64_t user_id,
                                   struct coach_settings *ret, struct error *reterr)
{
        enum status st;

        ret->endpoint = first(own->endpoint, server->endpoint);
        ret->allow_private = *own->endpoint == '\0' || server->allow_private;
        if (*own->endpoint) {
                st = coach_choice_allows(server, own->endpoint, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        if (*own->endpoint || own->api_key.n_bytes > 0)
                return coach_key_open(call, lease, user_id, own->api_key, &ret->api_key, reterr);
        return coach_key_open(call, lease, 0, server->api_key, &ret->api_key, reterr);
}

enum status coach_choice_get(struct call *call, struct lease *lease, const struct user *user,
                             struct coach_choice *ret, struct error *reterr)
{
        struct coach_server_setting server;
        struct coach_user_setting own;
        enum status st = coach_server_setting_get(lease, call->arena, &server, reterr);

        if (st == STATUS_OK)
                st = coach_user_setting_get(lease, call->arena, user->id, &own, reterr);
        if (st != STATUS_OK)
                return st;
        *ret = (struct coach_choice){
                .settings = {.provider = first(own.provider, server.provider),
                             .endpoint = "",
                             .model = first(own.model, server.model),
                             .api_key = "",
                             .temperature = user->temperature,
                             .context_bytes = (uint32_t)server.context_bytes},
                .language = own.language,
                .requests_per_minute = server.requests_per_minute,
        };
        /* The built-in coach needs none, and so cannot be kept from answering by a bad one. */
        if (*ret->settings.provider == '\0' || strcmp(ret->settings.provider, engine_names[0]) == 0)
                return STATUS_OK;
        return choose_endpoint(call, lease, &own, &server, user->id, &ret->settings, reterr);
}
