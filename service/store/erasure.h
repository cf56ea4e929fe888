/* Deleting an account: at once for everybody who looks, bit by bit in the database, because much
 * may belong to it and no write is to wait for that. A crash loses nothing of it: what is begun is
 * found again. Inside the caller's lease; texts that are returned live in the arena. */
#ifndef SERVICE_STORE_ERASURE_H
#define SERVICE_STORE_ERASURE_H

#include "common/arena.h"
#include "common/sha256.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ERASURE_ID_BYTES 16

struct erasure_count {
        const char *kind;
        int64_t n;
};

/* A receipt. */
struct erasure {
        uint8_t id[ERASURE_ID_BYTES];
        int64_t user_id;
        bool by_admin;
        int64_t requested_at_ms;
        int64_t finished_at_ms; /* 0: it is not */
        struct erasure_count *counts; /* by kind */
        size_t n_counts;
};

/* Takes the account away: no name, no password, no session, no key, nothing that is shown. id:
 * random. NOT_FOUND: no such user, or it is being deleted already. */
enum status erasure_begin(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                          int64_t user_id, bool by_admin, struct error *reterr) MUST_CHECK;
/* NOT_FOUND. */
enum status erasure_get(struct lease *lease, struct arena *arena,
                        const uint8_t id[static ERASURE_ID_BYTES], struct erasure *ret,
                        struct error *reterr) MUST_CHECK;
/* The oldest that is not finished, and how many there are. NOT_FOUND, reterr untouched: there is
 * none. */
enum status erasure_next(struct lease *lease, uint8_t ret_id[static ERASURE_ID_BYTES],
                         int64_t *ret_n_open, struct error *reterr) MUST_CHECK;
enum erasure_progress {
        ERASURE_MORE,
        ERASURE_FINISHED, /* by this step: the account's row is gone */
        ERASURE_OVER, /* before, by somebody else's */
};

/* Deletes at most limit rows of one kind. */
enum status erasure_step(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                         size_t limit, enum erasure_progress *ret, struct error *reterr) MUST_CHECK;

/* A finished receipt in lines of text, the same whenever it is asked for, and the text's SHA-256 in
 * hexadecimal. NULL: no memory. */
const char *erasure_statement(struct arena *arena, const struct erasure *erasure,
                              char ret_sha256[static SHA256_CHARS + 1]);
/* Whether one was finished before this time of which the search index may still have words. */
enum status erasure_has_words(struct lease *lease, int64_t before_ms, bool *ret,
                              struct error *reterr) MUST_CHECK;
/* The index has been compacted since: those that were finished before this time have none. */
enum status erasure_clear_words(struct lease *lease, int64_t before_ms,
                                struct error *reterr) MUST_CHECK;

#endif
