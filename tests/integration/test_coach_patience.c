/* The engine for language models: how it is stopped, how long it waits, whom it does not ask. */
#include "tests/integration/coach_asked.h"
#include "tests/integration/upstream.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STREAM_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
#define PIECE(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define DONE        "data: [DONE]\n\n"
#define SECOND_NS   1000000000u

struct fixture {
        struct upstream upstream;
        struct coach_asked asked;
};

static int setup(void **state)
{
        *state = calloc(1, sizeof(struct fixture));
        return *state ? 0 : -1;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        if (f->asked.coach)
                coach_asked_deinit(&f->asked);
        if (f->upstream.threads)
                upstream_stop(&f->upstream);
        free(f);
        return 0;
}

static enum status ask(struct fixture *f, const struct openai_options *options,
                       upstream_script_fn script)
{
        coach_asked_init(&f->asked, options);
        upstream_start(&f->upstream, script);
        return coach_asked_ask(&f->asked, f->upstream.url);
}

static void talk_well(struct connection *c)
{
        if (upstream_take_request(c))
                upstream_send(c, STREAM_HEAD PIECE("Hello.") DONE);
}

static void say_nothing(struct connection *c)
{
        if (upstream_take_request(c))
                upstream_wait_gone(c, 0);
}

static void say_a_word(struct connection *c)
{
        if (upstream_take_request(c) && upstream_send(c, STREAM_HEAD PIECE("Well")))
                upstream_wait_gone(c, 0);
}

static void talk_on(struct connection *c)
{
        if (!upstream_take_request(c) || !upstream_send(c, STREAM_HEAD))
                return;
        while (!upstream_wait_gone(c, 5))
                if (!upstream_send(c, PIECE("more ")))
                        return;
}

static bool has_heard(void *arg)
{
        const struct coach_asked *a = arg;

        return a->heard.n_bytes > 0;
}

static bool has_been_asked(void *arg)
{
        struct upstream *u = arg;

        return atomic_load(&u->n_requests) > 0;
}

/* The upstream saw its connection close within a second of the asker's giving up. */
static void expect_gone_within_a_second(struct fixture *f)
{
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
        assert_true(f->asked.gave_up_ns > 0);
        assert_true(atomic_load(&f->upstream.gone_ns) < f->asked.gave_up_ns + SECOND_NS);
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
}

static void cancelling_stops_a_silent_upstream(void **state)
{
        struct fixture *f = *state;

        coach_asked_init(&f->asked, NULL);
        f->asked.gives_up = has_been_asked;
        f->asked.arg = &f->upstream;
        upstream_start(&f->upstream, say_nothing);
        assert_status(coach_asked_ask(&f->asked, f->upstream.url), STATUS_CANCELLED);
        assert_string_equal(f->asked.error.text, "the tab was closed");
        assert_string_equal(f->asked.answer.text, "");
        expect_gone_within_a_second(f);
}

static void cancelling_stops_a_stream(void **state)
{
        struct fixture *f = *state;

        coach_asked_init(&f->asked, NULL);
        f->asked.gives_up = has_heard;
        f->asked.arg = &f->asked;
        upstream_start(&f->upstream, talk_on);
        assert_status(coach_asked_ask(&f->asked, f->upstream.url), STATUS_CANCELLED);
        assert_memory_equal(f->asked.answer.text, "more ", 5);
        expect_gone_within_a_second(f);
}

static void the_deadline_stops_the_upstream(void **state)
{
        struct fixture *f = *state;
        deadline_ns deadline;

        coach_asked_init(&f->asked, NULL);
        upstream_start(&f->upstream, say_a_word);
        deadline = deadline_in_ms(300);
        f->asked.request.deadline = deadline;
        assert_status(coach_asked_ask(&f->asked, f->upstream.url), STATUS_DEADLINE_EXCEEDED);
        assert_string_equal(f->asked.answer.text, "Well");
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
        assert_in_range(atomic_load(&f->upstream.gone_ns), deadline, deadline + SECOND_NS);
}

/* Runs of the engine itself, without somebody who waits. */
struct run_seen {
        atomic_bool done;
        enum status status;
        struct coach_run *run;
};

static void see_delta(void *closure, const char *text, size_t n)
{
        (void)closure;
        (void)text;
        (void)n;
}

static void see_done(void *closure, enum status status, const struct error *error)
{
        struct run_seen *seen = closure;

        (void)error;
        seen->status = status;
        atomic_store(&seen->done, true);
}

