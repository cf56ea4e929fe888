#include "service/coach/openai_run.h"

#include "common/json.h"
#include "service/coach/address.h"
#include "service/coach/endpoint.h"
#include "service/coach/prompt.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_HEADER_BYTES (64u * 1024)
#define MAX_DOCUMENT_BYTES \
        (512u * 1024) /* an answer of the longest, with every character escaped */
#define MAX_ERROR_BYTES  (16u * 1024)
#define MAX_STREAM_BYTES (16u * 1024 * 1024) /* most of it is around the words, or thoughts */
#define MAX_KEY_BYTES    1024
#define MAX_MODEL_BYTES  256
#define MAX_TEMPERATURE  2.0
/* A server that asks for more patience is not waited for. */
#define MAX_RETRY_AFTER_S 30

static enum status no_memory(struct error *reterr)
{
        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "no memory left");
}

static enum status check_settings(const struct coach_settings *s, struct error *reterr)
{
        if (!s->endpoint || !*s->endpoint)
                return error_field(reterr, "endpoint", "missing: the base URL of the server");
        if (!s->model || !*s->model || strlen(s->model) > MAX_MODEL_BYTES)
                return error_field(reterr, "model", "want a name of 1 to %d bytes",
                                   MAX_MODEL_BYTES);
        if (!(s->temperature >= 0 && s->temperature <= MAX_TEMPERATURE))
                return error_field(reterr, "temperature", "want 0 to %.0f", MAX_TEMPERATURE);
        for (const char *at = s->api_key; at && *at; at++)
                if (*at <= ' ' || *at > '~' || at - s->api_key >= MAX_KEY_BYTES)
                        return error_field(reterr, "api_key",
                                           "want at most %d letters, digits and signs, no spaces",
                                           MAX_KEY_BYTES);
        return STATUS_OK;
}

static enum status make_body(struct coach_run *run, const struct coach_request *request,
                             struct error *reterr)
{
        AUTO_BUFFER body = BUFFER_INIT;

        buffer_append_str(&body, "{\"model\":");
        json_append_string(&body, request->settings.model);
        buffer_append_str(&body, ",\"stream\":true,\"temperature\":");
        json_append_double(&body, request->settings.temperature);
        buffer_append_str(&body, ",\"messages\":");
        prompt_append(&body, request);
        buffer_append_char(&body, '}');
        run->body_bytes = body.n_bytes;
        run->body = buffer_str(&body) ? strdup(buffer_str(&body)) : NULL;
        return run->body ? STATUS_OK : no_memory(reterr);
}

static bool add_header(struct coach_run *run, const char *header)
{
        struct curl_slist *longer = curl_slist_append(run->headers, header);

        if (longer)
                run->headers = longer;
        return longer != NULL;
}

static enum status make_headers(struct coach_run *run, const char *api_key, struct error *reterr)
{
        char bearer[MAX_KEY_BYTES + 32];
        bool ok = add_header(run, "Content-Type: application/json") &&
                  add_header(run, "Accept: text/event-stream, application/json") &&
                  add_header(run, "Expect:");

        if (ok && api_key && *api_key) {
                snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s", api_key);
                run->api_key = strdup(api_key);
                ok = run->api_key && add_header(run, bearer);
                sodium_memzero(bearer, sizeof(bearer));
        }
        return ok ? STATUS_OK : no_memory(reterr);
}

enum status run_new(struct openai *o, const struct coach_request *request,
                    const struct coach_sink *sink, uint32_t whole_ms, struct coach_run **ret,
                    struct error *reterr)
{
        struct coach_run *run;
        enum status st = check_settings(&request->settings, reterr);

        if (st != STATUS_OK)
                return st;
        run = calloc(1, sizeof(*run));
        if (!run)
                return no_memory(reterr);
        run->openai = o;
        run->sink = *sink;
        run->task = request->task;
        run->allow_private = request->settings.allow_private;
        run->until = deadline_in_ms(whole_ms);
        if (request->deadline != 0 && request->deadline < run->until) {
                run->until = request->deadline;
                run->until_is_askers = true;
        }
        sse_init(&run->sse);
        st = endpoint_completions_url(request->settings.endpoint, &run->url, reterr);
        if (st == STATUS_OK)
                st = make_body(run, request, reterr);
        if (st == STATUS_OK)
                st = make_headers(run, request->settings.api_key, reterr);
        if (st == STATUS_OK)
                *ret = run;
        else
                run_free(run);
        return st;
}

