/* Where calls wait and for how long: lanes, bounded queues, deadlines, cancelling, draining. */
#include "tests/unit/rpc_fixture.h"

#include "service/rpc/internal.h"

#include <string.h>

static void a_mixed_batch_is_answered_in_order(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        static const enum status want[] = {STATUS_OK, STATUS_OK, STATUS_UNIMPLEMENTED,   STATUS_OK,
                                           STATUS_OK, STATUS_OK, STATUS_INVALID_ARGUMENT};

        put_long(f, &out, 1);
        put_read(&out, 2, 0);
        raw_append_call(&out, 3, "No/Such", NULL, 0, NULL);
        put_write(f, &out, 4, "listening");
        put_password(&out, 5, "human", "");
        put_read(&out, 6, 0);
        put_write(f, &out, 7, "");
        nng_msg *m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(raw_count_replies(m), ARRAY_SIZE(want));
        for (unsigned i = 0; i < ARRAY_SIZE(want); i++)
                assert_status(raw_reply(m, i).status, want[i]);
        assert_int_equal(raw_reply(m, 1).payload.n_bytes, raw_reply(m, 5).payload.n_bytes);
        nng_msg_free(m);
}

static void a_batch_that_begins_with_a_read_may_hold_anything(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        put_read(&out, 1, 0);
        put_long(f, &out, 2);
        put_write(f, &out, 3, "listening");
        nng_msg *m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(raw_count_replies(m), 3);
        for (unsigned i = 0; i < 3; i++)
                assert_status(raw_reply(m, i).status, STATUS_OK);
        nng_msg_free(m);
}

static void a_full_batch_of_each_lane_is_answered(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        char name[16];

        for (int i = 0; i < FRAME_MAX_CALLS; i++)
                put_read(&out, (uint8_t)i, 0);
        nng_msg *m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(raw_count_replies(m), FRAME_MAX_CALLS);
        nng_msg_free(m);
        buffer_clear(&out);
        for (int i = 0; i < FRAME_MAX_CALLS; i++) {
                snprintf(name, sizeof(name), "skill %d", i);
                put_write(f, &out, (uint8_t)i, name);
        }
        m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(raw_count_replies(m), FRAME_MAX_CALLS);
        for (unsigned i = 0; i < FRAME_MAX_CALLS; i++)
                assert_status(raw_reply(m, i).status, STATUS_OK);
        nng_msg_free(m);
        buffer_clear(&out);
        for (int i = 0; i < FRAME_MAX_CALLS; i++)
                put_long(f, &out, (uint8_t)i);
        m = raw_exchange(&f->raw, out.data, out.n_bytes);
        assert_int_equal(raw_count_replies(m), FRAME_MAX_CALLS);
        nng_msg_free(m);
}

/* There are two: the reader, and one of nng's threads. */
static void keep_readers_busy(struct rpc_fixture *f, struct raw_pending *ret, unsigned n)
{
        AUTO_BUFFER out = BUFFER_INIT;

        atomic_store(&script.is_closed, true);
        for (unsigned i = 0; i < n; i++) {
                put_read(&out, (uint8_t)(100 + i), 0);
                send_buffer(f, &out, &ret[i]);
                await_begun(i + 1);
        }
}

/* A reader at work, even on a thread of nng's, keeps nobody else waiting. */
static void reads_do_not_wait_for_a_slow_one(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending slow;

        keep_readers_busy(f, &slow, 1);
        for (int i = 0; i < 20; i++) {
                raw_append_call(&out, 1, "No/Such", NULL, 0, NULL);
                assert_status(ask(f, &out).status, STATUS_UNIMPLEMENTED);
        }
        atomic_store(&script.is_closed, false);
        assert_status(wait_for_status(&slow), STATUS_OK);
}

static void *stop_main(void *arg)
{
        rpc_server_stop(arg);
        return NULL;
}

static void the_end_waits_for_a_read_on_a_thread_of_nng(void **state)
{
        struct rpc_fixture *f = *state;
        struct raw_pending slow;
        pthread_t thread;

        keep_readers_busy(f, &slow, 1);
        assert_true(atomic_load(&f->server->reads_here));
        assert_int_equal(pthread_create(&thread, NULL, stop_main, f->server), 0);
        assert_true(t_wait(atomic_load(&f->server->draining), 10000));
        assert_int_equal(atomic_load(&script.n_ended), 0);
        atomic_store(&script.is_closed, false);
        pthread_join(thread, NULL);
        assert_int_equal(atomic_load(&script.n_ended), 1);
        assert_status(wait_for_status(&slow), STATUS_OK);
        /* And no other begins. */
        assert_true(atomic_load(&f->server->reads_here));
}

