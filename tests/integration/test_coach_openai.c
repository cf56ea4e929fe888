/* The engine for language models against servers that stream well, badly, or not at all. */
#include "tests/integration/coach_asked.h"
#include "tests/integration/upstream.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_HEAD           \
        "HTTP/1.1 200 OK\r\n" \
        "Content-Type: text/event-stream\r\n\r\n"
#define PIECE(text) "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define FINISH(why) "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"" why "\"}]}\n\n"
#define DONE        "data: [DONE]\n\n"

struct fixture {
        struct upstream upstream;
        struct coach_asked asked;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        coach_asked_init(&f->asked, NULL);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        coach_asked_deinit(&f->asked);
        if (f->upstream.threads)
                upstream_stop(&f->upstream);
        free(f);
        return 0;
}

static enum status ask(struct fixture *f, upstream_script_fn script)
{
        upstream_start(&f->upstream, script);
        return coach_asked_ask(&f->asked, f->upstream.url);
}

/* A script that answers every request with one text and closes. */
#define ANSWERS(name, text)                     \
        static void name(struct connection *c)  \
        {                                       \
                if (upstream_take_request(c))   \
                        upstream_send(c, text); \
        }

ANSWERS(stream_well,
        STREAM_HEAD ": hello\n\n"
                    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n" PIECE("Hel")
                            PIECE("lo, \\u00e4 ") PIECE("\xf0\x9f\x98\x80.") FINISH("stop") DONE)

static void an_answer_is_streamed(void **state)
{
        struct fixture *f = *state;

        f->asked.request.settings.temperature = 0.0;
        f->asked.request.settings.api_key = "sk-secret";
        assert_status(ask(f, stream_well), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "Hello, ä 😀.");
        assert_string_equal(buffer_str(&f->asked.heard), "Hello, ä 😀.");
        assert_string_equal(f->asked.answer.engine, "openai");
        assert_string_equal(f->asked.answer.notice, "");
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);

        const char *request = f->upstream.request;
        assert_memory_equal(request, "POST /v1/chat/completions HTTP/1.1\r\n", 36);
        assert_non_null(strstr(request, "\r\nAuthorization: Bearer sk-secret\r\n"));
        assert_non_null(strstr(request, "\r\nUser-Agent: socializer/"));
        assert_null(strcasestr(request, "\r\nCookie:"));
        assert_null(strcasestr(request, "\r\nExpect:"));
        json_t *body = json_loads(strstr(request, "\r\n\r\n"), 0, NULL);
        assert_non_null(body);
        assert_string_equal(json_string_value(json_object_get(body, "model")), "tiny");
        assert_true(json_is_true(json_object_get(body, "stream")));
        assert_true(json_is_real(json_object_get(body, "temperature")));
        assert_true(json_real_value(json_object_get(body, "temperature")) == 0.0);
        assert_int_equal(json_array_size(json_object_get(body, "messages")), 2);
        json_decref(body);
}

ANSWERS(answer_whole, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
                      " {\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"All at "
                      "once.\"},\"finish_reason\":\"stop\"}]}\n")

static void a_server_that_does_not_stream_is_understood(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, answer_whole), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "All at once.");
        assert_string_equal(f->asked.answer.engine, "openai");
}

ANSWERS(no_done, STREAM_HEAD PIECE("Fine.") FINISH("stop"))

static void an_end_without_its_mark_is_an_end(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, no_done), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "Fine.");
}

static void done_but_open(struct connection *c)
{
        if (upstream_take_request(c) && upstream_send(c, STREAM_HEAD PIECE("Fine.") DONE))
                upstream_wait_gone(c, 0);
}

static void nobody_waits_behind_the_end(void **state)
{
        struct fixture *f = *state;
        uint64_t started_ns = clock_mono_ns();

        assert_status(ask(f, done_but_open), STATUS_OK);
        assert_true(clock_mono_ns() - started_ns < 4000000000u);
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
}

ANSWERS(cut_at_length, STREAM_HEAD PIECE("And then") FINISH("length") DONE)

