#include "service/api/coach_key.h"

#include "service/api/wire.h"
#include "service/auth/authority.h"
#include "service/service.h"
#include "service/store/replay.h"

#include <sodium.h>
#include <string.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_BYTES   crypto_aead_xchacha20poly1305_ietf_KEYBYTES

static void derive(const struct call *call, int64_t user_id, uint8_t key[static KEY_BYTES])
{
        static const char purpose[] = "socializer coach api key";
        uint8_t input[sizeof(purpose) + sizeof(user_id)];

        memcpy(input, purpose, sizeof(purpose));
        memcpy(input + sizeof(purpose), &user_id, sizeof(user_id));
        crypto_generichash(key, KEY_BYTES, input, sizeof(input),
                           authority_replay_secret(call->service->authority), REPLAY_HASH_BYTES);
}

enum status coach_key_seal(struct call *call, int64_t user_id, const char *text,
                           struct frame_bytes *ret, struct error *reterr)
{
        size_t n = strlen(text);
        uint8_t key[KEY_BYTES];
        uint8_t *sealed;

        *ret = (struct frame_bytes){NULL, 0};
        if (n == 0)
                return STATUS_OK;
        sealed = arena_alloc(call->arena, NONCE_BYTES + n + TAG_BYTES);
        if (!sealed)
                return wire_no_memory(reterr);
        randombytes_buf(sealed, NONCE_BYTES);
        derive(call, user_id, key);
        crypto_aead_xchacha20poly1305_ietf_encrypt(
                sealed + NONCE_BYTES, NULL, (const uint8_t *)text, n, NULL, 0, NULL, sealed, key);
        sodium_memzero(key, sizeof(key));
        *ret = (struct frame_bytes){sealed, NONCE_BYTES + n + TAG_BYTES};
        return STATUS_OK;
}

enum status coach_key_open(struct call *call, int64_t user_id, struct frame_bytes sealed,
                           const char **ret, struct error *reterr)
{
        uint8_t key[KEY_BYTES];
        char *text;
        bool is_open = false;

        *ret = "";
        if (sealed.n_bytes == 0)
                return STATUS_OK;
        text = arena_alloc(call->arena, sealed.n_bytes + 1);
        if (!text)
                return wire_no_memory(reterr);
        if (sealed.n_bytes > NONCE_BYTES + TAG_BYTES) {
                derive(call, user_id, key);
                is_open = crypto_aead_xchacha20poly1305_ietf_decrypt(
                                  (uint8_t *)text, NULL, NULL, sealed.data + NONCE_BYTES,
                                  sealed.n_bytes - NONCE_BYTES, NULL, 0, sealed.data, key) == 0;
                sodium_memzero(key, sizeof(key));
        }
        if (!is_open)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the API key that is stored cannot be read; set it again");
        text[sealed.n_bytes - NONCE_BYTES - TAG_BYTES] = '\0';
        *ret = text;
        return STATUS_OK;
}
