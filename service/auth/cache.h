/* Tokens that were verified, and who holds them: a call costs no signature and no query then. It is
 * bounded, and what changes is forgotten at once. Any thread. */
#ifndef SERVICE_AUTH_CACHE_H
#define SERVICE_AUTH_CACHE_H

#include "common/frame.h"
#include "common/status.h"
#include "service/auth/caller.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;

enum status cache_new(struct cache **ret, struct error *reterr) MUST_CHECK;
struct cache *cache_free(struct cache *c);

/* Who holds the token, if it is remembered and has not expired at now_ms. */
bool cache_find(struct cache *c, struct frame_bytes token, int64_t now_ms, struct caller *ret);

/* Remembers a token that was verified. generation is what cache_generation() said before the
 * verification looked at the database: if something was forgotten since, what was read may be out
 * of date, and nothing is remembered. */
uint64_t cache_generation(struct cache *c);
void cache_add(struct cache *c, struct frame_bytes token, int64_t now_ms,
               const struct caller *caller, uint64_t generation);

/* A session that was used. */
struct cache_use {
        uint8_t jti[16];
        int64_t used_at_ms;
};

/* Takes at most room sessions that have been used since they were taken before, by granularity_ms
 * at least. Returns how many. */
size_t cache_take_used(struct cache *c, int64_t granularity_ms, struct cache_use *ret, size_t room);

/* Drops one session, or everything of a user; to be called after the change is committed. */
void cache_forget(struct cache *c, const uint8_t jti[static 16]);
void cache_forget_user(struct cache *c, int64_t user_id);

#endif
