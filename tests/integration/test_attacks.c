/* What attackers send to the gateway, and what may not come of it. */
#include "tests/integration/test_gateway_http_client.h"

#include "common/cleanup.h"
#include "tests/support/server/server.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
        struct server server;
        char bearer[2200]; /* a header line */
};

static int setup(void **state)
{
        static const char *const arguments[] = {"--log-format", "json", "--log-level", "debug",
                                                NULL};
        struct fixture *f = calloc(1, sizeof(*f));
        char token[2048];

        *state = f;
        umask(0); /* what is made is nobody else's all the same */
        server_start_with(&f->server, arguments);
        memcpy((void *)f->server.gateway_arguments, (const void *)arguments, sizeof(arguments));
        server_start_gateway(&f->server);
        server_create_user(&f->server, "human", "password123", false);
        http_sign_in(f->server.http_url, "human", "", token, sizeof(token));
        snprintf(f->bearer, sizeof(f->bearer), "Authorization: Bearer %s\r\n", token);
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        server_stop(&f->server);
        free(f);
        return 0;
}

/* --- smuggling --- */

#define SECOND "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST   "POST /token HTTP/1.1\r\nHost: x\r\n"

/* What a proxy before the gateway may read otherwise than the gateway does: it is refused, and what
 * follows on the connection is nobody's request. */
