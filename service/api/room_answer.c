#include "service/api/room_answer.h"

#include "service/api/wire.h"
#include "service/api/wire_room.h"
#include "service/coach/builtin.h"
#include "service/store/coach_setting.h"
#include "service/store/room.h"

/* What answers in the room, for those who are in it. */
static enum status show_engine(struct call *call, struct lease *lease, const struct room *room,
                               Socializer__V1__Room *message, struct error *reterr)
{
        struct coach_server_setting server;

        if (!room->coach_enabled || !message->is_member)
                return STATUS_OK;
        enum status st = coach_server_setting_get(lease, call->arena, &server, reterr);
        if (st != STATUS_OK)
                return st;
        message->coach_engine = (char *)COACH_BUILTIN;
        if (room->coach == ROOM_COACH_SERVER && !coach_engine_is_builtin(server.provider)) {
                message->coach_engine = (char *)server.provider;
                message->coach_endpoint = (char *)server.endpoint;
                message->coach_model = (char *)server.model;
        }
        return STATUS_OK;
}

enum status room_answer(struct call *call, struct lease *lease, int64_t room_id,
                        Socializer__V1__Room **ret, struct error *reterr)
{
        int64_t user_id = call->caller.user_id;
        struct room_details details;
        struct room room;
        enum status st = room_get(lease, call->arena, room_id, user_id, &room, reterr);

        if (st == STATUS_OK)
                st = room_describe(lease, call->arena, &room, user_id, &details, reterr);
        if (st != STATUS_OK)
                return st;
        *ret = wire_room(call->arena, &room, &details);
        return *ret ? show_engine(call, lease, &room, *ret, reterr) : wire_no_memory(reterr);
}
