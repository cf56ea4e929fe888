#include "service/auth/master.h"

#include "common/base64.h"
#include "service/auth/keyfile.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME "master.key"

/* "0123456789abcdef " and 32 bytes in base64url, and the end of the line. */
#define ID_DIGITS  16
#define KEY_DIGITS 43
#define LINE_BYTES (ID_DIGITS + 1 + KEY_DIGITS + 1)
#define FILE_BYTES (MASTER_MAX_KEYS * LINE_BYTES)

void master_keys_wipe(struct master_keys *keys)
{
        sodium_memzero(keys, sizeof(*keys));
}

/* What a key's number is; says nothing about the key. */
static int64_t number_of(const struct seal_key *key)
{
        uint8_t hash[crypto_generichash_BYTES_MIN];
        uint64_t id = 0;

        crypto_generichash(hash, sizeof(hash), key->bytes, sizeof(key->bytes), NULL, 0);
        for (size_t i = 0; i < sizeof(id); i++)
                id = id << 8 | hash[i];
        id &= INT64_MAX;
        return id ? (int64_t)id : 1;
}

enum status master_keys_add(struct master_keys *keys, struct error *reterr)
{
        if (keys->n_items == MASTER_MAX_KEYS)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s holds %d keys, which is as many as it may", FILE_NAME,
                                 MASTER_MAX_KEYS);
        memmove(&keys->items[1], &keys->items[0], keys->n_items * sizeof(keys->items[0]));
        keys->n_items++;

        struct master_key *first = &keys->items[0];
        first->key.is_set = true;
        randombytes_buf(first->key.bytes, sizeof(first->key.bytes));
        first->id = number_of(&first->key);
        return STATUS_OK;
}

const struct master_key *master_keys_find(const struct master_keys *keys, int64_t id)
{
        for (size_t i = 0; i < keys->n_items; i++)
                if (keys->items[i].id == id)
                        return &keys->items[i];
        return NULL;
}

static bool parse_line(const char *line, struct master_key *ret)
{
        char id[ID_DIGITS + 1];
        size_t n;

        if (line[ID_DIGITS] != ' ' || line[LINE_BYTES - 1] != '\n' ||
            !base64_decode(sodium_base64_VARIANT_URLSAFE_NO_PADDING, line + ID_DIGITS + 1,
                           KEY_DIGITS, ret->key.bytes, sizeof(ret->key.bytes), &n) ||
            n != sizeof(ret->key.bytes))
                return false;
        ret->key.is_set = true;
        ret->id = number_of(&ret->key);
        snprintf(id, sizeof(id), "%016" PRIx64, (uint64_t)ret->id);
        return memcmp(id, line, ID_DIGITS) == 0;
}

static bool parse(const char *text, size_t n, struct master_keys *ret)
{
        if (n == 0 || n % LINE_BYTES != 0 || n > FILE_BYTES)
                return false;
        for (; ret->n_items < n / LINE_BYTES; ret->n_items++)
                if (!parse_line(text + ret->n_items * LINE_BYTES, &ret->items[ret->n_items]))
                        return false;
        return true;
}

enum status master_keys_load(const char *data_dir, struct master_keys *ret, struct error *reterr)
{
        AUTO_MASTER_KEYS keys = {0};
        char path[PATH_MAX], text[FILE_BYTES + 1]; /* one more, to see that there is not */
        size_t n;
        enum status st = keyfile_path(data_dir, FILE_NAME, path, reterr);

        if (st == STATUS_OK && !keyfile_exists(path))
                return error_set(reterr, STATUS_NOT_FOUND, "there is no %s", path);
        if (st == STATUS_OK)
                st = keyfile_read(path, text, sizeof(text), &n, reterr);
        if (st != STATUS_OK)
                return st;
        bool is_right = parse(text, n, &keys);
        sodium_memzero(text, sizeof(text));
        if (!is_right)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s is damaged: restore it from your backup", path);
        *ret = keys;
        return STATUS_OK;
}

enum status master_keys_save(const char *data_dir, const struct master_keys *keys,
                             struct error *reterr)
{
        char path[PATH_MAX], text[FILE_BYTES + 1];
        size_t n = 0;
        enum status st = keyfile_path(data_dir, FILE_NAME, path, reterr);

        if (st != STATUS_OK)
                return st;
        for (size_t i = 0; i < keys->n_items; i++, n += LINE_BYTES) {
                const struct master_key *k = &keys->items[i];

                snprintf(text + n, sizeof(text) - n, "%016" PRIx64 " ", (uint64_t)k->id);
                sodium_bin2base64(text + n + ID_DIGITS + 1, KEY_DIGITS + 1, k->key.bytes,
                                  sizeof(k->key.bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
                text[n + LINE_BYTES - 1] = '\n';
        }
        st = keyfile_replace(path, text, n, reterr);
        sodium_memzero(text, sizeof(text));
        return st;
}
