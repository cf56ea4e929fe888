/* What becomes of the calls of a slot when its message has been answered, or will not be. */
#ifndef CLIENT_REPLY_H
#define CLIENT_REPLY_H

#include "client/lane.h"

/* Settles every call of the batch by the reply message, which is taken over, then frees the slot.
 * Without the mutex, on one of nng's threads. */
void reply_settle(struct slot *s, nng_msg *message);
/* The same when there is no reply: sends again what may be, and ends the others. */
void reply_broken(struct slot *s, int nng_error);

/* Frees a busy slot. Under the mutex. */
void slot_release(struct slot *s);

#endif
