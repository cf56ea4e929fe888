#include "service/auth/authority.h"

#include "service/auth/cache.h"
#include "service/auth/guard.h"
#include "service/auth/secret.h"
#include "service/auth/token.h"
#include "service/store/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TTL_S       86400
#define REPLAY_SECRET_BYTES 32
#define GUARD_WINDOW_MS     (5 * 60 * 1000)
#define GUARD_ACCOUNT_LIMIT 10
#define GUARD_ADDRESS_LIMIT 100

/* How exactly it is known when a session was last used, and how many are written at once. */
#define NOTE_MS   60000
#define NOTE_PART 200

struct authority {
        struct db *db;
        uint32_t token_ttl_s;
        struct cache *cache;
        struct guard *accounts, *addresses;
        uint8_t *key; /* of sodium_malloc(): kept out of core dumps, and fenced */
        uint8_t *replay_secret; /* behind it */
        char operator_token[SECRET_OPERATOR_BYTES];
};

static void cleanup_authority(struct authority **a)
{
        authority_free(*a);
}

static enum status load_key(struct authority *a, const char *data_dir, struct error *reterr)
{
        static const char purpose[] = "replay";

        a->key = sodium_malloc(TOKEN_KEY_BYTES + REPLAY_SECRET_BYTES);
        if (!a->key)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        a->replay_secret = a->key + TOKEN_KEY_BYTES;

        enum status st = secret_load_key(data_dir, a->key, reterr);
        if (st != STATUS_OK)
                return st;
        crypto_generichash(a->replay_secret, REPLAY_SECRET_BYTES, (const uint8_t *)purpose,
                           sizeof(purpose), a->key, TOKEN_KEY_BYTES);
        sodium_mprotect_readonly(a->key);
        return STATUS_OK;
}

enum status authority_new(const struct authority_options *options, struct authority **ret,
                          struct error *reterr)
{
        if (sodium_init() < 0)
                return error_set(reterr, STATUS_INTERNAL, "libsodium does not start");

        CLEANUP(cleanup_authority) struct authority *a = calloc(1, sizeof(*a));
        if (!a)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        a->db = options->db;
        a->token_ttl_s = options->token_ttl_s ? options->token_ttl_s : DEFAULT_TTL_S;

        enum status st = cache_new(&a->cache, reterr);
        if (st == STATUS_OK)
                st = guard_new(GUARD_ACCOUNT_LIMIT, GUARD_WINDOW_MS, &a->accounts, reterr);
        if (st == STATUS_OK)
                st = guard_new(GUARD_ADDRESS_LIMIT, GUARD_WINDOW_MS, &a->addresses, reterr);
        if (st == STATUS_OK)
                st = load_key(a, options->data_dir, reterr);
        if (st == STATUS_OK)
                st = secret_write_operator(options->data_dir, a->operator_token, reterr);
        if (st == STATUS_OK)
                *ret = TAKE(a);
        return st;
}

struct authority *authority_free(struct authority *a)
{
        if (!a)
                return NULL;
        cache_free(a->cache);
        guard_free(a->accounts);
        guard_free(a->addresses);
        sodium_free(a->key);
        sodium_memzero(a->operator_token, sizeof(a->operator_token));
        free(a);
        return NULL;
}

const uint8_t *authority_replay_secret(const struct authority *a)
{
        return a->replay_secret;
}

static bool looks_like_operator(struct frame_bytes token)
{
        size_t n = strlen(SECRET_OPERATOR_PREFIX);

        return token.n_bytes >= n && memcmp(token.data, SECRET_OPERATOR_PREFIX, n) == 0;
}

static enum status check_operator(struct authority *a, struct frame_bytes token, bool is_direct,
                                  struct caller *ret, struct error *reterr)
{
        size_t n = sizeof(a->operator_token) - 1;

        if (!is_direct || token.n_bytes != n ||
            sodium_memcmp(token.data, a->operator_token, n) != 0)
                return token_refuse(reterr);
        *ret = (struct caller){
                .is_admin = true,
                .is_operator = true,
                .expires_at_ms = INT64_MAX,
                .username = "operator",
        };
        return STATUS_OK;
}

/* What the database says of the token's session. */
static enum status load_session(struct authority *a, const struct token_claims *claims,
                                deadline_ns deadline, struct session *ret, struct error *reterr)
{
        LEASE(lease, a->db, LEASE_READ, deadline);

        enum status st = session_get(&lease, claims->jti, ret, reterr);
        return st == STATUS_NOT_FOUND ? token_refuse(reterr) : st;
}

