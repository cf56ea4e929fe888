#include "service/auth/vault.h"

#include "common/log.h"
#include "service/auth/master.h"
#include "service/store/user_key.h"

#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Users' keys that are sealed anew in one transaction. */
#define PART_KEYS 200

/* The first schema that has users' keys. */
#define FIRST_SCHEMA 3

struct vault {
        struct db *db;
        char *data_dir;
        pthread_mutex_t mutex;
        bool is_rotating;
        /* Of sodium_malloc(). More than are in the file: who reads an older state of the database
         * still needs the key of before. */
        struct master_keys *keys;
};

static void cleanup_vault(struct vault **vault)
{
        vault_free(*vault);
}

static struct seal_place place_of(int64_t user_id, int64_t master_id)
{
        return (struct seal_place){.purpose = "user_key", .user_id = user_id, .row_id = master_id};
}

/* --- the file and the database belong together --- */

/* Whether every master key that the database needs is there. */
static enum status check_keys(const struct master_keys *keys, const char *data_dir, struct db *db,
                              struct error *reterr)
{
        int64_t id = 0;
        enum status st;
        LEASE(lease, db, LEASE_READ, DEADLINE_NEVER);

        while ((st = user_key_next_master(&lease, id, &id, reterr)) == STATUS_OK) {
                if (master_keys_find(keys, id))
                        continue;
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "%s/master.key is %s: restore the file from your backup; without "
                                 "it no conversation can be read (it is key %016" PRIx64 ")",
                                 data_dir,
                                 keys->n_items ? "not the one that this database needs" : "missing",
                                 (uint64_t)id);
        }
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

/* None when there is no file. */
static enum status load_keys(const char *data_dir, struct db *db, struct master_keys *ret,
                             struct error *reterr)
{
        struct error error = ERROR_INIT;
        enum status st = master_keys_load(data_dir, ret, &error);

        if (st == STATUS_NOT_FOUND)
                ret->n_items = 0;
        else if (st != STATUS_OK)
                return error_set(reterr, st, "%s", error.text);
        if (!db || db_schema_version(db) < FIRST_SCHEMA)
                return STATUS_OK;
        return check_keys(ret, data_dir, db, reterr);
}

enum status vault_check(const char *data_dir, struct db *db, struct error *reterr)
{
        AUTO_MASTER_KEYS keys = {0};

        if (sodium_init() < 0)
                return error_set(reterr, STATUS_INTERNAL, "libsodium does not start");
        return load_keys(data_dir, db, &keys, reterr);
}

/* --- rotation --- */

struct rewrap {
        struct vault *vault;
        int64_t after_user_id;
        int64_t n_keys;
        int64_t n_damaged;
        bool more;
};

static enum status unwrap(struct vault *vault, const struct user_key *wrapped, struct seal_key *ret,
                          struct error *reterr)
{
        const struct seal_place place = place_of(wrapped->user_id, wrapped->master_id);
        LOCK(&vault->mutex);
        const struct master_key *master = master_keys_find(vault->keys, wrapped->master_id);
        enum status st = STATUS_DATA_LOSS;

        if (master)
                st = seal_open_bytes(&master->key, &place, wrapped->wrapped,
                                     sizeof(wrapped->wrapped), ret->bytes, NULL);
        if (st != STATUS_OK)
                return error_set(reterr, STATUS_DATA_LOSS,
                                 "the key of user %" PRId64 " does not open: it is damaged",
                                 wrapped->user_id);
        ret->is_set = true;
        return STATUS_OK;
}

