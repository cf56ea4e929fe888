/* Somebody comes into a room, or goes: by leaving it, being removed or banned, or out of all. */
#ifndef SERVICE_API_ROOM_PASSAGE_H
#define SERVICE_API_ROOM_PASSAGE_H

#include "service/rpc/call.h"
#include "service/store/room.h"
#include "service/store/room_event.h"

/* A new member, told to the room and to the member's own devices. Inside the write lease. */
enum status room_enter(struct call *call, struct lease *lease, const struct room *room,
                       int64_t user_id, const char *username, enum member_role role,
                       struct error *reterr) MUST_CHECK;
/* kind: ROOM_EVENT_LEFT, REMOVED or BANNED. A creator hands the room on; the last one takes it
 * along. Everything that is said from then on is sealed with another key. Inside the write lease;
 * the room as it was before. */
enum status room_exit(struct call *call, struct lease *lease, const struct room *room,
                      const struct member *who, enum room_event_kind kind,
                      struct error *reterr) MUST_CHECK;
/* Leaves every room; for an account that is to be deleted. */
enum status room_exit_all(struct call *call, struct lease *lease, int64_t user_id,
                          struct error *reterr) MUST_CHECK;
/* Another key for every room that the user may read, the general one too: for an account whose
 * sessions have ended all at once. */
enum status room_rekey_all(struct call *call, struct lease *lease, int64_t user_id,
                           struct error *reterr) MUST_CHECK;

#endif