enum status authority_check(struct authority *a, struct frame_bytes token, bool is_direct,
                            deadline_ns deadline, struct caller *ret, struct error *reterr)
{
        int64_t now_ms = clock_wall_ms();
        struct token_claims claims;
        struct session session;

        if (looks_like_operator(token))
                return check_operator(a, token, is_direct, ret, reterr);
        if (cache_find(a->cache, token, now_ms, ret))
                return STATUS_OK;

        uint64_t generation = cache_generation(a->cache); /* before the database is read */
        enum status st = token_verify(a->key, token, now_ms / 1000, &claims, reterr);
        if (st == STATUS_OK)
                st = load_session(a, &claims, deadline, &session, reterr);
        if (st != STATUS_OK)
                return st;
        if (session.is_revoked || !session.is_active || session.expires_at_ms <= now_ms ||
            session.user_id != claims.user_id)
                return token_refuse(reterr);

        struct caller caller = {
                .user_id = session.user_id,
                .is_admin = session.role == USER_ROLE_ADMIN,
                .expires_at_ms = session.expires_at_ms,
        };
        memcpy(caller.jti, claims.jti, sizeof(caller.jti));
        snprintf(caller.username, sizeof(caller.username), "%s", session.username);
        cache_add(a->cache, token, now_ms, &caller, generation);
        *ret = caller;
        return STATUS_OK;
}

enum status authority_issue(struct authority *a, struct lease *lease, struct arena *arena,
                            const struct authority_login *login, const char **ret_token,
                            uint32_t *ret_expires_in_s, struct error *reterr)
{
        int64_t now_s = clock_wall_ms() / 1000;
        struct token_claims claims = {
                .user_id = login->user_id,
                .issued_at_s = now_s,
                .expires_at_s = now_s + a->token_ttl_s,
        };
        const struct session_draft draft = {
                .client = login->client,
                .created_at_ms = login->since_ms,
                .expires_at_ms = claims.expires_at_s * 1000,
        };
        const char *token;

        snprintf(claims.username, sizeof(claims.username), "%s", login->username);
        randombytes_buf(claims.jti, sizeof(claims.jti));
        enum status st = token_encode(a->key, &claims, arena, &token, reterr);
        if (st == STATUS_OK)
                st = session_add(lease, claims.jti, login->user_id, &draft, reterr);
        if (st != STATUS_OK)
                return st;
        *ret_token = token;
        *ret_expires_in_s = a->token_ttl_s;
        return STATUS_OK;
}

/* Some uses, for the writer thread. */
struct noting {
        struct db *db;
        struct cache_use uses[NOTE_PART];
        size_t n;
};

static enum status note_part(void *arg, struct error *reterr)
{
        const struct noting *noting = arg;
        enum status st = STATUS_OK;
        LEASE(lease, noting->db, LEASE_WRITE, DEADLINE_NEVER);

        for (size_t i = 0; st == STATUS_OK && i < noting->n; i++)
                st = session_touch(&lease, noting->uses[i].jti, noting->uses[i].used_at_ms, reterr);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

enum status authority_note_use(struct authority *a, deadline_ns deadline, struct error *reterr)
{
        struct noting noting = {.db = a->db};
        enum status st = STATUS_OK;

        do {
                noting.n = cache_take_used(a->cache, NOTE_MS, noting.uses, NOTE_PART);
                if (noting.n > 0)
                        st = db_write(a->db, note_part, &noting, deadline, reterr);
        } while (st == STATUS_OK && noting.n == NOTE_PART);
        return st;
}

enum status authority_revoke(struct lease *lease, const uint8_t jti[static 16],
                             struct error *reterr)
{
        return session_revoke(lease, jti, reterr);
}

enum status authority_revoke_user(struct lease *lease, int64_t user_id, const uint8_t *keep_jti,
                                  int64_t *ret_n, struct error *reterr)
{
        return session_revoke_user(lease, user_id, keep_jti, ret_n, reterr);
}

/* The account's key in the guard. User names are ASCII; of others it does not matter. */
static void account_key(const char *username, char *ret, size_t size)
{
        snprintf(ret, size, "%s", username);
        for (char *c = ret; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');
}

enum status authority_login_attempt(struct authority *a, const char *username,
                                    const char *client_address, struct error *reterr)
{
        uint64_t now_ms = clock_mono_ns() / 1000000;
        char key[256];

        account_key(username, key, sizeof(key));
        if (*client_address) {
                enum status st = guard_attempt(a->addresses, client_address, now_ms, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return guard_attempt(a->accounts, key, now_ms, reterr);
}

void authority_login_succeeded(struct authority *a, const char *username,
                               const char *client_address)
{
        char key[256];

        account_key(username, key, sizeof(key));
        guard_reset(a->accounts, key);
        if (*client_address)
                guard_forgive(a->addresses, client_address);
}

void authority_login_undecided(struct authority *a, const char *username,
                               const char *client_address)
{
        char key[256];

        account_key(username, key, sizeof(key));
        guard_forgive(a->accounts, key);
        if (*client_address)
                guard_forgive(a->addresses, client_address);
}

void authority_forget(struct authority *a, const uint8_t jti[static 16])
{
        cache_forget(a->cache, jti);
}

void authority_forget_user(struct authority *a, int64_t user_id)
{
        cache_forget_user(a->cache, user_id);
}