static void reads_do_not_wait_for_long_calls(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending longs[10];

        atomic_store(&script.is_closed, true);
        for (uint8_t i = 0; i < 10; i++) {
                put_long(f, &out, i);
                send_buffer(f, &out, &longs[i]);
        }
        await_begun(10);
        raw_append_call(&out, 1, "No/Such", NULL, 0, NULL);
        assert_status(ask(f, &out).status, STATUS_UNIMPLEMENTED);
        atomic_store(&script.is_closed, false);
        for (size_t i = 0; i < 10; i++)
                assert_status(wait_for_status(&longs[i]), STATUS_OK);
}

static void a_call_whose_time_is_over_is_not_run(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending readers[2], late;
        deadline_ns past;

        keep_readers_busy(f, readers, 2);
        put_read(&out, 2, 20);
        send_buffer(f, &out, &late);
        past = deadline_in_ms(40);
        assert_true(t_wait(deadline_passed(past), 10000));
        atomic_store(&script.is_closed, false);
        for (size_t i = 0; i < 2; i++)
                assert_status(wait_for_status(&readers[i]), STATUS_OK);
        assert_status(wait_for_status(&late), STATUS_DEADLINE_EXCEEDED);
        assert_int_equal(atomic_load(&script.n_begun), 2);
}

/* Whether there is a queue with one in it. */
static bool one_waits(struct rpc_fixture *f)
{
        static const char *const lines[] = {
                "socializer_rpc_queue_depth{lane=\"read\"} 1\n",
                "socializer_rpc_queue_depth{lane=\"password\"} 1\n",
                "socializer_rpc_queue_depth{lane=\"long\"} 1\n",
        };
        AUTO_FREE char *text = metrics_text(f);

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                if (strstr(text, lines[i]))
                        return true;
        }
        return false;
}

/* One call runs, beside n_busy others, one waits, and the third is refused while the others are
 * still there. */
static void assert_third_is_refused(struct rpc_fixture *f, struct buffer calls[static 3],
                                    unsigned n_busy)
{
        struct raw_pending first, second;
        struct frame_reply reply;

        atomic_store(&script.is_closed, true);
        send_buffer(f, &calls[0], &first);
        await_begun(n_busy + 1);
        send_buffer(f, &calls[1], &second);
        assert_true(t_wait(one_waits(f), 10000));
        reply = ask(f, &calls[2]);
        assert_status(reply.status, STATUS_RESOURCE_EXHAUSTED);
        assert_in_range(reply.error.retry_after_ms, 1, 60000);
        atomic_store(&script.is_closed, false);
        assert_status(wait_for_status(&first), STATUS_OK);
        assert_status(wait_for_status(&second), STATUS_OK);
        for (size_t i = 0; i < 3; i++)
                buffer_deinit(&calls[i]);
}

static void a_full_queue_of_reads_refuses_at_once(void **state)
{
        struct rpc_fixture *f = *state;
        struct buffer calls[3] = {0};
        struct raw_pending busy;

        for (uint8_t i = 0; i < 3; i++)
                put_read(&calls[i], i, 0);
        keep_readers_busy(f, &busy, 1);
        assert_third_is_refused(f, calls, 1);
        assert_status(wait_for_status(&busy), STATUS_OK);
}

static void a_full_queue_of_passwords_refuses_at_once(void **state)
{
        struct rpc_fixture *f = *state;
        struct buffer calls[3] = {0};

        for (uint8_t i = 0; i < 3; i++)
                put_password(&calls[i], i, "human", "");
        assert_third_is_refused(f, calls, 0);
}

static void a_full_queue_of_long_calls_refuses_at_once(void **state)
{
        struct rpc_fixture *f = *state;
        struct buffer calls[3] = {0};

        for (uint8_t i = 0; i < 3; i++)
                put_long(f, &calls[i], i);
        assert_third_is_refused(f, calls, 0);
}

static void block_writer(struct db_job *job)
{
        (void)job;
        atomic_fetch_add(&script.n_begun, 1);
        while (atomic_load(&script.is_closed))
                t_pause_();
}

static void writer_is_free(struct db_job *job, enum status commit_status, const struct error *error)
{
        (void)job;
        (void)commit_status;
        (void)error;
        atomic_fetch_add(&script.n_ended, 1);
}