static enum status start(struct fixture *f, struct run_seen *seen, struct error *reterr)
{
        const struct coach_engine *engine = f->asked.engines[1];
        const struct coach_sink sink = {see_delta, see_done, seen};

        f->asked.request.settings.endpoint = f->upstream.url;
        return engine->start(engine, &f->asked.request, &sink, &seen->run, reterr);
}

static void one_answer_too_many_is_refused(void **state)
{
        static const struct openai_options two = {.max_runs = 2};
        const struct coach_engine *engine;
        struct run_seen seen[3] = {0};
        struct fixture *f = *state;
        struct error err;

        coach_asked_init(&f->asked, &two);
        upstream_start(&f->upstream, say_nothing);
        engine = f->asked.engines[1];
        assert_status(start(f, &seen[0], &err), STATUS_OK);
        assert_status(start(f, &seen[1], &err), STATUS_OK);
        assert_status(start(f, &seen[2], &err), STATUS_RESOURCE_EXHAUSTED);
        assert_true(err.retry_after_ms > 0);
        assert_non_null(strstr(err.text, "2 answers"));

        engine->cancel(seen[0].run);
        assert_true(t_wait(atomic_load(&seen[0].done), 5000));
        assert_status(seen[0].status, STATUS_CANCELLED);
        engine->finish(seen[0].run);
        assert_status(start(f, &seen[2], &err), STATUS_OK);
        for (int i = 1; i < 3; i++) {
                engine->cancel(seen[i].run);
                assert_true(t_wait(atomic_load(&seen[i].done), 5000));
                engine->finish(seen[i].run);
        }
}

static void many_answers_are_made_at_once(void **state)
{
        const struct coach_engine *engine;
        struct run_seen seen[64] = {0};
        struct fixture *f = *state;
        struct error err;

        coach_asked_init(&f->asked, NULL);
        upstream_start(&f->upstream, talk_well);
        engine = f->asked.engines[1];
        for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
                assert_status(start(f, &seen[i], &err), STATUS_OK);
        for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
                assert_true(t_wait(atomic_load(&seen[i].done), 20000));
                assert_status(seen[i].status, STATUS_OK);
                engine->finish(seen[i].run);
        }
        assert_int_equal(atomic_load(&f->upstream.n_connections), ARRAY_SIZE(seen));
}

static void freeing_the_engine_ends_what_is_under_way(void **state)
{
        void (*finish)(struct coach_run * run);
        struct run_seen seen = {0};
        struct fixture *f = *state;
        struct error err;

        coach_asked_init(&f->asked, NULL);
        upstream_start(&f->upstream, say_nothing);
        finish = f->asked.engines[1]->finish;
        assert_status(start(f, &seen, &err), STATUS_OK);
        assert_true(t_wait(atomic_load(&f->upstream.n_requests) == 1, 5000));
        f->asked.openai = openai_free(f->asked.openai);
        assert_true(atomic_load(&seen.done));
        assert_status(seen.status, STATUS_CANCELLED);
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
        finish(seen.run);
}

static void a_silent_server_is_given_up(void **state)
{
        static const struct openai_options options = {.first_byte_ms = 100, .retry_ms = 10};
        struct fixture *f = *state;

        assert_status(ask(f, &options, say_nothing), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "has fallen silent");
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
}

static void a_server_that_falls_silent_is_given_up(void **state)
{
        static const struct openai_options options = {.between_ms = 100};
        struct fixture *f = *state;

        assert_status(ask(f, &options, say_a_word), STATUS_UNAVAILABLE);
        assert_string_equal(f->asked.answer.text, "Well");
        assert_non_null(strstr(f->asked.error.text, "has fallen silent"));
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
}

static void comment_forever(struct connection *c)
{
        if (!upstream_take_request(c) || !upstream_send(c, STREAM_HEAD))
                return;
        while (!upstream_wait_gone(c, 5))
                if (!upstream_send(c, ": wait\n\n"))
                        return;
}

static void signs_of_life_do_not_help_for_ever(void **state)
{
        static const struct openai_options options = {.between_ms = 2000, .whole_ms = 500};
        struct fixture *f = *state;
        uint64_t started_ns = clock_mono_ns();

        assert_status(ask(f, &options, comment_forever), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "takes longer than");
        assert_true(clock_mono_ns() - started_ns < 2 * SECOND_NS);
        assert_true(t_wait(atomic_load(&f->upstream.n_gone) == 1, 5000));
}

