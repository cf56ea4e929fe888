/* CoachService: what engines were told of the caller. */
#include "service/api/wire.h"
#include "service/auth/vault.h"
#include "service/service.h"
#include "service/store/disclosure.h"

#include "common/wire.h"
#include "handlers.gen.h"

static enum status wire_disclosure(struct arena *arena, const struct disclosure *entry,
                                   Socializer__V1__Disclosure **ret, struct error *reterr)
{
        ProtobufCMessage *message = NULL;
        enum status st = wire_unpack(&socializer__v1__disclosure__descriptor, entry->content.data,
                                     entry->content.n_bytes, arena, &message, reterr);

        if (st != STATUS_OK)
                return st;
        *ret = (Socializer__V1__Disclosure *)message;
        (*ret)->id = entry->id;
        (*ret)->created_at = wire_timestamp(arena, entry->created_at_ms);
        return (*ret)->created_at ? STATUS_OK : wire_no_memory(reterr);
}

enum status coach_service_list_disclosures(struct call *call,
                                           const Socializer__V1__ListDisclosuresRequest *req,
                                           Socializer__V1__ListDisclosuresResponse *rsp,
                                           struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct disclosure_list list;
        int64_t user_id, before_id = 0;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &before_id, reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = vault_user_key(call->service->vault, &lease, user_id, false, &key, reterr);
        if (st == STATUS_OK)
                st = disclosure_list(&lease, call->arena, &key, user_id, before_id,
                                     wire_page_size(req->page_size), &list, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->disclosures = wire_list(call->arena, list.n_items);
        if (!rsp->disclosures)
                return wire_no_memory(reterr);
        for (; rsp->n_disclosures < list.n_items && st == STATUS_OK; rsp->n_disclosures++)
                st = wire_disclosure(call->arena, &list.items[rsp->n_disclosures],
                                     &rsp->disclosures[rsp->n_disclosures], reterr);
        if (st == STATUS_OK && list.more)
                st = wire_next_page(call->arena, list.items[list.n_items - 1].id,
                                    &rsp->next_page_token, reterr);
        return st;
}

enum status coach_service_delete_disclosures(struct call *call,
                                             const Socializer__V1__DeleteDisclosuresRequest *req,
                                             Socializer__V1__DeleteDisclosuresResponse *rsp,
                                             struct error *reterr)
{
        (void)req;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = disclosure_delete_all(&lease, user_id, &rsp->deleted, reterr);
        if (st == STATUS_OK)
                db_empty_log(call->service->db);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}