static void an_answer_that_was_cut_shows_it(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, cut_at_length), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "And then […]");
}

ANSWERS(filtered, STREAM_HEAD PIECE("And th") FINISH("content_filter") DONE)

static void a_filtered_answer_is_an_error(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, filtered), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(f->asked.error.text, "filtered"));
}

ANSWERS(document,
        STREAM_HEAD PIECE("```json\\n{\\\"score\\\":8,")
                PIECE("\\\"reasons\\\":[\\\"Warm.\\\"],\\\"better\\\":\\\"Hi!\\\"}\\n```") DONE)

static void a_document_comes_read(void **state)
{
        struct fixture *f = *state;

        f->asked.request.task = COACH_REHEARSE;
        assert_status(ask(f, document), STATUS_OK);
        assert_int_equal(f->asked.answer.document.score, 8);
        assert_int_equal(f->asked.n_pieces, 0);
}

static void busy_once(struct connection *c)
{
        if (!upstream_take_request(c))
                return;
        upstream_send(c, c->index == 0 ? "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"
                                         "Content-Length: 0\r\n\r\n"
                                       : STREAM_HEAD PIECE("Now.") DONE);
}

static void a_busy_server_is_asked_again_when_it_says(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, busy_once), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "Now.");
        assert_int_equal(atomic_load(&f->upstream.n_connections), 2);
        assert_true(atomic_load(&f->upstream.began_ns[1]) - atomic_load(&f->upstream.began_ns[0]) >=
                    990000000u);
}

ANSWERS(busy_for_long, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\n"
                       "Content-Length: 0\r\n\r\n")

static void nobody_waits_for_an_hour(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, busy_for_long), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "HTTP status 429");
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
}

ANSWERS(overloaded, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\r\n"
                    "{\"error\":{\"message\":\"no GPU is free\"}}")

static void a_server_that_stays_overloaded_is_tried_three_times(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, overloaded), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "HTTP status 503 (no GPU is free)");
        assert_string_equal(buffer_str(&f->asked.heard), f->asked.answer.text);
        assert_int_equal(atomic_load(&f->upstream.n_connections), 3);
}

static void refuse_to_talk(struct connection *c)
{
        if (c->index == 0 || !upstream_take_request(c))
                return;
        upstream_send(c, c->index == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n: no"
                                       : STREAM_HEAD PIECE("At last.") DONE);
}

static void a_broken_connection_is_tried_again(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, refuse_to_talk), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "At last.");
        assert_int_equal(atomic_load(&f->upstream.n_connections), 3);
}

static void a_server_that_is_not_there_is_replaced(void **state)
{
        struct fixture *f = *state;
        char url[64];

        snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", t_free_port());
        assert_status(coach_asked_ask(&f->asked, url), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "cannot be reached");
}

static void hang_up_midway(struct connection *c)
{
        if (upstream_take_request(c))
                upstream_send(
                        c, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" PIECE("Half an ans"));
}

static void what_was_said_before_the_line_broke_is_kept(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, hang_up_midway), STATUS_UNAVAILABLE);
        assert_string_equal(f->asked.answer.text, "Half an ans");
        assert_string_equal(f->asked.answer.engine, "openai");
        assert_non_null(strstr(f->asked.error.text, "broke off"));
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
}

ANSWERS(end_midway, STREAM_HEAD PIECE("Half an ans"))

static void a_stream_without_its_end_is_no_answer(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, end_midway), STATUS_UNAVAILABLE);
        assert_string_equal(f->asked.answer.text, "Half an ans");
        assert_non_null(strstr(f->asked.error.text, "broke off"));
}

