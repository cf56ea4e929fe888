#include "service/coach/coach.h"

#include "common/buffer.h"

#include <errno.h>
#include <time.h>

/* How often somebody who waits is asked whether he still does. */
#define CHECK_EVERY_MS 50
/* An answer is cut off there: no person reads more, and it has to fit into a reply. */
#define MAX_ANSWER_BYTES (64u * 1024)

struct coach {
        const struct coach_engine *engine;
};

/* What an engine has said so far. */
struct answer {
        pthread_mutex_t mutex;
        pthread_cond_t cond;
        struct buffer text;
        bool too_long;
        bool done;
        enum status status;
        struct error error;
};

enum status coach_new(const struct coach_engine *engine, struct coach **ret, struct error *reterr)
{
        struct coach *c = calloc(1, sizeof(*c));

        if (!c)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        c->engine = engine;
        *ret = c;
        return STATUS_OK;
}

struct coach *coach_free(struct coach *c)
{
        free(c);
        return NULL;
}

const char *coach_engine_name(const struct coach *c)
{
        return c->engine->name;
}

static void on_delta(void *closure, const char *text, size_t n)
{
        struct answer *a = closure;
        LOCK(&a->mutex);

        if (a->text.n_bytes + n > MAX_ANSWER_BYTES)
                a->too_long = true;
        else
                buffer_append(&a->text, text, n);
}

static void on_done(void *closure, enum status status, const struct error *error)
{
        struct answer *a = closure;
        LOCK(&a->mutex);

        a->done = true;
        a->status = status;
        if (status != STATUS_OK && error)
                a->error = *error;
        pthread_cond_signal(&a->cond);
}

static void answer_init(struct answer *a)
{
        pthread_condattr_t attr;

        *a = (struct answer){.text = BUFFER_INIT};
        pthread_mutex_init(&a->mutex, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&a->cond, &attr);
        pthread_condattr_destroy(&attr);
}

static void answer_deinit(struct answer *a)
{
        buffer_deinit(&a->text);
        pthread_cond_destroy(&a->cond);
        pthread_mutex_destroy(&a->mutex);
}

/* Whether the engine is done within that time. */
static bool wait_done(struct answer *a, uint64_t ms)
{
        deadline_ns until = deadline_in_ms(ms);
        struct timespec at = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
        LOCK(&a->mutex);

        while (!a->done)
                if (pthread_cond_timedwait(&a->cond, &a->mutex, &at) == ETIMEDOUT)
                        break;
        return a->done;
}

/* Waits for done(), which comes soon once the engine is cancelled. */
static enum status wait_answer(struct coach *c, struct answer *a, struct coach_run *run,
                               coach_check_fn check, void *check_arg, struct error *reterr)
{
        enum status st = STATUS_OK;

        while (!wait_done(a, CHECK_EVERY_MS)) {
                if (st != STATUS_OK)
                        continue;
                st = check(check_arg, reterr);
                if (st != STATUS_OK)
                        c->engine->cancel(run);
        }
        if (st != STATUS_OK)
                return st;
        if (a->status != STATUS_OK && reterr)
                *reterr = a->error;
        return a->status;
}

enum status coach_ask(struct coach *c, const struct coach_request *request, coach_check_fn check,
                      void *check_arg, struct arena *arena, const char **ret_answer,
                      struct error *reterr)
{
        CLEANUP(answer_deinit) struct answer answer;
        answer_init(&answer);
        const struct coach_sink sink = {on_delta, on_done, &answer};
        struct coach_run *run = NULL;
        enum status st = c->engine->start(c->engine, request, &sink, &run, reterr);

        if (st != STATUS_OK)
                return st;
        st = wait_answer(c, &answer, run, check, check_arg, reterr);
        c->engine->finish(run);
        if (st != STATUS_OK)
                return st;
        if (answer.too_long)
                return error_set(reterr, STATUS_UNAVAILABLE, "the coach talks too much; ask again");

        const char *text = buffer_str(&answer.text);
        const char *copy = text ? arena_strdup(arena, text) : NULL;
        if (!copy)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        *ret_answer = copy;
        return STATUS_OK;
}
