/* ChatService: messages of rooms, and the keys to their live events. */
#include "service/api/wire.h"
#include "service/events/publisher.h"
#include "service/rpc/call.h"
#include "service/service.h"
#include "service/store/room.h"

#include "handlers.gen.h"

#include <inttypes.h>
#include <string.h>

/* Whether the caller may read and write in a room: OK and the room, or NOT_FOUND, also for a room
 * that the caller has nothing to do with. The one place where rights in rooms are decided. */
static enum status room_authorize(struct call *call, struct lease *lease, int64_t room_id,
                                  struct room *ret, struct error *reterr)
{
        struct room room;
        enum status st = room_get(lease, call->arena, room_id, &room, reterr);

        if (st != STATUS_OK)
                return st;
        if (room.kind != ROOM_KIND_GENERAL && !call->caller.is_admin) {
                error_resource(reterr, STATUS_NOT_FOUND, "room", "%" PRId64, room_id);
                return STATUS_NOT_FOUND;
        }
        *ret = room;
        return STATUS_OK;
}

/* NULL: the arena is spent. */
static Socializer__V1__RoomMessage *wire_room_message(struct arena *arena,
                                                      const struct room_message *message)
{
        Socializer__V1__RoomMessage *m = arena_alloc(arena, sizeof(*m));
        Google__Protobuf__Timestamp *timestamp = wire_timestamp(arena, message->created_at_ms);

        if (!m || !timestamp)
                return NULL;
        socializer__v1__room_message__init(m);
        m->room_id = message->room_id;
        m->seq = message->seq;
        m->message_id = message->id;
        m->user_id = message->user_id;
        m->username = (char *)message->username;
        m->content = (char *)message->content;
        m->client_message_id = (char *)message->client_message_id;
        m->timestamp = timestamp;
        return m;
}

static void publish(struct service *service, void *arg)
{
        publisher_message(service->publisher, arg);
}

enum status chat_service_send_message(struct call *call,
                                      const Socializer__V1__SendMessageRequest *req,
                                      Socializer__V1__SendMessageResponse *rsp,
                                      struct error *reterr)
{
        struct room room;
        struct room_message message;
        bool repeated;
        int64_t user_id;
        enum status st = call_subject(call, 0, &user_id, reterr);

        if (st != STATUS_OK)
                return st;
        LEASE(lease, call->service->db, LEASE_WRITE, call->deadline);
        st = room_authorize(call, &lease, req->room_id, &room, reterr);
        if (st == STATUS_OK)
                st = room_append(&lease, call->arena, room.id, user_id, req->content,
                                 req->client_message_id, &message, &repeated, reterr);
        if (st != STATUS_OK)
                return st;

        rsp->message = wire_room_message(call->arena, &message);
        if (!rsp->message)
                return wire_no_memory(reterr);
        if (!repeated) {
                st = call_after_commit(call, publish, rsp->message, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return lease_commit(&lease, reterr);
}

static enum status list(struct call *call, const Socializer__V1__ListRoomMessagesRequest *req,
                        struct room_message_list *ret, struct error *reterr)
{
        bool after = req->after_set_case ==
                     SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__AFTER_SET_AFTER_SEQ;
        bool before = req->before_set_case ==
                      SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__BEFORE_SET_BEFORE_SEQ;
        size_t limit = wire_page_size(req->page_size);
        struct room room;

        if (after && before) {
                error_field(reterr, "before_seq", "want it or after_seq, not both");
                return STATUS_INVALID_ARGUMENT;
        }
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = room_authorize(call, &lease, req->room_id, &room, reterr);
        if (st != STATUS_OK)
                return st;
        if (after)
                return room_list_after(&lease, call->arena, room.id, req->after_seq, limit, ret,
                                       reterr);
        return room_list_before(&lease, call->arena, room.id, before ? req->before_seq : INT64_MAX,
                                limit, ret, reterr);
}

enum status chat_service_list_room_messages(struct call *call,
                                            const Socializer__V1__ListRoomMessagesRequest *req,
                                            Socializer__V1__ListRoomMessagesResponse *rsp,
                                            struct error *reterr)
{
        struct room_message_list messages;
        enum status st = list(call, req, &messages, reterr);

        if (st != STATUS_OK)
                return st;
        rsp->messages = wire_list(call->arena, messages.n_items);
        if (!rsp->messages)
                return wire_no_memory(reterr);
        for (; rsp->n_messages < messages.n_items; rsp->n_messages++) {
                Socializer__V1__RoomMessage *m =
                        wire_room_message(call->arena, &messages.items[rsp->n_messages]);
                if (!m)
                        return wire_no_memory(reterr);
                rsp->messages[rsp->n_messages] = m;
        }
        rsp->last_seq = messages.last_seq;
        rsp->first_seq = messages.first_seq;
        return STATUS_OK;
}

enum status chat_service_subscribe(struct call *call, const Socializer__V1__SubscribeRequest *req,
                                   Socializer__V1__SubscribeResponse *rsp, struct error *reterr)
{
        struct publisher_keys keys;
        struct room room;
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        enum status st = room_authorize(call, &lease, req->room_id, &room, reterr);

        if (st == STATUS_OK)
                st = publisher_keys(call->service->publisher, room.id, &keys, reterr);
        if (st != STATUS_OK)
                return st;
        rsp->topic.data = arena_memdup(call->arena, keys.topic, sizeof(keys.topic));
        rsp->key.data = arena_memdup(call->arena, keys.key, sizeof(keys.key));
        if (!rsp->topic.data || !rsp->key.data)
                return wire_no_memory(reterr);
        rsp->topic.len = sizeof(keys.topic);
        rsp->key.len = sizeof(keys.key);
        rsp->epoch = keys.epoch;
        rsp->last_seq = room.last_seq;
        return STATUS_OK;
}
