/* Chat through a real service: what is said is heard once and in order, whatever happens to the
 * service meanwhile; and what the coach is told it remembers. */
#include "tests/support/server/server.h"

#include "socializer.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* What a subscriber has told. */
struct heard {
        pthread_mutex_t mutex;
        int64_t last;
        unsigned n, n_bad, n_states, n_lost;
        soc_status ended;
};

struct world {
        struct server server;
        soc_client *client;
        soc_subscriber *subscriber;
        struct heard heard;
};

static void on_message(void *closure, const Socializer__V1__RoomMessage *m)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        h->n_bad += m->seq != h->last + 1;
        h->last = m->seq;
        h->n++;
}

static void on_state(void *closure, int64_t room_id, bool recovered, int64_t first_seq,
                     int64_t last_seq, const soc_error *error)
{
        struct heard *h = closure;
        LOCK(&h->mutex);

        (void)room_id;
        (void)first_seq;
        (void)last_seq;
        h->n_states++;
        h->n_lost += !recovered;
        if (error)
                h->ended = error->status;
}

static struct heard heard(struct world *w)
{
        LOCK(&w->heard.mutex);

        return w->heard;
}

static void call(struct world *w, const char *method, const ProtobufCMessage *request,
                 ProtobufCMessage **ret)
{
        soc_error error;

        if (soc_call(w->client, method, request, NULL, ret, &error) != SOC_OK)
                fail_msg("%s: %s", method, error.text);
}

static void sign_in(struct world *w)
{
        Socializer__V1__RegisterRequest reg = SOCIALIZER__V1__REGISTER_REQUEST__INIT;
        Socializer__V1__LoginRequest login = SOCIALIZER__V1__LOGIN_REQUEST__INIT;
        ProtobufCMessage *response;

        reg.username = login.username = (char *)"human";
        reg.password = login.password = (char *)"password123";
        reg.email = (char *)"human@example.org";
        call(w, "socializer.v1.UserService/Register", &reg.base, NULL);
        call(w, "socializer.v1.UserService/Login", &login.base, &response);
        assert_int_equal(
                soc_client_set_token(w->client,
                                     ((Socializer__V1__LoginResponse *)response)->access_token),
                SOC_OK);
        protobuf_c_message_free_unpacked(response, NULL);
}

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));
        const soc_subscriber_options options = {
                .on_message = on_message, .on_state = on_state, .closure = &w->heard};

        pthread_mutex_init(&w->heard.mutex, NULL);
        server_start(&w->server);
        assert_int_equal(soc_client_new(w->server.rpc_url, NULL, &w->client, NULL), SOC_OK);
        sign_in(w);
        assert_int_equal(
                soc_subscriber_new(w->client, w->server.events_url, &options, &w->subscriber, NULL),
                SOC_OK);
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        soc_subscriber_free(w->subscriber);
        soc_client_free(w->client);
        server_stop(&w->server);
        pthread_mutex_destroy(&w->heard.mutex);
        free(w);
        return 0;
}

static void say(struct world *w, int from, int to)
{
        Socializer__V1__SendMessageRequest request = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;
        char content[32];

        for (int i = from; i <= to; i++) {
                snprintf(content, sizeof(content), "message %d", i);
                request.room_id = 1;
                request.content = content;
                request.client_message_id = content;
                call(w, "socializer.v1.ChatService/SendMessage", &request.base, NULL);
        }
}

#define WAIT(condition) assert_true(t_wait(condition, 20000))

static void what_is_said_is_heard(void **state)
{
        struct world *w = *state;

        assert_int_equal(soc_subscribe(w->subscriber, 1, 0, NULL, NULL), SOC_OK);
        say(w, 1, 300);
        WAIT(heard(w).last == 300);
        assert_int_equal(heard(w).n, 300);
        assert_int_equal(heard(w).n_bad, 0);
}

static void a_killed_service_loses_and_doubles_nothing(void **state)
{
        struct world *w = *state;

        assert_int_equal(soc_subscribe(w->subscriber, 1, 0, NULL, NULL), SOC_OK);
        for (int round = 0; round < 3; round++) {
                say(w, round * 50 + 1, round * 50 + 25);
                server_kill(&w->server);
                server_start_again(&w->server);
                say(w, round * 50 + 26, round * 50 + 50);
        }
        WAIT(heard(w).last == 150);
        assert_int_equal(heard(w).n, 150);
        assert_int_equal(heard(w).n_bad, 0);
        assert_int_equal(heard(w).n_lost, 0);
}

static void a_message_sent_again_is_one_message(void **state)
{
        struct world *w = *state;

        assert_int_equal(soc_subscribe(w->subscriber, 1, 0, NULL, NULL), SOC_OK);
        say(w, 1, 5);
        say(w, 1, 5);
        say(w, 6, 6);
        WAIT(heard(w).last == 6);
        assert_int_equal(heard(w).n, 6);
}

static void nobody_listens_without_a_token(void **state)
{
        struct world *w = *state;

        assert_int_equal(soc_subscribe(w->subscriber, 1, 0, "nonsense", NULL), SOC_OK);
        WAIT(heard(w).n_states == 1);
        assert_int_equal(heard(w).ended, SOC_UNAUTHENTICATED);
        say(w, 1, 3);
        assert_int_equal(heard(w).n, 0);
}

static void the_coach_remembers_what_was_said(void **state)
{
        struct world *w = *state;
        Socializer__V1__ChatRequest chat = SOCIALIZER__V1__CHAT_REQUEST__INIT;
        Socializer__V1__ListMessagesRequest list = SOCIALIZER__V1__LIST_MESSAGES_REQUEST__INIT;
        Socializer__V1__ChatResponse *answer;
        Socializer__V1__ListMessagesResponse *remembered;

        chat.message = (char *)"You never listen.";
        call(w, "socializer.v1.CoachService/Chat", &chat.base, (ProtobufCMessage **)&answer);
        assert_string_equal(answer->thread_id, "default");
        assert_string_equal(answer->engine, "builtin");
        assert_int_equal(answer->n_tools_used, 3);
        assert_non_null(strstr(answer->response, "built-in coach"));

        call(w, "socializer.v1.UserService/ListMessages", &list.base,
             (ProtobufCMessage **)&remembered);
        assert_int_equal(remembered->n_messages, 2);
        assert_string_equal(remembered->messages[0]->content, answer->response);
        assert_int_equal(remembered->messages[0]->role,
                         SOCIALIZER__V1__MESSAGE_ROLE__MESSAGE_ROLE_ASSISTANT);
        assert_string_equal(remembered->messages[1]->content, "You never listen.");
        protobuf_c_message_free_unpacked(&remembered->base, NULL);
        protobuf_c_message_free_unpacked(&answer->base, NULL);

        chat.message = (char *)"I feel unheard. How is it for you?";
        call(w, "socializer.v1.CoachService/Chat", &chat.base, (ProtobufCMessage **)&answer);
        assert_non_null(strstr(answer->response, "reproach of your last message is gone"));
        protobuf_c_message_free_unpacked(&answer->base, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(what_is_said_is_heard),
                CASE(a_killed_service_loses_and_doubles_nothing),
                CASE(a_message_sent_again_is_one_message),
                CASE(nobody_listens_without_a_token),
                CASE(the_coach_remembers_what_was_said),
        };
        return !!cmocka_run_group_tests_name("chat", tests, NULL, NULL);
}
