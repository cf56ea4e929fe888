/* ChatService: invitations. */
#include "service/api/announce.h"
#include "service/api/room_access.h"
#include "service/api/room_answer.h"
#include "service/api/room_passage.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/service.h"
#include "service/store/invite.h"

#include "handlers.gen.h"

#include <inttypes.h>
#include <stdio.h>

/* The invitation as it is now, and told to whom it is for. */
static enum status answer_invite(struct call *call, const struct invite *invite,
                                 Socializer__V1__Invite **ret, struct error *reterr)
{
        *ret = wire_invite(call->arena, invite);
        return *ret ? announce_invite(call, *ret, reterr) : wire_no_memory(reterr);
}

static enum status check_invitee(struct call *call, struct lease *lease, const struct room *room,
                                 int64_t user_id, struct error *reterr)
{
        struct member member;
        enum status st = member_get(lease, call->arena, room->id, user_id, &member, reterr);

        if (st == STATUS_NOT_FOUND)
                return STATUS_OK;
        if (st != STATUS_OK)
                return st;
        if (member.state == MEMBER_ACTIVE)
                return error_set(reterr, STATUS_ALREADY_EXISTS, "%s is in room %" PRId64 " already",
                                 member.username, room->id);
        if (member.state == MEMBER_BANNED)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "%s is banned from room %" PRId64, member.username, room->id);
        return STATUS_OK;
}

static enum status invite(struct call *call, struct lease *lease, const struct room *room,
                          int64_t user_id, Socializer__V1__Invite **ret, struct error *reterr)
{
        struct invite invite;
        struct user user;
        bool created;
        enum status st = user_get(lease, call->arena, user_id, &user, reterr);

        if (st == STATUS_OK)
                st = check_invitee(call, lease, room, user_id, reterr);
        if (st == STATUS_OK)
                st = invite_add(lease, call->arena, room->id, user_id, call->caller.user_id,
                                &invite, &created, reterr);
        return st == STATUS_OK ? answer_invite(call, &invite, ret, reterr) : st;
}

/* Rooms that one can be invited to, by their members and by administrators. */
static enum status open_for_invites(struct call *call, struct lease *lease, int64_t room_id,
                                    struct room *ret, struct error *reterr)
{
        enum status st =
                room_access(call, lease, room_id, call->caller.is_admin ? ROOM_MODERATE : ROOM_READ,
                            ret, reterr);

        if (st == STATUS_OK && ret->kind != ROOM_KIND_GROUP)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "nobody is invited to room %" PRId64 ": it is %s", room_id,
                                 ret->kind == ROOM_KIND_DIRECT ? "for two" : "everybody's");
        return st;
}

