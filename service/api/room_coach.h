/* The coach in rooms: whoever says @coach in a room that has it switched on is answered there. It
 * answers on threads of its own, so that nobody who talks waits for it. */
#ifndef SERVICE_API_ROOM_COACH_H
#define SERVICE_API_ROOM_COACH_H

#include "service/rpc/call.h"
#include "service/store/message.h"
#include "service/store/room.h"

#define ROOM_COACH_THREADS 64 /* answers that are made at once */
#define ROOM_COACH_QUEUED  200 /* that wait; ANSWERS_MAX says how many there are of all */
#define ROOM_COACH_MS      120000 /* an answer has so long */
#define ROOM_COACH_HISTORY 20 /* messages that go along */
#define ROOM_COACH_CHARS   5000 /* of an answer: no message is longer */

struct room_coach;

/* service: everything but the rpc server. */
enum status room_coach_new(struct service *service, struct room_coach **ret,
                           struct error *reterr) MUST_CHECK;
/* Ends the answers in the making, and the threads. The database has to be there still. Accepts
 * NULL, returns NULL. */
struct room_coach *room_coach_free(struct room_coach *c);

/* Whether a message addresses the coach: @coach is in it, in capitals or not, not as a part of a
 * longer name or of an address. */
bool room_coach_is_addressed(const char *content);

/* Lets the coach answer the message that the caller has written in the room, once it is committed;
 * the answer's name. NULL, and STATUS_OK: the coach is not in the room, or not addressed. What goes
 * wrong later the room is told. */
enum status room_coach_ask(struct call *call, struct lease *lease, const struct room *room,
                           const struct room_message *message, const char **ret_answer_id,
                           struct error *reterr) MUST_CHECK;

#endif
