/* What an operator looks at: who holds what, how long things take, which statements cost most.
 * Reads counters that their writers do not stop for, so that figures of one answer may lie a few
 * events apart. */
#include "common/buffer.h"
#include "service/db/db_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps within steps of a plan. */
#define PLAN_DEPTH 16

const double db_histogram_bounds[DB_HISTOGRAM_BUCKETS - 1] = {
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5,
};

/* The same in nanoseconds, so that recording is a few comparisons. */
static const uint64_t bounds_ns[DB_HISTOGRAM_BUCKETS - 1] = {
        100000,   250000,   500000,    1000000,   2500000,    5000000,
        10000000, 25000000, 100000000, 500000000, 2500000000,
};

void db_timing_add(struct db_timing *t, uint64_t ns)
{
        size_t i = 0;

        while (i < ARRAY_SIZE(bounds_ns) && ns > bounds_ns[i])
                i++;
        db_counter_add(&t->counts[i], 1);
        db_counter_add(&t->sum_ns, ns);
}

static void add_timing(struct db_histogram *sum, const struct db_timing *t)
{
        for (size_t i = 0; i < DB_HISTOGRAM_BUCKETS; i++) {
                uint64_t count = db_counter_get(&t->counts[i]);
                sum->counts[i] += count;
                sum->n += count;
        }
        sum->sum_seconds += (double)db_counter_get(&t->sum_ns) / 1e9;
}

static size_t n_conns(const struct db *db)
{
        return db->pool.n_conns + 1u;
}

/* The writer is the last. */
static struct db_conn *conn_at(struct db *db, size_t i)
{
        return i < db->pool.n_conns ? &db->pool.conns[i] : &db->writer.conn;
}

static double held_seconds_of(const struct db_conn *conn, uint64_t now_ns)
{
        uint64_t since_ns = db_counter_get(&conn->leased_at_ns);

        return now_ns > since_ns ? (double)(now_ns - since_ns) / 1e9 : 0;
}

void db_stats(struct db *db, struct db_stats *ret)
{
        uint64_t now_ns = clock_mono_ns();
        struct db_stats stats = {.n_connections = (unsigned)n_conns(db)};
        struct db_writer *w = &db->writer;

        for (size_t i = 0; i < n_conns(db); i++) {
                const struct db_conn *conn = conn_at(db, i);

                stats.n_leases += db_counter_get(&conn->n_leases);
                if (atomic_load_explicit(&conn->holder, memory_order_relaxed)) {
                        double held_seconds = held_seconds_of(conn, now_ns);

                        stats.n_leased++;
                        if (held_seconds > stats.oldest_lease_seconds)
                                stats.oldest_lease_seconds = held_seconds;
                }
                add_timing(&stats.lease_seconds, &conn->held);
                add_timing(&stats.lease_wait_seconds, &conn->waited);
        }
        pthread_mutex_lock(&db->pool.lock);
        stats.n_waiting = db->pool.n_waiting;
        stats.n_lease_timeouts = db->pool.n_timeouts;
        pthread_mutex_unlock(&db->pool.lock);

        pthread_mutex_lock(&w->lock);
        stats.n_queued_writes = w->n_queued;
        pthread_mutex_unlock(&w->lock);

        stats.n_long_leases = atomic_load_explicit(&db->watcher.n_long, memory_order_relaxed);
        stats.n_groups = db_counter_get(&w->n_groups);
        stats.n_writes = db_counter_get(&w->n_writes);
        stats.n_rollbacks = db_counter_get(&w->n_rollbacks);
        stats.n_checkpoints = db_counter_get(&db->wal.n_checkpoints);
        stats.wal_bytes = db_counter_get(&db->wal.bytes);
        add_timing(&stats.commit_seconds, &db->settler.commit_times);
        *ret = stats;
}

size_t db_conn_list(struct db *db, struct db_conn_info *ret, size_t n)
{
        uint64_t now_ns = clock_mono_ns();
        int64_t now_wall_ms = clock_wall_ms();

        for (size_t i = 0; i < n && i < n_conns(db); i++) {
                const struct db_conn *conn = conn_at(db, i);
                const char *holder = atomic_load_explicit(&conn->holder, memory_order_relaxed);
                double held_seconds = holder ? held_seconds_of(conn, now_ns) : 0;

                ret[i] = (struct db_conn_info){
                        .id = conn->id,
                        .mode = conn->mode,
                        .leased = holder != NULL,
                        .leased_at_wall_ms =
                                holder ? now_wall_ms - (int64_t)(held_seconds * 1000) : 0,
                        .held_seconds = held_seconds,
                        .n_leases = db_counter_get(&conn->n_leases),
                        .n_statements =
                                atomic_load_explicit(&conn->n_statements, memory_order_relaxed),
                };
                snprintf(ret[i].holder, sizeof(ret[i].holder), "%s", holder ? holder : "");
                if (holder)
                        db_conn_request_id(conn, ret[i].request_id);
        }
        return n_conns(db);
}

