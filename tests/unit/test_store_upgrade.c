/* Databases of every schema that was ever released, as they were with people's data in them, come
 * to the newest one whole.
 *
 * tests/vectors/schema/vN.sql is such a database. It is written once, with
 * SOCIALIZER_REGENERATE=1, when schema N is new, and never changed once N is released: what the
 * steps of service/store/schema.c make of it is what is tested. */
#include "service/store/schema.h"
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What people leave in a database of each schema, beyond that of the one before. */
static const struct {
        int version;
        const char *sql;
} lives[] = {
        {1,
         "INSERT INTO account (id, username, username_key, email, email_key, password_hash,"
         "  role, created_at) VALUES (7, 'Human', 'human', 'h@example.org', 'h@example.org',"
         "  'hash', 1, 1000), (8, 'ada', 'ada', 'a@example.org', 'a@example.org', 'hash', 2, 1000);"
         "INSERT INTO session (jti, user_id, created_at, expires_at) VALUES (x'01', 7, 1, 2);"
         "INSERT INTO preference (user_id, type, key, value, updated_at)"
         "  VALUES (7, 'ui', 'theme', '\"dark\"', 1);"
         "INSERT INTO memory_message (id, user_id, thread_id, role, content, created_at) VALUES"
         "  (5, 7, 'default', 1, 'How do I say no?', 1), (6, 7, 'default', 2, 'Kindly.', 2);"
         "INSERT INTO skill (id, name, name_key, created_at) VALUES (3, 'Empathy', 'empathy', 1);"
         "INSERT INTO user_skill (user_id, skill_id, level, updated_at) VALUES (7, 3, 4, 1);"
         "INSERT INTO training (id, user_id, skill_id, status, progress, started_at)"
         "  VALUES (5, 7, 3, 2, 0.4, 1000);"
         "UPDATE room SET last_seq = 2 WHERE id = 1;"
         "INSERT INTO message (id, room_id, seq, user_id, content, client_message_id,"
         "  created_at) VALUES (9, 1, 1, 7, 'a word from the beginning', 'c1', 1),"
         "  (10, 1, 2, NULL, '', NULL, 2);"
         "INSERT INTO replay VALUES (7, x'01', 'm', x'02', x'03', 1);"},
        {2,
         "INSERT INTO room (id, name, kind, created_at, is_public, n_members, last_seq)"
         "  VALUES (2, 'Book club', 'group', 1, 1, 2, 3);"
         "INSERT INTO room_member (room_id, user_id, state, role, joined_at)"
         "  VALUES (2, 7, 1, 3, 1), (2, 8, 1, 1, 1);"
         "INSERT INTO room_event (room_id, seq, kind, user_id, created_at) VALUES (2, 1, 4, 8, 1);"
         "INSERT INTO message (id, room_id, seq, user_id, content, created_at, n_reactions)"
         "  VALUES (11, 2, 2, 8, 'We read.', 3, 1);"
         "INSERT INTO message (id, room_id, seq, user_id, content, created_at, reply_to)"
         "  VALUES (12, 2, 3, 7, 'We do.', 4, 11);"
         "INSERT INTO message_reaction VALUES (11, 7, '+', 5);"
         "INSERT INTO room_read VALUES (7, 2, 3);"
         "INSERT INTO room_invite (id, room_id, user_id, inviter_id, status, created_at,"
         "  answered_at) VALUES (1, 2, 8, 7, 2, 1, 2);"},
        {3, "INSERT INTO replay (caller_id, call_id, method, request_hash, reply, created_at,"
            "  is_sealed) VALUES (7, x'02', 'm', x'02', x'03', 1, 1);"},
        {4, "INSERT INTO level_change (id, user_id, skill_id, old_level, new_level, engine, why,"
            "  created_at) VALUES (1, 7, 3, 4, 5, 'builtin', 'It asks.', 1);"
            "INSERT INTO level_evidence VALUES (1, 0, 1, 12);"
            "UPDATE user_skill SET level = 5 WHERE user_id = 7 AND skill_id = 3;"
            "INSERT INTO evaluation_pending (user_id, source, message_id) VALUES (8, 1, 11);"},
        {5, "INSERT INTO coach_user (user_id, language) VALUES (7, 'de');"
            "INSERT INTO coach_allowed VALUES (0, 'https://api.example.org');"},
        {6, "INSERT INTO session (jti, user_id, created_at, expires_at, client, last_used_at)"
            "  VALUES (x'02', 8, 1, 2, 'a browser', 2);"},
        {7, "UPDATE room SET coach_enabled = 1, coach = 2, last_seq = 4 WHERE id = 2;"
            "INSERT INTO message (id, room_id, seq, content, created_at, coach_engine, asker_id)"
            "  VALUES (13, 2, 4, 'Read slowly.', 6, 'builtin', 7);"
            "INSERT INTO room_consent VALUES (2, 7, 1);"},
        {8,
         "INSERT INTO account (id, username, username_key, email, email_key, password_hash,"
         "  is_active, role, created_at, deleting_at)"
         "  VALUES (9, '', 'deleted 9', '', 'deleted 9', '', 0, 1, 1000, 7);"
         "INSERT INTO message (id, room_id, seq, user_id, content, created_at)"
         "  VALUES (14, 1, 3, 9, 'goes', 7);"
         "UPDATE room SET last_seq = 3 WHERE id = 1;"
         "INSERT INTO erasure (id, user_id, by_admin, requested_at) VALUES"
         "  (x'00112233445566778899aabbccddeeff', 9, 0, 7);"
         "INSERT INTO erasure_count VALUES (x'00112233445566778899aabbccddeeff', 'sessions', 1);"},
};