static void a_full_queue_of_writes_refuses_at_once(void **state)
{
        struct rpc_fixture *f = *state;
        struct db_job job = {.run = block_writer, .done = writer_is_free};
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending first;

        atomic_store(&script.is_closed, true);
        assert_status(db_submit(f->service.db, &job, NULL), STATUS_OK);
        await_begun(1);
        put_write(f, &out, 1, "listening");
        send_buffer(f, &out, &first);
        /* Messages of one client may overtake each other between nng's threads. */
        assert_true(t_wait(atomic_load(&f->server->n_writes) == 1, 10000));
        put_write(f, &out, 2, "asking");
        assert_status(ask(f, &out).status, STATUS_RESOURCE_EXHAUSTED);
        atomic_store(&script.is_closed, false);
        assert_status(wait_for_status(&first), STATUS_OK);
        assert_true(t_wait(atomic_load(&script.n_ended) == 1, 10000));
}

static void a_write_that_waits_is_cancelled(void **state)
{
        struct rpc_fixture *f = *state;
        struct db_job job = {.run = block_writer, .done = writer_is_free};
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending first;
        uint8_t id[FRAME_CALL_ID_BYTES];

        atomic_store(&script.is_closed, true);
        assert_status(db_submit(f->service.db, &job, NULL), STATUS_OK);
        await_begun(1);
        put_write(f, &out, 9, "listening");
        send_buffer(f, &out, &first);
        memset(id, 9, sizeof(id));
        frame_append_cancel(&out, id);
        nng_msg_free(raw_exchange(&f->raw, out.data, out.n_bytes));
        atomic_store(&script.is_closed, false);
        assert_status(wait_for_status(&first), STATUS_CANCELLED);
        assert_int_equal(atomic_load(&script.n_after), 0);
        assert_true(t_wait(atomic_load(&script.n_ended) == 1, 10000));
}

/* The same call twice at once: the second is told to ask again, and nothing is done twice. */
static void a_repeat_of_what_is_at_work_waits(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending first;

        atomic_store(&script.is_closed, true);
        put_password(&out, 7, "human", "");
        send_buffer(f, &out, &first);
        await_begun(1);
        put_password(&out, 7, "human", "");
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_UNAVAILABLE);
        assert_true(reply.error.retry_after_ms > 0);
        assert_int_equal(atomic_load(&script.n_begun), 1);
        atomic_store(&script.is_closed, false);
        assert_status(wait_for_status(&first), STATUS_OK);
        put_password(&out, 7, "human", "");
        assert_status(ask(f, &out).status, STATUS_OK);
}

static void cancel(struct rpc_fixture *f, uint8_t byte)
{
        AUTO_BUFFER out = BUFFER_INIT;
        uint8_t id[FRAME_CALL_ID_BYTES];

        memset(id, byte, sizeof(id));
        frame_append_cancel(&out, id);
        nng_msg_free(raw_exchange(&f->raw, out.data, out.n_bytes));
}

static void long_calls_are_cancelled_where_they_are(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending running, queued;

        atomic_store(&script.is_closed, true);
        put_long(f, &out, 1);
        send_buffer(f, &out, &running);
        await_begun(1);
        put_long(f, &out, 2);
        send_buffer(f, &out, &queued);
        cancel(f, 2);
        assert_status(wait_for_status(&queued), STATUS_CANCELLED);
        assert_int_equal(atomic_load(&script.n_begun), 1);
        cancel(f, 1);
        assert_status(wait_for_status(&running), STATUS_CANCELLED);
}

static void a_cancel_may_overtake_its_call(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;

        cancel(f, 1);
        put_long(f, &out, 1);
        assert_status(ask(f, &out).status, STATUS_CANCELLED);
        cancel(f, 2);
        put_read(&out, 2, 0);
        assert_status(ask(f, &out).status, STATUS_CANCELLED);
        put_read(&out, 2, 0);
        assert_status(ask(f, &out).status, STATUS_OK);
}

static void a_call_that_was_overtaken_waits_for_nothing(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending running;

        atomic_store(&script.is_closed, true);
        put_long(f, &out, 1);
        send_buffer(f, &out, &running);
        await_begun(1);
        cancel(f, 2);
        put_long(f, &out, 2);
        assert_status(ask(f, &out).status, STATUS_CANCELLED);
        assert_int_equal(atomic_load(&script.n_begun), 1);
        cancel(f, 1);
        assert_status(wait_for_status(&running), STATUS_CANCELLED);
}

static void a_client_that_goes_ends_its_long_calls(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending mine;
        struct raw other;
        struct raw_pending others;

        atomic_store(&script.is_closed, true);
        put_long(f, &out, 1);
        send_buffer(f, &out, &mine);
        await_begun(1);
        raw_open(&other, f->url);
        put_long(f, &out, 2);
        raw_send(&other, out.data, out.n_bytes, &others);
        await_begun(2);
        assert_null(raw_wait(&others, 1));
        raw_close(&other);
        assert_true(t_wait(atomic_load(&script.n_ended) == 1, 10000));
        atomic_store(&script.is_closed, false);
        assert_status(wait_for_status(&mine), STATUS_OK);
}

