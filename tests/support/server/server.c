#include "tests/support/server/server.h"

#include "common/cleanup.h"

#include "socializer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 60000
#define STOP_MS  60000

extern char **environ;

/* --- processes --- */

static pid_t spawn(const char *program, const char *const *arguments, const char *log_path)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none;
        pid_t pid;
        int rv;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 1, log_path, O_WRONLY | O_CREAT | O_APPEND,
                                         0600);
        posix_spawn_file_actions_adddup2(&actions, 1, 2);
        sigemptyset(&none);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        posix_spawnattr_setsigmask(&attributes, &none);
        rv = posix_spawn(&pid, program, &actions, &attributes, (char *const *)arguments, environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        if (rv != 0)
                fail_msg("cannot start %s: %s", program, strerror(rv));
        return pid;
}

/* Whether the process has ended; its exit code then. */
static bool has_ended(pid_t pid, int *ret_code)
{
        int status;

        if (waitpid(pid, &status, WNOHANG) != pid)
                return false;
        *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
}

static int wait_for_end(pid_t pid, const char *what)
{
        int code = -1;

        if (!t_wait(has_ended(pid, &code), STOP_MS)) {
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
                fail_msg("%s did not end", what);
        }
        return code;
}

static int end(pid_t *pid, int number, const char *what)
{
        pid_t ended = *pid;

        assert_true(ended > 0);
        *pid = 0;
        if (number)
                kill(ended, number);
        return wait_for_end(ended, what);
}

static char *log_path(const struct server *s, const char *name)
{
        char *path;

        assert_true(asprintf(&path, "%s/%s.log", s->dir, name) > 0);
        return path;
}

static char *read_log(const struct server *s, const char *name)
{
        AUTO_FREE char *path = log_path(s, name);

        return t_read_file(path, NULL);
}

/* --- the service --- */

/* The text behind the last place where mark stands. */
static bool find_last(const char *text, const char *mark, char *ret, size_t size)
{
        const char *last = NULL;

        for (const char *at = text; (at = strstr(at, mark)); at++)
                last = at;
        if (!last)
                return false;
        snprintf(ret, size, "%.*s", (int)strcspn(last, " \"\n,"), last);
        return true;
}

static size_t count(const char *text, const char *mark)
{
        size_t n = 0;

        for (const char *at = text; (at = strstr(at, mark)); at++)
                n++;
        return n;
}

static bool has_started(struct server *s, size_t n_ready_before)
{
        AUTO_FREE char *log = NULL;
        int code;

        if (has_ended(s->service, &code)) {
                s->service = 0;
                log = server_log(s);
                fail_msg("socializerd ended with %d:\n%s", code, log);
        }
        log = server_log(s);
        return count(log, "ready") > n_ready_before &&
               find_last(log, "tcp://127.0.0.1:", s->rpc_tcp_url, sizeof(s->rpc_tcp_url));
}

static void start_service(struct server *s)
{
        const char *arguments[10 + SERVER_MAX_ARGUMENTS] = {
                SERVER_SOCIALIZERD, "--data", s->data, "--rpc", s->rpc_url, "--rpc",
                "tcp://127.0.0.1:0"};
        AUTO_FREE char *path = log_path(s, "service");
        AUTO_FREE char *before = NULL;
        size_t n_ready = 0;

        if (access(path, F_OK) == 0) {
                before = t_read_file(path, NULL);
                n_ready = count(before, "ready");
        }
        for (size_t i = 0; s->service_arguments[i]; i++)
                arguments[7 + i] = s->service_arguments[i];
        s->service = spawn(SERVER_SOCIALIZERD, arguments, path);
        if (!t_wait(has_started(s, n_ready), START_MS))
                fail_msg("socializerd does not start; see %s", path);
}

void server_start(struct server *s)
{
        static const char *const none[] = {NULL};

        server_start_with(s, none);
}

