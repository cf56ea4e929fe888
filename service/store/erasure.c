#include "service/store/erasure.h"

#include "common/clock.h"
#include "service/store/message.h"
#include "service/store/rows.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

/* --- the beginning --- */

/* What is left of the row has no name that anybody could have: a name has no blank, an address has
 * an "@". Both are free for others. */
static enum status empty_account(struct lease *lease, int64_t user_id, struct error *reterr)
{
        STMT(q, lease,
             "UPDATE account SET username = '', username_key = 'deleted ' || id, email = '',"
             " email_key = 'deleted ' || id, password_hash = '', is_active = 0, role = 1,"
             " temperature = 0, deleting_at = $2 WHERE id = $1");
        stmt_bind_int(&q, 1, user_id);
        stmt_bind_int(&q, 2, clock_wall_ms());
        return stmt_run(&q, reterr);
}

static enum status shred_key(struct lease *lease, int64_t user_id, struct error *reterr)
{
        STMT(q, lease, "DELETE FROM user_key WHERE user_id = $1");
        stmt_bind_int(&q, 1, user_id);
        return stmt_run(&q, reterr);
}

static enum status delete_sessions(struct lease *lease, int64_t user_id, int64_t *ret_n,
                                   struct error *reterr)
{
        STMT(q, lease, "DELETE FROM session WHERE user_id = $1");
        stmt_bind_int(&q, 1, user_id);

        enum status st = stmt_run(&q, reterr);
        if (st == STATUS_OK)
                *ret_n = stmt_changes(&q);
        return st;
}

static enum status add_count(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                             const char *kind, int64_t n, struct error *reterr)
{
        if (n == 0)
                return STATUS_OK;
        STMT(q, lease,
             "INSERT INTO erasure_count (erasure_id, kind, n) VALUES ($1, $2, $3)"
             " ON CONFLICT (erasure_id, kind) DO UPDATE SET n = n + excluded.n");
        stmt_bind_blob(&q, 1, id, ERASURE_ID_BYTES);
        stmt_bind_text(&q, 2, kind);
        stmt_bind_int(&q, 3, n);
        return stmt_run(&q, reterr);
}

static enum status write_receipt(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                                 int64_t user_id, bool by_admin, struct error *reterr)
{
        STMT(q, lease,
             "INSERT INTO erasure (id, user_id, by_admin, requested_at) VALUES ($1, $2, $3, $4)");
        stmt_bind_blob(&q, 1, id, ERASURE_ID_BYTES);
        stmt_bind_int(&q, 2, user_id);
        stmt_bind_int(&q, 3, by_admin);
        stmt_bind_int(&q, 4, clock_wall_ms());
        return stmt_run(&q, reterr);
}

enum status erasure_begin(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                          int64_t user_id, bool by_admin, struct error *reterr)
{
        int64_t n_sessions = 0;
        enum status st = rows_require_user(lease, user_id, reterr);

        if (st == STATUS_OK)
                st = shred_key(lease, user_id, reterr);
        if (st == STATUS_OK)
                st = delete_sessions(lease, user_id, &n_sessions, reterr);
        if (st == STATUS_OK)
                st = empty_account(lease, user_id, reterr);
        if (st == STATUS_OK)
                st = write_receipt(lease, id, user_id, by_admin, reterr);
        return st == STATUS_OK ? add_count(lease, id, "sessions", n_sessions, reterr) : st;
}

/* --- receipts --- */

static enum status read_counts(struct lease *lease, struct arena *arena, struct erasure *erasure,
                               struct error *reterr)
{
        STMT(q, lease, "SELECT kind, n FROM erasure_count WHERE erasure_id = $1 ORDER BY kind");
        stmt_bind_blob(&q, 1, erasure->id, ERASURE_ID_BYTES);
        struct erasure_count *item;
        struct rows_page page = ROWS_ALL(&q, arena, sizeof(*item), reterr);

        while ((item = rows_next(&page)))
                *item = (struct erasure_count){.kind = rows_text(arena, &q, 0),
                                               .n = stmt_int(&q, 1)};
        erasure->counts = page.items;
        erasure->n_counts = page.n_items;
        return rows_end(&page);
}

enum status erasure_get(struct lease *lease, struct arena *arena,
                        const uint8_t id[static ERASURE_ID_BYTES], struct erasure *ret,
                        struct error *reterr)
{
        struct erasure erasure = {0};
        STMT(q, lease,
             "SELECT user_id, by_admin, requested_at, finished_at FROM erasure WHERE id = $1");
        stmt_bind_blob(&q, 1, id, ERASURE_ID_BYTES);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_NOT_FOUND)
                return error_resource(reterr, st, "erasure", "of that number");
        if (st != STATUS_OK)
                return st;
        memcpy(erasure.id, id, sizeof(erasure.id));
        erasure.user_id = stmt_int(&q, 0);
        erasure.by_admin = stmt_int(&q, 1) != 0;
        erasure.requested_at_ms = stmt_int(&q, 2);
        erasure.finished_at_ms = stmt_int(&q, 3);
        st = read_counts(lease, arena, &erasure, reterr);
        if (st == STATUS_OK)
                *ret = erasure;
        return st;
}

