/* CoachService: settings of users and of the server. */
#include "service/api/coach_settings.h"

#include "service/api/coach_choice.h"
#include "service/api/coach_key.h"
#include "service/api/wire.h"
#include "service/coach/endpoint.h"
#include "service/service.h"
#include "service/store/coach_setting.h"

#include "handlers.gen.h"

#include <stdio.h>
#include <string.h>

enum status coach_service_list_engines(struct call *call,
                                       const Socializer__V1__ListEnginesRequest *req,
                                       Socializer__V1__ListEnginesResponse *rsp,
                                       struct error *reterr)
{
        const char *name;
        size_t n = 0;

        (void)req;
        while (coach_engine_name(n))
                n++;
        rsp->engines = wire_list(call->arena, n);
        if (!rsp->engines)
                return wire_no_memory(reterr);
        for (; (name = coach_engine_name(rsp->n_engines)); rsp->n_engines++) {
                Socializer__V1__Engine *engine = arena_alloc(call->arena, sizeof(*engine));

                if (!engine)
                        return wire_no_memory(reterr);
                socializer__v1__engine__init(engine);
                engine->name = (char *)name;
                engine->is_remote = rsp->n_engines > 0;
                rsp->engines[rsp->n_engines] = engine;
        }
        return STATUS_OK;
}

/* --- what both have --- */

static enum status check_provider(const char *provider, struct error *reterr)
{
        const char *name;

        if (*provider == '\0')
                return STATUS_OK;
        for (size_t i = 0; (name = coach_engine_name(i)); i++)
                if (strcmp(name, provider) == 0)
                        return STATUS_OK;
        return error_field(reterr, "provider", "want \"builtin\" or \"openai\", got \"%.40s\"",
                           provider);
}

/* --- of a user --- */

enum status coach_settings_answer(struct call *call, struct lease *lease, int64_t user_id,
                                  Socializer__V1__CoachSettings **ret, struct error *reterr)
{
        struct coach_user_setting own;
        struct user user;
        Socializer__V1__CoachSettings *settings = arena_alloc(call->arena, sizeof(*settings));
        enum status st = user_get(lease, call->arena, user_id, &user, reterr);

        if (st == STATUS_OK)
                st = coach_user_setting_get(lease, call->arena, user_id, &own, reterr);
        if (st != STATUS_OK)
                return st;
        if (!settings)
                return wire_no_memory(reterr);
        socializer__v1__coach_settings__init(settings);
        settings->provider = (char *)own.provider;
        settings->endpoint = (char *)own.endpoint;
        settings->model = (char *)own.model;
        settings->language = (char *)own.language;
        settings->has_api_key = own.api_key.n_bytes > 0;
        settings->temperature = user.temperature;
        settings->remote_evaluation = own.remote_evaluation;
        *ret = settings;
        return STATUS_OK;
}

enum status coach_service_get_settings(struct call *call,
                                       const Socializer__V1__GetSettingsRequest *req,
                                       Socializer__V1__GetSettingsResponse *rsp,
                                       struct error *reterr)
{
        (void)req;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        return coach_settings_answer(call, &lease, user_id, &rsp->settings, reterr);
}

/* What the request sets, checked, over what there was. */
static enum status change_settings(struct call *call, struct lease *lease, int64_t user_id,
                                   const Socializer__V1__UpdateSettingsRequest *req,
                                   struct coach_user_setting *own, struct error *reterr)
{
        struct coach_server_setting server;
        enum status st = coach_server_setting_get(lease, call->arena, &server, reterr);

        if (st == STATUS_OK && req->provider_set_case) {
                own->provider = req->provider;
                st = check_provider(req->provider, reterr);
        }
        if (st == STATUS_OK && req->endpoint_set_case) {
                if (*req->endpoint)
                        st = coach_choice_allows(&server, req->endpoint, reterr);
                /* A key is for the endpoint that it was given for. */
                if (strcmp(own->endpoint, req->endpoint) != 0)
                        own->api_key = (struct frame_bytes){NULL, 0};
                own->endpoint = req->endpoint;
        }
        if (req->model_set_case)
                own->model = req->model;
        if (req->language_set_case)
                own->language = req->language;
        if (req->remote_evaluation_set_case)
                own->remote_evaluation = req->remote_evaluation;
        if (st == STATUS_OK && req->api_key_set_case)
                st = coach_key_seal(call->service, call->arena, lease, user_id, req->api_key,
                                    &own->api_key, reterr);
        return st;
}

