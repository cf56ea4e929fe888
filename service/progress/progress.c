#include "service/progress/progress.h"

#include "common/clock.h"
#include "common/log.h"
#include "service/auth/vault.h"
#include "service/coach/builtin.h"
#include "service/db/db.h"
#include "service/progress/cite.h"
#include "service/store/evaluation.h"
#include "service/store/level.h"
#include "service/store/user.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Messages that are taken in at once, and the time between two looks while people keep talking. */
#define SCAN_PART 1000
#define PAUSE_MS  100
#define RETRY_MS  1000 /* after a failure */
/* Users that wait in memory; the others are found in the database when these are done. */
#define MAX_QUEUED  256
#define ANSWER_MS   60000 /* an engine has so long */
#define WRITE_MS    10000
#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

/* An evaluator, and its place. */
struct evaluator {
        struct progress *progress;
        unsigned number;
};

struct progress {
        struct progress_options options;
        pthread_t counter, evaluators[PROGRESS_EVALUATORS];
        struct evaluator places[PROGRESS_EVALUATORS];
        unsigned n_evaluators; /* that have started */
        atomic_bool woken; /* something may be behind the mark */

        pthread_mutex_t mutex; /* guards what follows */
        pthread_cond_t cond; /* woken or stopping: the counter's */
        pthread_cond_t due; /* a user to take, or stopping: the evaluators' */
        bool stopping;
        int64_t queue[MAX_QUEUED];
        size_t n_queued;
        int64_t taken[PROGRESS_EVALUATORS]; /* whom each works on; 0 = nobody */
        bool overflowed; /* somebody did not get into the queue */
        bool is_sweeping; /* a walk over all who are due, at the start and after an overflow */

        int64_t sweep_after; /* the counter's own */
};

/* --- the queue --- */

static bool is_stopping(struct progress *p)
{
        LOCK(&p->mutex);

        return p->stopping;
}

void progress_wake(struct progress *p)
{
        if (atomic_exchange(&p->woken, true))
                return;
        LOCK(&p->mutex);
        pthread_cond_signal(&p->cond);
}

static void enqueue(struct progress *p, int64_t user_id)
{
        LOCK(&p->mutex);

        for (size_t i = 0; i < p->n_queued; i++)
                if (p->queue[i] == user_id)
                        return;
        if (p->n_queued == MAX_QUEUED) {
                p->overflowed = true;
                return;
        }
        p->queue[p->n_queued++] = user_id;
        pthread_cond_signal(&p->due);
}

void progress_add(struct progress *p, int64_t user_id)
{
        enqueue(p, user_id);
        progress_wake(p);
}

static bool is_taken(const struct progress *p, int64_t user_id)
{
        for (unsigned i = 0; i < PROGRESS_EVALUATORS; i++)
                if (p->taken[i] == user_id)
                        return true;
        return false;
}

/* Whether the queue has room for a part of those who did not get into it. */
static bool has_room(const struct progress *p)
{
        return p->n_queued <= MAX_QUEUED / 2;
}

/* Gives back the user that the evaluator has worked on, if any, and waits for another one, whom no
 * other works on. False: it is over. */
static bool take_user(struct evaluator *e, int64_t *ret)
{
        struct progress *p = e->progress;
        LOCK(&p->mutex);

        if (p->taken[e->number] != 0)
                pthread_cond_broadcast(&p->due); /* the same one may be due again */
        p->taken[e->number] = 0;
        while (!p->stopping) {
                for (size_t i = 0; i < p->n_queued; i++) {
                        if (is_taken(p, p->queue[i]))
                                continue;
                        *ret = p->taken[e->number] = p->queue[i];
                        memmove(p->queue + i, p->queue + i + 1,
                                (--p->n_queued - i) * sizeof(*p->queue));
                        if ((p->overflowed || p->is_sweeping) && has_room(p) &&
                            !atomic_exchange(&p->woken, true))
                                pthread_cond_signal(&p->cond);
                        return true;
                }
                pthread_cond_wait(&p->due, &p->mutex);
        }
        return false;
}

/* Whether the counter is to walk on over those who are due. */
static bool may_sweep(struct progress *p)
{
        LOCK(&p->mutex);

        if (!has_room(p))
                return false;
        if (p->overflowed) {
                p->overflowed = false;
                p->is_sweeping = true;
                p->sweep_after = 0;
        }
        return p->is_sweeping;
}

static void end_sweep(struct progress *p)
{
        LOCK(&p->mutex);

        p->is_sweeping = false;
}

