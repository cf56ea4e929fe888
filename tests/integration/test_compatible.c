/* test_compatible GATEWAY: a gateway beside services of other versions, which the test plays. */
#include "common/contract.h"
#include "tests/integration/test_gateway_http_client.h"
#include "tests/support/t.h"
#include "tests/unit/client_fake.h"

#include "socializer/v1/admin.pb-c.h"

#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
/* This process only plays the service; see test_cli_follow.c. */
int __lsan_is_turned_off(void)
{
        return 1;
}
#endif

extern char **environ;
static char *program;

enum version { OLDER, SAME, NEWER, OTHER };

struct fixture {
        char rpc_url[96], http[32], url[64];
        struct fake *service;
        _Atomic(enum version) version;
        pid_t gateway;
};

static uint32_t revision_of(enum version version)
{
        switch (version) {
        case OLDER:
                return contract_revision() - 1;
        case NEWER:
                return contract_revision() + 1;
        default:
                return contract_revision();
        }
}

/* Runs on the fake's thread. Every call is taken for GetHealth, but for what others ask. */
static enum fake_do answer(void *arg, const struct fake_message *m, struct buffer *out)
{
        struct fixture *f = arg;
        enum version version = atomic_load(&f->version);
        Socializer__V1__GetHealthResponse health = SOCIALIZER__V1__GET_HEALTH_RESPONSE__INIT;
        uint8_t packed[256];

        if (version == OTHER) {
                fake_refuse(m, STATUS_UNIMPLEMENTED, 0, out);
                return FAKE_REPLY;
        }
        health.status = (char[]){"ok"};
        health.version = (char[]){"0.0.9"};
        health.contract_revision = (int32_t)revision_of(version);
        size_t n = socializer__v1__get_health_response__pack(&health, packed);
        for (unsigned i = 0; i < m->n_calls; i++) {
                struct frame_reply reply = {.payload = {packed, n}};

                frame_append_reply(out, &reply);
        }
        return FAKE_REPLY;
}

static unsigned status_of(const struct fixture *f, const char *path, char *ret_text, size_t size)
{
        struct answer a;

        http_request(f->url, "GET", path, "", NULL, &a);
        unsigned status = a.status;
        snprintf(ret_text, size, "%.*s", (int)(a.n - (size_t)(a.body - a.text)), a.body);
        answer_deinit(&a);
        return status;
}

static bool is_up(const struct fixture *f)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET,
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                .sin_port = htons((uint16_t)strtoul(strrchr(f->http, ':') + 1, NULL, 10)),
        };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool is_open = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;

        close(fd);
        return is_open;
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        char *argv[] = {program, (char[]){"--http"},   NULL, (char[]){"--rpc"},
                        NULL,    (char[]){"--events"}, NULL, NULL};

        if (!f)
                return -1;
        *state = f;
        fake_address(f->rpc_url);
        snprintf(f->http, sizeof(f->http), "127.0.0.1:%u", t_free_port());
        snprintf(f->url, sizeof(f->url), "http://%s", f->http);
        argv[2] = f->http;
        argv[4] = argv[6] = f->rpc_url; /* nobody publishes */
        if (posix_spawn(&f->gateway, program, NULL, NULL, argv, environ) != 0)
                return -1;
        assert_true(t_wait(is_up(f), 10000));
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;
        int ended;

        kill(f->gateway, SIGTERM);
        waitpid(f->gateway, &ended, 0);
        fake_free(f->service);
        fake_address_free(f->rpc_url);
        free(f);
        return WIFEXITED(ended) && WEXITSTATUS(ended) == 0 ? 0 : -1;
}

static void play(struct fixture *f, enum version version)
{
        atomic_store(&f->version, version);
        f->service = fake_new(f->rpc_url, answer, f);
}

static void an_older_service_is_not_used(void **state)
{
        struct fixture *f = *state;
        char text[512] = "";

        play(f, OLDER);
        assert_true(t_wait(status_of(f, "/ready", text, sizeof(text)) == 503 &&
                                   strstr(text, "upgrade the service first"),
                           10000));
        assert_non_null(strstr(text, "version 0.0.9"));
        assert_non_null(strstr(text, "\"code\":\"UNAVAILABLE\""));
        /* Neither is it asked anything. */
        assert_int_equal(status_of(f, "/users/me/", text, sizeof(text)), 503);
        assert_non_null(strstr(text, "upgrade the service first"));
        assert_int_equal(status_of(f, "/ws/chat", text, sizeof(text)), 503);
        assert_int_equal(status_of(f, "/health", text, sizeof(text)), 200);
        assert_int_equal(status_of(f, "/openapi.json", text, sizeof(text)), 200);

        /* It has been upgraded. */
        atomic_store(&f->version, SAME);
        assert_true(t_wait(status_of(f, "/ready", text, sizeof(text)) == 200, 10000));
}

static void a_newer_service_is_used(void **state)
{
        struct fixture *f = *state;
        char text[512];

        play(f, NEWER);
        assert_true(t_wait(status_of(f, "/ready", text, sizeof(text)) == 200, 10000));
}

static void a_service_of_another_contract_is_not_used(void **state)
{
        struct fixture *f = *state;
        char text[512] = "";

        play(f, OTHER);
        assert_true(t_wait(status_of(f, "/ready", text, sizeof(text)) == 503 &&
                                   strstr(text, "does not speak socializer.v1"),
                           10000));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                CASE(an_older_service_is_not_used),
                CASE(a_newer_service_is_used),
                CASE(a_service_of_another_contract_is_not_used),
        };

        program = argc > 1 ? argv[1] : NULL;
        signal(SIGPIPE, SIG_IGN);
        return !!cmocka_run_group_tests_name("compatible", tests, NULL, fake_last);
}
