/* Signing up, in and out: the part of UserService that deals with passwords and tokens. Passwords
 * are hashed on password threads, before anything is leased. */
#include "service/api/login.h"

#include "common/contract.h"
#include "service/api/forget.h"
#include "service/api/wire.h"
#include "service/auth/authority.h"
#include "service/auth/password.h"
#include "service/service.h"
#include "service/store/session.h"

#include "handlers.gen.h"

#include <string.h>

static char token_type[] = "bearer";

/* What a password thread found out, for the function that writes. */
struct attempt {
        const void *req;
        void *rsp;
        char *hash; /* of a new password */
        struct user_credentials credentials; /* as they were when the password was checked */
        bool matches;
};

static enum status refuse(struct error *reterr)
{
        return error_set(reterr, STATUS_UNAUTHENTICATED, "Incorrect username or password");
}

static enum status write_registration(struct call *call, struct lease *lease, void *arg,
                                      struct error *reterr)
{
        struct attempt *attempt = arg;
        const Socializer__V1__RegisterRequest *req = attempt->req;
        Socializer__V1__RegisterResponse *rsp = attempt->rsp;
        struct user user;

        enum status st = user_add(lease, call->arena, req->username, req->email, attempt->hash,
                                  USER_ROLE_USER, &user, reterr);
        if (st == STATUS_OK)
                st = training_add_defaults(lease, user.id, reterr);
        if (st != STATUS_OK)
                return st;
        static char message[] = "User registered";
        rsp->message = message;
        rsp->id = user.id;
        rsp->username = (char *)user.username;
        rsp->email = (char *)user.email;
        return STATUS_OK;
}

enum status user_service_register(struct call *call, const Socializer__V1__RegisterRequest *req,
                                  Socializer__V1__RegisterResponse *rsp, struct error *reterr)
{
        char hash[PASSWORD_HASH_BYTES];
        struct attempt attempt = {.req = req, .rsp = rsp, .hash = hash};

        enum status st = password_hash(req->password, hash, reterr);
        return st == STATUS_OK ? call_write(call, write_registration, &attempt, NULL, reterr) : st;
}

/* Reads an account's credentials in a lease of its own, so that none is held while hashing. By
 * number, or by name where that is 0. */
static enum status read_credentials(struct call *call, int64_t user_id, const char *username,
                                    struct user_credentials *ret, struct error *reterr)
{
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);

        if (user_id != 0)
                return user_get_credentials_by_id(&lease, call->arena, user_id, ret, reterr);
        return user_get_credentials(&lease, call->arena, username, ret, reterr);
}

enum status login_check(struct call *call, int64_t user_id, const char *username,
                        const char *password, struct user_credentials *ret, bool *ret_matches,
                        struct error *reterr)
{
        struct authority *authority = call->service->authority;
        enum status st = authority_login_attempt(authority, username, call->client_address, reterr);

        if (st != STATUS_OK)
                return st;
        st = read_credentials(call, user_id, username, ret, reterr);
        bool is_known = st == STATUS_OK;
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = password_verify(is_known ? ret->password_hash : NULL, password, ret_matches,
                                     reterr);
        if (st != STATUS_OK)
                authority_login_undecided(authority, username, call->client_address);
        else if (*ret_matches)
                authority_login_succeeded(authority, username, call->client_address);
        return st;
}

enum status login_check_unchanged(struct call *call, struct lease *lease,
                                  const struct user_credentials *before, struct error *reterr)
{
        struct user_credentials now;
        enum status st = user_get_credentials_by_id(lease, call->arena, before->id, &now, reterr);

        if (st == STATUS_NOT_FOUND)
                return refuse(reterr);
        if (st == STATUS_OK &&
            (!now.is_active || strcmp(now.password_hash, before->password_hash) != 0))
                return refuse(reterr);
        return st;
}

static enum status write_login(struct call *call, struct lease *lease, void *arg,
                               struct error *reterr)
{
        struct attempt *attempt = arg;
        const Socializer__V1__LoginRequest *req = attempt->req;
        Socializer__V1__LoginResponse *rsp = attempt->rsp;
        const struct authority_login login = {
                .user_id = attempt->credentials.id,
                .username = attempt->credentials.username,
                .client = req->client,
        };
        const char *token;
        uint32_t expires_in_s;

