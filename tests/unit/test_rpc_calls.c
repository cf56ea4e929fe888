/* What happens to a call: who may call, what is refused, what a repeat answers. */
#include "tests/unit/rpc_fixture.h"

#include "common/log.h"
#include "service/rpc/internal.h"
#include "tests/support/fault_vfs.h"

#include <string.h>

static void an_unknown_method_is_named(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        raw_append_call(&out, 1, "SkillService/Juggle", f->token, 0, NULL);
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_UNIMPLEMENTED);
        assert_non_null(strstr(reply.error.text, "socializer.v1.SkillService/Juggle"));
}

static void without_a_token_only_public_methods_answer(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        put_read(&out, 1, 0);
        assert_status(ask(f, &out).status, STATUS_OK);
        raw_append_call(&out, 2, WRITE, NULL, 0, NULL);
        assert_status(ask(f, &out).status, STATUS_UNAUTHENTICATED);
        raw_append_call(&out, 3, "AdminService/GetPool", NULL, 0, NULL);
        assert_status(ask(f, &out).status, STATUS_UNAUTHENTICATED);
}

static void a_bad_token_matters_only_where_one_is_needed(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        raw_append_call(&out, 1, READ, "nonsense", 0, NULL);
        assert_status(ask(f, &out).status, STATUS_OK);
        raw_append_call(&out, 2, PRIVATE, "nonsense", 0, NULL);
        assert_status(ask(f, &out).status, STATUS_UNAUTHENTICATED);
}

static void a_bad_field_is_named(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        put_write(f, &out, 1, "");
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_INVALID_ARGUMENT);
        assert_string_equal(reply.error.field, "name");
        assert_int_equal(atomic_load(&script.n_begun), 0);
}

static void what_is_no_message_gets_one_reply_and_keeps_its_connection(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        buffer_append(&out, "\x0a\x7f nonsense", 11);
        assert_status(ask(f, &out).status, STATUS_INVALID_ARGUMENT);
        for (int i = 0; i <= FRAME_MAX_CALLS; i++)
                put_read(&out, (uint8_t)i, 0);
        assert_status(ask(f, &out).status, STATUS_INVALID_ARGUMENT);
        put_read(&out, 1, 0);
        assert_status(ask(f, &out).status, STATUS_OK);
}

static void nothing_and_cancels_alone_have_an_empty_response(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        uint8_t id[FRAME_CALL_ID_BYTES] = {77};

        nng_msg *m = raw_exchange(&f->raw, "", 0);
        assert_int_equal(nng_msg_len(m), 0);
        nng_msg_free(m);
        frame_append_cancel(&out, id);
        m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(nng_msg_len(m), 0);
        nng_msg_free(m);
}

static void a_repeated_write_answers_its_first_reply(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        put_write(f, &out, 7, "listening");
        assert_int_equal(ask_for_id(f, &out), 1);
        put_write(f, &out, 7, "listening");
        assert_int_equal(ask_for_id(f, &out), 1);
        put_write(f, &out, 8, "asking");
        assert_int_equal(ask_for_id(f, &out), 2);
        assert_int_equal(atomic_load(&script.n_after), 2);
        /* Not only as long as the server lives. */
        rpc_stop(f);
        rpc_start(f);
        put_write(f, &out, 7, "listening");
        assert_int_equal(ask_for_id(f, &out), 1);
}

static void an_id_is_good_for_one_request(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        put_write(f, &out, 7, "listening");
        assert_status(ask(f, &out).status, STATUS_OK);
        put_write(f, &out, 7, "asking");
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_ALREADY_EXISTS);
        assert_non_null(strstr(reply.error.text, "another request"));
        assert_int_equal(atomic_load(&script.n_begun), 1);
}

static void a_write_that_failed_left_nothing_and_runs_again(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        atomic_store(&script.status, STATUS_FAILED_PRECONDITION);
        put_write(f, &out, 7, "listening");
        assert_status(ask(f, &out).status, STATUS_FAILED_PRECONDITION);
        atomic_store(&script.status, STATUS_OK);
        put_write(f, &out, 7, "listening");
        assert_int_equal(ask_for_id(f, &out), 1);
        assert_int_equal(atomic_load(&script.n_after), 1);
}