void run_free(struct coach_run *run)
{
        for (struct curl_slist *h = run->headers; h; h = h->next)
                sodium_memzero(h->data, strlen(h->data));
        if (run->api_key)
                sodium_memzero(run->api_key, strlen(run->api_key));
        curl_slist_free_all(run->headers);
        free(run->api_key);
        free(run->url);
        free(run->body);
        sse_deinit(&run->sse);
        buffer_deinit(&run->document);
        free(run);
}

void run_fail(struct coach_run *run, enum status status, enum breaker_outcome breaker,
              const char *format, ...)
{
        char text[sizeof(run->end.error.text)];
        va_list args;

        if (run->failed)
                return;
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        run->failed = true;
        run->end = (struct run_end){.status = status, .breaker = breaker};
        error_set(&run->end.error, status, "%s", text);
}

/* A server that gives back the key would carry it into logs. */
static const char *without_key(const struct coach_run *run, const char *text)
{
        return run->api_key && strstr(text, run->api_key) ? "a text with the key in it" : text;
}

static void say(struct coach_run *run, const char *text, size_t n)
{
        if (run->n_said + n > COACH_MAX_ANSWER_BYTES) {
                run_fail(run, STATUS_UNAVAILABLE, BREAKER_WORKED,
                         "the language model's answer is longer than %u KiB",
                         COACH_MAX_ANSWER_BYTES / 1024);
                return;
        }
        run->n_said += n;
        if (n > 0)
                run->sink.delta(run->sink.closure, text, n);
}

/* Takes a chunk, or a whole completion. */
static enum status take_completion(struct coach_run *run, const char *text, size_t n,
                                   struct error *reterr)
{
        AUTO_BUFFER mended = BUFFER_INIT;
        struct completion c;
        enum status st;

        if (strcasestr(text, "\\ud")) {
                completion_mend(&mended, text, &run->high);
                text = buffer_str(&mended);
                if (!text || buffer_failed(&mended))
                        return no_memory(reterr);
                n = mended.n_bytes;
        }
        st = completion_read(text, n, &c, reterr);
        if (st != STATUS_OK)
                return st;
        if (c.error)
                run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                         "the language model's server reports: %.120s", without_key(run, c.error));
        else
                say(run, c.text, c.n_text);
        if (c.finish != COMPLETION_GOES_ON)
                run->finish = c.finish;
        completion_deinit(&c);
        return STATUS_OK;
}

static enum status on_event(void *closure, const char *data, struct error *reterr)
{
        struct coach_run *run = closure;

        if (run->is_done || run->failed)
                return STATUS_OK;
        if (strcmp(data, "[DONE]") == 0) {
                run->is_done = true;
                return STATUS_OK;
        }
        return take_completion(run, data, strlen(data), reterr);
}

static void fail_malformed(struct coach_run *run, const struct error *why)
{
        run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                 "the language model's answer is malformed (%.120s)", why->text);
}

/* Events, or JSON in one piece: some servers do not stream. Their content type is not always true,
 * their first character is. */
static void take_body(struct coach_run *run, const char *bytes, size_t n)
{
        struct error why = ERROR_INIT;

        if (run->body_kind == BODY_UNKNOWN) {
                size_t at = 0;

                while (at < n && strchr(" \t\r\n", bytes[at]) && bytes[at])
                        at++;
                if (at < n)
                        run->body_kind = bytes[at] == '{' ? BODY_DOCUMENT : BODY_EVENTS;
        }
        if (run->body_kind == BODY_EVENTS) {
                if (sse_feed(&run->sse, bytes, n, on_event, run, &why) != STATUS_OK)
                        fail_malformed(run, &why);
                return;
        }
        if (run->document.n_bytes + n > MAX_DOCUMENT_BYTES) {
                run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                         "the language model's answer has more than %u bytes", MAX_DOCUMENT_BYTES);
                return;
        }
        buffer_append(&run->document, bytes, n);
}

static long http_status(const struct coach_run *run)
{
        long code = 0;

        curl_easy_getinfo(run->easy, CURLINFO_RESPONSE_CODE, &code);
        return code;
}

