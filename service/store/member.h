/* Who is in which room, as what, and who is invited. Inside the caller's lease; texts that are
 * returned live in the arena. */
#ifndef SERVICE_STORE_MEMBER_H
#define SERVICE_STORE_MEMBER_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMBER_MAX_ROOMS 500 /* that one user is in */

/* socializer.v1.MemberState; NONE: never was there */
enum member_state { MEMBER_NONE = 0, MEMBER_ACTIVE = 1, MEMBER_LEFT = 2, MEMBER_BANNED = 3 };

/* socializer.v1.MemberRole */
enum member_role {
        MEMBER_ROLE_NONE = 0,
        MEMBER_ROLE_MEMBER = 1,
        MEMBER_ROLE_MODERATOR = 2,
        MEMBER_ROLE_CREATOR = 3
};

struct room;

struct member {
        int64_t user_id;
        const char *username;
        enum member_state state;
        enum member_role role;
        int64_t joined_at_ms;
        int64_t muted_until_ms; /* 0 = is not */
        int64_t last_read_seq;
};

struct member_list {
        struct member *items; /* user_id ascending */
        size_t n_items;
        bool more;
};

/* NOT_FOUND: there is no such user, or that one was never in the room. */
enum status member_get(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                       struct member *ret, struct error *reterr) MUST_CHECK;
/* In the general room the active ones are those who are muted. */
enum status member_list(struct lease *lease, struct arena *arena, int64_t room_id,
                        enum member_state state, int64_t after_user_id, size_t limit,
                        struct member_list *ret, struct error *reterr) MUST_CHECK;

/* Makes somebody, who is not one, an active member. FAILED_PRECONDITION when the room is full or
 * the user is in too many. */
enum status member_enter(struct lease *lease, const struct room *room, int64_t user_id,
                         enum member_role role, struct error *reterr) MUST_CHECK;
/* Ends a membership, if there is one: MEMBER_LEFT or MEMBER_BANNED; in the general room, where
 * nobody leaves, MEMBER_ACTIVE ends a ban. A mute outlasts it, or coming back would end that; a
 * consent to the coach does not. */
enum status member_exit(struct lease *lease, int64_t room_id, int64_t user_id,
                        enum member_state state, struct error *reterr) MUST_CHECK;
enum status member_set_role(struct lease *lease, int64_t room_id, int64_t user_id,
                            enum member_role role, struct error *reterr) MUST_CHECK;
/* until_ms 0: no longer. In the general room, where nobody has a row, one is made. */
enum status member_set_muted(struct lease *lease, int64_t room_id, int64_t user_id,
                             int64_t until_ms, struct error *reterr) MUST_CHECK;
/* Who takes a room over: of the others the moderator, or else the member, who has been there
 * longest. 0: nobody is left. */
enum status member_successor(struct lease *lease, int64_t room_id, int64_t user_id, int64_t *ret,
                             struct error *reterr) MUST_CHECK;
/* The rooms, but for the general one, that somebody is an active member of; MEMBER_MAX_ROOMS at
 * most. The list is in the arena. */
enum status member_rooms(struct lease *lease, struct arena *arena, int64_t user_id,
                         int64_t **ret_ids, size_t *ret_n, struct error *reterr) MUST_CHECK;

#endif
