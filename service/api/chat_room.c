/* ChatService: making, finding, changing, entering and leaving rooms. */
#include "service/api/announce.h"
#include "service/api/room_access.h"
#include "service/api/room_answer.h"
#include "service/api/room_passage.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/auth/guard.h"
#include "service/auth/password.h"
#include "service/service.h"
#include "service/store/invite.h"
#include "service/store/room_consent.h"
#include "service/store/rows.h"

#include "handlers.gen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What a password thread has found out, for the function that writes. */
struct attempt {
        const void *req;
        void *rsp;
        const char *hash; /* of a new password; NULL = none */
        const char *passed_hash; /* that the password given is right for; NULL = none was needed */
};

static enum status hash_if_given(struct call *call, const char *password, const char **ret,
                                 struct error *reterr)
{
        char *hash;
        enum status st;

        *ret = NULL;
        if (*password == '\0')
                return STATUS_OK;
        hash = arena_alloc(call->arena, PASSWORD_HASH_BYTES);
        if (!hash)
                return wire_no_memory(reterr);
        st = password_hash(password, hash, reterr);
        if (st == STATUS_OK)
                *ret = hash;
        return st;
}

/* --- making --- */

/* The username of somebody who is named in the field user_ids. */
static enum status find_named(struct call *call, struct lease *lease, int64_t user_id,
                              const char **ret, struct error *reterr)
{
        struct user user;
        enum status st = user_get(lease, call->arena, user_id, &user, reterr);

        if (st == STATUS_NOT_FOUND && reterr)
                snprintf(reterr->field, sizeof(reterr->field), "user_ids");
        if (st == STATUS_OK)
                *ret = user.username;
        return st;
}

static enum status invite_all(struct call *call, struct lease *lease, int64_t room_id,
                              const Socializer__V1__CreateRoomRequest *req, struct error *reterr)
{
        enum status st = STATUS_OK;

        for (size_t i = 0; i < req->n_user_ids && st == STATUS_OK; i++) {
                struct invite invite;
                const char *username;
                bool created;

                if (req->user_ids[i] == call->caller.user_id)
                        continue;
                st = find_named(call, lease, req->user_ids[i], &username, reterr);
                if (st == STATUS_OK)
                        st = invite_add(lease, call->arena, room_id, req->user_ids[i],
                                        call->caller.user_id, &invite, &created, reterr);
                if (st != STATUS_OK)
                        break;
                Socializer__V1__Invite *message = wire_invite(call->arena, &invite);
                st = message ? announce_invite(call, message, reterr) : wire_no_memory(reterr);
        }
        return st;
}

static enum status write_group(struct call *call, struct lease *lease, void *arg,
                               struct error *reterr)
{
        struct attempt *attempt = arg;
        const Socializer__V1__CreateRoomRequest *req = attempt->req;
        Socializer__V1__CreateRoomResponse *rsp = attempt->rsp;
        const struct room_change settings = {
                .name = req->name,
                .description = req->description,
                .is_public = req->is_public,
                .password_hash = attempt->hash,
                .coach_enabled = req->coach_enabled,
                .coach = (enum room_coach_kind)req->coach,
                .coach_hears = (enum coach_hears)req->coach_hears,
                .max_members = req->max_members ? req->max_members : ROOM_MAX_MEMBERS,
                .retention_s = req->retention_seconds,
        };
        struct room room;
        int64_t id;
        enum status st = room_create(lease, &settings, &id, reterr);

        if (st == STATUS_OK)
                st = room_get(lease, call->arena, id, call->caller.user_id, &room, reterr);
        if (st == STATUS_OK)
                st = room_enter(call, lease, &room, call->caller.user_id, room.username,
                                MEMBER_ROLE_CREATOR, reterr);
        if (st == STATUS_OK)
                st = invite_all(call, lease, id, req, reterr);
        return st == STATUS_OK ? room_answer(call, lease, id, &rsp->room, reterr) : st;
}

/* Either of the two comes in who is not in, the other one maybe again. */
static enum status enter_pair(struct call *call, struct lease *lease, int64_t room_id,
                              int64_t user_id, struct error *reterr)
{
        struct room room;
        enum status st = room_get(lease, call->arena, room_id, user_id, &room, reterr);

        if (st != STATUS_OK || room.state == MEMBER_ACTIVE)
                return st;
        if (room.state == MEMBER_BANNED)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "one of the two is banned from room %" PRId64, room.id);
        return room_enter(call, lease, &room, user_id, room.username, MEMBER_ROLE_MEMBER, reterr);
}

