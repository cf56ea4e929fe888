#include "tests/unit/db_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct db_migration newer[] = {
        {1, "CREATE TABLE person (id INTEGER PRIMARY KEY, username TEXT NOT NULL,"
            " username_key TEXT NOT NULL UNIQUE) STRICT"},
        {2, "ALTER TABLE person ADD COLUMN city TEXT NOT NULL DEFAULT ''"},
        {3, "CREATE INDEX person_city ON person (city); UPDATE person SET city = 'Paris'"},
};

static const struct db_migration broken[] = {
        {1, "CREATE TABLE person (id INTEGER PRIMARY KEY)"},
        {2, "ALTER TABLE person ADD COLUMN city TEXT; UPDATE person SET username = 'nobody'"},
        {3, "THIS IS NO SQL"},
};

/* Rebuilds a table that another one refers to, and drops a row that is referred to. */
static const struct db_migration orphaning[] = {
        {1, "CREATE TABLE person (id INTEGER PRIMARY KEY)"},
        {2, "DELETE FROM person"},
};

static const struct db_migration rebuilding[] = {
        {1, "CREATE TABLE person (id INTEGER PRIMARY KEY)"},
        {2, "CREATE TABLE person_2 (id INTEGER PRIMARY KEY, username TEXT NOT NULL,"
            " username_key TEXT NOT NULL UNIQUE, age INTEGER) STRICT;"
            "INSERT INTO person_2 (id, username, username_key) SELECT id, username, username_key"
            " FROM person;"
            "DROP TABLE person; ALTER TABLE person_2 RENAME TO person"},
};

