/* SkillService, but for what level.c has: the catalogue of skills, and users' levels in them. */
#include "common/contract.h"
#include "service/api/announce.h"
#include "service/api/wire.h"
#include "service/service.h"
#include "service/store/level.h"

#include "handlers.gen.h"

enum status skill_service_add_skill(struct call *call, const Socializer__V1__AddSkillRequest *req,
                                    Socializer__V1__AddSkillResponse *rsp, struct error *reterr)
{
        struct skill skill;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);

        enum status st =
                skill_add(&lease, call->arena, req->name, req->description, &skill, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->skill = wire_skill(call->arena, &skill);
        return rsp->skill ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}

enum status skill_service_get_or_create_skill(struct call *call,
                                              const Socializer__V1__GetOrCreateSkillRequest *req,
                                              Socializer__V1__GetOrCreateSkillResponse *rsp,
                                              struct error *reterr)
{
        struct skill skill;
        bool created;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);

        enum status st = skill_get_or_create(&lease, call->arena, req->name, req->description,
                                             &skill, &created, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->created = created;
        rsp->skill = wire_skill(call->arena, &skill);
        return rsp->skill ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}

enum status skill_service_get_skill(struct call *call, const Socializer__V1__GetSkillRequest *req,
                                    Socializer__V1__GetSkillResponse *rsp, struct error *reterr)
{
        struct skill skill;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);

        enum status st = skill_get(&lease, call->arena, req->skill_id, &skill, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->skill = wire_skill(call->arena, &skill);
        return rsp->skill ? STATUS_OK : wire_no_memory(reterr);
}

enum status skill_service_list_skills(struct call *call,
                                      const Socializer__V1__ListSkillsRequest *req,
                                      Socializer__V1__ListSkillsResponse *rsp, struct error *reterr)
{
        struct skill_list list;
        int64_t after_id;
        enum status st = wire_parse_page_token(req->page_token, &after_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = skill_list(&lease, call->arena, after_id, wire_page_size(req->page_size), &list,
                        reterr);
        if (st != STATUS_OK)
                return st;

        rsp->skills = wire_list(call->arena, list.n_items);
        if (!rsp->skills)
                return wire_no_memory(reterr);
        for (; rsp->n_skills < list.n_items; rsp->n_skills++) {
                size_t i = rsp->n_skills;

                rsp->skills[i] = wire_skill(call->arena, &list.items[i]);
                if (!rsp->skills[i])
                        return wire_no_memory(reterr);
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

enum status skill_service_list_user_skill_ids(struct call *call,
                                              const Socializer__V1__ListUserSkillIdsRequest *req,
                                              Socializer__V1__ListUserSkillIdsResponse *rsp,
                                              struct error *reterr)
{
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        return user_skill_ids(&lease, call->arena, user_id, &rsp->skill_ids, &rsp->n_skill_ids,
                              reterr);
}

enum status skill_service_list_user_skills(struct call *call,
                                           const Socializer__V1__ListUserSkillsRequest *req,
                                           Socializer__V1__ListUserSkillsResponse *rsp,
                                           struct error *reterr)
{
        struct user_skill_list list;
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = user_skill_list(&lease, call->arena, user_id, &list, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->skills = wire_list(call->arena, list.n_items);
        if (!rsp->skills)
                return wire_no_memory(reterr);
        for (; rsp->n_skills < list.n_items; rsp->n_skills++) {
                size_t i = rsp->n_skills;

                rsp->skills[i] = wire_user_skill(call->arena, &list.items[i]);
                if (!rsp->skills[i])
                        return wire_no_memory(reterr);
        }
        return STATUS_OK;
}

enum status skill_service_get_user_skill_level(struct call *call,
                                               const Socializer__V1__GetUserSkillLevelRequest *req,
                                               Socializer__V1__GetUserSkillLevelResponse *rsp,
                                               struct error *reterr)
{
        int64_t user_id;
        int level;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = user_skill_level(&lease, user_id, req->skill_id, &level, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->skill_id = req->skill_id;
        rsp->level = level;
        return STATUS_OK;
}

enum status skill_service_set_user_skill(struct call *call,
                                         const Socializer__V1__SetUserSkillRequest *req,
                                         Socializer__V1__SetUserSkillResponse *rsp,
                                         struct error *reterr)
{
        struct user_skill user_skill;
        struct level_moved moved;
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        const char *by = user_id == call->caller.user_id ? LEVEL_BY_SELF : LEVEL_BY_ADMIN;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = user_skill_set(&lease, call->arena, user_id, req->skill_id, req->level, by,
                            &user_skill, &moved, reterr);
        if (st == STATUS_OK)
                st = announce_level(call, user_id, &moved, user_skill.skill.name, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->user_skill = wire_user_skill(call->arena, &user_skill);
        return rsp->user_skill ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}

enum status skill_service_link_user_skill(struct call *call,
                                          const Socializer__V1__LinkUserSkillRequest *req,
                                          Socializer__V1__LinkUserSkillResponse *rsp,
                                          struct error *reterr)
{
        struct user_skill user_skill;
        int64_t user_id;
        enum status st = call_subject(call, req->user_id, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = user_skill_link(&lease, call->arena, user_id, req->skill_id, &user_skill, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->user_skill = wire_user_skill(call->arena, &user_skill);
        return rsp->user_skill ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}
