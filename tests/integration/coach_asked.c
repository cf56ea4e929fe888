#include "tests/integration/coach_asked.h"

#include "service/coach/builtin.h"

#include <string.h>

static const struct openai_options quick = {
        .connect_ms = 5000,
        .first_byte_ms = 5000,
        .between_ms = 5000,
        .whole_ms = 10000,
        .retry_ms = 10,
        .max_runs = 64,
        .breaker_failures = 100,
        .breaker_ms = 300,
};

void coach_asked_init(struct coach_asked *a, const struct openai_options *options)
{
        struct error err;

        memset(a, 0, sizeof(*a));
        arena_init(&a->arena, 16 * 1024 * 1024);
        assert_status(openai_new(options ? options : &quick, &a->openai, &err), STATUS_OK);
        a->engines[0] = &coach_builtin;
        a->engines[1] = openai_engine(a->openai);
        assert_status(coach_new(a->engines, 2, &a->coach, &err), STATUS_OK);
        a->request = (struct coach_request){
                .settings = {.provider = "openai",
                             .model = "tiny",
                             .api_key = "",
                             .context_bytes = 10000,
                             .allow_private = true},
                .username = "human",
                .message = "What now?",
        };
}

void coach_asked_deinit(struct coach_asked *a)
{
        coach_free(a->coach);
        openai_free(a->openai);
        arena_deinit(&a->arena);
        buffer_deinit(&a->heard);
}

static enum status check(void *arg, struct error *reterr)
{
        struct coach_asked *a = arg;

        if (!a->gives_up || !a->gives_up(a->arg))
                return STATUS_OK;
        a->gave_up_ns = clock_mono_ns();
        return error_set(reterr, STATUS_CANCELLED, "the tab was closed");
}

static void hear(void *arg, const char *text, size_t n)
{
        struct coach_asked *a = arg;

        buffer_append(&a->heard, text, n);
        a->n_pieces++;
}

enum status coach_asked_ask(struct coach_asked *a, const char *endpoint)
{
        const struct coach_asker asker = {check, hear, a};

        buffer_clear(&a->heard);
        a->n_pieces = 0;
        a->error = (struct error)ERROR_INIT;
        a->request.settings.endpoint = endpoint;
        return coach_ask(a->coach, &a->request, &asker, &a->arena, &a->answer, &a->error);
}

void coach_asked_expect_stand_in(const struct coach_asked *a, const char *text)
{
        static const char start[] = "The built-in coach answers, because ";

        assert_string_equal(a->answer.engine, "builtin");
        if (!strstr(a->answer.notice, text))
                fail_msg("notice: %s", a->answer.notice);
        assert_memory_equal(a->answer.text, start, sizeof(start) - 1);
        assert_non_null(strstr(a->answer.text, "I am the built-in coach"));
}
