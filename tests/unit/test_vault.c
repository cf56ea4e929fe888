#include "service/auth/vault.h"

#include "service/auth/master.h"
#include "service/store/user.h"
#include "service/store/user_key.h"
#include "tests/unit/store_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 450 /* more than two parts of a rotation */

/* Of the test that runs: scenarios run on the writer thread and get it from here. */
static struct vault *vault;
static int64_t human;
static struct seal_key first; /* human's key when it was made */

static enum status start(const struct store_fixture *f, struct error *reterr)
{
        return vault_new(f->dir, f->db, &vault, reterr);
}

static void key_path(const struct store_fixture *f, char ret[static T_PATH_BYTES + 16])
{
        snprintf(ret, T_PATH_BYTES + 16, "%s/master.key", f->dir);
}

static int setup(void **state)
{
        return store_setup(state) == 0 && start(*state, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
        vault = vault_free(vault);
        seal_key_wipe(&first);
        return store_teardown(state);
}

static void make_human(struct scenario *s)
{
        human = store_fixture_user(s, "human");
        EXPECT(vault_user_key(vault, s->lease, human, true, &first, &s->error) == STATUS_OK);
        EXPECT(first.is_set);
}

static void expect_same_key(struct scenario *s)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;

        EXPECT(vault_user_key(vault, s->lease, human, false, &key, &s->error) == STATUS_OK);
        EXPECT(key.is_set && memcmp(key.bytes, first.bytes, sizeof(key.bytes)) == 0);
}

/* Many users, each with a key; human is the first. */
static void make_many(struct scenario *s)
{
        make_human(s);
        for (int i = 1; i < MANY; i++) {
                AUTO_SEAL_KEY key = SEAL_KEY_INIT;
                int64_t id = store_fixture_user(s, arena_printf(s->arena, "user%d", i));

                EXPECT(vault_user_key(vault, s->lease, id, true, &key, &s->error) == STATUS_OK);
        }
}

/* Each of them opens. */
static void expect_all_keys(struct scenario *s)
{
        STMT(q, s->lease, "SELECT user_id FROM user_key");
        unsigned n = 0;

        expect_same_key(s);
        while (stmt_row(&q, &s->error) == STATUS_OK) {
                AUTO_SEAL_KEY key = SEAL_KEY_INIT;

                EXPECT(vault_user_key(vault, s->lease, stmt_int(&q, 0), false, &key, &s->error) ==
                       STATUS_OK);
                n++;
        }
        EXPECT(n == MANY);
}

SCENARIO(a_key_is_made_once_and_only_when_asked_for)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT, other = SEAL_KEY_INIT;

        human = store_fixture_user(s, "human");
        int64_t friend = store_fixture_user(s, "friend");
        EXPECT(vault_user_key(vault, s->lease, human, false, &key, &s->error) == STATUS_OK);
        EXPECT(!key.is_set);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM user_key") == 0);
        EXPECT(vault_user_key(vault, s->lease, human, true, &first, &s->error) == STATUS_OK);
        EXPECT(vault_user_key(vault, s->lease, human, true, &key, &s->error) == STATUS_OK);
        EXPECT(memcmp(key.bytes, first.bytes, sizeof(key.bytes)) == 0);
        EXPECT(vault_user_key(vault, s->lease, friend, true, &other, &s->error) == STATUS_OK);
        EXPECT(memcmp(key.bytes, other.bytes, sizeof(key.bytes)) != 0);
}

SCENARIO(nobody_has_no_key)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;

        EXPECT(vault_user_key(vault, s->lease, 99, true, &key, &s->error) ==
               STATUS_FAILED_PRECONDITION);
        EXPECT(!key.is_set);
}

SCENARIO(a_key_goes_with_its_user)
{
        make_human(s);
        store_fixture_delete(s, human);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM user_key") == 0);
}

SCENARIO(a_key_of_another_user_does_not_open)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct user_key stolen;

        make_human(s);
        int64_t thief = store_fixture_user(s, "thief");
        EXPECT(user_key_get(s->lease, human, &stolen, &s->error) == STATUS_OK);
        stolen.user_id = thief;
        EXPECT(user_key_put(s->lease, &stolen, &s->error) == STATUS_OK);
        EXPECT(vault_user_key(vault, s->lease, thief, false, &key, &s->error) == STATUS_DATA_LOSS);
        EXPECT(!key.is_set);
}

