#include "service/auth/authority.h"

#include "service/auth/cache.h"
#include "service/auth/secret.h"
#include "service/store/session.h"
#include "service/store/user.h"
#include "tests/unit/store_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_THREADS 4
#define N_ROUNDS  50

/* Of the test that runs: scenarios run on the writer thread and get it from here. */
static struct authority *authority;
static int64_t user_id;
static char token[FRAME_MAX_TOKEN_BYTES + 1];
static uint8_t jti[16];

static struct frame_bytes bytes(const char *text)
{
        return (struct frame_bytes){(const uint8_t *)text, strlen(text)};
}

static enum status check(const char *text, struct caller *ret)
{
        struct caller caller;

        return authority_check(authority, bytes(text), true, DEADLINE_NEVER, ret ? ret : &caller,
                               NULL);
}

static enum status start(const struct store_fixture *f, struct error *reterr)
{
        const struct authority_options options = {.data_dir = f->dir, .db = f->db};

        return authority_new(&options, &authority, reterr);
}

static void issue(struct scenario *s)
{
        const char *issued = "";
        uint32_t expires_in_s = 0;

        const struct authority_login login = {
                .user_id = user_id, .username = "human", .client = "a test"};
        EXPECT(authority_issue(authority, s->lease, s->arena, &login, &issued, &expires_in_s,
                               &s->error) == STATUS_OK);
        EXPECT(expires_in_s == 86400);
        snprintf(token, sizeof(token), "%s", issued);
}

static void add_user(struct scenario *s)
{
        user_id = store_fixture_user(s, "human");
        issue(s);
}

static void note_jti(void)
{
        struct caller caller = {0};

        assert_int_equal(check(token, &caller), STATUS_OK);
        memcpy(jti, caller.jti, sizeof(jti));
}

static int setup(void **state)
{
        if (store_setup(state) != 0 || start(*state, NULL) != STATUS_OK)
                return -1;
        store_fixture_run(*state, add_user);
        return 0;
}

static int teardown(void **state)
{
        authority = authority_free(authority);
        return store_teardown(state);
}

static void revoke_one(struct scenario *s)
{
        EXPECT(authority_revoke(s->lease, jti, &s->error) == STATUS_OK);
}

static void revoke_all(struct scenario *s)
{
        EXPECT(authority_revoke_user(s->lease, user_id, NULL, NULL, &s->error) == STATUS_OK);
}

static void revoke_others(struct scenario *s)
{
        EXPECT(authority_revoke_user(s->lease, user_id, jti, NULL, &s->error) == STATUS_OK);
}

static void change(struct scenario *s, struct user_change wanted)
{
        struct user user;

        EXPECT(user_update(s->lease, s->arena, user_id, &wanted, &user, &s->error) == STATUS_OK);
}

static void promote(struct scenario *s)
{
        change(s, (struct user_change){.has_role = true, .role = USER_ROLE_ADMIN});
}

static void put_to_sleep(struct scenario *s)
{
        change(s, (struct user_change){.has_is_active = true, .is_active = false});
}

static void delete_user(struct scenario *s)
{
        store_fixture_delete(s, user_id);
}

static void expire(struct scenario *s)
{
        STMT(q, s->lease, "UPDATE session SET expires_at = 1");
        EXPECT(stmt_run(&q, &s->error) == STATUS_OK);
}

/* --- what a user sees of it --- */

static int64_t last_used_ms;