static enum status add_note(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        STMT(q, &lease, "INSERT INTO note (person_id, title) VALUES (1, 'a')");
        enum status st = stmt_run(&q, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* A database at version 1 with Ada and a note of hers, closed. */
static void make_version_1(struct db_fixture *f)
{
        fixture_open(f);
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        ASSERT_OK(db_write(f->db, add_note, f->db, DEADLINE_NEVER, err));
        fixture_close(f);
}

static enum status open_with(struct db_fixture *f, const struct db_migration *migrations, size_t n,
                             struct error *reterr)
{
        f->options.migrations = migrations;
        f->options.n_migrations = n;
        return db_open(&f->options, &f->db, reterr);
}

/* The path of the only backup; NULL when there is none. */
static char *find_backup(struct db_fixture *f, char *ret, size_t size)
{
        DIR *dir = opendir(f->backup_dir);
        bool found = false;

        for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
                if (entry->d_name[0] == '.')
                        continue;
                assert_false(found);
                found = true;
                snprintf(ret, size, "%s/%s", f->backup_dir, entry->d_name);
        }
        if (dir)
                closedir(dir);
        return found ? ret : NULL;
}

static void a_new_database_gets_the_newest_schema(void **state)
{
        struct db_fixture *f = *state;
        struct stat info;
        char path[1024];

        ASSERT_OK(open_with(f, newer, 3, err));
        assert_int_equal(db_schema_version(f->db), 3);
        assert_int_equal(stat(f->path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
        snprintf(path, sizeof(path), "%s-wal", f->path);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
        assert_null(find_backup(f, path, sizeof(path))); /* there was nothing to keep */
}

static void an_upgrade_keeps_the_data_and_a_copy(void **state)
{
        struct db_fixture *f = *state;
        char backup[1024];
        struct stat info;

        make_version_1(f);
        ASSERT_OK(open_with(f, newer, 3, err));
        assert_int_equal(db_schema_version(f->db), 3);
        {
                LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
                STMT(q, &lease, "SELECT city FROM person WHERE username = 'Ada'");
                ASSERT_OK(stmt_row(&q, err));
                assert_string_equal(stmt_text(&q, 0), "Paris");
        }
        fixture_close(f);

        assert_non_null(find_backup(f, backup, sizeof(backup)));
        assert_non_null(strstr(backup, "people.db.v1."));
        assert_int_equal(stat(backup, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);

        /* The copy is a database of version 1, with everything in it. */
        f->options.path = backup;
        ASSERT_OK(open_with(f, fixture_migrations, 1, err));
        assert_true(fixture_has(f->db, "Ada"));
        fixture_close(f);
}

static void a_check_upgrades_nothing(void **state)
{
        struct db_fixture *f = *state;
        char path[512];

        make_version_1(f);
        f->options.check_only = true;
        ASSERT_OK(open_with(f, newer, ARRAY_SIZE(newer), err));
        assert_int_equal(db_schema_version(f->db), 1);
        fixture_close(f);
        assert_null(find_backup(f, path, sizeof(path)));
        f->options.check_only = false;
        ASSERT_OK(open_with(f, newer, ARRAY_SIZE(newer), err));
        assert_int_equal(db_schema_version(f->db), 3);
}

static void opening_again_changes_nothing(void **state)
{
        struct db_fixture *f = *state;
        char path[1024];

        make_version_1(f);
        fixture_open(f);
        assert_int_equal(db_schema_version(f->db), 1);
        assert_true(fixture_has(f->db, "Ada"));
        assert_null(find_backup(f, path, sizeof(path)));
}

static void a_newer_schema_is_refused(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        ASSERT_OK(open_with(f, newer, 3, err));
        fixture_close(f);
        assert_int_equal(open_with(f, newer, 2, &error), STATUS_FAILED_PRECONDITION);
        assert_string_equal(error.text,
                            "the database is at schema 3, this program knows 2: install a newer "
                            "socializerd or restore a backup");
        ASSERT_OK(open_with(f, newer, 3, err));
}

static void a_failed_step_leaves_schema_and_data_as_they_were(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        make_version_1(f);
        assert_int_equal(open_with(f, broken, 3, &error), STATUS_INTERNAL);
        assert_non_null(strstr(error.text, "schema step 3"));
        assert_null(f->db);

        ASSERT_OK(open_with(f, fixture_migrations, 1, err));
        assert_int_equal(db_schema_version(f->db), 1);
        assert_true(fixture_has(f->db, "Ada"));
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT city FROM person");
        assert_int_equal(stmt_row(&q, &error), STATUS_INTERNAL);
}

static void an_upgrade_that_orphans_rows_is_refused(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        make_version_1(f);
        assert_int_equal(open_with(f, orphaning, 2, &error), STATUS_INTERNAL);
        ASSERT_OK(open_with(f, fixture_migrations, 1, err));
        assert_true(fixture_has(f->db, "Ada"));
}

static enum status delete_person(void *arg, struct error *reterr)
{
        LEASE(lease, arg, LEASE_WRITE, DEADLINE_NEVER);
        STMT(q, &lease, "DELETE FROM person");
        return stmt_run(&q, reterr);
}

static void a_step_may_rebuild_a_table_that_others_refer_to(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        make_version_1(f);
        ASSERT_OK(open_with(f, rebuilding, 2, err));
        assert_true(fixture_has(f->db, "Ada"));
        /* The note is still there, and foreign keys are on again. */
        assert_int_equal(db_write(f->db, delete_person, f->db, DEADLINE_NEVER, &error),
                         STATUS_FAILED_PRECONDITION);
}

static void without_a_copy_there_is_no_upgrade(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        make_version_1(f);
        f->options.backup_dir = "/dev/null/backups";
        assert_int_equal(open_with(f, newer, 3, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, "/dev/null/backups"));
        ASSERT_OK(open_with(f, fixture_migrations, 1, err));
        assert_true(fixture_has(f->db, "Ada"));
}

static void write_file(const char *path, const void *data, size_t n, off_t at)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, data, n, at), n);
        close(fd);
}

static void what_is_no_database_is_data_loss(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        char noise[8192];

        memset(noise, 'x', sizeof(noise));
        write_file(f->path, noise, sizeof(noise), 0);
        assert_int_equal(db_open(&f->options, &f->db, &error), STATUS_DATA_LOSS);
        assert_non_null(strstr(error.text, f->path));
        assert_non_null(strstr(error.text, "restore a backup"));
        assert_null(strchr(error.text, '\n'));
}

/* The third page has person's rows; the second says whose pages are whose, for shrinking. */
#define PERSON_PAGE_AT 8192

static void a_damaged_database_is_not_upgraded(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        char noise[4096];

        make_version_1(f);
        memset(noise, 0xa5, sizeof(noise));
        write_file(f->path, noise, sizeof(noise), PERSON_PAGE_AT);
        assert_int_equal(open_with(f, newer, 3, &error), STATUS_DATA_LOSS);
        assert_non_null(strstr(error.text, "restore a backup"));
}

static void a_damaged_page_is_data_loss_when_it_is_read(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        char noise[4096];

        make_version_1(f);
        memset(noise, 0xa5, sizeof(noise));
        write_file(f->path, noise, sizeof(noise), PERSON_PAGE_AT);
        fixture_open(f);
        LEASE(lease, f->db, LEASE_READ, DEADLINE_NEVER);
        STMT(q, &lease, "SELECT username FROM person");
        assert_int_equal(stmt_row(&q, &error), STATUS_DATA_LOSS);
}

static void the_database_of_another_program_is_refused(void **state)
{
        struct db_fixture *f = *state;
        static const struct db_migration theirs[] = {{1, "CREATE TABLE t (a)"}};
        struct error error = ERROR_INIT;

        ASSERT_OK(open_with(f, theirs, 1, err));
        fixture_close(f);
        /* What another program makes has version 0 in its header, at byte 60. */
        write_file(f->path, "\0\0\0\0", 4, 60);
        assert_int_equal(open_with(f, newer, 3, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, "some other program"));
}

static void a_second_process_is_refused(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;
        struct db *second = NULL;

        fixture_open(f);
        assert_int_equal(db_open(&f->options, &second, &error), STATUS_FAILED_PRECONDITION);
        assert_null(second);
        assert_non_null(strstr(error.text, "another socializerd"));
        ASSERT_OK(fixture_add(f->db, "Ada", DEADLINE_NEVER, err));
        fixture_close(f);
        fixture_open(f); /* the lock goes with its holder */
}

static void a_missing_folder_is_named(void **state)
{
        struct db_fixture *f = *state;
        struct error error = ERROR_INIT;

        f->options.path = "/nowhere/at/all/people.db";
        assert_int_equal(db_open(&f->options, &f->db, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, "/nowhere/at/all/people.db"));
        f->options.path = f->dir; /* a folder, not a file */
        assert_int_equal(db_open(&f->options, &f->db, &error), STATUS_FAILED_PRECONDITION);
        f->options.path = f->path;
        f->options.n_readers = 0;
        assert_int_equal(db_open(&f->options, &f->db, &error), STATUS_INVALID_ARGUMENT);
}

static void a_file_that_others_can_read_is_closed_to_them(void **state)
{
        struct db_fixture *f = *state;
        struct stat info;

        make_version_1(f);
        assert_int_equal(chmod(f->path, 0644), 0);
        fixture_open(f);
        assert_int_equal(stat(f->path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup_closed, fixture_teardown)
        const struct CMUnitTest tests[] = {
                CASE(a_new_database_gets_the_newest_schema),
                CASE(an_upgrade_keeps_the_data_and_a_copy),
                CASE(a_check_upgrades_nothing),
                CASE(opening_again_changes_nothing),
                CASE(a_newer_schema_is_refused),
                CASE(a_failed_step_leaves_schema_and_data_as_they_were),
                CASE(an_upgrade_that_orphans_rows_is_refused),
                CASE(a_step_may_rebuild_a_table_that_others_refer_to),
                CASE(without_a_copy_there_is_no_upgrade),
                CASE(what_is_no_database_is_data_loss),
                CASE(a_damaged_database_is_not_upgraded),
                CASE(a_damaged_page_is_data_loss_when_it_is_read),
                CASE(the_database_of_another_program_is_refused),
                CASE(a_second_process_is_refused),
                CASE(a_missing_folder_is_named),
                CASE(a_file_that_others_can_read_is_closed_to_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
