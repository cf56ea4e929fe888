/* TrainingService: users' plans for skills, and where they stand. */
#include "common/contract.h"
#include "service/api/announce.h"
#include "service/api/wire.h"
#include "service/service.h"

#include "handlers.gen.h"

/* Whose trainings the caller may look at and move: another's are as good as missing. */
static enum status find_owner(struct call *call, int64_t *ret, struct error *reterr)
{
        if (call->caller.is_admin) {
                *ret = TRAINING_ANY_OWNER;
                return STATUS_OK;
        }
        return call_subject(call, 0, ret, reterr);
}

enum status training_service_add_training(struct call *call,
                                          const Socializer__V1__AddTrainingRequest *req,
                                          Socializer__V1__AddTrainingResponse *rsp,
                                          struct error *reterr)
{
        bool has_status =
                req->status != SOCIALIZER__V1__TRAINING_STATUS__TRAINING_STATUS_UNSPECIFIED;
        const struct training_draft draft = {
                .status = has_status ? (enum training_status)req->status : TRAINING_PENDING,
                .progress = req->progress,
                .days = req->days,
        };
        struct training training;
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = training_add(&lease, user_id, req->skill_id, &draft, &training, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->training = wire_training(call->arena, &training);
        return rsp->training ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}

enum status training_service_get_training(struct call *call,
                                          const Socializer__V1__GetTrainingRequest *req,
                                          Socializer__V1__GetTrainingResponse *rsp,
                                          struct error *reterr)
{
        struct training training;
        int64_t owner_id;
        enum status st = find_owner(call, &owner_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = training_get(&lease, req->training_id, owner_id, &training, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->training = wire_training(call->arena, &training);
        return rsp->training ? STATUS_OK : wire_no_memory(reterr);
}

static enum status answer_list(struct call *call, const struct training_list *list,
                               Socializer__V1__Training ***ret, size_t *ret_n, struct error *reterr)
{
        Socializer__V1__Training **messages = wire_list(call->arena, list->n_items);

        if (!messages)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < list->n_items; i++) {
                messages[i] = wire_training(call->arena, &list->items[i]);
                if (!messages[i])
                        return wire_no_memory(reterr);
        }
        *ret = messages;
        *ret_n = list->n_items;
        return STATUS_OK;
}

enum status training_service_list_user_trainings(
        struct call *call, const Socializer__V1__ListUserTrainingsRequest *req,
        Socializer__V1__ListUserTrainingsResponse *rsp, struct error *reterr)
{
        struct training_list list;
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = training_list_of_user(&lease, call->arena, user_id, &list, reterr);
        if (st != STATUS_OK)
                return st;
        return answer_list(call, &list, &rsp->trainings, &rsp->n_trainings, reterr);
}

enum status training_service_list_skill_trainings(
        struct call *call, const Socializer__V1__ListSkillTrainingsRequest *req,
        Socializer__V1__ListSkillTrainingsResponse *rsp, struct error *reterr)
{
        struct training_list list;
        int64_t owner_id, after_id = 0;
        enum status st = find_owner(call, &owner_id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &after_id, reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = training_list_of_skill(&lease, call->arena, req->skill_id, owner_id, after_id,
                                    wire_page_size(req->page_size), &list, reterr);
        if (st == STATUS_OK)
                st = answer_list(call, &list, &rsp->trainings, &rsp->n_trainings, reterr);
        if (st != STATUS_OK || !list.more)
                return st;
        return wire_next_page(call->arena, list.items[list.n_items - 1].id, &rsp->next_page_token,
                              reterr);
}

/* Tells of a training that has been completed by hand. */
static enum status tell_completed(struct call *call, struct lease *lease,
                                  const struct training *before, const struct training *training,
                                  struct error *reterr)
{
        const struct level_moved moved = {.skill_id = training->skill_id,
                                          .training_id = training->id};
        struct skill skill;

        if (training->status != TRAINING_COMPLETED || before->status == TRAINING_COMPLETED)
                return STATUS_OK;
        enum status st = skill_get(lease, call->arena, training->skill_id, &skill, reterr);
        return st == STATUS_OK ? announce_level(call, training->user_id, &moved, skill.name, reterr)
                               : st;
}

enum status training_service_update_training_status(
        struct call *call, const Socializer__V1__UpdateTrainingStatusRequest *req,
        Socializer__V1__UpdateTrainingStatusResponse *rsp, struct error *reterr)
{
        bool has_progress = req->progress_set_case ==
                            SOCIALIZER__V1__UPDATE_TRAINING_STATUS_REQUEST__PROGRESS_SET_PROGRESS;
        struct training before, training;
        int64_t owner_id;
        enum status st = find_owner(call, &owner_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = training_get(&lease, req->training_id, owner_id, &before, reterr);
        if (st == STATUS_OK)
                st = training_update(&lease, req->training_id, owner_id,
                                     (enum training_status)req->status,
                                     has_progress ? &req->progress : NULL, &training, reterr);
        if (st == STATUS_OK)
                st = tell_completed(call, &lease, &before, &training, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->training = wire_training(call->arena, &training);
        return rsp->training ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}
