/* Conversations and their keys on a disk that fails at its n-th operation, and where memory runs
 * out: what was acknowledged opens, what was not did not happen, and no key is ever lost. */
#include "service/auth/vault.h"

#include "service/store/memory.h"
#include "service/store/user.h"
#include "tests/support/fault_vfs.h"
#include "tests/unit/store_fixture.h"

#include <string.h>

#define MAX_N 500

static const struct {
        enum fault fault;
        const char *name;
        enum status expected;
} faults[] = {
        {FAULT_READ, "read", STATUS_INTERNAL},
        {FAULT_WRITE, "write", STATUS_INTERNAL},
        {FAULT_SHORT_WRITE, "short write", STATUS_INTERNAL},
        {FAULT_FULL, "full", STATUS_UNAVAILABLE},
        {FAULT_SYNC, "sync", STATUS_INTERNAL},
};

static struct vault *vault;
static unsigned n_users; /* that are there, each with two messages */

static int setup(void **state)
{
        struct store_fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        *state = f;
        fault_vfs_register();
        f->vfs = FAULT_VFS;
        n_users = 0;
        t_temp_dir(f->dir);
        return store_fixture_open(f) && vault_new(f->dir, f->db, &vault, NULL) == STATUS_OK ? 0
                                                                                            : -1;
}

static int teardown(void **state)
{
        fault_vfs_disarm();
        vault = vault_free(vault);
        return store_teardown(state);
}

/* What one try does: a user, who gets a key by saying something. */
struct talk {
        struct db *db;
        unsigned number;
        unsigned fail_after; /* allocations; 0: none fails */
};

static enum status talk(struct lease *lease, struct arena *arena, unsigned number,
                        struct error *reterr)
{
        const struct memory_message said[] = {
                {.content = "a question", .created_at_ms = MEMORY_NOW},
                {.content = "an answer",
                 .role = MEMORY_ROLE_ASSISTANT,
                 .created_at_ms = MEMORY_NOW},
        };
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        const char *name = arena_printf(arena, "user%u", number);
        int64_t ids[ARRAY_SIZE(said)];
        struct user user;

        if (!name)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        enum status st = user_add(lease, arena, name, name, "hash", USER_ROLE_USER, &user, reterr);
        if (st == STATUS_OK)
                st = vault_user_key(vault, lease, user.id, true, &key, reterr);
        if (st == STATUS_OK)
                st = memory_append(lease, arena, &key, user.id, said, ARRAY_SIZE(said), ids,
                                   reterr);
        return st;
}

/* On the writer thread, whose allocations are the ones that fail. */
static enum status talk_and_commit(void *arg, struct error *reterr)
{
        const struct talk *t = arg;
        AUTO_ARENA arena;
        LEASE(lease, t->db, LEASE_WRITE, DEADLINE_NEVER);

        arena_init(&arena, 1024 * 1024);
        arena_fail_after(t->fail_after);
        enum status st = talk(&lease, &arena, t->number, reterr);
        arena_fail_after(0);
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void expect_two_messages(struct scenario *s, int64_t user_id)
{
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct memory_list list = {0};

        EXPECT(vault_user_key(vault, s->lease, user_id, false, &key, &s->error) == STATUS_OK);
        EXPECT(memory_list(s->lease, s->arena, &key, user_id, "", 0, 10, &list, &s->error) ==
               STATUS_OK);
        EXPECT(list.n_items == 2);
        if (list.n_items == 2)
                EXPECT(strcmp(list.items[0].content, "an answer") == 0);
}

static void expect_everybody(struct scenario *s)
{
        STMT(q, s->lease, "SELECT id FROM account");
        unsigned n = 0;

        while (stmt_row(&q, &s->error) == STATUS_OK) {
                expect_two_messages(s, stmt_int(&q, 0));
                n++;
        }
        EXPECT(n == n_users);
}

static void fail_talks(struct store_fixture *f, unsigned kind)
{
        for (unsigned n = 1; n < MAX_N; n++) {
                struct talk t = {.db = f->db, .number = kind * MAX_N + n};
                struct error error = ERROR_INIT;

                fault_vfs_arm(faults[kind].fault, n, 1);
                enum status st = db_write(f->db, talk_and_commit, &t, DEADLINE_NEVER, &error);
                unsigned n_hits = fault_vfs_disarm();

                if (st != STATUS_OK && (st != faults[kind].expected || n_hits == 0))
                        fail_msg("%s %u: %s: %s", faults[kind].name, n, status_name(st),
                                 error.text);
                n_users += st == STATUS_OK;
                store_fixture_run(f, expect_everybody);
                if (n_hits == 0)
                        return;
        }
        fail_msg("%s never succeeds", faults[kind].name);
}

static void what_is_said_on_a_failing_disk_is_kept_or_not(void **state)
{
        for (unsigned kind = 0; kind < ARRAY_SIZE(faults); kind++)
                fail_talks(*state, kind);
}

static void what_is_said_without_memory_is_not_kept(void **state)
{
        struct store_fixture *f = *state;

        for (unsigned n = 1; n < MAX_N; n++) {
                struct talk t = {.db = f->db, .number = n, .fail_after = n};
                struct error error = ERROR_INIT;
                enum status st = db_write(f->db, talk_and_commit, &t, DEADLINE_NEVER, &error);

                n_users += st == STATUS_OK;
                store_fixture_run(f, expect_everybody);
                if (st == STATUS_OK) {
                        assert_true(n > 3);
                        return;
                }
                assert_status(st, STATUS_RESOURCE_EXHAUSTED);
        }
        fail_msg("it never succeeds");
}

static void rotation_on_a_failing_disk_loses_no_key(void **state)
{
        struct store_fixture *f = *state;
        int64_t n_keys;

        for (unsigned number = 1; number <= 3; number++) {
                struct talk t = {.db = f->db, .number = number};

                assert_status(db_write(f->db, talk_and_commit, &t, DEADLINE_NEVER, NULL),
                              STATUS_OK);
                n_users++;
        }
        for (unsigned kind = 0; kind < ARRAY_SIZE(faults); kind++) {
                unsigned n = 1;

                for (unsigned n_hits = 1; n_hits > 0 && n < MAX_N; n++) {
                        struct error error = ERROR_INIT;

                        fault_vfs_arm(faults[kind].fault, n, 1);
                        enum status st = vault_rotate(vault, DEADLINE_NEVER, &n_keys, &error);
                        n_hits = fault_vfs_disarm();
                        if (st != STATUS_OK && (st != faults[kind].expected || n_hits == 0))
                                fail_msg("%s %u: %s: %s", faults[kind].name, n, status_name(st),
                                         error.text);
                        store_fixture_run(f, expect_everybody);
                        vault = vault_free(vault);
                        assert_status(vault_new(f->dir, f->db, &vault, NULL), STATUS_OK);
                        store_fixture_run(f, expect_everybody);
                }
                assert_true(n < MAX_N);
        }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(what_is_said_on_a_failing_disk_is_kept_or_not),
                CASE(what_is_said_without_memory_is_not_kept),
                CASE(rotation_on_a_failing_disk_loses_no_key),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
