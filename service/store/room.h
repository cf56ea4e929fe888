/* Rooms and what is said in them. Inside the caller's lease; texts that are returned live in the
 * arena. */
#ifndef SERVICE_STORE_ROOM_H
#define SERVICE_STORE_ROOM_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROOM_GENERAL 1

enum room_kind { ROOM_KIND_GENERAL, ROOM_KIND_GROUP, ROOM_KIND_DIRECT };

struct room {
        int64_t id;
        const char *name;
        enum room_kind kind;
        int64_t created_at_ms;
        int64_t last_seq; /* of the newest message; 0 = none was ever there */
};

struct room_message {
        int64_t id;
        int64_t room_id;
        int64_t seq; /* 1, 2, 3 … in each room, without holes */
        int64_t user_id; /* 0: the account is deleted; username and content are empty then */
        const char *username;
        const char *content;
        const char *client_message_id; /* "" = none was given */
        int64_t created_at_ms;
};

struct room_message_list {
        struct room_message *items; /* seq ascending */
        size_t n_items;
        int64_t first_seq; /* the oldest that is kept; 0 when there is none */
        int64_t last_seq;
};

/* A list ends early once its texts take so much: an answer has a size limit. */
#define ROOM_LIST_BYTES (512u * 1024)

/* NOT_FOUND when there is no such room. */
enum status room_get(struct lease *lease, struct arena *arena, int64_t id, struct room *ret,
                     struct error *reterr) MUST_CHECK;
/* Appends a message to a room. When the user has sent one by this client_message_id before ("" or
 * NULL: none), nothing is appended: the first one is returned (*ret_repeated true) if room and
 * content are the same, ALREADY_EXISTS, field "client_message_id", otherwise. NOT_FOUND: no such
 * room or user. */
enum status room_append(struct lease *lease, struct arena *arena, int64_t room_id, int64_t user_id,
                        const char *content, const char *client_message_id,
                        struct room_message *ret, bool *ret_repeated,
                        struct error *reterr) MUST_CHECK;
/* The first messages after after_seq, at most limit. NOT_FOUND: no such room. */
enum status room_list_after(struct lease *lease, struct arena *arena, int64_t room_id,
                            int64_t after_seq, size_t limit, struct room_message_list *ret,
                            struct error *reterr) MUST_CHECK;
/* The last messages before before_seq (INT64_MAX: the last of all), at most limit. NOT_FOUND: no
 * such room. */
enum status room_list_before(struct lease *lease, struct arena *arena, int64_t room_id,
                             int64_t before_seq, size_t limit, struct room_message_list *ret,
                             struct error *reterr) MUST_CHECK;

#endif
