#include "service/upkeep/upkeep.h"

#include "common/clock.h"
#include "common/log.h"
#include "service/auth/authority.h"
#include "service/db/db.h"
#include "service/events/presence.h"
#include "service/store/erasure.h"
#include "service/store/prune.h"
#include "service/store/search.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* A part takes a few milliseconds, which is what somebody who writes may have to wait for it. */
#define INDEX_PART  200
#define PRUNE_PART  200
#define ERASE_PART  200
#define TICK_MS     1000
#define PRUNE_TICKS 30 /* between looks for what is too old */
#define NOTE_TICKS  15 /* between notes of when sessions were used */
/* The index is compacted when so many events have gone, and a quarter of what is left. */
#define COMPACT_MIN 1000
/* How long words of a deleted account may stay in the index, so that many cost one compacting. */
#define WORDS_MS INT64_C(3600000)
/* A receipt as text. */
#define RECEIPT_BYTES ((size_t)64 * 1024)
/* While others keep writing, one part goes in between at this rate, so that the rest is bounded. */
#define BUSY_QUEUE 1

struct upkeep {
        struct db *db;
        struct presence *presence;
        struct authority *authority;
        pthread_t thread;

        pthread_mutex_t mutex; /* guards what follows */
        pthread_cond_t cond; /* stopping */
        bool stopping;
        int64_t n_gone; /* events, since the index was compacted */
        struct upkeep_stats stats;
};

/* One part of some work, on the writer thread. */
struct part {
        struct db *db;
        size_t n;
        bool begun, more;
        uint8_t erasure_id[ERASURE_ID_BYTES];
        bool is_erased;
        int64_t before_ms;
};

