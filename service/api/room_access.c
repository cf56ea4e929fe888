#include "service/api/room_access.h"

#include "common/clock.h"
#include "service/store/invite.h"

#include <inttypes.h>

enum status room_hide(int64_t room_id, struct error *reterr)
{
        return error_resource(reterr, STATUS_NOT_FOUND, "room", "%" PRId64, room_id);
}

bool room_is_in(const struct room *room)
{
        if (room->kind == ROOM_KIND_GENERAL)
                return room->state != MEMBER_BANNED;
        return room->state == MEMBER_ACTIVE;
}

static enum status is_visible(struct call *call, struct lease *lease, const struct room *room,
                              bool *ret, struct error *reterr)
{
        struct invite invite;
        enum status st = STATUS_OK;

        *ret = room->is_public || room->kind == ROOM_KIND_GENERAL || room_is_in(room) ||
               call->caller.is_admin;
        if (*ret || room->state == MEMBER_BANNED)
                return STATUS_OK;
        st = invite_find(lease, call->arena, room->id, call->caller.user_id, &invite, reterr);
        *ret = st == STATUS_OK;
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

static enum status refuse_outsider(const struct room *room, struct error *reterr)
{
        if (room->state == MEMBER_BANNED)
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "you are banned from room %" PRId64, room->id);
        return error_set(reterr, STATUS_PERMISSION_DENIED, "join room %" PRId64 " first", room->id);
}

static enum status check_mute(const struct room *room, struct error *reterr)
{
        int64_t left_ms = room->muted_until_ms ? room->muted_until_ms - clock_wall_ms() : 0;
        char until[32];

        if (left_ms <= 0)
                return STATUS_OK;
        clock_format(room->muted_until_ms, until, sizeof(until));
        return error_retry(reterr, STATUS_PERMISSION_DENIED,
                           left_ms < UINT32_MAX ? (uint32_t)left_ms : UINT32_MAX,
                           "you are muted in room %" PRId64 " until %s", room->id, until);
}

static enum status check_need(const struct call *call, const struct room *room, enum room_need need,
                              struct error *reterr)
{
        bool is_admin = call->caller.is_admin;

        switch (need) {
        case ROOM_SEE:
                return STATUS_OK;
        case ROOM_READ:
                return room_is_in(room) ? STATUS_OK : refuse_outsider(room, reterr);
        case ROOM_WRITE:
                return room_is_in(room) ? check_mute(room, reterr) : refuse_outsider(room, reterr);
        case ROOM_MODERATE:
                if (is_admin || (room_is_in(room) && room->role >= MEMBER_ROLE_MODERATOR))
                        return STATUS_OK;
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "only moderators of room %" PRId64 " may do this", room->id);
        case ROOM_OWN:
                if (is_admin || (room_is_in(room) && room->role == MEMBER_ROLE_CREATOR))
                        return STATUS_OK;
                return error_set(reterr, STATUS_PERMISSION_DENIED,
                                 "only the creator of room %" PRId64 " may do this", room->id);
        }
        return error_set(reterr, STATUS_INTERNAL, "need %d", need);
}

enum status room_access(struct call *call, struct lease *lease, int64_t room_id,
                        enum room_need need, struct room *ret, struct error *reterr)
{
        struct room room;
        bool visible = false;
        enum status st = room_get(lease, call->arena, room_id, call->caller.user_id, &room, reterr);

        if (st == STATUS_OK)
                st = is_visible(call, lease, &room, &visible, reterr);
        if (st == STATUS_OK && !visible)
                st = room_hide(room_id, reterr);
        if (st == STATUS_OK)
                st = check_need(call, &room, need, reterr);
        if (st == STATUS_OK)
                *ret = room;
        return st;
}

enum status room_outranks(const struct call *call, const struct room *room, enum member_role role,
                          struct error *reterr)
{
        if (call->caller.is_admin || room->role > role)
                return STATUS_OK;
        return error_set(reterr, STATUS_PERMISSION_DENIED,
                         "only somebody of a higher role may do this to them");
}
