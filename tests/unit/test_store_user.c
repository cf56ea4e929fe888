#include "service/store/user.h"

#include "service/store/erasure.h"
#include "service/store/evaluation.h"
#include "service/store/level.h"
#include "service/store/memory.h"
#include "service/store/preference.h"
#include "service/store/session.h"
#include "service/store/skill.h"
#include "service/store/training.h"
#include "tests/unit/store_fixture.h"

#include <math.h>
#include <string.h>

static struct level_moved moved; /* what came of the last change */

static struct user got(struct scenario *s, int64_t id)
{
        struct user user = {.username = "", .email = ""};

        EXPECT(user_get(s->lease, s->arena, id, &user, &s->error) == STATUS_OK);
        return user;
}

static enum status add(struct scenario *s, const char *name, const char *email, enum user_role role)
{
        struct user user;

        return user_add(s->lease, s->arena, name, email, "hash", role, &user, &s->error);
}

static enum status change(struct scenario *s, int64_t id, struct user_change change)
{
        struct user user;

        return user_update(s->lease, s->arena, id, &change, &user, &s->error);
}

SCENARIO(an_added_user_is_found_by_number_and_by_name)
{
        int64_t id = store_fixture_user(s, "Human");
        struct user by_id = got(s, id), by_name = {0};

        EXPECT(user_get_by_name(s->lease, s->arena, "hUMAN", &by_name, &s->error) == STATUS_OK);
        EXPECT(by_name.id == id);
        EXPECT(strcmp(by_id.username, "Human") == 0);
        EXPECT(strcmp(by_id.email, "Human@example.org") == 0);
        EXPECT(by_id.is_active);
        EXPECT(by_id.role == USER_ROLE_USER);
        EXPECT(by_id.temperature == 0.7);
        EXPECT(by_id.created_at_ms > 0);
}

