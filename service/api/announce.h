/* Telling of what has happened, once it is committed. Events of a write are published in the order
 * in which they are announced. */
#ifndef SERVICE_API_ANNOUNCE_H
#define SERVICE_API_ANNOUNCE_H

#include "service/rpc/call.h"
#include "service/store/level.h"
#include "service/store/room.h"
#include "service/store/room_event.h"

#include "socializer/v1/event.pb-c.h"

/* Writes a durable event and publishes it after the commit. */
enum status announce_event(struct call *call, struct lease *lease, struct room_event *event,
                           struct error *reterr) MUST_CHECK;
/* The same of a change of the room's settings, of which the room is as it is now. */
enum status announce_settings(struct call *call, struct lease *lease, const struct room *room,
                              struct error *reterr) MUST_CHECK;
/* Of a message, which has been written. */
enum status announce_message(struct call *call, const struct room_message *message,
                             struct error *reterr) MUST_CHECK;
/* Somebody may not read on: what is announced from here on is sealed with another key. */
enum status announce_rekey(struct call *call, int64_t room_id, struct error *reterr) MUST_CHECK;
/* The room is no more. */
enum status announce_end(struct call *call, int64_t room_id, struct error *reterr) MUST_CHECK;
/* The coach does not answer in the room any more, or not that message (0: none), and why, which is
 * static. */
enum status announce_coach_ends(struct call *call, int64_t room_id, int64_t message_id,
                                const char *why, struct error *reterr) MUST_CHECK;
/* The user's account has been closed: nobody is there any more, wherever it was. */
enum status announce_gone(struct call *call, int64_t user_id, struct error *reterr) MUST_CHECK;
/* Where somebody has read, to the room and to the reader's other devices. */
enum status announce_read(struct call *call, int64_t room_id, int64_t seq,
                          struct error *reterr) MUST_CHECK;
/* To the user alone. */
enum status announce_invite(struct call *call, const Socializer__V1__Invite *invite,
                            struct error *reterr) MUST_CHECK;
/* A level that has moved, and the training that it completes, if there is one. */
enum status announce_level(struct call *call, int64_t user_id, const struct level_moved *moved,
                           const char *skill_name, struct error *reterr) MUST_CHECK;
/* The same at once, where there is no call: on the settler thread, behind the commit. */
void announce_level_now(struct service *service, int64_t user_id, const struct level_moved *moved,
                        const char *skill_name);
enum status announce_membership(struct call *call, int64_t user_id, int64_t room_id, bool is_member,
                                struct error *reterr) MUST_CHECK;

#endif
