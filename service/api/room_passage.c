#include "service/api/room_passage.h"

#include "service/api/announce.h"

enum status room_enter(struct call *call, struct lease *lease, const struct room *room,
                       int64_t user_id, const char *username, enum member_role role,
                       struct error *reterr)
{
        struct room_event event = {
                .room_id = room->id,
                .kind = ROOM_EVENT_JOINED,
                .user_id = user_id,
                .username = username,
        };
        enum status st = member_enter(lease, room, user_id, role, reterr);

        if (st == STATUS_OK)
                st = announce_event(call, lease, &event, reterr);
        return st == STATUS_OK ? announce_membership(call, user_id, room->id, true, reterr) : st;
}

static enum status hand_on(struct call *call, struct lease *lease, const struct room *room,
                           int64_t user_id, struct error *reterr)
{
        struct member heir;
        int64_t heir_id;
        enum status st = member_successor(lease, room->id, user_id, &heir_id, reterr);

        if (st == STATUS_OK)
                st = member_get(lease, call->arena, room->id, heir_id, &heir, reterr);
        if (st == STATUS_OK)
                st = member_set_role(lease, room->id, heir_id, MEMBER_ROLE_CREATOR, reterr);
        if (st != STATUS_OK)
                return st;
        struct room_event event = {
                .room_id = room->id,
                .kind = ROOM_EVENT_ROLE,
                .user_id = heir_id,
                .username = heir.username,
                .value = MEMBER_ROLE_CREATOR,
        };
        return announce_event(call, lease, &event, reterr);
}

static enum status end_room(struct call *call, struct lease *lease, int64_t room_id,
                            struct error *reterr)
{
        enum status st = room_delete(lease, room_id, reterr);

        return st == STATUS_OK ? announce_end(call, room_id, reterr) : st;
}

enum status room_exit(struct call *call, struct lease *lease, const struct room *room,
                      const struct member *who, enum room_event_kind kind, struct error *reterr)
{
        bool by_another = call->caller.user_id != who->user_id;
        struct room_event event = {
                .room_id = room->id,
                .kind = kind,
                .user_id = who->user_id,
                .username = who->username,
                .actor_id = by_another ? call->caller.user_id : 0,
                .actor_username = by_another ? call->caller.username : "",
        };
        bool is_last = room->kind != ROOM_KIND_GENERAL && room->n_members == 1 &&
                       who->state == MEMBER_ACTIVE;
        enum status st =
                member_exit(lease, room->id, who->user_id,
                            kind == ROOM_EVENT_BANNED ? MEMBER_BANNED : MEMBER_LEFT, reterr);

        if (st == STATUS_OK)
                st = announce_membership(call, who->user_id, room->id, false, reterr);
        if (st != STATUS_OK || is_last)
                return st == STATUS_OK ? end_room(call, lease, room->id, reterr) : st;
        /* Before the event: who has gone does not even learn that. */
        st = announce_rekey(call, room->id, reterr);
        if (st == STATUS_OK)
                st = announce_event(call, lease, &event, reterr);
        if (st == STATUS_OK && who->role == MEMBER_ROLE_CREATOR && who->state == MEMBER_ACTIVE)
                st = hand_on(call, lease, room, who->user_id, reterr);
        return st;
}

enum status room_exit_all(struct call *call, struct lease *lease, int64_t user_id,
                          struct error *reterr)
{
        int64_t *ids;
        size_t n;
        enum status st = member_rooms(lease, call->arena, user_id, &ids, &n, reterr);

        for (size_t i = 0; st == STATUS_OK && i < n; i++) {
                struct room room;
                struct member who;

                st = room_get(lease, call->arena, ids[i], user_id, &room, reterr);
                if (st == STATUS_OK)
                        st = member_get(lease, call->arena, ids[i], user_id, &who, reterr);
                if (st == STATUS_OK)
                        st = room_exit(call, lease, &room, &who, ROOM_EVENT_LEFT, reterr);
        }
        if (st == STATUS_OK)
                st = announce_gone(call, user_id, reterr);
        return st == STATUS_OK ? announce_rekey(call, ROOM_GENERAL, reterr) : st;
}

enum status room_rekey_all(struct call *call, struct lease *lease, int64_t user_id,
                           struct error *reterr)
{
        int64_t *ids;
        size_t n;
        enum status st = member_rooms(lease, call->arena, user_id, &ids, &n, reterr);

        for (size_t i = 0; st == STATUS_OK && i < n; i++)
                st = announce_rekey(call, ids[i], reterr);
        if (st == STATUS_OK)
                st = announce_gone(call, user_id, reterr);
        return st == STATUS_OK ? announce_rekey(call, ROOM_GENERAL, reterr) : st;
}