SCENARIO(a_missing_user_is_not_found)
{
        struct user user;
        struct user_credentials credentials;

        EXPECT(user_get(s->lease, s->arena, 99, &user, &s->error) == STATUS_NOT_FOUND);
        EXPECT(strcmp(s->error.resource, "user 99") == 0);
        EXPECT(user_get_by_name(s->lease, s->arena, "nobody", &user, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(user_get_credentials(s->lease, s->arena, "nobody", &credentials, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(user_get_credentials_by_id(s->lease, s->arena, 99, &credentials, &s->error) ==
               STATUS_NOT_FOUND);
        EXPECT(change(s, 99, (struct user_change){.email = "x@example.org"}) == STATUS_NOT_FOUND);
        EXPECT(user_set_password(s->lease, 99, "hash", &s->error) == STATUS_NOT_FOUND);
        EXPECT(erasure_begin(s->lease, (const uint8_t[ERASURE_ID_BYTES]){1}, 99, false,
                             &s->error) == STATUS_NOT_FOUND);
}

SCENARIO(a_taken_name_or_address_already_exists_and_says_which)
{
        store_fixture_user(s, "human");
        EXPECT(add(s, "HUMAN", "fresh@example.org", USER_ROLE_USER) == STATUS_ALREADY_EXISTS);
        EXPECT(strcmp(s->error.field, "username") == 0);
        EXPECT(add(s, "fresh", "HUMAN@example.org", USER_ROLE_USER) == STATUS_ALREADY_EXISTS);
        EXPECT(strcmp(s->error.field, "email") == 0);
        EXPECT(add(s, "fresh", "fresh@example.org", USER_ROLE_USER) == STATUS_OK);
}

SCENARIO(empty_texts_and_unknown_roles_are_refused)
{
        EXPECT(add(s, "", "a@example.org", USER_ROLE_USER) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "username") == 0);
        EXPECT(add(s, "name", "", USER_ROLE_USER) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "email") == 0);
        EXPECT(add(s, "name", "a@example.org", (enum user_role)7) == STATUS_INVALID_ARGUMENT);
        EXPECT(strcmp(s->error.field, "role") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM account") == 0);
}

SCENARIO(an_update_changes_what_is_named_and_nothing_else)
{
        int64_t id = store_fixture_user(s, "human");

        EXPECT(change(s, id, (struct user_change){.email = "new@example.org"}) == STATUS_OK);
        struct user user = got(s, id);
        EXPECT(strcmp(user.username, "human") == 0);
        EXPECT(strcmp(user.email, "new@example.org") == 0);
        EXPECT(user.temperature == 0.7 && user.is_active && user.role == USER_ROLE_USER);

        EXPECT(change(s, id, (struct user_change){.username = "HuMan"}) == STATUS_OK);
        EXPECT(strcmp(got(s, id).username, "HuMan") == 0);
        EXPECT(change(s, id, (struct user_change){.has_is_active = true}) == STATUS_OK);
        EXPECT(!got(s, id).is_active);
}

SCENARIO(an_update_to_a_taken_name_changes_nothing)
{
        store_fixture_user(s, "other");
        int64_t id = store_fixture_user(s, "human");
        struct user_change both = {.username = "Other", .email = "new@example.org"};

        EXPECT(change(s, id, both) == STATUS_ALREADY_EXISTS);
        EXPECT(strcmp(s->error.field, "username") == 0);
        EXPECT(strcmp(got(s, id).email, "human@example.org") == 0);
}

SCENARIO(temperature_zero_is_a_value_and_the_range_holds)
{
        int64_t id = store_fixture_user(s, "human");
        const double bad[] = {-0.01, 2.01, NAN, INFINITY};
        struct user_change to = {.has_temperature = true, .temperature = 0};

        EXPECT(change(s, id, to) == STATUS_OK);
        EXPECT(got(s, id).temperature == 0);
        to.temperature = 2;
        EXPECT(change(s, id, to) == STATUS_OK);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                to.temperature = bad[i];
                EXPECT(change(s, id, to) == STATUS_INVALID_ARGUMENT);
                EXPECT(strcmp(s->error.field, "temperature") == 0);
        }
        EXPECT(got(s, id).temperature == 2);
}

SCENARIO(the_last_active_administrator_stays_one)
{
        struct user admin = {0}, second = {0};
        struct user_change demote = {.has_role = true, .role = USER_ROLE_USER};
        struct user_change sleep = {.has_is_active = true, .is_active = false};

        EXPECT(user_add(s->lease, s->arena, "admin", "a@x", "hash", USER_ROLE_ADMIN, &admin,
                        &s->error) == STATUS_OK);
        EXPECT(change(s, admin.id, demote) == STATUS_FAILED_PRECONDITION);
        EXPECT(change(s, admin.id, sleep) == STATUS_FAILED_PRECONDITION);
        EXPECT(user_require_other_admin(s->lease, admin.id, &s->error) ==
               STATUS_FAILED_PRECONDITION);

        EXPECT(user_add(s->lease, s->arena, "second", "b@x", "hash", USER_ROLE_ADMIN, &second,
                        &s->error) == STATUS_OK);
        EXPECT(change(s, admin.id, sleep) == STATUS_OK);
        EXPECT(change(s, second.id, demote) == STATUS_FAILED_PRECONDITION);
        EXPECT(change(s, admin.id, demote) == STATUS_OK);
}

SCENARIO(users_are_listed_page_by_page)
{
        struct user_list list = {0};
        int64_t first = store_fixture_user(s, "first");
        int64_t second = store_fixture_user(s, "second");
        int64_t third = store_fixture_user(s, "third");

        EXPECT(change(s, second, (struct user_change){.has_is_active = true}) == STATUS_OK);
        EXPECT(user_list(s->lease, s->arena, 0, 2, true, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 2 && list.more && list.items[1].id == second);
        EXPECT(user_list(s->lease, s->arena, second, 2, true, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1 && !list.more && list.items[0].id == third);
        EXPECT(user_list(s->lease, s->arena, 0, 2, false, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 2 && !list.more && list.items[0].id == first &&
               list.items[1].id == third);
        EXPECT(user_list(s->lease, s->arena, third, 2, true, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 0 && !list.more);
}

SCENARIO(many_users_fit_one_list)
{
        struct user_list list = {0};

        for (int i = 0; i < 100; i++)
                store_fixture_user(s, arena_printf(s->arena, "user%d", i));
        EXPECT(user_list(s->lease, s->arena, 0, 500, true, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 100 && !list.more);
        for (size_t i = 0; i < list.n_items; i++)
                EXPECT(list.items[i].id == (int64_t)i + 1);
}

/* Something of every kind that a user can have. */
static void furnish(struct scenario *s, int64_t id, int64_t skill_id)
{
        const struct seal_key key = {.is_set = true};
        const uint8_t jti[16] = {7};
        const struct memory_message memory = {.content = "hello", .created_at_ms = MEMORY_NOW};
        const struct preference wanted = {
                .type = "ui", .key = "theme", .value = "1", .confidence = 1};
        struct preference preference;
        const struct training_draft draft = {.status = TRAINING_ACTIVE, .progress = 0.5};
        const struct said said = {.source = SAID_IN_ROOM, .id = 1};
        const struct session_draft session = {.client = "", .expires_at_ms = INT64_MAX};
        const struct level_reason reason = {"builtin", "why", &said, 1};
        struct user_skill user_skill;
        struct training training;
        int64_t memory_id;
        bool due;

        EXPECT(session_add(s->lease, jti, id, &session, &s->error) == STATUS_OK);
        EXPECT(preference_set(s->lease, s->arena, id, &wanted, &preference, &s->error) ==
               STATUS_OK);
        EXPECT(memory_append(s->lease, s->arena, &key, id, &memory, 1, &memory_id, &s->error) ==
               STATUS_OK);
        EXPECT(user_skill_link(s->lease, s->arena, id, skill_id, &user_skill, &s->error) ==
               STATUS_OK);
        EXPECT(training_add(s->lease, id, skill_id, &draft, &training, &s->error) == STATUS_OK);
        EXPECT(level_set(s->lease, id, skill_id, 1, &reason, &moved, &s->error) == STATUS_OK);
        EXPECT(evaluation_note(s->lease, id, memory_id, &due, &s->error) == STATUS_OK);
        STMT(say, s->lease,
             "INSERT INTO message (room_id, seq, user_id, content, client_message_id, created_at)"
             " VALUES (1, 1, $1, 'something private', 'c1', 1)");
        stmt_bind_int(&say, 1, id);
        EXPECT(stmt_run(&say, &s->error) == STATUS_OK);
        STMT(reply, s->lease,
             "INSERT INTO replay (caller_id, call_id, method, request_hash, reply, created_at)"
             " VALUES ($1, x'01', 'm', x'02', x'03', 1)");
        stmt_bind_int(&reply, 1, id);
        EXPECT(stmt_run(&reply, &s->error) == STATUS_OK);
}

SCENARIO(a_deleted_user_leaves_nothing_behind)
{
        int64_t skill_id = store_fixture_skill(s, "empathy");
        int64_t id = store_fixture_user(s, "human");

        furnish(s, id, skill_id);
        store_fixture_delete(s, id);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM account") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM session") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM preference") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM memory_message") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM user_skill") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM training") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM replay") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM level_change") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM level_evidence") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM evaluation_pending") == 0);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM skill") == 4);
}

SCENARIO(a_deleted_users_messages_stay_as_empty_places)
{
        int64_t id = store_fixture_user(s, "human");

        furnish(s, id, store_fixture_skill(s, "empathy"));
        store_fixture_delete(s, id);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message") == 1);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM message WHERE seq = 1 AND"
                                      " user_id IS NULL AND content = '' AND"
                                      " client_message_id IS NULL") == 1);
}