static enum status write_direct(struct call *call, struct lease *lease, void *arg,
                                struct error *reterr)
{
        struct attempt *attempt = arg;
        const Socializer__V1__CreateRoomRequest *req = attempt->req;
        Socializer__V1__CreateRoomResponse *rsp = attempt->rsp;
        const char *username;
        int64_t id;
        bool created;
        enum status st = find_named(call, lease, req->user_ids[0], &username, reterr);

        if (st == STATUS_OK)
                st = room_pair(lease, call->caller.user_id, req->user_ids[0], &id, &created,
                               reterr);
        if (st == STATUS_OK)
                st = enter_pair(call, lease, id, call->caller.user_id, reterr);
        if (st == STATUS_OK)
                st = enter_pair(call, lease, id, req->user_ids[0], reterr);
        return st == STATUS_OK ? room_answer(call, lease, id, &rsp->room, reterr) : st;
}

static enum status check_direct(const struct call *call,
                                const Socializer__V1__CreateRoomRequest *req, struct error *reterr)
{
        if (req->n_user_ids != 1 || req->user_ids[0] == call->caller.user_id)
                return error_field(reterr, "user_ids", "want the one other person of the room");
        if (*req->password != '\0')
                return error_field(reterr, "password", "a direct room has none");
        if (req->is_public)
                return error_field(reterr, "is_public", "a direct room is hidden");
        return STATUS_OK;
}

enum status chat_service_create_room(struct call *call,
                                     const Socializer__V1__CreateRoomRequest *req,
                                     Socializer__V1__CreateRoomResponse *rsp, struct error *reterr)
{
        struct attempt attempt = {.req = req, .rsp = rsp};
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        if (req->type == SOCIALIZER__V1__ROOM_TYPE__ROOM_TYPE_GENERAL)
                return error_field(reterr, "type", "want group or direct: the general room exists");
        if (req->type == SOCIALIZER__V1__ROOM_TYPE__ROOM_TYPE_DIRECT) {
                st = check_direct(call, req, reterr);
                return st == STATUS_OK ? call_write(call, write_direct, &attempt, NULL, reterr)
                                       : st;
        }
        if (req->name[strspn(req->name, " \t\r\n")] == '\0')
                return error_field(reterr, "name", "want 1 to 100 characters, got none");
        st = hash_if_given(call, req->password, &attempt.hash, reterr);
        return st == STATUS_OK ? call_write(call, write_group, &attempt, NULL, reterr) : st;
}

/* --- finding --- */

static enum status answer_list(struct call *call, struct lease *lease, struct room_list *list,
                               Socializer__V1__ListRoomsResponse *rsp, struct error *reterr)
{
        rsp->rooms = wire_list(call->arena, list->n_items);
        if (!rsp->rooms)
                return wire_no_memory(reterr);
        for (size_t i = 0; i < list->n_items; i++) {
                struct room_details details;
                enum status st = room_describe(lease, call->arena, &list->items[i],
                                               call->caller.user_id, &details, reterr);

                if (st != STATUS_OK)
                        return st;
                rsp->rooms[i] = wire_room(call->arena, &list->items[i], &details);
                if (!rsp->rooms[i])
                        return wire_no_memory(reterr);
                rsp->n_rooms++;
        }
        if (list->more)
                return wire_next_page(call->arena, list->items[list->n_items - 1].id,
                                      &rsp->next_page_token, reterr);
        return STATUS_OK;
}

enum status chat_service_list_rooms(struct call *call, const Socializer__V1__ListRoomsRequest *req,
                                    Socializer__V1__ListRoomsResponse *rsp, struct error *reterr)
{
        size_t limit = wire_page_size(req->page_size);
        struct room_list list;
        int64_t after_id;
        enum status st = wire_parse_page_token(req->page_token, &after_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        if (req->scope == SOCIALIZER__V1__ROOM_SCOPE__ROOM_SCOPE_PUBLIC)
                st = room_list_public(&lease, call->arena, call->caller.user_id, req->query,
                                      after_id, limit, &list, reterr);
        else
                st = room_list_mine(&lease, call->arena, call->caller.user_id, req->query, after_id,
                                    limit, &list, reterr);
        return st == STATUS_OK ? answer_list(call, &lease, &list, rsp, reterr) : st;
}

enum status chat_service_get_room(struct call *call, const Socializer__V1__GetRoomRequest *req,
                                  Socializer__V1__GetRoomResponse *rsp, struct error *reterr)
{
        struct room room;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_SEE, &room, reterr);

        return st == STATUS_OK ? room_answer(call, &lease, room.id, &rsp->room, reterr) : st;
}

