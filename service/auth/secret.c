#include "service/auth/secret.h"

#include "service/auth/keyfile.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum status secret_load_key(const char *data_dir, uint8_t ret[static TOKEN_KEY_BYTES],
                            struct error *reterr)
{
        uint8_t key[TOKEN_KEY_BYTES + 1]; /* one more, to see that there is not */
        char path[PATH_MAX];
        size_t n;
        enum status st = keyfile_path(data_dir, "token.key", path, reterr);

        if (st == STATUS_OK && !keyfile_exists(path)) {
                randombytes_buf(key, TOKEN_KEY_BYTES);
                st = keyfile_create(path, key, TOKEN_KEY_BYTES, reterr);
        }
        if (st == STATUS_OK)
                st = keyfile_read(path, key, sizeof(key), &n, reterr);
        if (st == STATUS_OK && n != TOKEN_KEY_BYTES)
                st = error_set(reterr, STATUS_FAILED_PRECONDITION,
                               "%s is no key of %d bytes; restore it, or remove it and everybody "
                               "logs in again",
                               path, TOKEN_KEY_BYTES);
        if (st == STATUS_OK)
                memcpy(ret, key, TOKEN_KEY_BYTES);
        sodium_memzero(key, sizeof(key));
        return st;
}

enum status secret_write_operator(const char *data_dir, char ret[static SECRET_OPERATOR_BYTES],
                                  struct error *reterr)
{
        char path[PATH_MAX], token[SECRET_OPERATOR_BYTES], text[44];
        uint8_t random[32];
        enum status st = keyfile_path(data_dir, "operator.token", path, reterr);

        if (st != STATUS_OK)
                return st;
        randombytes_buf(random, sizeof(random));
        sodium_bin2base64(text, sizeof(text), random, sizeof(random),
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        snprintf(token, sizeof(token), "%s%s", SECRET_OPERATOR_PREFIX, text);
        sodium_memzero(text, sizeof(text));
        sodium_memzero(random, sizeof(random));

        st = keyfile_replace(path, token, strlen(token), reterr);
        if (st == STATUS_OK)
                memcpy(ret, token, sizeof(token));
        return st;
}
