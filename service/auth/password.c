#include "service/auth/password.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "the size of libsodium's hashes");

/* Of a password that nobody has: work for unknown users. */
static const char dummy_hash[PASSWORD_HASH_BYTES] =
        "$argon2id$v=19$m=65536,t=2,p=1$X3tV9ZzsWX8vkW7QP6lpBA$"
        "cpCd7b8qra8FeMsQCsQkWa1TeLMImxfN+A7xKZDbieI";

enum status password_hash(const char *password, char ret[static PASSWORD_HASH_BYTES],
                          struct error *reterr)
{
        if (crypto_pwhash_str(ret, password, strlen(password), PASSWORD_OPS, PASSWORD_MEM_BYTES) !=
            0)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000,
                                   "not enough memory to hash a password now");
        return STATUS_OK;
}

static bool within_policy(const char *hash)
{
        unsigned version, mem_kib, ops, lanes;
        int end = 0;

        if (sscanf(hash, "$argon2id$v=%3u$m=%10u,t=%10u,p=%10u$%n", &version, &mem_kib, &ops,
                   &lanes, &end) != 4 ||
            end == 0)
                return false;
        return mem_kib <= PASSWORD_MEM_BYTES / 1024 && ops <= PASSWORD_OPS && lanes == 1;
}

enum status password_verify(const char *hash, const char *password, bool *ret_matches,
                            struct error *reterr)
{
        const char *against = hash ? hash : dummy_hash;

        if (!within_policy(against))
                return error_set(reterr, STATUS_INTERNAL,
                                 "a stored password hash is damaged or above the policy");
        errno = 0;
        int rc = crypto_pwhash_str_verify(against, password, strlen(password));
        if (rc != 0 && errno == ENOMEM)
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000,
                                   "not enough memory to check a password now");
        if (rc != 0 && errno != EINVAL) /* EINVAL: it ran, and they differ */
                return error_set(reterr, STATUS_INTERNAL, "a stored password hash is damaged");
        *ret_matches = rc == 0 && hash != NULL;
        return STATUS_OK;
}