enum status chat_service_invite_user(struct call *call,
                                     const Socializer__V1__InviteUserRequest *req,
                                     Socializer__V1__InviteUserResponse *rsp, struct error *reterr)
{
        struct room room;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = open_for_invites(call, &lease, req->room_id, &room, reterr);

        if (st == STATUS_OK)
                st = invite(call, &lease, &room, req->user_id, &rsp->invite, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- several at once --- */

/* What became of one of them. What went wrong for all of them is returned. */
static enum status note_result(struct call *call, enum status st, const struct error *error,
                               Socializer__V1__InviteResult *result, struct error *reterr)
{
        switch (st) {
        case STATUS_OK:
        case STATUS_NOT_FOUND:
        case STATUS_ALREADY_EXISTS:
        case STATUS_PERMISSION_DENIED:
                break;
        default:
                if (reterr)
                        *reterr = *error;
                return st;
        }
        result->code = (char *)status_name(st);
        if (st != STATUS_OK)
                result->message = arena_strdup(call->arena, error->text);
        return result->message ? STATUS_OK : wire_no_memory(reterr);
}

static enum status invite_one(struct call *call, struct lease *lease, const struct room *room,
                              int64_t user_id, const char *username,
                              Socializer__V1__InviteResult **ret, struct error *reterr)
{
        Socializer__V1__InviteResult *result = arena_alloc(call->arena, sizeof(*result));
        struct error error = ERROR_INIT;
        struct user user = {.id = user_id, .username = username};
        enum status st = STATUS_OK;

        if (!result)
                return wire_no_memory(reterr);
        socializer__v1__invite_result__init(result);
        if (user_id == 0)
                st = user_get_by_name(lease, call->arena, username, &user, &error);
        else
                st = user_get(lease, call->arena, user_id, &user, &error);
        if (st == STATUS_OK)
                st = invite(call, lease, room, user.id, &result->invite, &error);
        result->user_id = user.id;
        result->username = (char *)user.username;
        *ret = result;
        return note_result(call, st, &error, result, reterr);
}

static enum status invite_all(struct call *call, struct lease *lease, const struct room *room,
                              const Socializer__V1__InviteUsersRequest *req,
                              Socializer__V1__InviteUsersResponse *rsp, struct error *reterr)
{
        enum status st = STATUS_OK;

        rsp->results = wire_list(call->arena, req->n_user_ids + req->n_usernames);
        if (!rsp->results)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < req->n_user_ids && st == STATUS_OK; i++)
                st = invite_one(call, lease, room, req->user_ids[i], "",
                                &rsp->results[rsp->n_results++], reterr);
        for (size_t i = 0; i < req->n_usernames && st == STATUS_OK; i++)
                st = invite_one(call, lease, room, 0, req->usernames[i],
                                &rsp->results[rsp->n_results++], reterr);
        return st;
}

enum status chat_service_invite_users(struct call *call,
                                      const Socializer__V1__InviteUsersRequest *req,
                                      Socializer__V1__InviteUsersResponse *rsp,
                                      struct error *reterr)
{
        struct room room;

        if (req->n_user_ids + req->n_usernames == 0)
                return error_field(reterr, "user_ids", "want somebody, here or in usernames");
        for (size_t i = 0; i < req->n_user_ids; i++)
                if (req->user_ids[i] < 1)
                        return error_field(reterr, "user_ids", "want numbers from 1 on");
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = open_for_invites(call, &lease, req->room_id, &room, reterr);

        if (st == STATUS_OK)
                st = invite_all(call, &lease, &room, req, rsp, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- lists --- */

/* The items and the token of the next page, into a response of either list. */
static enum status answer_list(struct call *call, const struct invite_list *list,
                               Socializer__V1__Invite ***ret_invites, size_t *ret_n,
                               char **ret_token, struct error *reterr)
{
        Socializer__V1__Invite **invites = wire_list(call->arena, list->n_items);

        if (!invites)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < list->n_items; i++) {
                invites[i] = wire_invite(call->arena, &list->items[i]);
                if (!invites[i])
                        return wire_no_memory(reterr);
        }
        *ret_invites = invites;
        *ret_n = list->n_items;
        if (list->more)
                return wire_next_page(call->arena, list->items[list->n_items - 1].id, ret_token,
                                      reterr);
        return STATUS_OK;
}

enum status chat_service_list_room_invites(struct call *call,
                                           const Socializer__V1__ListRoomInvitesRequest *req,
                                           Socializer__V1__ListRoomInvitesResponse *rsp,
                                           struct error *reterr)
{
        struct invite_list list;
        struct room room;
        int64_t before_id;
        enum status st = wire_parse_page_token(req->page_token, &before_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = room_access(call, &lease, req->room_id,
                         call->caller.is_admin ? ROOM_MODERATE : ROOM_READ, &room, reterr);
        if (st == STATUS_OK)
                st = invite_list_of_room(&lease, call->arena, room.id, before_id,
                                         wire_page_size(req->page_size), &list, reterr);
        return st == STATUS_OK ? answer_list(call, &list, &rsp->invites, &rsp->n_invites,
                                             &rsp->next_page_token, reterr)
                               : st;
}

enum status chat_service_list_invites(struct call *call,
                                      const Socializer__V1__ListInvitesRequest *req,
                                      Socializer__V1__ListInvitesResponse *rsp,
                                      struct error *reterr)
{
        struct invite_list list;
        int64_t user_id, before_id = 0;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st == STATUS_OK)
                st = wire_parse_page_token(req->page_token, &before_id, reterr);
        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        st = invite_list_of_user(&lease, call->arena, user_id, before_id,
                                 wire_page_size(req->page_size), &list, reterr);
        return st == STATUS_OK ? answer_list(call, &list, &rsp->invites, &rsp->n_invites,
                                             &rsp->next_page_token, reterr)
                               : st;
}

/* --- answers --- */

/* An invitation of the caller's that waits for an answer. NOT_FOUND also for another's. */
static enum status own_pending(struct call *call, struct lease *lease, int64_t id,
                               struct invite *ret, struct error *reterr)
{
        enum status st = invite_get(lease, call->arena, id, ret, reterr);

        if (st != STATUS_OK)
                return st;
        if (ret->user_id != call->caller.user_id)
                return error_resource(reterr, STATUS_NOT_FOUND, "invitation", "%" PRId64, id);
        if (ret->status != INVITE_PENDING)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "invitation %" PRId64 " has been answered or taken back", id);
        return STATUS_OK;
}

static enum status answer(struct call *call, struct lease *lease, struct invite *invite,
                          enum invite_status status, struct error *reterr)
{
        Socializer__V1__Invite *message;
        enum status st = invite_answer(lease, invite->id, status, reterr);

        if (st == STATUS_OK)
                st = invite_get(lease, call->arena, invite->id, invite, reterr);
        return st == STATUS_OK ? answer_invite(call, invite, &message, reterr) : st;
}

enum status chat_service_accept_invite(struct call *call,
                                       const Socializer__V1__AcceptInviteRequest *req,
                                       Socializer__V1__AcceptInviteResponse *rsp,
                                       struct error *reterr)
{
        int64_t user_id = call->caller.user_id;
        struct invite invite;
        struct room room;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = own_pending(call, &lease, req->invite_id, &invite, reterr);

        if (st == STATUS_OK)
                st = room_get(&lease, call->arena, invite.room_id, user_id, &room, reterr);
        if (st == STATUS_OK)
                st = answer(call, &lease, &invite, INVITE_ACCEPTED, reterr);
        if (st == STATUS_OK && !room_is_in(&room))
                st = room_enter(call, &lease, &room, user_id, room.username, MEMBER_ROLE_MEMBER,
                                reterr);
        if (st == STATUS_OK)
                st = room_answer(call, &lease, room.id, &rsp->room, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status chat_service_decline_invite(struct call *call,
                                        const Socializer__V1__DeclineInviteRequest *req,
                                        Socializer__V1__DeclineInviteResponse *rsp,
                                        struct error *reterr)
{
        (void)rsp;
        struct invite invite;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = own_pending(call, &lease, req->invite_id, &invite, reterr);

        if (st == STATUS_OK)
                st = answer(call, &lease, &invite, INVITE_DECLINED, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* The inviter's and the moderators'; for others there is no such invitation. */
static enum status may_revoke(struct call *call, struct lease *lease, const struct invite *invite,
                              struct error *reterr)
{
        struct room room;

        if (invite->inviter_id == call->caller.user_id && call->caller.user_id != 0)
                return STATUS_OK;
        enum status st = room_access(call, lease, invite->room_id, ROOM_MODERATE, &room, reterr);
        if (st == STATUS_NOT_FOUND)
                error_resource(reterr, st, "invitation", "%" PRId64, invite->id);
        return st;
}

enum status chat_service_revoke_invite(struct call *call,
                                       const Socializer__V1__RevokeInviteRequest *req,
                                       Socializer__V1__RevokeInviteResponse *rsp,
                                       struct error *reterr)
{
        (void)rsp;
        struct invite invite;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = invite_get(&lease, call->arena, req->invite_id, &invite, reterr);

        if (st == STATUS_OK)
                st = may_revoke(call, &lease, &invite, reterr);
        if (st == STATUS_OK && invite.status != INVITE_PENDING)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "invitation %" PRId64 " has been answered or taken back",
                                 invite.id);
        if (st == STATUS_OK)
                st = answer(call, &lease, &invite, INVITE_REVOKED, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}