SCENARIO(what_is_sealed_opens_only_where_it_belongs)
{
        const struct seal_place place = {"test", 1, 2, 3, "name", 4};
        const struct seal_place others[] = {
                {"tes", 1, 2, 3, "name", 4},  {"test", 9, 2, 3, "name", 4},
                {"test", 1, 9, 3, "name", 4}, {"test", 1, 2, 9, "name", 4},
                {"test", 1, 2, 3, "name", 3}, {"test", 1, 2, 3, NULL, 0},
        };
        AUTO_SEAL_KEY other = {.is_set = true, .bytes = {7}};
        struct frame_bytes sealed = {0}, again = {0};
        const char *text = "";

        make_human(s);
        EXPECT(seal_text(&first, &place, s->arena, "hello", &sealed, &s->error) == STATUS_OK);
        EXPECT(sealed.n_bytes == strlen("hello") + SEAL_MORE_BYTES);
        EXPECT(!memmem(sealed.data, sealed.n_bytes, "hello", 5));
        EXPECT(seal_open_text(&first, &place, s->arena, sealed, &text, &s->error) == STATUS_OK);
        EXPECT(strcmp(text, "hello") == 0);
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                EXPECT(seal_open_text(&first, &others[i], s->arena, sealed, &text, &s->error) ==
                       STATUS_DATA_LOSS);
        EXPECT(seal_open_text(&other, &place, s->arena, sealed, &text, &s->error) ==
               STATUS_DATA_LOSS);
        EXPECT(seal_text(&first, &place, s->arena, "hello", &again, &s->error) == STATUS_OK);
        EXPECT(memcmp(sealed.data, again.data, sealed.n_bytes) != 0);
}

SCENARIO(what_is_damaged_does_not_open)
{
        const struct seal_place place = {.purpose = "test", .user_id = 1};
        const struct seal_key none = SEAL_KEY_INIT;
        struct frame_bytes sealed = {0};
        const char *text = "";

        make_human(s);
        EXPECT(seal_text(&first, &place, s->arena, "", &sealed, &s->error) == STATUS_OK);
        for (size_t n = 0; n < sealed.n_bytes; n++) {
                const struct frame_bytes cut = {sealed.data, n};
                uint8_t *flipped = arena_memdup(s->arena, sealed.data, sealed.n_bytes);

                EXPECT(seal_open_text(&first, &place, s->arena, cut, &text, &s->error) ==
                       STATUS_DATA_LOSS);
                flipped[n] ^= 1;
                EXPECT(seal_open_text(&first, &place, s->arena,
                                      (struct frame_bytes){flipped, sealed.n_bytes}, &text,
                                      &s->error) == STATUS_DATA_LOSS);
        }
        EXPECT(seal_open_text(&none, &place, s->arena, sealed, &text, &s->error) ==
               STATUS_DATA_LOSS);
        EXPECT(seal_text(&none, &place, s->arena, "x", &sealed, &s->error) == STATUS_INTERNAL);
}

static void the_file_is_nobody_elses(void **state)
{
        char path[T_PATH_BYTES + 16];
        struct stat info;
        struct error error;

        key_path(*state, path);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
        assert_int_equal(chmod(path, 0640), 0);
        vault = vault_free(vault);
        assert_status(start(*state, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, "chmod 600"));
}

static void a_key_is_the_same_after_a_restart(void **state)
{
        store_fixture_run(*state, make_human);
        vault = vault_free(vault);
        assert_status(start(*state, NULL), STATUS_OK);
        store_fixture_run(*state, expect_same_key);
}

/* What both the start and --check say. */
static void expect_refusal(struct store_fixture *f, const char *word)
{
        struct error error = ERROR_INIT, checked = ERROR_INIT;

        vault = vault_free(vault);
        assert_status(start(f, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, word));
        assert_non_null(strstr(error.text, "master.key"));
        assert_non_null(strstr(error.text, "restore"));
        assert_status(vault_check(f->dir, f->db, &checked), STATUS_FAILED_PRECONDITION);
        assert_string_equal(checked.text, error.text);
}

static void a_missing_file_is_not_replaced(void **state)
{
        char path[T_PATH_BYTES + 16];

        store_fixture_run(*state, make_human);
        key_path(*state, path);
        assert_int_equal(unlink(path), 0);
        expect_refusal(*state, "missing");
        assert_int_equal(access(path, F_OK), -1);
}

static void the_file_of_another_database_is_refused(void **state)
{
        struct store_fixture *f = *state;
        AUTO_MASTER_KEYS other = {0};

        store_fixture_run(f, make_human);
        assert_status(master_keys_add(&other, NULL), STATUS_OK);
        assert_status(master_keys_save(f->dir, &other, NULL), STATUS_OK);
        expect_refusal(f, "not the one");
}

