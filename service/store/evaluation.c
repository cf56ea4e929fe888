#include "service/store/evaluation.h"

#include "service/store/rows.h"

/* --- taking in --- */

static enum status read_mark(struct lease *lease, int64_t *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT message_id FROM evaluation_state WHERE id = 1");

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_set(reterr, STATUS_DATA_LOSS, "the database has no evaluation_state");
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0);
        return st;
}

static enum status write_mark(struct lease *lease, int64_t message_id, struct error *reterr)
{
        STMT(q, lease, "UPDATE evaluation_state SET message_id = $1 WHERE id = 1");
        stmt_bind_int(&q, 1, message_id);
        return stmt_run(&q, reterr);
}

static struct evaluation_speaker *speaker_of(struct arena *arena, struct evaluation_scan *scan,
                                             int64_t user_id)
{
        for (size_t i = 0; i < scan->n_speakers; i++)
                if (scan->speakers[i].user_id == user_id)
                        return &scan->speakers[i];
        scan->speakers =
                rows_grow(arena, scan->speakers, scan->n_speakers, sizeof(*scan->speakers));
        if (!scan->speakers)
                return NULL;
        struct evaluation_speaker *speaker = &scan->speakers[scan->n_speakers++];
        *speaker = (struct evaluation_speaker){.user_id = user_id};
        return speaker;
}

enum status evaluation_scan(struct lease *lease, struct arena *arena, size_t limit,
                            struct evaluation_scan *ret, struct error *reterr)
{
        struct evaluation_scan scan = {0};
        size_t n_kept = 0; /* of the speakers' */
        enum status st = read_mark(lease, &scan.end, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT m.id, m.user_id, m.deleted_at IS NULL AND m.user_id IS NOT NULL"
             " AND r.kind IN ('general', 'group')"
             " FROM message m JOIN room r ON r.id = m.room_id"
             " WHERE m.id > $1 ORDER BY m.id LIMIT $2");
        stmt_bind_int(&q, 1, scan.end);
        stmt_bind_int(&q, 2, (int64_t)limit);
        while (n_kept < EVALUATION_PART && (st = stmt_row(&q, reterr)) == STATUS_OK) {
                scan.end = stmt_int(&q, 0);
                scan.n_messages++;
                if (!stmt_int(&q, 2))
                        continue;
                struct evaluation_speaker *speaker = speaker_of(arena, &scan, stmt_int(&q, 1));
                if (!speaker)
                        break;
                n_kept += speaker->n < EVALUATION_MAX;
                speaker->ids[speaker->n++ % EVALUATION_MAX] = scan.end;
        }
        scan.more = scan.n_messages == limit || n_kept == EVALUATION_PART;
        if (st == STATUS_OK || st == STATUS_NOT_FOUND)
                st = rows_check(arena, reterr);
        if (st == STATUS_OK)
                *ret = scan;
        return st;
}

/* An account may be deleted while its messages are on their way here. */
static enum status insert(struct lease *lease, int64_t user_id, enum said_source source,
                          int64_t message_id, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO evaluation_pending (user_id, source, message_id)"
             " SELECT id, $2, $3 FROM account WHERE id = $1 AND deleting_at IS NULL");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, source);
        stmt_bind_int(&q, 3, message_id);
        return stmt_run(&q, reterr);
}

/* Only the last ones are evaluated; without this somebody whom nobody can evaluate would pile them
 * up. */
static enum status trim(struct lease *lease, int64_t user_id, struct error *reterr)
{
        STMT(q, lease,
             "DELETE FROM evaluation_pending WHERE user_id = $1 AND id <="
             " (SELECT id FROM evaluation_pending WHERE user_id = $1"
             "  ORDER BY id DESC LIMIT 1 OFFSET $2)");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, EVALUATION_MAX);
        return stmt_run(&q, reterr);
}

static enum status is_due(struct lease *lease, int64_t user_id, bool *ret, struct error *reterr)
{
        STMT(q, lease, "SELECT count(*) FROM evaluation_pending WHERE user_id = $1");
        stmt_bind_int(&q, 1, user_id);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0) >= EVALUATION_EVERY;
        return st;
}

