/* Passwords: Argon2id, slow and hungry on purpose (64 MiB, some 60 ms). Run on password threads, of
 * which there are few, and never while a lease is held. sodium_init() has been called. */
#ifndef SERVICE_AUTH_PASSWORD_H
#define SERVICE_AUTH_PASSWORD_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_HASH_BYTES 128 /* with the terminator */

/* The policy. A stored hash that asks for more is refused, because verifying it would let the
 * database decide how much memory and time a login takes. */
#define PASSWORD_OPS       2
#define PASSWORD_MEM_BYTES ((size_t)64 * 1024 * 1024)

/* RESOURCE_EXHAUSTED when there is not enough memory. */
enum status password_hash(const char *password, char ret[static PASSWORD_HASH_BYTES],
                          struct error *reterr) MUST_CHECK;
/* Whether the password is the one of the hash. hash NULL (an unknown user): false, after as much
 * work as for a known one, so that time does not tell. INTERNAL for a hash that is damaged or above
 * the policy; RESOURCE_EXHAUSTED when there is not enough memory. */
enum status password_verify(const char *hash, const char *password, bool *ret_matches,
                            struct error *reterr) MUST_CHECK;

#endif
