/* Leases: the scope in which a connection is used. */
#include "service/db/db_internal.h"

static _Thread_local unsigned n_read_leases;

/* The view that this thread is in. */
static _Thread_local struct {
        struct db *db; /* NULL: in none */
        struct db_conn *conn; /* NULL: no lease has been taken yet */
} view;

bool db_thread_holds_lease(void)
{
        return n_read_leases > 0;
}

static void acquire_reader(struct lease *lease, deadline_ns deadline, const char *holder)
{
        struct db *db = lease->db;
        uint64_t asked_ns = clock_mono_ns();
        struct db_conn *conn;

        if (n_read_leases > 0) {
                /* Two leases in one thread are how a pool comes to wait for itself. */
                error_set(&lease->failure, STATUS_INTERNAL, "%s: this thread holds a lease already",
                          holder);
                return;
        }
        conn = view.db == db && view.conn ? view.conn : db_pool_take(&db->pool, deadline);
        if (!conn) {
                error_retry(&lease->failure, STATUS_UNAVAILABLE, DB_RETRY_MS,
                            "no database connection was free in time");
                return;
        }
        conn->deadline = deadline;
        if (view.db == db) {
                view.conn = conn;
                if (sqlite3_get_autocommit(conn->handle) &&
                    db_conn_begin(conn, &lease->failure) != STATUS_OK)
                        return;
        }
        n_read_leases++;
        lease->conn = conn;

        uint64_t now_ns = clock_mono_ns();
        db_conn_hold(conn, holder, now_ns, now_ns - asked_ns);
}

/* On the writer thread there is nothing to wait for: every lease there is the one connection. A
 * read lease sees what the group has written so far. */
static void acquire_writer(struct lease *lease, const char *holder)
{
        struct db_writer *w = &lease->db->writer;

        if (lease->mode == LEASE_WRITE && !w->in_group) {
                error_set(&lease->failure, STATUS_INTERNAL, "%s: LEASE_WRITE outside a job",
                          holder);
                return;
        }
        if (w->failure.status != STATUS_OK) {
                lease->failure = w->failure;
                return;
        }
        if (lease->mode == LEASE_WRITE) {
                lease->nested = w->write_depth > 0;
                if (!lease->nested &&
                    db_writer_lease_begin(lease->db, &lease->failure) != STATUS_OK)
                        return;
                w->write_depth++;
        }
        if (w->depth++ == 0)
                db_conn_hold(&w->conn, holder, clock_mono_ns(), 0);
        lease->conn = &w->conn;
}

struct lease lease_acquire_(struct db *db, enum lease_mode mode, deadline_ns deadline,
                            const char *holder)
{
        struct lease lease = {.db = db, .mode = mode};

        if (db_on_writer(db))
                acquire_writer(&lease, holder);
        else if (mode == LEASE_READ)
                acquire_reader(&lease, deadline, holder);
        else
                error_set(&lease.failure, STATUS_INTERNAL,
                          "%s: LEASE_WRITE off the writer thread; db_write() is the way", holder);
        return lease;
}

enum status lease_status(const struct lease *lease, struct error *reterr)
{
        if (lease->conn)
                return STATUS_OK;
        if (lease->failure.status == STATUS_OK)
                return error_set(reterr, STATUS_INTERNAL, "the lease was released already");
        if (reterr)
                *reterr = lease->failure;
        return lease->failure.status;
}

enum status lease_snapshot(struct lease *lease, struct error *reterr)
{
        enum status st = lease_status(lease, reterr);

        /* A transaction is open already: the group's, or that of an earlier call. */
        if (st != STATUS_OK || !sqlite3_get_autocommit(lease->conn->handle))
                return st;
        return db_conn_begin(lease->conn, reterr);
}

enum status lease_commit(struct lease *lease, struct error *reterr)
{
        enum status st = lease_status(lease, reterr);
        struct db_writer *w = &lease->db->writer;

        if (st != STATUS_OK || lease->committed)
                return st;
        if (lease->mode != LEASE_WRITE)
                return error_set(reterr, STATUS_INTERNAL, "a read lease has nothing to commit");
        /* A savepoint cannot be released under a statement that is still writing. */
        db_stmt_end_all(lease);
        if (w->failure.status == STATUS_OK && lease->failure.status == STATUS_OK && w->poisoned)
                return error_set(reterr, STATUS_INTERNAL,
                                 "a write lease inside this one was not committed");
        if (w->failure.status != STATUS_OK || lease->failure.status != STATUS_OK) {
                const struct error *failure =
                        w->failure.status != STATUS_OK ? &w->failure : &lease->failure;
                if (reterr)
                        *reterr = *failure;
                return failure->status;
        }
        if (!lease->nested)
                st = db_writer_lease_commit(lease->db, reterr);
        lease->committed = st == STATUS_OK;
        return st;
}

static void release_writer(struct lease *lease, struct db_conn *conn)
{
        struct db_writer *w = &lease->db->writer;

        if (lease->mode == LEASE_WRITE) {
                if (!lease->committed && lease->nested)
                        w->poisoned = true;
                else if (!lease->committed)
                        db_writer_lease_rollback(lease->db);
                if (--w->write_depth == 0)
                        w->poisoned = false;
        } else if (!w->in_group) {
                db_conn_rollback(conn);
        }
        if (--w->depth > 0)
                return;
        db_conn_unhold(conn);
}

void lease_release(struct lease *lease)
{
        struct db_conn *conn = lease->conn;

        if (!conn)
                return;
        db_stmt_end_all(lease);
        lease->conn = NULL;
        if (conn->mode == LEASE_WRITE) {
                release_writer(lease, conn);
                return;
        }
        db_conn_unhold(conn);
        n_read_leases--;
        conn->deadline = DEADLINE_NEVER;
        if (conn == view.conn)
                return; /* view_end() gives it back */
        db_conn_rollback(conn);
        db_pool_give_back(&lease->db->pool, conn);
}

struct view view_begin_(struct db *db)
{
        if (view.db || n_read_leases > 0)
                return (struct view){0};
        view.db = db;
        return (struct view){.db = db};
}

void view_renew(void)
{
        if (!view.conn || n_read_leases > 0)
                return;
        db_conn_rollback(view.conn);
        db_pool_give_back(&view.db->pool, view.conn);
        view.conn = NULL;
}

void view_end(struct view *v)
{
        if (!v->db)
                return;
        view_renew();
        view.db = v->db = NULL;
}
