/* The service is killed with -9 in the middle of writes, again and again: what was acknowledged is
 * there afterwards, once. */
#include "common/cleanup.h"
#include "common/clock.h"
#include "tests/support/server/ask.h"
#include "tests/support/server/server.h"

#include "socializer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define N_WRITERS      8
#define N_KILLS        6
#define WRITES_PER_RUN 150 /* acknowledged between two kills, all writers together */
#define MAX_WRITES     4000

struct writer {
        struct run *run;
        pthread_t thread;
        unsigned number;
        unsigned n_acknowledged;
};

struct run {
        struct server server;
        soc_client *client;
        atomic_bool stop;
        atomic_uint n_acknowledged;
        atomic_uint n_failed; /* a call that ended with anything but OK */
        struct writer writers[N_WRITERS];
        /* What the room holds in the end: how often each "writer-number" was found. */
        unsigned char found[N_WRITERS][MAX_WRITES];
};

/* Every call waits through the kills: the library sends it again with the same id. */
static bool say(struct writer *w, unsigned number)
{
        Socializer__V1__SendMessageRequest request = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        soc_call_options options = {.timeout_ms = 60000};
        soc_error error = {0};
        char content[32];

        snprintf(content, sizeof(content), "%u-%u", w->number, number);
        request.room_id = 1;
        request.content = content;
        soc_status status = soc_call(w->run->client, "socializer.v1.ChatService/SendMessage",
                                     &request.base, &options, NULL, &error);
        if (status != SOC_OK)
                fprintf(stderr, "%s: %s %s\n", content, soc_status_name(status), error.text);
        return status == SOC_OK;
}

static void *write_all_the_time(void *arg)
{
        struct writer *w = arg;

        while (!w->run->stop && w->n_acknowledged < MAX_WRITES) {
                if (!say(w, w->n_acknowledged)) {
                        w->run->n_failed++;
                        return NULL;
                }
                w->n_acknowledged++;
                w->run->n_acknowledged++;
        }
        return NULL;
}

static void sign_in(struct run *run)
{
        AUTO_FREE char *token = ask_login(run->client, "writer", "password123");

        assert_int_equal(soc_client_set_token(run->client, token), SOC_OK);
}

/* Reads the room page by page and ticks off what is there. Sequence numbers have no holes. */
static unsigned tick_off(struct run *run)
{
        Socializer__V1__ListRoomMessagesRequest request =
                SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__INIT;
        int64_t last = 0;
        unsigned n = 0;

        request.room_id = 1;
        request.page_size = 500;
        request.after_set_case = SOCIALIZER__V1__LIST_ROOM_MESSAGES_REQUEST__AFTER_SET_AFTER_SEQ;
        for (;;) {
                Socializer__V1__ListRoomMessagesResponse *page = NULL;
                request.after_seq = last;
                assert_int_equal(soc_call(run->client, "socializer.v1.ChatService/ListRoomMessages",
                                          &request.base, NULL, (ProtobufCMessage **)&page, NULL),
                                 SOC_OK);
                size_t n_page = page->n_messages;
                for (size_t i = 0; i < n_page; i++) {
                        unsigned writer, number;
                        assert_int_equal(page->messages[i]->seq, ++last);
                        assert_int_equal(
                                sscanf(page->messages[i]->content, "%u-%u", &writer, &number), 2);
                        run->found[writer][number]++;
                        n++;
                }
                protobuf_c_message_free_unpacked(&page->base, NULL);
                if (!n_page)
                        return n;
        }
}

static void acknowledged_writes_survive_kills_once(void **state)
{
        struct run *run = *state;

        for (unsigned i = 0; i < N_WRITERS; i++) {
                run->writers[i] = (struct writer){.run = run, .number = i};
                pthread_create(&run->writers[i].thread, NULL, write_all_the_time, &run->writers[i]);
        }
        for (unsigned i = 1; i <= N_KILLS; i++) {
                t_wait(run->n_acknowledged >= i * WRITES_PER_RUN || run->n_failed, 60000);
                server_kill(&run->server);
                server_start_again(&run->server);
        }
        t_wait(run->n_acknowledged >= (N_KILLS + 1) * WRITES_PER_RUN || run->n_failed, 60000);
        run->stop = true;
        for (unsigned i = 0; i < N_WRITERS; i++)
                pthread_join(run->writers[i].thread, NULL);

        assert_int_equal(run->n_failed, 0);
        assert_int_equal(tick_off(run), run->n_acknowledged);
        for (unsigned i = 0; i < N_WRITERS; i++) {
                for (unsigned k = 0; k < run->writers[i].n_acknowledged; k++)
                        assert_int_equal(run->found[i][k], 1);
        }
        server_assert_no_leases(&run->server);
}

static int setup(void **state)
{
        struct run *run = calloc(1, sizeof(*run));

        server_start(&run->server);
        server_create_user(&run->server, "writer", "password123", false);
        assert_int_equal(soc_client_new(run->server.rpc_url, NULL, &run->client, NULL), SOC_OK);
        sign_in(run);
        *state = run;
        return 0;
}

static int teardown(void **state)
{
        struct run *run = *state;

        soc_client_free(run->client);
        server_stop(&run->server);
        free(run);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(acknowledged_writes_survive_kills_once, setup,
                                                teardown),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
