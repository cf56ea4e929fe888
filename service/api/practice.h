/* Telling service/progress/ what its evaluations live on. */
#ifndef SERVICE_API_PRACTICE_H
#define SERVICE_API_PRACTICE_H

#include "service/rpc/call.h"
#include "service/store/room.h"

/* Starts service/progress/ with all that it needs of the service. */
enum status practice_start(struct service *service, struct error *reterr) MUST_CHECK;
/* A message was said in the room; it counts once it is committed. In a direct room it never does:
 * what two people say to each other is not judged. */
enum status practice_spoke(struct call *call, const struct room *room,
                           struct error *reterr) MUST_CHECK;
/* The user said this to the coach (a message of the memory, written with the same lease). */
enum status practice_told_coach(struct call *call, struct lease *lease, int64_t user_id,
                                int64_t memory_id, struct error *reterr) MUST_CHECK;

#endif