/* --- changing --- */

static void read_change(const Socializer__V1__UpdateRoomRequest *req, const char *hash,
                        struct room_change *ret)
{
        *ret = (struct room_change){
                .has_is_public = req->is_public_set_case ==
                                 SOCIALIZER__V1__UPDATE_ROOM_REQUEST__IS_PUBLIC_SET_IS_PUBLIC,
                .is_public = req->is_public,
                .has_password = req->password_set_case ==
                                SOCIALIZER__V1__UPDATE_ROOM_REQUEST__PASSWORD_SET_PASSWORD,
                .password_hash = hash,
                .has_coach_enabled =
                        req->coach_enabled_set_case ==
                        SOCIALIZER__V1__UPDATE_ROOM_REQUEST__COACH_ENABLED_SET_COACH_ENABLED,
                .coach_enabled = req->coach_enabled,
                .has_max_members = req->max_members_set_case ==
                                   SOCIALIZER__V1__UPDATE_ROOM_REQUEST__MAX_MEMBERS_SET_MAX_MEMBERS,
                .max_members = req->max_members,
                .has_retention =
                        req->retention_seconds_set_case ==
                        SOCIALIZER__V1__UPDATE_ROOM_REQUEST__RETENTION_SECONDS_SET_RETENTION_SECONDS,
                .retention_s = req->retention_seconds,
        };
        if (req->coach_set_case == SOCIALIZER__V1__UPDATE_ROOM_REQUEST__COACH_SET_COACH)
                ret->coach = (enum room_coach_kind)req->coach;
        if (req->coach_hears_set_case ==
            SOCIALIZER__V1__UPDATE_ROOM_REQUEST__COACH_HEARS_SET_COACH_HEARS)
                ret->coach_hears = (enum coach_hears)req->coach_hears;
        if (req->name_set_case == SOCIALIZER__V1__UPDATE_ROOM_REQUEST__NAME_SET_NAME)
                ret->name = req->name;
        if (req->description_set_case ==
            SOCIALIZER__V1__UPDATE_ROOM_REQUEST__DESCRIPTION_SET_DESCRIPTION)
                ret->description = req->description;
}

/* What makes no sense for a room of this kind. */
static enum status check_change(const struct room *room, const struct room_change *change,
                                struct error *reterr)
{
        const char *field = NULL;

        if (change->name && change->name[strspn(change->name, " \t\r\n")] == '\0')
                return error_field(reterr, "name", "want 1 to 100 characters, got none");
        if (change->has_max_members && change->max_members < room->n_members)
                return error_field(reterr, "max_members",
                                   "want at least %" PRId64 ": so many are in the room",
                                   room->n_members);
        if (room->kind == ROOM_KIND_GROUP)
                return STATUS_OK;
        if (change->has_is_public)
                field = "is_public";
        else if (change->has_password)
                field = "password";
        else if (change->has_max_members)
                field = "max_members";
        else if (change->name && room->kind == ROOM_KIND_DIRECT)
                field = "name";
        if (!field)
                return STATUS_OK;
        return error_field(reterr, field, "cannot be changed of a %s room",
                           room->kind == ROOM_KIND_DIRECT ? "direct" : "general");
}

static enum status check_update(struct call *call, struct lease *lease, int64_t room_id,
                                const struct room_change *change, struct room *ret,
                                struct error *reterr)
{
        bool is_deep = change->has_is_public || change->has_password || change->has_max_members ||
                       change->has_retention;
        struct room room;
        enum status st = room_access(call, lease, room_id, ROOM_READ, &room, reterr);

        /* Either of the two of a direct room says how long it is kept, and whether the coach is in.
         */
        if (st == STATUS_PERMISSION_DENIED && call->caller.is_admin)
                st = room_access(call, lease, room_id, ROOM_SEE, &room, reterr);
        if (st == STATUS_OK && room.kind != ROOM_KIND_DIRECT)
                st = room_access(call, lease, room_id, is_deep ? ROOM_OWN : ROOM_MODERATE, &room,
                                 reterr);
        if (st == STATUS_OK)
                st = check_change(&room, change, reterr);
        if (st == STATUS_OK)
                *ret = room;
        return st;
}

/* Words that may go to the built-in coach may not so go elsewhere: everybody is asked anew. An
 * answer that is in the making was asked for under other terms. */
