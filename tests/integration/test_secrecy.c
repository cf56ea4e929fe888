/* What somebody learns who listens to everything that the publisher sends, without a key or with
 * one that is no longer good. */
#include "common/cleanup.h"
#include "tests/support/server/ask.h"
#include "tests/support/server/server.h"

#include "socializer.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define ROOM_NAME "Geheimraum"
#define BEFORE    "the secret of the evening"
#define AFTER     "said when he had gone"

#define TOPIC_BYTES 16
#define NONCE_BYTES 24
#define KEY_BYTES   32
#define MAX_EVENTS  512

struct world {
        struct server server;
        soc_client *client;
        char ada[2048], bob[2048];
        int64_t bob_id, room_id;
        nng_socket everything;
        nng_msg *events[MAX_EVENTS];
        size_t n_events;
};

static ProtobufCMessage *call(struct world *w, const char *token, const char *method,
                              const ProtobufCMessage *request)
{
        const soc_call_options options = {.token = token};
        ProtobufCMessage *response = NULL;
        soc_error error;

        if (soc_call(w->client, method, request, &options, &response, &error) != SOC_OK)
                fail_msg("%s: %s", method, error.text);
        return response;
}

static void drop(ProtobufCMessage *message)
{
        protobuf_c_message_free_unpacked(message, NULL);
}

static void login(struct world *w, const char *username, char *ret, size_t size)
{
        AUTO_FREE char *token = ask_login(w->client, username, "password123");

        snprintf(ret, size, "%s", token);
}

static void make_room(struct world *w)
{
        Socializer__V1__CreateRoomRequest create = SOCIALIZER__V1__CREATE_ROOM_REQUEST__INIT;
        Socializer__V1__JoinRoomRequest join = SOCIALIZER__V1__JOIN_ROOM_REQUEST__INIT;

        create.name = (char *)ROOM_NAME;
        create.user_ids = &w->bob_id;
        create.n_user_ids = 1;
        ProtobufCMessage *r = call(w, w->ada, "socializer.v1.ChatService/CreateRoom", &create.base);
        w->room_id = ((Socializer__V1__CreateRoomResponse *)r)->room->id;
        drop(r);
        join.room_id = w->room_id;
        drop(call(w, w->bob, "socializer.v1.ChatService/JoinRoom", &join.base));
}

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        if (!w)
                return -1;
        *state = w;
        server_start(&w->server);
        server_create_user(&w->server, "ada", "password123", false);
        w->bob_id = server_create_user(&w->server, "bob", "password123", false);
        assert_int_equal(soc_client_new(w->server.rpc_url, NULL, &w->client, NULL), SOC_OK);
        login(w, "ada", w->ada, sizeof(w->ada));
        login(w, "bob", w->bob, sizeof(w->bob));
        make_room(w);
        assert_int_equal(nng_sub0_open(&w->everything), 0);
        assert_int_equal(nng_socket_set(w->everything, NNG_OPT_SUB_SUBSCRIBE, "", 0), 0);
        assert_int_equal(nng_socket_set_ms(w->everything, NNG_OPT_RECVTIMEO, 20), 0);
        assert_int_equal(nng_dial(w->everything, w->server.events_url, NULL, 0), 0);
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        for (size_t i = 0; i < w->n_events; i++)
                nng_msg_free(w->events[i]);
        soc_client_free(w->client);
        server_stop(&w->server);
        /* Nobody sends any more. */
        nng_close(w->everything);
        free(w);
        return 0;
}

static void say(struct world *w, const char *content)
{
        Socializer__V1__SendMessageRequest request = SOCIALIZER__V1__SEND_MESSAGE_REQUEST__INIT;

        request.room_id = w->room_id;
        request.content = (char *)content;
        drop(call(w, w->ada, "socializer.v1.ChatService/SendMessage", &request.base));
}

static Socializer__V1__SubscribeResponse *subscribe(struct world *w, const char *token)
{
        Socializer__V1__SubscribeRequest request = SOCIALIZER__V1__SUBSCRIBE_REQUEST__INIT;

        request.room_id = w->room_id;
        return (Socializer__V1__SubscribeResponse *)call(
                w, token, "socializer.v1.ChatService/Subscribe", &request.base);
}

