/* What users have said since they were evaluated last. In the general room and in group rooms; what
 * is said in direct rooms is never taken in. And what is said to the coach. Inside the caller's
 * lease.
 *
 * Rooms are read behind a mark, as the search index does it: who sends a message pays nothing for
 * it, and after a restart it goes on where it was. */
#ifndef SERVICE_STORE_EVALUATION_H
#define SERVICE_STORE_EVALUATION_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"
#include "service/store/said.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many messages are due for an evaluation, which looks at no more than the last MAX. */
#define EVALUATION_EVERY 5
#define EVALUATION_MAX   20
/* What is taken in at once, so that the writer is kept for about a millisecond. */
#define EVALUATION_PART 100

/* What one user said, as far as it can matter. */
struct evaluation_speaker {
        int64_t user_id;
        int64_t ids[EVALUATION_MAX]; /* of messages; in a ring */
        size_t n; /* messages in all */
};

/* What was said in rooms behind the mark. */
struct evaluation_scan {
        struct evaluation_speaker *speakers;
        size_t n_speakers;
        int64_t end; /* the new mark */
        size_t n_messages; /* 0: nothing is new */
        bool more; /* there may be messages behind end */
};

struct evaluation_users {
        int64_t *ids;
        size_t n;
};

struct evaluation {
        struct said *items; /* oldest first; none of them is gone */
        size_t n_items;
        int64_t end; /* for evaluation_finish(); 0: there was nothing */
};

/* Looks at the next messages behind the mark, with a read lease: at most limit, and no more than
 * EVALUATION_PART that matter. */
enum status evaluation_scan(struct lease *lease, struct arena *arena, size_t limit,
                            struct evaluation_scan *ret, struct error *reterr) MUST_CHECK;
/* Takes in what was found and moves the mark. *ret: who is due now. */
enum status evaluation_take(struct lease *lease, struct arena *arena,
                            const struct evaluation_scan *scan, struct evaluation_users *ret,
                            struct error *reterr) MUST_CHECK;
/* Takes in what the user said to the coach. */
enum status evaluation_note(struct lease *lease, int64_t user_id, int64_t memory_id, bool *ret_due,
                            struct error *reterr) MUST_CHECK;
/* Who is due; at most limit, with numbers above after_id, ascending. */
enum status evaluation_list_due(struct lease *lease, struct arena *arena, int64_t after_id,
                                size_t limit, struct evaluation_users *ret,
                                struct error *reterr) MUST_CHECK;
/* What is to be evaluated of a user; maybe nothing. */
enum status evaluation_read(struct lease *lease, struct arena *arena, const struct seal_key *key,
                            int64_t user_id, struct evaluation *ret,
                            struct error *reterr) MUST_CHECK;
/* That is done: nothing up to end is evaluated again. */
enum status evaluation_finish(struct lease *lease, int64_t user_id, int64_t end,
                              struct error *reterr) MUST_CHECK;

#endif
