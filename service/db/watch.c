/* The watcher: a thread that looks who holds a lease for too long, and says so while it is held.
 * What is said only at the release comes too late where there is none. */
#include "common/log.h"
#include "service/db/db_internal.h"

#include <string.h>

/* Looks within the limit, so that it is exceeded by a quarter at most; and the least between two.
 */
#define LOOKS_PER_LIMIT 4
#define MIN_LOOK_NS     UINT64_C(5000000)

/* Whether this lease is over the limit and not told of yet. */
static bool is_news(struct db *db, struct db_conn *conn, uint64_t now_ns, const char **ret_holder,
                    uint64_t *ret_held_ns)
{
        uint64_t since_ns = db_counter_get(&conn->leased_at_ns);
        const char *holder = atomic_load_explicit(&conn->holder, memory_order_relaxed);

        if (!holder || now_ns < since_ns || now_ns - since_ns < db->long_lease_ns ||
            conn->warned_at_ns == since_ns)
                return false;
        conn->warned_at_ns = since_ns;
        *ret_holder = holder;
        *ret_held_ns = now_ns - since_ns;
        return true;
}

static void look(struct db *db)
{
        uint64_t now_ns = clock_mono_ns();

        for (size_t i = 0; i <= db->pool.n_conns; i++) {
                struct db_conn *conn = i < db->pool.n_conns ? &db->pool.conns[i] : &db->writer.conn;
                char request_id[DB_REQUEST_ID_BYTES];
                const char *holder;
                uint64_t held_ns;

                if (!is_news(db, conn, now_ns, &holder, &held_ns))
                        continue;
                db_conn_request_id(conn, request_id);
                atomic_fetch_add_explicit(&db->watcher.n_long, 1, memory_order_relaxed);
                LOG(WARNING, "a database lease is held for long", LOG_STR("holder", holder),
                    LOG_STR("request_id", request_id), LOG_INT("connection", conn->id),
                    LOG_INT("ms", (int64_t)(held_ns / 1000000)));
        }
}

static void *watcher_main(void *arg)
{
        struct db *db = arg;
        struct db_watcher *w = &db->watcher;
        uint64_t pause_ns = db->long_lease_ns / LOOKS_PER_LIMIT;

        if (pause_ns < MIN_LOOK_NS)
                pause_ns = MIN_LOOK_NS;
        LOCK(&w->lock);
        while (!w->closing) {
                clock_cond_wait(&w->wake, &w->lock, clock_mono_ns() + pause_ns);
                if (!w->closing)
                        look(db);
        }
        return NULL;
}

enum status db_watcher_start(struct db *db, struct error *reterr)
{
        int failed;

        if (db->long_lease_ns == UINT64_MAX)
                return STATUS_OK;
        failed = pthread_create(&db->watcher.thread, NULL, watcher_main, db);
        if (failed)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot start a thread: %s",
                                 strerror(failed));
        db->watcher.started = true;
        return STATUS_OK;
}

void db_watcher_stop(struct db *db)
{
        struct db_watcher *w = &db->watcher;

        if (!w->started)
                return;
        pthread_mutex_lock(&w->lock);
        w->closing = true;
        pthread_cond_signal(&w->wake);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
        w->started = false;
}
