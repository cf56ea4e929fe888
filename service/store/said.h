/* Something that a user said, by reference: in a room, or to the coach. Its text is read when it is
 * needed, and is gone when the message is. Inside the caller's lease. */
#ifndef SERVICE_STORE_SAID_H
#define SERVICE_STORE_SAID_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/seal.h"

#include <stdbool.h>
#include <stdint.h>

enum said_source {
        SAID_IN_ROOM = 1, /* a row of message */
        SAID_TO_COACH = 2, /* a row of memory_message */
};

struct said {
        enum said_source source;
        int64_t id; /* of the message */
        /* Below: what said_read() finds. */
        bool is_gone; /* the rest is not set */
        const char *text; /* in the arena; "" when it is gone */
        int64_t created_at_ms;
        int64_t room_id, seq; /* in a room */
};

/* Fills in what the user said. A message that is deleted, not kept any more, in a deleted room or
 * of somebody else is gone. key: the user's, which opens what was said to the coach; one that is
 * not set opens nothing: that is gone. */
enum status said_read(struct lease *lease, struct arena *arena, const struct seal_key *key,
                      int64_t user_id, struct said *said, struct error *reterr) MUST_CHECK;

#endif
