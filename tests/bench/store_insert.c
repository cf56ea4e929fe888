/* What the disk and SQLite alone make of messages: the same rows in the same tables with the same
 * indexes, committed in groups, by one thread that does nothing else.
 *
 *     store_insert DATABASE-DIR SECONDS ROWS-PER-COMMIT message|call CONTENT
 *     prints: rows seconds cpu_us
 *
 * "message" writes the row of the message. "call" writes all that SendMessage leaves behind: the
 * row, and the room's last number. */
#include "common/clock.h"
#include "service/db/db.h"
#include "service/store/schema.h"
#include "tests/bench/measure.h"
#include "tests/bench/unique.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEGIN, COMMIT, MESSAGE, ROOM, N_STATEMENTS };

static const char *const sql[N_STATEMENTS] = {
        [BEGIN] = "BEGIN IMMEDIATE",
        [COMMIT] = "COMMIT",
        [MESSAGE] = "INSERT INTO message (room_id, seq, user_id, content, client_message_id,"
                    " created_at) VALUES (1, $1, 1, $2, $3, $4)",
        [ROOM] = "UPDATE room SET last_seq = $1, last_event_at = $2 WHERE id = 1",
};

static struct {
        sqlite3 *handle;
        sqlite3_stmt *statements[N_STATEMENTS];
        struct unique unique;
        int64_t last_seq;
        const char *content;
} store;

static _Noreturn void fail(const char *text)
{
        fprintf(stderr, "store_insert: %s\n", text);
        exit(1);
}

/* The service's own migrations make the file, unless an earlier run has. */
static void make(const char *dir, const char *path)
{
        struct db_options options = {
                .path = path,
                .backup_dir = dir,
                .migrations = store_migrations,
                .n_migrations = store_n_migrations,
                .n_readers = 1,
        };
        struct error error = ERROR_INIT;
        struct db *db;

        if (db_open(&options, &db, &error) != STATUS_OK)
                fail(error.text);
        db_close(db);
}

static int to_last_seq(void *arg, int n, char **values, char **names)
{
        (void)arg;
        (void)names;
        store.last_seq = n == 1 && values[0] ? strtoll(values[0], NULL, 10) : 0;
        return 0;
}

/* The settings of the service's writer, but for its checkpoints, which SQLite does as it likes. */
static void open_store(const char *path)
{
        if (sqlite3_open_v2(path, &store.handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                            NULL) ||
            sqlite3_exec(store.handle,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;"
                         "INSERT OR IGNORE INTO account (id, username, username_key, email,"
                         " email_key, password_hash, created_at)"
                         " VALUES (1, 'human', 'human', 'h@example.org', 'h@example.org', '', 0)",
                         NULL, NULL, NULL) ||
            sqlite3_exec(store.handle, "SELECT max(seq) FROM message WHERE room_id = 1",
                         to_last_seq, NULL, NULL))
                fail(sqlite3_errmsg(store.handle));
        for (size_t i = 0; i < N_STATEMENTS; i++)
                if (sqlite3_prepare_v3(store.handle, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                       &store.statements[i], NULL))
                        fail(sqlite3_errmsg(store.handle));
}

static void run(int i)
{
        sqlite3_step(store.statements[i]);
        if (sqlite3_reset(store.statements[i]))
                fail(sqlite3_errmsg(store.handle));
}

static void insert_message(void)
{
        sqlite3_stmt *q = store.statements[MESSAGE];
        char name[UNIQUE_CHARS + 1];

        unique_text(&store.unique, name);
        sqlite3_bind_int64(q, 1, ++store.last_seq);
        sqlite3_bind_text(q, 2, store.content, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 3, name, UNIQUE_CHARS, SQLITE_STATIC);
        sqlite3_bind_int64(q, 4, clock_wall_ms());
        run(MESSAGE);
}

static void insert_rest(void)
{
        sqlite3_bind_int64(store.statements[ROOM], 1, store.last_seq);
        sqlite3_bind_int64(store.statements[ROOM], 2, clock_wall_ms());
        run(ROOM);
}

static void close_store(void)
{
        for (size_t i = 0; i < N_STATEMENTS; i++)
                sqlite3_finalize(store.statements[i]);
        sqlite3_close(store.handle);
}

int main(int argc, char **argv)
{
        int rows = argc == 6 ? atoi(argv[3]) : 0;
        bool whole_call = argc == 6 && strcmp(argv[4], "call") == 0;

        if (rows < 1 || (!whole_call && strcmp(argv[4], "message") != 0)) {
                fprintf(stderr, "usage: store_insert DATABASE-DIR SECONDS ROWS-PER-COMMIT "
                                "message|call CONTENT\n");
                return 2;
        }
        char path[4096];
        snprintf(path, sizeof(path), "%s/socializer.db", argv[1]);
        store.content = argv[5];
        make(argv[1], path);
        open_store(path);

        uint64_t begin = clock_mono_ns(), end = begin + (uint64_t)(atof(argv[2]) * 1e9);
        double cpu = measure_cpu_us(RUSAGE_SELF);
        size_t n = 0;
        do {
                run(BEGIN);
                for (int i = 0; i < rows; i++, n++) {
                        insert_message();
                        if (whole_call)
                                insert_rest();
                }
                run(COMMIT);
        } while (clock_mono_ns() < end);
        printf("%zu %.3f %.0f\n", n, (double)(clock_mono_ns() - begin) / 1e9,
               measure_cpu_us(RUSAGE_SELF) - cpu);
        close_store();
        return 0;
}