enum status erasure_next(struct lease *lease, uint8_t ret_id[static ERASURE_ID_BYTES],
                         int64_t *ret_n_open, struct error *reterr)
{
        STMT(q, lease,
             "SELECT id, (SELECT count(*) FROM erasure WHERE finished_at IS NULL) FROM erasure"
             " WHERE finished_at IS NULL ORDER BY requested_at, id LIMIT 1");
        size_t n;

        enum status st = stmt_row(&q, reterr);
        *ret_n_open = 0;
        if (st != STATUS_OK)
                return st;
        const void *id = stmt_blob(&q, 0, &n);
        if (n != ERASURE_ID_BYTES)
                return error_set(reterr, STATUS_DATA_LOSS, "a receipt has a damaged number");
        memcpy(ret_id, id, n);
        *ret_n_open = stmt_int(&q, 1);
        return STATUS_OK;
}

/* --- bit by bit --- */

/* One kind of what belongs to a user: deletes at most $2 rows of user $1. */
#define DELETER(name, sql)                                                          \
        static enum status name(struct lease *lease, int64_t user_id, size_t limit, \
                                int64_t *ret_n, struct error *reterr)               \
        {                                                                           \
                STMT(q, lease, sql);                                                \
                stmt_bind_int(&q, 1, user_id);                                      \
                stmt_bind_int(&q, 2, (int64_t)limit);                               \
                enum status st = stmt_run(&q, reterr);                              \
                if (st == STATUS_OK)                                                \
                        *ret_n = stmt_changes(&q);                                  \
                return st;                                                          \
        }

/* Of a table whose rows have numbers. */
#define OF_USER(table)                                                   \
        "DELETE FROM " table " WHERE rowid IN (SELECT rowid FROM " table \
        " WHERE user_id = $1 LIMIT $2)"

DELETER(memory, OF_USER("memory_message"))
DELETER(memory_unsealed, OF_USER("memory_unsealed"))
DELETER(ledger, OF_USER("coach_disclosure"))
DELETER(level_changes, OF_USER("level_change"))
DELETER(evaluations, OF_USER("evaluation_pending"))
DELETER(preferences, OF_USER("preference"))
DELETER(skills, OF_USER("user_skill"))
DELETER(trainings, OF_USER("training"))
DELETER(invites, OF_USER("room_invite"))
DELETER(coach_settings, OF_USER("coach_user"))
DELETER(replies, "DELETE FROM replay WHERE rowid IN"
                 " (SELECT rowid FROM replay WHERE caller_id = $1 LIMIT $2)")
DELETER(reactions, "DELETE FROM message_reaction WHERE (message_id, emoji, user_id) IN"
                   " (SELECT message_id, emoji, user_id FROM message_reaction"
                   "  WHERE user_id = $1 LIMIT $2)")
DELETER(memberships, "DELETE FROM room_member WHERE (room_id, user_id) IN"
                     " (SELECT room_id, user_id FROM room_member WHERE user_id = $1 LIMIT $2)")
DELETER(consents, "DELETE FROM room_consent WHERE (room_id, user_id) IN"
                  " (SELECT room_id, user_id FROM room_consent WHERE user_id = $1 LIMIT $2)")
DELETER(read_marks, "DELETE FROM room_read WHERE (user_id, room_id) IN"
                    " (SELECT user_id, room_id FROM room_read WHERE user_id = $1 LIMIT $2)")
/* Others keep the invitation, from nobody. */
DELETER(sent_invites, "UPDATE room_invite SET inviter_id = NULL WHERE id IN"
                      " (SELECT id FROM room_invite WHERE inviter_id = $1 LIMIT $2)")

static const struct kind {
        const char *name;
        enum status (*delete_some)(struct lease *lease, int64_t user_id, size_t limit,
                                   int64_t *ret_n, struct error *reterr);
        unsigned weight; /* how many rows of a plain kind one of these costs */
} kinds[] = {
        /* A sealed text may have 64 KiB, which are overwritten. */
        {"memory", memory, 8},
        {"memory", memory_unsealed, 8},
        {"ledger", ledger, 8},
        {"replies", replies, 4},
        {"room_messages", message_erase_some, 1},
        {"coach_answers", message_erase_answers, 1},
        {"reactions", reactions, 1},
        {"level_changes", level_changes, 4},
        {"evaluations", evaluations, 1},
        {"preferences", preferences, 4},
        {"skills", skills, 1},
        {"trainings", trainings, 1},
        {"memberships", memberships, 1},
        {"consents", consents, 1},
        {"read_marks", read_marks, 1},
        {"invites", invites, 1},
        {"sent_invites", sent_invites, 1},
        {"coach_settings", coach_settings, 1},
};

