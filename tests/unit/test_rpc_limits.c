/* The registry of calls that can be cancelled, rates, and what is counted. */
#include "service/rpc/metrics.h"
#include "service/rpc/rate.h"
#include "service/rpc/registry.h"
#include "tests/support/t.h"

#include <string.h>

#define S UINT64_C(1000000000)

/* --- registry --- */

struct entry {
        struct call call;
        struct tracked tracked;
};

static void entry_init(struct entry *e, uint8_t id, uint32_t pipe)
{
        memset(e, 0, sizeof(*e));
        memset(e->call.id, id, sizeof(e->call.id));
        e->tracked = (struct tracked){.call = &e->call, .pipe = pipe};
}

static struct registry *make_registry(void)
{
        struct registry *r;

        assert_status(registry_new(&r, NULL), STATUS_OK);
        return r;
}

static void a_cancel_reaches_the_calls_of_its_id_only(void **state)
{
        struct registry *r = make_registry();
        struct entry entries[3];
        (void)state;

        for (uint8_t i = 0; i < 3; i++) {
                entry_init(&entries[i], i == 2 ? 1 : i + 1, 0);
                registry_add(r, &entries[i].tracked);
        }
        assert_null(registry_cancel(r, entries[0].call.id));
        assert_true(entries[0].call.cancelled);
        assert_false(entries[1].call.cancelled);
        assert_true(entries[2].call.cancelled);
        for (size_t i = 0; i < 3; i++)
                registry_remove(r, &entries[i].tracked);
        registry_free(r);
}

static void a_cancel_that_overtakes_its_call_counts_once(void **state)
{
        struct registry *r = make_registry();
        struct entry first, second;
        (void)state;

        entry_init(&first, 9, 0);
        entry_init(&second, 9, 0);
        assert_null(registry_cancel(r, first.call.id));
        registry_add(r, &first.tracked);
        registry_add(r, &second.tracked);
        assert_true(first.call.cancelled);
        assert_false(second.call.cancelled);
        registry_remove(r, &first.tracked);
        registry_remove(r, &second.tracked);

        assert_null(registry_cancel(r, first.call.id));
        assert_true(registry_cancelled_before(r, first.call.id));
        assert_false(registry_cancelled_before(r, first.call.id));
        registry_free(r);
}

static void cancels_of_unknown_ids_take_no_more_and_more_room(void **state)
{
        struct registry *r = make_registry();
        uint8_t id[FRAME_CALL_ID_BYTES] = {0};
        unsigned n_kept = 0;
        (void)state;

        for (unsigned i = 0; i < 100000; i++) {
                memcpy(id, &i, sizeof(i));
                id[15] = 1;
                assert_null(registry_cancel(r, id));
        }
        for (unsigned i = 0; i < 100000; i++) {
                memcpy(id, &i, sizeof(i));
                n_kept += registry_cancelled_before(r, id);
        }
        assert_in_range(n_kept, 1, 1024);
        registry_free(r);
}

static void a_client_that_goes_takes_its_calls_along(void **state)
{
        struct registry *r = make_registry();
        struct entry mine, others, nobodys;
        (void)state;

        entry_init(&mine, 1, 5);
        entry_init(&others, 2, 6);
        entry_init(&nobodys, 3, 0);
        registry_add(r, &mine.tracked);
        registry_add(r, &others.tracked);
        registry_add(r, &nobodys.tracked);
        registry_cancel_pipe(r, 5);
        registry_cancel_pipe(r, 0);
        assert_true(mine.call.cancelled);
        assert_false(others.call.cancelled);
        assert_false(nobodys.call.cancelled);
        registry_cancel_all(r);
        assert_true(others.call.cancelled);
        assert_true(nobodys.call.cancelled);
        registry_remove(r, &others.tracked);
        registry_remove(r, &mine.tracked);
        registry_remove(r, &nobodys.tracked);
        registry_free(r);
}

/* --- rates --- */

static void a_burst_is_allowed_and_then_the_rate(void **state)
{
        struct error error;
        struct rate *r;
        (void)state;

        assert_status(rate_new(10, 5, &r, NULL), STATUS_OK);
        for (int i = 0; i < 5; i++)
                assert_status(rate_take(r, 1, S, &error), STATUS_OK);
        assert_status(rate_take(r, 1, S, &error), STATUS_RESOURCE_EXHAUSTED);
        assert_in_range(error.retry_after_ms, 100, 101);
        assert_status(rate_take(r, 1, S + S / 10, &error), STATUS_OK);
        assert_status(rate_take(r, 1, S + S / 10, &error), STATUS_RESOURCE_EXHAUSTED);
        rate_free(r);
}

