#include "service/api/metrics.h"
#include "service/api/wire.h"
#include "tests/support/t.h"

#include <string.h>

static int setup(void **state)
{
        static struct arena arena;

        arena_init(&arena, 1024 * 1024);
        *state = &arena;
        return 0;
}

static int teardown(void **state)
{
        arena_deinit(*state);
        return 0;
}

static void a_page_token_names_its_place(void **state)
{
        const int64_t ids[] = {1, 255, 256, 9007199254740991};
        int64_t id = -1;

        assert_int_equal(wire_parse_page_token("", &id, NULL), STATUS_OK);
        assert_int_equal(id, 0);
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                assert_int_equal(wire_parse_page_token(wire_page_token(*state, ids[i]), &id, NULL),
                                 STATUS_OK);
                assert_int_equal(id, ids[i]);
        }
}

static void a_bad_page_token_is_refused_by_field(void **state)
{
        const char *const bad[] = {"%%%",          "AQ",           "1",           "AAAAAAAAAAA",
                                   "AQAAAAAAAAAA", "AQAAAAAAAAA=", "AQAAAAAAAAA "};
        struct error error = ERROR_INIT;
        int64_t id;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                assert_int_equal(wire_parse_page_token(bad[i], &id, &error),
                                 STATUS_INVALID_ARGUMENT);
                assert_string_equal(error.field, "page_token");
        }
}

static void pages_hold_fifty_unless_said_otherwise(void **state)
{
        (void)state;
        assert_int_equal(wire_page_size(0), 50);
        assert_int_equal(wire_page_size(1), 1);
        assert_int_equal(wire_page_size(500), 500);
}

static void times_are_kept_to_the_millisecond(void **state)
{
        const int64_t times[] = {0, 1, 999, 1000, 1800000000123, -1, -1000, -1001, -62135596800000};

        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                Google__Protobuf__Timestamp *t = wire_timestamp(*state, times[i]);
                int64_t ms = 42;

                assert_in_range(t->nanos, 0, 999999999);
                assert_int_equal(wire_timestamp_ms(t, "at", &ms, NULL), STATUS_OK);
                assert_int_equal(ms, times[i]);
        }
}

static void times_out_of_range_are_refused_by_field(void **state)
{
        (void)state;
        const struct {
                int64_t seconds;
                int32_t nanos;
        } bad[] = {{253402300800, 0}, {-62135596801, 0}, {INT64_MAX, 0}, {0, -1}, {0, 1000000000}};
        struct error error = ERROR_INIT;
        int64_t ms;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

                t.seconds = bad[i].seconds;
                t.nanos = bad[i].nanos;
                assert_int_equal(wire_timestamp_ms(&t, "messages[0].created_at", &ms, &error),
                                 STATUS_INVALID_ARGUMENT);
                assert_string_equal(error.field, "messages[0].created_at");
        }
}

static void what_is_private_is_unset_for_others(void **state)
{
        const struct user user = {.id = 7,
                                  .username = "human",
                                  .email = "human@example.org",
                                  .is_active = true,
                                  .role = USER_ROLE_ADMIN,
                                  .temperature = 0};
        const Socializer__V1__User *own = wire_user(*state, &user, true);
        const Socializer__V1__User *others = wire_user(*state, &user, false);

        assert_int_equal(own->email_set_case, SOCIALIZER__V1__USER__EMAIL_SET_EMAIL);
        assert_string_equal(own->email, "human@example.org");
        assert_int_equal(own->temperature_set_case,
                         SOCIALIZER__V1__USER__TEMPERATURE_SET_TEMPERATURE);
        assert_true(own->temperature == 0);
        assert_int_equal(own->role, SOCIALIZER__V1__ROLE__ROLE_ADMIN);
        assert_int_equal(others->email_set_case, SOCIALIZER__V1__USER__EMAIL_SET__NOT_SET);
        assert_int_equal(others->temperature_set_case,
                         SOCIALIZER__V1__USER__TEMPERATURE_SET__NOT_SET);
        assert_string_equal(others->username, "human");
}

static void a_training_has_its_date_once_it_is_completed(void **state)
{
        struct training training = {.id = 1, .status = TRAINING_ACTIVE, .progress = 0.5};

        assert_null(wire_training(*state, &training)->completed_at);
        training.status = TRAINING_COMPLETED;
        training.is_completed = true;
        training.completed_at_ms = 5000;
        assert_int_equal(wire_training(*state, &training)->completed_at->seconds, 5);
}

static void no_memory_is_never_half_a_message(void **state)
{
        const struct user_skill user_skill = {.skill = {.name = "a", .description = ""}};
        unsigned n = 1;

        for (;; n++) {
                arena_fail_after(n);
                const Socializer__V1__UserSkill *message = wire_user_skill(*state, &user_skill);
                arena_fail_after(0);
                if (message)
                        break;
        }
        assert_int_equal(n, 5); /* the message, its skill, and a time in each */
}

static void histograms_count_what_is_below_each_bound(void **state)
{
        (void)state;
        struct db_stats stats = {.n_connections = 5, .n_leased = 2, .n_leases = 12};
        AUTO_BUFFER text = BUFFER_INIT;

        stats.lease_seconds = (struct db_histogram){
                .counts = {1, 2, [DB_HISTOGRAM_BUCKETS - 1] = 4}, .n = 7, .sum_seconds = 1.5};
        metrics_append_db(&text, &stats);
        const char *t = buffer_str(&text);
        assert_non_null(strstr(t, "socializer_db_connections{state=\"leased\"} 2\n"));
        assert_non_null(strstr(t, "socializer_db_connections{state=\"free\"} 3\n"));
        assert_non_null(strstr(t, "# TYPE socializer_db_leases_total counter\n"
                                  "socializer_db_leases_total 12\n"));
        assert_non_null(strstr(t, "socializer_db_lease_seconds_bucket{le=\"0.0001\"} 1\n"));
        assert_non_null(strstr(t, "socializer_db_lease_seconds_bucket{le=\"0.00025\"} 3\n"));
        assert_non_null(strstr(t, "socializer_db_lease_seconds_bucket{le=\"2.5\"} 3\n"));
        assert_non_null(strstr(t, "socializer_db_lease_seconds_bucket{le=\"+Inf\"} 7\n"
                                  "socializer_db_lease_seconds_sum 1.5\n"
                                  "socializer_db_lease_seconds_count 7\n"));
        assert_non_null(strstr(t, "# TYPE socializer_db_lease_wait_seconds histogram\n"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_page_token_names_its_place),
                cmocka_unit_test(a_bad_page_token_is_refused_by_field),
                cmocka_unit_test(pages_hold_fifty_unless_said_otherwise),
                cmocka_unit_test(times_are_kept_to_the_millisecond),
                cmocka_unit_test(times_out_of_range_are_refused_by_field),
                cmocka_unit_test(what_is_private_is_unset_for_others),
                cmocka_unit_test(a_training_has_its_date_once_it_is_completed),
                cmocka_unit_test(no_memory_is_never_half_a_message),
                cmocka_unit_test(histograms_count_what_is_below_each_bound),
        };

        return !!cmocka_run_group_tests(tests, setup, teardown);
}
