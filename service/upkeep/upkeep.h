/* What a service does when nobody waits for it: takes new messages into the search index, forgets
 * what rooms do not keep and what deleted accounts leave, gives free space back, notices who has
 * gone without a word, and writes down when sessions were used. One thread of its own, which writes
 * in small parts and lets others go first. */
#ifndef SERVICE_UPKEEP_UPKEEP_H
#define SERVICE_UPKEEP_UPKEEP_H

#include "common/clock.h"
#include "common/status.h"

#include <stdint.h>

struct authority;
struct db;
struct presence;
struct upkeep;

enum status upkeep_new(struct db *db, struct presence *presence, struct authority *authority,
                       struct upkeep **ret, struct error *reterr) MUST_CHECK;
/* Ends what is under way after the part at hand, also what others wait for: UNAVAILABLE. */
void upkeep_stop(struct upkeep *u);
/* Before the database is closed. Accepts NULL, returns NULL. */
struct upkeep *upkeep_free(struct upkeep *u);

/* The following on any thread that may db_write(). */

/* Takes everything that has been said until now into the index. */
enum status upkeep_index(struct upkeep *u, deadline_ns deadline, struct error *reterr) MUST_CHECK;
/* Deletes what is left of an account (service/store/erasure.h), until the deadline: STATUS_OK also
 * when the rest is left for later. */
enum status upkeep_erase(struct upkeep *u, const uint8_t erasure_id[static 16],
                         deadline_ns deadline, struct error *reterr) MUST_CHECK;

struct upkeep_stats {
        uint64_t n_erased; /* accounts, since the start */
        int64_t n_erasing; /* accounts that are being deleted */
};

void upkeep_stats(struct upkeep *u, struct upkeep_stats *ret);
/* Forgets everything that is to be forgotten; *ret_deleted events went. */
enum status upkeep_prune(struct upkeep *u, deadline_ns deadline, int64_t *ret_deleted,
                         struct error *reterr) MUST_CHECK;

#endif
