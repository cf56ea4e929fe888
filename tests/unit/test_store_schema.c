/* What upgrades make of databases that people have used. */
#include "service/store/schema.h"

#include "service/store/evaluation.h"
#include "service/store/training.h"
#include "tests/unit/store_fixture.h"

#include <stdio.h>
#include <string.h>

static void open_at(struct store_fixture *f, size_t n_migrations)
{
        char path[T_PATH_BYTES + 16];
        struct error error = ERROR_INIT;

        snprintf(path, sizeof(path), "%s/used.db", f->dir);
        const struct db_options options = {
                .path = path,
                .backup_dir = f->dir,
                .migrations = store_migrations,
                .n_migrations = n_migrations,
                .n_readers = 1,
        };
        f->db = db_close(f->db);
        if (db_open(&options, &f->db, &error) != STATUS_OK)
                fail_msg("%s", error.text);
}

static void exec(struct scenario *s, struct stmt *q)
{
        EXPECT(stmt_run(q, &s->error) == STATUS_OK);
}

/* Somebody with a training, a skill of the four under a name of its own, and a message. */
static void use_version_2(struct scenario *s)
{
        STMT(account, s->lease,
             "INSERT INTO account (id, username, username_key, email, email_key, password_hash,"
             " created_at) VALUES (7, 'human', 'human', 'h@x', 'h@x', 'hash', 1)");
        STMT(skill, s->lease,
             "INSERT INTO skill (id, name, name_key, description, created_at)"
             " VALUES (3, 'Empathy', 'empathy', 'mine', 1)");
        STMT(training, s->lease,
             "INSERT INTO training (id, user_id, skill_id, status, progress, started_at)"
             " VALUES (5, 7, 3, 2, 0.5, 1000)");
        STMT(message, s->lease,
             "INSERT INTO message (id, room_id, seq, user_id, content, created_at)"
             " VALUES (9, 1, 1, 7, 'long ago', 1)");
        exec(s, &account);
        exec(s, &skill);
        exec(s, &training);
        exec(s, &message);
}

static void look_at_version_4(struct scenario *s)
{
        struct training_list list = {0};
        struct evaluation_scan scan = {0};

        EXPECT(training_list_of_user(s->lease, s->arena, 7, &list, &s->error) == STATUS_OK);
        EXPECT(list.n_items == 1);
        if (list.n_items == 1) {
                EXPECT(list.items[0].days == 30 && list.items[0].progress == 0.5);
                EXPECT(list.items[0].due_at_ms == 1000 + INT64_C(30) * 86400000);
                EXPECT(list.items[0].level == 0 && list.items[0].next_milestone == 2);
        }
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM skill") == 4);
        EXPECT(store_fixture_count(s, "SELECT count(*) FROM skill WHERE name = 'Empathy'"
                                      " AND description = 'mine'") == 1);
        EXPECT(store_fixture_count(s, "SELECT level FROM user_skill WHERE user_id = 7") == 0);
        /* What was said before there were evaluations is not evaluated. */
        EXPECT(evaluation_scan(s->lease, s->arena, 10, &scan, &s->error) == STATUS_OK);
        EXPECT(scan.n_messages == 0 && scan.end == 9);
}

static void trainings_of_before_get_their_time_and_their_skill(void **state)
{
        struct store_fixture *f = *state;

        open_at(f, 2);
        store_fixture_run(f, use_version_2);
        open_at(f, store_n_migrations);
        store_fixture_run(f, look_at_version_4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(trainings_of_before_get_their_time_and_their_skill),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
