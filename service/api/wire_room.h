/* Rooms and what happens in them, from the store's structs to the contract's messages. As in
 * wire.h: all in the arena, NULL means that it is spent. */
#ifndef SERVICE_API_WIRE_ROOM_H
#define SERVICE_API_WIRE_ROOM_H

#include "service/store/invite.h"
#include "service/store/room.h"
#include "service/store/room_event.h"

#include "socializer/v1/event.pb-c.h"
#include "socializer/v1/room.pb-c.h"

/* details NULL: without what is the caller's. */
Socializer__V1__Room *wire_room(struct arena *arena, const struct room *room,
                                const struct room_details *details) MUST_CHECK;
Socializer__V1__Member *wire_member(struct arena *arena, const struct member *member) MUST_CHECK;
Socializer__V1__Invite *wire_invite(struct arena *arena, const struct invite *invite) MUST_CHECK;
Socializer__V1__RoomMessage *wire_room_message(struct arena *arena,
                                               const struct room_message *message) MUST_CHECK;
/* room: of an event of kind SETTINGS; else not looked at. */
Socializer__V1__RoomEvent *wire_room_event(struct arena *arena, const struct room_event *event,
                                           const struct room *room) MUST_CHECK;

#endif
