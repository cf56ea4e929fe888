/* The master keys, which seal the keys of users: the file DIR/master.key, never in the database.
 *
 * A line is a number in hexadecimal and a key in base64url. The number comes from the key, so that
 * a damaged line is noticed. The first one seals; a second one is there only while a rotation
 * lasts, or after one that was interrupted. */
#ifndef SERVICE_AUTH_MASTER_H
#define SERVICE_AUTH_MASTER_H

#include "common/status.h"
#include "service/store/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MASTER_MAX_KEYS 4

struct master_key {
        int64_t id; /* above 0 */
        struct seal_key key;
};

struct master_keys {
        struct master_key items[MASTER_MAX_KEYS]; /* newest first */
        size_t n_items;
};

#define AUTO_MASTER_KEYS CLEANUP(master_keys_wipe) struct master_keys

void master_keys_wipe(struct master_keys *keys);
/* Puts a new random key before the others. FAILED_PRECONDITION: there is no room. */
enum status master_keys_add(struct master_keys *keys, struct error *reterr) MUST_CHECK;
/* NULL: there is none of that number. */
const struct master_key *master_keys_find(const struct master_keys *keys, int64_t id);

/* Reads DIR/master.key. NOT_FOUND: there is none. FAILED_PRECONDITION, and what to do, when others
 * can read it or it is damaged. */
enum status master_keys_load(const char *data_dir, struct master_keys *ret,
                             struct error *reterr) MUST_CHECK;
/* Writes DIR/master.key, in one step. */
enum status master_keys_save(const char *data_dir, const struct master_keys *keys,
                             struct error *reterr) MUST_CHECK;

#endif
