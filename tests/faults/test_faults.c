/* Every failure, on every method: the n-th thing of a kind fails while a call is answered, for n =
 * 1, 2, 3 … until the call meets no fault any more. Whatever happens, the call ends with the status
 * that is said for it, nothing stays leased or open, what was refused left nothing and what was
 * acknowledged is there, whole and once; the service goes on, and loses no memory.
 *
 *     test_faults [--whole] [METHOD…]
 *
 * Without --whole n is doubled or more, not counted up. */
#include "tests/faults/cases.h"

#include "common/contract.h"
#include "common/wire.h"
#include "tests/faults/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* More than any call allocates, reads or writes. */
#define MAX_N 20000

static bool is_whole;
static char **only;
static int n_only;

static struct world world;
static struct {
        unsigned long n_tried, n_refused, n_survived, n_silent;
} totals[KIT_COUNT];
static unsigned n_complaints;

/* How a call goes without a fault. */
struct usual {
        struct world_state before, after;
        struct world_answer answer;
        unsigned n_could_fail[KIT_COUNT];
};

/* What is being tried, for the texts of failures. */
struct attempt {
        const struct fault_case *c;
        const struct method *method;
        const struct usual *usual;
        enum kit_fault fault;
        unsigned n;
};

/* Goes on: the next failure is of interest, too. */
#define COMPLAIN(a, format, ...)                                                \
        (n_complaints++, print_error("%s, %s %u: " format "\n", (a)->c->method, \
                                     kit_kinds[(a)->fault].name, (a)->n, ##__VA_ARGS__))

static void open_world(const struct fault_case *c)
{
        char method[64];

        world_open(&world);
        if (c->first) {
                const char *space = strchr(c->first, ' ');
                snprintf(method, sizeof(method), "%.*s", (int)(space - c->first), c->first);
                world_must(&world, c->who, method, space + 1);
        }
        assert_true(world_is_quiet(&world));
}

/* --- what has changed --- */

static const struct world_table *find_table(const struct world_state *state, const char *name)
{
        for (size_t i = 0; i < state->n_tables; i++) {
                if (!strcmp(state->tables[i].name, name))
                        return &state->tables[i];
        }
        fail_msg("no table %s", name);
        return NULL;
}

static void expect_nothing_changed(const struct attempt *a, const struct world_state *before,
                                   const struct world_state *after)
{
        for (size_t i = 0; i < before->n_tables; i++) {
                const struct world_table *was = &before->tables[i];
                const struct world_table *is = find_table(after, was->name);

                if (was->n_rows != is->n_rows || was->hash != is->hash)
                        COMPLAIN(a,
                                 "it was refused, but table %s has changed (%lld rows, now %lld)",
                                 was->name, (long long)was->n_rows, (long long)is->n_rows);
        }
}

/* As many rows came and went as without a fault. */
static void expect_usual_change(const struct attempt *a, const struct world_state *before,
                                const struct world_state *after)
{
        for (size_t i = 0; i < before->n_tables; i++) {
                const char *name = before->tables[i].name;
                long long got = find_table(after, name)->n_rows - before->tables[i].n_rows;
                long long want = find_table(&a->usual->after, name)->n_rows -
                                 find_table(&a->usual->before, name)->n_rows;

                if (got != want)
                        COMPLAIN(a, "it was acknowledged, but table %s has %+lld rows, not %+lld",
                                 name, got, want);
        }
}

static void expect_usual_answer(const struct attempt *a, const struct world_answer *answer)
{
        const struct world_answer *usual = &a->usual->answer;

        if ((a->c->flags & VARIES) || a->method->side_effects)
                return;
        if (answer->n_payload != usual->n_payload ||
            memcmp(answer->payload, usual->payload, usual->n_payload) != 0)
                COMPLAIN(a, "the answer is not what it is without a fault");
}

/* --- one fault --- */

/* A call without an answer may have been done or not. Asked once more, it is, and once. */
static void ask_again(const struct attempt *a, uint32_t id, struct world_answer *answer)
{
        world_answer_deinit(answer);
        world_call(&world, id, a->c->who, a->c->method, a->c->request, NULL, answer);
        totals[a->fault].n_silent++;
}

/* Whether somebody who gets no answer can know by asking again. */
static bool may_ask_again(const struct attempt *a)
{
        const struct method *m = a->method;

        return !m->side_effects || (m->replay && !m->output->has_secret && !(a->c->flags & ENDS));
}

static bool is_documented(const struct attempt *a, enum status status)
{
        if (a->c->flags & HEALTH && status == STATUS_UNAVAILABLE)
                return true;
        if (a->c->flags & BACKUP && kit_kinds[a->fault].status == STATUS_INTERNAL &&
            (status == STATUS_FAILED_PRECONDITION || status == STATUS_DATA_LOSS))
                return true;
        return status == kit_kinds[a->fault].status;
}

static void check_refusal(const struct attempt *a, const struct world_answer *answer,
                          bool has_struck, const struct world_state *before,
                          const struct world_state *after)
{
        if (!has_struck)
                COMPLAIN(a, "it fails by itself: %s: %s", status_name(answer->status),
                         answer->text);
        if (!is_documented(a, answer->status))
                COMPLAIN(a, "it ends with %s: %s", status_name(answer->status), answer->text);
        if (!(a->c->flags & STEPS))
                expect_nothing_changed(a, before, after);
        totals[a->fault].n_refused++;
}

/* Returns whether the fault has struck; *ret_same: the world is as it was. */
static bool try_one(const struct attempt *a, bool *ret_same)
{
        struct world_state before, after;
        struct world_answer answer;
        struct world_fault fault = {.fault = a->fault, .n = a->n};
        uint32_t id = ++world.next_id;

        unsigned n_before = n_complaints;

        world_look(&world, &before);
        world_call(&world, id, a->c->who, a->c->method, a->c->request, &fault, &answer);
        totals[a->fault].n_tried++;
        if (!world_is_quiet(&world))
                COMPLAIN(a, "something stays at work or leased");
        *ret_same = false;
        if (!answer.is_there && may_ask_again(a))
                ask_again(a, id, &answer);
        world_look(&world, &after);
        if (answer.is_there && answer.status != STATUS_OK) {
                check_refusal(a, &answer, fault.has_struck, &before, &after);
                *ret_same = (a->c->flags & STEPS) == 0;
        } else if (answer.is_there) {
                if (fault.has_struck)
                        totals[a->fault].n_survived++;
                expect_usual_change(a, &before, &after);
                expect_usual_answer(a, &answer);
                *ret_same = !a->method->side_effects;
        }
        world_answer_deinit(&answer);
        if (!world_is_well(&world))
                COMPLAIN(a, "the service is not well afterwards");
        if (n_complaints > n_before)
                *ret_same = false;
        return fault.has_struck;
}

static void renew(const struct fault_case *c, bool is_same)
{
        if (is_same)
                return;
        world_close(&world);
        open_world(c);
}

/* In the short form fewer of those that are nearly always survived: each takes a new world. */
static unsigned next(const struct attempt *a)
{
        /* What goes on by itself for a while is waited for after each try. */
        if (is_whole)
                return a->n + 1 + (a->c->flags & STEPS ? a->n / 20 : 0);
        return a->n * (a->fault == KIT_LOCK || a->fault == KIT_SEND ? 4 : 2);
}

static void try_from_first(struct attempt *a)
{
        unsigned n_before = n_complaints;
        bool is_same = true, has_struck = true;

        /* In the short form what cannot fail is left out: a world less. */
        unsigned end = is_whole ? MAX_N : a->usual->n_could_fail[a->fault] + 1;

        for (a->n = 1; a->n < end && has_struck; a->n = next(a)) {
                has_struck = try_one(a, &is_same);
                renew(a->c, is_same);
        }
        if (is_whole && has_struck && n_complaints == n_before)
                COMPLAIN(a, "it never goes without meeting the fault");
}

static void try_all(struct attempt *a)
{
        struct attempt refused = *a;
        bool is_same;

        try_from_first(a);
        if (a->fault != KIT_SQLITE || !is_whole)
                return;
        /* Statements are prepared once, and so each try had fewer steps than the one before. Now
         * that they all are, nothing is left out. */
        refused.fault = KIT_SYNC;
        refused.n = 1;
        try_one(&refused, &is_same);
        renew(a->c, is_same);
        try_from_first(a);
}

static void try_method(const struct fault_case *c)
{
        struct attempt a = {.c = c, .method = contract_find_short(c->method)};
        struct usual usual;

        assert_non_null(a.method);
        open_world(c);
        world_look(&world, &usual.before);
        kit_count();
        world_call(&world, ++world.next_id, c->who, c->method, c->request, NULL, &usual.answer);
        kit_count_end(usual.n_could_fail);
        if (!usual.answer.is_there || usual.answer.status != STATUS_OK)
                fail_msg("%s without a fault: %s: %s", c->method, status_name(usual.answer.status),
                         usual.answer.text);
        assert_true(world_is_quiet(&world));
        world_look(&world, &usual.after);
        a.usual = &usual;
        if (a.method->side_effects) {
                world_close(&world);
                open_world(c);
        }
        for (a.fault = 0; a.fault < KIT_COUNT; a.fault++)
                try_all(&a);
        world_close(&world);
        world_answer_deinit(&usual.answer);
}

/* --- the tests --- */

static bool is_wanted(const char *method)
{
        for (int i = 0; i < n_only; i++) {
                if (strstr(method, only[i]))
                        return true;
        }
        return n_only == 0;
}

static void every_method_has_a_case(void **state)
{
        (void)state;
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];
                unsigned n = 0;

                for (unsigned k = 0; k < n_fault_cases; k++)
                        n += contract_find_short(fault_cases[k].method) == m;
                if (n == 0)
                        fail_msg("tests/faults/cases.c has no request of %s/%s", m->service,
                                 m->method);
        }
}