static void fixture_path(int version, char *ret, size_t size)
{
        snprintf(ret, size, "%s/schema/v%d.sql", t_vectors(), version);
}

static enum status open_at(const char *path, const char *dir, size_t n_migrations, struct db **ret,
                           struct error *reterr)
{
        const struct db_options options = {
                .path = path,
                .backup_dir = dir,
                .migrations = store_migrations,
                .n_migrations = n_migrations,
                .n_readers = 1,
        };

        return db_open(&options, ret, reterr);
}

static sqlite3 *open_plain(const char *path)
{
        sqlite3 *handle;

        assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
        return handle;
}

static void run(sqlite3 *handle, const char *sql)
{
        char *text = NULL;

        if (sqlite3_exec(handle, sql, NULL, NULL, &text) != SQLITE_OK)
                fail_msg("%s: %s", text, sql);
}

static int64_t number(sqlite3 *handle, const char *sql)
{
        sqlite3_stmt *q;

        if (sqlite3_prepare_v2(handle, sql, -1, &q, NULL) != SQLITE_OK)
                fail_msg("%s: %s", sqlite3_errmsg(handle), sql);
        int64_t n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
        sqlite3_finalize(q);
        return n;
}

/* --- recording --- */

/* The shadow tables of the index come with it; it is empty, as nobody has searched yet. */
#define OWN_OBJECTS                                                                \
        " FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%'" \
        " ESCAPE '\\' AND name NOT LIKE 'message\\_text\\_%' ESCAPE '\\'"

static void write_rows(sqlite3 *handle, const char *table, FILE *to)
{
        char sql[256];
        sqlite3_stmt *q;

        snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", table);
        assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &q, NULL), SQLITE_OK);
        while (sqlite3_step(q) == SQLITE_ROW) {
                fprintf(to, "INSERT INTO %s VALUES (", table);
                for (int i = 0; i < sqlite3_column_count(q); i++) {
                        sqlite3_stmt *quote;

                        sqlite3_prepare_v2(handle, "SELECT quote(?1)", -1, &quote, NULL);
                        sqlite3_bind_value(quote, 1, sqlite3_column_value(q, i));
                        sqlite3_step(quote);
                        fprintf(to, "%s%s", i ? ", " : "",
                                (const char *)sqlite3_column_text(quote, 0));
                        sqlite3_finalize(quote);
                }
                fprintf(to, ");\n");
        }
        sqlite3_finalize(q);
}

static void write_fixture(sqlite3 *handle, int version, const char *path)
{
        FILE *to = fopen(path, "we");
        sqlite3_stmt *q;

        assert_non_null(to);
        fprintf(to, "-- A database of schema %d with data in it.\nPRAGMA foreign_keys = OFF;\n",
                version);
        assert_int_equal(sqlite3_prepare_v2(handle, "SELECT sql" OWN_OBJECTS " ORDER BY rowid", -1,
                                            &q, NULL),
                         SQLITE_OK);
        while (sqlite3_step(q) == SQLITE_ROW)
                fprintf(to, "%s;\n", (const char *)sqlite3_column_text(q, 0));
        sqlite3_finalize(q);
        sqlite3_prepare_v2(handle,
                           "SELECT name" OWN_OBJECTS
                           " AND type = 'table' AND name <> 'message_text' ORDER BY rowid",
                           -1, &q, NULL);
        while (sqlite3_step(q) == SQLITE_ROW)
                write_rows(handle, (const char *)sqlite3_column_text(q, 0), to);
        sqlite3_finalize(q);
        fprintf(to, "DELETE FROM sqlite_sequence;\n");
        write_rows(handle, "sqlite_sequence", to);
        fprintf(to, "PRAGMA user_version = %d;\n", version);
        assert_int_equal(fclose(to), 0);
}

