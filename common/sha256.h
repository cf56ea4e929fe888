/* SHA-256 of files, in hexadecimal, as sha256sum writes it. */
#ifndef COMMON_SHA256_H
#define COMMON_SHA256_H

#include "common/status.h"

#include <sodium.h>
#include <stdint.h>

#define SHA256_CHARS 64

/* Of everything that has been put into the state. */
void sha256_final_hex(crypto_hash_sha256_state *state, char ret[static SHA256_CHARS + 1]);
/* Of a file, and its length. FAILED_PRECONDITION when it cannot be read. */
enum status sha256_file(const char *path, char ret[static SHA256_CHARS + 1], int64_t *ret_bytes,
                        struct error *reterr) MUST_CHECK;

#endif
