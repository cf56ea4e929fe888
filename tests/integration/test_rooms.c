/* What the table of behaviours cannot say of rooms in one row: guesses that run out, hidden rooms
 * that look like none, and a past that ends. */
#include "tests/support/server/ask.h"
#include "tests/support/server/server.h"

#include "common/buffer.h"
#include "common/contract.h"
#include "common/wire.h"

#include "socializer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define N_GUESSES    10
#define GUESSES_MS   300000
#define N_MESSAGES   600 /* 3 MB of them */
#define LETTERS_EACH 5000

struct world {
        struct server server;
        soc_client *client;
        char *human, *guest, *other; /* tokens */
};

static enum status try(struct world *w, const char *token, const char *method, const char *request)
{
        struct error error = ERROR_INIT;

        return ask(w->client, token, method, request, NULL, &error);
}

static void must(struct world *w, const char *token, const char *method, const char *request)
{
        json_decref(ask_well(w->client, token, method, request));
}

/* A number of the answer, by its place: "room" and "last_seq"; outer NULL: at the top. */
static int64_t number(struct world *w, const char *token, const char *method, const char *request,
                      const char *outer, const char *name)
{
        json_t *body = ask_well(w->client, token, method, request);
        int64_t n = ask_number(outer ? json_object_get(body, outer) : body, name);

        json_decref(body);
        return n;
}

static char *sign_in(struct world *w, const char *username)
{
        server_create_user(&w->server, username, "password123", false);
        return ask_login(w->client, username, "password123");
}

/* HUMAN's: room 2 is hidden, 3 and 4 are public and have the password "sesame". */
static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        server_start(&w->server);
        assert_int_equal(soc_client_new(w->server.rpc_url, NULL, &w->client, NULL), SOC_OK);
        w->human = sign_in(w, "human");
        w->guest = sign_in(w, "guest");
        w->other = sign_in(w, "other");
        must(w, w->human, "ChatService/CreateRoom", "{\"name\":\"Hidden\"}");
        for (int i = 0; i < 2; i++)
                must(w, w->human, "ChatService/CreateRoom",
                     "{\"name\":\"Locked\",\"is_public\":true,\"password\":\"sesame\"}");
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        server_assert_no_leases(&w->server);
        free(w->human);
        free(w->guest);
        free(w->other);
        soc_client_free(w->client);
        server_stop(&w->server);
        free(w);
        return 0;
}

/* --- guesses --- */

#define WRONG "{\"room_id\":3,\"password\":\"wrong\"}"
#define RIGHT "{\"room_id\":3,\"password\":\"sesame\"}"
#define JOIN  "ChatService/JoinRoom"

static void guesses_of_a_password_run_out(void **state)
{
        struct world *w = *state;
        struct error error = ERROR_INIT;

        for (int i = 0; i < N_GUESSES; i++)
                assert_status(try(w, w->guest, JOIN, WRONG), STATUS_PERMISSION_DENIED);
        assert_status(ask(w->client, w->guest, JOIN, WRONG, NULL, &error),
                      STATUS_RESOURCE_EXHAUSTED);
        assert_in_range(error.retry_after_ms, 1, GUESSES_MS);
        /* Not even the right one now, or guessing would go on. */
        assert_status(try(w, w->guest, JOIN, RIGHT), STATUS_RESOURCE_EXHAUSTED);
}

static void guesses_are_counted_by_user_and_room(void **state)
{
        struct world *w = *state;

        for (int i = 0; i < N_GUESSES; i++)
                assert_status(try(w, w->guest, JOIN, WRONG), STATUS_PERMISSION_DENIED);
        assert_status(try(w, w->guest, JOIN, WRONG), STATUS_RESOURCE_EXHAUSTED);
        must(w, w->other, JOIN, RIGHT);
        must(w, w->guest, JOIN, "{\"room_id\":4,\"password\":\"sesame\"}");
}

static void the_right_password_forgives_the_wrong_ones(void **state)
{
        struct world *w = *state;

        for (int i = 0; i < N_GUESSES - 1; i++)
                assert_status(try(w, w->guest, JOIN, WRONG), STATUS_PERMISSION_DENIED);
        must(w, w->guest, JOIN, RIGHT);
        must(w, w->guest, "ChatService/LeaveRoom", "{\"room_id\":3}");
        for (int i = 0; i < N_GUESSES; i++)
                assert_status(try(w, w->guest, JOIN, WRONG), STATUS_PERMISSION_DENIED);
}

static void a_missing_password_is_no_guess(void **state)
{
        struct world *w = *state;

        for (int i = 0; i < 2 * N_GUESSES; i++)
                assert_status(try(w, w->guest, JOIN, "{\"room_id\":3}"), STATUS_PERMISSION_DENIED);
        must(w, w->guest, JOIN, RIGHT);
}

/* --- hidden rooms --- */

static void add_if_there(json_t *request, const struct method *m, const char *name, json_t *value)
{
        if (protobuf_c_message_descriptor_get_field_by_name(m->input->descriptor, name))
                json_object_set_new(request, name, value);
        else
                json_decref(value);
}

