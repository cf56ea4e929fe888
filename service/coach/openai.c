#include "service/coach/openai.h"

#include "service/coach/openai_run.h"

#include <sodium.h>
#include <string.h>

#define MAX_RETRIES 2
/* How long the thread sleeps when nothing is under way. */
#define IDLE_MS 60000

struct openai {
        struct coach_engine engine; /* first: it is handed out */
        struct openai_options options;
        CURLM *multi;
        pthread_t thread;
        atomic_uint n_runs;

        pthread_mutex_t mutex;
        struct coach_run *incoming; /* newest first; under the mutex */
        bool stopping; /* under the mutex */

        /* The thread's own. */
        struct coach_run *runs;
        struct breaker_set breakers;
};

static const struct openai_options defaults = {
        .connect_ms = 10000,
        .first_byte_ms = 60000,
        .between_ms = 30000,
        .whole_ms = 300000,
        .retry_ms = 500,
        .max_runs = 64,
        .breaker_failures = 5,
        .breaker_ms = 30000,
};

static void remove_run(struct openai *o, struct coach_run *run)
{
        struct coach_run **at = &o->runs;

        while (*at != run)
                at = &(*at)->next;
        *at = run->next;
}

static void end_attempt(struct openai *o, struct coach_run *run)
{
        if (!run->easy)
                return;
        curl_multi_remove_handle(o->multi, run->easy); /* closes the connection */
        curl_easy_cleanup(run->easy);
        run->easy = NULL;
}

/* The last of a run: afterwards it belongs to whoever asked. */
static void end_run(struct openai *o, struct coach_run *run, enum status status,
                    const struct error *error)
{
        const struct coach_sink sink = run->sink;
        const struct error copy = error ? *error : (struct error)ERROR_INIT;

        end_attempt(o, run);
        remove_run(o, run);
        atomic_fetch_sub(&o->n_runs, 1);
        sink.done(sink.closure, status, status == STATUS_OK ? NULL : &copy);
}

/* 500 ms, then 1 s, each less a random part of up to a half: who failed together does not come back
 * together. */
static uint32_t back_off_ms(const struct openai *o, const struct coach_run *run)
{
        uint32_t ms = o->options.retry_ms << (run->n_attempts - 1);

        return ms - randombytes_uniform(ms / 2 + 1);
}

/* An attempt is over: the run ends, or waits for the next one. */
static void conclude(struct openai *o, struct coach_run *run, CURLcode code)
{
        struct run_end end;

        run_conclude(run, code, &end);
        breaker_report(&o->breakers, run->url, end.breaker);
        end_attempt(o, run);

        uint32_t wait_ms = end.wait_ms ? end.wait_ms : back_off_ms(o, run);

        if (end.may_retry && run->n_attempts <= MAX_RETRIES &&
            deadline_in_ms(wait_ms) < run->until) {
                run->retry_at = deadline_in_ms(wait_ms);
                return;
        }
        end.error.retry_after_ms = end.wait_ms;
        end_run(o, run, end.status, &end.error);
}

static void begin(struct openai *o, struct coach_run *run)
{
        struct error err;
        uint32_t wait_ms = 0;

        if (!breaker_admit(&o->breakers, run->url, &wait_ms)) {
                error_retry(&err, STATUS_UNAVAILABLE, wait_ms,
                            "the language model's server has failed several times and is left "
                            "alone for a while");
                end_run(o, run, STATUS_UNAVAILABLE, &err);
                return;
        }
        if (run_begin(run, &o->options) && curl_multi_add_handle(o->multi, run->easy) == CURLM_OK)
                return;
        breaker_report(&o->breakers, run->url, BREAKER_UNKNOWN);
        error_set(&err, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        end_run(o, run, STATUS_RESOURCE_EXHAUSTED, &err);
}

/* Time has run out for the run; what has been said stays said. */
static void end_in_time(struct openai *o, struct coach_run *run)
{
        if (run->until_is_askers)
                run_fail(run, STATUS_DEADLINE_EXCEEDED, BREAKER_UNKNOWN,
                         "the language model's answer did not come in time");
        else
                run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                         "the language model's answer takes longer than %u s",
                         o->options.whole_ms / 1000);
}

/* Moves a run on by one step, if it is time for one. */
static void step(struct openai *o, struct coach_run *run)
{
        struct error err;

        if (atomic_load(&run->cancelled)) {
                if (run->easy)
                        breaker_report(&o->breakers, run->url, BREAKER_UNKNOWN);
                error_set(&err, STATUS_CANCELLED, "the answer was cancelled");
                end_run(o, run, STATUS_CANCELLED, &err);
        } else if (!run->easy && deadline_passed(run->until)) {
                run->failed = false;
                end_in_time(o, run);
                end_run(o, run, run->end.status, &run->end.error);
        } else if (!run->easy) {
                if (deadline_passed(run->retry_at))
                        begin(o, run);
        } else if (deadline_passed(run->until)) {
                end_in_time(o, run);
                conclude(o, run, CURLE_OK);
        } else if (deadline_passed(run->silent_until)) {
                /* A finished answer only lacks its end mark. */
                if (run->finish == COMPLETION_GOES_ON)
                        run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                                 "the language model's server has fallen silent");
                conclude(o, run, CURLE_OK);
        }
}

