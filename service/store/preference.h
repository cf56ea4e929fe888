/* Preferences: what a user likes how, by type and key; the value is any JSON. Inside the caller's
 * lease; texts that are returned live in the arena. */
#ifndef SERVICE_STORE_PREFERENCE_H
#define SERVICE_STORE_PREFERENCE_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stddef.h>
#include <stdint.h>

/* Of one user: preferences, and what their values take together, so that an answer holds them. */
#define PREFERENCE_MAX        1000
#define PREFERENCE_MAX_BYTES  (2u * 1024 * 1024)
#define PREFERENCE_LIST_BYTES (256u * 1024)

struct preference {
        const char *type, *key;
        const char *value; /* JSON text */
        double confidence; /* 0 to 1 */
        int64_t updated_at_ms;
};

struct preference_list {
        struct preference *items;
        size_t n_items;
};

/* Creates the preference or replaces its value and confidence. preference->updated_at_ms is not
 * read. NOT_FOUND: no such user. INVALID_ARGUMENT: no type, no key, no value, confidence out of
 * range. RESOURCE_EXHAUSTED: one too many, or too much. */
enum status preference_set(struct lease *lease, struct arena *arena, int64_t user_id,
                           const struct preference *preference, struct preference *ret,
                           struct error *reterr) MUST_CHECK;
/* By type and key, all or those of a type ("" = all); maybe none. NOT_FOUND: no such user. */
enum status preference_list(struct lease *lease, struct arena *arena, int64_t user_id,
                            const char *type, struct preference_list *ret,
                            struct error *reterr) MUST_CHECK;
/* The same in parts: at most limit behind after_id, in the order they were first set, ending early
 * once their values take PREFERENCE_LIST_BYTES. *ret_last_id: where the part ends; 0: nothing
 * follows. */
enum status preference_list_after(struct lease *lease, struct arena *arena, int64_t user_id,
                                  int64_t after_id, size_t limit, struct preference_list *ret,
                                  int64_t *ret_last_id, struct error *reterr) MUST_CHECK;
/* Deletes one (type and key), those of a type, or all (neither). NOT_FOUND: no such user, or a type
 * or key was named and nothing fits. INVALID_ARGUMENT: a key without a type. */
enum status preference_delete(struct lease *lease, int64_t user_id, const char *type,
                              const char *key, int64_t *ret_n_deleted,
                              struct error *reterr) MUST_CHECK;

#endif