/* What the guest is told about this room, the room's number as '#'. */
static void told(struct world *w, const struct method *m, int64_t room_id, char *ret, size_t size)
{
        json_t *request = json_pack("{s:I}", "room_id", (json_int_t)room_id);
        struct error error = ERROR_INIT;
        char name[64];

        add_if_there(request, m, "user_id", json_integer(1));
        add_if_there(request, m, "message_id", json_integer(1));
        add_if_there(request, m, "seq", json_integer(1));
        add_if_there(request, m, "user_ids", json_pack("[i]", 1));
        add_if_there(request, m, "content", json_string("x"));
        add_if_there(request, m, "emoji", json_string("x"));
        add_if_there(request, m, "query", json_string("x"));
        AUTO_FREE char *text = json_dumps(request, 0);
        json_decref(request);
        snprintf(name, sizeof(name), "%s/%s", m->service, m->method);
        if (ask(w->client, w->guest, name, text, NULL, &error) == STATUS_OK)
                fail_msg("%s: there is an answer", name);
        snprintf(ret, size, "%s %s %s", status_name(error.status), error.field, error.text);
        for (char *at = ret; *at; at++)
                if (isdigit((unsigned char)*at))
                        *at = '#';
}

static void a_hidden_room_looks_like_none(void **state)
{
        struct world *w = *state;
        char hidden[512], absent[512];
        unsigned n = 0;

        must(w, w->human, "ChatService/SendMessage", "{\"room_id\":2,\"content\":\"x\"}");
        for (size_t i = 0; i < contract_n_methods; i++) {
                const struct method *m = &contract_methods[i];

                if (strcmp(m->service, "ChatService") != 0 ||
                    !protobuf_c_message_descriptor_get_field_by_name(m->input->descriptor,
                                                                     "room_id"))
                        continue;
                told(w, m, 2, hidden, sizeof(hidden));
                told(w, m, 9, absent, sizeof(absent));
                assert_string_equal(hidden, absent);
                assert_non_null(strstr(hidden, "NOT_FOUND"));
                n++;
        }
        assert_true(n >= 20);
}

/* --- a past that ends --- */

#define PRUNE  "AdminService/Prune"
#define EVENTS "ChatService/ListRoomEvents"

static void what_a_room_does_not_keep_goes(void **state)
{
        struct world *w = *state;
        char operator[256];

        server_operator_token(&w->server, operator, sizeof(operator));
        must(w, w->human, "ChatService/SendMessage", "{\"room_id\":2,\"content\":\"ephemeral\"}");
        must(w, w->human, "ChatService/SendMessage", "{\"room_id\":3,\"content\":\"ephemeral\"}");
        must(w, w->human, "ChatService/UpdateRoom", "{\"room_id\":2,\"retention_seconds\":1}");
        assert_true(t_wait((must(w, operator, PRUNE, "{}"),
                            number(w, w->human, EVENTS, "{\"room_id\":2}", NULL, "first_seq") == 4),
                           20000));
        /* 1: the creator, 2: what was said, 3: the setting. Numbers go on from there. */
        assert_int_equal(number(w, w->human, EVENTS, "{\"room_id\":2}", NULL, "last_seq"), 3);
        assert_int_equal(number(w, w->human, "ChatService/SendMessage",
                                "{\"room_id\":2,\"content\":\"later\"}", "message", "seq"),
                         4);
        assert_status(
                try(w, w->human, "ChatService/GetRoomMessage", "{\"room_id\":2,\"message_id\":1}"),
                STATUS_NOT_FOUND);
        json_t *found = ask_well(w->client, w->human, "ChatService/SearchMessages",
                                 "{\"query\":\"ephemeral\"}");
        assert_int_equal(json_array_size(json_object_get(found, "messages")), 1);
        json_decref(found);
}

/* Of the database's file, after everything has been put into it. */
static int64_t size_at_rest(struct world *w)
{
        char path[T_PATH_BYTES + 32];
        struct stat st;

        assert_int_equal(server_terminate(&w->server), 0);
        snprintf(path, sizeof(path), "%s/socializer.db", w->server.data);
        assert_int_equal(stat(path, &st), 0);
        server_start_again(&w->server);
        return st.st_size;
}

static void talk(struct world *w)
{
        AUTO_BUFFER request = BUFFER_INIT;

        for (int i = 0; i < N_MESSAGES; i++) {
                request.n_bytes = 0;
                buffer_append_str(&request, "{\"room_id\":2,\"content\":\"");
                for (int n = 0; n + 10 < LETTERS_EACH; n += 10)
                        buffer_printf(&request, "w%08d ", (i * 7919 + n) % 1000000);
                buffer_append_str(&request, "\"}");
                must(w, w->human, "ChatService/SendMessage", buffer_str(&request));
        }
}

static void space_goes_back_to_the_disk(void **state)
{
        struct world *w = *state;
        char operator[256];

        int64_t empty = size_at_rest(w);
        talk(w);
        /* A search takes what is new into its index, which is to shrink as well. */
        must(w, w->human, "ChatService/SearchMessages", "{\"query\":\"nothing\"}");
        int64_t full = size_at_rest(w);
        assert_true(full - empty > (int64_t)N_MESSAGES * LETTERS_EACH);

        server_operator_token(&w->server, operator, sizeof(operator));
        must(w, w->human, "ChatService/DeleteRoom", "{\"room_id\":2}");
        must(w, operator, PRUNE, "{}");
        int64_t pruned = size_at_rest(w);
        print_message("%lld bytes, full %lld, pruned %lld\n", (long long)empty, (long long)full,
                      (long long)pruned);
        /* Messages and index are gone; the replies to those who sent them are kept for a day. */
        assert_true(full - pruned > (full - empty) * 6 / 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(guesses_of_a_password_run_out),
                CASE(guesses_are_counted_by_user_and_room),
                CASE(the_right_password_forgives_the_wrong_ones),
                CASE(a_missing_password_is_no_guess),
                CASE(a_hidden_room_looks_like_none),
                CASE(what_a_room_does_not_keep_goes),
                CASE(space_goes_back_to_the_disk),
        };
        struct error error = ERROR_INIT;

        if (wire_validate_init(&error) != STATUS_OK)
                return 1;
        return !!cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