static enum status find_user(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                             int64_t *ret_user_id, struct error *reterr)
{
        STMT(q, lease, "SELECT user_id FROM erasure WHERE id = $1 AND finished_at IS NULL");
        stmt_bind_blob(&q, 1, id, ERASURE_ID_BYTES);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret_user_id = stmt_int(&q, 0);
        return st;
}

static enum status finish(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                          int64_t user_id, struct error *reterr)
{
        enum status st;
        {
                STMT(account, lease, "DELETE FROM account WHERE id = $1");
                stmt_bind_int(&account, 1, user_id);
                st = stmt_run(&account, reterr);
        }
        if (st != STATUS_OK)
                return st;
        STMT(q, lease, "UPDATE erasure SET finished_at = $2 WHERE id = $1");
        stmt_bind_blob(&q, 1, id, ERASURE_ID_BYTES);
        stmt_bind_int(&q, 2, clock_wall_ms());
        return stmt_run(&q, reterr);
}

enum status erasure_step(struct lease *lease, const uint8_t id[static ERASURE_ID_BYTES],
                         size_t limit, enum erasure_progress *ret, struct error *reterr)
{
        int64_t user_id = 0, n = 0;
        enum status st = find_user(lease, id, &user_id, reterr);

        *ret = st == STATUS_NOT_FOUND ? ERASURE_OVER : ERASURE_MORE;
        if (st != STATUS_OK)
                return st == STATUS_NOT_FOUND ? STATUS_OK : st;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                size_t n_rows = limit / kinds[i].weight;

                st = kinds[i].delete_some(lease, user_id, n_rows ? n_rows : 1, &n, reterr);
                if (st == STATUS_OK)
                        st = add_count(lease, id, kinds[i].name, n, reterr);
                if (st != STATUS_OK || n > 0)
                        return st;
        }
        *ret = ERASURE_FINISHED;
        return finish(lease, id, user_id, reterr);
}

/* --- what can be checked --- */

static const char *append_time(struct arena *arena, const char *text, const char *what,
                               int64_t wall_ms)
{
        char moment[32];

        clock_format(wall_ms, moment, sizeof(moment));
        return text ? arena_printf(arena, "%s%s %s\n", text, what, moment) : NULL;
}

const char *erasure_statement(struct arena *arena, const struct erasure *erasure,
                              char ret_sha256[static SHA256_CHARS + 1])
{
        char id[2 * ERASURE_ID_BYTES + 1];
        crypto_hash_sha256_state state;

        sodium_bin2hex(id, sizeof(id), erasure->id, sizeof(erasure->id));
        const char *text =
                arena_printf(arena, "socializer erasure 1\nid %s\nuser %" PRId64 "\nby %s\n", id,
                             erasure->user_id, erasure->by_admin ? "an administrator" : "the user");
        text = append_time(arena, text, "requested", erasure->requested_at_ms);
        text = append_time(arena, text, "finished", erasure->finished_at_ms);
        for (size_t i = 0; text && i < erasure->n_counts; i++)
                text = arena_printf(arena, "%s%s %" PRId64 "\n", text, erasure->counts[i].kind,
                                    erasure->counts[i].n);
        if (!text)
                return NULL;
        crypto_hash_sha256_init(&state);
        crypto_hash_sha256_update(&state, (const uint8_t *)text, strlen(text));
        sha256_final_hex(&state, ret_sha256);
        return text;
}

/* --- words in the search index --- */

enum status erasure_has_words(struct lease *lease, int64_t before_ms, bool *ret,
                              struct error *reterr)
{
        STMT(q, lease,
             "SELECT EXISTS (SELECT 1 FROM erasure WHERE has_words = 1 AND finished_at < $1)");
        stmt_bind_int(&q, 1, before_ms);

        enum status st = stmt_row(&q, reterr);
        if (st == STATUS_OK)
                *ret = stmt_int(&q, 0) != 0;
        return st;
}

enum status erasure_clear_words(struct lease *lease, int64_t before_ms, struct error *reterr)
{
        STMT(q, lease, "UPDATE erasure SET has_words = 0 WHERE has_words = 1 AND finished_at < $1");
        stmt_bind_int(&q, 1, before_ms);
        return stmt_run(&q, reterr);
}
