/* The write-ahead log, and writing it back into the database file.
 *
 * SQLite would do this inside a commit, when somebody waits for it. Here the writer does it between
 * two groups. A reader keeps the part of the log that it reads from: what cannot be written back
 * now is written back later. */
#include "common/log.h"
#include "service/db/db_internal.h"

#define DUE_FRAMES          1000 /* 4 MB of 4 KB pages */
#define TOO_MANY_FRAMES     16000 /* from here on readers are waited for */
#define WAIT_FOR_READERS_MS 50
#define EMPTY_AGAIN_MS      1000 /* when a reader was in the way */

/* What a frame adds to a page, and the file to its frames. */
#define FRAME_HEADER_BYTES 24
#define WAL_HEADER_BYTES   32
#define PAGE_BYTES         4096

static int committed(void *arg, sqlite3 *handle, const char *name, int n_frames)
{
        struct db_wal *wal = arg;

        (void)handle;
        (void)name;
        wal->n_frames = n_frames;
        wal->grew = true;
        db_counter_set(&wal->bytes,
                       WAL_HEADER_BYTES + (uint64_t)n_frames * (PAGE_BYTES + FRAME_HEADER_BYTES));
        return SQLITE_OK;
}

void db_wal_watch(struct db *db)
{
        sqlite3_wal_hook(db->writer.conn.handle, committed, &db->wal);
}

/* Logs a failure once, not at every try, until it is over. */
static void note(struct db_wal *wal, const struct error *error)
{
        bool failing = error->status != STATUS_OK;

        if (failing && !wal->failing)
                LOG(WARNING, "the write-ahead log cannot be written back",
                    LOG_STR("status", status_name(error->status)), LOG_STR("error", error->text),
                    LOG_INT("wal_bytes", (int64_t)db_counter_get(&wal->bytes)));
        wal->failing = failing;
}

static enum status checkpoint(struct db *db, int mode, struct error *ret)
{
        struct db_wal *wal = &db->wal;
        int rc = sqlite3_wal_checkpoint_v2(db->writer.conn.handle, "main", mode, NULL, NULL);

        if (rc != SQLITE_OK)
                db_conn_error(&db->writer.conn, rc, ret);
        note(wal, ret);
        wal->n_frames_tried = wal->n_frames;
        if (rc != SQLITE_OK)
                return ret->status;
        db_counter_add(&wal->n_checkpoints, 1);
        if (mode == SQLITE_CHECKPOINT_TRUNCATE) {
                wal->n_frames = wal->n_frames_tried = 0;
                db_counter_set(&wal->bytes, 0);
        }
        return STATUS_OK;
}

/* Waits for readers, but not for long. */
static enum status checkpoint_with_readers(struct db *db)
{
        struct error error = ERROR_INIT;

        sqlite3_busy_timeout(db->writer.conn.handle, WAIT_FOR_READERS_MS);
        enum status st = checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE, &error);
        sqlite3_busy_timeout(db->writer.conn.handle, DB_BUSY_TIMEOUT_MS);
        return st;
}

/* What has been asked for stays so until it is done, but not every commit waits for a reader that
 * takes its time. */
static bool empty_when_asked(struct db *db)
{
        struct db_wal *wal = &db->wal;

        if (!atomic_load_explicit(&wal->must_be_empty, memory_order_relaxed) ||
            !deadline_passed(wal->empty_at))
                return false;
        atomic_store(&wal->must_be_empty, false);
        if (checkpoint_with_readers(db) != STATUS_OK) {
                atomic_store(&wal->must_be_empty, true);
                wal->empty_at = deadline_in_ms(EMPTY_AGAIN_MS);
        }
        return true;
}

void db_empty_log(struct db *db)
{
        atomic_store(&db->wal.must_be_empty, true);
}

void db_wal_checkpoint_when_due(struct db *db)
{
        struct db_wal *wal = &db->wal;
        struct error error = ERROR_INIT;

        if (empty_when_asked(db))
                return;
        if (wal->n_frames < wal->n_frames_tried)
                wal->n_frames_tried = 0; /* the log has started anew */
        if (wal->n_frames - wal->n_frames_tried < DUE_FRAMES)
                return;
        if (wal->n_frames < TOO_MANY_FRAMES) {
                (void)checkpoint(db, SQLITE_CHECKPOINT_PASSIVE, &error);
                return;
        }
        (void)checkpoint_with_readers(db);
}

void db_wal_checkpoint_all(struct db *db)
{
        struct error error = ERROR_INIT;

        (void)checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE, &error);
}

void db_wal_repair(struct db *db, struct error *reterr)
{
        (void)checkpoint(db, SQLITE_CHECKPOINT_FULL, reterr);
}
