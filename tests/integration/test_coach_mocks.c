/* The engine for language models against servers that others have written: aimock, which can be
 * told to fail, mock-llm, and openssl's. Skipped where npm has not installed them. */
#include "tests/integration/coach_asked.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED  77
#define START_MS 60000

static const char *modules; /* the folder node_modules */

struct fixture {
        char dir[T_PATH_BYTES];
        struct coach_asked asked;
        pid_t pid; /* of the server, 0 = none */
        uint16_t port;
        char url[64];
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        t_temp_dir(f->dir);
        coach_asked_init(&f->asked, NULL);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        coach_asked_deinit(&f->asked);
        if (f->pid > 0) {
                kill(f->pid, SIGKILL);
                waitpid(f->pid, NULL, 0);
        }
        t_remove_dir(f->dir);
        free(f);
        return 0;
}

static bool accepts(uint16_t port)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool ok = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;

        close(fd);
        return ok;
}

/* Runs a program with these arguments, NULL at their end. */
static pid_t run(const struct fixture *f, const char *program, const char *const *arguments)
{
        const char *argv[20] = {program};
        posix_spawn_file_actions_t actions;
        char log[T_PATH_BYTES + 16];
        pid_t pid;

        for (size_t i = 0; arguments[i]; i++)
                argv[i + 1] = arguments[i];
        snprintf(log, sizeof(log), "%s/log", f->dir);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        assert_int_equal(posix_spawnp(&pid, program, &actions, NULL, (char *const *)argv, environ),
                         0);
        posix_spawn_file_actions_destroy(&actions);
        return pid;
}

/* Runs a server and waits for it; $PORT among the arguments is its port. */
static void start(struct fixture *f, const char *program, const char *const *arguments)
{
        const char *filled[20] = {NULL};
        char port[16];

        f->port = t_free_port();
        snprintf(port, sizeof(port), "%u", f->port);
        snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/v1", f->port);
        setenv("PORT", port, 1);
        setenv("HOST", "127.0.0.1", 1);
        for (size_t i = 0; arguments[i]; i++)
                filled[i] = strcmp(arguments[i], "$PORT") == 0 ? port : arguments[i];
        f->pid = run(f, program, filled);
        if (!t_wait(accepts(f->port), START_MS))
                fail_msg("%s does not start", program);
}

static const char aimock_answers[] =
        "{\"fixtures\":["
        "{\"match\":{\"userMessage\":\"hello\"},"
        "\"response\":{\"content\":\"Hello! Wie geht es dir, ä 😀? Tell me about your day.\"}},"
        "{\"match\":{\"userMessage\":\"cut me\"},\"truncateAfterChunks\":4,"
        "\"response\":{\"content\":\"This will be cut short, long before it comes to an end.\"}},"
        "{\"match\":{\"userMessage\":\"draft\"},\"response\":{\"content\":"
        "\"Sure!\\n```json\\n{\\\"score\\\":6,\\\"reasons\\\":[\\\"Short.\\\"],\\\"better\\\":"
        "\\\"Would you come?\\\"}\\n```\"}},"
        "{\"match\":{\"userMessage\":\"overload\"},\"response\":{\"error\":"
        "{\"message\":\"Overloaded\",\"type\":\"server_error\"},\"status\":503}}"
        "]}";

/* flag and value: of aimock's chaos, NULL = none. */
static void start_aimock(struct fixture *f, const char *flag, const char *value)
{
        char program[512], answers[T_PATH_BYTES + 16];

        snprintf(program, sizeof(program), "%s/@copilotkit/aimock/dist/cli.js", modules);
        snprintf(answers, sizeof(answers), "%s/answers.json", f->dir);
        t_write_file(answers, aimock_answers, sizeof(aimock_answers) - 1);
        const char *const arguments[] = {program, "-p", "$PORT", "-f", answers, "-c",
                                         "3",     "-l", "2",     flag, value,   NULL};

        start(f, "node", arguments);
}

static enum status ask(struct fixture *f, const char *message)
{
        f->asked.request.message = message;
        return coach_asked_ask(&f->asked, f->url);
}

static void aimock_streams(void **state)
{
        struct fixture *f = *state;

        start_aimock(f, NULL, NULL);
        assert_status(ask(f, "hello"), STATUS_OK);
        assert_string_equal(f->asked.answer.text,
                            "Hello! Wie geht es dir, ä 😀? Tell me about your day.");
        assert_string_equal(f->asked.answer.engine, "openai");
        assert_true(f->asked.n_pieces > 1);

        f->asked.request.task = COACH_REHEARSE;
        assert_status(ask(f, "Come!"), STATUS_OK);
        assert_string_equal(f->asked.answer.engine, "openai");
        assert_int_equal(f->asked.answer.document.score, 6);
        assert_string_equal(f->asked.answer.document.better, "Would you come?");
        f->asked.request.task = COACH_CHAT;

        /* Cut off on purpose: what was said stays, and it is an error. */
        assert_status(ask(f, "cut me"), STATUS_UNAVAILABLE);
        assert_memory_equal(f->asked.answer.text, "This", 4);
        assert_null(strstr(f->asked.answer.text, "end."));

        assert_status(ask(f, "overload"), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "HTTP status 503 (Overloaded)");
        /* There is no answer for it: 404, which is a refusal. */
        assert_status(ask(f, "something else"), STATUS_FAILED_PRECONDITION);
        assert_non_null(strstr(f->asked.error.text, "HTTP status 404"));
}

