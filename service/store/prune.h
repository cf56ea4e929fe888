/* Forgetting what is older than its room keeps, and what was in rooms that are deleted. In parts,
 * each inside a write lease of its own, so that nobody waits long. */
#ifndef SERVICE_STORE_PRUNE_H
#define SERVICE_STORE_PRUNE_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deletes at most about limit events that are too old at now_ms. *ret_n: how many went. Their
 * numbers are not used again: a room's first number moves up. */
enum status prune_old(struct lease *lease, int64_t now_ms, size_t limit, size_t *ret_n,
                      struct error *reterr) MUST_CHECK;
/* The same with what is left of deleted rooms, and in the end the rooms themselves. */
enum status prune_deleted(struct lease *lease, size_t limit, size_t *ret_n,
                          struct error *reterr) MUST_CHECK;
/* How many events there are in all rooms. */
enum status prune_count_kept(struct lease *lease, int64_t *ret, struct error *reterr) MUST_CHECK;

#endif