        enum status st = login_check_unchanged(call, lease, &attempt->credentials, reterr);
        if (st == STATUS_OK)
                st = authority_issue(call->service->authority, lease, call->arena, &login, &token,
                                     &expires_in_s, reterr);
        /* Accounts of before there were plans get them now. */
        if (st == STATUS_OK)
                st = training_add_defaults(lease, attempt->credentials.id, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->access_token = (char *)token;
        rsp->token_type = token_type;
        rsp->expires_in = (int32_t)expires_in_s;
        return STATUS_OK;
}

enum status user_service_login(struct call *call, const Socializer__V1__LoginRequest *req,
                               Socializer__V1__LoginResponse *rsp, struct error *reterr)
{
        struct attempt attempt = {.req = req, .rsp = rsp};

        enum status st = login_check(call, 0, req->username, req->password, &attempt.credentials,
                                     &attempt.matches, reterr);
        if (st != STATUS_OK)
                return st;
        if (!attempt.matches || !attempt.credentials.is_active)
                return refuse(reterr);
        return call_write(call, write_login, &attempt, NULL, reterr);
}

enum status user_service_logout(struct call *call, const Socializer__V1__LogoutRequest *req,
                                Socializer__V1__LogoutResponse *rsp, struct error *reterr)
{
        (void)req;
        (void)rsp;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr); /* the operator has no session */

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = authority_revoke(&lease, call->caller.jti, reterr);
        if (st == STATUS_OK)
                st = forget_caller_token(call, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* A token that was revoked while this call waited buys no fresh one. *ret: what that goes on with.
 */
static enum status check_session(struct call *call, struct lease *lease,
                                 struct authority_login *ret, struct error *reterr)
{
        struct session session;
        struct session_draft draft = {.client = ""};
        enum status st = session_get(lease, call->caller.jti, &session, reterr);

        if (st == STATUS_NOT_FOUND || (st == STATUS_OK && session.is_revoked))
                return error_set(reterr, STATUS_UNAUTHENTICATED, "log in again");
        if (st == STATUS_OK)
                st = session_get_draft(lease, call->arena, call->caller.jti, &draft, reterr);
        *ret = (struct authority_login){
                .user_id = call->caller.user_id,
                .username = call->caller.username,
                .client = draft.client,
                .since_ms = draft.created_at_ms,
        };
        return st;
}

enum status user_service_refresh_token(struct call *call,
                                       const Socializer__V1__RefreshTokenRequest *req,
                                       Socializer__V1__RefreshTokenResponse *rsp,
                                       struct error *reterr)
{
        (void)req;
        struct authority_login login;
        const char *token = NULL;
        uint32_t expires_in_s = 0;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = check_session(call, &lease, &login, reterr);
        if (st == STATUS_OK)
                st = authority_revoke(&lease, call->caller.jti, reterr);
        if (st == STATUS_OK)
                st = authority_issue(call->service->authority, &lease, call->arena, &login, &token,
                                     &expires_in_s, reterr);
        if (st == STATUS_OK)
                st = forget_caller_token(call, reterr);
        if (st == STATUS_OK)
                st = lease_commit(&lease, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->access_token = (char *)token;
        rsp->token_type = token_type;
        rsp->expires_in = (int32_t)expires_in_s;
        return STATUS_OK;
}

/* A wrong password is refused only here, and not before call_write(): the repeat of a call that
 * changed the password brings the old one, and is to get the first answer. */
static enum status write_password(struct call *call, struct lease *lease, void *arg,
                                  struct error *reterr)
{
        struct attempt *attempt = arg;
        int64_t user_id = attempt->credentials.id;

        if (!attempt->matches)
                return error_field(reterr, "current_password", "this is not the current password");
        enum status st = login_check_unchanged(call, lease, &attempt->credentials, reterr);
        if (st == STATUS_OK)
                st = user_set_password(lease, user_id, attempt->hash, reterr);
        if (st == STATUS_OK)
                st = authority_revoke_user(lease, user_id, call->caller.jti, NULL, reterr);
        return st == STATUS_OK ? forget_user(call, user_id, reterr) : st;
}

enum status user_service_change_password(struct call *call,
                                         const Socializer__V1__ChangePasswordRequest *req,
                                         Socializer__V1__ChangePasswordResponse *rsp,
                                         struct error *reterr)
{
        char hash[PASSWORD_HASH_BYTES];
        struct attempt attempt = {.req = req, .rsp = rsp, .hash = hash};
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st == STATUS_OK)
                st = login_check(call, user_id, call->caller.username, req->current_password,
                                 &attempt.credentials, &attempt.matches, reterr);
        if (st == STATUS_OK && attempt.matches)
                st = password_hash(req->new_password, hash, reterr);
        return st == STATUS_OK ? call_write(call, write_password, &attempt, NULL, reterr) : st;
}