/* --- statements --- */

static int by_sql(const void *a, const void *b)
{
        const struct db_query_info *left = a, *right = b;

        return strcmp(left->sql, right->sql);
}

static int by_total(const void *a, const void *b)
{
        const struct db_query_info *left = a, *right = b;

        if (left->total_ms != right->total_ms)
                return left->total_ms < right->total_ms ? 1 : -1;
        return by_sql(a, b);
}

static struct db_query_info info_of(const struct db_stmt *s)
{
        return (struct db_query_info){
                .sql = s->sql,
                .calls = db_counter_get(&s->calls),
                .rows = db_counter_get(&s->rows),
                .errors = db_counter_get(&s->errors),
                .total_ms = (double)db_counter_get(&s->total_ns) / 1e6,
                .max_ms = (double)db_counter_get(&s->max_ns) / 1e6,
        };
}

/* At most n entries of all connections; statements prepared meanwhile are left for the next time.
 */
static size_t collect(struct db *db, struct db_query_info *ret, size_t n)
{
        size_t n_found = 0;

        for (size_t i = 0; i < n_conns(db); i++) {
                const struct db_stmt *s =
                        atomic_load_explicit(&conn_at(db, i)->statements, memory_order_acquire);
                for (; s && n_found < n; s = s->next)
                        ret[n_found++] = info_of(s);
        }
        return n_found;
}

/* Adds up neighbours with the same SQL. Returns how many are left. */
static size_t merge(struct db_query_info *all, size_t n)
{
        size_t n_merged = 0;

        for (size_t i = 0; i < n; i++) {
                struct db_query_info *last = n_merged > 0 ? &all[n_merged - 1] : NULL;

                if (!last || strcmp(last->sql, all[i].sql) != 0) {
                        all[n_merged++] = all[i];
                        continue;
                }
                last->calls += all[i].calls;
                last->rows += all[i].rows;
                last->errors += all[i].errors;
                last->total_ms += all[i].total_ms;
                if (all[i].max_ms > last->max_ms)
                        last->max_ms = all[i].max_ms;
        }
        return n_merged;
}

size_t db_query_list(struct db *db, struct db_query_info *ret, size_t n)
{
        size_t n_all = 0;

        for (size_t i = 0; i < n_conns(db); i++)
                n_all += atomic_load_explicit(&conn_at(db, i)->n_statements, memory_order_relaxed);
        if (n_all == 0)
                return 0;
        AUTO_FREE struct db_query_info *all = calloc(n_all, sizeof(*all));
        if (!all)
                return 0;

        n_all = collect(db, all, n_all);
        qsort(all, n_all, sizeof(*all), by_sql);
        n_all = merge(all, n_all);
        qsort(all, n_all, sizeof(*all), by_total);
        if (n > n_all)
                n = n_all;
        memcpy(ret, all, n * sizeof(*all));
        return n;
}

/* Steps of a plan, each under the one that it serves. */
static enum status append_plan(sqlite3_stmt *explain, struct db_conn *conn, struct buffer *out,
                               struct error *reterr)
{
        int parents[PLAN_DEPTH] = {0};
        unsigned depth = 0;
        int rc;

        while ((rc = sqlite3_step(explain)) == SQLITE_ROW) {
                int parent = sqlite3_column_int(explain, 1);

                while (depth > 0 && parents[depth - 1] != parent)
                        depth--;
                buffer_printf(out, "%*s%s\n", (int)depth * 2, "",
                              (const char *)sqlite3_column_text(explain, 3));
                if (depth < PLAN_DEPTH)
                        parents[depth++] = sqlite3_column_int(explain, 0);
        }
        return rc == SQLITE_DONE ? STATUS_OK : db_conn_error(conn, rc, reterr);
}

static void cleanup_statement(sqlite3_stmt **statement)
{
        sqlite3_finalize(*statement);
}

enum status db_query_plan(struct db *db, const char *sql, deadline_ns deadline, char **ret,
                          struct error *reterr)
{
        CLEANUP(cleanup_statement) sqlite3_stmt *explain = NULL;
        AUTO_BUFFER out = BUFFER_INIT;
        AUTO_FREE char *text = NULL;
        LEASE(lease, db, LEASE_READ, deadline);
        enum status st = lease_status(&lease, reterr);

        if (st != STATUS_OK)
                return st;
        if (asprintf(&text, "EXPLAIN QUERY PLAN %s", sql) < 0)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        int rc = sqlite3_prepare_v2(lease.conn->handle, text, -1, &explain, NULL);
        if (rc != SQLITE_OK)
                return db_conn_error(lease.conn, rc, reterr);
        st = append_plan(explain, lease.conn, &out, reterr);
        if (st != STATUS_OK)
                return st;
        const char *steps = buffer_str(&out);
        char *copy = steps ? strdup(steps) : NULL;
        if (!copy)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
        *ret = copy;
        return STATUS_OK;
}