static enum status wrap(struct vault *vault, struct lease *lease, int64_t user_id,
                        const struct seal_key *key, struct error *reterr)
{
        struct user_key wrapped = {.user_id = user_id};

        {
                LOCK(&vault->mutex);
                const struct master_key *master = &vault->keys->items[0];

                wrapped.master_id = master->id;
                const struct seal_place place = place_of(user_id, master->id);
                enum status st = seal_bytes(&master->key, &place, key->bytes, sizeof(key->bytes),
                                            wrapped.wrapped, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return user_key_put(lease, &wrapped, reterr);
}

static enum status rewrap_one(struct rewrap *r, struct lease *lease, const struct user_key *old,
                              struct error *reterr)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;

        r->after_user_id = old->user_id;
        if (unwrap(r->vault, old, &key, NULL) != STATUS_OK) {
                r->n_damaged++;
                return STATUS_OK;
        }
        r->n_keys++;
        return wrap(r->vault, lease, old->user_id, &key, reterr);
}

/* On the writer thread. */
static enum status rewrap_part(void *arg, struct error *reterr)
{
        struct rewrap *r = arg;
        struct user_key keys[PART_KEYS];
        size_t n = 0;
        LEASE(lease, r->vault->db, LEASE_WRITE, DEADLINE_NEVER);
        /* Only a rotation, of which there is one, changes which key is the first. */
        enum status st = user_key_list_others(&lease, r->vault->keys->items[0].id, r->after_user_id,
                                              keys, PART_KEYS, &n, reterr);

        for (size_t i = 0; st == STATUS_OK && i < n; i++)
                st = rewrap_one(r, &lease, &keys[i], reterr);
        r->more = n == PART_KEYS;
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* Seals all users' keys with the first master key and drops the others from the file. Whoever makes
 * a key for a user does so on the writer thread with the first one, too: none is missed. */
static enum status rewrap_all(struct vault *vault, deadline_ns deadline, int64_t *ret_n_keys,
                              struct error *reterr)
{
        struct rewrap r = {.vault = vault, .more = true};
        enum status st = STATUS_OK;

        while (st == STATUS_OK && r.more) {
                if (deadline_passed(deadline))
                        return error_set(reterr, STATUS_DEADLINE_EXCEEDED,
                                         "there was no time for all keys; the rest is done at the "
                                         "next rotation or start");
                st = db_write(vault->db, rewrap_part, &r, deadline, reterr);
        }
        if (st != STATUS_OK)
                return st;
        if (r.n_damaged > 0)
                return error_set(reterr, STATUS_DATA_LOSS,
                                 "the keys of %" PRId64 " users do not open: they are damaged, and "
                                 "the old master key is kept",
                                 r.n_damaged);
        AUTO_MASTER_KEYS left = {.items = {vault->keys->items[0]}, .n_items = 1};
        st = master_keys_save(vault->data_dir, &left, reterr);
        if (st == STATUS_OK)
                *ret_n_keys = r.n_keys;
        return st;
}

/* Puts a new first key into the file, and then into memory. */
static enum status add_master(struct vault *vault, struct error *reterr)
{
        AUTO_MASTER_KEYS saved = {.items = {vault->keys->items[0]}, .n_items = 1};
        enum status st = master_keys_add(&saved, reterr);

        if (st == STATUS_OK)
                st = master_keys_save(vault->data_dir, &saved, reterr);
        if (st != STATUS_OK)
                return st;
        LOCK(&vault->mutex);
        struct master_keys *keys = vault->keys;
        if (keys->n_items < MASTER_MAX_KEYS)
                keys->n_items++;
        memmove(&keys->items[1], &keys->items[0], (keys->n_items - 1) * sizeof(keys->items[0]));
        keys->items[0] = saved.items[0];
        return STATUS_OK;
}

static bool begin_rotation(struct vault *vault)
{
        LOCK(&vault->mutex);
        bool is_free = !vault->is_rotating;

        vault->is_rotating = true;
        return is_free;
}

static void end_rotation(struct vault *vault)
{
        LOCK(&vault->mutex);
        vault->is_rotating = false;
}

enum status vault_rotate(struct vault *vault, deadline_ns deadline, int64_t *ret_n_keys,
                         struct error *reterr)
{
        if (!begin_rotation(vault))
                return error_set(reterr, STATUS_ABORTED, "a rotation is at work already");
        /* What an earlier one has left: the file never holds more than two keys. */
        enum status st = rewrap_all(vault, deadline, ret_n_keys, reterr);
        if (st == STATUS_OK)
                st = add_master(vault, reterr);
        if (st == STATUS_OK)
                st = rewrap_all(vault, deadline, ret_n_keys, reterr);
        end_rotation(vault);
        return st;
}

/* --- the vault --- */

/* The first key of all, or the end of a rotation that was interrupted. */
static enum status prepare_keys(struct vault *vault, struct error *reterr)
{
        struct error error = ERROR_INIT;
        int64_t n_keys = 0;
        enum status st = load_keys(vault->data_dir, vault->db, vault->keys, reterr);

        if (st == STATUS_OK && vault->keys->n_items == 0) {
                st = master_keys_add(vault->keys, reterr);
                return st == STATUS_OK ? master_keys_save(vault->data_dir, vault->keys, reterr)
                                       : st;
        }
        if (st != STATUS_OK || vault->keys->n_items == 1)
                return st;
        if (rewrap_all(vault, DEADLINE_NEVER, &n_keys, &error) == STATUS_OK)
                LOG(INFO, "finished the rotation of the master key", LOG_INT("keys", n_keys));
        else
                LOG(WARNING, "the rotation of the master key is not finished",
                    LOG_STR("error", error.text));
        return STATUS_OK;
}

enum status vault_new(const char *data_dir, struct db *db, struct vault **ret, struct error *reterr)
{
        if (sodium_init() < 0)
                return error_set(reterr, STATUS_INTERNAL, "libsodium does not start");

        CLEANUP(cleanup_vault) struct vault *vault = calloc(1, sizeof(*vault));
        if (!vault)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        pthread_mutex_init(&vault->mutex, NULL);
        vault->db = db;
        vault->data_dir = strdup(data_dir);
        vault->keys = sodium_malloc(sizeof(*vault->keys));
        if (!vault->data_dir || !vault->keys)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        master_keys_wipe(vault->keys);
        enum status st = prepare_keys(vault, reterr);
        if (st == STATUS_OK)
                *ret = TAKE(vault);
        return st;
}

struct vault *vault_free(struct vault *vault)
{
        if (!vault)
                return NULL;
        sodium_free(vault->keys);
        free(vault->data_dir);
        pthread_mutex_destroy(&vault->mutex);
        free(vault);
        return NULL;
}

static enum status make_key(struct vault *vault, struct lease *lease, int64_t user_id,
                            struct seal_key *ret, struct error *reterr)
{
        AUTO_SEAL_KEY key = {.is_set = true};

        randombytes_buf(key.bytes, sizeof(key.bytes));
        enum status st = wrap(vault, lease, user_id, &key, reterr);
        if (st == STATUS_OK)
                *ret = key;
        return st;
}

enum status vault_user_key(struct vault *vault, struct lease *lease, int64_t user_id, bool create,
                           struct seal_key *ret, struct error *reterr)
{
        struct user_key wrapped;
        enum status st = user_key_get(lease, user_id, &wrapped, reterr);

        if (st == STATUS_OK)
                return unwrap(vault, &wrapped, ret, reterr);
        if (st != STATUS_NOT_FOUND)
                return st;
        if (create)
                return make_key(vault, lease, user_id, ret, reterr);
        *ret = SEAL_KEY_INIT;
        return STATUS_OK;
}
