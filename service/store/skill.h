/* The catalogue of skills, and users' levels in them. Inside the caller's lease; texts that are
 * returned live in the arena. */
#ifndef SERVICE_STORE_SKILL_H
#define SERVICE_STORE_SKILL_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKILL_MAX_LEVEL 10

struct skill {
        int64_t id;
        const char *name;
        const char *description;
        int64_t created_at_ms;
};

struct skill_list {
        struct skill *items;
        size_t n_items;
        bool more; /* there are skills behind the last one */
};

struct user_skill {
        struct skill skill;
        int level; /* 0 to SKILL_MAX_LEVEL */
        int64_t updated_at_ms;
};

struct user_skill_list {
        struct user_skill *items;
        size_t n_items;
};

/* ALREADY_EXISTS, field "name": the name is taken; capitals do not matter. INVALID_ARGUMENT: a name
 * of nothing but spaces. */
enum status skill_add(struct lease *lease, struct arena *arena, const char *name,
                      const char *description, struct skill *ret, struct error *reterr) MUST_CHECK;
/* The skill of that name, made first where there is none; the description is for a new one. */
enum status skill_get_or_create(struct lease *lease, struct arena *arena, const char *name,
                                const char *description, struct skill *ret, bool *ret_created,
                                struct error *reterr) MUST_CHECK;
/* NOT_FOUND. */
enum status skill_get(struct lease *lease, struct arena *arena, int64_t id, struct skill *ret,
                      struct error *reterr) MUST_CHECK;
/* At most limit skills with ids above after_id, ascending. */
enum status skill_list(struct lease *lease, struct arena *arena, int64_t after_id, size_t limit,
                       struct skill_list *ret, struct error *reterr) MUST_CHECK;

/* The numbers of the skills that a user practises, ascending; maybe none. NOT_FOUND: no such
 * user. */
enum status user_skill_ids(struct lease *lease, struct arena *arena, int64_t user_id,
                           int64_t **ret_ids, size_t *ret_n, struct error *reterr) MUST_CHECK;
/* The same with skills and levels. */
enum status user_skill_list(struct lease *lease, struct arena *arena, int64_t user_id,
                            struct user_skill_list *ret, struct error *reterr) MUST_CHECK;
/* NOT_FOUND: no such user, no such skill, or the user does not practise it. */
enum status user_skill_level(struct lease *lease, int64_t user_id, int64_t skill_id, int *ret_level,
                             struct error *reterr) MUST_CHECK;
struct level_moved; /* store/level.h */

/* Sets the level, and links the two where they were not. by: LEVEL_BY_SELF or LEVEL_BY_ADMIN, which
 * the change is recorded under. NOT_FOUND: no such user or skill. INVALID_ARGUMENT, field "level":
 * out of range. */
enum status user_skill_set(struct lease *lease, struct arena *arena, int64_t user_id,
                           int64_t skill_id, int level, const char *by, struct user_skill *ret,
                           struct level_moved *ret_moved, struct error *reterr) MUST_CHECK;
/* Links the two at level 0. ALREADY_EXISTS, and the level unchanged, when they are linked.
 * NOT_FOUND: no such user or skill. */
enum status user_skill_link(struct lease *lease, struct arena *arena, int64_t user_id,
                            int64_t skill_id, struct user_skill *ret,
                            struct error *reterr) MUST_CHECK;

#endif
