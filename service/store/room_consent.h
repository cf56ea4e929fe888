/* Who lets their words be sent to the coach of a room. Inside the caller's lease; texts that are
 * returned live in the arena. */
#ifndef SERVICE_STORE_ROOM_CONSENT_H
#define SERVICE_STORE_ROOM_CONSENT_H

#include "service/store/message.h"

/* Gives the consent, from now on, or takes it back. One that is there stays as old as it is. */
enum status room_consent_set(struct lease *lease, int64_t room_id, int64_t user_id, bool is_given,
                             struct error *reterr) MUST_CHECK;
/* Everybody's is gone. */
enum status room_consent_clear(struct lease *lease, int64_t room_id,
                               struct error *reterr) MUST_CHECK;
/* The rooms where the user has given it. */
enum status room_consent_list(struct lease *lease, struct arena *arena, int64_t user_id,
                              int64_t **ret_ids, size_t *ret_n, struct error *reterr) MUST_CHECK;
/* Of the last events before before_seq, ROOM_CONSENT_EVENTS of them, the messages that may be sent,
 * newest first, limit at most: what was said since they consented by those who did, and what the
 * coach answered to them, which may hold their words. Without replies and reactions. */
#define ROOM_CONSENT_EVENTS 200
enum status room_consent_messages(struct lease *lease, struct arena *arena, int64_t room_id,
                                  int64_t before_seq, size_t limit, struct room_message_list *ret,
                                  struct error *reterr) MUST_CHECK;

#endif