static enum status take_speaker(struct lease *lease, const struct evaluation_speaker *speaker,
                                bool *ret_due, struct error *reterr)
{
        size_t first = speaker->n > EVALUATION_MAX ? speaker->n - EVALUATION_MAX : 0;
        enum status st = STATUS_OK;

        for (size_t i = first; st == STATUS_OK && i < speaker->n; i++)
                st = insert(lease, speaker->user_id, SAID_IN_ROOM, speaker->ids[i % EVALUATION_MAX],
                            reterr);
        if (st == STATUS_OK)
                st = trim(lease, speaker->user_id, reterr);
        return st == STATUS_OK ? is_due(lease, speaker->user_id, ret_due, reterr) : st;
}

enum status evaluation_take(struct lease *lease, struct arena *arena,
                            const struct evaluation_scan *scan, struct evaluation_users *ret,
                            struct error *reterr)
{
        struct evaluation_users users = {
                .ids = arena_calloc(arena, scan->n_speakers + 1, sizeof(*users.ids))};
        enum status st = rows_check(arena, reterr);

        for (size_t i = 0; st == STATUS_OK && i < scan->n_speakers; i++) {
                bool due = false;

                st = take_speaker(lease, &scan->speakers[i], &due, reterr);
                if (due)
                        users.ids[users.n++] = scan->speakers[i].user_id;
        }
        if (st == STATUS_OK)
                st = write_mark(lease, scan->end, reterr);
        if (st == STATUS_OK)
                *ret = users;
        return st;
}

enum status evaluation_note(struct lease *lease, int64_t user_id, int64_t memory_id, bool *ret_due,
                            struct error *reterr)
{
        enum status st = insert(lease, user_id, SAID_TO_COACH, memory_id, reterr);

        if (st == STATUS_OK)
                st = trim(lease, user_id, reterr);
        return st == STATUS_OK ? is_due(lease, user_id, ret_due, reterr) : st;
}

/* --- evaluating --- */

enum status evaluation_list_due(struct lease *lease, struct arena *arena, int64_t after_id,
                                size_t limit, struct evaluation_users *ret, struct error *reterr)
{
        STMT(q, lease,
             "SELECT user_id FROM evaluation_pending WHERE user_id > $1"
             " GROUP BY user_id HAVING count(*) >= $2 ORDER BY user_id LIMIT $3");
        stmt_bind_int(&q, 1, after_id);
        stmt_bind_int(&q, 2, EVALUATION_EVERY);
        stmt_bind_int(&q, 3, (int64_t)limit);
        return rows_ids(&q, arena, &ret->ids, &ret->n, reterr);
}

enum status evaluation_read(struct lease *lease, struct arena *arena, const struct seal_key *key,
                            int64_t user_id, struct evaluation *ret, struct error *reterr)
{
        struct evaluation evaluation = {
                .items = arena_calloc(arena, EVALUATION_MAX, sizeof(*evaluation.items))};
        enum status st = rows_check(arena, reterr);

        if (st != STATUS_OK)
                return st;
        STMT(q, lease,
             "SELECT id, source, message_id FROM evaluation_pending"
             " WHERE user_id = $1 ORDER BY id LIMIT $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, EVALUATION_MAX);
        while ((st = stmt_row(&q, reterr)) == STATUS_OK) {
                struct said *said = &evaluation.items[evaluation.n_items];

                evaluation.end = stmt_int(&q, 0);
                *said = (struct said){.source = (enum said_source)stmt_int(&q, 1),
                                      .id = stmt_int(&q, 2)};
                st = said_read(lease, arena, key, user_id, said, reterr);
                if (st != STATUS_OK)
                        return st;
                evaluation.n_items += !said->is_gone;
        }
        if (st != STATUS_NOT_FOUND)
                return st;
        *ret = evaluation;
        return STATUS_OK;
}

enum status evaluation_finish(struct lease *lease, int64_t user_id, int64_t end,
                              struct error *reterr)
{
        STMT(q, lease, "DELETE FROM evaluation_pending WHERE user_id = $1 AND id <= $2");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, end);
        return stmt_run(&q, reterr);
}
