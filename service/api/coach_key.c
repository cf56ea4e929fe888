#include "service/api/coach_key.h"

#include "service/auth/authority.h"
#include "service/auth/vault.h"
#include "service/service.h"
#include "service/store/replay.h"

#include <sodium.h>

static const char purpose[] = "coach_api_key";

static struct seal_place place_of(int64_t user_id)
{
        return (struct seal_place){.purpose = purpose, .user_id = user_id};
}

static enum status get_key(struct service *service, struct lease *lease, int64_t user_id,
                           bool create, struct seal_key *ret, struct error *reterr)
{
        if (user_id != 0)
                return vault_user_key(service->vault, lease, user_id, create, ret, reterr);
        crypto_generichash(ret->bytes, sizeof(ret->bytes), (const uint8_t *)purpose,
                           sizeof(purpose), authority_replay_secret(service->authority),
                           REPLAY_HASH_BYTES);
        ret->is_set = true;
        return STATUS_OK;
}

enum status coach_key_seal(struct service *service, struct arena *arena, struct lease *lease,
                           int64_t user_id, const char *text, struct frame_bytes *ret,
                           struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        const struct seal_place place = place_of(user_id);

        if (*text == '\0') {
                *ret = (struct frame_bytes){NULL, 0};
                return STATUS_OK;
        }
        enum status st = get_key(service, lease, user_id, true, &key, reterr);
        return st == STATUS_OK ? seal_text(&key, &place, arena, text, ret, reterr) : st;
}

enum status coach_key_open(struct service *service, struct arena *arena, struct lease *lease,
                           int64_t user_id, struct frame_bytes sealed, const char **ret,
                           struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        const struct seal_place place = place_of(user_id);

        if (sealed.n_bytes == 0) {
                *ret = "";
                return STATUS_OK;
        }
        enum status st = get_key(service, lease, user_id, false, &key, reterr);
        if (st == STATUS_OK)
                st = seal_open_text(&key, &place, arena, sealed, ret, reterr);
        if (st == STATUS_DATA_LOSS)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "the API key that is stored cannot be read; set it again");
        return st;
}
