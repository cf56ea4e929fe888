#include "service/coach/coach.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "service/coach/language.h"

#include <string.h>

/* How often somebody who waits is asked whether he still does. */
#define CHECK_EVERY_MS 50

struct coach {
        const struct coach_engine *const *engines;
        size_t n_engines;
        struct language_detector *detector; /* NULL = nothing is detected */
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
        size_t n_told; /* bytes that the asker has been given; the asker's thread only */
};

enum status coach_new(const struct coach_engine *const *engines, size_t n_engines,
                      struct coach **ret, struct error *reterr)
{
        struct coach *c = calloc(1, sizeof(*c));

        if (!c)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        c->engines = engines;
        c->n_engines = n_engines;
        c->detector = language_detector_new();
        *ret = c;
        return STATUS_OK;
}

struct coach *coach_free(struct coach *c)
{
        if (c)
                language_detector_free(c->detector);
        free(c);
        return NULL;
}

bool coach_task_has_document(enum coach_task task)
{
        return task == COACH_EVALUATE || task == COACH_REHEARSE || task == COACH_CLARIFY;
}

static void on_delta(void *closure, const char *text, size_t n)
{
        struct answer *a = closure;
        LOCK(&a->mutex);

        if (a->too_long || a->text.n_bytes + n > COACH_MAX_ANSWER_BYTES) {
                a->too_long = true;
                return;
        }
        buffer_append(&a->text, text, n);
        pthread_cond_signal(&a->cond);
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
        *a = (struct answer){.text = BUFFER_INIT};
        pthread_mutex_init(&a->mutex, NULL);
        clock_cond_init(&a->cond);
}

static void answer_deinit(struct answer *a)
{
        buffer_deinit(&a->text);
        pthread_cond_destroy(&a->cond);
        pthread_mutex_destroy(&a->mutex);
}

/* Waits for more of the answer, or for its end, but no longer than that. news takes the piece that
 * the asker has not been given yet. Returns whether the engine is done. */
static bool wait_news(struct answer *a, uint64_t ms, struct buffer *news)
{
        deadline_ns until = deadline_in_ms(ms);
        LOCK(&a->mutex);

        while (!a->done && a->n_told == a->text.n_bytes &&
               clock_cond_wait(&a->cond, &a->mutex, until))
                continue;
        buffer_clear(news);
        if (a->text.n_bytes > a->n_told)
                buffer_append(news, a->text.data + a->n_told, a->text.n_bytes - a->n_told);
        a->n_told = a->text.n_bytes;
        return a->done;
}

/* Waits for done(), which comes soon once the engine is cancelled, and hands on what is said
 * meanwhile. */
static enum status wait_answer(const struct coach_engine *engine, struct answer *a,
                               struct coach_run *run, const struct coach_asker *asker,
                               struct error *reterr)
{
        enum status st = STATUS_OK;
        bool done;
        AUTO_BUFFER news = BUFFER_INIT;

        do {
                done = wait_news(a, CHECK_EVERY_MS, &news);
                if (st == STATUS_OK && !done) {
                        st = asker->check(asker->arg, reterr);
                        if (st != STATUS_OK)
                                engine->cancel(run);
                }
                if (st == STATUS_OK && news.n_bytes > 0 && asker->delta)
                        asker->delta(asker->arg, (const char *)news.data, news.n_bytes);
        } while (!done);
        if (st != STATUS_OK)
                return st;
        if (a->status != STATUS_OK && reterr)
                *reterr = a->error;
        return a->status;
}

/* Asks one engine. What it has said is appended to said, whatever the status. */
static enum status ask_engine(const struct coach_engine *engine,
                              const struct coach_request *request, const struct coach_asker *asker,
                              struct buffer *said, struct error *reterr)
{
        CLEANUP(answer_deinit) struct answer answer;
        answer_init(&answer);
        const struct coach_sink sink = {on_delta, on_done, &answer};
        struct coach_run *run = NULL;
        enum status st = engine->start(engine, request, &sink, &run, reterr);

        if (st != STATUS_OK)
                return st;
        st = wait_answer(engine, &answer, run, asker, reterr);
        engine->finish(run);
        if (answer.text.n_bytes > 0)
                buffer_append(said, answer.text.data, answer.text.n_bytes);
        if (st == STATUS_OK && answer.too_long)
                return error_set(reterr, STATUS_UNAVAILABLE,
                                 "the coach talks too much: more than %u KiB",
                                 COACH_MAX_ANSWER_BYTES / 1024);
        if (st == STATUS_OK && (buffer_failed(said) || buffer_failed(&answer.text)))
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        return st;
}