static void look_at_session(struct scenario *s)
{
        struct session_list list = {0};

        EXPECT(session_list(s->lease, s->arena, user_id, clock_wall_ms(), 0, 10, &list,
                            &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1 && !list.more);
        if (list.n_items != 1)
                return;
        EXPECT(strcmp(list.items[0].client, "a test") == 0);
        EXPECT(memcmp(list.items[0].jti, jti, sizeof(jti)) == 0);
        last_used_ms = list.items[0].last_used_at_ms;
}

static void a_session_tells_when_it_was_used(void **state)
{
        struct store_fixture *f = *state;
        int64_t before_ms = clock_wall_ms();
        struct error error = ERROR_INIT;

        note_jti();
        store_fixture_run(f, look_at_session);
        assert_int_equal(last_used_ms, 0); /* not written yet */
        assert_int_equal(authority_note_use(authority, DEADLINE_NEVER, &error), STATUS_OK);
        store_fixture_run(f, look_at_session);
        assert_in_range(last_used_ms, before_ms, clock_wall_ms());

        /* Within the minute nothing is written again. */
        int64_t noted_ms = last_used_ms;
        assert_int_equal(check(token, NULL), STATUS_OK);
        assert_int_equal(authority_note_use(authority, DEADLINE_NEVER, &error), STATUS_OK);
        store_fixture_run(f, look_at_session);
        assert_int_equal(last_used_ms, noted_ms);
}

static void end_wrong_sessions(struct scenario *s)
{
        uint8_t other[16] = {1};

        EXPECT(session_revoke_one(s->lease, user_id, other, &s->error) == STATUS_NOT_FOUND);
        EXPECT(session_revoke_one(s->lease, user_id + 1, jti, &s->error) == STATUS_NOT_FOUND);
}

static void end_session(struct scenario *s)
{
        struct session_list list = {0};

        EXPECT(session_revoke_one(s->lease, user_id, jti, &s->error) == STATUS_OK);
        EXPECT(session_revoke_one(s->lease, user_id, jti, &s->error) == STATUS_NOT_FOUND);
        EXPECT(session_list(s->lease, s->arena, user_id, clock_wall_ms(), 0, 10, &list,
                            &s->error) == STATUS_OK);
        EXPECT(list.n_items == 0);
}

static void a_session_is_ended_by_its_owner_alone(void **state)
{
        struct store_fixture *f = *state;

        note_jti();
        store_fixture_run(f, end_wrong_sessions);
        assert_int_equal(check(token, NULL), STATUS_OK);
        store_fixture_run(f, end_session);
        authority_forget(authority, jti);
        assert_int_equal(check(token, NULL), STATUS_UNAUTHENTICATED);
}

static void an_issued_token_says_who_calls(void **state)
{
        (void)state;
        struct caller caller = {0};

        for (int i = 0; i < 2; i++) { /* from the database, then as remembered */
                memset(&caller, 0, sizeof(caller));
                assert_int_equal(check(token, &caller), STATUS_OK);
                assert_int_equal(caller.user_id, user_id);
                assert_string_equal(caller.username, "human");
                assert_false(caller.is_admin || caller.is_operator);
                assert_true(caller.expires_at_ms > clock_wall_ms());
        }
}

static void junk_is_refused(void **state)
{
        (void)state;
        struct error error = ERROR_INIT;
        struct caller caller;

        assert_int_equal(check("", NULL), STATUS_UNAUTHENTICATED);
        assert_int_equal(check("junk", NULL), STATUS_UNAUTHENTICATED);
        assert_int_equal(
                authority_check(authority, bytes("a.b.c"), true, DEADLINE_NEVER, &caller, &error),
                STATUS_UNAUTHENTICATED);
        assert_string_equal(error.text, "log in again");
}

static void a_revoked_token_is_refused_at_once(void **state)
{
        note_jti();
        store_fixture_run(*state, revoke_one);
        authority_forget(authority, jti);
        assert_int_equal(check(token, NULL), STATUS_UNAUTHENTICATED);
}

static void a_user_is_revoked_but_for_the_session_that_stays(void **state)
{
        char kept[sizeof(token)];

        note_jti();
        memcpy(kept, token, sizeof(kept));
        store_fixture_run(*state, issue);
        assert_int_equal(check(token, NULL), STATUS_OK);

        store_fixture_run(*state, revoke_others);
        authority_forget_user(authority, user_id);
        assert_int_equal(check(kept, NULL), STATUS_OK);
        assert_int_equal(check(token, NULL), STATUS_UNAUTHENTICATED);

        store_fixture_run(*state, revoke_all);
        authority_forget_user(authority, user_id);
        assert_int_equal(check(kept, NULL), STATUS_UNAUTHENTICATED);
}

static void a_new_role_holds_at_once(void **state)
{
        struct caller caller = {0};

        note_jti();
        store_fixture_run(*state, promote);
        authority_forget_user(authority, user_id);
        assert_int_equal(check(token, &caller), STATUS_OK);
        assert_true(caller.is_admin);
        assert_false(caller.is_operator);
}

static void inactive_and_deleted_users_are_refused_at_once(void **state)
{
        note_jti();
        store_fixture_run(*state, put_to_sleep);
        authority_forget_user(authority, user_id);
        assert_int_equal(check(token, NULL), STATUS_UNAUTHENTICATED);

        store_fixture_run(*state, delete_user);
        authority_forget_user(authority, user_id);
        assert_int_equal(check(token, NULL), STATUS_UNAUTHENTICATED);
}

static void an_expired_session_is_refused(void **state)
{
        store_fixture_run(*state, expire);
        assert_int_equal(check(token, NULL), STATUS_UNAUTHENTICATED);
}

static void what_is_remembered_expires_too(void **state)
{
        (void)state;
        struct cache *cache;
        struct caller in = {.user_id = 1, .expires_at_ms = 1000}, out;

        assert_int_equal(cache_new(&cache, NULL), STATUS_OK);
        cache_add(cache, bytes("some.token.here"), 0, &in, cache_generation(cache));
        assert_true(cache_find(cache, bytes("some.token.here"), 999, &out));
        assert_false(cache_find(cache, bytes("some.token.here"), 1000, &out));
        assert_false(cache_find(cache, bytes("same.token.here"), 999, &out));
        cache_free(cache);
}

static void what_was_verified_before_a_change_is_not_remembered_after_it(void **state)
{
        (void)state;
        struct cache *cache;
        struct caller in = {.user_id = 1, .expires_at_ms = INT64_MAX}, out;

        assert_int_equal(cache_new(&cache, NULL), STATUS_OK);
        uint64_t generation = cache_generation(cache);
        cache_forget_user(cache, 1);
        cache_add(cache, bytes("some.token.here"), 0, &in, generation);
        assert_false(cache_find(cache, bytes("some.token.here"), 0, &out));
        generation = cache_generation(cache);
        cache_forget(cache, in.jti);
        cache_add(cache, bytes("some.token.here"), 0, &in, generation);
        assert_false(cache_find(cache, bytes("some.token.here"), 0, &out));
        cache_free(cache);
}

static void the_cache_is_bounded(void **state)
{
        (void)state;
        struct cache *cache;
        struct caller in = {.user_id = 1, .expires_at_ms = INT64_MAX}, out;
        char text[64];
        unsigned n_found = 0;

        assert_int_equal(cache_new(&cache, NULL), STATUS_OK);
        for (unsigned i = 0; i < 200000; i++) {
                snprintf(text, sizeof(text), "token.%08x", i * 2654435761u);
                cache_add(cache, bytes(text), 0, &in, cache_generation(cache));
                assert_true(cache_find(cache, bytes(text), 0, &out));
        }
        for (unsigned i = 0; i < 200000; i++) {
                snprintf(text, sizeof(text), "token.%08x", i * 2654435761u);
                n_found += cache_find(cache, bytes(text), 0, &out);
        }
        assert_in_range(n_found, 1, 65536);
        cache_forget_user(cache, 1);
        for (unsigned i = 0; i < 200000; i++) {
                snprintf(text, sizeof(text), "token.%08x", i * 2654435761u);
                assert_false(cache_find(cache, bytes(text), 0, &out));
        }
        cache_free(cache);
}

/* What the threads of the race look at. */
struct race {
        atomic_bool revoked; /* committed and forgotten: from here on nobody may pass */
        atomic_bool stop;
        atomic_uint n_passed, n_wrong;
};

static void *check_again_and_again(void *arg)
{
        struct race *race = arg;

        while (!atomic_load(&race->stop)) {
                bool revoked = atomic_load(&race->revoked);
                bool passed = check(token, NULL) == STATUS_OK;

                if (passed)
                        atomic_fetch_add(&race->n_passed, 1);
                if (passed && revoked)
                        atomic_fetch_add(&race->n_wrong, 1);
        }
        return NULL;
}

static void nobody_passes_once_a_revocation_is_done(void **state)
{
        for (int round = 0; round < N_ROUNDS; round++) {
                struct race race = {0};
                pthread_t threads[N_THREADS];

                store_fixture_run(*state, issue);
                for (int i = 0; i < N_THREADS; i++)
                        assert_int_equal(
                                pthread_create(&threads[i], NULL, check_again_and_again, &race), 0);
                deadline_ns deadline = deadline_in_ms(10000);
                while (atomic_load(&race.n_passed) < N_THREADS && !deadline_passed(deadline))
                        sched_yield();
                store_fixture_run(*state, revoke_all);
                authority_forget_user(authority, user_id);
                atomic_store(&race.revoked, true);
                for (int i = 0; i < 100; i++)
                        sched_yield();
                enum status st = check(token, NULL);
                atomic_store(&race.stop, true);
                for (int i = 0; i < N_THREADS; i++)
                        pthread_join(threads[i], NULL);
                assert_int_equal(st, STATUS_UNAUTHENTICATED);
                assert_true(atomic_load(&race.n_passed) >= N_THREADS);
                assert_int_equal(atomic_load(&race.n_wrong), 0);
        }
}

static void the_operator_comes_directly_and_with_todays_token(void **state)
{
        const struct store_fixture *f = *state;
        char path[T_PATH_BYTES + 16];
        struct caller caller = {0};

        snprintf(path, sizeof(path), "%s/operator.token", f->dir);
        AUTO_FREE char *operator_token = t_read_file(path, NULL);
        assert_int_equal(strncmp(operator_token, "operator-", 9), 0);
        assert_int_equal(check(operator_token, &caller), STATUS_OK);
        assert_true(caller.is_admin && caller.is_operator);
        assert_int_equal(caller.user_id, 0);
        assert_int_equal(authority_check(authority, bytes(operator_token), false, DEADLINE_NEVER,
                                         &caller, NULL),
                         STATUS_UNAUTHENTICATED);

        authority = authority_free(authority);
        assert_int_equal(start(*state, NULL), STATUS_OK);
        assert_int_equal(check(operator_token, NULL), STATUS_UNAUTHENTICATED);
        assert_int_equal(check("operator-", NULL), STATUS_UNAUTHENTICATED);
}

static void tokens_outlive_a_restart(void **state)
{
        authority = authority_free(authority);
        assert_int_equal(start(*state, NULL), STATUS_OK);
        assert_int_equal(check(token, NULL), STATUS_OK);
}

static void a_key_that_others_may_read_or_of_another_size_stops_the_start(void **state)
{
        const struct store_fixture *f = *state;
        struct error error = ERROR_INIT;
        struct stat info;
        char path[T_PATH_BYTES + 16];

        snprintf(path, sizeof(path), "%s/token.key", f->dir);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0600);
        assert_int_equal(info.st_size, 32);
        authority = authority_free(authority);

        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(start(f, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, "chmod 600"));
        assert_int_equal(chmod(path, 0600), 0);
        assert_int_equal(truncate(path, 31), 0);
        assert_int_equal(start(f, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, "32 bytes"));
        assert_int_equal(truncate(path, 33), 0);
        assert_int_equal(start(f, &error), STATUS_FAILED_PRECONDITION);
        assert_null(authority);
}