ANSWERS(bad_json, STREAM_HEAD "data: {\"choices\":[{\n\n" DONE)
ANSWERS(bad_utf8, STREAM_HEAD PIECE("\xc3(") DONE)
ANSWERS(bad_shape, STREAM_HEAD "data: {\"choices\":\"yes\"}\n\n" DONE)
ANSWERS(a_web_page, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Hi!</html>\n")
ANSWERS(whole_but_bad, "HTTP/1.1 200 OK\r\n\r\n{\"choices\":[]")
ANSWERS(empty_answer, STREAM_HEAD FINISH("stop") DONE)
ANSWERS(error_in_stream, STREAM_HEAD "data: {\"error\":{\"message\":\"out of memory\"}}\n\n")
ANSWERS(not_http, "SSH-2.0-OpenSSH_9.2\r\n")

static void nonsense_is_replaced_without_asking_again(void **state)
{
        static const struct {
                upstream_script_fn script;
                const char *says;
        } cases[] = {
                {bad_json, "malformed (malformed JSON"},
                {bad_utf8, "malformed (an event is not UTF-8"},
                {bad_shape, "malformed (no chat completion"},
                {a_web_page, "broke off"},
                {whole_but_bad, "malformed (malformed JSON"},
                {empty_answer, "is empty"},
                {error_in_stream, "reports: out of memory"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_status(ask(f, cases[i].script), STATUS_OK);
                coach_asked_expect_stand_in(&f->asked, cases[i].says);
                assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
                upstream_stop(&f->upstream);
        }
        assert_status(ask(f, not_http), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "cannot be reached");
}

ANSWERS(bad_later, STREAM_HEAD PIECE("So far ") PIECE("so good") "data: {]\n\n" DONE)

static void nonsense_midway_keeps_what_was_said(void **state)
{
        struct fixture *f = *state;

        assert_status(ask(f, bad_later), STATUS_UNAVAILABLE);
        assert_string_equal(f->asked.answer.text, "So far so good");
        assert_non_null(strstr(f->asked.error.text, "malformed"));
}

/* Sends a text again and again until the peer has had enough, which is recorded. */
static void send_forever(struct connection *c, const char *head, const char *text)
{
        if (!upstream_take_request(c) || !upstream_send(c, head))
                return;
        while (upstream_send(c, text))
                continue;
        atomic_fetch_add(&c->upstream->n_gone, 1);
}

static void endless_line(struct connection *c)
{
        send_forever(c, STREAM_HEAD "data: ", "all work and no play makes a dull line ");
}

static void endless_event(struct connection *c)
{
        send_forever(c, STREAM_HEAD, "data: all work and no play makes a dull event\n");
}

static void endless_comments(struct connection *c)
{
        char *text = malloc(65536);

        memset(text, ':', 65536);
        for (size_t i = 63; i < 65536; i += 64)
                text[i] = '\n';
        text[65535] = '\0';
        send_forever(c, STREAM_HEAD, text);
        free(text);
}

static void endless_headers(struct connection *c)
{
        send_forever(c, "HTTP/1.1 200 OK\r\n", "X-More: all work and no play\r\n");
}

static void endless_document(struct connection *c)
{
        send_forever(c, "HTTP/1.1 200 OK\r\n\r\n{\"choices\":\"",
                     "all work and no play makes a dull document ");
}

static void endless_error(struct connection *c)
{
        send_forever(c, "HTTP/1.1 400 Bad Request\r\n\r\n", "all work and no play ");
}

static void endless_nonsense_is_cut_off(void **state)
{
        static const struct {
                upstream_script_fn script;
                const char *says;
        } cases[] = {
                {endless_line, "a line has more than"},
                {endless_event, "an event has more than"},
                {endless_comments, "more than 16 MiB"},
                {endless_headers, "of headers"},
                {endless_document, "has more than 524288 bytes"},
        };
        struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_status(ask(f, cases[i].script), STATUS_OK);
                coach_asked_expect_stand_in(&f->asked, cases[i].says);
                assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
                upstream_stop(&f->upstream);
        }
        assert_status(ask(f, endless_error), STATUS_FAILED_PRECONDITION);
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
}

static void endless_answer(struct connection *c)
{
        send_forever(c, STREAM_HEAD, PIECE("All work and no play makes a dull answer. "));
}

static void an_endless_answer_is_cut_off_and_kept(void **state)
{
        struct fixture *f = *state;
        size_t n;

        assert_status(ask(f, endless_answer), STATUS_UNAVAILABLE);
        n = strlen(f->asked.answer.text);
        assert_in_range(n, COACH_MAX_ANSWER_BYTES - 100, COACH_MAX_ANSWER_BYTES);
        assert_int_equal(f->asked.heard.n_bytes, n);
        assert_non_null(strstr(f->asked.error.text, "longer than 64 KiB"));
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
}

ANSWERS(bad_key, "HTTP/1.1 401 Unauthorized\r\n\r\n{\"error\":{\"message\":\"sk-secret is bad\"}}")
ANSWERS(no_model, "HTTP/1.1 404 Not Found\r\n\r\n{\"error\":\"model tiny not found\"}")
ANSWERS(echo_key, "HTTP/1.1 400 Bad\r\n\r\n{\"error\":\"I do not know sk-secret\"}")

static void a_refusal_is_said_and_keys_are_not(void **state)
{
        static const struct {
                upstream_script_fn script;
                const char *says;
        } cases[] = {
                {bad_key, "refuses the API key (HTTP status 401)"},
                {no_model, "HTTP status 404 (model tiny not found)"},
                {echo_key, "HTTP status 400 (a text with the key in it)"},
        };
        struct fixture *f = *state;

        f->asked.request.settings.api_key = "sk-secret";
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_status(ask(f, cases[i].script), STATUS_FAILED_PRECONDITION);
                if (!strstr(f->asked.error.text, cases[i].says))
                        fail_msg("%s", f->asked.error.text);
                assert_null(strstr(f->asked.error.text, "sk-secret"));
                assert_string_equal(f->asked.answer.text, "");
                assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
                upstream_stop(&f->upstream);
        }
}