/* --- counting --- */

struct taking {
        struct db *db;
        struct arena *arena;
        struct evaluation_scan scan;
        struct evaluation_users due;
};

static enum status take(void *arg, struct error *reterr)
{
        struct taking *taking = arg;
        LEASE(lease, taking->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st =
                evaluation_take(&lease, taking->arena, &taking->scan, &taking->due, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

/* Looks at what was said in rooms. *ret_more: there is more. */
static enum status count_part(struct progress *p, bool *ret_more, struct error *reterr)
{
        AUTO_ARENA arena;
        arena_init(&arena, ARENA_BYTES);
        struct taking taking = {.db = p->options.db, .arena = &arena};
        enum status st;

        {
                LEASE(lease, p->options.db, LEASE_READ, deadline_in_ms(WRITE_MS));
                st = evaluation_scan(&lease, &arena, SCAN_PART, &taking.scan, reterr);
        }
        *ret_more = st == STATUS_OK && taking.scan.more;
        if (st == STATUS_OK && taking.scan.n_messages > 0)
                st = db_write(p->options.db, take, &taking, deadline_in_ms(WRITE_MS), reterr);
        for (size_t i = 0; st == STATUS_OK && i < taking.due.n; i++)
                enqueue(p, taking.due.ids[i]);
        return st;
}

/* Some more of those who were due before this start, or did not get into the queue. */
static enum status sweep_part(struct progress *p, struct error *reterr)
{
        AUTO_ARENA arena;
        arena_init(&arena, ARENA_BYTES);
        struct evaluation_users due = {0};
        LEASE(lease, p->options.db, LEASE_READ, deadline_in_ms(WRITE_MS));
        enum status st =
                evaluation_list_due(&lease, &arena, p->sweep_after, MAX_QUEUED / 2, &due, reterr);

        for (size_t i = 0; st == STATUS_OK && i < due.n; i++) {
                enqueue(p, due.ids[i]);
                p->sweep_after = due.ids[i];
        }
        if (st == STATUS_OK && due.n < MAX_QUEUED / 2)
                end_sweep(p);
        return st;
}

/* --- evaluating --- */

/* One evaluation. All of it lives in the arena. */
struct work {
        struct progress *progress;
        struct arena *arena;
        int64_t user_id;
        struct coach_request request;
        struct evaluation evaluation;
        struct coach_answer answer;
        /* What came of it; n_moved may be less than the changes of the document. */
        struct users_moved {
                struct level_moved moved;
                const char *skill_name;
        } * moved;
        size_t n_moved;
};

static enum status gather(struct work *w, struct error *reterr)
{
        const struct progress_options *o = &w->progress->options;
        AUTO_SEAL_KEY key = SEAL_KEY_INIT;
        struct user user = {.id = 0};
        LEASE(lease, o->db, LEASE_READ, deadline_in_ms(WRITE_MS));
        enum status st = lease_snapshot(&lease, reterr);

        if (st == STATUS_OK)
                st = user_get(&lease, w->arena, w->user_id, &user, reterr);
        if (st == STATUS_OK)
                st = user_skill_list(&lease, w->arena, w->user_id, &w->request.skills, reterr);
        if (st == STATUS_OK)
                st = training_list_of_user(&lease, w->arena, w->user_id, &w->request.trainings,
                                           reterr);
        w->request.settings.temperature = user.temperature;
        if (st == STATUS_OK && o->choose)
                st = o->choose(o->closure, &lease, w->arena, &user, &w->request, reterr);
        if (st == STATUS_OK)
                st = vault_user_key(o->vault, &lease, w->user_id, false, &key, reterr);
        if (st == STATUS_OK)
                st = evaluation_read(&lease, w->arena, &key, w->user_id, &w->evaluation, reterr);
        if (st != STATUS_OK)
                return st;
        w->request.task = COACH_EVALUATE;
        w->request.username = user.username;
        return STATUS_OK;
}

static enum status check(void *arg, struct error *reterr)
{
        struct work *w = arg;

        if (is_stopping(w->progress))
                return error_set(reterr, STATUS_CANCELLED, "the service stops");
        if (deadline_passed(w->request.deadline))
                return error_set(reterr, STATUS_DEADLINE_EXCEEDED, "the coach took too long");
        return STATUS_OK;
}

static enum status keep_account(void *arg, struct error *reterr)
{
        struct work *w = arg;
        const struct progress_options *o = &w->progress->options;
        LEASE(lease, o->db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = o->disclose(o->closure, &lease, w->arena, w->user_id, &w->request, reterr);

        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static enum status ask_engine(struct work *w, struct error *reterr)
{
        const struct coach_asker asker = {check, NULL, w};

        w->request.deadline = deadline_in_ms(ANSWER_MS);
        return coach_ask(w->progress->options.coach, &w->request, &asker, w->arena, &w->answer,
                         reterr);
}

/* An engine that is away, or whose document cannot be read, is stood in for by the coach; here so
 * is one that refuses or is too slow, since nobody is there who would hear of it. */
static enum status ask(struct work *w, struct error *reterr)
{
        struct progress *p = w->progress;
        size_t n = w->evaluation.n_items;
        const char **texts = arena_calloc(w->arena, n + 1, sizeof(*texts));
        enum status st = STATUS_OK;

        if (!texts)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        for (size_t i = 0; i < n; i++)
                texts[i] = w->evaluation.items[i].text;
        w->request.messages = texts;
        w->request.n_messages = n;
        if (n == 0 || w->request.skills.n_items == 0)
                return STATUS_OK; /* nothing to judge, or nothing to judge it by */
        bool is_remote = !coach_engine_is_builtin(w->request.settings.provider);
        if (is_remote && p->options.disclose)
                st = db_write(p->options.db, keep_account, w, deadline_in_ms(WRITE_MS), reterr);
        if (st != STATUS_OK)
                return st;
        st = ask_engine(w, reterr);
        if (st == STATUS_OK || !is_remote || is_stopping(p))
                return st;
        LOG(WARNING, "an engine does not evaluate: the built-in coach does",
            LOG_INT("user", w->user_id), LOG_STR("status", status_name(st)));
        w->request.settings.provider = COACH_BUILTIN;
        return ask_engine(w, reterr);
}

/* One step for a skill that was shown; the level is that of now, which may have moved meanwhile. */
static enum status apply(struct work *w, struct lease *lease, const struct document_change *change,
                         struct error *reterr)
{
        struct said *evidence = arena_calloc(w->arena, change->n_evidence + 1, sizeof(*evidence));
        const char *why =
                cite_messages(w->arena, change, w->request.messages, w->request.n_messages);
        int level = 0;

        if (!evidence || !why)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        enum status st = user_skill_level(lease, w->user_id, change->skill_id, &level, reterr);
        if (st == STATUS_NOT_FOUND || (st == STATUS_OK && level == SKILL_MAX_LEVEL))
                return STATUS_OK;
        if (st != STATUS_OK)
                return st;
        for (size_t i = 0; i < change->n_evidence; i++)
                evidence[i] = w->evaluation.items[change->evidence[i]];
        const struct level_reason reason = {
                .engine = w->answer.engine,
                .why = why,
                .evidence = evidence,
                .n_evidence = change->n_evidence,
        };
        struct users_moved *moved = &w->moved[w->n_moved];
        st = level_set(lease, w->user_id, change->skill_id, level + 1, &reason, &moved->moved,
                       reterr);
        moved->skill_name = change->skill;
        w->n_moved += st == STATUS_OK;
        return st;
}

static enum status finish(void *arg, struct error *reterr)
{
        struct work *w = arg;
        const struct document *document = &w->answer.document;
        LEASE(lease, w->progress->options.db, LEASE_WRITE, DEADLINE_NEVER);
        enum status st = evaluation_finish(&lease, w->user_id, w->evaluation.end, reterr);

        w->moved = arena_calloc(w->arena, document->n_changes + 1, sizeof(*w->moved));
        if (!w->moved)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");

        for (size_t i = 0; st == STATUS_OK && i < document->n_changes; i++) {
                const struct document_change *change = &document->changes[i];

                if (change->delta > 0 && change->n_evidence >= DOCUMENT_MIN_EVIDENCE)
                        st = apply(w, &lease, change, reterr);
        }
        return st == STATUS_OK ? lease_commit(&lease, reterr) : st;
}

static void tell(void *arg)
{
        struct work *w = arg;
        const struct progress_options *o = &w->progress->options;

        for (size_t i = 0; i < w->n_moved && o->moved; i++)
                o->moved(o->closure, w->user_id, &w->moved[i].moved, w->moved[i].skill_name);
}

static enum status evaluate(struct progress *p, int64_t user_id, struct error *reterr)
{
        AUTO_ARENA arena;
        arena_init(&arena, ARENA_BYTES);
        struct work w = {.progress = p, .arena = &arena, .user_id = user_id};
        enum status st = gather(&w, reterr);

        if (st == STATUS_NOT_FOUND) /* whoever it was is deleted */
                return STATUS_OK;
        if (st == STATUS_OK && w.evaluation.end == 0)
                return STATUS_OK;
        if (st == STATUS_OK)
                st = ask(&w, reterr);
        return st == STATUS_OK ? db_write_then(p->options.db, finish, tell, &w,
                                               deadline_in_ms(WRITE_MS), reterr)
                               : st;
}

/* --- the threads --- */

/* What fails stays in the database, and is tried again when the user says more, or at the next
 * start. */
static void *evaluator_main(void *arg)
{
        struct evaluator *e = arg;
        struct error error = ERROR_INIT;
        int64_t user_id;

        while (take_user(e, &user_id)) {
                enum status st = evaluate(e->progress, user_id, &error);

                if (st != STATUS_OK && st != STATUS_CANCELLED)
                        LOG(WARNING, "an evaluation failed", LOG_INT("user", user_id),
                            LOG_STR("status", status_name(st)), LOG_STR("error", error.text));
        }
        return NULL;
}

/* Everything that there is to count now. False: it has to be tried again. */
static bool work(struct progress *p)
{
        struct error error = ERROR_INIT;
        enum status st = STATUS_OK;
        bool more = true, sweeps = true;

        while (st == STATUS_OK && (more || sweeps) && !is_stopping(p)) {
                sweeps = may_sweep(p);
                if (sweeps)
                        st = sweep_part(p, &error);
                if (st == STATUS_OK)
                        st = count_part(p, &more, &error);
        }
        if (st != STATUS_OK && st != STATUS_UNAVAILABLE && st != STATUS_RESOURCE_EXHAUSTED)
                LOG(WARNING, "counting messages failed", LOG_STR("status", status_name(st)),
                    LOG_STR("error", error.text));
        return st == STATUS_OK;
}

/* Until pause_ms are over, and something is to be done. */
static void wait_for_more(struct progress *p, uint64_t pause_ms)
{
        deadline_ns until = deadline_in_ms(pause_ms);
        LOCK(&p->mutex);

        while (!p->stopping && clock_cond_wait(&p->cond, &p->mutex, until))
                continue;
        while (!p->stopping && !atomic_load(&p->woken))
                pthread_cond_wait(&p->cond, &p->mutex);
}

static void *counter_main(void *arg)
{
        struct progress *p = arg;

        while (!is_stopping(p)) {
                /* Before looking, so that what is said meanwhile is looked for afterwards. */
                atomic_store(&p->woken, false);
                bool good = work(p);
                if (!good)
                        atomic_store(&p->woken, true);
                wait_for_more(p, good ? PAUSE_MS : RETRY_MS);
        }
        return NULL;
}

static void stop(struct progress *p)
{
        pthread_mutex_lock(&p->mutex);
        p->stopping = true;
        pthread_cond_signal(&p->cond);
        pthread_cond_broadcast(&p->due);
        pthread_mutex_unlock(&p->mutex);
        for (unsigned i = 0; i < p->n_evaluators; i++)
                pthread_join(p->evaluators[i], NULL);
}

static void dispose(struct progress *p)
{
        pthread_cond_destroy(&p->due);
        pthread_cond_destroy(&p->cond);
        pthread_mutex_destroy(&p->mutex);
        free(p);
}

static int start(struct progress *p)
{
        int failed = 0;

        for (unsigned i = 0; i < PROGRESS_EVALUATORS && !failed; i++) {
                p->places[i] = (struct evaluator){p, i};
                failed = pthread_create(&p->evaluators[i], NULL, evaluator_main, &p->places[i]);
                p->n_evaluators += !failed;
        }
        return failed ? failed : pthread_create(&p->counter, NULL, counter_main, p);
}

enum status progress_new(const struct progress_options *options, struct progress **ret,
                         struct error *reterr)
{
        struct progress *p = calloc(1, sizeof(*p));

        if (!p)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        p->options = *options;
        p->is_sweeping = true;
        pthread_mutex_init(&p->mutex, NULL);
        clock_cond_init(&p->cond);
        pthread_cond_init(&p->due, NULL);
        int failed = start(p);
        if (failed) {
                stop(p);
                dispose(p);
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "cannot start a thread: %s",
                                 strerror(failed));
        }
        *ret = p;
        return STATUS_OK;
}

struct progress *progress_free(struct progress *p)
{
        if (!p)
                return NULL;
        stop(p);
        pthread_join(p->counter, NULL);
        dispose(p);
        return NULL;
}
