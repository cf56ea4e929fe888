/* Invitations to rooms. Inside the caller's lease; texts that are returned live in the arena. */
#ifndef SERVICE_STORE_INVITE_H
#define SERVICE_STORE_INVITE_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* socializer.v1.InviteStatus */
enum invite_status {
        INVITE_PENDING = 1,
        INVITE_ACCEPTED = 2,
        INVITE_DECLINED = 3,
        INVITE_REVOKED = 4
};

struct invite {
        int64_t id, room_id, user_id;
        int64_t inviter_id; /* 0: the account is deleted */
        const char *room_name, *username, *inviter_username;
        enum invite_status status;
        int64_t created_at_ms;
        int64_t answered_at_ms; /* 0 while pending */
};

struct invite_list {
        struct invite *items; /* id descending */
        size_t n_items;
        bool more;
};

/* A row of id, room_id, user_id, inviter_id, the names of room, user and inviter, status,
 * created_at and answered_at. */
void invite_read_row(struct arena *arena, const struct stmt *q, struct invite *ret);

/* NOT_FOUND; also when the room is deleted. */
enum status invite_get(struct lease *lease, struct arena *arena, int64_t id, struct invite *ret,
                       struct error *reterr) MUST_CHECK;
/* The pending one of this user for this room; NOT_FOUND (reterr untouched) when there is none. */
enum status invite_find(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                        struct invite *ret, struct error *reterr) MUST_CHECK;
/* Invites; a pending invitation stays as it is. inviter_id 0: an operator. */
enum status invite_add(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                       int64_t inviter_id, struct invite *ret, bool *ret_created,
                       struct error *reterr) MUST_CHECK;
/* A pending invitation gets its answer. */
enum status invite_answer(struct lease *lease, int64_t id, enum invite_status status,
                          struct error *reterr) MUST_CHECK;
/* Pending ones: of a user, or of a room, with ids below before_id (0: all). */
enum status invite_list_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                int64_t before_id, size_t limit, struct invite_list *ret,
                                struct error *reterr) MUST_CHECK;
enum status invite_list_of_room(struct lease *lease, struct arena *arena, int64_t room_id,
                                int64_t before_id, size_t limit, struct invite_list *ret,
                                struct error *reterr) MUST_CHECK;

#endif
