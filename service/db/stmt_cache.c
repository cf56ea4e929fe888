/* Prepared statements, kept by the connection that prepared them.
 *
 * SQL is always a literal, so its address says which it is: no text is hashed or compared. Another
 * literal with the same text is just another entry. The program's literals bound the cache. */
#include "service/db/db_internal.h"

#include <stdlib.h>

#define FIRST_N_SLOTS 64

static size_t slot_of(const struct db_conn *conn, const char *sql)
{
        uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);

        return (size_t)(hash >> 32) & (conn->n_slots - 1);
}

/* Where the entry is, or where it goes. There is always an empty slot. */
static struct db_stmt **find(const struct db_conn *conn, const char *sql)
{
        size_t i = slot_of(conn, sql);

        while (conn->slots[i] && conn->slots[i]->sql != sql)
                i = (i + 1) & (conn->n_slots - 1);
        return &conn->slots[i];
}

static bool grow(struct db_conn *conn)
{
        size_t n_old = conn->n_slots;
        struct db_stmt **old = conn->slots;
        size_t n = n_old ? 2 * n_old : FIRST_N_SLOTS;
        struct db_stmt **slots = calloc(n, sizeof(struct db_stmt *));

        if (!slots)
                return false;
        conn->slots = slots;
        conn->n_slots = n;
        for (size_t i = 0; i < n_old; i++)
                if (old[i])
                        *find(conn, old[i]->sql) = old[i];
        free(old);
        return true;
}

static enum status find_places(struct db_stmt *entry, struct error *reterr)
{
        int n = sqlite3_bind_parameter_count(entry->handle);

        for (int i = 1; i <= n; i++) {
                const char *name = sqlite3_bind_parameter_name(entry->handle, i);
                long number = name && name[0] == '$' ? strtol(name + 1, NULL, 10) : 0;

                if (number < 1 || number > DB_MAX_PARAMETERS)
                        return error_set(reterr, STATUS_INTERNAL, "want parameters $1 to $%d: %s",
                                         DB_MAX_PARAMETERS, entry->sql);
                entry->places[number] = (uint8_t)i;
        }
        return STATUS_OK;
}

static enum status prepare(struct db_conn *conn, struct db_stmt *entry, struct error *reterr)
{
        const char *rest = NULL;
        int rc = sqlite3_prepare_v3(conn->handle, entry->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &entry->handle, &rest);

        if (rc != SQLITE_OK)
                return db_conn_error(conn, rc, reterr);
        if (!entry->handle || (rest && *rest)) {
                sqlite3_finalize(entry->handle);
                return error_set(reterr, STATUS_INTERNAL, "not exactly one statement: %s",
                                 entry->sql);
        }
        entry->writes = !sqlite3_stmt_readonly(entry->handle);

        enum status st = find_places(entry, reterr);
        if (st != STATUS_OK)
                sqlite3_finalize(entry->handle);
        return st;
}

static struct db_stmt *new_entry(struct db_conn *conn, const char *sql, struct error *reterr)
{
        struct db_stmt *entry = calloc(1, sizeof(*entry));

        if (!entry) {
                error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
                return NULL;
        }
        entry->sql = sql;
        if (prepare(conn, entry, reterr) != STATUS_OK) {
                free(entry);
                return NULL;
        }
        entry->next = atomic_load_explicit(&conn->statements, memory_order_relaxed);
        /* Release: whoever walks the list for its counters finds the entry filled. */
        atomic_store_explicit(&conn->statements, entry, memory_order_release);
        atomic_fetch_add_explicit(&conn->n_statements, 1, memory_order_relaxed);
        return entry;
}

struct db_stmt *db_stmt_cache_get(struct db_conn *conn, const char *sql, struct error *reterr)
{
        struct db_stmt **slot, *entry;

        if (2 * (conn->n_used + 1) > conn->n_slots && !grow(conn)) {
                error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
                return NULL;
        }
        slot = find(conn, sql);
        for (entry = *slot; entry && entry->busy; entry = entry->next_copy)
                ;
        if (entry)
                return entry;

        entry = new_entry(conn, sql, reterr);
        if (!entry)
                return NULL;
        if (*slot) {
                entry->next_copy = (*slot)->next_copy;
                (*slot)->next_copy = entry;
        } else {
                *slot = entry;
                conn->n_used++;
        }
        return entry;
}

void db_stmt_cache_deinit(struct db_conn *conn)
{
        struct db_stmt *next = NULL;

        for (struct db_stmt *entry = atomic_load(&conn->statements); entry; entry = next) {
                next = entry->next;
                sqlite3_finalize(entry->handle);
                free(entry);
        }
        atomic_store(&conn->statements, NULL);
        free(conn->slots);
        conn->slots = NULL;
        conn->n_slots = conn->n_used = 0;
}
