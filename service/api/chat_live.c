/* ChatService: what is of the moment, and stored nowhere. */
#include "service/api/room_access.h"
#include "service/api/wire.h"
#include "service/events/presence.h"
#include "service/events/publisher.h"
#include "service/rpc/rate.h"
#include "service/service.h"

#include "handlers.gen.h"

#include <stdio.h>

static enum status may(struct call *call, int64_t room_id, enum room_need need,
                       struct error *reterr)
{
        struct room room;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);

        return room_access(call, &lease, room_id, need, &room, reterr);
}

enum status chat_service_set_typing(struct call *call, const Socializer__V1__SetTypingRequest *req,
                                    Socializer__V1__SetTypingResponse *rsp, struct error *reterr)
{
        (void)rsp;
        Socializer__V1__RoomEvent event = SOCIALIZER__V1__ROOM_EVENT__INIT;
        Socializer__V1__Typing typing = SOCIALIZER__V1__TYPING__INIT;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        /* Nothing is written, but everybody is told. */
        if (st == STATUS_OK)
                st = rate_take(call->service->live_rate, (uint64_t)user_id, clock_mono_ns(),
                               reterr);
        if (st == STATUS_OK)
                st = may(call, req->room_id, ROOM_WRITE, reterr);
        if (st != STATUS_OK)
                return st;
        typing.user_id = user_id;
        typing.username = call->caller.username;
        typing.is_typing = req->is_typing;
        event.room_id = req->room_id;
        event.event_case = SOCIALIZER__V1__ROOM_EVENT__EVENT_TYPING;
        event.typing = &typing;
        publisher_room_event(call->service->publisher, &event);
        return STATUS_OK;
}

/* Whether the caller may be in all of these rooms; the error names the first where not. */
static enum status may_be_in(struct call *call, const Socializer__V1__SetPresenceRequest *req,
                             size_t *ret_i, struct error *reterr)
{
        enum status st = STATUS_OK;
        size_t i;

        for (i = 0; i < req->n_room_ids && st == STATUS_OK; i++) {
                char field[64];

                snprintf(field, sizeof(field), "room_ids[%zu]", i);
                if (req->room_ids[i] < 1)
                        st = error_field(reterr, field, "want the number of a room");
                else
                        st = may(call, req->room_ids[i], ROOM_READ, reterr);
                if (st != STATUS_OK && reterr)
                        snprintf(reterr->field, sizeof(reterr->field), "%s", field);
        }
        *ret_i = i ? i - 1 : 0;
        return st;
}

enum status chat_service_set_presence(struct call *call,
                                      const Socializer__V1__SetPresenceRequest *req,
                                      Socializer__V1__SetPresenceResponse *rsp,
                                      struct error *reterr)
{
        (void)rsp;
        struct presence *presence = call->service->presence;
        struct presence_user user = {.username = call->caller.username};
        size_t i;
        enum status st = call_subject(call, 0, &user.id, reterr);

        if (st == STATUS_OK)
                st = may_be_in(call, req, &i, reterr);
        if (st == STATUS_OK)
                st = presence_set(presence, &user, req->connection, req->room_ids, req->n_room_ids,
                                  clock_mono_ns() / 1000000, reterr);
        if (st != STATUS_OK || req->n_room_ids == 0)
                return st;
        /* Who was removed between the two is taken out again. */
        view_renew();
        st = may_be_in(call, req, &i, reterr);
        if (st != STATUS_OK)
                presence_leave(presence, req->room_ids[i], user.id);
        return st;
}

enum status chat_service_list_online_users(struct call *call,
                                           const Socializer__V1__ListOnlineUsersRequest *req,
                                           Socializer__V1__ListOnlineUsersResponse *rsp,
                                           struct error *reterr)
{
        struct presence_list list;
        enum status st = req->room_id ? may(call, req->room_id, ROOM_READ, reterr) : STATUS_OK;

        if (st == STATUS_OK)
                st = presence_list(call->service->presence, req->room_id, call->arena, &list,
                                   reterr);
        if (st != STATUS_OK)
                return st;
        rsp->users = wire_list(call->arena, list.n_items);
        for (size_t i = 0; rsp->users && i < list.n_items; i++) {
                Socializer__V1__OnlineUser *user = arena_alloc(call->arena, sizeof(*user));

                if (!user)
                        return wire_no_memory(reterr);
                socializer__v1__online_user__init(user);
                user->user_id = list.items[i].id;
                user->username = (char *)list.items[i].username;
                rsp->users[rsp->n_users++] = user;
        }
        rsp->count = (int32_t)list.n_online;
        return rsp->users ? STATUS_OK : wire_no_memory(reterr);
}
