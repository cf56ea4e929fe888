/* ChatService: who is in a room, as what, and who has to go. */
#include "service/api/announce.h"
#include "service/api/room_access.h"
#include "service/api/room_passage.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/service.h"
#include "service/store/invite.h"
#include "service/store/room_consent.h"

#include "handlers.gen.h"

#include <inttypes.h>

enum status chat_service_list_members(struct call *call,
                                      const Socializer__V1__ListMembersRequest *req,
                                      Socializer__V1__ListMembersResponse *rsp,
                                      struct error *reterr)
{
        bool active = req->state == SOCIALIZER__V1__MEMBER_STATE__MEMBER_STATE_UNSPECIFIED ||
                      req->state == SOCIALIZER__V1__MEMBER_STATE__MEMBER_STATE_ACTIVE;
        struct member_list list;
        struct room room;
        int64_t after_id;
        enum status st = wire_parse_page_token(req->page_token, &after_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        /* Who has gone or was banned concerns the moderators, and administrators who see to it. */
        st = room_access(call, &lease, req->room_id,
                         active && !call->caller.is_admin ? ROOM_READ : ROOM_MODERATE, &room,
                         reterr);
        if (st == STATUS_OK)
                st = member_list(&lease, call->arena, room.id,
                                 active ? MEMBER_ACTIVE : (enum member_state)req->state, after_id,
                                 wire_page_size(req->page_size), &list, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->members = wire_list(call->arena, list.n_items);
        if (!rsp->members)
                return wire_no_memory(reterr);
        for (; rsp->n_members < list.n_items; rsp->n_members++) {
                size_t i = rsp->n_members;

                rsp->members[i] = wire_member(call->arena, &list.items[i]);
                if (!rsp->members[i])
                        return wire_no_memory(reterr);
        }
        if (list.more)
                return wire_next_page(call->arena, list.items[list.n_items - 1].user_id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

/* An event about a member that somebody else has brought about. */
static struct room_event event_about(const struct call *call, int64_t room_id,
                                     const struct member *who, enum room_event_kind kind,
                                     int64_t value)
{
        return (struct room_event){
                .room_id = room_id,
                .kind = kind,
                .user_id = who->user_id,
                .username = who->username,
                .actor_id = call->caller.user_id,
                .actor_username = call->caller.username,
                .value = value,
        };
}

static enum status set_role(struct call *call, struct lease *lease, int64_t room_id,
                            const struct member *who, enum member_role role, struct error *reterr)
{
        struct room_event event = event_about(call, room_id, who, ROOM_EVENT_ROLE, role);
        enum status st = member_set_role(lease, room_id, who->user_id, role, reterr);

        return st == STATUS_OK ? announce_event(call, lease, &event, reterr) : st;
}

/* The one who is the creator becomes a moderator. */
static enum status step_down(struct call *call, struct lease *lease, struct room *room,
                             struct error *reterr)
{
        struct room_details details;
        struct member creator;
        enum status st = room_describe(lease, call->arena, room, 0, &details, reterr);

        if (st != STATUS_OK || details.creator_id == 0)
                return st;
        st = member_get(lease, call->arena, room->id, details.creator_id, &creator, reterr);
        return st == STATUS_OK
                       ? set_role(call, lease, room->id, &creator, MEMBER_ROLE_MODERATOR, reterr)
                       : st;
}

static enum status change_role(struct call *call, struct lease *lease, int64_t room_id,
                               const struct member *who, enum member_role role,
                               struct error *reterr)
{
        struct room room;
        enum status st = room_access(call, lease, room_id, ROOM_OWN, &room, reterr);

        if (st != STATUS_OK)
                return st;
        if (role < MEMBER_ROLE_MEMBER || role > MEMBER_ROLE_CREATOR)
                return error_field(reterr, "role", "want member, moderator or creator");
        if (room.kind != ROOM_KIND_GROUP)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "there are no roles in room %" PRId64, room.id);
        if (who->state != MEMBER_ACTIVE)
                return error_resource(reterr, STATUS_NOT_FOUND, "member", "%" PRId64, who->user_id);
        if (who->role == role)
                return STATUS_OK;
        if (who->role == MEMBER_ROLE_CREATOR)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "role: make another one the creator first");
        if (role == MEMBER_ROLE_CREATOR)
                st = step_down(call, lease, &room, reterr);
        return st == STATUS_OK ? set_role(call, lease, room_id, who, role, reterr) : st;
}

static enum status change_mute(struct call *call, struct lease *lease, const struct room *room,
                               const struct member *who, int64_t seconds, struct error *reterr)
{
        int64_t until_ms = seconds ? clock_wall_ms() + seconds * 1000 : 0;
        struct room_event event = event_about(
                call, room->id, who, until_ms ? ROOM_EVENT_MUTED : ROOM_EVENT_UNMUTED, until_ms);
        enum status st = room_outranks(call, room, who->role, reterr);

        if (st == STATUS_OK)
                st = member_set_muted(lease, room->id, who->user_id, until_ms, reterr);
        return st == STATUS_OK ? announce_event(call, lease, &event, reterr) : st;
}

/* The member; in the general room, where nobody need have a row, anybody. */
static enum status find_member(struct call *call, struct lease *lease, const struct room *room,
                               int64_t user_id, struct member *ret, struct error *reterr)
{
        struct user user;
        enum status st = member_get(lease, call->arena, room->id, user_id, ret, reterr);

        if (st != STATUS_NOT_FOUND || room->kind != ROOM_KIND_GENERAL)
                return st;
        st = user_get(lease, call->arena, user_id, &user, reterr);
        if (st == STATUS_OK)
                *ret = (struct member){.user_id = user.id, .username = user.username};
        return st;
}

static enum status change_member(struct call *call, struct lease *lease, const struct room *room,
                                 const Socializer__V1__UpdateMemberRequest *req,
                                 struct error *reterr)
{
        bool has_role = req->role_set_case == SOCIALIZER__V1__UPDATE_MEMBER_REQUEST__ROLE_SET_ROLE;
        bool has_mute = req->mute_seconds_set_case ==
                        SOCIALIZER__V1__UPDATE_MEMBER_REQUEST__MUTE_SECONDS_SET_MUTE_SECONDS;
        struct member who;
        enum status st = find_member(call, lease, room, req->user_id, &who, reterr);

        if (st == STATUS_OK && !has_role && !has_mute)
                return error_field(reterr, "role", "want it or mute_seconds");
        if (st == STATUS_OK && has_role)
                st = change_role(call, lease, room->id, &who, (enum member_role)req->role, reterr);
        if (st == STATUS_OK && has_mute)
                st = change_mute(call, lease, room, &who, req->mute_seconds, reterr);
        return st;
}

enum status chat_service_update_member(struct call *call,
                                       const Socializer__V1__UpdateMemberRequest *req,
                                       Socializer__V1__UpdateMemberResponse *rsp,
                                       struct error *reterr)
{
        struct member who;
        struct room room;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_MODERATE, &room, reterr);

        if (st == STATUS_OK)
                st = change_member(call, &lease, &room, req, reterr);
        if (st == STATUS_OK)
                st = member_get(&lease, call->arena, room.id, req->user_id, &who, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->member = wire_member(call->arena, &who);
        return rsp->member ? lease_commit(&lease, reterr) : wire_no_memory(reterr);
}

static enum status revoke_pending(struct call *call, struct lease *lease, int64_t room_id,
                                  int64_t user_id, struct error *reterr)
{
        struct invite invite;
        enum status st = invite_find(lease, call->arena, room_id, user_id, &invite, reterr);

        if (st == STATUS_NOT_FOUND)
                return STATUS_OK;
        return st == STATUS_OK ? invite_answer(lease, invite.id, INVITE_REVOKED, reterr) : st;
}

static enum status remove_member(struct call *call, struct lease *lease, const struct room *room,
                                 const Socializer__V1__RemoveMemberRequest *req,
                                 struct error *reterr)
{
        struct member who;
        struct user user;
        enum status st = member_get(lease, call->arena, room->id, req->user_id, &who, reterr);

        /* Who was never there can be kept out as well. */
        if (st == STATUS_NOT_FOUND && req->ban) {
                st = user_get(lease, call->arena, req->user_id, &user, reterr);
                if (st == STATUS_OK)
                        who = (struct member){.user_id = user.id, .username = user.username};
        }
        if (st != STATUS_OK)
                return st;
        if (who.user_id == call->caller.user_id)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "user_id: this is you; leave the room instead");
        if (!req->ban && who.state != MEMBER_ACTIVE)
                return error_resource(reterr, STATUS_NOT_FOUND, "member", "%" PRId64, who.user_id);
        if (who.state == MEMBER_BANNED)
                return STATUS_OK;
        st = room_outranks(call, room, who.role, reterr);
        if (st == STATUS_OK)
                st = revoke_pending(call, lease, room->id, who.user_id, reterr);
        return st == STATUS_OK
                       ? room_exit(call, lease, room, &who,
                                   req->ban ? ROOM_EVENT_BANNED : ROOM_EVENT_REMOVED, reterr)
                       : st;
}

enum status chat_service_remove_member(struct call *call,
                                       const Socializer__V1__RemoveMemberRequest *req,
                                       Socializer__V1__RemoveMemberResponse *rsp,
                                       struct error *reterr)
{
        (void)rsp;
        struct room room;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_MODERATE, &room, reterr);