static void callers_do_not_take_from_one_another(void **state)
{
        struct rate *r;
        (void)state;

        assert_status(rate_new(1, 1, &r, NULL), STATUS_OK);
        for (uint64_t key = 1; key <= 100; key++)
                assert_status(rate_take(r, key, S, NULL), STATUS_OK);
        assert_status(rate_take(r, 50, S, NULL), STATUS_RESOURCE_EXHAUSTED);
        assert_status(rate_take(r, 50, 2 * S, NULL), STATUS_OK);
        rate_free(r);
}

static void more_callers_than_there_is_room_for_are_let_through(void **state)
{
        struct rate *r;
        (void)state;

        assert_status(rate_new(1, 1, &r, NULL), STATUS_OK);
        for (uint64_t key = 1; key <= 100000; key++)
                assert_status(rate_take(r, key, S, NULL), STATUS_OK);
        rate_free(r);
}

static void a_rate_of_nothing_is_no_limit(void **state)
{
        struct rate *r;
        (void)state;

        assert_status(rate_new(0, 0, &r, NULL), STATUS_OK);
        for (int i = 0; i < 10000; i++)
                assert_status(rate_take(r, 1, S, NULL), STATUS_OK);
        rate_free(r);
}

/* --- metrics --- */

static void counted_calls_show_up_by_method_and_code(void **state)
{
        const struct method *m = &contract_methods[0];
        AUTO_BUFFER out = BUFFER_INIT;
        AUTO_FREE char *line = NULL;
        struct metrics *metrics;
        (void)state;

        assert_status(metrics_new(&metrics, NULL), STATUS_OK);
        metrics_record(metrics, m, STATUS_OK, 200000);
        metrics_record(metrics, m, STATUS_OK, 3 * S);
        metrics_record(metrics, m, STATUS_NOT_FOUND, 50000);
        metrics_record(metrics, NULL, STATUS_UNIMPLEMENTED, 1000);
        metrics_append(metrics, &out);

        assert_true(asprintf(&line,
                             "socializer_rpc_requests_total{method=\"%s\",code=\"OK\"} 2\n"
                             "socializer_rpc_requests_total{method=\"%s\",code=\"NOT_FOUND\"} 1\n",
                             m->name, m->name) > 0);
        assert_non_null(strstr(buffer_str(&out), line));
        assert_non_null(strstr(buffer_str(&out), "{method=\"unknown\",code=\"UNIMPLEMENTED\"} 1"));
        free(line);
        assert_true(asprintf(&line,
                             "socializer_rpc_seconds_bucket{method=\"%s\",le=\"0.0001\"} 1\n"
                             "socializer_rpc_seconds_bucket{method=\"%s\",le=\"0.00025\"} 2\n",
                             m->name, m->name) > 0);
        assert_non_null(strstr(buffer_str(&out), line));
        free(line);
        assert_true(asprintf(&line,
                             "socializer_rpc_seconds_bucket{method=\"%s\",le=\"+Inf\"} 3\n"
                             "socializer_rpc_seconds_sum{method=\"%s\"} 3.000250000\n"
                             "socializer_rpc_seconds_count{method=\"%s\"} 3\n",
                             m->name, m->name, m->name) > 0);
        assert_non_null(strstr(buffer_str(&out), line));
        metrics_free(metrics);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_cancel_reaches_the_calls_of_its_id_only),
                cmocka_unit_test(a_cancel_that_overtakes_its_call_counts_once),
                cmocka_unit_test(cancels_of_unknown_ids_take_no_more_and_more_room),
                cmocka_unit_test(a_client_that_goes_takes_its_calls_along),
                cmocka_unit_test(a_burst_is_allowed_and_then_the_rate),
                cmocka_unit_test(callers_do_not_take_from_one_another),
                cmocka_unit_test(more_callers_than_there_is_room_for_are_let_through),
                cmocka_unit_test(a_rate_of_nothing_is_no_limit),
                cmocka_unit_test(counted_calls_show_up_by_method_and_code),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