void server_start_with(struct server *s, const char *const *arguments)
{
        *s = (struct server){0};
        for (size_t i = 0; arguments[i]; i++) {
                assert_true(i < SERVER_MAX_ARGUMENTS - 1);
                s->service_arguments[i] = arguments[i];
        }
        t_temp_dir(s->dir);
        snprintf(s->data, sizeof(s->data), "%.200s/data", s->dir);
        snprintf(s->rpc_url, sizeof(s->rpc_url), "ipc://%.100s/rpc.ipc", s->dir);
        snprintf(s->events_url, sizeof(s->events_url), "ipc://%.100s/events.ipc", s->data);
        start_service(s);
}

void server_start_again(struct server *s)
{
        assert_int_equal(s->service, 0);
        start_service(s);
}

int server_terminate(struct server *s)
{
        return end(&s->service, SIGTERM, "socializerd");
}

int server_await_end(struct server *s)
{
        return end(&s->service, 0, "socializerd");
}

void server_kill(struct server *s)
{
        end(&s->service, SIGKILL, "socializerd");
}

void server_pause(const struct server *s)
{
        siginfo_t info;

        assert_int_equal(kill(s->service, SIGSTOP), 0);
        assert_int_equal(waitid(P_PID, (id_t)s->service, &info, WSTOPPED), 0);
        assert_int_equal(info.si_code, CLD_STOPPED);
}

void server_resume(const struct server *s)
{
        assert_int_equal(kill(s->service, SIGCONT), 0);
}

int server_run_service(const char *const *arguments, char **ret_output)
{
        const char *all[2 + SERVER_MAX_ARGUMENTS] = {SERVER_SOCIALIZERD};
        char dir[T_PATH_BYTES];
        char path[T_PATH_BYTES + 8];
        int code;

        for (size_t i = 0; arguments[i]; i++) {
                assert_true(i < SERVER_MAX_ARGUMENTS);
                all[1 + i] = arguments[i];
        }
        t_temp_dir(dir);
        snprintf(path, sizeof(path), "%s/log", dir);
        code = wait_for_end(spawn(SERVER_SOCIALIZERD, all, path), "socializerd");
        if (ret_output)
                *ret_output = t_read_file(path, NULL);
        t_remove_dir(dir);
        return code;
}

/* --- the gateway --- */

/* Whether GET /ready says 200. */
static bool is_ready(uint16_t port)
{
        static const char request[] = "GET /ready HTTP/1.1\r\nHost: localhost\r\n"
                                      "Connection: close\r\n\r\n";
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(port),
                                      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
        AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct timeval patience = {.tv_sec = 10};
        char status[16] = "";

        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return false;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0 ||
            recv(fd, status, 12, MSG_WAITALL) != 12)
                return false;
        return strcmp(status, "HTTP/1.1 200") == 0;
}

static bool gateway_is_ready(struct server *s, uint16_t port)
{
        int code;

        if (has_ended(s->gateway, &code)) {
                AUTO_FREE char *log = server_gateway_log(s);
                s->gateway = 0;
                fail_msg("socializer-gateway ended with %d:\n%s", code, log);
        }
        return is_ready(port);
}

void server_start_gateway(struct server *s)
{
        uint16_t port = t_free_port();
        char http[32];
        const char *arguments[12 + SERVER_MAX_ARGUMENTS] = {
                SERVER_GATEWAY, "--http", http, "--rpc", s->rpc_url, "--events", s->events_url};
        AUTO_FREE char *path = log_path(s, "gateway");

        snprintf(http, sizeof(http), "127.0.0.1:%u", port);
        snprintf(s->http_url, sizeof(s->http_url), "http://%s", http);
        for (size_t i = 0; s->gateway_arguments[i]; i++)
                arguments[7 + i] = s->gateway_arguments[i];
        s->gateway = spawn(SERVER_GATEWAY, arguments, path);
        if (!t_wait(gateway_is_ready(s, port), START_MS))
                fail_msg("socializer-gateway is not ready; see %s", path);
}

int server_terminate_gateway(struct server *s)
{
        return end(&s->gateway, SIGTERM, "socializer-gateway");
}