SCENARIO(a_number_is_never_given_twice)
{
        int64_t id = store_fixture_user(s, "human");

        store_fixture_delete(s, id);
        EXPECT(store_fixture_user(s, "human") > id);
}

SCENARIO(a_new_password_is_what_the_next_sign_in_sees)
{
        struct user_credentials credentials = {.username = "", .password_hash = ""};
        int64_t id = store_fixture_user(s, "Human");

        EXPECT(user_set_password(s->lease, id, "other hash", &s->error) == STATUS_OK);
        EXPECT(user_get_credentials(s->lease, s->arena, "human", &credentials, &s->error) ==
               STATUS_OK);
        EXPECT(credentials.id == id && credentials.is_active);
        EXPECT(strcmp(credentials.username, "Human") == 0);
        EXPECT(strcmp(credentials.password_hash, "other hash") == 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(an_added_user_is_found_by_number_and_by_name),
                STORE_TEST(a_missing_user_is_not_found),
                STORE_TEST(a_taken_name_or_address_already_exists_and_says_which),
                STORE_TEST(empty_texts_and_unknown_roles_are_refused),
                STORE_TEST(an_update_changes_what_is_named_and_nothing_else),
                STORE_TEST(an_update_to_a_taken_name_changes_nothing),
                STORE_TEST(temperature_zero_is_a_value_and_the_range_holds),
                STORE_TEST(the_last_active_administrator_stays_one),
                STORE_TEST(users_are_listed_page_by_page),
                STORE_TEST(many_users_fit_one_list),
                STORE_TEST(a_deleted_user_leaves_nothing_behind),
                STORE_TEST(a_deleted_users_messages_stay_as_empty_places),
                STORE_TEST(a_number_is_never_given_twice),
                STORE_TEST(a_new_password_is_what_the_next_sign_in_sees),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