        if (st == STATUS_OK && room.kind == ROOM_KIND_GENERAL && !req->ban)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "ban: everybody is in the general room who is not banned from it");
        if (st == STATUS_OK)
                st = remove_member(call, &lease, &room, req, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status chat_service_unban_member(struct call *call,
                                      const Socializer__V1__UnbanMemberRequest *req,
                                      Socializer__V1__UnbanMemberResponse *rsp,
                                      struct error *reterr)
{
        (void)rsp;
        struct member who;
        struct room room;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_MODERATE, &room, reterr);

        if (st == STATUS_OK)
                st = member_get(&lease, call->arena, room.id, req->user_id, &who, reterr);
        if (st == STATUS_OK && who.state != MEMBER_BANNED)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "user_id: %" PRId64 " is not banned from room %" PRId64,
                                 who.user_id, room.id);
        if (st != STATUS_OK)
                return st;
        struct room_event event = event_about(call, room.id, &who, ROOM_EVENT_UNBANNED, 0);
        /* Whoever is not kept out of the general room is in it. */
        st = member_exit(&lease, room.id, who.user_id,
                         room.kind == ROOM_KIND_GENERAL ? MEMBER_ACTIVE : MEMBER_LEFT, reterr);
        if (st == STATUS_OK)
                st = announce_event(call, &lease, &event, reterr);
        if (st == STATUS_OK && room.kind == ROOM_KIND_GENERAL)
                st = announce_membership(call, who.user_id, room.id, true, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- the coach --- */

enum status chat_service_set_coach_consent(struct call *call,
                                           const Socializer__V1__SetCoachConsentRequest *req,
                                           Socializer__V1__SetCoachConsentResponse *rsp,
                                           struct error *reterr)
{
        struct room room;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = room_access(call, &lease, req->room_id, ROOM_READ, &room, reterr);
        if (st == STATUS_OK)
                st = room_consent_set(&lease, room.id, user_id, req->is_given, reterr);
        rsp->is_given = req->is_given;
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}
