/* Batches for whose replies there is no memory. */
#include "tests/support/failing_realloc.h"
#include "tests/unit/rpc_fixture.h"

#define LARGE_BYTES 100000 /* no buffer keeps so much for the next message */

/* Replies belong to calls by their order alone. */
static void no_reply_takes_the_place_of_another(void **state)
{
        struct rpc_fixture *f = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        bool struck = true;
        unsigned n;

        script.answer_bytes = LARGE_BYTES;
        put_read(&out, 1, 0);
        put_long(f, &out, 2);
        for (n = 1; struck; n++) {
                failing_realloc_arm(n, true);
                nng_msg *m = raw_exchange(&f->raw, out.data, out.n_bytes);
                struck = failing_realloc_disarm();
                unsigned n_replies = raw_count_replies(m);

                if (n_replies == 2) {
                        const struct frame_reply read = raw_reply(m, 0), slow = raw_reply(m, 1);

                        if (read.status == STATUS_OK)
                                assert_true(read.payload.n_bytes > LARGE_BYTES);
                        if (slow.status == STATUS_OK)
                                assert_true(slow.payload.n_bytes < LARGE_BYTES);
                } else if (n_replies > 0) {
                        assert_status(raw_reply(m, 0).status, STATUS_RESOURCE_EXHAUSTED);
                }
                nng_msg_free(m);
        }
        assert_true(n > 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(no_reply_takes_the_place_of_another, rpc_setup,
                                                rpc_teardown),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
