/* The keys with which what is private is sealed (service/store/seal.h).
 *
 * Every user has one, random, made when it is first needed. In the database it is sealed itself,
 * with a master key from DIR/master.key. Unsealed keys are kept nowhere: opening one takes less
 * than reading its row. With the user's row the key is gone, and all that was sealed with it. */
#ifndef SERVICE_AUTH_VAULT_H
#define SERVICE_AUTH_VAULT_H

#include "common/clock.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/seal.h"

#include <stdbool.h>
#include <stdint.h>

struct vault;

/* Reads the master keys; makes the first where nothing has been sealed yet, and finishes a rotation
 * that was interrupted. FAILED_PRECONDITION, and what to do, when the file is not there, damaged,
 * or not the one that the users' keys are sealed with. */
enum status vault_new(const char *data_dir, struct db *db, struct vault **ret,
                      struct error *reterr) MUST_CHECK;
/* Accepts NULL, returns NULL. */
struct vault *vault_free(struct vault *vault);
/* Whether vault_new() would succeed. Makes and changes nothing. db may be NULL: there is none yet.
 */
enum status vault_check(const char *data_dir, struct db *db, struct error *reterr) MUST_CHECK;

/* The user's key. Where there is none it is made within the (write) lease, if create says so;
 * otherwise *ret is not set, which opens nothing. FAILED_PRECONDITION: no such user to make one
 * for. DATA_LOSS: it does not open. Any thread. */
enum status vault_user_key(struct vault *vault, struct lease *lease, int64_t user_id, bool create,
                           struct seal_key *ret, struct error *reterr) MUST_CHECK;

/* Makes a new master key, seals all users' keys with it, a part at a time, and drops the old one.
 * *ret_n_keys: how many. At any moment the file opens all that is in the database; what a crash or
 * the deadline interrupts, the next rotation or start finishes. ABORTED: one is at work. DATA_LOSS:
 * some key did not open; the old master key then stays. Any thread but the writer. */
enum status vault_rotate(struct vault *vault, deadline_ns deadline, int64_t *ret_n_keys,
                         struct error *reterr) MUST_CHECK;

#endif
