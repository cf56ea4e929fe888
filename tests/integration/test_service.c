/* socializerd as a process: what it survives, what a restart keeps, how it starts and ends. */
#include "common/cleanup.h"
#include "tests/support/server/ask.h"
#include "tests/support/server/raw.h"
#include "tests/support/server/server.h"

#include "socializer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEALTH    "AdminService/GetHealth"
#define ADD_SKILL "SkillService/AddSkill"

struct world {
        struct server server;
        char token[256]; /* the operator's, of the last start */
};

static void put_skill(struct buffer *out, const char *token, uint8_t id, const char *name)
{
        Socializer__V1__AddSkillRequest request = SOCIALIZER__V1__ADD_SKILL_REQUEST__INIT;

        request.name = (char *)name;
        raw_append_call(out, id, ADD_SKILL, token, 0, &request.base);
}

static void assert_answers_at(const char *url)
{
        struct raw r;

        raw_open(&r, url);
        assert_status(raw_call(&r, 1, HEALTH, NULL, NULL), STATUS_OK);
        raw_close(&r);
}

static void assert_answers(struct world *w)
{
        assert_answers_at(w->server.rpc_url);
        assert_answers_at(w->server.rpc_tcp_url);
}

static void read_token(struct world *w)
{
        server_operator_token(&w->server, w->token, sizeof(w->token));
}

static int setup(void **state)
{
        static const char *const arguments[] = {"--log-level", "debug", NULL};
        struct world *w = calloc(1, sizeof(*w));

        assert_non_null(w);
        server_start_with(&w->server, arguments);
        read_token(w);
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        if (w->server.service)
                server_assert_no_leases(&w->server);
        server_stop(&w->server);
        free(w);
        return 0;
}

/* --- what it survives --- */

/* A reply or none, but always the next one. */
static void send_nonsense(const char *url, const void *data, size_t n)
{
        struct raw r;
        nng_msg *m;

        raw_open(&r, url);
        m = raw_exchange(&r, data, n);
        if (nng_msg_len(m) > 0)
                assert_true(raw_reply(m, 0).status != STATUS_INTERNAL);
        nng_msg_free(m);
        assert_status(raw_call(&r, 1, HEALTH, NULL, NULL), STATUS_OK);
        raw_close(&r);
}

static void nonsense(struct world *w, const char *url)
{
        AUTO_BUFFER out = BUFFER_INIT;
        uint8_t noise[512];
        uint32_t seed = 1;

        put_skill(&out, w->token, 1, "cut short");
        for (size_t n = 0; n < out.n_bytes; n++)
                send_nonsense(url, out.data, n);
        for (int i = 0; i < 100; i++) {
                for (size_t at = 0; at < sizeof(noise); at++) {
                        seed = seed * 1664525 + 1013904223;
                        noise[at] = (uint8_t)(seed >> 24);
                }
                send_nonsense(url, noise, sizeof(noise) - (size_t)i);
        }
        buffer_clear(&out);
        raw_append_call(&out, 1, "UserService/Fly", NULL, 0, NULL);
        send_nonsense(url, out.data, out.n_bytes);
}

static void nonsense_over_ipc_is_answered(void **state)
{
        struct world *w = *state;

        nonsense(w, w->server.rpc_url);
}

static void nonsense_over_tcp_is_answered(void **state)
{
        struct world *w = *state;

        nonsense(w, w->server.rpc_tcp_url);
}

static void a_message_beyond_the_limit_ends_its_connection_only(void **state)
{
        struct world *w = *state;
        const char *urls[] = {w->server.rpc_url, w->server.rpc_tcp_url};
        AUTO_FREE uint8_t *big = calloc(1, FRAME_MAX_BYTES + 1024);

        assert_non_null(big);
        for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
                struct raw_pending p;
                struct raw r;

                raw_open(&r, urls[i]);
                raw_send(&r, big, FRAME_MAX_BYTES + 1024, &p);
                assert_null(raw_wait(&p, 2000));
                raw_close(&r);
        }
        assert_answers(w);
}