static void trickle(struct connection *c)
{
        static const char text[] = STREAM_HEAD PIECE("One ") PIECE("\\u00e4\xf0\x9f\x98\x80") DONE;

        if (!upstream_take_request(c))
                return;
        for (size_t i = 0; i < sizeof(text) - 1; i++)
                if (!upstream_send_bytes(c, text + i, 1) || upstream_wait_gone(c, 1))
                        return;
}

static void byte_by_byte_is_slow_and_fine(void **state)
{
        static const struct openai_options options = {.between_ms = 2000};
        struct fixture *f = *state;

        assert_status(ask(f, &options, trickle), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "One ä😀");
}

static void fail_three_times(struct connection *c)
{
        if (!upstream_take_request(c))
                return;
        upstream_send(c, c->index < 3 ? "HTTP/1.1 501 Not Implemented\r\n\r\n"
                                      : STREAM_HEAD PIECE("Healthy again.") DONE);
}

static void an_endpoint_that_fails_is_left_alone_and_tried_again(void **state)
{
        static const struct openai_options options = {.breaker_failures = 3, .breaker_ms = 500};
        struct fixture *f = *state;
        const char *url = f->upstream.url;
        struct upstream *u = &f->upstream;

        assert_status(ask(f, &options, fail_three_times), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "HTTP status 501");
        assert_status(coach_asked_ask(&f->asked, url), STATUS_OK);
        assert_status(coach_asked_ask(&f->asked, url), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "HTTP status 501");
        assert_int_equal(atomic_load(&u->n_connections), 3);

        /* Open: nobody knocks, whoever asks. */
        assert_status(coach_asked_ask(&f->asked, url), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "left alone for a while");
        assert_int_equal(atomic_load(&u->n_connections), 3);

        /* Half-open after a while: one knocks, and all is well. */
        assert_true(t_wait(coach_asked_ask(&f->asked, url) == STATUS_OK &&
                                   strcmp(f->asked.answer.engine, "openai") == 0,
                           5000));
        assert_string_equal(f->asked.answer.text, "Healthy again.");
        assert_int_equal(atomic_load(&u->n_connections), 4);
        assert_status(coach_asked_ask(&f->asked, url), STATUS_OK);
        assert_string_equal(f->asked.answer.engine, "openai");
}

static void overload(struct connection *c)
{
        if (upstream_take_request(c))
                upstream_send(c, "HTTP/1.1 503 Service Unavailable\r\n\r\n");
}

static void retries_stop_when_the_breaker_opens(void **state)
{
        static const struct openai_options options = {
                .breaker_failures = 2, .breaker_ms = 60000, .retry_ms = 10};
        struct fixture *f = *state;

        assert_status(ask(f, &options, overload), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "left alone for a while");
        assert_int_equal(atomic_load(&f->upstream.n_connections), 2);
}

static void redirect(struct connection *c)
{
        char text[256];

        if (!upstream_take_request(c))
                return;
        snprintf(text, sizeof(text), "HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\n\r\n",
                 atomic_load(&c->upstream->location));
        upstream_send(c, text);
}

static void a_redirect_is_not_followed(void **state)
{
        struct fixture *f = *state;
        struct upstream elsewhere;

        coach_asked_init(&f->asked, NULL);
        upstream_start(&elsewhere, talk_well);
        upstream_start(&f->upstream, redirect);
        atomic_store(&f->upstream.location, elsewhere.url);
        assert_status(coach_asked_ask(&f->asked, f->upstream.url), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(f->asked.error.text, "redirects (HTTP status 307)"));
        assert_int_equal(atomic_load(&elsewhere.n_connections), 0);
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
        upstream_stop(&elsewhere);
}

/* Serves one connection as often as it is used. */
static void talk_again_and_again(struct connection *c)
{
        while (upstream_take_request(c) &&
               upstream_send(c, "HTTP/1.1 200 OK\r\nContent-Length: 54\r\n\r\n"
                                "{\"choices\":[{\"message\":{\"content\":\"Here I am, ok.\"}}]}"))
                continue;
}