static void a_damaged_file_is_refused(void **state)
{
        struct store_fixture *f = *state;
        char path[T_PATH_BYTES + 16];
        size_t n;

        key_path(f, path);
        AUTO_FREE char *text = t_read_file(path, &n);
        const size_t spots[] = {0, 16, 20, n - 2, n - 1};
        for (size_t i = 0; i < ARRAY_SIZE(spots); i++) {
                AUTO_FREE char *bad = t_read_file(path, NULL);

                bad[spots[i]] = bad[spots[i]] == 'A' ? 'B' : 'A';
                t_write_file(path, bad, n);
                expect_refusal(f, "damaged");
                t_write_file(path, text, n);
        }
        t_write_file(path, text, n - 1);
        expect_refusal(f, "damaged");
        t_write_file(path, "", 0);
        expect_refusal(f, "damaged");
}

/* --- rotation --- */

static int64_t n_masters;
static struct master_keys before, after;

static void count_masters(struct scenario *s)
{
        n_masters = store_fixture_count(s, "SELECT count(DISTINCT master_id) FROM user_key");
}

static void load(struct store_fixture *f, struct master_keys *ret)
{
        assert_status(master_keys_load(f->dir, ret, NULL), STATUS_OK);
}

/* All keys are as they were, under the one master key that is in the file. */
static void expect_rotated(struct store_fixture *f)
{
        load(f, &after);
        assert_int_equal(after.n_items, 1);
        assert_true(after.items[0].id != before.items[0].id);
        store_fixture_run(f, count_masters);
        assert_int_equal(n_masters, 1);
        store_fixture_run(f, expect_same_key);
        vault = vault_free(vault);
        assert_status(start(f, NULL), STATUS_OK);
        store_fixture_run(f, expect_same_key);
}

static void rotation_seals_every_key_anew(void **state)
{
        struct store_fixture *f = *state;
        int64_t n = 0;

        store_fixture_run(f, make_many);
        load(f, &before);
        assert_status(vault_rotate(vault, DEADLINE_NEVER, &n, NULL), STATUS_OK);
        assert_int_equal(n, MANY);
        expect_rotated(f);
}

static void rotation_can_be_repeated(void **state)
{
        struct store_fixture *f = *state;
        int64_t n = 0;

        store_fixture_run(f, make_human);
        load(f, &before);
        for (int i = 0; i < 2 * MASTER_MAX_KEYS; i++) {
                assert_status(vault_rotate(vault, DEADLINE_NEVER, &n, NULL), STATUS_OK);
                assert_int_equal(n, 1);
        }
        expect_rotated(f);
}

/* As if the service had died after the file was written, before any key was. */
static void a_rotation_that_had_only_begun_is_finished(void **state)
{
        struct store_fixture *f = *state;

        store_fixture_run(f, make_many);
        load(f, &before);
        after = before;
        assert_status(master_keys_add(&after, NULL), STATUS_OK);
        assert_status(master_keys_save(f->dir, &after, NULL), STATUS_OK);
        vault = vault_free(vault);
        assert_status(start(f, NULL), STATUS_OK);
        expect_rotated(f);
}

static struct user_key kept[MANY];
static size_t n_kept;

static void keep_all(struct scenario *s)
{
        EXPECT(user_key_list_others(s->lease, 0, 0, kept, MANY, &n_kept, &s->error) == STATUS_OK);
}

static void put_back_half(struct scenario *s)
{
        for (size_t i = 0; i < n_kept; i += 2)
                EXPECT(user_key_put(s->lease, &kept[i], &s->error) == STATUS_OK);
}

/* As if it had died with half of the keys sealed anew, or (half unmade) with all of them. */
static void interrupt(struct store_fixture *f, scenario_fn unmake)
{
        int64_t n;

        store_fixture_run(f, make_many);
        store_fixture_run(f, keep_all);
        assert_int_equal(n_kept, MANY);
        load(f, &before);
        assert_status(vault_rotate(vault, DEADLINE_NEVER, &n, NULL), STATUS_OK);
        load(f, &after);
        after.items[after.n_items++] = before.items[0];
        assert_status(master_keys_save(f->dir, &after, NULL), STATUS_OK);
        if (unmake)
                store_fixture_run(f, unmake);
        vault = vault_free(vault);
        assert_status(start(f, NULL), STATUS_OK);
        expect_rotated(f);
}

static void a_rotation_that_was_half_done_is_finished(void **state)
{
        interrupt(*state, put_back_half);
}

static void a_rotation_that_was_all_but_done_is_finished(void **state)
{
        interrupt(*state, NULL);
}

static void a_rotation_without_time_is_finished_by_the_next(void **state)
{
        struct store_fixture *f = *state;
        int64_t n = 0;

        store_fixture_run(f, make_many);
        load(f, &before);
        assert_status(vault_rotate(vault, clock_mono_ns(), &n, NULL), STATUS_DEADLINE_EXCEEDED);
        store_fixture_run(f, expect_same_key);
        assert_status(vault_rotate(vault, DEADLINE_NEVER, &n, NULL), STATUS_OK);
        expect_rotated(f);
}

