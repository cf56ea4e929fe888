#include "service/store/seal.h"

#include <sodium.h>
#include <string.h>

#define VERSION     1
#define PLACE_BYTES 32

/* The layout: version, nonce, text, tag. */
#define NONCE_AT  1
#define CIPHER_AT (NONCE_AT + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)

_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
_Static_assert(SEAL_MORE_BYTES == CIPHER_AT + crypto_aead_xchacha20poly1305_ietf_ABYTES, "more");

void seal_key_wipe(struct seal_key *key)
{
        sodium_memzero(key, sizeof(*key));
}

static void hash_int(crypto_generichash_state *state, int64_t value)
{
        uint8_t bytes[8];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
        crypto_generichash_update(state, bytes, sizeof(bytes));
}

/* A short form of the place. The purpose ends with its NUL, numbers have one length and the name is
 * last, so that no two places look alike. */
static void hash_place(const struct seal_place *place, uint8_t ret[static PLACE_BYTES])
{
        static const uint8_t version = VERSION;
        crypto_generichash_state state;

        crypto_generichash_init(&state, NULL, 0, PLACE_BYTES);
        crypto_generichash_update(&state, &version, sizeof(version));
        crypto_generichash_update(&state, (const uint8_t *)place->purpose,
                                  strlen(place->purpose) + 1);
        hash_int(&state, place->user_id);
        hash_int(&state, place->row_id);
        hash_int(&state, place->kind);
        if (place->n_name)
                crypto_generichash_update(&state, place->name, place->n_name);
        crypto_generichash_final(&state, ret, PLACE_BYTES);
}

enum status seal_bytes(const struct seal_key *key, const struct seal_place *place, const void *data,
                       size_t n, uint8_t *ret, struct error *reterr)
{
        uint8_t bound[PLACE_BYTES];

        if (!key->is_set)
                return error_set(reterr, STATUS_INTERNAL, "there is no key to seal with");
        hash_place(place, bound);
        ret[0] = VERSION;
        randombytes_buf(ret + NONCE_AT, CIPHER_AT - NONCE_AT);
        crypto_aead_xchacha20poly1305_ietf_encrypt(ret + CIPHER_AT, NULL, data, n, bound,
                                                   sizeof(bound), NULL, ret + NONCE_AT, key->bytes);
        return STATUS_OK;
}

enum status seal_open_bytes(const struct seal_key *key, const struct seal_place *place,
                            const void *sealed, size_t n, uint8_t *ret, struct error *reterr)
{
        const uint8_t *at = sealed;
        uint8_t bound[PLACE_BYTES];

        hash_place(place, bound);
        if (!key->is_set || n < SEAL_MORE_BYTES || at[0] != VERSION ||
            crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, at + CIPHER_AT,
                                                       n - CIPHER_AT, bound, sizeof(bound),
                                                       at + NONCE_AT, key->bytes) != 0)
                return error_set(reterr, STATUS_DATA_LOSS,
                                 "what is kept sealed cannot be opened: it is damaged");
        return STATUS_OK;
}

enum status seal_text(const struct seal_key *key, const struct seal_place *place,
                      struct arena *arena, const char *text, struct frame_bytes *ret,
                      struct error *reterr)
{
        size_t n = strlen(text);
        uint8_t *sealed = arena_alloc(arena, n + SEAL_MORE_BYTES);

        if (!sealed)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        enum status st = seal_bytes(key, place, text, n, sealed, reterr);
        if (st == STATUS_OK)
                *ret = (struct frame_bytes){sealed, n + SEAL_MORE_BYTES};
        return st;
}

enum status seal_open_text(const struct seal_key *key, const struct seal_place *place,
                           struct arena *arena, struct frame_bytes sealed, const char **ret,
                           struct error *reterr)
{
        size_t n = sealed.n_bytes < SEAL_MORE_BYTES ? 0 : sealed.n_bytes - SEAL_MORE_BYTES;
        uint8_t *text = arena_alloc(arena, n + 1); /* zeroed, and so terminated */

        if (!text)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                 "the answer is too large; ask for fewer at a time");
        enum status st = seal_open_bytes(key, place, sealed.data, sealed.n_bytes, text, reterr);
        if (st == STATUS_OK)
                *ret = (const char *)text;
        return st;
}
