/* What somebody may do in a room: the one place where that is decided. */
#ifndef SERVICE_API_ROOM_ACCESS_H
#define SERVICE_API_ROOM_ACCESS_H

#include "service/rpc/call.h"
#include "service/store/room.h"

enum room_need {
        ROOM_SEE, /* know that it is there */
        ROOM_READ, /* what is said there, and who is there */
        ROOM_WRITE, /* say something */
        ROOM_MODERATE, /* its name, its members */
        ROOM_OWN /* everything */
};

/* The room, for a caller who may do this there. NOT_FOUND where there is none, and for a hidden one
 * that the caller is neither in nor invited to: nobody learns that it exists. PERMISSION_DENIED
 * otherwise; for somebody who is muted with the time to wait. Administrators may do everything but
 * read what is said where they are no members. */
enum status room_access(struct call *call, struct lease *lease, int64_t room_id,
                        enum room_need need, struct room *ret, struct error *reterr) MUST_CHECK;

/* Whether the caller, who may moderate the room, may do so with this member: one who ranks lower.
 */
enum status room_outranks(const struct call *call, const struct room *room, enum member_role role,
                          struct error *reterr) MUST_CHECK;
/* NOT_FOUND, as for a room that is not there. */
enum status room_hide(int64_t room_id, struct error *reterr);
/* Whether the caller is in it now; everybody who is not banned is in the general room. */
bool room_is_in(const struct room *room);

#endif
