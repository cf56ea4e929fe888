#include "service/store/user.h"

#include "common/clock.h"
#include "service/store/message.h"
#include "service/store/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS "id, username, email, is_active, role, temperature, created_at"

static void read_user(struct arena *arena, const struct stmt *q, struct user *ret)
{
        *ret = (struct user){
                .id = stmt_int(q, 0),
                .username = rows_text(arena, q, 1),
                .email = rows_text(arena, q, 2),
                .is_active = stmt_int(q, 3) != 0,
                .role = (enum user_role)stmt_int(q, 4),
                .temperature = stmt_double(q, 5),
                .created_at_ms = stmt_int(q, 6),
        };
}

/* The next row as a user; what is a missing row's name is for the caller to say. */
static enum status next_user(struct arena *arena, struct stmt *q, struct user *ret,
                             struct error *reterr)
{
        struct user user;
        enum status st = stmt_row(q, reterr);

        if (st != STATUS_OK)
                return st;
        read_user(arena, q, &user);
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = user;
        return st;
}

static enum status missing(int64_t id, struct error *reterr)
{
        return error_resource(reterr, STATUS_NOT_FOUND, "user", "%" PRId64, id);
}

/* The database names the field that is taken; the rest is for people. */
static enum status taken(const struct error *error, struct error *reterr)
{
        error_set(reterr, STATUS_ALREADY_EXISTS, "this %s is taken", error->field);
        if (reterr) {
                memcpy(reterr->field, error->field, sizeof(reterr->field));
                snprintf(reterr->resource, sizeof(reterr->resource), "user");
        }
        return STATUS_ALREADY_EXISTS;
}

static enum status pass_on(const struct error *error, struct error *reterr)
{
        if (error->status == STATUS_ALREADY_EXISTS)
                return taken(error, reterr);
        if (reterr)
                *reterr = *error;
        return error->status;
}

/* Messages of the coach in rooms have that name. */
static enum status refuse_coachs(const char *username_key, struct error *reterr)
{
        if (strcmp(username_key, MESSAGE_COACH) != 0)
                return STATUS_OK;
        error_set(reterr, STATUS_ALREADY_EXISTS, "username: '%s' is the coach's in rooms",
                  username_key);
        if (reterr)
                snprintf(reterr->field, sizeof(reterr->field), "username");
        return STATUS_ALREADY_EXISTS;
}

static bool role_is_known(enum user_role role)
{
        return role == USER_ROLE_USER || role == USER_ROLE_ADMIN;
}

enum status user_add(struct lease *lease, struct arena *arena, const char *username,
                     const char *email, const char *password_hash, enum user_role role,
                     struct user *ret, struct error *reterr)
{
        const char *username_key = rows_fold(arena, username);
        const char *email_key = rows_fold(arena, email);
        struct error error = ERROR_INIT;
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        if (*username == '\0')
                return error_field(reterr, "username", "want a user name, got none");
        if (*email == '\0')
                return error_field(reterr, "email", "want an e-mail address, got none");
        if (!role_is_known(role))
                return error_field(reterr, "role", "want user or admin, got %d", (int)role);
        st = refuse_coachs(username_key, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "INSERT INTO account (username, username_key, email, email_key, password_hash, role,"
             " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING " COLUMNS);
        stmt_bind_text(&q, 1, username);
        stmt_bind_text(&q, 2, username_key);
        stmt_bind_text(&q, 3, email);
        stmt_bind_text(&q, 4, email_key);
        stmt_bind_text(&q, 5, password_hash);
        stmt_bind_int(&q, 6, role);
        stmt_bind_int(&q, 7, clock_wall_ms());
        st = next_user(arena, &q, ret, &error);
        return st == STATUS_OK ? st : pass_on(&error, reterr);
}

enum status user_get(struct lease *lease, struct arena *arena, int64_t id, struct user *ret,
                     struct error *reterr)
{
        STMT(q, lease,
             "SELECT " COLUMNS " FROM account WHERE id = $1"
             " AND deleting_at IS NULL");
        stmt_bind_int(&q, 1, id);

        enum status st = next_user(arena, &q, ret, reterr);
        return st == STATUS_NOT_FOUND ? missing(id, reterr) : st;
}

enum status user_get_by_name(struct lease *lease, struct arena *arena, const char *username,
                             struct user *ret, struct error *reterr)
{
        const char *key = rows_fold(arena, username);
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT " COLUMNS " FROM account WHERE username_key = $1"
             " AND deleting_at IS NULL");
        stmt_bind_text(&q, 1, key);
        st = next_user(arena, &q, ret, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "user", "%s", username);
        return st;
}

enum status user_list(struct lease *lease, struct arena *arena, int64_t after_id, size_t limit,
                      bool with_inactive, struct user_list *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT " COLUMNS " FROM account WHERE id > $1 AND (is_active = 1 OR $2 = 1)"
             " AND deleting_at IS NULL ORDER BY id LIMIT $3");
        stmt_bind_int(&q, 1, after_id);
        stmt_bind_int(&q, 2, with_inactive);
        stmt_bind_int(&q, 3, (int64_t)limit + 1);
        struct user *item;
        struct rows_page page = ROWS_PAGE(&q, arena, sizeof(*item), limit, reterr);

        while ((item = rows_next(&page)))
                read_user(arena, &q, item);
        enum status st = rows_end(&page);
        if (st == STATUS_OK)
                *ret = (struct user_list){page.items, page.n_items, page.more};
        return st;
}

