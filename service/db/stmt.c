/* Statements: a prepared one while a lease uses it. */
#include "common/log.h"
#include "service/db/db_internal.h"

/* Keeps the first thing that went wrong; what follows fails with the same. */
static void fail(struct stmt *s, const struct error *error)
{
        if (s->failure.status == STATUS_OK)
                s->failure = *error;
}

static enum status failure_of(const struct error *failure, struct error *reterr)
{
        if (reterr)
                *reterr = *failure;
        return failure->status;
}

struct stmt stmt_prepare_(struct lease *lease, const char *sql)
{
        struct stmt s = {.lease = lease};

        if (lease_status(lease, &s.failure) != STATUS_OK)
                return s;

        struct db_stmt *prepared = db_stmt_cache_get(lease->conn, sql, &s.failure);
        if (!prepared)
                return s;
        prepared->busy = true;
        prepared->done = false;
        prepared->next_in_use = lease->in_use;
        lease->in_use = prepared;
        s.prepared = prepared;
        return s;
}

/* --- the end of a use --- */

/* An INSERT … RETURNING that was left after its first row ends here, and what its end finds wrong
 * must not be committed. */
static void reset(struct lease *lease, struct db_stmt *prepared)
{
        bool was_in_a_row = sqlite3_stmt_busy(prepared->handle);
        int rc = sqlite3_reset(prepared->handle);

        if (was_in_a_row && rc != SQLITE_OK && lease->failure.status == STATUS_OK)
                db_conn_error(lease->conn, rc, &lease->failure);
        prepared->done = false;
}

static void end(struct lease *lease, struct db_stmt *prepared)
{
        reset(lease, prepared);
        /* The parameters point to memory of the caller's that is about to go. */
        sqlite3_clear_bindings(prepared->handle);
        prepared->busy = false;
}

void db_stmt_end_all(struct lease *lease)
{
        while (lease->in_use) {
                struct db_stmt *prepared = lease->in_use;
                lease->in_use = prepared->next_in_use;
                end(lease, prepared);
        }
}

static void account(struct stmt *s)
{
        struct db_stmt *prepared = s->prepared;
        uint64_t ns, slow_ns = s->lease->db->slow_query_ns;

        if (s->started_ns == 0)
                return;
        ns = clock_mono_ns() - s->started_ns;
        s->started_ns = 0;
        db_counter_add(&prepared->calls, 1);
        db_counter_add(&prepared->rows, s->n_rows);
        db_counter_add(&prepared->total_ns, ns);
        if (ns > db_counter_get(&prepared->max_ns))
                db_counter_set(&prepared->max_ns, ns);
        if (ns > slow_ns)
                LOG(WARNING, "a statement was slow", LOG_STR("sql", prepared->sql),
                    LOG_STR("request_id", db_request_id()), LOG_INT("rows", (int64_t)s->n_rows),
                    LOG_INT("ms", (int64_t)(ns / 1000000)));
        s->n_rows = 0;
}

/* Whether the statement is still the lease's: a lease that was released or committed has ended it.
 */
static bool is_held(const struct stmt *s)
{
        return s->prepared && s->lease->conn && s->prepared->busy;
}

void stmt_finish(struct stmt *s)
{
        struct db_stmt **link;

        if (!is_held(s))
                return;
        link = &s->lease->in_use;
        while (*link && *link != s->prepared)
                link = &(*link)->next_in_use;
        if (!*link)
                return;
        *link = s->prepared->next_in_use;
        account(s);
        end(s->lease, s->prepared);
        s->prepared = NULL;
}

void stmt_reset(struct stmt *s)
{
        if (!is_held(s))
                return;
        account(s);
        reset(s->lease, s->prepared);
        s->failure.status = STATUS_OK;
}

/* --- parameters --- */

/* SQLite's own number of a parameter; 0, which it refuses, when there is none. */
static int place(const struct stmt *s, int index)
{
        return index >= 1 && index <= DB_MAX_PARAMETERS ? s->prepared->places[index] : 0;
}

static void check_bind(struct stmt *s, int index, int rc)
{
        struct error error;

        if (rc == SQLITE_OK)
                return;
        if (rc == SQLITE_RANGE)
                error_set(&error, STATUS_INTERNAL, "no parameter $%d: %s", index, s->prepared->sql);
        else
                db_conn_error(s->lease->conn, rc, &error);
        fail(s, &error);
}