/* Lives through all schemas up to this one. */
static void record(const char *dir, size_t n_migrations)
{
        char path[T_PATH_BYTES + 32], to[512];

        snprintf(path, sizeof(path), "%s/record-%zu.db", dir, n_migrations);
        for (size_t n = 1; n <= n_migrations; n++) {
                struct error error = ERROR_INIT;
                struct db *db;

                if (open_at(path, dir, n, &db, &error) != STATUS_OK)
                        fail_msg("%s", error.text);
                db_close(db);
                sqlite3 *handle = open_plain(path);
                run(handle, lives[n - 1].sql);
                if (n == n_migrations) {
                        fixture_path((int)n, to, sizeof(to));
                        write_fixture(handle, (int)n, to);
                }
                sqlite3_close(handle);
        }
}

/* --- upgrading --- */

/* Every object of a database by its text, spaces apart. */
static char *schema_of(sqlite3 *handle)
{
        sqlite3_stmt *q;
        char *text = NULL;
        size_t n;
        FILE *to = open_memstream(&text, &n);

        sqlite3_prepare_v2(handle, "SELECT sql" OWN_OBJECTS " ORDER BY name", -1, &q, NULL);
        while (sqlite3_step(q) == SQLITE_ROW) {
                for (const char *at = (const char *)sqlite3_column_text(q, 0); *at; at++)
                        if (*at != ' ' && *at != '\n' && *at != '"')
                                fputc(*at, to);
                fputc('\n', to);
        }
        sqlite3_finalize(q);
        fclose(to);
        return text;
}

static void upgrade(const char *path, const char *dir)
{
        struct error error = ERROR_INIT;
        struct db *db;

        if (open_at(path, dir, store_n_migrations, &db, &error) != STATUS_OK)
                fail_msg("%s: %s", path, error.text);
        db_close(db);
}

/* What every fixture has had since schema 1, and must still have. */
static void look_at_data(sqlite3 *handle, int version)
{
        assert_int_equal(number(handle, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_int_equal(number(handle, "SELECT count(*) FROM pragma_integrity_check"
                                        " WHERE integrity_check <> 'ok'"),
                         0);
        assert_int_equal(number(handle, "SELECT count(*) FROM account WHERE id IN (7, 8)"), 2);
        assert_int_equal(number(handle, "SELECT count(*) FROM message"
                                        " WHERE content = 'a word from the beginning'"
                                        " AND user_id = 7 AND seq = 1 AND room_id = 1"),
                         1);
        assert_int_equal(number(handle, "SELECT count(*) FROM memory_unsealed"
                                        " WHERE content IN ('How do I say no?', 'Kindly.')"),
                         2);
        assert_int_equal(number(handle, "SELECT level FROM user_skill WHERE user_id = 7 AND"
                                        " skill_id = 3"),
                         version < 4 ? 4 : 5);
        assert_int_equal(number(handle, "SELECT days FROM training WHERE id = 5"), 30);
        assert_int_equal(number(handle, "SELECT count(*) FROM preference WHERE value = '\"dark\"'"),
                         1);
        /* Numbers that were given are not given again. */
        assert_true(number(handle, "SELECT seq FROM sqlite_sequence WHERE name = 'account'") >= 8);
        /* The file gives space back, which those of the first releases did not. */
        if ((size_t)version < store_n_migrations)
                assert_int_equal(number(handle, "PRAGMA auto_vacuum"), 2);
        if (version >= 2)
                assert_int_equal(number(handle, "SELECT reply_to FROM message WHERE id = 12"), 11);
}

static void every_schema_comes_to_the_newest(void **state)
{
        const struct store_fixture *f = *state;
        char path[T_PATH_BYTES + 32], fixture[512];

        assert_int_equal(ARRAY_SIZE(lives), store_n_migrations);
        snprintf(path, sizeof(path), "%s/test.db", f->dir);
        sqlite3 *newest = open_plain(path);
        char *want = schema_of(newest);
        sqlite3_close(newest);

        for (size_t n = 1; n <= store_n_migrations; n++) {
                fixture_path((int)n, fixture, sizeof(fixture));
                if (access(fixture, F_OK) != 0 && getenv("SOCIALIZER_REGENERATE"))
                        record(f->dir, n);
                if (access(fixture, F_OK) != 0)
                        fail_msg("%s is missing: add to lives[], run this test with "
                                 "SOCIALIZER_REGENERATE=1, and commit it",
                                 fixture);
                snprintf(path, sizeof(path), "%s/v%zu.db", f->dir, n);
                char *sql = t_read_file(fixture, NULL);
                sqlite3 *handle = open_plain(path);
                run(handle, sql);
                free(sql);
                assert_int_equal(number(handle, "PRAGMA user_version"), n);
                sqlite3_close(handle);

                upgrade(path, f->dir);
                handle = open_plain(path);
                char *got = schema_of(handle);
                assert_string_equal(got, want);
                free(got);
                look_at_data(handle, (int)n);
                sqlite3_close(handle);
        }
        free(want);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                STORE_TEST(every_schema_comes_to_the_newest),
        };

        return !!cmocka_run_group_tests_name("store_upgrade", tests, NULL, NULL);
}
