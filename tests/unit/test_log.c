/* common/log.c: one event, one line, whatever is in it. */
#include "tests/support/t.h"

#include "common/log.h"
#include "common/wire.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* Standard error as a pipe, so that a test reads what was written. */
struct fixture {
        int saved;
        int pipe[2];
        char text[65536];
        size_t n;
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f || pipe(f->pipe) != 0)
                return -1;
        f->saved = dup(STDERR_FILENO);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        close(f->saved);
        close(f->pipe[0]);
        close(f->pipe[1]);
        free(f);
        return 0;
}

/* Logs one event and returns what it wrote. */
static const char *logged(struct fixture *f, enum log_format format, const char *message,
                          const struct log_field *fields, size_t n_fields)
{
        ssize_t n;

        log_init("tester", LOG_LEVEL_DEBUG, format);
        dup2(f->pipe[1], STDERR_FILENO);
        log_write(LOG_LEVEL_WARNING, message, fields, n_fields);
        dup2(f->saved, STDERR_FILENO);
        n = read(f->pipe[0], f->text, sizeof(f->text) - 1);
        assert_true(n > 0);
        f->n = (size_t)n;
        f->text[n] = '\0';
        return f->text;
}

static json_t *logged_json(struct fixture *f, const char *message, const struct log_field *fields,
                           size_t n_fields)
{
        json_t *line = json_loads(logged(f, LOG_FORMAT_JSON, message, fields, n_fields),
                                  JSON_REJECT_DUPLICATES, NULL);

        assert_non_null(line);
        assert_ptr_equal(strchr(f->text, '\n'), f->text + f->n - 1);
        return line;
}

static void a_text_line_is_time_level_message_and_fields(void **state)
{
        const struct log_field fields[] = {LOG_STR("url", "ipc:///run/x"), LOG_INT("readers", -2),
                                           LOG_DOUBLE("seconds", 0.25),    {.key = NULL},
                                           LOG_STR("note", "two words"),   LOG_STR("none", NULL)};
        struct fixture *f = *state;
        const char *line = logged(f, LOG_FORMAT_TEXT, "listening", fields, ARRAY_SIZE(fields));

        assert_string_equal(line + strlen("2026-11-23T10:00:00.000Z"),
                            " warning listening url=ipc:///run/x readers=-2 seconds=0.25 "
                            "note=\"two words\" none=\"\"\n");
        assert_int_equal(line[10], 'T');
        assert_int_equal(line[23], 'Z');
}

static void a_json_line_is_an_object(void **state)
{
        const struct log_field fields[] = {LOG_STR("url", "ipc:///run/x"), LOG_INT("readers", -2),
                                           LOG_DOUBLE("seconds", 0.25), LOG_DOUBLE("odd", NAN)};
        json_t *line = logged_json(*state, "listening", fields, ARRAY_SIZE(fields));

        assert_string_equal(json_string_value(json_object_get(line, "level")), "warning");
        assert_string_equal(json_string_value(json_object_get(line, "program")), "tester");
        assert_string_equal(json_string_value(json_object_get(line, "message")), "listening");
        assert_string_equal(json_string_value(json_object_get(line, "url")), "ipc:///run/x");
        assert_int_equal(json_integer_value(json_object_get(line, "readers")), -2);
        assert_true(json_real_value(json_object_get(line, "seconds")) == 0.25);
        assert_true(json_is_null(json_object_get(line, "odd")));
        json_decref(line);
}

static void nothing_in_a_value_ends_the_line(void **state)
{
        static const char evil[] = "a\nb\r\"c\\ d=\x7f\x01\x1b[31m\xc2\x85\xe2\x80\xa8z";
        const struct log_field fields[] = {LOG_STR("value", evil)};
        struct fixture *f = *state;

        for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
                logged(f, (enum log_format)format, evil, fields, 1);
                for (size_t i = 0; i + 1 < f->n; i++)
                        assert_true((uint8_t)f->text[i] >= 0x20 && f->text[i] != 0x7f);
                assert_null(strstr(f->text, "\xc2\x85"));
                assert_null(strstr(f->text, "\xe2\x80\xa8"));
                assert_int_equal(f->text[f->n - 1], '\n');
        }
        json_t *line = logged_json(f, evil, fields, 1);
        assert_string_equal(json_string_value(json_object_get(line, "value")), evil);
        assert_string_equal(json_string_value(json_object_get(line, "message")), evil);
        json_decref(line);
}

static void what_is_no_utf8_is_replaced(void **state)
{
        const struct log_field fields[] = {LOG_STR("value", "a\xff\xc3(\xe2\x82")};
        struct fixture *f = *state;

        logged(f, LOG_FORMAT_TEXT, "odd", fields, 1);
        assert_true(wire_utf8_valid(f->text, f->n));
        json_decref(logged_json(f, "odd", fields, 1));
}