static enum status change_coach(struct call *call, struct lease *lease, const struct room *before,
                                const struct room *room, struct error *reterr)
{
        enum status st = STATUS_OK;

        if (room->coach == ROOM_COACH_SERVER && before->coach != ROOM_COACH_SERVER)
                st = room_consent_clear(lease, room->id, reterr);
        if (st == STATUS_OK && before->coach_enabled &&
            (!room->coach_enabled || room->coach != before->coach ||
             room->coach_hears != before->coach_hears))
                st = announce_coach_ends(call, room->id, 0, "the room's coach has changed", reterr);
        return st;
}

static enum status write_update(struct call *call, struct lease *lease, void *arg,
                                struct error *reterr)
{
        struct attempt *attempt = arg;
        const Socializer__V1__UpdateRoomRequest *req = attempt->req;
        Socializer__V1__UpdateRoomResponse *rsp = attempt->rsp;
        struct room_change change;
        struct room before, room;

        read_change(req, attempt->hash, &change);
        enum status st = check_update(call, lease, req->room_id, &change, &before, reterr);
        if (st == STATUS_OK)
                st = room_update(lease, before.id, &change, reterr);
        if (st == STATUS_OK)
                st = room_get(lease, call->arena, before.id, call->caller.user_id, &room, reterr);
        if (st == STATUS_OK)
                st = change_coach(call, lease, &before, &room, reterr);
        if (st == STATUS_OK)
                st = announce_settings(call, lease, &room, reterr);
        return st == STATUS_OK ? room_answer(call, lease, room.id, &rsp->room, reterr) : st;
}

static enum status may_update(struct call *call, int64_t room_id, const struct room_change *change,
                              struct error *reterr)
{
        struct room room;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);

        return check_update(call, &lease, room_id, change, &room, reterr);
}

enum status chat_service_update_room(struct call *call,
                                     const Socializer__V1__UpdateRoomRequest *req,
                                     Socializer__V1__UpdateRoomResponse *rsp, struct error *reterr)
{
        struct attempt attempt = {.req = req, .rsp = rsp};
        struct room_change change;

        if (req->coach_set_case && !req->coach)
                return error_field(reterr, "coach", "want builtin or server");
        if (req->coach_hears_set_case && !req->coach_hears)
                return error_field(reterr, "coach_hears", "want message or conversation");
        read_change(req, NULL, &change);
        enum status st = may_update(call, req->room_id, &change, reterr);
        if (st == STATUS_OK && change.has_password)
                st = hash_if_given(call, req->password, &attempt.hash, reterr);
        return st == STATUS_OK ? call_write(call, write_update, &attempt, NULL, reterr) : st;
}

