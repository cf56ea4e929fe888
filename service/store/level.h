/* How levels came to be: every change, who judged, and by what. A level and everything that hangs
 * on it (the training in the skill) change together. Inside the caller's lease; texts that are
 * returned live in the arena. */
#ifndef SERVICE_STORE_LEVEL_H
#define SERVICE_STORE_LEVEL_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/said.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Changes by people, who show no evidence. Others have the name of an engine of the coach. */
#define LEVEL_BY_SELF  "self"
#define LEVEL_BY_ADMIN "admin"

/* A list ends early once its texts take so much: an answer has a size limit. */
#define LEVEL_LIST_BYTES (512u * 1024)

/* What a change rests on. */
struct level_reason {
        const char *engine;
        const char *why; /* has no words of the messages: they may be deleted */
        const struct said *evidence; /* source and id */
        size_t n_evidence;
};

/* What came of it. */
struct level_moved {
        int64_t change_id; /* 0: the level has stayed */
        int64_t skill_id;
        int old_level, new_level;
        bool is_reverted; /* the change was taken back */
        int64_t training_id; /* that is completed by it; 0 = none */
};

struct level_change {
        int64_t id;
        int64_t user_id;
        int64_t skill_id;
        const char *skill_name;
        int old_level, new_level;
        const char *engine;
        const char *why;
        int64_t created_at_ms;
        int64_t disputed_at_ms; /* 0 = never */
        const char *dispute_reason; /* "" = never */
        bool is_reverted;
        struct said *evidence;
        size_t n_evidence;
};

struct level_change_list {
        struct level_change *items; /* newest first */
        size_t n_items;
        bool more;
};

/* Moves a user's level, linking the skill where it was not linked; a level that stays the same is
 * no change. User and skill are there. INVALID_ARGUMENT, field "level". */
enum status level_set(struct lease *lease, int64_t user_id, int64_t skill_id, int level,
                      const struct level_reason *reason, struct level_moved *ret,
                      struct error *reterr) MUST_CHECK;
/* Changes with numbers below before_id (0 = the newest), in one skill or all (0). NOT_FOUND: no
 * such user or skill. */
enum status level_list(struct lease *lease, struct arena *arena, const struct seal_key *key,
                       int64_t user_id, int64_t skill_id, int64_t before_id, size_t limit,
                       struct level_change_list *ret, struct error *reterr) MUST_CHECK;
/* NOT_FOUND, also for another user's. */
enum status level_get(struct lease *lease, struct arena *arena, const struct seal_key *key,
                      int64_t user_id, int64_t id, struct level_change *ret,
                      struct error *reterr) MUST_CHECK;
/* Takes a change back because its user says that it is wrong. *ret is as it is then.
 * FAILED_PRECONDITION: it is disputed already, or people made it. NOT_FOUND as above. */
enum status level_dispute(struct lease *lease, struct arena *arena, const struct seal_key *key,
                          int64_t user_id, int64_t id, const char *reason, struct level_change *ret,
                          struct level_moved *ret_moved, struct error *reterr) MUST_CHECK;

#endif
