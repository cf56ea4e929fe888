/* The ledger of what engines were told of each user, sealed. Inside the caller's lease; what is
 * returned lives in the arena. */
#ifndef SERVICE_STORE_DISCLOSURE_H
#define SERVICE_STORE_DISCLOSURE_H

#include "common/arena.h"
#include "common/frame.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of one user; the oldest go. */
#define DISCLOSURE_MAX       1000
#define DISCLOSURE_MAX_BYTES (8 * 1024 * 1024)
/* A list ends early there: an answer has a size limit. */
#define DISCLOSURE_LIST_BYTES (512u * 1024)

struct disclosure {
        int64_t id;
        int64_t created_at_ms;
        struct frame_bytes content;
};

struct disclosure_list {
        struct disclosure *items; /* newest first */
        size_t n_items;
        bool more;
};

/* Adds an entry, now, and drops what is too much. NOT_FOUND: no such user. */
enum status disclosure_append(struct lease *lease, struct arena *arena, const struct seal_key *key,
                              int64_t user_id, struct frame_bytes content,
                              struct error *reterr) MUST_CHECK;
/* Entries below before_id (0 = the newest). A key that is not set opens nothing: there are none. */
enum status disclosure_list(struct lease *lease, struct arena *arena, const struct seal_key *key,
                            int64_t user_id, int64_t before_id, size_t limit,
                            struct disclosure_list *ret, struct error *reterr) MUST_CHECK;
enum status disclosure_delete_all(struct lease *lease, int64_t user_id, int64_t *ret_n,
                                  struct error *reterr) MUST_CHECK;

#endif