struct draining {
        struct rpc_fixture *fixture;
        atomic_bool is_over;
};

static void *drain(void *arg)
{
        struct draining *d = arg;

        rpc_server_drain(d->fixture->server, deadline_in_ms(30000));
        atomic_store(&d->is_over, true);
        return NULL;
}

static enum status ask_read(struct rpc_fixture *f)
{
        AUTO_BUFFER out = BUFFER_INIT;

        raw_append_call(&out, 99, "No/Such", NULL, 0, NULL);
        return ask(f, &out).status;
}

static void while_draining_calls_are_finished_and_none_begun(void **state)
{
        struct rpc_fixture *f = *state;
        struct draining d = {.fixture = f};
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending running;
        pthread_t thread;

        atomic_store(&script.is_closed, true);
        put_long(f, &out, 1);
        send_buffer(f, &out, &running);
        await_begun(1);
        assert_int_equal(pthread_create(&thread, NULL, drain, &d), 0);
        assert_true(t_wait(ask_read(f) == STATUS_UNAVAILABLE, 10000));
        put_long(f, &out, 2);
        struct frame_reply reply = ask(f, &out);
        assert_status(reply.status, STATUS_UNAVAILABLE);
        assert_in_range(reply.error.retry_after_ms, 1, 60000);
        assert_false(atomic_load(&d.is_over));
        atomic_store(&script.is_closed, false);
        assert_status(wait_for_status(&running), STATUS_OK);
        pthread_join(thread, NULL);
        assert_int_equal(atomic_load(&script.n_begun), 1);
}

static void what_does_not_end_in_time_is_cancelled(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw_pending running;

        atomic_store(&script.is_closed, true);
        put_long(f, &out, 1);
        send_buffer(f, &out, &running);
        await_begun(1);
        rpc_server_drain(f->server, deadline_in_ms(50));
        assert_status(wait_for_status(&running), STATUS_CANCELLED);
}

static void an_address_in_use_is_said(void **state)
{
        struct rpc_fixture *f = *state;
        struct rpc_server *second = NULL;
        struct service service = f->service;
        struct rpc_server_options options = f->options;
        struct error error = ERROR_INIT;
        const char *bad[] = {"ws://127.0.0.1:1", "ipc://", "tcp://nowhere", "inproc://x", ""};

        options.service = &service;
        assert_status(rpc_server_new(&options, &second, &error), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(error.text, f->url));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                options.urls = &bad[i];
                assert_status(rpc_server_new(&options, &second, &error), STATUS_INVALID_ARGUMENT);
        }
        assert_null(second);
}

static void a_socket_that_was_left_behind_is_replaced(void **state)
{
        struct rpc_fixture *f = *state;
        const char *path = f->url + strlen("ipc://");
        AUTO_FREE char *kept = NULL;
        AUTO_BUFFER out = BUFFER_INIT;

        assert_true(asprintf(&kept, "%s.kept", path) > 0);
        assert_int_equal(link(path, kept), 0);
        rpc_stop(f);
        assert_int_equal(rename(kept, path), 0);
        rpc_start(f);
        put_read(&out, 1, 0);
        assert_status(ask(f, &out).status, STATUS_OK);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, rpc_setup, rpc_teardown)
#define TIGHT(name) cmocka_unit_test_setup_teardown(name, rpc_setup_tight, rpc_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_mixed_batch_is_answered_in_order),
                TEST(a_batch_that_begins_with_a_read_may_hold_anything),
                TEST(a_full_batch_of_each_lane_is_answered),
                TEST(reads_do_not_wait_for_a_slow_one),
                TEST(the_end_waits_for_a_read_on_a_thread_of_nng),
                TEST(reads_do_not_wait_for_long_calls),
                TIGHT(a_call_whose_time_is_over_is_not_run),
                TIGHT(a_full_queue_of_reads_refuses_at_once),
                TIGHT(a_full_queue_of_passwords_refuses_at_once),
                TIGHT(a_full_queue_of_long_calls_refuses_at_once),
                TIGHT(a_full_queue_of_writes_refuses_at_once),
                TEST(a_write_that_waits_is_cancelled),
                TEST(a_repeat_of_what_is_at_work_waits),
                TIGHT(long_calls_are_cancelled_where_they_are),
                TEST(a_cancel_may_overtake_its_call),
                TIGHT(a_call_that_was_overtaken_waits_for_nothing),
                TEST(a_client_that_goes_ends_its_long_calls),
                TEST(while_draining_calls_are_finished_and_none_begun),
                TEST(what_does_not_end_in_time_is_cancelled),
                TEST(an_address_in_use_is_said),
                TEST(a_socket_that_was_left_behind_is_replaced),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
