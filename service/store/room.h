/* Rooms, and how somebody stands to one. Inside the caller's lease; texts that are returned live in
 * the arena. What somebody may do there is decided above (service/api/room_access.h). */
#ifndef SERVICE_STORE_ROOM_H
#define SERVICE_STORE_ROOM_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/member.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOM_GENERAL     1
#define ROOM_MAX_MEMBERS 1000 /* unless its creator says otherwise */
#define ROOM_LIST_BYTES  (512u * 1024) /* a list ends early there: an answer has a size limit */
#define ROOM_MAX_UNREAD  1000 /* counted no further */

/* socializer.v1.RoomType */
enum room_kind { ROOM_KIND_GENERAL = 1, ROOM_KIND_GROUP = 2, ROOM_KIND_DIRECT = 3 };

/* socializer.v1.RoomCoach, and CoachHears */
enum room_coach_kind { ROOM_COACH_BUILTIN = 1, ROOM_COACH_SERVER = 2 };
enum coach_hears { COACH_HEARS_MESSAGE = 1, COACH_HEARS_CONVERSATION = 2 };

struct room {
        int64_t id;
        const char *name; /* of a direct room "", until room_describe() */
        const char *description;
        enum room_kind kind;
        bool is_public, coach_enabled;
        const char *password_hash; /* NULL: none */
        int64_t max_members;
        int64_t n_members; /* 0: the general room, which everybody is in */
        int64_t retention_s; /* 0: for good */
        int64_t created_at_ms;
        int64_t last_seq; /* of the newest event; 0 = there was none */
        int64_t last_event_at_ms; /* 0 = there was none */
        int64_t pruned_seq; /* up to here nothing is kept */
        enum room_coach_kind coach;
        enum coach_hears coach_hears;

        /* How the caller stands to it. */
        const char *username; /* the caller's; "" = nobody's */
        enum member_state state;
        enum member_role role;
        int64_t muted_until_ms; /* 0 = is not */
};

/* What is not needed for every call. */
struct room_details {
        int64_t creator_id; /* 0 = nobody */
        int64_t last_read_seq;
        int64_t n_unread; /* messages of others; ROOM_MAX_UNREAD at most */
        bool is_invited;
        bool has_consented; /* to being heard by the coach */
};

struct room_list {
        struct room *items; /* id ascending */
        size_t n_items;
        bool more;
};

/* A room to be made, or what is to change: what is not marked stays. */
struct room_change {
        const char *name, *description; /* NULL: stays */
        bool has_is_public, has_password, has_coach_enabled, has_max_members, has_retention;
        bool is_public, coach_enabled;
        const char *password_hash; /* NULL: none from now on */
        int64_t max_members, retention_s;
        enum room_coach_kind coach; /* 0: stays; of a new room, the built-in one */
        enum coach_hears coach_hears; /* 0: stays; of a new room, the message alone */
};

/* user_id 0: nobody. NOT_FOUND when there is no such room, or it is deleted. */
enum status room_get(struct lease *lease, struct arena *arena, int64_t id, int64_t user_id,
                     struct room *ret, struct error *reterr) MUST_CHECK;
/* Fills in the name of a direct room: the other one's. */
enum status room_describe(struct lease *lease, struct arena *arena, struct room *room,
                          int64_t user_id, struct room_details *ret,
                          struct error *reterr) MUST_CHECK;
/* Rooms that the user is in, or all public ones, behind after_id; only those with query in their
 * name ("": all). */
enum status room_list_mine(struct lease *lease, struct arena *arena, int64_t user_id,
                           const char *query, int64_t after_id, size_t limit, struct room_list *ret,
                           struct error *reterr) MUST_CHECK;
enum status room_list_public(struct lease *lease, struct arena *arena, int64_t user_id,
                             const char *query, int64_t after_id, size_t limit,
                             struct room_list *ret, struct error *reterr) MUST_CHECK;

/* A group room without members. */
enum status room_create(struct lease *lease, const struct room_change *settings, int64_t *ret_id,
                        struct error *reterr) MUST_CHECK;
/* The direct room of two; made when there is none. */
enum status room_pair(struct lease *lease, int64_t user_id, int64_t other_id, int64_t *ret_id,
                      bool *ret_created, struct error *reterr) MUST_CHECK;
enum status room_update(struct lease *lease, int64_t id, const struct room_change *change,
                        struct error *reterr) MUST_CHECK;
/* From now on there is no such room. What was in it goes bit by bit: see store/prune.h. */
enum status room_delete(struct lease *lease, int64_t id, struct error *reterr) MUST_CHECK;

/* The next number of the room's events. */
enum status room_take_seq(struct lease *lease, int64_t id, int64_t now_ms, int64_t *ret_seq,
                          struct error *reterr) MUST_CHECK;

/* The mark only moves forward; returns where it is. */
enum status room_mark_read(struct lease *lease, int64_t id, int64_t user_id, int64_t seq,
                           int64_t *ret_seq, struct error *reterr) MUST_CHECK;

#endif