enum status chat_service_delete_room(struct call *call,
                                     const Socializer__V1__DeleteRoomRequest *req,
                                     Socializer__V1__DeleteRoomResponse *rsp, struct error *reterr)
{
        (void)rsp;
        struct room room;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        enum status st = room_access(call, &lease, req->room_id, ROOM_SEE, &room, reterr);

        if (st == STATUS_OK && room.kind == ROOM_KIND_GENERAL)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the general room stays: everybody is in it");
        if (st == STATUS_OK)
                st = room_access(call, &lease, req->room_id, ROOM_OWN, &room, reterr);
        if (st == STATUS_OK)
                st = room_delete(&lease, room.id, reterr);
        if (st == STATUS_OK)
                st = announce_end(call, room.id, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* --- entering and leaving --- */

static enum status refuse_password(const struct room *room, bool given, struct error *reterr)
{
        error_set(reterr, STATUS_PERMISSION_DENIED,
                  given ? "password: wrong for room %" PRId64
                        : "password: room %" PRId64 " has one",
                  room->id);
        if (reterr)
                snprintf(reterr->field, sizeof(reterr->field), "password");
        return STATUS_PERMISSION_DENIED;
}

/* The room, and whether an invitation (of id *ret_invite_id) opens it. */
static enum status look_in(struct call *call, struct lease *lease, int64_t room_id,
                           struct room *ret, int64_t *ret_invite_id, struct error *reterr)
{
        struct invite invite;
        struct room room;
        enum status st = room_access(call, lease, room_id, ROOM_SEE, &room, reterr);

        *ret_invite_id = 0;
        if (st != STATUS_OK)
                return st;
        if (room.state == MEMBER_BANNED)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "you are banned from room %" PRId64, room.id);
        *ret = room;
        if (room_is_in(&room))
                return STATUS_OK;
        st = invite_find(lease, call->arena, room_id, call->caller.user_id, &invite, reterr);
        if (st == STATUS_OK)
                *ret_invite_id = invite.id;
        else if (st == STATUS_NOT_FOUND && !room.is_public)
                st = room_hide(room_id, reterr); /* an administrator, who can see it */
        return st == STATUS_NOT_FOUND && room.is_public ? STATUS_OK : st;
}

static enum status accept(struct call *call, struct lease *lease, int64_t invite_id,
                          struct error *reterr)
{
        struct invite invite;
        enum status st = invite_answer(lease, invite_id, INVITE_ACCEPTED, reterr);

        if (st == STATUS_OK)
                st = invite_get(lease, call->arena, invite_id, &invite, reterr);
        if (st != STATUS_OK)
                return st;
        Socializer__V1__Invite *message = wire_invite(call->arena, &invite);
        return message ? announce_invite(call, message, reterr) : wire_no_memory(reterr);
}

static enum status write_join(struct call *call, struct lease *lease, void *arg,
                              struct error *reterr)
{
        struct attempt *attempt = arg;
        const Socializer__V1__JoinRoomRequest *req = attempt->req;
        Socializer__V1__JoinRoomResponse *rsp = attempt->rsp;
        int64_t invite_id = 0;
        struct room room = {0};
        enum status st = look_in(call, lease, req->room_id, &room, &invite_id, reterr);

        if (st != STATUS_OK)
                return st;
        if (!room_is_in(&room)) {
                /* It may have got another password while this one was looked at. */
                if (room.password_hash && !invite_id &&
                    (!attempt->passed_hash ||
                     strcmp(attempt->passed_hash, room.password_hash) != 0))
                        return refuse_password(&room, *req->password != '\0', reterr);
                if (invite_id)
                        st = accept(call, lease, invite_id, reterr);
                if (st == STATUS_OK)
                        st = room_enter(call, lease, &room, call->caller.user_id, room.username,
                                        MEMBER_ROLE_MEMBER, reterr);
        }
        return st == STATUS_OK ? room_answer(call, lease, room.id, &rsp->room, reterr) : st;
}

/* The hash that a password has to fit; NULL when none is needed. */
static enum status find_lock(struct call *call, int64_t room_id, struct room *ret,
                             const char **ret_hash, struct error *reterr)
{
        int64_t invite_id = 0;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = look_in(call, &lease, room_id, ret, &invite_id, reterr);

        if (st == STATUS_OK)
                *ret_hash = room_is_in(ret) || invite_id ? NULL : ret->password_hash;
        return st;
}

/* Guesses are counted by room and user. */
static enum status check_password(struct call *call, const struct room *room, const char *hash,
                                  const char *password, struct error *reterr)
{
        struct guard *guard = call->service->room_guard;
        bool matches = false;
        char key[64];

        if (*password == '\0')
                return refuse_password(room, false, reterr);
        snprintf(key, sizeof(key), "room %" PRId64 " user %" PRId64, room->id,
                 call->caller.user_id);
        enum status st = guard_attempt(guard, key, clock_mono_ns() / 1000000, reterr);
        if (st != STATUS_OK)
                return st;
        st = password_verify(hash, password, &matches, reterr);
        if (st != STATUS_OK)
                guard_forgive(guard, key);
        else if (matches)
                guard_reset(guard, key);
        if (st == STATUS_OK && !matches)
                st = refuse_password(room, true, reterr);
        return st;
}

enum status chat_service_join_room(struct call *call, const Socializer__V1__JoinRoomRequest *req,
                                   Socializer__V1__JoinRoomResponse *rsp, struct error *reterr)
{
        struct attempt attempt = {.req = req, .rsp = rsp};
        struct room room = {0};
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st == STATUS_OK)
                st = find_lock(call, req->room_id, &room, &attempt.passed_hash, reterr);
        if (st == STATUS_OK && attempt.passed_hash)
                st = check_password(call, &room, attempt.passed_hash, req->password, reterr);
        return st == STATUS_OK ? call_write(call, write_join, &attempt, NULL, reterr) : st;
}

enum status chat_service_leave_room(struct call *call, const Socializer__V1__LeaveRoomRequest *req,
                                    Socializer__V1__LeaveRoomResponse *rsp, struct error *reterr)
{
        (void)rsp;
        int64_t user_id;
        struct room room = {0};
        struct member who = {0};
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = room_access(call, &lease, req->room_id, ROOM_SEE, &room, reterr);
        if (st == STATUS_OK && room.kind == ROOM_KIND_GENERAL)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "everybody is in the general room");
        if (st == STATUS_OK && !room_is_in(&room))
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "you are not in room %" PRId64,
                                 room.id);
        if (st == STATUS_OK)
                st = member_get(&lease, call->arena, room.id, user_id, &who, reterr);
        if (st == STATUS_OK)
                st = room_exit(call, &lease, &room, &who, ROOM_EVENT_LEFT, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}
