/* The keys of users, each sealed with a master key that is not in the database. Deleting the user
 * deletes the row, and SQLite overwrites it (secure_delete): nothing that was sealed with it can be
 * read again. */
#ifndef SERVICE_STORE_USER_KEY_H
#define SERVICE_STORE_USER_KEY_H

#include "common/status.h"
#include "service/db/db.h"
#include "service/store/seal.h"

#include <stddef.h>
#include <stdint.h>

#define USER_KEY_WRAPPED_BYTES (SEAL_KEY_BYTES + SEAL_MORE_BYTES)

struct user_key {
        int64_t user_id;
        int64_t master_id;
        uint8_t wrapped[USER_KEY_WRAPPED_BYTES];
};

/* NOT_FOUND, reterr untouched: the user has none. DATA_LOSS: it has not the right length. */
enum status user_key_get(struct lease *lease, int64_t user_id, struct user_key *ret,
                         struct error *reterr) MUST_CHECK;
/* Adds or replaces, within the write lease. FAILED_PRECONDITION: no such user. */
enum status user_key_put(struct lease *lease, const struct user_key *key,
                         struct error *reterr) MUST_CHECK;
/* At most room keys of users above after_user_id that another master key than this one seals. */
enum status user_key_list_others(struct lease *lease, int64_t master_id, int64_t after_user_id,
                                 struct user_key *ret, size_t room, size_t *ret_n,
                                 struct error *reterr) MUST_CHECK;
/* The lowest number above after_id of a master key that seals some user's key. NOT_FOUND, reterr
 * untouched: there is none. */
enum status user_key_next_master(struct lease *lease, int64_t after_id, int64_t *ret,
                                 struct error *reterr) MUST_CHECK;

#endif