void server_stop(struct server *s)
{
        int gateway = s->gateway ? server_terminate_gateway(s) : 0;
        int service = s->service ? server_terminate(s) : 0;

        if (gateway != 0) {
                AUTO_FREE char *log = server_gateway_log(s);
                fail_msg("socializer-gateway ended with %d:\n%s", gateway, log);
        }
        if (service != 0) {
                AUTO_FREE char *log = server_log(s);
                fail_msg("socializerd ended with %d:\n%s", service, log);
        }
        t_remove_dir(s->dir);
}

/* --- what they say and hold --- */

char *server_log(const struct server *s)
{
        return read_log(s, "service");
}

char *server_gateway_log(const struct server *s)
{
        return read_log(s, "gateway");
}

unsigned server_count_fds(const struct server *s)
{
        char path[64];
        DIR *dir;
        unsigned n = 0;

        snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->service);
        dir = opendir(path);
        assert_non_null(dir);
        while (readdir(dir))
                n++;
        closedir(dir);
        return n - 2; /* . and .. */
}

unsigned long server_cpu_ticks(pid_t pid)
{
        unsigned long user;
        unsigned long system;
        char path[64];
        char text[1024];

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        size_t n = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[n] = '\0';
        const char *end = strrchr(text, ')'); /* of the program's name */
        assert_non_null(end);
        assert_int_equal(sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                                &system),
                         2);
        return user + system;
}

/* --- calls of the operator --- */

void server_operator_token(const struct server *s, char *ret, size_t size)
{
        AUTO_FREE char *path = NULL;
        AUTO_FREE char *token = NULL;

        assert_true(asprintf(&path, "%s/operator.token", s->data) > 0);
        token = t_read_file(path, NULL);
        snprintf(ret, size, "%.*s", (int)strcspn(token, "\n"), token);
}

static ProtobufCMessage *call_as_operator(struct server *s, const char *method,
                                          const ProtobufCMessage *request)
{
        char token[1024];
        soc_call_options options = {.timeout_ms = 30000, .token = token};
        ProtobufCMessage *response = NULL;
        soc_client *client;
        soc_error error;
        soc_status st;

        server_operator_token(s, token, sizeof(token));
        assert_int_equal(soc_client_new(s->rpc_url, NULL, &client, &error), SOC_OK);
        st = soc_call(client, method, request, &options, &response, &error);
        soc_client_free(client);
        if (st != SOC_OK)
                fail_msg("%s: %s: %s", method, soc_status_name(st), error.text);
        return response;
}

int64_t server_create_user(struct server *s, const char *username, const char *password,
                           bool is_admin)
{
        Socializer__V1__CreateUserRequest request = SOCIALIZER__V1__CREATE_USER_REQUEST__INIT;
        Socializer__V1__CreateUserResponse *response;
        char email[128];
        int64_t id;

        snprintf(email, sizeof(email), "%s@example.org", username);
        request.username = (char *)username;
        request.email = email;
        request.password = (char *)password;
        request.role =
                is_admin ? SOCIALIZER__V1__ROLE__ROLE_ADMIN : SOCIALIZER__V1__ROLE__ROLE_USER;
        response = (Socializer__V1__CreateUserResponse *)call_as_operator(
                s, "socializer.v1.AdminService/CreateUser", &request.base);
        id = response->user->id;
        protobuf_c_message_free_unpacked(&response->base, NULL);
        return id;
}

static int32_t count_leases(struct server *s)
{
        Socializer__V1__GetPoolRequest request = SOCIALIZER__V1__GET_POOL_REQUEST__INIT;
        Socializer__V1__GetPoolResponse *response;
        int32_t n;

        response = (Socializer__V1__GetPoolResponse *)call_as_operator(
                s, "socializer.v1.AdminService/GetPool", &request.base);
        n = response->leased;
        protobuf_c_message_free_unpacked(&response->base, NULL);
        return n;
}

void server_assert_no_leases(struct server *s)
{
        if (!t_wait(count_leases(s) == 0, 10000))
                fail_msg("%d connections stay leased", count_leases(s));
}
