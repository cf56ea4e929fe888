#include "service/auth/password.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
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

/* Reads "PREFIXnumber" and moves on behind it. */
static bool read_number(const char **at, const char *prefix, unsigned long *ret)
{
        size_t n = strlen(prefix);
        char *end;

        if (strncmp(*at, prefix, n) != 0 || (*at)[n] < '0' || (*at)[n] > '9')
                return false;
        *ret = strtoul(*at + n, &end, 10); /* too large is ULONG_MAX: above any policy */
        *at = end;
        return true;
}

static bool within_policy(const char *hash)
{
        unsigned long version, mem_kib, ops, lanes;

        return read_number(&hash, "$argon2id$v=", &version) &&
               read_number(&hash, "$m=", &mem_kib) && read_number(&hash, ",t=", &ops) &&
               read_number(&hash, ",p=", &lanes) && *hash == '$' &&
               mem_kib <= PASSWORD_MEM_BYTES / 1024 && ops <= PASSWORD_OPS && lanes == 1;
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