static void aimock_drops(void **state)
{
        struct fixture *f = *state;

        start_aimock(f, "--chaos-drop", "1");
        assert_status(ask(f, "hello"), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "HTTP status 500");
}

static void aimock_talks_nonsense(void **state)
{
        struct fixture *f = *state;

        start_aimock(f, "--chaos-malformed", "1");
        assert_status(ask(f, "hello"), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "malformed");
}

static void aimock_hangs_up(void **state)
{
        struct fixture *f = *state;

        start_aimock(f, "--chaos-disconnect", "1");
        assert_status(ask(f, "hello"), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "cannot be reached");
}

static void aimock_limits(void **state)
{
        struct fixture *f = *state;

        start_aimock(f, "--chaos-ratelimit", "1");
        assert_status(ask(f, "hello"), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "HTTP status 429");
}

static const char mock_llm_rules[] =
        "streaming: {chunkSize: 5, chunkIntervalMs: 2}\n"
        "rules:\n"
        "  - path: /v1/chat/completions\n"
        "    method: POST\n"
        "    match: '@'\n"
        "    response:\n"
        "      status: 200\n"
        "      content: |\n"
        "        {\"id\":\"c\",\"object\":\"chat.completion\",\"model\":\"tiny\",\"choices\":[{\n"
        "         \"message\":{\"role\":\"assistant\",\n"
        "          \"content\":\"You said: {{jmes request body.messages[-1].content}}\"},\n"
        "         \"finish_reason\":\"stop\"}]}\n"
        "  - path: /v1/chat/completions\n"
        "    match: \"contains(body.messages[-1].content, 'error-401')\"\n"
        "    response:\n"
        "      status: 401\n"
        "      content: '{\"error\":{\"message\":\"Incorrect API key provided.\"}}'\n";

static void mock_llm_streams(void **state)
{
        struct fixture *f = *state;
        char program[512], rules[T_PATH_BYTES + 16];

        snprintf(program, sizeof(program), "%s/@dwmkerr/mock-llm/dist/main.js", modules);
        snprintf(rules, sizeof(rules), "%s/rules.yaml", f->dir);
        t_write_file(rules, mock_llm_rules, sizeof(mock_llm_rules) - 1);
        const char *const arguments[] = {program, "--config", rules, NULL};

        start(f, "node", arguments);
        assert_status(ask(f, "How are you, ä 😀?"), STATUS_OK);
        assert_string_equal(f->asked.answer.text, "You said: How are you, ä 😀?");
        assert_string_equal(f->asked.answer.engine, "openai");
        assert_true(f->asked.n_pieces > 1);
        /* It streams its errors, with status 200. */
        assert_status(ask(f, "error-401"), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "reports: Incorrect API key provided.");
}

static void a_certificate_of_ones_own_making_is_not_trusted(void **state)
{
        struct fixture *f = *state;
        char key[T_PATH_BYTES + 16], certificate[T_PATH_BYTES + 16];
        int status;

        snprintf(key, sizeof(key), "%s/key.pem", f->dir);
        snprintf(certificate, sizeof(certificate), "%s/cert.pem", f->dir);
        const char *const make[] = {
                "req",           "-x509",   "-newkey",
                "rsa:2048",      "-nodes",  "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout",       key,       "-out",
                certificate,     NULL};
        const char *const serve[] = {"s_server", "-quiet", "-www",  "-accept",   "$PORT",
                                     "-key",     key,      "-cert", certificate, NULL};
        assert_true(waitpid(run(f, "openssl", make), &status, 0) > 0);
        assert_int_equal(status, 0);
        start(f, "openssl", serve);
        snprintf(f->url, sizeof(f->url), "https://127.0.0.1:%u/v1", f->port);
        assert_status(ask(f, "hello"), STATUS_OK);
        coach_asked_expect_stand_in(&f->asked, "cannot be reached (SSL peer certificate");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                CASE(aimock_streams),
                CASE(aimock_drops),
                CASE(aimock_talks_nonsense),
                CASE(aimock_hangs_up),
                CASE(aimock_limits),
                CASE(mock_llm_streams),
                CASE(a_certificate_of_ones_own_making_is_not_trusted),
        };
        char path[512];

        if (argc != 2) {
                fprintf(stderr, "usage: test_coach_mocks NODE_MODULES\n");
                return 2;
        }
        modules = argv[1];
        snprintf(path, sizeof(path), "%s/@copilotkit/aimock/dist/cli.js", modules);
        if (access(path, R_OK) != 0 || system("node --version >/dev/null 2>&1") != 0)
                return SKIPPED;
        return !!cmocka_run_group_tests_name("coach_mocks", tests, NULL, NULL);
}