/* What an event holds under a key; NULL when it does not open. */
static Socializer__V1__RoomEvent *open_event(const Socializer__V1__SubscribeResponse *keys,
                                             nng_msg *event)
{
        const uint8_t *at = nng_msg_body(event);
        size_t n = nng_msg_len(event), n_head = TOPIC_BYTES + NONCE_BYTES;
        uint8_t plain[8192];
        unsigned long long n_plain;

        assert_int_equal(keys->key.len, KEY_BYTES);
        if (n <= n_head || n > sizeof(plain) ||
            crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n_plain, NULL, at + n_head,
                                                       n - n_head, at, TOPIC_BYTES,
                                                       at + TOPIC_BYTES, keys->key.data) != 0)
                return NULL;
        return socializer__v1__room_event__unpack(NULL, (size_t)n_plain, plain);
}

/* Listens until something opens under the key and is this; keeps everything that came. */
static void hear(struct world *w, const Socializer__V1__SubscribeResponse *keys,
                 const char *content)
{
        deadline_ns deadline = deadline_in_ms(10000);
        bool found = false;

        while (!found && !deadline_passed(deadline)) {
                nng_msg *event;

                assert_true(w->n_events < MAX_EVENTS);
                if (nng_recvmsg(w->everything, &event, 0) != 0)
                        continue;
                w->events[w->n_events++] = event;
                Socializer__V1__RoomEvent *e = open_event(keys, event);
                found = e && e->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_MESSAGE &&
                        strcmp(e->message->content, content) == 0;
                if (e)
                        socializer__v1__room_event__free_unpacked(e, NULL);
        }
        assert_true(found);
}

static void who_listens_to_everything_learns_nothing(void **state)
{
        static const char *const words[] = {BEFORE, ROOM_NAME, "ada", "bob", "evening"};
        struct world *w = *state;
        Socializer__V1__SubscribeResponse *keys = subscribe(w, w->bob);

        for (int i = 0; i < 20; i++)
                say(w, BEFORE);
        hear(w, keys, BEFORE);
        for (size_t i = 0; i < w->n_events; i++)
                for (size_t k = 0; k < ARRAY_SIZE(words); k++)
                        assert_null(memmem(nng_msg_body(w->events[i]), nng_msg_len(w->events[i]),
                                           words[k], strlen(words[k])));
        drop(&keys->base);
}

static void who_was_removed_opens_nothing_more(void **state)
{
        struct world *w = *state;
        Socializer__V1__RemoveMemberRequest request = SOCIALIZER__V1__REMOVE_MEMBER_REQUEST__INIT;
        Socializer__V1__SubscribeRequest again = SOCIALIZER__V1__SUBSCRIBE_REQUEST__INIT;
        Socializer__V1__SubscribeResponse *old = subscribe(w, w->bob);
        const soc_call_options as_bob = {.token = w->bob};
        unsigned n_rekeys = 0;
        soc_error error;

        say(w, BEFORE);
        hear(w, old, BEFORE);
        size_t n_before = w->n_events;
        request.room_id = w->room_id;
        request.user_id = w->bob_id;
        drop(call(w, w->ada, "socializer.v1.ChatService/RemoveMember", &request.base));
        Socializer__V1__SubscribeResponse *new = subscribe(w, w->ada);
        assert_memory_not_equal(old->key.data, new->key.data, KEY_BYTES);
        assert_memory_not_equal(old->topic.data, new->topic.data, TOPIC_BYTES);
        say(w, AFTER);
        hear(w, new, AFTER);
        for (size_t i = n_before; i < w->n_events; i++) {
                Socializer__V1__RoomEvent *e = open_event(old, w->events[i]);

                if (!e)
                        continue;
                /* A word about the time before, or the last one under the old key. */
                n_rekeys += e->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_REKEY;
                assert_true(e->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_REKEY ||
                            (e->event_case == SOCIALIZER__V1__ROOM_EVENT__EVENT_WATERMARK &&
                             n_rekeys == 0));
                socializer__v1__room_event__free_unpacked(e, NULL);
        }
        assert_int_equal(n_rekeys, 1);

        again.room_id = w->room_id;
        assert_int_equal(soc_call(w->client, "socializer.v1.ChatService/Subscribe", &again.base,
                                  &as_bob, NULL, &error),
                         SOC_NOT_FOUND); /* the room is hidden: there is none */
        drop(&old->base);
        drop(&new->base);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(who_listens_to_everything_learns_nothing),
                CASE(who_was_removed_opens_nothing_more),
        };
        return !!cmocka_run_group_tests_name("secrecy", tests, NULL, NULL);
}
