/* The gateway's HTTP edge: what browsers, proxies and attackers send. What the methods answer is
 * test_behaviour's. */
#include "tests/integration/test_gateway_http_client.h"

#include "common/clock.h"
#include "tests/support/server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *gateway_program;

struct fixture {
        struct server server;
        char web[T_PATH_BYTES];
        char token[2048];
};

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct answer a;

        if (!f)
                return -1;
        *state = f;
        server_start(&f->server);
        t_temp_dir(f->web);
        char path[T_PATH_BYTES + 32];
        snprintf(path, sizeof(path), "%s/index.html", f->web);
        t_write_file(path, "<p>web app</p>", 14);
        snprintf(path, sizeof(path), "%s/.hidden", f->web);
        t_write_file(path, "secret", 6);
        const char *const arguments[] = {"--request-timeout",
                                         "1",
                                         "--idle-timeout",
                                         "2",
                                         "--allowed-origin",
                                         "https://app.example",
                                         "--trusted-proxy",
                                         "127.0.0.0/8",
                                         "--web",
                                         f->web};
        for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
                f->server.gateway_arguments[i] = arguments[i];
        server_start_gateway(&f->server);

        http_request(f->server.http_url, "POST", "/api/auth/register", JSON,
                     "{\"username\":\"human\",\"email\":\"human@example.org\","
                     "\"password\":\"password123\"}",
                     &a);
        assert_int_equal(a.status, 201);
        answer_deinit(&a);
        http_sign_in(f->server.http_url, "human", "", f->token, sizeof(f->token));
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        server_stop(&f->server);
        t_remove_dir(f->web);
        free(f);
        return 0;
}

/* One request with the user's cookie and these headers besides. */
static void with_cookie(const struct fixture *f, const char *verb, const char *path,
                        const char *headers, const char *body, struct answer *ret)
{
        char all[4096];

        snprintf(all, sizeof(all), "Cookie: a=b; access_token=%s\r\n" JSON "%s", f->token, headers);
        http_request(f->server.http_url, verb, path, all, body, ret);
}

static void assert_header(const struct answer *a, const char *name, const char *want)
{
        char *value = answer_header(a, name);

        if (want && (!value || strcmp(value, want) != 0))
                fail_msg("%s: want '%s', got '%s'", name, want, value ? value : "(none)");
        if (!want && value)
                fail_msg("%s: want none, got '%s'", name, value);
        free(value);
}

static void refuse_raw(const struct fixture *f, const char *request, unsigned status)
{
        struct answer a;

        http_raw(f->server.http_url, request, strlen(request), &a);
        answer_assert_error(&a, status, "INVALID_ARGUMENT");
        /* What followed was not taken for a request. */
        assert_int_equal(answer_count(&a, "HTTP/1.1 "), 1);
        answer_deinit(&a);
}

/* The same where libmicrohttpd from 1.0 on refuses before we do, with a page of its own. */
static void refuse_somehow(const struct fixture *f, const char *request, unsigned status)
{
        struct answer a;

        http_raw(f->server.http_url, request, strlen(request), &a);
        assert_int_equal(a.status, status);
        assert_int_equal(answer_count(&a, "HTTP/1.1 200"), 0);
        answer_deinit(&a);
}

static void ambiguous_requests_are_refused_and_the_connection_ends(void **state)
{
#define SMUGGLED "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
        refuse_somehow(*state,
                       "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
                       400);
        refuse_raw(*state,
                   "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                   "Content-Length: 35\r\n\r\n" SMUGGLED,
                   400);
        refuse_raw(*state, "GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" SMUGGLED, 400);
        refuse_somehow(*state, "GET /health HTTP/1.1\r\n\r\n" SMUGGLED, 400);
        refuse_somehow(
                *state,
                "POST /token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n" SMUGGLED, 400);
}

