/* service/coach/sse: server-sent events, however they are cut into pieces. */
#include "service/coach/sse.h"

#include "tests/support/t.h"

#include <stdlib.h>
#include <string.h>

/* Events end with '|' here. */
struct heard {
        struct buffer text;
        bool stop;
};

static enum status hear(void *closure, const char *data, struct error *reterr)
{
        struct heard *h = closure;

        buffer_append_str(&h->text, data);
        buffer_append_char(&h->text, '|');
        return h->stop ? error_set(reterr, STATUS_UNAVAILABLE, "enough") : STATUS_OK;
}

/* Feeds it in pieces of that many bytes and compares what was heard. */
static void expect(const char *stream, size_t n, size_t piece, const char *want)
{
        struct heard heard = {0};
        struct error err;
        struct sse sse;

        sse_init(&sse);
        for (size_t at = 0; at < n; at += piece)
                assert_status(sse_feed(&sse, stream + at, n - at < piece ? n - at : piece, hear,
                                       &heard, &err),
                              STATUS_OK);
        assert_status(sse_end(&sse, hear, &heard, &err), STATUS_OK);
        assert_string_equal(buffer_str(&heard.text), want);
        buffer_deinit(&heard.text);
        sse_deinit(&sse);
}

static void events_come_out_whole_however_they_are_cut(void **state)
{
        static const char stream[] =
                "\xef\xbb\xbf"
                "data: one\n\n: a comment\r\n\r\nevent: x\r\ndata:two\r\nid: 7\r\n\r\n"
                "data: a\rdata:  b\r\rdata\n\nretry: 5\n\ndata: \xc3\xa4\xf0\x9f\x98\x80\n\n";

        (void)state;
        for (size_t piece = 1; piece <= sizeof(stream); piece++)
                expect(stream, sizeof(stream) - 1, piece, "one|two|a\n b||ä😀|");
}

static void an_event_without_its_blank_line_counts_at_the_end(void **state)
{
        (void)state;
        expect("data: one\n\ndata: [DONE]", 23, 23, "one|[DONE]|");
        expect("data: one\n", 10, 3, "one|");
        expect("", 0, 1, "");
}

static enum status feed(const char *stream, size_t n, struct error *reterr)
{
        struct heard heard = {0};
        struct sse sse;
        enum status st;

        sse_init(&sse);
        st = sse_feed(&sse, stream, n, hear, &heard, reterr);
        buffer_deinit(&heard.text);
        sse_deinit(&sse);
        return st;
}

static void what_is_no_text_is_refused(void **state)
{
        struct error err;

        (void)state;
        assert_status(feed("data: \xff\n\n", 9, &err), STATUS_INVALID_ARGUMENT);
        assert_status(feed("data: \xc3\n\n", 9, &err), STATUS_INVALID_ARGUMENT);
        assert_status(feed("data: a\0b\n\n", 11, &err), STATUS_INVALID_ARGUMENT);
        /* What is skipped may be anything. */
        assert_status(feed(": \xff\n\n", 5, &err), STATUS_OK);
}

static void a_line_without_end_is_refused(void **state)
{
        char *line = malloc(SSE_MAX_BYTES + 16);
        struct error err;

        (void)state;
        assert_non_null(line);
        memset(line, 'x', SSE_MAX_BYTES + 16);
        assert_status(feed(line, SSE_MAX_BYTES, &err), STATUS_OK);
        assert_status(feed(line, SSE_MAX_BYTES + 1, &err), STATUS_INVALID_ARGUMENT);
        free(line);
}

static void an_event_without_end_is_refused(void **state)
{
        struct heard heard = {0};
        enum status st = STATUS_OK;
        struct error err;
        struct sse sse;
        size_t n = 0;

        (void)state;
        sse_init(&sse);
        for (; st == STATUS_OK && n < 2 * SSE_MAX_BYTES; n += 64)
                st = sse_feed(&sse,
                              "data: 89 123456789 123456789 123456789 123456789 123456789 1234\n",
                              70 - 6, hear, &heard, &err);
        assert_status(st, STATUS_INVALID_ARGUMENT);
        assert_true(n >= SSE_MAX_BYTES);
        assert_int_equal(heard.text.n_bytes, 0);
        buffer_deinit(&heard.text);
        sse_deinit(&sse);
}

static void who_takes_events_may_stop(void **state)
{
        struct heard heard = {.stop = true};
        struct error err;
        struct sse sse;

        (void)state;
        sse_init(&sse);
        assert_status(sse_feed(&sse, "data: a\n\ndata: b\n\n", 18, hear, &heard, &err),
                      STATUS_UNAVAILABLE);
        assert_string_equal(buffer_str(&heard.text), "a|");
        buffer_deinit(&heard.text);
        sse_deinit(&sse);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(events_come_out_whole_however_they_are_cut),
                cmocka_unit_test(an_event_without_its_blank_line_counts_at_the_end),
                cmocka_unit_test(what_is_no_text_is_refused),
                cmocka_unit_test(a_line_without_end_is_refused),
                cmocka_unit_test(an_event_without_end_is_refused),
                cmocka_unit_test(who_takes_events_may_stop),
        };
        return !!cmocka_run_group_tests_name("coach_sse", tests, NULL, NULL);
}
