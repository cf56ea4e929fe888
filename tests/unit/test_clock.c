/* common/clock.c */
#include "tests/support/t.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void moments_read_as_rfc_3339(void **state)
{
        static const struct {
                int64_t ms;
                const char *text;
        } cases[] = {
                {0, "1970-01-01T00:00:00.000Z"},
                {-1, "1969-12-31T23:59:59.999Z"},
                {951782400123, "2000-02-29T00:00:00.123Z"},
                {1795428000000, "2026-11-23T10:00:00.000Z"},
                {-62135596800000, "0001-01-01T00:00:00.000Z"},
                {253402300799999, "9999-12-31T23:59:59.999Z"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[32];
                int64_t back;

                assert_int_equal(clock_format(cases[i].ms, text, sizeof(text)),
                                 strlen(cases[i].text));
                assert_string_equal(text, cases[i].text);
                assert_true(clock_parse(text, &back));
                assert_int_equal(back, cases[i].ms);
        }
}

static void any_number_can_be_formatted(void **state)
{
        static const int64_t cases[] = {INT64_MIN, INT64_MIN + 1, -62135596800001, 253402300800000,
                                        INT64_MAX};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[32];
                size_t n = clock_format(cases[i], text, sizeof(text));

                assert_in_range(n, 1, sizeof(text) - 1);
                assert_int_equal(strlen(text), n);
        }
}

static void moments_agree_with_the_c_library(void **state)
{
        (void)state;
        for (int64_t seconds = -5000000000; seconds < 9000000000; seconds += 86399 * 5) {
                char want[64], got[32];
                time_t t = (time_t)seconds;
                struct tm tm;

                strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&t, &tm));
                clock_format(seconds * 1000, got, sizeof(got));
                assert_string_equal(got, want);
        }
}

static void offsets_and_fractions_are_understood(void **state)
{
        static const struct {
                const char *text;
                int64_t ms;
        } cases[] = {
                {"1970-01-01T00:00:00Z", 0},
                {"1970-01-01t00:00:00z", 0},
                {"1970-01-01 00:00:01Z", 1000},
                {"1970-01-01T01:30:00+01:30", 0},
                {"1969-12-31T22:00:00-02:00", 0},
                {"1970-01-01T00:00:00.5Z", 500},
                {"1970-01-01T00:00:00.123999999Z", 123},
                {"1970-01-01T00:00:00.00012345678901234567890Z", 0},
                {"2016-12-31T23:59:60Z", 1483228800000},
                {"2024-02-29T00:00:00-00:00", 1709164800000},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int64_t ms = -7;

                assert_true(clock_parse(cases[i].text, &ms));
                assert_int_equal(ms, cases[i].ms);
        }
}

static void what_is_no_moment_is_refused(void **state)
{
        static const char *const cases[] = {
                "",
                "2026",
                "2026-11-23",
                "2026-11-23T10:00:00",
                "2026-11-23T10:00Z",
                "2026-11-23T10:00:00.Z",
                "2026-11-23T10:00:00Z ",
                " 2026-11-23T10:00:00Z",
                "2026-11-23T10:00:00+1:00",
                "2026-11-23T10:00:00+24:00",
                "2026-11-23T10:00:00+01:60",
                "2026-11-23T24:00:00Z",
                "2026-11-23T10:60:00Z",
                "2026-11-23T10:00:61Z",
                "2026-00-23T10:00:00Z",
                "2026-13-23T10:00:00Z",
                "2026-11-00T10:00:00Z",
                "2026-11-31T10:00:00Z",
                "2026-02-29T10:00:00Z",
                "2026-02-30T23:59:60Z",
                "1900-02-29T10:00:00Z",
                "+2026-11-23T10:00:00Z",
                "2026-11-23X10:00:00Z",
                "2026-11-23T10:00:00.1e3Z",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int64_t ms = -7;

                if (clock_parse(cases[i], &ms))
                        fail_msg("'%s' was read", cases[i]);
                assert_int_equal(ms, -7);
        }
}

static void deadlines_come_or_never_come(void **state)
{
        deadline_ns soon = deadline_in_ms(60000);

        (void)state;
        assert_false(deadline_passed(soon));
        assert_in_range(deadline_left_ms(soon), 50000, 60000);
        assert_true(deadline_passed(deadline_in_ms(0)));
        assert_int_equal(deadline_left_ms(deadline_in_ms(0)), 0);
        assert_true(deadline_in_ms(UINT64_MAX) == DEADLINE_NEVER);
        assert_false(deadline_passed(DEADLINE_NEVER));
        assert_int_equal(deadline_left_ms(DEADLINE_NEVER), UINT32_MAX);
        assert_int_equal(deadline_left_ms(DEADLINE_NEVER - 1), UINT32_MAX);
        /* Rounded up, so that who waits that long has waited long enough. */
        assert_in_range(deadline_left_ms(clock_mono_ns() + 1500000), 1, 2);
}

static void names_of_files_have_no_punctuation(void **state)
{
        (void)state;
        char text[32], small[9];

        clock_format_basic(1795773600123, text, sizeof(text));
        assert_string_equal(text, "20261127T100000.123Z");
        clock_format_basic(1795773600123, small, sizeof(small));
        assert_string_equal(small, "20261127");
}

static void waiting_ends_at_the_deadline(void **state)
{
        pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        pthread_cond_t cond;
        deadline_ns until = deadline_in_ms(20);

        (void)state;
        clock_cond_init(&cond);
        pthread_mutex_lock(&mutex);
        while (clock_cond_wait(&cond, &mutex, until))
                continue; /* woken for no reason */
        assert_true(deadline_passed(until));
        assert_false(clock_cond_wait(&cond, &mutex, until));
        pthread_mutex_unlock(&mutex);
        pthread_cond_destroy(&cond);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(moments_read_as_rfc_3339),
                cmocka_unit_test(any_number_can_be_formatted),
                cmocka_unit_test(moments_agree_with_the_c_library),
                cmocka_unit_test(names_of_files_have_no_punctuation),
                cmocka_unit_test(offsets_and_fractions_are_understood),
                cmocka_unit_test(what_is_no_moment_is_refused),
                cmocka_unit_test(deadlines_come_or_never_come),
                cmocka_unit_test(waiting_ends_at_the_deadline),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
