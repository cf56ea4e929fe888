/* Accounts, but for how they end: store/erasure.h. All functions run inside the caller's lease:
 * several make one transaction. Texts that they return live in the arena. */
#ifndef SERVICE_STORE_USER_H
#define SERVICE_STORE_USER_H

#include "common/arena.h"
#include "common/status.h"
#include "service/db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of socializer.v1.Role. */
enum user_role { USER_ROLE_USER = 1, USER_ROLE_ADMIN = 2 };

#define USER_MAX_TEMPERATURE 2.0

struct user {
        int64_t id;
        const char *username;
        const char *email;
        bool is_active;
        enum user_role role;
        double temperature;
        int64_t created_at_ms;
};

struct user_list {
        struct user *items;
        size_t n_items;
        bool more; /* there are users behind the last one */
};

/* What a sign-in looks at. */
struct user_credentials {
        int64_t id;
        const char *username; /* as it was registered, whatever capitals were asked for */
        const char *password_hash;
        bool is_active;
};

/* A change of some fields; what is not marked stays. */
struct user_change {
        const char *username; /* NULL: stays */
        const char *email; /* NULL: stays */
        bool has_temperature, has_is_active, has_role;
        double temperature;
        bool is_active;
        enum user_role role;
};

/* Adds an active account. ALREADY_EXISTS, field "username" or "email", when one is taken (capitals
 * do not matter), and for the coach's name. INVALID_ARGUMENT for an unknown role or an empty text.
 */
enum status user_add(struct lease *lease, struct arena *arena, const char *username,
                     const char *email, const char *password_hash, enum user_role role,
                     struct user *ret, struct error *reterr) MUST_CHECK;
/* NOT_FOUND when there is no such user. */
enum status user_get(struct lease *lease, struct arena *arena, int64_t id, struct user *ret,
                     struct error *reterr) MUST_CHECK;
/* The same by name; capitals do not matter. */
enum status user_get_by_name(struct lease *lease, struct arena *arena, const char *username,
                             struct user *ret, struct error *reterr) MUST_CHECK;
/* At most limit users with ids above after_id, ascending; the inactive ones only when asked for. */
enum status user_list(struct lease *lease, struct arena *arena, int64_t after_id, size_t limit,
                      bool with_inactive, struct user_list *ret, struct error *reterr) MUST_CHECK;
/* NOT_FOUND; ALREADY_EXISTS as user_add(); INVALID_ARGUMENT, field "temperature" or "role", out of
 * range; FAILED_PRECONDITION when the last active administrator would cease to be one. */
enum status user_update(struct lease *lease, struct arena *arena, int64_t id,
                        const struct user_change *change, struct user *ret,
                        struct error *reterr) MUST_CHECK;
/* OK when an active administrator other than this user is there, or this user is none:
 * FAILED_PRECONDITION otherwise. */
enum status user_require_other_admin(struct lease *lease, int64_t id,
                                     struct error *reterr) MUST_CHECK;

/* NOT_FOUND when nobody has this name. */
enum status user_get_credentials(struct lease *lease, struct arena *arena, const char *username,
                                 struct user_credentials *ret, struct error *reterr) MUST_CHECK;
enum status user_get_credentials_by_id(struct lease *lease, struct arena *arena, int64_t id,
                                       struct user_credentials *ret,
                                       struct error *reterr) MUST_CHECK;
/* NOT_FOUND. Sessions are not touched: see session_revoke_user(). */
enum status user_set_password(struct lease *lease, int64_t id, const char *password_hash,
                              struct error *reterr) MUST_CHECK;

#endif
