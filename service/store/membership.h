/* Rooms as one user has them: for whoever takes everything along. Inside the caller's lease; texts
 * that are returned live in the arena. */
#ifndef SERVICE_STORE_MEMBERSHIP_H
#define SERVICE_STORE_MEMBERSHIP_H

#include "service/store/invite.h"
#include "service/store/room.h"

struct membership {
        int64_t room_id;
        const char *room_name; /* "": the user is not in it, and it may have another by now */
        enum room_kind kind;
        struct member member; /* without a name */
};

struct membership_list {
        struct membership *items; /* room_id ascending */
        size_t n_items;
        bool more;
};

/* How a user stands to the rooms that are there, with ids above after_room_id. */
enum status membership_list(struct lease *lease, struct arena *arena, int64_t user_id,
                            int64_t after_room_id, size_t limit, struct membership_list *ret,
                            struct error *reterr) MUST_CHECK;
/* Invitations of any state that a user got or sent, with ids below before_id (0: all), newest
 * first. Rooms have names where the user is in them or may come in. */
enum status membership_invites(struct lease *lease, struct arena *arena, int64_t user_id,
                               int64_t before_id, size_t limit, struct invite_list *ret,
                               struct error *reterr) MUST_CHECK;

#endif