enum status user_require_other_admin(struct lease *lease, int64_t id, struct error *reterr)
{
        STMT(q, lease,
             "SELECT count(*), count(CASE WHEN id = $1 THEN 1 END) FROM account"
             " WHERE role = 2 AND is_active = 1");
        stmt_bind_int(&q, 1, id);

        enum status st = stmt_row(&q, reterr);
        if (st != STATUS_OK)
                return st;
        if (stmt_int(&q, 0) == 1 && stmt_int(&q, 1) == 1)
                return error_set(reterr, STATUS_FAILED_PRECONDITION,
                                 "this is the last active administrator; make another one first");
        return STATUS_OK;
}

static enum status check_change(struct lease *lease, int64_t id, const struct user_change *change,
                                struct error *reterr)
{
        if (change->username && *change->username == '\0')
                return error_field(reterr, "username", "want a user name, got none");
        if (change->email && *change->email == '\0')
                return error_field(reterr, "email", "want an e-mail address, got none");
        /* Written so that a NaN is refused too. */
        if (change->has_temperature &&
            !(change->temperature >= 0 && change->temperature <= USER_MAX_TEMPERATURE))
                return error_field(reterr, "temperature", "want 0 to 2, got %g",
                                   change->temperature);
        if (change->has_role && !role_is_known(change->role))
                return error_field(reterr, "role", "want user or admin, got %d", (int)change->role);

        bool ends_admin = (change->has_role && change->role != USER_ROLE_ADMIN) ||
                          (change->has_is_active && !change->is_active);
        return ends_admin ? user_require_other_admin(lease, id, reterr) : STATUS_OK;
}

enum status user_update(struct lease *lease, struct arena *arena, int64_t id,
                        const struct user_change *change, struct user *ret, struct error *reterr)
{
        const char *username_key = change->username ? rows_fold(arena, change->username) : NULL;
        const char *email_key = change->email ? rows_fold(arena, change->email) : NULL;
        struct error error = ERROR_INIT;
        enum status st = rows_check(arena, reterr);

        if (st == STATUS_OK)
                st = check_change(lease, id, change, reterr);
        if (st == STATUS_OK && username_key)
                st = refuse_coachs(username_key, reterr);
        if (st != STATUS_OK)
                return st;

        STMT(q, lease,
             "UPDATE account SET username = COALESCE($1, username),"
             " username_key = COALESCE($2, username_key), email = COALESCE($3, email),"
             " email_key = COALESCE($4, email_key), temperature = COALESCE($5, temperature),"
             " is_active = COALESCE($6, is_active), role = COALESCE($7, role)"
             " WHERE id = $8 AND deleting_at IS NULL RETURNING " COLUMNS);
        stmt_bind_text(&q, 1, change->username);
        stmt_bind_text(&q, 2, username_key);
        stmt_bind_text(&q, 3, change->email);
        stmt_bind_text(&q, 4, email_key);
        if (change->has_temperature)
                stmt_bind_double(&q, 5, change->temperature);
        else
                stmt_bind_null(&q, 5);
        if (change->has_is_active)
                stmt_bind_int(&q, 6, change->is_active);
        else
                stmt_bind_null(&q, 6);
        if (change->has_role)
                stmt_bind_int(&q, 7, change->role);
        else
                stmt_bind_null(&q, 7);
        stmt_bind_int(&q, 8, id);

        st = next_user(arena, &q, ret, &error);
        if (st == STATUS_NOT_FOUND)
                return missing(id, reterr);
        return st == STATUS_OK ? st : pass_on(&error, reterr);
}

static enum status read_credentials(struct arena *arena, struct stmt *q,
                                    struct user_credentials *ret, struct error *reterr)
{
        enum status st = stmt_row(q, reterr);
        if (st != STATUS_OK)
                return st;

        struct user_credentials credentials = {
                .id = stmt_int(q, 0),
                .username = rows_text(arena, q, 1),
                .password_hash = rows_text(arena, q, 2),
                .is_active = stmt_int(q, 3) != 0,
        };
        st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = credentials;
        return st;
}

enum status user_get_credentials(struct lease *lease, struct arena *arena, const char *username,
                                 struct user_credentials *ret, struct error *reterr)
{
        const char *key = rows_fold(arena, username);
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT id, username, password_hash, is_active FROM account WHERE username_key = $1"
             " AND deleting_at IS NULL");
        stmt_bind_text(&q, 1, key);
        st = read_credentials(arena, &q, ret, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "user", "%s", username);
        return st;
}

enum status user_get_credentials_by_id(struct lease *lease, struct arena *arena, int64_t id,
                                       struct user_credentials *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT id, username, password_hash, is_active FROM account WHERE id = $1"
             " AND deleting_at IS NULL");
        stmt_bind_int(&q, 1, id);

        enum status st = read_credentials(arena, &q, ret, reterr);
        return st == STATUS_NOT_FOUND ? missing(id, reterr) : st;
}

enum status user_set_password(struct lease *lease, int64_t id, const char *password_hash,
                              struct error *reterr)
{
        STMT(q, lease,
             "UPDATE account SET password_hash = $1 WHERE id = $2 AND deleting_at IS NULL");
        stmt_bind_text(&q, 1, password_hash);
        stmt_bind_int(&q, 2, id);

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_OK && stmt_changes(&q) == 0)
                return missing(id, reterr);
        return st;
}
