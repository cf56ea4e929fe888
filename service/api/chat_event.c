/* ChatService: the durable events of a room, and the keys to those that are sent as they happen. */
#include "service/api/room_access.h"
#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/events/publisher.h"
#include "service/service.h"
#include "service/store/session.h"

#include "handlers.gen.h"

enum status chat_service_list_room_events(struct call *call,
                                          const Socializer__V1__ListRoomEventsRequest *req,
                                          Socializer__V1__ListRoomEventsResponse *rsp,
                                          struct error *reterr)
{
        struct room_event_list list;
        struct room room;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = lease_snapshot(&lease, reterr);

        if (st == STATUS_OK)
                st = room_access(call, &lease, req->room_id, ROOM_READ, &room, reterr);
        if (st == STATUS_OK)
                st = room_event_list_after(&lease, call->arena, room.id, req->after_seq,
                                           wire_page_size(req->page_size), &list, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->events = wire_list(call->arena, list.n_items);
        if (!rsp->events)
                return wire_no_memory(reterr);
        for (; rsp->n_events < list.n_items; rsp->n_events++) {
                size_t i = rsp->n_events;

                rsp->events[i] = wire_room_event(call->arena, &list.items[i], &room);
                if (!rsp->events[i])
                        return wire_no_memory(reterr);
        }
        rsp->last_seq = room.last_seq;
        rsp->first_seq = room.pruned_seq + 1;
        return STATUS_OK;
}

static enum status answer_keys(struct call *call, const struct publisher_keys *keys,
                               Socializer__V1__SubscribeResponse *rsp, struct error *reterr)
{
        rsp->topic.data = arena_memdup(call->arena, keys->topic, sizeof(keys->topic));
        rsp->key.data = arena_memdup(call->arena, keys->key, sizeof(keys->key));
        if (!rsp->topic.data || !rsp->key.data)
                return wire_no_memory(reterr);
        rsp->topic.len = sizeof(keys->topic);
        rsp->key.len = sizeof(keys->key);
        rsp->epoch = keys->epoch;
        return STATUS_OK;
}

/* Whether the caller's session still counts, by the database as it is now: it may have ended since
 * the call was let in. */
static enum status check_session(struct call *call, struct lease *lease, struct error *reterr)
{
        struct session session;
        enum status st;

        if (call->caller.is_operator)
                return STATUS_OK;
        st = session_get(lease, call->caller.jti, &session, reterr);
        if (st == STATUS_NOT_FOUND ||
            (st == STATUS_OK && (session.is_revoked || !session.is_active)))
                return error_set(reterr, STATUS_UNAUTHENTICATED, "log in again");
        return st;
}

static enum status may_read(struct call *call, int64_t room_id, struct room *ret,
                            struct error *reterr)
{
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = check_session(call, &lease, reterr);

        if (st == STATUS_OK && room_id != 0)
                st = room_access(call, &lease, room_id, ROOM_READ, ret, reterr);
        return st;
}

/* Whether the caller may is looked at twice. Before, because a channel is made for whoever asks.
 * And after the keys were taken, by the database as it is then: if somebody goes meanwhile, these
 * are the old keys, which open nothing of what follows. */
enum status chat_service_subscribe(struct call *call, const Socializer__V1__SubscribeRequest *req,
                                   Socializer__V1__SubscribeResponse *rsp, struct error *reterr)
{
        struct publisher *publisher = call->service->publisher;
        struct publisher_keys keys;
        struct room room = {0};
        enum status st = STATUS_OK;

        if (req->room_id == 0)
                st = call_subject(call, 0, &rsp->user_id, reterr);
        if (st == STATUS_OK)
                st = may_read(call, req->room_id, &room, reterr);
        if (st == STATUS_OK)
                st = req->room_id ? publisher_room_keys(publisher, req->room_id, &keys, reterr)
                                  : publisher_user_keys(publisher, rsp->user_id, &keys, reterr);
        if (st != STATUS_OK)
                return st;
        view_renew();
        st = may_read(call, req->room_id, &room, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->last_seq = room.last_seq;
        return answer_keys(call, &keys, rsp, reterr);
}