static void writes_of_one_message_fail_one_by_one(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        static const enum status want[] = {STATUS_OK, STATUS_ALREADY_EXISTS,
                                           STATUS_INVALID_ARGUMENT, STATUS_OK};

        put_write(f, &out, 1, "listening");
        put_write(f, &out, 2, "listening");
        put_write(f, &out, 3, "");
        put_write(f, &out, 4, "asking");
        nng_msg *m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(raw_count_replies(m), 4);
        for (unsigned i = 0; i < 4; i++)
                assert_status(raw_reply(m, i).status, want[i]);
        nng_msg_free(m);
        assert_int_equal(atomic_load(&script.n_after), 2);
}

static void what_could_not_be_committed_was_not_done(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        fault_vfs_arm(FAULT_WRITE, 1, 0);
        for (uint8_t i = 0; i < 3; i++)
                put_write(f, &out, i, i == 0 ? "listening" : i == 1 ? "asking" : "");
        nng_msg *m = raw_exchange(&f->raw, out.data, out.n_bytes);
        buffer_clear(&out);
        assert_true(fault_vfs_disarm() > 0);
        assert_int_equal(raw_count_replies(m), 3);
        assert_true(raw_reply(m, 0).status != STATUS_OK);
        assert_true(raw_reply(m, 1).status == raw_reply(m, 0).status);
        assert_status(raw_reply(m, 2).status, STATUS_INVALID_ARGUMENT);
        nng_msg_free(m);
        assert_int_equal(atomic_load(&script.n_after), 0);
        put_write(f, &out, 0, "listening");
        assert_int_equal(ask_for_id(f, &out), 3);
        assert_int_equal(atomic_load(&script.n_after), 1);
}

/* Nor is it lost: what can be seen is forgotten and told, and a repeat gets the first answer. */
static void what_the_disk_does_not_confirm_is_not_promised(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        put_write(f, &out, 1, "listening");
        assert_int_equal(ask_for_id(f, &out), 1);
        fault_vfs_arm(FAULT_SYNC, 1, 0);
        for (int i = 0; i < 2; i++) {
                put_write(f, &out, 2, "asking");
                assert_status(ask(f, &out).status, STATUS_UNAVAILABLE);
        }
        assert_int_equal(atomic_load(&script.n_after), 2);
        assert_true(fault_vfs_disarm() > 0);
        put_write(f, &out, 2, "asking");
        assert_int_equal(ask_for_id(f, &out), 2);
        assert_int_equal(atomic_load(&script.n_after), 2);
}

static void what_was_read_leaves_when_it_is_on_disk(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending pending[3];
        nng_msg *m;

        put_write(f, &out, 1, "listening");
        assert_int_equal(ask_for_id(f, &out), 1);
        fault_vfs_hold_syncs();
        put_write(f, &out, 2, "asking");
        send_buffer(f, &out, &pending[0]);
        assert_true(t_wait(fault_vfs_held_syncs() == 1, 10000));
        put_read(&out, 3, 0);
        send_buffer(f, &out, &pending[1]);
        put_long(f, &out, 4);
        send_buffer(f, &out, &pending[2]);
        assert_true(t_wait(atomic_load(&script.n_ended) == 2, 10000));
        /* What is no message is answered meanwhile, later than the others would have been. */
        nng_msg_free(raw_exchange(&f->raw, "?", 1));
        assert_true(t_wait(atomic_load(&f->server->n_accepted) <= 3, 10000));
        assert_int_equal(atomic_load(&f->server->n_accepted), 3);
        fault_vfs_release_syncs();
        for (unsigned i = 0; i < ARRAY_SIZE(pending); i++) {
                m = raw_wait(&pending[i], 10000);
                assert_status(raw_reply(m, 0).status, STATUS_OK);
                nng_msg_free(m);
        }
}

static void a_repeated_password_call_answers_its_first_reply(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        for (int i = 0; i < 3; i++) {
                put_password(&out, 7, "human", "");
                assert_int_equal(ask_for_id(f, &out), 1);
        }
        assert_int_equal(atomic_load(&script.n_after), 1);
        put_password(&out, 7, "other", "");
        assert_status(ask(f, &out).status, STATUS_ALREADY_EXISTS);
        put_password(&out, 8, "other", "");
        assert_int_equal(ask_for_id(f, &out), 2);
}