void stmt_bind_int(struct stmt *s, int index, int64_t value)
{
        if (is_held(s))
                check_bind(s, index,
                           sqlite3_bind_int64(s->prepared->handle, place(s, index), value));
}

void stmt_bind_double(struct stmt *s, int index, double value)
{
        if (is_held(s))
                check_bind(s, index,
                           sqlite3_bind_double(s->prepared->handle, place(s, index), value));
}

void stmt_bind_text(struct stmt *s, int index, const char *text)
{
        if (is_held(s))
                check_bind(s, index,
                           sqlite3_bind_text(s->prepared->handle, place(s, index), text, -1,
                                             SQLITE_STATIC));
}

void stmt_bind_blob(struct stmt *s, int index, const void *data, size_t n)
{
        /* SQLite takes a null pointer for NULL; no bytes are a blob all the same. */
        if (is_held(s))
                check_bind(s, index,
                           sqlite3_bind_blob64(s->prepared->handle, place(s, index),
                                               n > 0 ? data : "", n, SQLITE_STATIC));
}

void stmt_bind_null(struct stmt *s, int index)
{
        if (is_held(s))
                check_bind(s, index, sqlite3_bind_null(s->prepared->handle, place(s, index)));
}

/* --- running --- */

static enum status check_usable(const struct stmt *s, struct error *reterr)
{
        const struct lease *lease = s->lease;

        if (s->failure.status != STATUS_OK)
                return failure_of(&s->failure, reterr);
        if (!is_held(s))
                return error_set(reterr, STATUS_INTERNAL, "a statement outlived its lease");
        if (s->prepared->writes && lease->mode != LEASE_WRITE)
                return error_set(reterr, STATUS_INTERNAL, "a read lease does not write: %s",
                                 s->prepared->sql);
        if (s->prepared->writes && lease->committed)
                return error_set(reterr, STATUS_INTERNAL, "the lease was committed before: %s",
                                 s->prepared->sql);
        if (lease->conn->mode == LEASE_WRITE && lease->db->writer.failure.status != STATUS_OK)
                return failure_of(&lease->db->writer.failure, reterr);
        return STATUS_OK;
}

enum status stmt_row(struct stmt *s, struct error *reterr)
{
        enum status st = check_usable(s, reterr);

        if (st != STATUS_OK)
                return st;
        if (s->prepared->done)
                return STATUS_NOT_FOUND;
        if (s->started_ns == 0)
                s->started_ns = clock_mono_ns();

        int rc = sqlite3_step(s->prepared->handle);
        switch (rc) {
        case SQLITE_ROW:
                s->n_rows++;
                return STATUS_OK;
        case SQLITE_DONE:
                s->prepared->done = true;
                return STATUS_NOT_FOUND;
        default:
                db_counter_add(&s->prepared->errors, 1);
                db_conn_error(s->lease->conn, rc, &s->failure);
                return failure_of(&s->failure, reterr);
        }
}

enum status stmt_run(struct stmt *s, struct error *reterr)
{
        enum status st;

        do
                st = stmt_row(s, reterr);
        while (st == STATUS_OK);
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

int64_t stmt_changes(const struct stmt *s)
{
        return is_held(s) ? sqlite3_changes64(s->lease->conn->handle) : 0;
}

int64_t stmt_last_id(const struct stmt *s)
{
        return is_held(s) ? sqlite3_last_insert_rowid(s->lease->conn->handle) : 0;
}

/* --- columns --- */

int64_t stmt_int(const struct stmt *s, int column)
{
        return is_held(s) ? sqlite3_column_int64(s->prepared->handle, column) : 0;
}

double stmt_double(const struct stmt *s, int column)
{
        return is_held(s) ? sqlite3_column_double(s->prepared->handle, column) : 0;
}

const char *stmt_text(const struct stmt *s, int column)
{
        const void *text = is_held(s) ? sqlite3_column_text(s->prepared->handle, column) : NULL;

        return text ? text : "";
}

const void *stmt_blob(const struct stmt *s, int column, size_t *ret_n)
{
        const void *blob = is_held(s) ? sqlite3_column_blob(s->prepared->handle, column) : NULL;

        *ret_n = blob ? (size_t)sqlite3_column_bytes(s->prepared->handle, column) : 0;
        return blob ? blob : "";
}

bool stmt_is_null(const struct stmt *s, int column)
{
        return !is_held(s) || sqlite3_column_type(s->prepared->handle, column) == SQLITE_NULL;
}
