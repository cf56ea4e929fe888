/* SkillService: how levels came to be, and what their user says to that. */
#include "service/api/announce.h"
#include "service/api/level.h"

#include "common/contract.h"
#include "service/api/wire.h"
#include "service/auth/vault.h"
#include "service/service.h"

#include "handlers.gen.h"

#include <string.h>

/* is_owner: the texts are the user's own. */
static Socializer__V1__LevelEvidence *wire_evidence(struct arena *arena, const struct said *said,
                                                    bool is_owner)
{
        Socializer__V1__LevelEvidence *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__level_evidence__init(message);
        message->source = (Socializer__V1__EvidenceSource)said->source;
        message->message_id = said->id;
        message->is_gone = said->is_gone;
        if (said->is_gone)
                return message;
        message->room_id = said->room_id;
        message->seq = said->seq;
        if (is_owner)
                message->text = (char *)said->text;
        message->created_at = wire_timestamp(arena, said->created_at_ms);
        return message->created_at ? message : NULL;
}

Socializer__V1__LevelChange *level_answer(struct call *call, const struct level_change *change)
{
        struct arena *arena = call->arena;
        bool is_owner = call->caller.user_id == change->user_id;
        Socializer__V1__LevelChange *message = arena_alloc(arena, sizeof(*message));

        if (!message)
                return NULL;
        socializer__v1__level_change__init(message);
        message->id = change->id;
        message->user_id = change->user_id;
        message->skill_id = change->skill_id;
        message->skill_name = (char *)change->skill_name;
        message->old_level = change->old_level;
        message->new_level = change->new_level;
        message->engine = (char *)change->engine;
        message->is_self_assessed = strcmp(change->engine, LEVEL_BY_SELF) == 0;
        message->why = (char *)change->why;
        message->dispute_reason = (char *)change->dispute_reason;
        message->is_reverted = change->is_reverted;
        message->created_at = wire_timestamp(arena, change->created_at_ms);
        message->evidence = wire_list(arena, change->n_evidence);
        if (!message->created_at || !message->evidence)
                return NULL;
        if (change->disputed_at_ms != 0) {
                message->disputed_at = wire_timestamp(arena, change->disputed_at_ms);
                if (!message->disputed_at)
                        return NULL;
        }
        for (; message->n_evidence < change->n_evidence; message->n_evidence++) {
                size_t i = message->n_evidence;

                message->evidence[i] = wire_evidence(arena, &change->evidence[i], is_owner);
                if (!message->evidence[i])
                        return NULL;
        }
        return message;
}

enum status level_owners_key(struct call *call, struct lease *lease, int64_t user_id,
                             struct seal_key *ret, struct error *reterr)
{
        if (user_id != call->caller.user_id)
                return STATUS_OK;
        return vault_user_key(call->service->vault, lease, user_id, false, ret, reterr);
}

enum status skill_service_list_level_changes(struct call *call,
                                             const Socializer__V1__ListLevelChangesRequest *req,
                                             Socializer__V1__ListLevelChangesResponse *rsp,
                                             struct error *reterr)
{
        struct level_change_list list;
        int64_t user_id, before_id = 0;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &before_id, reterr);
        if (st != STATUS_OK)
                return st;
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = lease_snapshot(&lease, reterr);
        if (st == STATUS_OK)
                st = level_owners_key(call, &lease, user_id, &key, reterr);
        if (st == STATUS_OK)
                st = level_list(&lease, call->arena, &key, user_id, req->skill_id, before_id,
                                wire_page_size(req->page_size), &list, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->changes = wire_list(call->arena, list.n_items);
        if (!rsp->changes)
                return wire_no_memory(reterr);
        for (; rsp->n_changes < list.n_items; rsp->n_changes++) {
                size_t i = rsp->n_changes;

                rsp->changes[i] = level_answer(call, &list.items[i]);
                if (!rsp->changes[i])
                        return wire_no_memory(reterr);
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

enum status skill_service_get_level_change(struct call *call,
                                           const Socializer__V1__GetLevelChangeRequest *req,
                                           Socializer__V1__GetLevelChangeResponse *rsp,
                                           struct error *reterr)
{
        struct level_change change;
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = lease_snapshot(&lease, reterr);
        if (st == STATUS_OK)
                st = level_owners_key(call, &lease, user_id, &key, reterr);
        if (st == STATUS_OK)
                st = level_get(&lease, call->arena, &key, user_id, req->change_id, &change, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->change = level_answer(call, &change);
        return rsp->change ? STATUS_OK : wire_no_memory(reterr);
}

enum status skill_service_dispute_level_change(struct call *call,
                                               const Socializer__V1__DisputeLevelChangeRequest *req,
                                               Socializer__V1__DisputeLevelChangeResponse *rsp,
                                               struct error *reterr)
{
        struct level_change change;
        struct level_moved moved;
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st == STATUS_OK && user_id != call->caller.user_id)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "a change is disputed by the user whose level it is");
        if (st != STATUS_OK)
                return st;
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = level_owners_key(call, &lease, user_id, &key, reterr);
        if (st == STATUS_OK)
                st = level_dispute(&lease, call->arena, &key, user_id, req->change_id, req->reason,
                                   &change, &moved, reterr);
        if (st == STATUS_OK)
                st = announce_level(call, user_id, &moved, change.skill_name, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->change = level_answer(call, &change);
        return rsp->change ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}
