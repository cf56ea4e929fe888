/* What is said in rooms. Inside the caller's lease; texts that are returned live in the arena. */
#ifndef SERVICE_STORE_MESSAGE_H
#define SERVICE_STORE_MESSAGE_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_EXCERPT_CHARS  100
#define MESSAGE_REACTION_USERS 20 /* named; all are counted */
#define MESSAGE_MAX_EMOJIS     20 /* different ones on a message */

/* A list ends early once its texts take so much: an answer has a size limit. */
#define MESSAGE_LIST_BYTES (512u * 1024)

struct message_reaction {
        const char *emoji;
        int64_t count;
        int64_t *user_ids; /* the first of them */
        size_t n_user_ids;
};

struct message_reply {
        int64_t message_id; /* 0: answers nothing */
        int64_t seq, user_id; /* 0 when that message is not kept any more */
        const char *username, *excerpt;
};

struct room_message {
        int64_t id, room_id;
        int64_t seq; /* among the events of the room */
        int64_t user_id; /* 0: the account is deleted, username and content are empty; or the
                            coach's */
        const char *username;
        const char *content; /* "" when it is deleted */
        const char *client_message_id; /* "" = none was given */
        int64_t created_at_ms;
        int64_t edited_at_ms; /* 0 = never */
        bool is_deleted;
        const char *coach_engine; /* the coach says it, by this engine; "" = somebody does */
        int64_t asker_id; /* whose question that answers; 0 = nobody's any more */
        struct message_reply reply;
        struct message_reaction *reactions; /* in the order they first came */
        size_t n_reactions;
};

struct room_message_list {
        struct room_message *items; /* seq ascending */
        size_t n_items;
};

/* A reaction as who gave it has it. */
struct given_reaction {
        int64_t message_id, room_id, created_at_ms;
        const char *emoji;
};

/* What is to be said. */
struct message_draft {
        int64_t room_id, user_id;
        const char *username; /* of user_id */
        const char *content;
        const char *client_message_id; /* "" or NULL = none */
        int64_t reply_to; /* a message of the room; 0 = none */
        /* Of the coach's, whose user_id is 0: */
        const char *coach_engine; /* NULL = somebody says it */
        int64_t asker_id;
};

/* What the coach is called in rooms. Its user_id is 0. */
#define MESSAGE_COACH "coach"

/* Appends a message to a room that is there. When the user has sent one by this client_message_id
 * before, nothing is appended: the first one is returned (*ret_repeated true) if room and content
 * are the same (or it has been edited or deleted since), ALREADY_EXISTS, field "client_message_id",
 * otherwise. NOT_FOUND, field "reply_to". */
enum status message_append(struct lease *lease, struct arena *arena,
                           const struct message_draft *draft, struct room_message *ret,
                           bool *ret_repeated, struct error *reterr) MUST_CHECK;
/* The message that the user has sent by this client_message_id, as message_append() returns it;
 * NOT_FOUND (reterr untouched) when there is none. */
enum status message_find_repeat(struct lease *lease, struct arena *arena,
                                const struct message_draft *draft, struct room_message *ret,
                                struct error *reterr) MUST_CHECK;
/* About how much a message takes in an answer. */
size_t message_bytes(const struct room_message *m);
/* NOT_FOUND when it is not in this room. */
enum status message_get(struct lease *lease, struct arena *arena, int64_t room_id, int64_t id,
                        struct room_message *ret, struct error *reterr) MUST_CHECK;
/* Other words for a message as message_get() found it; *message is as it is afterwards. */
enum status message_edit(struct lease *lease, struct arena *arena, struct room_message *message,
                         const char *content, struct error *reterr) MUST_CHECK;
/* Empties a message as message_get() found it, and takes its reactions. */
enum status message_delete(struct lease *lease, struct room_message *message,
                           struct error *reterr) MUST_CHECK;
/* Empties at most limit messages of a user, or answers of the coach to one, which are nobody's
 * then; *ret_n: how many. */
enum status message_erase_some(struct lease *lease, int64_t user_id, size_t limit, int64_t *ret_n,
                               struct error *reterr) MUST_CHECK;
enum status message_erase_answers(struct lease *lease, int64_t user_id, size_t limit,
                                  int64_t *ret_n, struct error *reterr) MUST_CHECK;
/* The first messages behind after_seq, at most limit. */
enum status message_list_after(struct lease *lease, struct arena *arena, int64_t room_id,
                               int64_t after_seq, size_t limit, struct room_message_list *ret,
                               struct error *reterr) MUST_CHECK;
/* The last messages before before_seq (INT64_MAX: the last of all), at most limit. */
enum status message_list_before(struct lease *lease, struct arena *arena, int64_t room_id,
                                int64_t before_seq, size_t limit, struct room_message_list *ret,
                                struct error *reterr) MUST_CHECK;

/* What a user has said, wherever, with ids above after_id, ascending: at most limit, without names
 * and what others have to do with it. Looks at so many messages of all that no lease takes long, so
 * that there may be none: *ret_after_id is where to go on, 0 at the end. */
enum status message_list_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                 int64_t after_id, size_t limit, struct room_message_list *ret,
                                 int64_t *ret_after_id, struct error *reterr) MUST_CHECK;
/* The reactions that a user has given, in the order of the messages: those to messages above
 * after_id, about limit of them. *ret_after_id: where to go on; 0 at the end. */
enum status message_reactions_of_user(struct lease *lease, struct arena *arena, int64_t user_id,
                                      int64_t after_id, size_t limit, struct given_reaction **ret,
                                      size_t *ret_n, int64_t *ret_after_id,
                                      struct error *reterr) MUST_CHECK;

/* Adds a reaction; *ret_added false: it was there. FAILED_PRECONDITION: too many different ones. */
enum status message_react(struct lease *lease, int64_t message_id, int64_t user_id,
                          const char *emoji, bool *ret_added, struct error *reterr) MUST_CHECK;
/* NOT_FOUND when there is no such reaction. */
enum status message_unreact(struct lease *lease, int64_t message_id, int64_t user_id,
                            const char *emoji, struct error *reterr) MUST_CHECK;

#endif