static void too_large_heads_are_refused(void **state)
{
        const struct fixture *f = *state;
        struct answer a;
        char big[6001];
        char *request;

        memset(big, 'a', sizeof(big) - 1);
        big[sizeof(big) - 1] = '\0';
        assert_true(asprintf(&request, "GET /health?%s HTTP/1.1\r\nHost: x\r\n\r\n", big) > 0);
        refuse_raw(f, request, 414);
        free(request);
        assert_true(asprintf(&request,
                             "GET /health HTTP/1.1\r\nHost: x\r\nA: %s\r\nB: %.3000s\r\n\r\n", big,
                             big) > 0);
        refuse_raw(f, request, 431);
        free(request);

        http_request(f->server.http_url, "GET", "/health", "", NULL, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
}

static void too_large_bodies_are_refused(void **state)
{
        const struct fixture *f = *state;
        const size_t n = 2 * 1024 * 1024;
        struct answer a;
        char *body = malloc(n + 1);

        assert_non_null(body);
        memset(body, ' ', n);
        body[n] = '\0';
        http_request(f->server.http_url, "POST", "/token", JSON, body, &a);
        answer_assert_error(&a, 413, "RESOURCE_EXHAUSTED");
        answer_deinit(&a);
        free(body);

        static const char huge[] = "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999"
                                   "\r\n\r\n";
        http_raw(f->server.http_url, huge, sizeof(huge) - 1, &a);
        answer_assert_error(&a, 413, "RESOURCE_EXHAUSTED");
        answer_deinit(&a);
}

static void a_chunked_body_is_read(void **state)
{
        const struct fixture *f = *state;
        static const char request[] =
                "POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" JSON
                "Transfer-Encoding: chunked\r\n\r\n"
                "15\r\n{\"username\":\"human\", \r\n18\r\n\"password\":\"password123\"\r\n"
                "1\r\n}\r\n0\r\n\r\n";
        struct answer a;

        http_raw(f->server.http_url, request, sizeof(request) - 1, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
        const struct fixture *f = *state;
        enum { N = 200 };
        char *requests = calloc(N, 160);
        size_t n = 0;
        struct answer a;

        assert_non_null(requests);
        for (unsigned i = 0; i < N; i++)
                n += (size_t)snprintf(requests + n, 160,
                                      "GET %s HTTP/1.1\r\nHost: x\r\nX-Request-Id: r%03u\r\n%s\r\n",
                                      i % 2 ? "/users/me/" : "/health", i,
                                      i == N - 1 ? "Connection: close\r\n" : "");
        http_raw(f->server.http_url, requests, n, &a);
        const char *at = a.text;
        for (unsigned i = 0; i < N; i++) {
                char id[24];

                snprintf(id, sizeof(id), "X-Request-Id: r%03u\r\n", i);
                at = strstr(at, id);
                assert_non_null(at);
        }
        assert_int_equal(answer_count(&a, "HTTP/1.1 401"), N / 2);
        answer_deinit(&a);
        free(requests);
}

static void a_refused_body_leaves_the_connection_usable(void **state)
{
        const struct fixture *f = *state;
        static const char requests[] =
                "PATCH /api/users/me HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{a}"
                "DELETE /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{a}"
                "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        struct answer a;

        http_raw(f->server.http_url, requests, sizeof(requests) - 1, &a);
        assert_int_equal(answer_count(&a, "HTTP/1.1 400"), 1);
        assert_int_equal(answer_count(&a, "HTTP/1.1 404"), 1);
        assert_int_equal(answer_count(&a, "HTTP/1.1 200"), 1);
        answer_deinit(&a);
}

/* Sends the start, then one byte at a time, until the gateway has enough of it. */
static void drip(const struct fixture *f, const char *start)
{
        int fd = http_connect(f->server.http_url);
        struct answer a;

        http_send(fd, start, strlen(start));
        for (unsigned i = 0; i < 100; i++) {
                char byte;

                http_send(fd, "a", 1);
                if (t_wait(recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0, 100))
                        break;
        }
        http_read(fd, &a);
        close(fd);
        assert_int_equal(a.n, 0);
        answer_deinit(&a);
}

static void slow_senders_are_cut(void **state)
{
        drip(*state, "GET /health HTTP/1.1\r\nHost: x\r\nX: ");
        drip(*state, "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
        drip(*state, "GET /");
}

static void idle_connections_end(void **state)
{
        const struct fixture *f = *state;
        struct answer a;

        http_raw(f->server.http_url, "", 0, &a);
        assert_int_equal(a.n, 0);
        answer_deinit(&a);
        http_raw(f->server.http_url, SMUGGLED, strlen(SMUGGLED), &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
}

static void a_cookie_logs_in_and_logging_out_clears_it(void **state)
{
        const struct fixture *f = *state;
        struct answer a;

        http_request(f->server.http_url, "POST", "/token", FORM,
                     "grant_type=password&username=human&password=password123", &a);
        char *cookie = answer_header(&a, "Set-Cookie");
        assert_non_null(cookie);
        assert_non_null(strstr(cookie, "access_token=ey"));
        assert_non_null(strstr(cookie, "; HttpOnly; SameSite=Lax; Path=/; Max-Age=86400"));
        assert_null(strstr(cookie, "Secure"));
        free(cookie);
        answer_deinit(&a);

        http_request(f->server.http_url, "POST", "/token",
                     FORM "X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.7\r\n",
                     "username=human&password=password123", &a);
        cookie = answer_header(&a, "Set-Cookie");
        assert_non_null(cookie);
        assert_non_null(strstr(cookie, "; Secure"));
        free(cookie);
        answer_deinit(&a);

        with_cookie(f, "GET", "/users/me/", "", NULL, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
        with_cookie(f, "POST", "/api/auth/logout", "", NULL, &a);
        assert_int_equal(a.status, 200);
        assert_header(&a, "Set-Cookie", "access_token=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
        answer_deinit(&a);
        with_cookie(f, "GET", "/users/me/", "", NULL, &a);
        answer_assert_error(&a, 401, "UNAUTHENTICATED");
        assert_header(&a, "WWW-Authenticate", "Bearer");
        answer_deinit(&a);
}

static void other_sites_cannot_use_the_cookie(void **state)
{
        const struct fixture *f = *state;
        static const char *const foreign[] = {"Origin: https://evil.example\r\n",
                                              "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
                                              "Referer: https://evil.example/x\r\n"};
        char own[T_URL_BYTES + 16];
        struct answer a;

        for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
                with_cookie(f, "DELETE", "/api/users/me/preferences", foreign[i], NULL, &a);
                answer_assert_error(&a, 403, "PERMISSION_DENIED");
                answer_deinit(&a);
        }
        http_request(f->server.http_url, "POST", "/token", FORM "Origin: https://evil.example\r\n",
                     "username=human&password=password123", &a);
        answer_assert_error(&a, 403, "PERMISSION_DENIED");
        answer_deinit(&a);

        snprintf(own, sizeof(own), "Origin: %s\r\n", f->server.http_url);
        with_cookie(f, "DELETE", "/api/users/me/preferences", own, NULL, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
        with_cookie(f, "DELETE", "/api/users/me/preferences", "Origin: https://app.example\r\n",
                    NULL, &a);
        assert_int_equal(a.status, 200);
        assert_header(&a, "Access-Control-Allow-Origin", "https://app.example");
        answer_deinit(&a);
}

static void a_preflight_answers_allowed_origins_only(void **state)
{
        const struct fixture *f = *state;
        struct answer a;

        http_request(f->server.http_url, "OPTIONS", "/api/users",
                     "Origin: https://app.example\r\nAccess-Control-Request-Method: GET\r\n", NULL,
                     &a);
        assert_int_equal(a.status, 204);
        assert_header(&a, "Access-Control-Allow-Origin", "https://app.example");
        assert_header(&a, "Access-Control-Allow-Credentials", "true");
        assert_header(&a, "Allow", "GET, HEAD, OPTIONS");
        answer_deinit(&a);
        http_request(f->server.http_url, "OPTIONS", "/api/users",
                     "Origin: https://evil.example\r\nAccess-Control-Request-Method: GET\r\n", NULL,
                     &a);
        assert_header(&a, "Access-Control-Allow-Origin", NULL);
        answer_deinit(&a);
}

static void tokens_of_the_operator_and_of_nobody_are_refused(void **state)
{
        const struct fixture *f = *state;
        char headers[256];
        char operator[128];
        struct answer a;

        server_operator_token(&f->server, operator, sizeof(operator));
        snprintf(headers, sizeof(headers), "Authorization: Bearer %s\r\n", operator);
        http_request(f->server.http_url, "GET", "/api/admin/pool", headers, NULL, &a);
        answer_assert_error(&a, 401, "UNAUTHENTICATED");
        answer_deinit(&a);
        http_request(f->server.http_url, "GET", "/users/me/", "Authorization: Basic YTpi\r\n", NULL,
                     &a);
        answer_assert_error(&a, 401, "UNAUTHENTICATED");
        answer_deinit(&a);
}

static void an_idempotency_key_repeats_the_answer_and_not_the_deed(void **state)
{
        const struct fixture *f = *state;
        static const char key[] = "Idempotency-Key: once\r\n";
        struct answer first;
        struct answer second;
        struct answer other;

        with_cookie(f, "POST", "/api/rooms/general/messages", key, "{\"content\":\"hi\"}", &first);
        with_cookie(f, "POST", "/api/rooms/general/messages", key, "{\"content\":\"hi\"}", &second);
        assert_int_equal(first.status, 201);
        assert_int_equal(second.status, 201);
        assert_string_equal(first.body, second.body);
        with_cookie(f, "POST", "/api/rooms/general/messages", "Idempotency-Key: twice\r\n",
                    "{\"content\":\"hi\"}", &other);
        assert_string_not_equal(first.body, other.body);
        answer_deinit(&first);
        answer_deinit(&second);
        answer_deinit(&other);

        with_cookie(f, "POST", "/api/rooms/general/messages", "Idempotency-Key: \xc3\xa9\r\n",
                    "{\"content\":\"hi\"}", &other);
        answer_assert_error(&other, 400, "INVALID_ARGUMENT");
        answer_deinit(&other);
}

static void the_coach_streams_and_ends_once(void **state)
{
        const struct fixture *f = *state;
        struct answer a;

        with_cookie(f, "POST", "/api/ai-chat", "", "{\"message\":\"Hello AI!\",\"stream\":true}",
                    &a);
        assert_int_equal(a.status, 200);
        assert_header(&a, "Content-Type", "text/event-stream; charset=utf-8");
        assert_header(&a, "X-Accel-Buffering", "no");
        assert_header(&a, "Cache-Control", "no-store");
        assert_true(answer_count(&a, "event: delta\ndata: {\"text\":") > 1);
        assert_int_equal(answer_count(&a, "event: done\ndata: {\"response\":"), 1);
        assert_int_equal(answer_count(&a, "event: error"), 0);
        answer_deinit(&a);
        with_cookie(f, "POST", "/api/ai-chat", "", "{\"message\":\"\",\"stream\":true}", &a);
        answer_assert_error(&a, 422, "INVALID_ARGUMENT");
        answer_deinit(&a);
}

static void heads_have_no_body_and_tags_save_bytes(void **state)
{
        const struct fixture *f = *state;
        char headers[128];
        struct answer a;

        http_request(f->server.http_url, "HEAD", "/openapi.json", "", NULL, &a);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "");
        char *etag = answer_header(&a, "ETag");
        assert_non_null(etag);
        snprintf(headers, sizeof(headers), "If-None-Match: %s\r\n", etag);
        free(etag);
        answer_deinit(&a);
        http_request(f->server.http_url, "GET", "/openapi.json", headers, NULL, &a);
        assert_int_equal(a.status, 304);
        assert_string_equal(a.body, "");
        answer_deinit(&a);
}

static void only_files_of_the_web_folder_are_served(void **state)
{
        const struct fixture *f = *state;
        static const char *const outside[] = {
                "/.hidden",         "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                "/x/..%2f..%2fetc", "//etc/passwd",      "/index.html/",
                "/nowhere"};
        struct answer a;

        http_request(f->server.http_url, "GET", "/", "", NULL, &a);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.body, "<p>web app</p>");
        char *csp = answer_header(&a, "Content-Security-Policy");
        assert_non_null(csp);
        free(csp);
        assert_header(&a, "X-Content-Type-Options", "nosniff");
        answer_deinit(&a);
        for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
                http_request(f->server.http_url, "GET", outside[i], "", NULL, &a);
                answer_assert_error(&a, 404, "NOT_FOUND");
                answer_deinit(&a);
        }
}

static void wrong_verbs_types_and_paths_have_their_own_answers(void **state)
{
        const struct fixture *f = *state;
        struct answer a;

        http_request(f->server.http_url, "PUT", "/health", "", NULL, &a);
        answer_assert_error(&a, 405, "UNIMPLEMENTED");
        assert_header(&a, "Allow", "GET, HEAD, OPTIONS");
        answer_deinit(&a);
        http_request(f->server.http_url, "BREW", "/health", "", NULL, &a);
        answer_assert_error(&a, 501, "UNIMPLEMENTED");
        answer_deinit(&a);
        http_request(f->server.http_url, "POST", "/token", "Content-Type: text/plain\r\n", "x", &a);
        answer_assert_error(&a, 415, "INVALID_ARGUMENT");
        answer_deinit(&a);
        http_request(f->server.http_url, "POST", "/token", JSON "Content-Encoding: gzip\r\n", "x",
                     &a);
        answer_assert_error(&a, 415, "INVALID_ARGUMENT");
        answer_deinit(&a);
        http_request(f->server.http_url, "GET", "/api/users/%zz", "", NULL, &a);
        answer_assert_error(&a, 400, "INVALID_ARGUMENT");
        answer_deinit(&a);
}

static void websockets_open_to_the_own_site_only(void **state)
{
        const struct fixture *f = *state;
#define UPGRADE                                               \
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" \
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        static const char open[] = "GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                                   "Origin: http://x\r\n" UPGRADE "\r\n";
        static const char evil[] = "GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                                   "Origin: http://evil.example\r\n" UPGRADE "\r\n";
        static const char query[] = "GET /ws/chat?token=x HTTP/1.1\r\nHost: x\r\n"
                                    "Connection: Upgrade\r\n" UPGRADE "\r\n";
        struct answer a;
        char text[256];

        int fd = http_connect(f->server.http_url);
        http_send(fd, open, sizeof(open) - 1);
        assert_true(t_wait(recv(fd, text, sizeof(text), MSG_DONTWAIT | MSG_PEEK) > 100, 5000));
        ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
        text[n] = '\0';
        assert_non_null(strstr(text, "HTTP/1.1 101 "));
        close(fd);

        http_raw(f->server.http_url, evil, sizeof(evil) - 1, &a);
        answer_assert_error(&a, 403, "PERMISSION_DENIED");
        answer_deinit(&a);
        http_raw(f->server.http_url, query, sizeof(query) - 1, &a);
        answer_assert_error(&a, 400, "INVALID_ARGUMENT");
        answer_deinit(&a);
        http_request(f->server.http_url, "GET", "/ws/chat", "", NULL, &a);
        answer_assert_error(&a, 426, "FAILED_PRECONDITION");
        answer_deinit(&a);
}

static void websockets_are_compressed_for_who_asks(void **state)
{
        const struct fixture *f = *state;
#define OFFER                                                                 \
        "GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n" UPGRADE \
        "Sec-WebSocket-Extensions: "
        static const char *const cases[][2] = {
                {"permessage-deflate; client_max_window_bits",
                 "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                 "client_no_context_takeover\r\n"},
                {"x, permessage-deflate; server_max_window_bits=\"9\"",
                 "client_no_context_takeover; server_max_window_bits=9\r\n"},
                {"permessage-deflate; level=1", NULL},
        };
        static const char bad[] = OFFER "permessage-deflate;\r\n\r\n";
        struct answer a;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[1024];
                int fd = http_connect(f->server.http_url);
                ssize_t n;

                snprintf(text, sizeof(text), OFFER "%s\r\n\r\n", cases[i][0]);
                http_send(fd, text, strlen(text));
                assert_true(t_wait((n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_PEEK)) >
                                                   4 &&
                                           memmem(text, (size_t)n, "\r\n\r\n", 4),
                                   5000));
                text[n] = '\0';
                assert_memory_equal(text, "HTTP/1.1 101 ", 13);
                if (cases[i][1])
                        assert_non_null(strstr(text, cases[i][1]));
                else
                        assert_null(strstr(text, "Sec-WebSocket-Extensions"));
                close(fd);
        }
        http_raw(f->server.http_url, bad, sizeof(bad) - 1, &a);
        answer_assert_error(&a, 400, "INVALID_ARGUMENT");
        assert_int_equal(answer_count(&a, "Sec-WebSocket-Extensions"), 1);
        answer_deinit(&a);
}

static bool is_ready(const struct fixture *f)
{
        struct answer a;

        http_request(f->server.http_url, "GET", "/ready", "", NULL, &a);
        bool ready = a.status == 200;
        answer_deinit(&a);
        return ready;
}

static void a_service_that_is_away_is_said_and_waited_for(void **state)
{
        struct fixture *f = *state;
        struct answer a;

        server_kill(&f->server);
        http_request(f->server.http_url, "GET", "/ready", "", NULL, &a);
        answer_assert_error(&a, 503, "UNAVAILABLE");
        assert_header(&a, "Retry-After", "1");
        answer_deinit(&a);
        with_cookie(f, "GET", "/users/me/", "", NULL, &a);
        answer_assert_error(&a, 503, "UNAVAILABLE");
        assert_true(a.elapsed_ms < 6000);
        answer_deinit(&a);
        http_request(f->server.http_url, "GET", "/metrics", "", NULL, &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(answer_count(&a, "socializer_service_up 0"), 1);
        answer_deinit(&a);

        /* It has been away for so long that no call waits for it before it is found again. */
        server_start_again(&f->server);
        assert_true(t_wait(is_ready(f), 10000));
        with_cookie(f, "GET", "/users/me/", "", NULL, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
}

static unsigned abandoned(const struct fixture *f)
{
        static const char name[] = "\nsocializer_http_abandoned_total ";
        struct answer a;

        http_request(f->server.http_url, "GET", "/metrics", "", NULL, &a);
        const char *line = strstr(a.text, name);
        assert_non_null(line);
        unsigned n = (unsigned)strtoul(line + strlen(name), NULL, 10);
        answer_deinit(&a);
        return n;
}

/* Sends a read, on a connection of its own, and returns that. */
static int begin_read(const struct fixture *f)
{
        int fd = http_connect(f->server.http_url);
        char request[4096];
        int n = snprintf(request, sizeof(request),
                         "GET /users/me/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                         "Authorization: Bearer %s\r\n\r\n",
                         f->token);

        http_send(fd, request, (size_t)n);
        return fd;
}

static void a_client_that_leaves_ends_its_call(void **state)
{
        const struct fixture *f = *state;

        server_pause(&f->server);
        /* The service stands still, so nothing but the closing can end the call early. */
        close(begin_read(f));
        assert_true(t_wait(abandoned(f) == 1, 8000));
        server_resume(&f->server);
}

static void waiting_for_a_slow_service_takes_no_time(void **state)
{
        enum { N = 600 }; /* more than are polled */
        const struct fixture *f = *state;
        struct answer a;
        int fds[N];

        server_pause(&f->server);
        for (unsigned i = 0; i < N; i++)
                fds[i] = begin_read(f);
        unsigned long before = server_cpu_ticks(f->server.gateway);
        uint64_t started_ns = clock_mono_ns();
        /* Nothing tells that a program does nothing, so until one that leaves is seen. */
        close(begin_read(f));
        assert_true(t_wait(abandoned(f) == 1, 8000));
        unsigned long elapsed = (unsigned long)((clock_mono_ns() - started_ns) / 10000000);
        assert_in_range(server_cpu_ticks(f->server.gateway) - before, 0, elapsed / 4 + 5);

        server_resume(&f->server);
        for (unsigned i = 0; i < N; i++) {
                http_read(fds[i], &a);
                close(fds[i]);
                assert_int_equal(a.status, 200);
                answer_deinit(&a);
        }
}

static void clients_that_reset_while_their_call_runs_are_forgotten(void **state)
{
        const struct linger reset = {.l_onoff = 1};
        const struct fixture *f = *state;
        struct answer a;

        server_pause(&f->server);
        /* Again until one was caught between its call and its suspension, and many others. */
        for (unsigned i = 0; i < 200; i++) {
                int fd = begin_read(f);

                assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
                close(fd);
        }
        assert_true(t_wait(abandoned(f) > 0, 8000));
        server_resume(&f->server);
        http_request(f->server.http_url, "GET", "/health", "", NULL, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
}

static void the_documentation_needs_nothing_from_elsewhere(void **state)
{
        const struct fixture *f = *state;
        struct answer a;

        http_request(f->server.http_url, "GET", "/docs", "", NULL, &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(answer_count(&a, "http://") + answer_count(&a, "https://"), 0);
        bool has_files = strstr(a.body, "swagger-ui-bundle.js");
        answer_deinit(&a);
        if (!has_files)
                return; /* npm packages are not installed */
        static const char *const files[] = {"/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css",
                                            "/docs/socializer.js"};
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                http_request(f->server.http_url, "HEAD", files[i], "", NULL, &a);
                assert_int_equal(a.status, 200);
                answer_deinit(&a);
        }
}

static void a_port_in_use_is_said_in_one_line(void **state)
{
        const struct fixture *f = *state;
        const char *host = f->server.http_url + strlen("http://");
        const char *const arguments[] = {gateway_program, "--http", host, NULL};
        char path[T_PATH_BYTES + 16];
        posix_spawn_file_actions_t actions;
        pid_t pid;
        int status;
        size_t n;

        snprintf(path, sizeof(path), "%s/second.log", f->web);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, path, O_CREAT | O_WRONLY, 0600);
        assert_int_equal(posix_spawn(&pid, gateway_program, &actions, NULL,
                                     (char *const *)(uintptr_t)arguments, environ),
                         0);
        posix_spawn_file_actions_destroy(&actions);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
        char *log = t_read_file(path, &n);
        assert_non_null(strstr(log, "Address already in use"));
        assert_ptr_equal(strchr(log, '\n'), log + n - 1);
        free(log);
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                CASE(ambiguous_requests_are_refused_and_the_connection_ends),
                CASE(too_large_heads_are_refused),
                CASE(too_large_bodies_are_refused),
                CASE(a_chunked_body_is_read),
                CASE(pipelined_requests_are_answered_in_order),
                CASE(a_refused_body_leaves_the_connection_usable),
                CASE(slow_senders_are_cut),
                CASE(idle_connections_end),
                CASE(a_cookie_logs_in_and_logging_out_clears_it),
                CASE(other_sites_cannot_use_the_cookie),
                CASE(a_preflight_answers_allowed_origins_only),
                CASE(tokens_of_the_operator_and_of_nobody_are_refused),
                CASE(an_idempotency_key_repeats_the_answer_and_not_the_deed),
                CASE(the_coach_streams_and_ends_once),
                CASE(heads_have_no_body_and_tags_save_bytes),
                CASE(only_files_of_the_web_folder_are_served),
                CASE(wrong_verbs_types_and_paths_have_their_own_answers),
                CASE(websockets_open_to_the_own_site_only),
                CASE(websockets_are_compressed_for_who_asks),
                CASE(a_service_that_is_away_is_said_and_waited_for),
                CASE(a_client_that_leaves_ends_its_call),
                CASE(waiting_for_a_slow_service_takes_no_time),
                CASE(clients_that_reset_while_their_call_runs_are_forgotten),
                CASE(the_documentation_needs_nothing_from_elsewhere),
                CASE(a_port_in_use_is_said_in_one_line),
        };

        if (argc != 2) {
                fprintf(stderr, "usage: test_gateway_http GATEWAY\n");
                return 2;
        }
        gateway_program = argv[1];
        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