static int connect_to(const char *url)
{
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        struct sockaddr_in in = {.sin_family = AF_INET,
                                 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
        bool is_tcp = strncmp(url, "tcp", 3) == 0;
        int fd = socket(is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct linger linger = {.l_onoff = 1};
        int rv;

        assert_true(fd >= 0);
        if (is_tcp) {
                in.sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1));
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
                rv = connect(fd, (struct sockaddr *)&in, sizeof(in));
        } else {
                snprintf(un.sun_path, sizeof(un.sun_path), "%.100s", url + strlen("ipc://"));
                rv = connect(fd, (struct sockaddr *)&un, sizeof(un));
        }
        assert_int_equal(rv, 0);
        return fd;
}

static void connect_and_close_leaves_it_answering(void **state)
{
        struct world *w = *state;
        unsigned before;

        assert_answers(w);
        before = server_count_fds(&w->server);
        for (int i = 0; i < 1000; i++) {
                close(connect_to(w->server.rpc_url));
                close(connect_to(w->server.rpc_tcp_url));
        }
        assert_answers(w);
        assert_true(t_wait(server_count_fds(&w->server) <= before, 20000));
}

/* The greeting of a req socket, then n requests, then gone. */
static void vanish_in_flight(const char *url, const struct buffer *request, unsigned n)
{
        static const uint8_t greeting[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
        bool is_ipc = strncmp(url, "ipc", 3) == 0;
        AUTO_BUFFER out = BUFFER_INIT;
        uint8_t theirs[8];
        int fd = connect_to(url);

        for (unsigned i = 0; i < n; i++) {
                uint64_t length = htobe64(request->n_bytes + 4);

                if (is_ipc)
                        buffer_append(&out, "\x01", 1);
                buffer_append(&out, &length, 8);
                buffer_append(&out, (uint8_t[]){0x80, 0, 0, (uint8_t)i}, 4);
                buffer_append(&out, request->data, request->n_bytes);
        }
        assert_int_equal(send(fd, greeting, 8, MSG_NOSIGNAL), 8);
        assert_int_equal(recv(fd, theirs, 8, MSG_WAITALL), 8);
        assert_int_equal(send(fd, out.data, out.n_bytes, MSG_NOSIGNAL), out.n_bytes);
        close(fd);
}

static void clients_that_vanish_leave_nothing_behind(void **state)
{
        struct world *w = *state;
        AUTO_BUFFER out = BUFFER_INIT;
        unsigned before;

        assert_answers(w);
        before = server_count_fds(&w->server);
        raw_append_call(&out, 1, HEALTH, NULL, 0, NULL);
        for (int i = 0; i < 100; i++) {
                vanish_in_flight(w->server.rpc_url, &out, 20);
                vanish_in_flight(w->server.rpc_tcp_url, &out, 20);
        }
        buffer_clear(&out);
        put_skill(&out, w->token, 1, "vanishing");
        for (int i = 0; i < 100; i++) {
                vanish_in_flight(w->server.rpc_url, &out, 20);
                vanish_in_flight(w->server.rpc_tcp_url, &out, 20);
        }
        assert_answers(w);
        assert_true(t_wait(server_count_fds(&w->server) <= before, 20000));
}

/* --- who may what --- */

static void login(struct world *w, const char *username, char *ret, size_t size)
{
        soc_client *client;

        assert_int_equal(soc_client_new(w->server.rpc_url, NULL, &client, NULL), SOC_OK);
        AUTO_FREE char *token = ask_login(client, username, "password123");
        soc_client_free(client);
        snprintf(ret, size, "%s", token);
}

static void users_are_no_administrators(void **state)
{
        struct world *w = *state;
        char token[1024];
        struct raw r;

        server_create_user(&w->server, "human", "password123", false);
        login(w, "human", token, sizeof(token));
        raw_open(&r, w->server.rpc_url);
        assert_status(raw_call(&r, 1, "UserService/GetMe", token, NULL), STATUS_OK);
        assert_status(raw_call(&r, 2, "AdminService/GetPool", token, NULL),
                      STATUS_PERMISSION_DENIED);
        assert_status(raw_call(&r, 3, "AdminService/GetPool", w->token, NULL), STATUS_OK);
        raw_close(&r);
}

static void the_operator_comes_directly_or_not_at_all(void **state)
{
        struct world *w = *state;
        static const char method[] = "socializer.v1.AdminService/GetPool";
        const uint8_t id[FRAME_CALL_ID_BYTES] = {1};
        const struct frame_call call = {
                .id = {id, sizeof(id)},
                .method = {(const uint8_t *)method, sizeof(method) - 1},
                .token = {(const uint8_t *)w->token, strlen(w->token)},
                .client_address = {(const uint8_t *)"192.0.2.1", 9},
        };
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw r;

        frame_append_call(&out, &call);
        raw_open(&r, w->server.rpc_url);
        nng_msg *m = raw_exchange(&r, out.data, out.n_bytes);
        assert_status(raw_reply(m, 0).status, STATUS_UNAUTHENTICATED);
        nng_msg_free(m);
        raw_close(&r);
}

static void secrets_are_not_logged(void **state)
{
        struct world *w = *state;
        AUTO_FREE char *log = NULL;
        char token[1024];

        server_create_user(&w->server, "human", "password123", false);
        login(w, "human", token, sizeof(token));
        log = server_log(&w->server);
        assert_non_null(strstr(log, "socializer.v1.UserService/Login"));
        assert_null(strstr(log, "password123"));
        assert_null(strstr(log, token));
        assert_null(strstr(log, w->token));
}

/* --- what a restart keeps --- */

/* The payload of the only reply, in ret. */
static size_t take_payload(struct raw *r, const struct buffer *request, uint8_t ret[static 256])
{
        nng_msg *m = raw_exchange(r, request->data, request->n_bytes);
        struct frame_reply reply = raw_reply(m, 0);

        if (reply.status != STATUS_OK)
                fail_msg("%s: %s", status_name(reply.status), reply.error.text);
        assert_in_range(reply.payload.n_bytes, 1, 256);
        memcpy(ret, reply.payload.data, reply.payload.n_bytes);
        nng_msg_free(m);
        return reply.payload.n_bytes;
}

static void a_repeat_after_a_kill_answers_the_first_reply(void **state)
{
        struct world *w = *state;
        uint8_t first[256], second[256];
        AUTO_BUFFER out = BUFFER_INIT;
        struct raw r;
        size_t n;

        put_skill(&out, w->token, 7, "listening");
        raw_open(&r, w->server.rpc_url);
        n = take_payload(&r, &out, first);
        server_kill(&w->server);
        server_start_again(&w->server);
        read_token(w);
        buffer_clear(&out);
        put_skill(&out, w->token, 7, "listening");
        assert_int_equal(take_payload(&r, &out, second), n);
        assert_memory_equal(first, second, n);
        buffer_clear(&out);
        put_skill(&out, w->token, 8, "listening");
        nng_msg *m = raw_exchange(&r, out.data, out.n_bytes);
        assert_status(raw_reply(m, 0).status, STATUS_ALREADY_EXISTS);
        nng_msg_free(m);
        raw_close(&r);
}

#define N_WRITES 100

/* What was answered with OK before the end is there after it. */
static void it_ends_in_the_middle_of_writes_without_losing_one(void **state)
{
        struct world *w = *state;
        struct raw_pending pending[N_WRITES];
        bool is_ok[N_WRITES];
        AUTO_BUFFER out = BUFFER_INIT;
        char name[32];
        struct raw r;

        raw_open(&r, w->server.rpc_url);
        assert_status(raw_call(&r, 1, HEALTH, NULL, NULL), STATUS_OK);
        for (unsigned i = 0; i < N_WRITES; i++) {
                snprintf(name, sizeof(name), "skill %u", i);
                buffer_clear(&out);
                put_skill(&out, w->token, (uint8_t)i, name);
                raw_send(&r, out.data, out.n_bytes, &pending[i]);
        }
        kill(w->server.service, SIGTERM);
        for (unsigned i = 0; i < N_WRITES; i++) {
                nng_msg *m = raw_wait(&pending[i], 30000);
                enum status st = m ? raw_reply(m, 0).status : STATUS_UNAVAILABLE;

                is_ok[i] = st == STATUS_OK;
                assert_true(is_ok[i] || st == STATUS_UNAVAILABLE);
                nng_msg_free(m);
        }
        assert_int_equal(server_await_end(&w->server), 0);
        server_start_again(&w->server);
        read_token(w);
        for (unsigned i = 0; i < N_WRITES; i++) {
                snprintf(name, sizeof(name), "skill %u", i);
                buffer_clear(&out);
                put_skill(&out, w->token, 200, name);
                nng_msg *m = raw_exchange(&r, out.data, out.n_bytes);
                if (is_ok[i])
                        assert_status(raw_reply(m, 0).status, STATUS_ALREADY_EXISTS);
                nng_msg_free(m);
        }
        raw_close(&r);
}

/* --- how it starts and ends --- */

static void a_second_one_says_that_there_is_a_first(void **state)
{
        struct world *w = *state;
        const char *same_data[] = {"--data", w->server.data, NULL};
        const char *same_url[] = {"--data", w->server.dir, "--rpc", w->server.rpc_url, NULL};
        AUTO_FREE char *output = NULL;

        assert_int_equal(server_run_service(same_data, &output), 1);
        assert_non_null(strstr(output, w->server.data));
        free(output);
        assert_int_equal(server_run_service(same_url, &output), 1);
        assert_non_null(strstr(output, w->server.rpc_url));
        assert_answers(w);
}

static void wrong_usage_is_2_and_wrong_places_are_1(void **state)
{
        const char *const wrong[] = {"--frobnicate", NULL};
        const char *const stray[] = {"stray", NULL};
        const char *const version[] = {"--version", NULL};
        const char *const no_parent[] = {"--data", "/nonexistent/data", NULL};
        const char *const no_folder[] = {"--data", "/dev/null", NULL};
        AUTO_FREE char *output = NULL;
        (void)state;

        assert_int_equal(server_run_service(wrong, NULL), 2);
        assert_int_equal(server_run_service(stray, NULL), 2);
        assert_int_equal(server_run_service(version, NULL), 0);
        assert_int_equal(server_run_service(no_parent, &output), 1);
        assert_non_null(strstr(output, "/nonexistent/data"));
        assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
        assert_int_equal(server_run_service(no_folder, NULL), 1);
}

static void check_looks_and_changes_nothing(void **state)
{
        struct world *w = *state;
        const char *check[] = {"--check", "--data", w->server.data, NULL};
        AUTO_FREE char *path = NULL;

        assert_int_equal(server_terminate(&w->server), 0);
        assert_int_equal(server_run_service(check, NULL), 0);
        assert_true(asprintf(&path, "%s/socializer.db", w->server.data) > 0);
        t_write_file(path, "this is no database, and long enough to see that it is none", 60);
        assert_int_equal(server_run_service(check, NULL), 1);
}

static void a_second_signal_ends_it_at_once(void **state)
{
        struct world *w = *state;
        int code;

        kill(w->server.service, SIGINT);
        kill(w->server.service, SIGTERM);
        code = server_await_end(&w->server);
        assert_true(code == 0 || code == 1);
}

static void its_manager_hears_when_it_is_ready(void **state)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct timeval patience = {.tv_sec = 20};
        char dir[T_PATH_BYTES];
        char heard[32] = "";
        struct server s;
        (void)state;

        t_temp_dir(dir);
        snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/notify", dir);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setenv("NOTIFY_SOCKET", address.sun_path, 1);
        server_start(&s);
        unsetenv("NOTIFY_SOCKET");
        assert_true(recv(fd, heard, sizeof(heard) - 1, 0) > 0);
        assert_string_equal(heard, "READY=1");
        server_stop(&s);
        memset(heard, 0, sizeof(heard));
        assert_true(recv(fd, heard, sizeof(heard) - 1, 0) > 0);
        assert_string_equal(heard, "STOPPING=1");
        close(fd);
        t_remove_dir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(nonsense_over_ipc_is_answered),
                TEST(nonsense_over_tcp_is_answered),
                TEST(a_message_beyond_the_limit_ends_its_connection_only),
                TEST(connect_and_close_leaves_it_answering),
                TEST(clients_that_vanish_leave_nothing_behind),
                TEST(users_are_no_administrators),
                TEST(the_operator_comes_directly_or_not_at_all),
                TEST(secrets_are_not_logged),
                TEST(a_repeat_after_a_kill_answers_the_first_reply),
                TEST(it_ends_in_the_middle_of_writes_without_losing_one),
                TEST(a_second_one_says_that_there_is_a_first),
                cmocka_unit_test(wrong_usage_is_2_and_wrong_places_are_1),
                TEST(check_looks_and_changes_nothing),
                TEST(a_second_signal_ends_it_at_once),
                cmocka_unit_test(its_manager_hears_when_it_is_ready),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