static void a_line_has_a_bounded_length(void **state)
{
        char *text = malloc(100001);
        struct log_field fields[40];
        struct fixture *f = *state;

        assert_non_null(text);
        for (size_t i = 0; i < 100000; i += 2)
                memcpy(text + i, "\xc3\xa4", 2);
        text[100000] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                fields[i] = (struct log_field){.key = i % 2 ? "long" : "longer",
                                               .kind = LOG_FIELD_STR,
                                               .text = text + (i % 2)};
        for (size_t n = 0; n < ARRAY_SIZE(fields); n++) {
                logged(f, LOG_FORMAT_TEXT, text, fields, n);
                assert_true(f->n <= 4096);
                assert_true(wire_utf8_valid(f->text, f->n));
                logged(f, LOG_FORMAT_JSON, text, fields, n);
                assert_true(f->n <= 4096);
                json_t *line = json_loads(f->text, 0, NULL);
                assert_non_null(line);
                json_decref(line);
        }
        free(text);
}

static void levels_below_the_one_set_are_not_written(void **state)
{
        struct fixture *f = *state;
        uint64_t before = log_count(LOG_LEVEL_DEBUG), errors = log_count(LOG_LEVEL_ERROR);

        log_init("tester", LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
        dup2(f->pipe[1], STDERR_FILENO);
        LOG(INFO, "quiet");
        LOG(ERROR, "loud", LOG_INT("n", 1));
        dup2(f->saved, STDERR_FILENO);
        f->n = (size_t)read(f->pipe[0], f->text, sizeof(f->text) - 1);
        f->text[f->n] = '\0';
        assert_null(strstr(f->text, "quiet"));
        assert_non_null(strstr(f->text, " error loud n=1\n"));
        assert_int_equal(log_count(LOG_LEVEL_DEBUG), before + 1);
        assert_int_equal(log_count(LOG_LEVEL_ERROR), errors + 1);
}

#define N_THREADS 4
#define N_LINES   100

static void *log_lines(void *arg)
{
        for (int i = 0; i < N_LINES; i++)
                LOG(INFO, "line", LOG_STR("thread", arg), LOG_INT("n", i));
        return NULL;
}

static void lines_of_many_threads_do_not_mix(void **state)
{
        static const char *const names[N_THREADS] = {"a", "b", "c", "d"};
        struct fixture *f = *state;
        pthread_t threads[N_THREADS];
        uint64_t before = log_count(LOG_LEVEL_INFO);
        unsigned n_lines = 0;

        log_init("tester", LOG_LEVEL_INFO, LOG_FORMAT_JSON);
        dup2(f->pipe[1], STDERR_FILENO);
        for (size_t i = 0; i < N_THREADS; i++)
                pthread_create(&threads[i], NULL, log_lines, (void *)names[i]);
        for (size_t i = 0; i < N_THREADS; i++)
                pthread_join(threads[i], NULL);
        dup2(f->saved, STDERR_FILENO);
        f->n = (size_t)read(f->pipe[0], f->text, sizeof(f->text) - 1);
        f->text[f->n] = '\0';
        for (char *line = f->text, *end; (end = strchr(line, '\n')); line = end + 1, n_lines++) {
                json_t *object = json_loadb(line, (size_t)(end - line), 0, NULL);

                assert_non_null(object);
                json_decref(object);
        }
        assert_int_equal(n_lines, N_THREADS * N_LINES);
        assert_int_equal(log_count(LOG_LEVEL_INFO) - before, N_THREADS * N_LINES);
}

static void levels_and_formats_have_names(void **state)
{
        enum log_level level = LOG_LEVEL_INFO;
        enum log_format format = LOG_FORMAT_TEXT;

        (void)state;
        assert_true(log_level_parse("debug", &level));
        assert_int_equal(level, LOG_LEVEL_DEBUG);
        assert_true(log_level_parse("error", &level));
        assert_false(log_level_parse("loud", &level));
        assert_int_equal(level, LOG_LEVEL_ERROR);
        assert_true(log_format_parse("json", &format));
        assert_int_equal(format, LOG_FORMAT_JSON);
        assert_false(log_format_parse("", &format));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_text_line_is_time_level_message_and_fields),
                TEST(a_json_line_is_an_object),
                TEST(nothing_in_a_value_ends_the_line),
                TEST(what_is_no_utf8_is_replaced),
                TEST(a_line_has_a_bounded_length),
                TEST(levels_below_the_one_set_are_not_written),
                TEST(lines_of_many_threads_do_not_mix),
                cmocka_unit_test(levels_and_formats_have_names),
        };

        alarm(60);
        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
