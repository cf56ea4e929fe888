/* UserService, but for what login.c, session.c, memory.c and erase.c have: accounts and
 * preferences. */
#include "common/contract.h"
#include "service/api/forget.h"
#include "service/api/room_passage.h"
#include "service/api/wire.h"
#include "service/auth/authority.h"
#include "service/service.h"

#include "handlers.gen.h"

/* The user into a response, with as much as the caller may see. */
static enum status answer_user(struct call *call, const struct user *user,
                               Socializer__V1__User **ret, struct error *reterr)
{
        bool is_private = call->caller.is_admin || call->caller.user_id == user->id;
        Socializer__V1__User *message = wire_user(call->arena, user, is_private);

        if (!message)
                return wire_no_memory(reterr);
        *ret = message;
        return STATUS_OK;
}

static enum status get_user(struct call *call, int64_t id, Socializer__V1__User **ret,
                            struct error *reterr)
{
        struct user user;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);

        enum status st = user_get(&lease, call->arena, id, &user, reterr);
        return st == STATUS_OK ? answer_user(call, &user, ret, reterr) : st;
}

enum status user_service_get_me(struct call *call, const Socializer__V1__GetMeRequest *req,
                                Socializer__V1__GetMeResponse *rsp, struct error *reterr)
{
        (void)req;
        int64_t id;
        enum status st = call_subject(call, 0, &id, reterr);

        return st == STATUS_OK ? get_user(call, id, &rsp->user, reterr) : st;
}

enum status user_service_get_user(struct call *call, const Socializer__V1__GetUserRequest *req,
                                  Socializer__V1__GetUserResponse *rsp, struct error *reterr)
{
        int64_t id = req->user_id;
        /* Anybody may look at anybody; only "me" needs to be known. */
        enum status st = id == 0 ? call_subject(call, 0, &id, reterr) : STATUS_OK;

        return st == STATUS_OK ? get_user(call, id, &rsp->user, reterr) : st;
}

enum status user_service_get_user_by_username(struct call *call,
                                              const Socializer__V1__GetUserByUsernameRequest *req,
                                              Socializer__V1__GetUserByUsernameResponse *rsp,
                                              struct error *reterr)
{
        struct user user;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);

        enum status st = user_get_by_name(&lease, call->arena, req->username, &user, reterr);
        return st == STATUS_OK ? answer_user(call, &user, &rsp->user, reterr) : st;
}

