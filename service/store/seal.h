/* Sealing what is private (XChaCha20-Poly1305), with a key that is not in the database.
 *
 * What is sealed is bound to its place: moved to another user, row or role it does not open. How
 * long a text is, a sealed one still shows.
 *
 *     AUTO_SEAL_KEY key = SEAL_KEY_INIT;
 *     st = vault_user_key(vault, &lease, user_id, true, &key, reterr);
 *     …
 *     st = seal_text(&key, &place, arena, text, &sealed, reterr); */
#ifndef SERVICE_STORE_SEAL_H
#define SERVICE_STORE_SEAL_H

#include "common/arena.h"
#include "common/frame.h"
#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_BYTES 32
/* What sealing adds: a version, a nonce of 24 bytes, a tag of 16. */
#define SEAL_MORE_BYTES (1 + 24 + 16)

/* On the stack of whoever uses it, and wiped at the end of the scope. Never in an arena. */
struct seal_key {
        bool is_set; /* false: of a user for whom nothing has been sealed yet */
        uint8_t bytes[SEAL_KEY_BYTES];
};

#define SEAL_KEY_INIT ((struct seal_key){0})
#define AUTO_SEAL_KEY CLEANUP(seal_key_wipe) struct seal_key

/* Where a sealed value belongs. Members that say nothing are 0 and NULL. */
struct seal_place {
        const char *purpose; /* "memory_message"; what else is in the place depends on it */
        int64_t user_id;
        int64_t row_id;
        int64_t kind;
        const void *name; /* a thread, a call's id */
        size_t n_name;
};

void seal_key_wipe(struct seal_key *key);

/* Seals n bytes into ret, which has room for n + SEAL_MORE_BYTES. INTERNAL without a key. */
enum status seal_bytes(const struct seal_key *key, const struct seal_place *place, const void *data,
                       size_t n, uint8_t *ret, struct error *reterr) MUST_CHECK;
/* Opens n bytes into ret, which has room for n - SEAL_MORE_BYTES and is only right when OK is
 * returned. DATA_LOSS: another key or place, or damaged. */
enum status seal_open_bytes(const struct seal_key *key, const struct seal_place *place,
                            const void *sealed, size_t n, uint8_t *ret,
                            struct error *reterr) MUST_CHECK;

/* The same, in the arena. RESOURCE_EXHAUSTED when it is full. */
enum status seal_text(const struct seal_key *key, const struct seal_place *place,
                      struct arena *arena, const char *text, struct frame_bytes *ret,
                      struct error *reterr) MUST_CHECK;
enum status seal_open_text(const struct seal_key *key, const struct seal_place *place,
                           struct arena *arena, struct frame_bytes sealed, const char **ret,
                           struct error *reterr) MUST_CHECK;

#endif