/* --- killed in the middle of it --- */

#define N_KILLS 12

/* Where the child is; it needs a database of its own. */
static void rotate_and_exit(struct store_fixture *f)
{
        int64_t n;

        if (!store_fixture_open(f) || start(f, NULL) != STATUS_OK ||
            vault_rotate(vault, DEADLINE_NEVER, &n, NULL) != STATUS_OK)
                _exit(1);
        _exit(0);
}

static off_t key_bytes(const struct store_fixture *f)
{
        char path[T_PATH_BYTES + 16];
        struct stat info = {0};

        key_path(f, path);
        return stat(path, &info) == 0 ? info.st_size : 0;
}

static bool has_ended(pid_t pid)
{
        siginfo_t info = {0};

        return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid == pid;
}

/* Kills it some milliseconds after the new master key has come into the file. */
static void rotate_and_kill(struct store_fixture *f, off_t one_key, int after_ms)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                rotate_and_exit(f);
        assert_true(t_wait(key_bytes(f) > one_key || has_ended(pid), 10000));
        (void)t_wait(has_ended(pid), after_ms);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void stop_all(struct store_fixture *f)
{
        vault = vault_free(vault);
        f->db = db_close(f->db);
}

static void a_rotation_may_be_killed_at_any_moment(void **state)
{
        struct store_fixture *f = *state;
        off_t one_key = key_bytes(f);

        store_fixture_run(f, make_many);
        load(f, &before);
        stop_all(f);
        for (int i = 0; i < N_KILLS; i++) {
                rotate_and_kill(f, one_key, i);
                assert_true(store_fixture_open(f));
                assert_status(start(f, NULL), STATUS_OK);
                store_fixture_run(f, expect_all_keys);
                stop_all(f);
        }
        assert_true(store_fixture_open(f));
        assert_status(start(f, NULL), STATUS_OK);
        expect_rotated(f);
}

static void damage_human(struct scenario *s)
{
        struct user_key key;

        EXPECT(user_key_get(s->lease, human, &key, &s->error) == STATUS_OK);
        key.wrapped[40] ^= 1;
        EXPECT(user_key_put(s->lease, &key, &s->error) == STATUS_OK);
}

static void a_damaged_key_keeps_the_old_master_key(void **state)
{
        struct store_fixture *f = *state;
        struct error error;
        int64_t n = 0;

        store_fixture_run(f, make_many);
        load(f, &before);
        store_fixture_run(f, damage_human);
        assert_status(vault_rotate(vault, DEADLINE_NEVER, &n, &error), STATUS_DATA_LOSS);
        load(f, &after);
        assert_int_equal(after.n_items, 2);
        assert_non_null(master_keys_find(&after, before.items[0].id));
        store_fixture_run(f, count_masters);
        assert_int_equal(n_masters, 2);
        vault = vault_free(vault);
        assert_status(start(f, NULL), STATUS_OK);
}

static int rotation_teardown(void **state)
{
        master_keys_wipe(&before);
        master_keys_wipe(&after);
        return teardown(state);
}

#define VAULT_TEST(name)    cmocka_unit_test_setup_teardown(name, setup, teardown)
#define ROTATION_TEST(name) cmocka_unit_test_setup_teardown(name, setup, rotation_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                VAULT_TEST(a_key_is_made_once_and_only_when_asked_for),
                VAULT_TEST(nobody_has_no_key),
                VAULT_TEST(a_key_goes_with_its_user),
                VAULT_TEST(a_key_of_another_user_does_not_open),
                VAULT_TEST(what_is_sealed_opens_only_where_it_belongs),
                VAULT_TEST(what_is_damaged_does_not_open),
                VAULT_TEST(the_file_is_nobody_elses),
                VAULT_TEST(a_key_is_the_same_after_a_restart),
                VAULT_TEST(a_missing_file_is_not_replaced),
                VAULT_TEST(the_file_of_another_database_is_refused),
                VAULT_TEST(a_damaged_file_is_refused),
                ROTATION_TEST(rotation_seals_every_key_anew),
                ROTATION_TEST(rotation_can_be_repeated),
                ROTATION_TEST(a_rotation_that_had_only_begun_is_finished),
                ROTATION_TEST(a_rotation_that_was_half_done_is_finished),
                ROTATION_TEST(a_rotation_that_was_all_but_done_is_finished),
                ROTATION_TEST(a_rotation_without_time_is_finished_by_the_next),
                ROTATION_TEST(a_rotation_may_be_killed_at_any_moment),
                ROTATION_TEST(a_damaged_key_keeps_the_old_master_key),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
