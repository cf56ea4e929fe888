/* The durable events of a room, numbered without holes: its messages, and what else happens there.
 * Inside the caller's lease; texts that are returned live in the arena. */
#ifndef SERVICE_STORE_ROOM_EVENT_H
#define SERVICE_STORE_ROOM_EVENT_H

#include "service/store/member.h"
#include "service/store/message.h"

/* As in the table: never change a number. */
enum room_event_kind {
        ROOM_EVENT_MESSAGE = 0, /* not in the table: a row of message */
        ROOM_EVENT_EDITED = 1,
        ROOM_EVENT_DELETED = 2,
        ROOM_EVENT_REACTION_ADDED = 3, /* detail: the emoji */
        ROOM_EVENT_REACTION_REMOVED = 4, /* detail: the emoji */
        ROOM_EVENT_JOINED = 5,
        ROOM_EVENT_LEFT = 6,
        ROOM_EVENT_REMOVED = 7,
        ROOM_EVENT_BANNED = 8,
        ROOM_EVENT_UNBANNED = 9,
        ROOM_EVENT_ROLE = 10, /* value: the role */
        ROOM_EVENT_MUTED = 11, /* value: until when, in milliseconds */
        ROOM_EVENT_UNMUTED = 12,
        ROOM_EVENT_SETTINGS = 13
};

struct room_event {
        int64_t room_id, seq;
        enum room_event_kind kind;
        int64_t created_at_ms;
        int64_t user_id; /* whom it is about; 0 = nobody, or one whose account is deleted */
        const char *username;
        int64_t actor_id; /* who did it; 0 = the same one, or nobody with an account */
        const char *actor_username;
        int64_t message_id; /* 0 = about none */
        const char *detail;
        int64_t value;
        /* Of MESSAGE, EDITED and DELETED: as it is now. Of one that is not kept any more, only its
         * numbers. */
        struct room_message message;
};

struct room_event_list {
        struct room_event *items; /* seq ascending */
        size_t n_items;
};

/* Writes an event that is no message; seq and created_at_ms are filled in. */
enum status room_event_append(struct lease *lease, struct room_event *event,
                              struct error *reterr) MUST_CHECK;
/* The first events behind after_seq, at most limit. */
enum status room_event_list_after(struct lease *lease, struct arena *arena, int64_t room_id,
                                  int64_t after_seq, size_t limit, struct room_event_list *ret,
                                  struct error *reterr) MUST_CHECK;

#endif