static void every_method_bears_every_failure(void **state)
{
        (void)state;
        world_prepare();
        for (unsigned i = 0; i < n_fault_cases; i++) {
                if (is_wanted(fault_cases[i].method))
                        try_method(&fault_cases[i]);
        }
        world_forget_all();
        assert_int_equal(n_complaints, 0);
}

static void sqlite_loses_no_memory(void **state)
{
        (void)state;
        sqlite3_shutdown();
        assert_int_equal(kit_sqlite_pieces(), 0);
}

static void print_totals(void)
{
        unsigned long n_tried = 0;

        printf("%-16s %10s %10s %10s %10s\n", "fault", "tried", "refused", "survived", "no answer");
        for (enum kit_fault i = 0; i < KIT_COUNT; i++)
                printf("%-16s %10lu %10lu %10lu %10lu\n", kit_kinds[i].name, totals[i].n_tried,
                       totals[i].n_refused, totals[i].n_survived, totals[i].n_silent);
        for (enum kit_fault i = 0; i < KIT_COUNT; i++)
                n_tried += totals[i].n_tried;
        printf("proved: %lu failures on %u methods\n", n_tried, n_fault_cases);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_method_has_a_case),
                cmocka_unit_test(every_method_bears_every_failure),
                cmocka_unit_test(sqlite_loses_no_memory),
        };
        int first = argc > 1 && !strcmp(argv[1], "--whole") ? 2 : 1;

        is_whole = first == 2;
        only = argv + first;
        n_only = argc - first;
        umask(077);
        if (!getenv("TMPDIR") && access("/dev/shm", W_OK) == 0)
                setenv("TMPDIR", "/dev/shm", 1); /* the disk fails anyway */
        kit_init();
        if (wire_validate_init(NULL) != STATUS_OK)
                return 1;
        int code = !!cmocka_run_group_tests(tests, NULL, NULL);
        print_totals();
        return code;
}