enum status coach_service_update_settings(struct call *call,
                                          const Socializer__V1__UpdateSettingsRequest *req,
                                          Socializer__V1__UpdateSettingsResponse *rsp,
                                          struct error *reterr)
{
        struct coach_user_setting own;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = coach_user_setting_get(&lease, call->arena, user_id, &own, reterr);
        if (st == STATUS_OK)
                st = change_settings(call, &lease, user_id, req, &own, reterr);
        if (st == STATUS_OK)
                st = coach_user_setting_put(&lease, user_id, &own, reterr);
        if (st == STATUS_OK)
                st = coach_settings_answer(call, &lease, user_id, &rsp->settings, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- of the server --- */

static enum status answer_server(struct call *call, struct lease *lease,
                                 Socializer__V1__ServerSettings **ret, struct error *reterr)
{
        struct coach_server_setting server;
        Socializer__V1__ServerSettings *settings = arena_alloc(call->arena, sizeof(*settings));
        enum status st = coach_server_setting_get(lease, call->arena, &server, reterr);

        if (st != STATUS_OK)
                return st;
        if (!settings)
                return wire_no_memory(reterr);
        socializer__v1__server_settings__init(settings);
        settings->provider = (char *)server.provider;
        settings->endpoint = (char *)server.endpoint;
        settings->model = (char *)server.model;
        settings->has_api_key = server.api_key.n_bytes > 0;
        settings->allowed_endpoints = (char **)server.allowed;
        settings->n_allowed_endpoints = server.n_allowed;
        settings->allow_private = server.allow_private;
        settings->requests_per_minute = (int32_t)server.requests_per_minute;
        settings->context_bytes = (int32_t)server.context_bytes;
        *ret = settings;
        return STATUS_OK;
}

enum status coach_service_get_server_settings(struct call *call,
                                              const Socializer__V1__GetServerSettingsRequest *req,
                                              Socializer__V1__GetServerSettingsResponse *rsp,
                                              struct error *reterr)
{
        (void)req;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        return answer_server(call, &lease, &rsp->settings, reterr);
}

/* The error of an item, under the item's name. */
static enum status check_allowed(const Socializer__V1__EndpointList *list, struct error *reterr)
{
        for (size_t i = 0; i < list->n_items; i++) {
                struct error error = ERROR_INIT;
                char field[64];

                if (coach_endpoint_check(list->items[i], NULL, 0, &error) == STATUS_OK)
                        continue;
                snprintf(field, sizeof(field), "allowed_endpoints.items[%zu]", i);
                return error_field(reterr, field, "%s", error_description(&error));
        }
        return STATUS_OK;
}

static enum status change_server(struct call *call, struct lease *lease,
                                 const Socializer__V1__UpdateServerSettingsRequest *req,
                                 struct coach_server_setting *server, struct error *reterr)
{
        enum status st = STATUS_OK;

        if (req->provider_set_case) {
                server->provider = req->provider;
                st = check_provider(req->provider, reterr);
        }
        if (st == STATUS_OK && req->endpoint_set_case) {
                if (*req->endpoint)
                        st = coach_endpoint_check(req->endpoint, NULL, 0, reterr);
                if (strcmp(server->endpoint, req->endpoint) != 0)
                        server->api_key = (struct frame_bytes){NULL, 0};
                server->endpoint = req->endpoint;
        }
        if (st == STATUS_OK && req->allowed_endpoints) {
                st = check_allowed(req->allowed_endpoints, reterr);
                server->allowed = (const char **)req->allowed_endpoints->items;
                server->n_allowed = req->allowed_endpoints->n_items;
        }
        if (req->model_set_case)
                server->model = req->model;
        if (req->allow_private_set_case)
                server->allow_private = req->allow_private;
        if (req->requests_per_minute_set_case)
                server->requests_per_minute = req->requests_per_minute;
        if (req->context_bytes_set_case)
                server->context_bytes = req->context_bytes;
        if (st == STATUS_OK && req->api_key_set_case)
                st = coach_key_seal(call->service, call->arena, lease, 0, req->api_key,
                                    &server->api_key, reterr);
        return st;
}

enum status coach_service_update_server_settings(
        struct call *call, const Socializer__V1__UpdateServerSettingsRequest *req,
        Socializer__V1__UpdateServerSettingsResponse *rsp, struct error *reterr)
{
        struct coach_server_setting server;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = coach_server_setting_get(&lease, call->arena, &server, reterr);

        if (st == STATUS_OK)
                st = change_server(call, &lease, req, &server, reterr);
        if (st == STATUS_OK)
                st = coach_server_setting_put(&lease, &server, reterr);
        if (st == STATUS_OK)
                st = answer_server(call, &lease, &rsp->settings, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}