static void step_all(struct openai *o)
{
        struct coach_run *next;

        for (struct coach_run *run = o->runs; run; run = next) {
                next = run->next;
                step(o, run);
        }
}

static void perform(struct openai *o)
{
        const CURLMsg *message;
        int n_running, n_left;

        curl_multi_perform(o->multi, &n_running);
        while ((message = curl_multi_info_read(o->multi, &n_left))) {
                struct coach_run *run = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&run);
                conclude(o, run, message->data.result);
        }
}

/* Until something is due, by our clock; curl_multi_poll() knows of curl's. */
static int wait_ms(const struct openai *o)
{
        uint32_t wait = IDLE_MS;

        for (const struct coach_run *run = o->runs; run; run = run->next) {
                deadline_ns due = run->easy ? run->silent_until : run->retry_at;
                uint32_t left = deadline_left_ms(due < run->until ? due : run->until);

                if (left < wait)
                        wait = left;
        }
        return (int)wait;
}

/* Takes over new runs. False: the engine is being freed. */
static bool take_incoming(struct openai *o)
{
        LOCK(&o->mutex);

        while (o->incoming) {
                struct coach_run *run = o->incoming;

                o->incoming = run->next;
                run->next = o->runs;
                o->runs = run;
        }
        return !o->stopping;
}

static void *work(void *arg)
{
        struct openai *o = arg;

        while (take_incoming(o)) {
                step_all(o);
                perform(o);
                curl_multi_poll(o->multi, NULL, 0, wait_ms(o), NULL);
        }
        while (o->runs) {
                struct error err;

                error_set(&err, STATUS_CANCELLED, "the service stops");
                end_run(o, o->runs, STATUS_CANCELLED, &err);
        }
        return NULL;
}

static enum status start(const struct coach_engine *engine, const struct coach_request *request,
                         const struct coach_sink *sink, struct coach_run **ret,
                         struct error *reterr)
{
        struct openai *o = (struct openai *)engine;
        struct coach_run *run;
        enum status st;

        if (atomic_fetch_add(&o->n_runs, 1) >= o->options.max_runs) {
                atomic_fetch_sub(&o->n_runs, 1);
                return error_retry(reterr, STATUS_RESOURCE_EXHAUSTED, 1000,
                                   "%u answers are in the making, the most there may be",
                                   o->options.max_runs);
        }
        st = run_new(o, request, sink, o->options.whole_ms, &run, reterr);
        if (st != STATUS_OK) {
                atomic_fetch_sub(&o->n_runs, 1);
                return st;
        }
        *ret = run;
        {
                LOCK(&o->mutex);
                run->next = o->incoming;
                o->incoming = run;
        }
        curl_multi_wakeup(o->multi);
        return STATUS_OK;
}

static void cancel(struct coach_run *run)
{
        atomic_store(&run->cancelled, true);
        curl_multi_wakeup(run->openai->multi);
}

static void finish(struct coach_run *run)
{
        run_free(run);
}

static void set_defaults(struct openai_options *o)
{
#define DEFAULT(member)     \
        if (o->member == 0) \
        o->member = defaults.member
        DEFAULT(connect_ms);
        DEFAULT(first_byte_ms);
        DEFAULT(between_ms);
        DEFAULT(whole_ms);
        DEFAULT(retry_ms);
        DEFAULT(max_runs);
        DEFAULT(breaker_failures);
        DEFAULT(breaker_ms);
#undef DEFAULT
}

enum status openai_new(const struct openai_options *options, struct openai **ret,
                       struct error *reterr)
{
        struct openai *o = calloc(1, sizeof(*o));

        if (!o || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
                free(o);
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        }
        o->engine = (struct coach_engine){"openai", start, cancel, finish};
        if (options)
                o->options = *options;
        set_defaults(&o->options);
        o->breakers.max_failures = o->options.breaker_failures;
        o->breakers.open_ms = o->options.breaker_ms;
        pthread_mutex_init(&o->mutex, NULL);
        o->multi = curl_multi_init();
        if (o->multi && pthread_create(&o->thread, NULL, work, o) == 0) {
                *ret = o;
                return STATUS_OK;
        }
        curl_multi_cleanup(o->multi);
        pthread_mutex_destroy(&o->mutex);
        curl_global_cleanup();
        free(o);
        return error_set(reterr, STATUS_UNAVAILABLE, "cannot start the thread for language models");
}

struct openai *openai_free(struct openai *o)
{
        if (!o)
                return NULL;
        {
                LOCK(&o->mutex);
                o->stopping = true;
        }
        curl_multi_wakeup(o->multi);
        pthread_join(o->thread, NULL);
        curl_multi_cleanup(o->multi);
        breaker_set_deinit(&o->breakers);
        pthread_mutex_destroy(&o->mutex);
        curl_global_cleanup();
        free(o);
        return NULL;
}

const struct coach_engine *openai_engine(const struct openai *o)
{
        return &o->engine;
}
