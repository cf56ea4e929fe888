/* UserService: where a user is signed in, and signing out there. */
#include "service/api/session.h"

#include "common/contract.h"
#include "service/api/forget.h"
#include "service/api/wire.h"
#include "service/auth/authority.h"
#include "service/service.h"
#include "service/store/rows.h"

#include "handlers.gen.h"

#include <sodium.h>
#include <string.h>

Socializer__V1__Session *session_answer(struct call *call, struct session_info *session)
{
        bool is_current = memcmp(session->jti, call->caller.jti, sizeof(session->jti)) == 0;

        if (is_current)
                session->last_used_at_ms = clock_wall_ms();
        Socializer__V1__Session *message = wire_session(call->arena, session);
        if (message)
                message->is_current = is_current;
        return message;
}

enum status user_service_list_sessions(struct call *call,
                                       const Socializer__V1__ListSessionsRequest *req,
                                       Socializer__V1__ListSessionsResponse *rsp,
                                       struct error *reterr)
{
        struct session_list list;
        int64_t id, before_id = 0;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &before_id, reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = session_list(&lease, call->arena, id, clock_wall_ms(), before_id,
                          wire_page_size(req->page_size), &list, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->sessions = wire_list(call->arena, list.n_items);
        if (!rsp->sessions)
                return wire_no_memory(reterr);
        for (; rsp->n_sessions < list.n_items; rsp->n_sessions++) {
                size_t i = rsp->n_sessions;

                rsp->sessions[i] = session_answer(call, &list.items[i]);
                if (!rsp->sessions[i])
                        return wire_no_memory(reterr);
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

enum status user_service_revoke_session(struct call *call,
                                        const Socializer__V1__RevokeSessionRequest *req,
                                        Socializer__V1__RevokeSessionResponse *rsp,
                                        struct error *reterr)
{
        (void)rsp;
        uint8_t jti[SESSION_JTI_BYTES];
        int64_t id;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        /* The pattern leaves nothing else but hexadecimal digits. */
        sodium_hex2bin(jti, sizeof(jti), req->session_id, strlen(req->session_id), NULL, NULL,
                       NULL);
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = session_revoke_one(&lease, id, jti, reterr);
        if (st == STATUS_OK)
                st = forget_token(call, id, jti, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status user_service_revoke_sessions(struct call *call,
                                         const Socializer__V1__RevokeSessionsRequest *req,
                                         Socializer__V1__RevokeSessionsResponse *rsp,
                                         struct error *reterr)
{
        const uint8_t *keep = req->keep_current ? call->caller.jti : NULL;
        int64_t id;
        enum status st = call_subject(call, req->user_id, &id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = rows_require_user(&lease, id, reterr);
        if (st == STATUS_OK)
                st = authority_revoke_user(&lease, id, keep, &rsp->revoked, reterr);
        if (st == STATUS_OK)
                st = forget_user(call, id, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}