/* curl's write callback. Taking less than n stops the transfer. */
static size_t on_body(char *bytes, size_t size, size_t n, void *closure)
{
        struct coach_run *run = closure;

        n *= size;
        run->silent_until = deadline_in_ms(run->between_ms);
        run->n_received += n;
        if (http_status(run) != 200) {
                /* The reason why: its beginning is enough. */
                if (run->document.n_bytes + n > MAX_ERROR_BYTES)
                        return 0;
                buffer_append(&run->document, bytes, n);
                return n;
        }
        if (run->n_received > MAX_STREAM_BYTES)
                run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                         "the language model's stream has more than %u MiB",
                         MAX_STREAM_BYTES >> 20);
        else
                take_body(run, bytes, n);
        return run->is_done || run->failed ? 0 : n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *closure)
{
        struct coach_run *run = closure;

        (void)bytes;
        n *= size;
        run->n_header_bytes += n;
        if (run->n_header_bytes <= MAX_HEADER_BYTES)
                return n;
        run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                 "the language model's server sends more than %u bytes of headers",
                 MAX_HEADER_BYTES);
        return 0;
}

/* Every connection comes through here, with the address that the name has now: whatever it was
 * when somebody checked it does not count. */
static curl_socket_t on_socket(void *closure, curlsocktype purpose, struct curl_sockaddr *address)
{
        struct coach_run *run = closure;
        int fd;

        (void)purpose;
        if (!run->allow_private && !address_is_public(&address->addr)) {
                run->n_refused++;
                return CURL_SOCKET_BAD;
        }
        fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
        if (fd < 0)
                return CURL_SOCKET_BAD;
        run->n_opened++;
        return fd;
}

static bool set_options(struct coach_run *run, CURL *easy, const struct openai_options *options)
{
        bool ok = true;
#define SET(option, value) ok = curl_easy_setopt(easy, option, value) == CURLE_OK && ok

        SET(CURLOPT_URL, run->url);
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_POSTFIELDS, run->body);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)run->body_bytes);
        SET(CURLOPT_HTTPHEADER, run->headers);
        SET(CURLOPT_USERAGENT, "socializer/" SOCIALIZER_VERSION);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_PROXY, ""); /* nor one from the environment */
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_ms);
        /* A connection that one user's settings allowed is not another's to use. */
        SET(CURLOPT_FRESH_CONNECT, 1L);
        SET(CURLOPT_FORBID_REUSE, 1L);
        /* A name server that is slow does not hold up the other runs. */
        SET(CURLOPT_QUICK_EXIT, 1L);
        SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
        SET(CURLOPT_OPENSOCKETDATA, run);
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, run);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, run);
        SET(CURLOPT_PRIVATE, run);
#undef SET
        return ok;
}

bool run_begin(struct coach_run *run, const struct openai_options *options)
{
        CURL *easy = curl_easy_init();

        if (!easy || !set_options(run, easy, options)) {
                curl_easy_cleanup(easy);
                return false;
        }
        run->easy = easy;
        run->n_attempts++;
        run->between_ms = options->between_ms;
        run->silent_until = deadline_in_ms(options->first_byte_ms);
        run->n_refused = run->n_opened = 0;
        run->n_header_bytes = run->n_received = 0;
        run->body_kind = BODY_UNKNOWN;
        run->high = 0;
        run->finish = COMPLETION_GOES_ON;
        run->is_done = run->failed = false;
        sse_deinit(&run->sse);
        sse_init(&run->sse);
        buffer_clear(&run->document);
        return true;
}

/* The server's own words, where there are any: " (model not found)". */
static void reason_of(struct coach_run *run, char *ret, size_t size)
{
        struct completion c;
        const char *text = buffer_str(&run->document);

        ret[0] = '\0';
        if (!text || completion_read(text, run->document.n_bytes, &c, NULL) != STATUS_OK)
                return;
        if (c.error)
                snprintf(ret, size, " (%.120s)", without_key(run, c.error));
        completion_deinit(&c);
}

