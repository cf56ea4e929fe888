/* Who is there: in which rooms, by which connections. In memory only, and each connection only for
 * a while: whoever keeps connections to people says again that they are there, so that nobody stays
 * after a gateway has died. Any thread. */
#ifndef SERVICE_EVENTS_PRESENCE_H
#define SERVICE_EVENTS_PRESENCE_H

#include "common/arena.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRESENCE_MS              60000 /* a connection that is not heard of again is gone */
#define PRESENCE_MAX_ROOMS       64 /* of a connection */
#define PRESENCE_MAX_CONNECTIONS 200 /* of a user */
#define PRESENCE_MAX_LISTED      1000
#define PRESENCE_MAX_TOLD        500 /* in fuller rooms coming and going is not told */

#define PRESENCE_ANYWHERE 0 /* as a room: everybody */

struct presence;

struct presence_user {
        int64_t id;
        const char *username;
};

struct presence_list {
        struct presence_user *items; /* id ascending, PRESENCE_MAX_LISTED at most */
        size_t n_items;
        size_t n_online;
};

/* Somebody has come into a room, by a first connection, or has left it, by the last. Called in the
 * order in which it happens, under a lock: must not call back. */
typedef void (*presence_change_fn)(void *closure, int64_t room_id, const struct presence_user *user,
                                   bool is_online);

enum status presence_new(presence_change_fn on_change, void *closure, struct presence **ret,
                         struct error *reterr) MUST_CHECK;
struct presence *presence_free(struct presence *p);

/* Where a connection of a user is now, for the next PRESENCE_MS; no rooms: gone. now_ms: of a clock
 * that never jumps. RESOURCE_EXHAUSTED: too many connections, or no memory. */
enum status presence_set(struct presence *p, const struct presence_user *user,
                         const char *connection, const int64_t *room_ids, size_t n_room_ids,
                         uint64_t now_ms, struct error *reterr) MUST_CHECK;
/* Ends connections that were not heard of for too long. */
void presence_expire(struct presence *p, uint64_t now_ms);
/* Takes a user out of a room: somebody who is no member any more. */
void presence_leave(struct presence *p, int64_t room_id, int64_t user_id);
/* Ends all connections of a user, who may not be here any more. */
void presence_forget(struct presence *p, int64_t user_id);
/* In the arena. */
enum status presence_list(struct presence *p, int64_t room_id, struct arena *arena,
                          struct presence_list *ret, struct error *reterr) MUST_CHECK;

#endif
