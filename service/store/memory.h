/* What the coach remembers of a user: messages in the order they were said, by conversation. Their
 * texts are sealed with the user's key (service/store/seal.h); who said something when, and in
 * which conversation, is not. Inside the caller's lease; texts that are returned live in the arena.
 */
#ifndef SERVICE_STORE_MEMORY_H
#define SERVICE_STORE_MEMORY_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In one batch. */
#define MEMORY_MAX_BATCH 100

/* A list ends early once its texts take so much: an answer has a size limit. */
#define MEMORY_LIST_BYTES (512u * 1024)

/* The numbers of socializer.v1.MessageRole. */
enum memory_role {
        MEMORY_ROLE_UNSPECIFIED = 0, /* the user */
        MEMORY_ROLE_USER = 1,
        MEMORY_ROLE_ASSISTANT = 2,
        MEMORY_ROLE_SYSTEM = 3,
        MEMORY_ROLE_INTERNAL = 4, /* refused */
};

struct memory_message {
        int64_t id;
        enum memory_role role;
        const char *content;
        const char *thread_id; /* "" or NULL when appended: "default" */
        int64_t created_at_ms; /* INT64_MIN when appended: now */
};

#define MEMORY_NOW INT64_MIN

struct memory_list {
        struct memory_message *items;
        size_t n_items;
        bool more; /* there are older ones */
};

/* A conversation. */
struct memory_thread {
        const char *id;
        int64_t n_messages;
        int64_t last_id; /* of its newest message */
        int64_t last_at_ms;
};

struct memory_threads {
        struct memory_thread *items;
        size_t n_items;
        bool more;
};

/* Appends n messages (1 to MEMORY_MAX_BATCH) and fills ret_ids; older ones stay. NOT_FOUND: no such
 * user. INVALID_ARGUMENT, field "messages[i].…": no content, a role that is refused. Nothing is
 * appended then; after another error the caller does not commit. */
enum status memory_append(struct lease *lease, struct arena *arena, const struct seal_key *key,
                          int64_t user_id, const struct memory_message *messages, size_t n,
                          int64_t *ret_ids, struct error *reterr) MUST_CHECK;
/* At most limit messages with ids below before_id (0 = the newest), newest first; of one
 * conversation or of all (""). NOT_FOUND: no such user. DATA_LOSS: one does not open. A key that is
 * not set belongs to a user without messages: read both in one snapshot. */
enum status memory_list(struct lease *lease, struct arena *arena, const struct seal_key *key,
                        int64_t user_id, const char *thread_id, int64_t before_id, size_t limit,
                        struct memory_list *ret, struct error *reterr) MUST_CHECK;

/* At most limit conversations whose newest message has an id below before_id (0 = all), the one
 * with the newest message first. */
enum status memory_list_threads(struct lease *lease, struct arena *arena, int64_t user_id,
                                int64_t before_id, size_t limit, struct memory_threads *ret,
                                struct error *reterr) MUST_CHECK;
/* Deletes a conversation. NOT_FOUND: there is none of that name. */
enum status memory_delete_thread(struct lease *lease, int64_t user_id, const char *thread_id,
                                 int64_t *ret_n, struct error *reterr) MUST_CHECK;
/* Deletes all that the coach remembers of the user, if anything. */
enum status memory_delete_all(struct lease *lease, int64_t user_id, int64_t *ret_n,
                              struct error *reterr) MUST_CHECK;

/* Some user with messages of before there were keys. NOT_FOUND, reterr untouched: nobody has. */
enum status memory_old_user(struct lease *lease, int64_t *ret_user_id,
                            struct error *reterr) MUST_CHECK;
/* Seals at most limit of them. */
enum status memory_seal_old(struct lease *lease, struct arena *arena, const struct seal_key *key,
                            int64_t user_id, size_t limit, struct error *reterr) MUST_CHECK;

#endif
