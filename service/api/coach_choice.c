#include "service/api/coach_choice.h"

#include "service/api/coach_key.h"
#include "service/coach/builtin.h"
#include "service/coach/endpoint.h"
#include "service/store/coach_setting.h"

static const char *const engine_names[] = {COACH_BUILTIN, "openai"};

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
static enum status choose_endpoint(struct service *service, struct arena *arena,
                                   struct lease *lease, const struct coach_user_setting *own,
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
                return coach_key_open(service, arena, lease, user_id, own->api_key, &ret->api_key,
                                      reterr);
        return coach_key_open(service, arena, lease, 0, server->api_key, &ret->api_key, reterr);
}

static enum status choose(struct service *service, struct arena *arena, struct lease *lease,
                          const struct user *user, const struct coach_user_setting *own,
                          const struct coach_server_setting *server, struct coach_choice *ret,
                          struct error *reterr)
{
        *ret = (struct coach_choice){
                .settings = {.provider = first(own->provider, server->provider),
                             .endpoint = "",
                             .model = "",
                             .api_key = "",
                             .temperature = user->temperature,
                             .context_bytes = (uint32_t)server->context_bytes},
                .language = own->language,
                .requests_per_minute = server->requests_per_minute,
        };
        /* The built-in coach needs none, and so cannot be kept from answering by a bad one. */
        if (coach_engine_is_builtin(ret->settings.provider))
                return STATUS_OK;
        ret->settings.model = first(own->model, server->model);
        return choose_endpoint(service, arena, lease, own, server, user->id, &ret->settings,
                               reterr);
}

static enum status read_settings(struct arena *arena, struct lease *lease, const struct user *user,
                                 struct coach_user_setting *ret_own,
                                 struct coach_server_setting *ret_server, struct error *reterr)
{
        enum status st = coach_server_setting_get(lease, arena, ret_server, reterr);

        return st == STATUS_OK ? coach_user_setting_get(lease, arena, user->id, ret_own, reterr)
                               : st;
}

enum status coach_choice_get(struct service *service, struct arena *arena, struct lease *lease,
                             const struct user *user, struct coach_choice *ret,
                             struct error *reterr)
{
        struct coach_server_setting server;
        struct coach_user_setting own;
        enum status st = read_settings(arena, lease, user, &own, &server, reterr);

        return st == STATUS_OK ? choose(service, arena, lease, user, &own, &server, ret, reterr)
                               : st;
}

enum status coach_choice_in_room(struct service *service, struct arena *arena, struct lease *lease,
                                 const struct user *user, enum room_coach_kind coach,
                                 struct coach_choice *ret, struct error *reterr)
{
        struct coach_server_setting server;
        struct coach_user_setting own;
        enum status st = read_settings(arena, lease, user, &own, &server, reterr);

        if (st != STATUS_OK)
                return st;
        const struct coach_user_setting in_room = {
                .provider = coach == ROOM_COACH_SERVER ? "" : COACH_BUILTIN,
                .endpoint = "",
                .model = "",
                .language = own.language,
        };
        return choose(service, arena, lease, user, &in_room, &server, ret, reterr);
}

enum status coach_choice_of_evaluation(struct service *service, struct arena *arena,
                                       struct lease *lease, const struct user *user,
                                       struct coach_choice *ret, struct error *reterr)
{
        struct coach_user_setting builtin = {
                .provider = COACH_BUILTIN, .endpoint = "", .model = "", .language = ""};
        struct coach_server_setting server;
        struct coach_user_setting own;
        enum status st = read_settings(arena, lease, user, &own, &server, reterr);

        if (st != STATUS_OK)
                return st;
        builtin.language = own.language;
        if (own.remote_evaluation) {
                st = choose(service, arena, lease, user, &own, &server, ret, reterr);
                if (st != STATUS_PERMISSION_DENIED && st != STATUS_FAILED_PRECONDITION)
                        return st;
        }
        return choose(service, arena, lease, user, &builtin, &server, ret, reterr);
}
