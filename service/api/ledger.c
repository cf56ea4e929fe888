/* CoachService: what engines were told of the caller. */
#include "service/api/ledger.h"

#include "common/wire.h"
#include "service/api/wire.h"
#include "service/auth/vault.h"
#include "service/service.h"

#include "handlers.gen.h"

/* What we have packed ourselves unpacks, as far as there is memory. */
Socializer__V1__Disclosure *ledger_answer(struct arena *arena, const struct disclosure *entry)
{
        ProtobufCMessage *unpacked = NULL;

        if (wire_unpack(&socializer__v1__disclosure__descriptor, entry->content.data,
                        entry->content.n_bytes, arena, &unpacked, NULL) != STATUS_OK)
                return NULL;
        Socializer__V1__Disclosure *message = (Socializer__V1__Disclosure *)unpacked;
        message->id = entry->id;
        message->created_at = wire_timestamp(arena, entry->created_at_ms);
        return message->created_at ? message : NULL;
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
        for (; rsp->n_disclosures < list.n_items; rsp->n_disclosures++) {
                size_t i = rsp->n_disclosures;

                rsp->disclosures[i] = ledger_answer(call->arena, &list.items[i]);
                if (!rsp->disclosures[i])
                        return wire_no_memory(reterr);
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
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
