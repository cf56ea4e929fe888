/* A room as the answer of a call. */
#ifndef SERVICE_API_ROOM_ANSWER_H
#define SERVICE_API_ROOM_ANSWER_H

#include "service/rpc/call.h"

#include "socializer/v1/room.pb-c.h"

/* The room as the caller sees it now, with what the coach in it is, if the caller is in the room.
 */
enum status room_answer(struct call *call, struct lease *lease, int64_t room_id,
                        Socializer__V1__Room **ret, struct error *reterr) MUST_CHECK;

#endif
