/* A database of schema 2, whose conversations were not sealed. */
#include "service/auth/seal_old.h"

#include "service/store/memory.h"
#include "service/store/schema.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

#define SECRET   "what nobody else should read"
#define N_HUMAN  250 /* more than two parts */
#define N_FRIEND 3
#define LAST_ID  (N_HUMAN + N_FRIEND)

static struct vault *vault;
static int64_t human, friend;

static enum status open_schema(struct store_fixture *f, size_t n_migrations)
{
        char path[T_PATH_BYTES + 16], backups[T_PATH_BYTES + 16];

        snprintf(path, sizeof(path), "%s/test.db", f->dir);
        snprintf(backups, sizeof(backups), "%s/backups", f->dir);
        const struct db_options options = {
                .path = path,
                .backup_dir = backups,
                .migrations = store_migrations,
                .n_migrations = n_migrations,
                .n_readers = 2,
        };
        return db_open(&options, &f->db, NULL);
}

static void write_old(struct scenario *s, int64_t user_id, int n)
{
        STMT(q, s->lease,
             "INSERT INTO memory_message (user_id, thread_id, role, content, created_at)"
             " VALUES ($1, 't', 2, $2, 7)");
        for (int i = 0; i < n; i++) {
                stmt_reset(&q);
                stmt_bind_int(&q, 1, user_id);
                stmt_bind_text(&q, 2, arena_printf(s->arena, SECRET " %d", i));
                EXPECT(stmt_run(&q, &s->error) == STATUS_OK);
        }
}

static void fill_old(struct scenario *s)
{
        human = store_fixture_user(s, "human");
        friend = store_fixture_user(s, "friend");
        write_old(s, human, N_HUMAN - 1);
        write_old(s, friend, N_FRIEND);
        write_old(s, human, 1);
}

static int setup(void **state)
{
        struct store_fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        *state = f;
        t_temp_dir(f->dir);
        if (open_schema(f, 2) != STATUS_OK)
                return -1;
        store_fixture_run(f, fill_old);
        f->db = db_close(f->db);
        return open_schema(f, store_n_migrations) == STATUS_OK &&
                               vault_new(f->dir, f->db, &vault, NULL) == STATUS_OK
                       ? 0
                       : -1;
}

static int teardown(void **state)
{
        vault = vault_free(vault);
        return store_teardown(state);
}

static void expect_sealed(struct scenario *s, int64_t user_id, size_t n)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct memory_list list = {0};

        EXPECT(vault_user_key(vault, s->lease, user_id, false, &key, &s->error) == STATUS_OK);
        EXPECT(memory_list(s->lease, s->arena, &key, user_id, "t", 0, 1000, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == n);
        for (size_t i = 0; i < list.n_items; i++) {
                EXPECT(strncmp(list.items[i].content, SECRET, strlen(SECRET)) == 0);
                EXPECT(list.items[i].role == MEMORY_ROLE_ASSISTANT);
                EXPECT(list.items[i].created_at_ms == 7);
        }
}

static void expect_all_sealed(struct scenario *s)
{
        const struct memory_message message = {.content = "new", .created_at_ms = MEMORY_NOW};
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        int64_t id = 0;

        expect_sealed(s, human, N_HUMAN);
        expect_sealed(s, friend, N_FRIEND);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM memory_unsealed") == 0);
        EXPECT(store_fixture_count(s, "SELECT max(id) FROM memory_message") == LAST_ID);
        EXPECT(vault_user_key(vault, s->lease, human, true, &key, &s->error) == STATUS_OK);
        EXPECT(memory_append(s->lease, s->arena, &key, human, &message, 1, &id, &s->error) ==
               STATUS_OK);
        EXPECT(id == LAST_ID + 1);
}

static bool file_has(const struct store_fixture *f, const char *name, const char *text)
{
        char path[T_PATH_BYTES + 32];
        size_t n;

        snprintf(path, sizeof(path), "%s/%s", f->dir, name);
        AUTO_FREE char *data = t_read_file(path, &n);
        return memmem(data, n, text, strlen(text)) != NULL;
}

static void old_conversations_are_sealed(void **state)
{
        struct store_fixture *f = *state;

        assert_true(file_has(f, "test.db", SECRET));
        assert_status(seal_old(vault, f->db, NULL), STATUS_OK);
        /* While it runs, and the log is there still. */
        assert_true(t_wait(!file_has(f, "test.db", SECRET) && !file_has(f, "test.db-wal", SECRET),
                           10000));
        store_fixture_run(f, expect_all_sealed);
        assert_status(seal_old(vault, f->db, NULL), STATUS_OK);
        f->db = db_close(f->db);
        assert_false(file_has(f, "test.db", SECRET));
}

static void seal_some(struct scenario *s)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        int64_t id = 0;

        EXPECT(memory_old_user(s->lease, &id, &s->error) == STATUS_OK && id == human);
        EXPECT(vault_user_key(vault, s->lease, id, true, &key, &s->error) == STATUS_OK);
        EXPECT(memory_seal_old(s->lease, s->arena, &key, id, 17, &s->error) == STATUS_OK);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM memory_unsealed") == LAST_ID - 17);
}

static void an_interrupted_sealing_goes_on(void **state)
{
        struct store_fixture *f = *state;

        store_fixture_run(f, seal_some);
        vault = vault_free(vault);
        f->db = db_close(f->db);
        assert_status(open_schema(f, store_n_migrations), STATUS_OK);
        assert_status(vault_new(f->dir, f->db, &vault, NULL), STATUS_OK);
        assert_status(seal_old(vault, f->db, NULL), STATUS_OK);
        store_fixture_run(f, expect_all_sealed);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(old_conversations_are_sealed),
                CASE(an_interrupted_sealing_goes_on),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