static void bad_settings_are_named(void **state)
{
        struct fixture *f = *state;
        struct coach_settings *s = &f->asked.request.settings;
        const struct coach_settings good = *s;

        assert_status(coach_asked_ask(&f->asked, ""), STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->asked.error.field, "endpoint");
        assert_status(coach_asked_ask(&f->asked, "file:///etc/passwd"), STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->asked.error.field, "endpoint");
        s->model = "";
        assert_status(coach_asked_ask(&f->asked, "http://127.0.0.1:1"), STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->asked.error.field, "model");
        *s = good;
        s->api_key = "sk-a\r\nHost: evil";
        assert_status(coach_asked_ask(&f->asked, "http://127.0.0.1:1"), STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->asked.error.field, "api_key");
        *s = good;
        s->temperature = 2.1;
        assert_status(coach_asked_ask(&f->asked, "http://127.0.0.1:1"), STATUS_INVALID_ARGUMENT);
        assert_string_equal(f->asked.error.field, "temperature");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(an_answer_is_streamed),
                CASE(a_server_that_does_not_stream_is_understood),
                CASE(an_end_without_its_mark_is_an_end),
                CASE(nobody_waits_behind_the_end),
                CASE(an_answer_that_was_cut_shows_it),
                CASE(a_filtered_answer_is_an_error),
                CASE(a_document_comes_read),
                CASE(a_busy_server_is_asked_again_when_it_says),
                CASE(nobody_waits_for_an_hour),
                CASE(a_server_that_stays_overloaded_is_tried_three_times),
                CASE(a_broken_connection_is_tried_again),
                CASE(a_server_that_is_not_there_is_replaced),
                CASE(what_was_said_before_the_line_broke_is_kept),
                CASE(a_stream_without_its_end_is_no_answer),
                CASE(nonsense_is_replaced_without_asking_again),
                CASE(nonsense_midway_keeps_what_was_said),
                CASE(endless_nonsense_is_cut_off),
                CASE(an_endless_answer_is_cut_off_and_kept),
                CASE(a_refusal_is_said_and_keys_are_not),
                CASE(bad_settings_are_named),
        };
        return !!cmocka_run_group_tests_name("coach_openai", tests, NULL, NULL);
}