static void addresses_of_ones_own_are_refused(void **state)
{
        static const char *const hosts[] = {
                "127.0.0.1", "localhost",       "2130706433", "0x7f.1",     "0.0.0.0",
                "127.1",     "[::ffff:7f00:1]", "[::1]",      "[::]",       "10.255.255.1",
                "[fe80::1]", "169.254.169.254", "[fd00::1]",  "192.168.0.1"};
        struct fixture *f = *state;

        coach_asked_init(&f->asked, NULL);
        upstream_start(&f->upstream, talk_again_and_again);
        f->asked.request.settings.allow_private = false;
        for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
                char url[128];

                snprintf(url, sizeof(url), "http://%s:%u/v1", hosts[i], f->upstream.port);
                if (coach_asked_ask(&f->asked, url) != STATUS_PERMISSION_DENIED)
                        fail_msg("%s: %s", hosts[i], f->asked.error.text);
                assert_non_null(strstr(f->asked.error.text, "endpoint: its address"));
        }
        assert_int_equal(atomic_load(&f->upstream.n_connections), 0);
        /* Nor does a connection that somebody else was allowed serve here. */
        f->asked.request.settings.allow_private = true;
        assert_status(coach_asked_ask(&f->asked, f->upstream.url), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "Here I am, ok.");
        f->asked.request.settings.allow_private = false;
        assert_status(coach_asked_ask(&f->asked, f->upstream.url), STATUS_PERMISSION_DENIED);
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
}

/* A name server that does not answer until the test closes its end. */
static atomic_uint n_resolving;
static int name_server[2];

/* Stands before the C library's, for curl as well: own.test is this machine, slow.test takes its
 * time. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
        int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
        char c;

        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
        if (node && strcmp(node, "slow.test") == 0) {
                atomic_fetch_add(&n_resolving, 1);
                (void)!read(name_server[0], &c, 1);
                return EAI_NONAME;
        }
        return real(node && strcmp(node, "own.test") == 0 ? "127.0.0.1" : node, service, hints,
                    ret);
}

static void a_name_counts_for_what_it_resolves_to(void **state)
{
        struct fixture *f = *state;
        char url[64];

        coach_asked_init(&f->asked, NULL);
        upstream_start(&f->upstream, talk_well);
        snprintf(url, sizeof(url), "http://own.test:%u/v1", f->upstream.port);
        assert_status(coach_asked_ask(&f->asked, url), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "Hello.");
        f->asked.request.settings.allow_private = false;
        assert_status(coach_asked_ask(&f->asked, url), STATUS_PERMISSION_DENIED);
        assert_int_equal(atomic_load(&f->upstream.n_connections), 1);
}

static bool is_resolving(void *arg)
{
        (void)arg;
        return atomic_load(&n_resolving) > 0;
}

static void a_slow_name_server_holds_up_nobody(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(pipe(name_server), 0);
        coach_asked_init(&f->asked, NULL);
        upstream_start(&f->upstream, talk_well);
        f->asked.gives_up = is_resolving;
        assert_status(coach_asked_ask(&f->asked, "http://slow.test/v1"), STATUS_CANCELLED);
        assert_true(clock_mono_ns() - f->asked.gave_up_ns < SECOND_NS);
        f->asked.gives_up = NULL;
        assert_status(coach_asked_ask(&f->asked, f->upstream.url), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "Hello.");
        close(name_server[1]);
}

static void proxies_of_the_environment_are_not_asked(void **state)
{
        struct fixture *f = *state;
        struct upstream proxy;
        char url[64];

        upstream_start(&proxy, talk_well);
        snprintf(url, sizeof(url), "http://127.0.0.1:%u", proxy.port);
        setenv("http_proxy", url, 1);
        setenv("all_proxy", url, 1);
        assert_status(ask(f, NULL, talk_well), STATUS_OK);
        unsetenv("http_proxy");
        unsetenv("all_proxy");
        assert_string_equal(f->asked.answer.text, "Hello.");
        assert_int_equal(atomic_load(&proxy.n_connections), 0);
        upstream_stop(&proxy);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(cancelling_stops_a_silent_upstream),
                CASE(cancelling_stops_a_stream),
                CASE(the_deadline_stops_the_upstream),
                CASE(one_answer_too_many_is_refused),
                CASE(many_answers_are_made_at_once),
                CASE(freeing_the_engine_ends_what_is_under_way),
                CASE(a_silent_server_is_given_up),
                CASE(a_server_that_falls_silent_is_given_up),
                CASE(signs_of_life_do_not_help_for_ever),
                CASE(byte_by_byte_is_slow_and_fine),
                CASE(an_endpoint_that_fails_is_left_alone_and_tried_again),
                CASE(retries_stop_when_the_breaker_opens),
                CASE(a_redirect_is_not_followed),
                CASE(addresses_of_ones_own_are_refused),
                CASE(a_name_counts_for_what_it_resolves_to),
                CASE(a_slow_name_server_holds_up_nobody),
                CASE(proxies_of_the_environment_are_not_asked),
        };
        return !!cmocka_run_group_tests_name("coach_patience", tests, NULL, NULL);
}
