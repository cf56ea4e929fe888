#include "service/rpc/repeat.h"

#include "service/auth/authority.h"
#include "service/auth/vault.h"
#include "service/service.h"

bool repeat_is_kept(const struct call *call)
{
        const struct method *m = call->method;

        if (!m->replay || m->output->has_secret)
                return false;
        /* The operator, who is no user, has no key. */
        if (m->sealed_replay && call->caller.user_id == 0)
                return false;
        if (!m->repeat_key)
                return true;
        const char *key = *(char *const *)((const char *)call->request + m->repeat_key->offset);
        return *key == '\0';
}

void repeat_key_init(struct replay_key *key, const struct call *call)
{
        replay_key_init(key, authority_replay_secret(call->service->authority),
                        call->caller.user_id, call->id, call->method->name, call->payload);
}

static struct seal_place place_of(const struct call *call)
{
        return (struct seal_place){
                .purpose = "replay",
                .user_id = call->caller.user_id,
                .name = call->id,
                .n_name = sizeof(call->id),
        };
}

static enum status open_reply(struct call *call, struct lease *lease, struct frame_bytes *reply,
                              struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        const struct seal_place place = place_of(call);
        size_t n = reply->n_bytes < SEAL_MORE_BYTES ? 0 : reply->n_bytes - SEAL_MORE_BYTES;
        uint8_t *opened = arena_alloc(call->arena, n ? n : 1);

        if (!opened)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        enum status st = vault_user_key(call->service->vault, lease, call->caller.user_id, false,
                                        &key, reterr);
        if (st == STATUS_OK)
                st = seal_open_bytes(&key, &place, reply->data, reply->n_bytes, opened, reterr);
        if (st == STATUS_OK)
                *reply = (struct frame_bytes){opened, n};
        return st;
}

enum status repeat_find(struct call *call, struct lease *lease, const struct replay_key *key,
                        bool *ret_found, struct frame_bytes *ret, struct error *reterr)
{
        struct frame_bytes reply;
        bool found = false;
        enum status st =
                replay_find(lease, key, clock_wall_ms(), call->arena, &found, &reply, reterr);

        if (st == STATUS_OK && found && call->method->sealed_replay)
                st = open_reply(call, lease, &reply, reterr);
        if (st != STATUS_OK)
                return st;
        *ret_found = found;
        if (found)
                *ret = reply;
        return STATUS_OK;
}

enum status repeat_keep(struct call *call, struct lease *lease, const struct replay_key *key,
                        struct frame_bytes reply, struct error *reterr)
{
        AUTO_SEAL_KEY user_key = SEAL_KEY_INIT;
        const struct seal_place place = place_of(call);

        if (!call->method->sealed_replay)
                return replay_put(lease, key, clock_wall_ms(), reply, reterr);
        uint8_t *sealed = arena_alloc(call->arena, reply.n_bytes + SEAL_MORE_BYTES);
        if (!sealed)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        enum status st = vault_user_key(call->service->vault, lease, call->caller.user_id, true,
                                        &user_key, reterr);
        if (st == STATUS_OK)
                st = seal_bytes(&user_key, &place, reply.data, reply.n_bytes, sealed, reterr);
        if (st != STATUS_OK)
                return st;
        reply = (struct frame_bytes){sealed, reply.n_bytes + SEAL_MORE_BYTES};
        return replay_put(lease, key, clock_wall_ms(), reply, reterr);
}

enum status repeat_look(struct call *call, bool *ret_found, struct frame_bytes *ret,
                        struct error *reterr)
{
        struct replay_key key;

        repeat_key_init(&key, call);
        LEASE(lease, call->service->db, LEASE_READ, call->deadline);
        return repeat_find(call, &lease, &key, ret_found, ret, reterr);
}