static void conclude_refusal(struct coach_run *run, long http)
{
        bool busy = http == 429 || http == 503;
        bool again = busy || http == 500 || http == 502 || http == 504;
        curl_off_t wait_s = 0;
        char reason[160];

        reason_of(run, reason, sizeof(reason));
        if (again || http >= 500)
                run_fail(run, STATUS_UNAVAILABLE, http == 429 ? BREAKER_UNKNOWN : BREAKER_FAILED,
                         "the language model's server answers with HTTP status %ld%s", http,
                         reason);
        else if (http >= 300 && http < 400)
                run_fail(run, STATUS_FAILED_PRECONDITION, BREAKER_WORKED,
                         "the language model's server redirects (HTTP status %ld), which is not "
                         "followed: set its final address",
                         http);
        else if (http == 401 || http == 403)
                run_fail(run, STATUS_FAILED_PRECONDITION, BREAKER_WORKED,
                         "the language model's server refuses the API key (HTTP status %ld)", http);
        else
                run_fail(run, STATUS_FAILED_PRECONDITION, BREAKER_WORKED,
                         "the language model's server refuses the request with HTTP status %ld%s",
                         http, reason);
        run->end.may_retry = again;
        if (busy && curl_easy_getinfo(run->easy, CURLINFO_RETRY_AFTER, &wait_s) == CURLE_OK &&
            wait_s > 0) {
                run->end.may_retry = wait_s <= MAX_RETRY_AFTER_S;
                run->end.wait_ms = (uint32_t)(wait_s < 86400 ? wait_s : 86400) * 1000;
        }
}

static void conclude_broken(struct coach_run *run, CURLcode code)
{
        if (run->n_refused > 0 && run->n_opened == 0) {
                run_fail(run, STATUS_PERMISSION_DENIED, BREAKER_UNKNOWN,
                         "endpoint: its address belongs to this machine or its network, which is "
                         "not allowed");
                return;
        }
        if (code == CURLE_OUT_OF_MEMORY) {
                run_fail(run, STATUS_RESOURCE_EXHAUSTED, BREAKER_UNKNOWN, "no memory left");
                return;
        }
        run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                 run->n_said > 0 ? "the language model's answer broke off (%s)"
                                 : "the language model's server cannot be reached (%s)",
                 curl_easy_strerror(code));
        run->end.may_retry = code != CURLE_PEER_FAILED_VERIFICATION;
}

/* The whole body of status 200 is there. */
static void conclude_body(struct coach_run *run)
{
        struct error why = ERROR_INIT;
        enum status st;

        if (run->body_kind == BODY_DOCUMENT) {
                const char *text = buffer_str(&run->document);

                st = text ? take_completion(run, text, run->document.n_bytes, &why)
                          : no_memory(&why);
                run->is_done = st == STATUS_OK;
        } else {
                st = sse_end(&run->sse, on_event, run, &why);
        }
        if (st != STATUS_OK)
                fail_malformed(run, &why);
}

/* The answer, as far as it has come, is there: whether it is one. */
static void conclude_answer(struct coach_run *run)
{
        static const char cut[] = " […]";

        if (run->finish == COMPLETION_FILTERED)
                run_fail(run, STATUS_FAILED_PRECONDITION, BREAKER_WORKED,
                         "the language model's server has filtered the answer");
        else if (!run->is_done && run->finish == COMPLETION_GOES_ON)
                run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                         "the language model's answer broke off");
        else if (run->n_said == 0)
                run_fail(run, STATUS_UNAVAILABLE, BREAKER_FAILED,
                         "the language model's answer is empty");
        else if (run->finish == COMPLETION_CUT && !coach_task_has_document(run->task))
                say(run, cut, sizeof(cut) - 1);
}

void run_conclude(struct coach_run *run, CURLcode code, struct run_end *ret)
{
        long http = http_status(run);
        bool complete = run->is_done || run->finish != COMPLETION_GOES_ON;

        if (!run->failed && http != 0 && http != 200 && (code == CURLE_OK || http >= 300))
                conclude_refusal(run, http);
        else if (!run->failed && !complete && code != CURLE_OK)
                conclude_broken(run, code);
        else if (!run->failed && !complete)
                conclude_body(run);
        if (!run->failed)
                conclude_answer(run);
        if (!run->failed)
                run->end = (struct run_end){.breaker = BREAKER_WORKED};
        if (run->n_said > 0)
                run->end.may_retry = false;
        *ret = run->end;
}
