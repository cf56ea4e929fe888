/* One answer in the making from an OpenAI-compatible server: its request, what has come, and what
 * that means. All but run_new() and run_free() belong on the engine's thread. */
#ifndef SERVICE_COACH_OPENAI_RUN_H
#define SERVICE_COACH_OPENAI_RUN_H

#include "service/coach/breaker.h"
#include "service/coach/completion.h"
#include "service/coach/openai.h"
#include "service/coach/sse.h"

#include <curl/curl.h>
#include <stdatomic.h>

/* How an attempt ended. */
struct run_end {
        enum status status;
        enum breaker_outcome breaker;
        uint32_t wait_ms; /* the server's wish before a retry, 0 = none */
        bool may_retry;
        struct error error;
};

struct coach_run {
        struct openai *openai;
        struct coach_run *next; /* in the engine's lists */
        struct coach_sink sink;
        deadline_ns until; /* of the engine's patience, or the asker's */
        size_t n_said; /* bytes of the answer, of all attempts: no retry after the first */
        enum coach_task task;
        bool until_is_askers;
        atomic_bool cancelled;

        /* The request. */
        bool allow_private;
        char *url;
        char *body;
        size_t body_bytes;
        struct curl_slist *headers;
        char *api_key; /* so that it is recognised in what comes back */

        /* The attempt. */
        CURL *easy; /* NULL: waiting for retry_at */
        deadline_ns retry_at; /* 0 = at once */
        deadline_ns silent_until; /* the next byte has to come before */
        uint32_t between_ms; /* two pieces of the answer, at most */
        unsigned n_attempts;
        unsigned n_refused; /* addresses */
        unsigned n_opened;
        size_t n_header_bytes;
        size_t n_received;
        struct sse sse;
        struct buffer document; /* JSON in one piece, or an error */
        enum { BODY_UNKNOWN, BODY_EVENTS, BODY_DOCUMENT } body_kind;
        unsigned high; /* half a character, see completion_mend() */
        enum completion_finish finish;
        bool is_done; /* nothing more is to come */
        bool failed; /* end says why */
        struct run_end end;
};

/* Copies what is needed of the request. INVALID_ARGUMENT with its field. */
enum status run_new(struct openai *o, const struct coach_request *request,
                    const struct coach_sink *sink, uint32_t whole_ms, struct coach_run **ret,
                    struct error *reterr) MUST_CHECK;
void run_free(struct coach_run *run);

/* Makes run->easy, ready to be performed. False: there is no memory. */
bool run_begin(struct coach_run *run, const struct openai_options *options);
/* Notes that the attempt failed in a way that curl does not know of; the first reason counts. */
void run_fail(struct coach_run *run, enum status status, enum breaker_outcome breaker,
              const char *format, ...) __attribute__((format(printf, 4, 5)));
/* What has come of the attempt. code: curl's, or CURLE_OK when it was stopped after run_fail(). */
void run_conclude(struct coach_run *run, CURLcode code, struct run_end *ret);

#endif