static void requests_that_proxies_read_otherwise_are_refused(void **state)
{
        static const struct {
                const char *what, *bytes;
                size_t n;
        } cases[] = {
#define CASE(what, bytes) {what, bytes SECOND, sizeof(bytes SECOND) - 1}
                CASE("a folded header", "GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n"),
                CASE("a fold that makes a name", POST "Content-Lengt: 35\r\n h\r\n\r\n"),
                CASE("a folded length", POST "Content-Length:\r\n 35\r\n\r\n"),
                CASE("a folded encoding", POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
                CASE("a fold before any header", "GET /health HTTP/1.1\r\n Host: x\r\n\r\n"),
                CASE("a tab as a fold", "GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\tc\r\n\r\n"),
                CASE("a bare LF", "GET /health HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n"),
                CASE("a bare CR", "GET /health HTTP/1.1\r\nHost: x\rX-A: b\r\n\r\n"),
                CASE("a NUL", "GET /health HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n"),
                CASE("a space in a name", POST "Content-Length : 35\r\n\r\n"),
                CASE("a space in another", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
                CASE("no colon", "GET /health HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n"),
                CASE("two lengths", POST "Content-Length: 0\r\nContent-Length: 35\r\n\r\n"),
                CASE("a list of lengths", POST "Content-Length: 0, 35\r\n\r\n"),
                CASE("a length with a sign", POST "Content-Length: +0\r\n\r\n"),
                CASE("a length below nothing", POST "Content-Length: -1\r\n\r\n"),
                CASE("a hexadecimal length", POST "Content-Length: 0x0\r\n\r\n"),
                CASE("an empty length", POST "Content-Length: \r\n\r\n"),
                CASE("a length beyond 64 bits",
                     POST "Content-Length: 18446744073709551616\r\n\r\n"),
                CASE("length and encoding",
                     POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                CASE("encoding and length",
                     POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
                CASE("two encodings", POST "Transfer-Encoding: chunked\r\n"
                                           "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
                CASE("a list of encodings",
                     POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
                CASE("an unknown encoding", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
                CASE("an encoding of HTTP/1.0", "POST /token HTTP/1.0\r\nHost: x\r\n"
                                                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                CASE("a chunk beyond 64 bits",
                     POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx\r\n"),
                CASE("a chunk below nothing",
                     POST "Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n0\r\n\r\n"),
                CASE("a chunk longer than it says",
                     POST "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n"),
                CASE("a bare LF in a chunk's extension",
                     POST "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n"),
        };
        const struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct answer a;

                http_raw(f->server.http_url, cases[i].bytes, cases[i].n, &a);
                if ((a.status != 400 && a.status != 413) || strstr(a.text, "\"status\":\"ok\""))
                        fail_msg("%s: %s", cases[i].what, a.text);
                answer_deinit(&a);
        }
        /* What looks odd and is fine. */
        static const char odd[] = "GET /health HTTP/1.1\r\nHost:x\r\nX-A: \t b \t\r\nX-B:\r\n"
                                  "Connection: close\r\n\r\n";
        struct answer a;
        http_raw(f->server.http_url, odd, sizeof(odd) - 1, &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
}

/* --- injection --- */

static void check_log(const char *text)
{
        char *copy = strdup(text), *rest = NULL;

        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                json_t *entry = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

                if (!json_is_object(entry))
                        fail_msg("a line of the log is no object: %s", line);
                if (json_object_get(entry, "forged"))
                        fail_msg("a forged line of the log: %s", line);
                json_decref(entry);
        }
        free(copy);
}

static void check_head(const struct answer *a)
{
        const char *end = strstr(a->text, "\r\n\r\n");

        assert_non_null(end);
        for (const char *at = a->text; at < end; at++) {
                if (*at == '\r')
                        assert_int_equal(at[1], '\n');
                if (*at == '\n')
                        assert_int_not_equal(strncasecmp(at + 1, "X-Forged", 8), 0);
        }
}

/* Texts of clients reach headers of answers and lines of logs; none of them ends either. */
static void nothing_that_is_sent_becomes_a_header_or_a_line_of_the_log(void **state)
{
#define FORGED "%0d%0aX-Forged:%201%0d%0a%7b%22forged%22:1%7d%0a"
        static const struct {
                const char *verb, *path, *headers, *body;
        } cases[] = {
                {"GET", "/" FORGED, "", NULL},
                {"GET", "/api/users/" FORGED, "", NULL},
                {"GET", "/health?x=" FORGED, "", NULL},
                {"GET", "/docs/" FORGED, "", NULL},
                {"OPTIONS", "/api/rooms",
                 "Origin: https://a" FORGED "\r\nAccess-Control-Request-Method: GET\r\n", NULL},
                {"GET", "/health", "X-Request-Id: a\"\\b\r\n", NULL},
                {"GET", "/health", "X-Request-Id: {\"forged\":1}\r\n", NULL},
                {"GET", "/health", "X-Request-Id: a\x01\x1b[2J\x7f\r\n", NULL},
                {"GET", "/health", "User-Agent: \x1b[2J\"},{\"forged\":1}\r\n", NULL},
                {"GET", "/health", "traceparent: 00-{\"forged\":1}\r\n", NULL},
                {"GET", "/health", "X-Forwarded-For: 1.2.3.4\", \"forged\":\"1\r\n", NULL},
                {"POST", "/api/auth/login", JSON,
                 "{\"username\":\"a\\r\\nX-Forged: "
                 "1\\n{\\\"forged\\\":1}\\n\",\"password\":\"x\"}"},
                {"POST", "/api/auth/register", JSON,
                 "{\"username\":\"a\\n{\\\"forged\\\":1}\",\"email\":\"a@b.example\\r\\nBcc: c\","
                 "\"password\":\"password123\"}"},
                {"POST", "/api/auth/login", JSON "Idempotency-Key: \"forged\":1\r\n",
                 "{\"username\":\"nobody\",\"password\":\"x\"}"},
                {"FORGED\"", "/health", "", NULL},
        };
        const struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct answer a;

                http_request(f->server.http_url, cases[i].verb, cases[i].path, cases[i].headers,
                             cases[i].body, &a);
                assert_true(a.status >= 200);
                check_head(&a);
                answer_deinit(&a);
        }
        AUTO_FREE char *gateway_log = server_gateway_log(&f->server);
        AUTO_FREE char *service_log = server_log(&f->server);
        check_log(gateway_log);
        check_log(service_log);
        assert_non_null(strstr(gateway_log, "\"request\"")); /* there was something to forge */
}

/* --- secrets --- */

static void post(const struct fixture *f, const char *path, const char *body)
{
        char headers[2400];
        struct answer a;

        snprintf(headers, sizeof(headers), "%s" JSON, f->bearer);
        http_request(f->server.http_url, "POST", path, headers, body, &a);
        assert_true(a.status != 0 && a.status < 500);
        answer_deinit(&a);
}

/* Both log all that they ever do, and nothing of what people say or sign in with. */
static void no_log_has_a_secret_in_it(void **state)
{
        const struct fixture *f = *state;

        post(f, "/api/auth/login", "{\"username\":\"human\",\"password\":\"guess-xyzzy\"}");
        post(f, "/api/auth/register",
             "{\"username\":\"fresh\",\"email\":\"mail-xyzzy@b.example\",\"password\":\"new-"
             "xyzzy\"}");
        post(f, "/api/auth/register", "{\"username\":\"x\",\"password\":\"bad-xyzzy\"}");
        post(f, "/api/rooms", "{\"name\":\"room-xyzzy\",\"password\":\"door-xyzzy\"}");
        post(f, "/api/rooms/2/join", "{\"password\":\"wrong-xyzzy\"}");
        post(f, "/api/rooms/general/messages", "{\"content\":\"said-xyzzy\"}");
        post(f, "/api/ai-chat", "{\"message\":\"confided-xyzzy\"}");
        post(f, "/api/ai-chat?token=query-xyzzy", "{}");
        AUTO_FREE char *gateway_log = server_gateway_log(&f->server);
        AUTO_FREE char *service_log = server_log(&f->server);
        const char *const logs[] = {gateway_log, service_log};
        AUTO_FREE char *token = strndup(f->bearer + 22, 40);
        for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
                assert_non_null(strstr(logs[i], "UserService/Login"));
                assert_null(strstr(logs[i], "xyzzy"));
                assert_null(strstr(logs[i], "password123"));
                assert_null(strstr(logs[i], token));
        }
}

/* --- markup --- */

static void assert_is_no_page(const struct answer *a)
{
        char *type = answer_header(a, "Content-Type");
        char *sniff = answer_header(a, "X-Content-Type-Options");

        assert_non_null(type);
        assert_string_equal(type, "application/json");
        assert_non_null(sniff);
        assert_string_equal(sniff, "nosniff");
        free(type);
        free(sniff);
}

/* What people write is text: no answer that has it is anything that a browser would run. */
static void markup_is_never_a_page(void **state)
{
#define MARKUP "<script>alert(1)</script><img src=x onerror=alert(1)>"
        const struct fixture *f = *state;
        char headers[2400];
        struct answer a;

        snprintf(headers, sizeof(headers), "%s" JSON "Accept: text/html\r\n", f->bearer);
        http_request(f->server.http_url, "POST", "/api/rooms", headers, "{\"name\":\"" MARKUP "\"}",
                     &a);
        assert_true(a.status == 200 || a.status == 201);
        assert_is_no_page(&a);
        assert_non_null(strstr(a.body, MARKUP));
        answer_deinit(&a);
        http_request(f->server.http_url, "POST", "/api/rooms/general/messages", headers,
                     "{\"content\":\"" MARKUP "\"}", &a);
        assert_true(a.status == 200 || a.status == 201);
        assert_is_no_page(&a);
        answer_deinit(&a);
        /* Names have no markup to begin with, and errors that quote are no pages either. */
        http_request(f->server.http_url, "POST", "/api/auth/register", JSON,
                     "{\"username\":\"<b>x</"
                     "b>\",\"email\":\"a@b.example\",\"password\":\"password123\"}",
                     &a);
        assert_int_equal(a.status, 422);
        assert_is_no_page(&a);
        answer_deinit(&a);
        http_request(f->server.http_url, "GET", "/%3Cscript%3Ealert(1)%3C/script%3E.x",
                     "Accept: text/html\r\n", NULL, &a);
        assert_int_equal(a.status, 404);
        assert_is_no_page(&a);
        answer_deinit(&a);
}

/* The pages that there are run their own scripts only, and nobody frames them. */
static void pages_run_their_own_scripts_only(void **state)
{
        static const char *const paths[] = {"/", "/docs"};
        const struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                struct answer a;

                http_request(f->server.http_url, "GET", paths[i], "Accept: text/html\r\n", NULL,
                             &a);
                assert_int_equal(a.status, 200);
                AUTO_FREE char *csp = answer_header(&a, "Content-Security-Policy");
                assert_non_null(csp);
                assert_non_null(strstr(csp, "default-src "));
                assert_non_null(strstr(csp, "frame-ancestors 'none'"));
                assert_non_null(strstr(csp, "base-uri 'none'"));
                assert_null(strstr(csp, "unsafe-eval"));
                assert_null(strstr(csp, "http:"));
                assert_null(strstr(csp, "*"));
                const char *scripts = strstr(csp, "script-src ");
                if (!scripts)
                        scripts = strstr(csp, "default-src ");
                AUTO_FREE char *rule = strndup(scripts, strcspn(scripts, ";"));
                assert_null(strstr(rule, "unsafe-inline"));
                answer_deinit(&a);
        }
}

/* --- guessing --- */

static void log_in(const struct fixture *f, const char *username, unsigned want, const char *code)
{
        char body[128];
        struct answer a;

        snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"not it at all\"}",
                 username);
        http_request(f->server.http_url, "POST", "/api/auth/login", JSON, body, &a);
        answer_assert_error(&a, want, code);
        if (want == 401)
                assert_non_null(strstr(a.body, "Incorrect username or password"));
        answer_deinit(&a);
}

#define N_GUESSES 8 /* fewer than lock an account */

static unsigned long work_of(const struct fixture *f, const char *username)
{
        unsigned long before = server_cpu_ticks(f->server.service);

        for (unsigned i = 0; i < N_GUESSES; i++)
                log_in(f, username, 401, "UNAUTHENTICATED");
        return server_cpu_ticks(f->server.service) - before;
}

/* Not by the clock, which others on the machine turn: by the work. A hash that is computed in one
 * case and not in the other is many times the difference that is allowed here. */
static void an_unknown_user_costs_as_much_as_a_wrong_password(void **state)
{
        unsigned long known = work_of(*state, "human"), unknown = work_of(*state, "nobody");

        assert_true(known >= N_GUESSES && unknown >= N_GUESSES); /* 10 ms each at least */
        assert_true(known < 2 * unknown && unknown < 2 * known);
}

/* The lock says no more than the refusal did. */
static void an_unknown_user_is_locked_like_a_known_one(void **state)
{
        static const char *const names[] = {"human", "nobody"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                for (unsigned k = 0; k < 10; k++)
                        log_in(*state, names[i], 401, "UNAUTHENTICATED");
                log_in(*state, names[i], 429, "RESOURCE_EXHAUSTED");
        }
}

/* --- files --- */

static unsigned n_seen;

static int look(const char *path, const struct stat *st, int kind, struct FTW *place)
{
        (void)kind;
        (void)place;
        n_seen++;
        if (st->st_mode & (S_IRWXG | S_IRWXO))
                fail_msg("%s is not its owner's alone: %o", path, st->st_mode & 07777);
        return 0;
}

static void everything_in_the_data_folder_is_its_owners_alone(void **state)
{
        const struct fixture *f = *state;

        n_seen = 0;
        assert_int_equal(nftw(f->server.data, look, 16, FTW_PHYS), 0);
        assert_true(n_seen >= 7); /* database, log, keys, sockets */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(requests_that_proxies_read_otherwise_are_refused),
                TEST(nothing_that_is_sent_becomes_a_header_or_a_line_of_the_log),
                TEST(no_log_has_a_secret_in_it),
                TEST(markup_is_never_a_page),
                TEST(pages_run_their_own_scripts_only),
                TEST(an_unknown_user_costs_as_much_as_a_wrong_password),
                TEST(an_unknown_user_is_locked_like_a_known_one),
                TEST(everything_in_the_data_folder_is_its_owners_alone),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