/* A document that cannot be read is as good as none: UNAVAILABLE. */
static enum status read_document(const struct coach_request *request, struct buffer *said,
                                 struct arena *arena, struct document *ret, struct error *reterr)
{
        const char *text = buffer_str(said);
        struct error why = ERROR_INIT;
        enum status st = STATUS_OK;

        if (!text)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        if (request->task == COACH_EVALUATE)
                st = document_read_evaluation(text, &request->skills, request->n_messages, arena,
                                              ret, &why);
        else if (request->task == COACH_REHEARSE)
                st = document_read_rehearsal(text, arena, ret, &why);
        else if (request->task == COACH_CLARIFY)
                st = document_read_clarification(text, arena, ret, &why);
        if (st == STATUS_INVALID_ARGUMENT)
                return error_set(reterr, STATUS_UNAVAILABLE,
                                 "the language model's answer cannot be read (%.120s)", why.text);
        if (st != STATUS_OK && reterr)
                *reterr = why;
        return st;
}

static const struct coach_engine *find_engine(const struct coach *c, const char *provider)
{
        if (!provider || !*provider)
                return c->engines[0];
        for (size_t i = 0; i < c->n_engines; i++)
                if (strcmp(c->engines[i]->name, provider) == 0)
                        return c->engines[i];
        return NULL;
}

/* Lets the first engine answer for one that cannot, and say so first. why: ends without a full
 * stop. */
static enum status fall_back(const struct coach *c, const struct coach_request *request,
                             const struct coach_asker *asker, const struct error *why,
                             struct buffer *said, struct arena *arena, struct coach_answer *ret,
                             struct error *reterr)
{
        const char *notice =
                arena_printf(arena, "The built-in coach answers, because %s. ", why->text);

        if (!notice)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        buffer_clear(said);
        ret->engine = c->engines[0]->name;
        ret->notice = arena_strndup(arena, notice, strlen(notice) - 1);
        if (!ret->notice)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        if (!coach_task_has_document(request->task)) {
                buffer_append_str(said, notice);
                if (asker->delta)
                        asker->delta(asker->arg, notice, strlen(notice));
        }
        return ask_engine(c->engines[0], request, asker, said, reterr);
}

static enum status ask(const struct coach *c, const struct coach_request *request,
                       const struct coach_asker *asker, struct buffer *said, struct arena *arena,
                       struct coach_answer *ret, struct error *reterr)
{
        const struct coach_engine *engine = find_engine(c, request->settings.provider);
        bool has_document = coach_task_has_document(request->task);
        struct error why = ERROR_INIT;
        enum status st;

        if (!engine)
                return error_field(reterr, "provider", "no engine of that name here: \"%.40s\"",
                                   request->settings.provider);
        ret->engine = engine->name;
        st = ask_engine(engine, request, asker, said, &why);
        if (st == STATUS_OK && has_document)
                st = read_document(request, said, arena, &ret->document, &why);
        /* A document that broke off has been shown to nobody; of a talk nothing may be taken back.
         */
        if (st == STATUS_UNAVAILABLE && engine != c->engines[0] &&
            (said->n_bytes == 0 || has_document)) {
                st = fall_back(c, request, asker, &why, said, arena, ret, reterr);
                if (st == STATUS_OK && has_document)
                        st = read_document(request, said, arena, &ret->document, reterr);
                return st;
        }
        if (st != STATUS_OK && reterr)
                *reterr = why;
        return st;
}

enum status coach_ask(struct coach *c, const struct coach_request *request,
                      const struct coach_asker *asker, struct arena *arena,
                      struct coach_answer *ret, struct error *reterr)
{
        const struct coach_asker quiet = {asker->check, NULL, asker->arg};
        AUTO_BUFFER said = BUFFER_INIT;
        struct coach_request known = *request;
        enum status st;

        *ret = (struct coach_answer){.text = "", .engine = "", .notice = ""};
        known.detected = language_of_request(c->detector, request);
        st = ask(c, &known, coach_task_has_document(request->task) ? &quiet : asker, &said, arena,
                 ret, reterr);

        const char *text = buffer_str(&said);
        const char *copy = text ? arena_strdup(arena, text) : NULL;
        if (copy)
                ret->text = copy;
        else if (st == STATUS_OK)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
        return st;
}