static void what_went_wrong_inside_stays_inside(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        uint64_t before = log_count(LOG_LEVEL_ERROR);

        script.error = "no such table: secrets";
        atomic_store(&script.status, STATUS_INTERNAL);
        put_read(&out, 0xab, 0);
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_INTERNAL);
        assert_null(strstr(reply.error.text, "secrets"));
        assert_non_null(strstr(reply.error.text, "abababababababababababababababab"));
        assert_int_equal(log_count(LOG_LEVEL_ERROR), before + 1);
}

static void a_failure_without_words_has_some(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        atomic_store(&script.status, STATUS_NOT_FOUND);
        put_read(&out, 1, 0);
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_NOT_FOUND);
        assert_non_null(strstr(reply.error.text, "NOT_FOUND"));
}

static void an_answer_that_is_too_large_is_an_error(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        script.answer_bytes = FRAME_MAX_PAYLOAD_BYTES + 1;
        put_read(&out, 1, 0);
        assert_status(ask(f, &out).status, STATUS_RESOURCE_EXHAUSTED);
}

static void answers_that_are_too_large_together_are_errors_at_the_end(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        script.answer_bytes = 900 * 1024;
        for (uint8_t i = 0; i < 8; i++)
                put_read(&out, i, 0);
        nng_msg *m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(raw_count_replies(m), 8);
        for (unsigned i = 0; i < 8; i++)
                assert_status(raw_reply(m, i).status,
                              i < 4 ? STATUS_OK : STATUS_RESOURCE_EXHAUSTED);
        nng_msg_free(m);
}

static void one_caller_writes_only_so_fast(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        for (uint8_t i = 0; i < 2; i++) {
                put_password(&out, i, "human", "192.0.2.1");
                assert_status(ask(f, &out).status, STATUS_OK);
        }
        put_password(&out, 3, "human", "192.0.2.1");
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_RESOURCE_EXHAUSTED);
        assert_in_range(reply.error.retry_after_ms, 1, 1001);
        put_password(&out, 4, "human", "192.0.2.2");
        assert_status(ask(f, &out).status, STATUS_OK);
        put_read(&out, 5, 0);
        assert_status(ask(f, &out).status, STATUS_OK);
}

static void what_is_answered_is_counted(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        AUTO_FREE char *text = NULL;

        for (uint8_t i = 0; i < 5; i++)
                put_read(&out, i, 0);
        nng_msg_free(raw_exchange(&f->raw, out.data, out.n_bytes));
        text = metrics_text(f);
        assert_non_null(strstr(text, "socializer_rpc_requests_total{method=\"socializer.v1." READ
                                     "\",code=\"OK\"} 5\n"));
        assert_non_null(strstr(text, "socializer_rpc_queue_depth{lane=\"write\"} 0\n"));
        assert_non_null(strstr(text, "socializer_rpc_in_flight 0\n"));
}

#define TEST(name)       cmocka_unit_test_setup_teardown(name, rpc_setup, rpc_teardown)
#define FAULT_TEST(name) cmocka_unit_test_setup_teardown(name, rpc_setup_fault, rpc_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(an_unknown_method_is_named),
                TEST(without_a_token_only_public_methods_answer),
                TEST(a_bad_token_matters_only_where_one_is_needed),
                TEST(a_bad_field_is_named),
                TEST(what_is_no_message_gets_one_reply_and_keeps_its_connection),
                TEST(nothing_and_cancels_alone_have_an_empty_response),
                TEST(a_repeated_write_answers_its_first_reply),
                TEST(an_id_is_good_for_one_request),
                TEST(a_write_that_failed_left_nothing_and_runs_again),
                TEST(writes_of_one_message_fail_one_by_one),
                TEST(a_repeated_password_call_answers_its_first_reply),
                TEST(what_went_wrong_inside_stays_inside),
                TEST(a_failure_without_words_has_some),
                TEST(an_answer_that_is_too_large_is_an_error),
                TEST(answers_that_are_too_large_together_are_errors_at_the_end),
                TEST(what_is_answered_is_counted),
                FAULT_TEST(what_could_not_be_committed_was_not_done),
                FAULT_TEST(what_the_disk_does_not_confirm_is_not_promised),
                FAULT_TEST(what_was_read_leaves_when_it_is_on_disk),
                cmocka_unit_test_setup_teardown(one_caller_writes_only_so_fast, rpc_setup_limited,
                                                rpc_teardown),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
