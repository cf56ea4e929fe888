/* The first replies of calls that changed something. A request may be sent again when a connection
 * dies; the repeat finds its reply here instead of changing things twice. Entries are written in
 * the transaction of the change itself and kept for a day. */
#ifndef SERVICE_STORE_REPLAY_H
#define SERVICE_STORE_REPLAY_H

#include "common/arena.h"
#include "common/frame.h"
#include "service/db/db.h"

#include <stdbool.h>

#define REPLAY_KEEP_MS    (INT64_C(24) * 60 * 60 * 1000)
#define REPLAY_HASH_BYTES 32

/* Which call, and what it asked for. */
struct replay_key {
        int64_t caller_id; /* 0 = nobody */
        uint8_t call_id[FRAME_CALL_ID_BYTES];
        const char *method;
        uint8_t request_hash[REPLAY_HASH_BYTES];
};

/* secret: what the hash of the request is keyed with, REPLAY_HASH_BYTES that are not in the
 * database. Requests carry passwords, and a hash that anybody can compute would let who reads the
 * database try passwords at full speed. */
void replay_key_init(struct replay_key *key, const uint8_t secret[static REPLAY_HASH_BYTES],
                     int64_t caller_id, const uint8_t call_id[static FRAME_CALL_ID_BYTES],
                     const char *method, struct frame_bytes request);

/* The first reply, in the arena; ret_found is false when there is none, or an older one than a day.
 * ALREADY_EXISTS when the id was used for another request. */
enum status replay_find(struct lease *lease, const struct replay_key *key, int64_t now_ms,
                        struct arena *arena, bool *ret_found, struct frame_bytes *ret_reply,
                        struct error *reterr) MUST_CHECK;
/* Keeps a reply, within the write lease. Replaces an earlier one of the same key. is_sealed: it
 * holds what is private, and goes when that is deleted. */
enum status replay_put(struct lease *lease, const struct replay_key *key, int64_t now_ms,
                       struct frame_bytes reply, bool is_sealed, struct error *reterr) MUST_CHECK;
/* Forgets the sealed replies of a caller, within the write lease. */
enum status replay_forget_sealed(struct lease *lease, int64_t caller_id,
                                 struct error *reterr) MUST_CHECK;
/* Forgets at most limit entries that are older than a day, within the write lease. */
enum status replay_prune(struct lease *lease, int64_t now_ms, int64_t limit,
                         struct error *reterr) MUST_CHECK;

#endif