static void ten_failures_lock_an_account_and_success_opens_it(void **state)
{
        (void)state;
        struct error error = ERROR_INIT;

        for (int i = 0; i < 10; i++)
                assert_int_equal(authority_login_attempt(authority, "Human", "", NULL), STATUS_OK);
        assert_int_equal(authority_login_attempt(authority, "hUMAN", "", &error),
                         STATUS_RESOURCE_EXHAUSTED);
        assert_in_range(error.retry_after_ms, 1, 5 * 60 * 1000);
        assert_int_equal(authority_login_attempt(authority, "other", "", NULL), STATUS_OK);
        authority_login_undecided(authority, "human", "");
        assert_int_equal(authority_login_attempt(authority, "human", "", NULL), STATUS_OK);
        authority_login_succeeded(authority, "human", "");
        assert_int_equal(authority_login_attempt(authority, "human", "", NULL), STATUS_OK);
}

static void a_hundred_failures_lock_an_address(void **state)
{
        (void)state;
        char name[32];

        for (int i = 0; i < 100; i++) {
                snprintf(name, sizeof(name), "user%d", i);
                assert_int_equal(authority_login_attempt(authority, name, "192.0.2.1", NULL),
                                 STATUS_OK);
        }
        assert_int_equal(authority_login_attempt(authority, "another", "192.0.2.1", NULL),
                         STATUS_RESOURCE_EXHAUSTED);
        assert_int_equal(authority_login_attempt(authority, "another", "192.0.2.2", NULL),
                         STATUS_OK);
        assert_int_equal(authority_login_attempt(authority, "another", "", NULL), STATUS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(an_issued_token_says_who_calls),
                TEST(a_session_tells_when_it_was_used),
                TEST(a_session_is_ended_by_its_owner_alone),
                TEST(junk_is_refused),
                TEST(a_revoked_token_is_refused_at_once),
                TEST(a_user_is_revoked_but_for_the_session_that_stays),
                TEST(a_new_role_holds_at_once),
                TEST(inactive_and_deleted_users_are_refused_at_once),
                TEST(an_expired_session_is_refused),
                cmocka_unit_test(what_is_remembered_expires_too),
                cmocka_unit_test(what_was_verified_before_a_change_is_not_remembered_after_it),
                cmocka_unit_test(the_cache_is_bounded),
                TEST(nobody_passes_once_a_revocation_is_done),
                TEST(the_operator_comes_directly_and_with_todays_token),
                TEST(tokens_outlive_a_restart),
                TEST(a_key_that_others_may_read_or_of_another_size_stops_the_start),
                TEST(ten_failures_lock_an_account_and_success_opens_it),
                TEST(a_hundred_failures_lock_an_address),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
