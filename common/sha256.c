#include "common/sha256.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void sha256_final_hex(crypto_hash_sha256_state *state, char ret[static SHA256_CHARS + 1])
{
        uint8_t hash[crypto_hash_sha256_BYTES];

        crypto_hash_sha256_final(state, hash);
        sodium_bin2hex(ret, SHA256_CHARS + 1, hash, sizeof(hash));
}

enum status sha256_file(const char *path, char ret[static SHA256_CHARS + 1], int64_t *ret_bytes,
                        struct error *reterr)
{
        AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
        crypto_hash_sha256_state state;
        uint8_t block[65536];
        int64_t n_bytes = 0;
        ssize_t n = -1;

        crypto_hash_sha256_init(&state);
        while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0) {
                crypto_hash_sha256_update(&state, block, (size_t)n);
                n_bytes += n;
        }
        if (n < 0)
                return error_set(reterr, STATUS_FAILED_PRECONDITION, "cannot read '%s': %s", path,
                                 strerror(errno));
        sha256_final_hex(&state, ret);
        *ret_bytes = n_bytes;
        return STATUS_OK;
}