enum status user_service_list_users(struct call *call, const Socializer__V1__ListUsersRequest *req,
                                    Socializer__V1__ListUsersResponse *rsp, struct error *reterr)
{
        struct user_list list;
        int64_t after_id;
        enum status st = wire_parse_page_token(req->page_token, &after_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = user_list(&lease, call->arena, after_id, wire_page_size(req->page_size),
                       call->caller.is_admin, &list, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->users = wire_list(call->arena, list.n_items);
        if (!rsp->users)
                return wire_no_memory(reterr);
        for (; rsp->n_users < list.n_items; rsp->n_users++) {
                st = answer_user(call, &list.items[rsp->n_users], &rsp->users[rsp->n_users],
                                 reterr);
                if (st != STATUS_OK)
                        return st;
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

static void read_change(const Socializer__V1__UpdateUserRequest *req, struct user_change *ret)
{
        *ret = (struct user_change){
                .has_temperature = req->temperature_set_case ==
                                   SOCIALIZER__V1__UPDATE_USER_REQUEST__TEMPERATURE_SET_TEMPERATURE,
                .has_is_active = req->is_active_set_case ==
                                 SOCIALIZER__V1__UPDATE_USER_REQUEST__IS_ACTIVE_SET_IS_ACTIVE,
                .has_role =
                        req->role_set_case == SOCIALIZER__V1__UPDATE_USER_REQUEST__ROLE_SET_ROLE,
        };
        if (req->username_set_case == SOCIALIZER__V1__UPDATE_USER_REQUEST__USERNAME_SET_USERNAME)
                ret->username = req->username;
        if (req->email_set_case == SOCIALIZER__V1__UPDATE_USER_REQUEST__EMAIL_SET_EMAIL)
                ret->email = req->email;
        if (ret->has_temperature)
                ret->temperature = req->temperature;
        if (ret->has_is_active)
                ret->is_active = req->is_active;
        if (ret->has_role)
                ret->role = (enum user_role)req->role;
}

/* What a change means for tokens that are out: who is put to sleep does not wake up with old ones,
 * and what authentication remembers of a user must not be out of date. */
static enum status follow_up(struct call *call, struct lease *lease, int64_t id,
                             const struct user_change *change, struct error *reterr)
{
        enum status st = STATUS_OK;

        if (change->has_is_active && !change->is_active) {
                st = authority_revoke_user(lease, id, NULL, NULL, reterr);
                if (st == STATUS_OK)
                        st = room_rekey_all(call, lease, id, reterr);
        }
        if (st == STATUS_OK && (change->has_is_active || change->has_role || change->username))
                st = forget_user(call, id, reterr);
        return st;
}

static enum status update_user(struct call *call, int64_t id, const struct user_change *change,
                               Socializer__V1__User **ret, struct error *reterr)
{
        struct user user;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);

        enum status st = user_update(&lease, call->arena, id, change, &user, reterr);
        if (st == STATUS_OK)
                st = follow_up(call, &lease, id, change, reterr);
        if (st == STATUS_OK)
                st = answer_user(call, &user, ret, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status user_service_update_user(struct call *call,
                                     const Socializer__V1__UpdateUserRequest *req,
                                     Socializer__V1__UpdateUserResponse *rsp, struct error *reterr)
{
        struct user_change change;
        int64_t id;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        read_change(req, &change);
        if ((change.has_is_active || change.has_role) && !call->caller.is_admin)
                return error_set(reterr, STATUS_PERMISSION_DENIED, "only administrators change %s",
                                 change.has_role ? "roles" : "who is active");
        return update_user(call, id, &change, &rsp->user, reterr);
}

enum status user_service_set_temperature(struct call *call,
                                         const Socializer__V1__SetTemperatureRequest *req,
                                         Socializer__V1__SetTemperatureResponse *rsp,
                                         struct error *reterr)
{
        struct user_change change = {.has_temperature = true, .temperature = req->temperature};
        int64_t id;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        return st == STATUS_OK ? update_user(call, id, &change, &rsp->user, reterr) : st;
}

enum status user_service_list_preferences(struct call *call,
                                          const Socializer__V1__ListPreferencesRequest *req,
                                          Socializer__V1__ListPreferencesResponse *rsp,
                                          struct error *reterr)
{
        struct preference_list list;
        int64_t id;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = preference_list(&lease, call->arena, id, req->type, &list, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->preferences = wire_list(call->arena, list.n_items);
        if (!rsp->preferences)
                return wire_no_memory(reterr);
        for (; rsp->n_preferences < list.n_items; rsp->n_preferences++) {
                size_t i = rsp->n_preferences;

                rsp->preferences[i] = wire_preference(call->arena, &list.items[i]);
                if (!rsp->preferences[i])
                        return wire_no_memory(reterr);
        }
        return STATUS_OK;
}

enum status user_service_set_preference(struct call *call,
                                        const Socializer__V1__SetPreferenceRequest *req,
                                        Socializer__V1__SetPreferenceResponse *rsp,
                                        struct error *reterr)
{
        bool has_confidence = req->confidence_set_case ==
                              SOCIALIZER__V1__SET_PREFERENCE_REQUEST__CONFIDENCE_SET_CONFIDENCE;
        const struct preference wanted = {
                .type = req->type,
                .key = req->key,
                .value = req->value,
                .confidence = has_confidence ? req->confidence : 1,
        };
        struct preference stored;
        int64_t id;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = preference_set(&lease, call->arena, id, &wanted, &stored, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->preference = wire_preference(call->arena, &stored);
        return rsp->preference ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}

enum status user_service_delete_preferences(struct call *call,
                                            const Socializer__V1__DeletePreferencesRequest *req,
                                            Socializer__V1__DeletePreferencesResponse *rsp,
                                            struct error *reterr)
{
        int64_t id, n_deleted = 0;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = preference_delete(&lease, id, req->type, req->key, &n_deleted, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->deleted = (int32_t)n_deleted;
        return lease_commit(&lease, reterr);
}