static enum status index_part(void *arg, struct error *reterr)
{
        struct part *part = arg;
        LEASE(lease, part->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = search_index(&lease, INDEX_PART, &part->more, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status old_part(void *arg, struct error *reterr)
{
        struct part *part = arg;
        LEASE(lease, part->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = prune_old(&lease, clock_wall_ms(), PRUNE_PART, &part->n, reterr);

        part->more = part->n > 0;
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status deleted_part(void *arg, struct error *reterr)
{
        struct part *part = arg;
        LEASE(lease, part->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = prune_deleted(&lease, PRUNE_PART, &part->n, reterr);

        part->more = part->n > 0;
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status compact_part(void *arg, struct error *reterr)
{
        struct part *part = arg;
        LEASE(lease, part->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = search_compact(&lease, !part->begun, &part->more, reterr);

        if (st == STATUS_OK)
                st = lease_commit(&lease, reterr);
        part->begun = part->begun || st == STATUS_OK;
        return st;
}

static enum status shrink_part(void *arg, struct error *reterr)
{
        struct part *part = arg;
        LEASE(lease, part->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = lease_shrink(&lease, &part->more, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status erase_part(void *arg, struct error *reterr)
{
        struct part *part = arg;
        enum erasure_progress progress;
        LEASE(lease, part->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = erasure_step(&lease, part->erasure_id, ERASE_PART, &progress, reterr);

        if (st != STATUS_OK)
                return st;
        part->more = progress == ERASURE_MORE;
        part->is_erased = progress == ERASURE_FINISHED;
        if (part->is_erased)
                db_empty_log(part->db); /* has the texts as they were */
        return lease_commit(&lease, reterr);
}

static enum status clear_words_part(void *arg, struct error *reterr)
{
        struct part *part = arg;
        LEASE(lease, part->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = erasure_clear_words(&lease, part->before_ms, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static bool is_stopping(struct upkeep *u)
{
        LOCK(&u->mutex);

        return u->stopping;
}

/* Does a work to its end, part by part. */
static enum status do_all(struct upkeep *u, db_write_fn fn, deadline_ns deadline, int64_t *ret_n,
                          struct error *reterr)
{
        struct part part = {.db = u->db, .more = true};
        enum status st = STATUS_OK;

        while (st == STATUS_OK && part.more && !is_stopping(u)) {
                part.n = 0;
                part.more = false;
                st = db_write(u->db, fn, &part, deadline, reterr);
                if (st == STATUS_OK && ret_n)
                        *ret_n += (int64_t)part.n;
        }
        return st;
}

static enum status is_behind(struct upkeep *u, deadline_ns deadline, bool *ret,
                             struct error *reterr)
{
        LEASE(lease, u->db, LEASE_READ, deadline);

        return search_is_behind(&lease, ret, reterr);
}

enum status upkeep_index(struct upkeep *u, deadline_ns deadline, struct error *reterr)
{
        bool behind = false;
        enum status st = is_behind(u, deadline, &behind, reterr);

        return st == STATUS_OK && behind ? do_all(u, index_part, deadline, NULL, reterr) : st;
}

static void add_gone(struct upkeep *u, int64_t n)
{
        LOCK(&u->mutex);

        u->n_gone += n;
}

static int64_t count_gone(struct upkeep *u)
{
        LOCK(&u->mutex);

        return u->n_gone;
}

/* Whoever compacts next counts from zero. */
static int64_t take_gone(struct upkeep *u)
{
        LOCK(&u->mutex);
        int64_t n = u->n_gone;

        u->n_gone = 0;
        return n;
}

static enum status forget(struct upkeep *u, deadline_ns deadline, int64_t *ret_n,
                          struct error *reterr)
{
        int64_t n = 0;
        enum status st = do_all(u, old_part, deadline, &n, reterr);

        if (st == STATUS_OK)
                st = do_all(u, deleted_part, deadline, &n, reterr);
        add_gone(u, n);
        if (st == STATUS_OK)
                *ret_n = n;
        return st;
}

static enum status compact(struct upkeep *u, deadline_ns deadline, struct error *reterr)
{
        struct part part = {.db = u->db, .before_ms = clock_wall_ms()};
        int64_t n = take_gone(u);
        enum status st = do_all(u, compact_part, deadline, NULL, reterr);

        if (st != STATUS_OK)
                add_gone(u, n);
        return st == STATUS_OK ? db_write(u->db, clear_words_part, &part, deadline, reterr) : st;
}

enum status upkeep_prune(struct upkeep *u, deadline_ns deadline, int64_t *ret_deleted,
                         struct error *reterr)
{
        int64_t n = 0;
        enum status st = forget(u, deadline, &n, reterr);

        if (st == STATUS_OK)
                st = compact(u, deadline, reterr);
        if (st == STATUS_OK)
                st = do_all(u, shrink_part, deadline, NULL, reterr);
        if (st == STATUS_OK)
                *ret_deleted = n;
        return st;
}

/* --- accounts that are deleted --- */

/* The receipt in the log, where whoever holds it finds its hash again. */
static void log_receipt(struct upkeep *u, const uint8_t id[static ERASURE_ID_BYTES])
{
        AUTO_ARENA arena;
        char sha256[SHA256_CHARS + 1], name[2 * ERASURE_ID_BYTES + 1];
        struct erasure erasure;
        struct error error = ERROR_INIT;
        LEASE(lease, u->db, LEASE_READ, deadline_in_ms(TICK_MS));

        arena_init(&arena, RECEIPT_BYTES);
        if (erasure_get(&lease, &arena, id, &erasure, &error) != STATUS_OK ||
            !erasure_statement(&arena, &erasure, sha256))
                return;
        sodium_bin2hex(name, sizeof(name), id, ERASURE_ID_BYTES);
        LOG(INFO, "an account is erased", LOG_STR("erasure", name),
            LOG_INT("user", erasure.user_id), LOG_STR("sha256", sha256));
}

static void count_erased(struct upkeep *u)
{
        LOCK(&u->mutex);

        u->stats.n_erased++;
}

static void set_erasing(struct upkeep *u, int64_t n)
{
        LOCK(&u->mutex);

        u->stats.n_erasing = n;
}

void upkeep_stats(struct upkeep *u, struct upkeep_stats *ret)
{
        LOCK(&u->mutex);

        *ret = u->stats;
}

static bool writer_is_busy(struct upkeep *u)
{
        struct db_stats stats;

        db_stats(u->db, &stats);
        return stats.n_queued_writes > BUSY_QUEUE;
}

enum status upkeep_erase(struct upkeep *u, const uint8_t erasure_id[static 16],
                         deadline_ns deadline, struct error *reterr)
{
        struct part part = {.db = u->db, .more = true};
        enum status st = STATUS_OK;

        memcpy(part.erasure_id, erasure_id, sizeof(part.erasure_id));
        while (st == STATUS_OK && part.more && !deadline_passed(deadline) && !is_stopping(u))
                st = db_write(u->db, erase_part, &part, DEADLINE_NEVER, reterr);
        if (st == STATUS_OK && part.is_erased) {
                count_erased(u);
                log_receipt(u, part.erasure_id);
        }
        return st;
}

static enum status next_erasure(struct upkeep *u, uint8_t ret_id[static ERASURE_ID_BYTES],
                                struct error *reterr)
{
        int64_t n = 0;
        LEASE(lease, u->db, LEASE_READ, deadline_in_ms(TICK_MS));
        enum status st = erasure_next(&lease, ret_id, &n, reterr);

        set_erasing(u, n);
        return st;
}

/* What calls and crashes have left: for one tick at most, one part while others wait. */
static enum status erase_some(struct upkeep *u, struct error *reterr)
{
        deadline_ns deadline = deadline_in_ms(TICK_MS);
        uint8_t id[ERASURE_ID_BYTES];
        enum status st;

        while ((st = next_erasure(u, id, reterr)) == STATUS_OK) {
                bool is_busy = writer_is_busy(u);

                st = upkeep_erase(u, id, is_busy ? deadline_in_ms(1) : deadline, reterr);
                if (st != STATUS_OK || is_busy || deadline_passed(deadline) || is_stopping(u))
                        return st;
        }
        return st == STATUS_NOT_FOUND ? STATUS_OK : st;
}

/* Words of messages that are gone stay in the index until it is compacted. */
static enum status erase_words(struct upkeep *u, deadline_ns deadline, struct error *reterr)
{
        bool has_words = false;
        enum status st;
        {
                LEASE(lease, u->db, LEASE_READ, deadline);
                st = erasure_has_words(&lease, clock_wall_ms() - WORDS_MS, &has_words, reterr);
        }
        return st == STATUS_OK && has_words ? compact(u, deadline, reterr) : st;
}

/* --- the thread --- */

/* What is new since the last tick; all of it when nobody else writes. */
static enum status index_some(struct upkeep *u, struct error *reterr)
{
        struct part part = {.db = u->db};
        bool behind = false;
        enum status st = is_behind(u, deadline_in_ms(TICK_MS), &behind, reterr);

        if (st != STATUS_OK || !behind)
                return st;
        do
                st = db_write(u->db, index_part, &part, deadline_in_ms(TICK_MS), reterr);
        while (st == STATUS_OK && part.more && !writer_is_busy(u) && !is_stopping(u));
        return st;
}

/* Compacting costs as much as the index is large, and so is done when it is worth that. */
static enum status compact_if_worth_it(struct upkeep *u, deadline_ns deadline, struct error *reterr)
{
        int64_t n_gone = count_gone(u), n_kept = 0;
        enum status st;

        if (n_gone < COMPACT_MIN)
                return STATUS_OK;
        {
                LEASE(lease, u->db, LEASE_READ, deadline);
                st = prune_count_kept(&lease, &n_kept, reterr);
        }
        return st == STATUS_OK && n_gone >= n_kept / 4 ? compact(u, deadline, reterr) : st;
}

static enum status prune_some(struct upkeep *u, int64_t *ret_n, struct error *reterr)
{
        deadline_ns deadline = deadline_in_ms(PRUNE_TICKS * TICK_MS);
        enum status st = forget(u, deadline, ret_n, reterr);

        if (st == STATUS_OK)
                st = compact_if_worth_it(u, deadline, reterr);
        if (st == STATUS_OK)
                st = erase_words(u, deadline, reterr);
        return st == STATUS_OK && *ret_n > 0 ? do_all(u, shrink_part, deadline, NULL, reterr) : st;
}

static void tick(struct upkeep *u, unsigned n)
{
        struct error error = ERROR_INIT;
        int64_t n_deleted = 0;
        enum status st;

        presence_expire(u->presence, clock_mono_ns() / 1000000);
        st = index_some(u, &error);
        if (st == STATUS_OK)
                st = erase_some(u, &error);
        if (st == STATUS_OK && n % PRUNE_TICKS == 0)
                st = prune_some(u, &n_deleted, &error);
        if (st == STATUS_OK && n % NOTE_TICKS == 0)
                st = authority_note_use(u->authority, deadline_in_ms(TICK_MS), &error);
        /* What was not done now is done at another tick. */
        if (st != STATUS_OK && st != STATUS_UNAVAILABLE && st != STATUS_RESOURCE_EXHAUSTED)
                LOG(WARNING, "upkeep failed", LOG_STR("status", status_name(st)),
                    LOG_STR("error", error.text));
        if (n_deleted > 0)
                LOG(INFO, "forgot what rooms do not keep", LOG_INT("events", n_deleted));
}

static void wait_for_tick(struct upkeep *u)
{
        deadline_ns due = deadline_in_ms(TICK_MS);
        LOCK(&u->mutex);

        while (!u->stopping && clock_cond_wait(&u->cond, &u->mutex, due))
                continue;
}

static void *upkeep_main(void *arg)
{
        struct upkeep *u = arg;

        for (unsigned n = 1; !is_stopping(u); n++) {
                tick(u, n);
                wait_for_tick(u);
        }
        return NULL;
}

enum status upkeep_new(struct db *db, struct presence *presence, struct authority *authority,
                       struct upkeep **ret, struct error *reterr)
{
        struct upkeep *u = calloc(1, sizeof(*u));
        int failed;

        if (!u)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        u->db = db;
        u->presence = presence;
        u->authority = authority;
        pthread_mutex_init(&u->mutex, NULL);
        clock_cond_init(&u->cond);
        failed = pthread_create(&u->thread, NULL, upkeep_main, u);
        if (failed) {
                pthread_cond_destroy(&u->cond);
                pthread_mutex_destroy(&u->mutex);
                free(u);
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot start a thread: %s",
                                 strerror(failed));
        }
        *ret = u;
        return STATUS_OK;
}

void upkeep_stop(struct upkeep *u)
{
        LOCK(&u->mutex);

        u->stopping = true;
        pthread_cond_signal(&u->cond);
}

struct upkeep *upkeep_free(struct upkeep *u)
{
        if (!u)
                return NULL;
        upkeep_stop(u);
        pthread_join(u->thread, NULL);
        pthread_cond_destroy(&u->cond);
        pthread_mutex_destroy(&u->mutex);
        free(u);
        return NULL;
}
