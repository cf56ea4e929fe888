/* What a person may do with their account, as a browser does it: see where it is signed in, take
 * everything along, and go. */
#include "tests/integration/test_gateway_http_client.h"
#include "tests/support/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
        struct server server;
        int64_t human;
        char token[2048];
};

/* Signs somebody in, who says what it is. */
static void sign_in(const struct fixture *f, const char *name, const char *agent, char *ret_token,
                    size_t size)
{
        char headers[256];

        snprintf(headers, sizeof(headers), "User-Agent: %s\r\n", agent);
        http_sign_in(f->server.http_url, name, headers, ret_token, size);
}

static void request(const struct fixture *f, const char *token, const char *verb, const char *path,
                    const char *body, struct answer *ret)
{
        char headers[2304];

        snprintf(headers, sizeof(headers), *token ? JSON "Authorization: Bearer %s\r\n" : JSON "%s",
                 token);
        http_request(f->server.http_url, verb, path, headers, body, ret);
}

/* The answer as JSON, to be released; fails unless it is a good one. */
static json_t *get(const struct fixture *f, const char *token, const char *verb, const char *path,
                   const char *body)
{
        struct answer a;

        request(f, token, verb, path, body, &a);
        if (a.status != 200)
                fail_msg("%s %s: %.*s", verb, path, (int)a.n, a.text);
        json_t *json = answer_json(&a);
        answer_deinit(&a);
        return json;
}

static unsigned status_of(const struct fixture *f, const char *token, const char *verb,
                          const char *path)
{
        struct answer a;

        request(f, token, verb, path, NULL, &a);
        unsigned status = a.status;
        answer_deinit(&a);
        return status;
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        *state = f;
        server_start(&f->server);
        server_start_gateway(&f->server);
        f->human = server_create_user(&f->server, "human", "password123", false);
        sign_in(f, "human", "a browser", f->token, sizeof(f->token));
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        server_assert_no_leases(&f->server);
        server_stop(&f->server);
        free(f);
        return 0;
}

/* --- sessions --- */

static const char *text_at(const json_t *sessions, size_t i, const char *name)
{
        return json_string_value(json_object_get(json_array_get(sessions, i), name));
}

static void a_browser_sees_where_somebody_is_signed_in(void **state)
{
        const struct fixture *f = *state;
        char other[2048], path[128];

        sign_in(f, "human", "a telephone", other, sizeof(other));
        json_t *list = get(f, f->token, "GET", "/api/users/me/sessions", NULL);
        const json_t *sessions = json_object_get(list, "sessions");
        assert_int_equal(json_array_size(sessions), 2);
        assert_string_equal(text_at(sessions, 0, "client"), "a telephone");
        assert_string_equal(text_at(sessions, 1, "client"), "a browser");
        assert_true(json_is_true(json_object_get(json_array_get(sessions, 1), "is_current")));
        assert_true(json_is_false(json_object_get(json_array_get(sessions, 0), "is_current")));
        assert_non_null(text_at(sessions, 1, "last_used_at"));
        assert_null(text_at(sessions, 0, "last_used_at"));

        snprintf(path, sizeof(path), "/api/users/me/sessions/%s",
                 text_at(sessions, 0, "session_id"));
        assert_int_equal(status_of(f, other, "GET", "/users/me/"), 200);
        json_decref(get(f, f->token, "DELETE", path, NULL));
        assert_int_equal(status_of(f, other, "GET", "/users/me/"), 401);
        assert_int_equal(status_of(f, f->token, "DELETE", path), 404);
        assert_int_equal(status_of(f, f->token, "GET", "/users/me/"), 200);
        json_decref(list);
}

static void a_fresh_token_goes_on_with_its_sign_in(void **state)
{
        const struct fixture *f = *state;
        json_t *before = get(f, f->token, "GET", "/api/users/me/sessions", NULL);
        json_t *refreshed = get(f, f->token, "POST", "/api/auth/refresh", "{}");
        const char *fresh = json_string_value(json_object_get(refreshed, "access_token"));
        json_t *after = get(f, fresh, "GET", "/api/users/me/sessions", NULL);
        const json_t *sessions = json_object_get(after, "sessions");

        assert_int_equal(json_array_size(sessions), 1);
        assert_string_equal(text_at(sessions, 0, "client"), "a browser");
        assert_string_equal(text_at(sessions, 0, "created_at"),
                            text_at(json_object_get(before, "sessions"), 0, "created_at"));
        json_decref(before);
        json_decref(refreshed);
        json_decref(after);
}

static void signing_out_everywhere_keeps_this_session_or_ends_it(void **state)
{
        const struct fixture *f = *state;
        char other[2048];

        sign_in(f, "human", "a telephone", other, sizeof(other));
        json_t *ended =
                get(f, f->token, "DELETE", "/api/users/me/sessions?keep_current=true", NULL);
        assert_int_equal(json_integer_value(json_object_get(ended, "revoked")), 1);
        json_decref(ended);
        assert_int_equal(status_of(f, other, "GET", "/users/me/"), 401);
        assert_int_equal(status_of(f, f->token, "GET", "/users/me/"), 200);

        ended = get(f, f->token, "DELETE", "/api/users/me/sessions", NULL);
        assert_int_equal(json_integer_value(json_object_get(ended, "revoked")), 1);
        json_decref(ended);
        assert_int_equal(status_of(f, f->token, "GET", "/users/me/"), 401);
}

/* --- everything of one person --- */

#define N_MESSAGES 450 /* more than two pages */

static void post(const struct fixture *f, const char *token, const char *path, const char *body)
{
        struct answer a;

        request(f, token, "POST", path, body, &a);
        if (a.status / 100 != 2)
                fail_msg("POST %s: %.*s", path, (int)a.n, a.text);
        answer_deinit(&a);
}

/* Something in every section. */
static void live(const struct fixture *f)
{
        char body[256];
        struct answer a;

        for (int i = 0; i < N_MESSAGES; i++) {
                snprintf(body, sizeof(body), "{\"content\":\"word %d\"}", i);
                post(f, f->token, "/api/rooms/general/messages", body);
        }
        for (int i = 0; i < 30; i++) {
                snprintf(body, sizeof(body),
                         "{\"messages\":[{\"content\":\"secret %d\"},{\"role\":\"assistant\","
                         "\"content\":\"answer %d\"}]}",
                         i, i);
                post(f, f->token, "/api/users/me/messages", body);
        }
        request(f, f->token, "PUT", "/api/users/me/preferences/ui/theme", "{\"value\":\"dark\"}",
                &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
        request(f, f->token, "PUT", "/api/users/me/skills/1", "{\"level\":3}", &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
        post(f, f->token, "/api/rooms", "{\"name\":\"Book club\"}");
        post(f, f->token, "/api/coach/clarify", "{\"text\":\"Maybe a secret.\"}");
        request(f, f->token, "PUT", "/api/rooms/2/coach-consent", "{\"is_given\":true}", &a);
        assert_int_equal(a.status, 200);
        answer_deinit(&a);
}

static size_t n_items(const json_t *object, const char *name)
{
        const json_t *list = json_object_get(object, name);

        assert_true(json_is_array(list));
        return json_array_size(list);
}

static void everything_of_a_person_is_one_document(void **state)
{
        const struct fixture *f = *state;
        struct answer a;

        live(f);
        request(f, f->token, "GET", "/api/users/me/export", NULL, &a);
        assert_int_equal(a.status, 200);
        char *disposition = answer_header(&a, "Content-Disposition");
        assert_non_null(strstr(disposition, "attachment; filename=\"socializer-export-"));
        free(disposition);
        json_t *all = answer_json(&a);
        answer_deinit(&a);

        assert_string_equal(json_string_value(json_object_get(all, "format")),
                            "socializer.export.1");
        assert_int_equal(n_items(all, "left_out"), 0);
        assert_string_equal(
                json_string_value(json_object_get(json_object_get(all, "user"), "email")),
                "human@example.org");
        assert_int_equal(n_items(all, "preferences"), 1);
        assert_int_equal(n_items(all, "room_messages"), N_MESSAGES);
        assert_int_equal(n_items(all, "memory"), 60);
        assert_int_equal(n_items(all, "memberships"), 1);
        assert_int_equal(n_items(all, "level_changes"), 1);
        assert_int_equal(n_items(all, "trainings"), 2);
        assert_int_equal(n_items(all, "sessions"), 1);
        assert_int_equal(n_items(all, "disclosures"), 1);
        assert_int_equal(n_items(all, "coach_consent_room_ids"), 1);
        assert_true(json_is_object(json_object_get(all, "coach_settings")));
        assert_string_equal(text_at(json_object_get(all, "memory"), 59, "content"), "secret 0");
        for (int i = 0; i < N_MESSAGES; i++) {
                char want[32];

                snprintf(want, sizeof(want), "word %d", i);
                assert_string_equal(
                        text_at(json_object_get(all, "room_messages"), (size_t)i, "content"), want);
        }
        json_decref(all);
}

static void administrators_get_what_they_may_see_anyway(void **state)
{
        struct fixture *f = *state;
        char admin[2048], path[64];
        struct answer a;

        live(f);
        server_create_user(&f->server, "root", "password123", true);
        sign_in(f, "root", "a desk", admin, sizeof(admin));
        snprintf(path, sizeof(path), "/api/users/%lld/export", (long long)f->human);
        request(f, admin, "GET", path, NULL, &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(answer_count(&a, "secret"), 0);
        assert_int_equal(answer_count(&a, "word 1"), 0);
        json_t *all = answer_json(&a);
        answer_deinit(&a);
        assert_int_equal(n_items(all, "left_out"), 8);
        assert_int_equal(n_items(all, "disclosures"), 0);
        assert_int_equal(n_items(all, "memory"), 0);
        assert_int_equal(n_items(all, "room_messages"), 0);
        assert_true(json_is_null(json_object_get(all, "coach_settings")));
        assert_int_equal(n_items(all, "memberships"), 1);
        assert_int_equal(n_items(all, "level_changes"), 1);
        json_decref(all);
}

/* Much more than sockets take in. */
static void talk_a_lot(const struct fixture *f)
{
        char *body = NULL;
        size_t n = 0;
        FILE *text = open_memstream(&body, &n);

        assert_non_null(text);
        fputs("{\"messages\":[", text);
        for (int i = 0; i < 60; i++)
                fprintf(text, "%s{\"content\":\"%016000d\"}", i ? "," : "", i);
        fputs("]}", text);
        fclose(text);
        for (int i = 0; i < 20; i++)
                post(f, f->token, "/api/users/me/messages", body);
        free(body);
}

static int begin_export(const struct fixture *f)
{
        int fd = http_connect(f->server.http_url);
        char text[2304];

        snprintf(text, sizeof(text),
                 "GET /api/users/me/export HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                 "Authorization: Bearer %s\r\n\r\n",
                 f->token);
        http_send(fd, text, strlen(text));
        return fd;
}

static void half_an_export_is_no_document(void **state)
{
        struct fixture *f = *state;
        struct answer a;
        char first[16];

        talk_a_lot(f);
        int left = begin_export(f), fd = begin_export(f);
        assert_true(t_wait(recv(left, first, sizeof(first), MSG_DONTWAIT | MSG_PEEK) > 0, 5000));
        assert_true(t_wait(recv(fd, first, sizeof(first), MSG_DONTWAIT | MSG_PEEK) > 0, 5000));
        close(left); /* a client that leaves */
        server_kill(&f->server); /* a service that does */
        http_read(fd, &a);
        close(fd);
        assert_int_equal(a.status, 200);
        assert_int_equal(answer_count(&a, "\r\n0\r\n\r\n"), 0); /* the end of a whole one */
        answer_deinit(&a);

        server_start_again(&f->server);
        assert_true(t_wait(status_of(f, f->token, "GET", "/users/me/") == 200, 10000));
        request(f, f->token, "GET", "/api/users/me/export", NULL, &a);
        json_t *all = answer_json(&a);
        assert_int_equal(n_items(all, "memory"), 1200);
        json_decref(all);
        answer_deinit(&a);
}

static void an_export_that_may_not_be_is_refused(void **state)
{
        const struct fixture *f = *state;

        assert_int_equal(status_of(f, "", "GET", "/api/users/me/export"), 401);
        assert_int_equal(status_of(f, f->token, "GET", "/api/users/99/export"), 403);
        assert_int_equal(status_of(f, f->token, "GET", "/api/users/me/export?page_token=x"), 422);
        assert_int_equal(status_of(f, f->token, "GET", "/health"), 200);
}

/* --- the end --- */

static bool log_has(const struct fixture *f, const char *text)
{
        char *log = server_log(&f->server);
        bool has = strstr(log, text) != NULL;

        free(log);
        return has;
}

/* Whether the text is anywhere in the database or its log. */
static bool disk_has(const struct fixture *f, const char *text)
{
        static const char *const names[] = {"socializer.db", "socializer.db-wal"};
        char path[T_PATH_BYTES + 32];
        bool has = false;

        for (size_t i = 0; i < 2; i++) {
                size_t n;

                snprintf(path, sizeof(path), "%s/%s", f->server.data, names[i]);
                char *data = t_read_file(path, &n);
                has |= memmem(data, n, text, strlen(text)) != NULL;
                free(data);
        }
        return has;
}

static const char *text_of(const json_t *object, const char *name)
{
        return json_string_value(json_object_get(object, name));
}

static void who_goes_gets_a_receipt(void **state)
{
        const struct fixture *f = *state;
        char path[128];
        struct answer a;

        live(f);
        assert_true(disk_has(f, "word 44"));
        /* A password in an address would stay in logs. */
        assert_int_equal(status_of(f, f->token, "DELETE", "/api/users/me?password=password123"),
                         422);
        request(f, f->token, "POST", "/api/users/me/delete", "{}", &a);
        answer_assert_error(&a, 422, "INVALID_ARGUMENT");
        answer_deinit(&a);
        json_t *answer =
                get(f, f->token, "POST", "/api/users/me/delete", "{\"password\":\"password123\"}");
        const json_t *receipt = json_object_get(answer, "erasure");
        assert_int_equal(strlen(text_of(receipt, "sha256")), 64);
        assert_non_null(strstr(text_of(receipt, "statement"), "\nroom_messages 450\n"));
        assert_non_null(strstr(text_of(receipt, "statement"), "\nmemory 60\n"));
        assert_int_equal(status_of(f, f->token, "GET", "/users/me/"), 401);

        /* Whoever holds the number may look, and finds the same; the log has it, too. */
        snprintf(path, sizeof(path), "/api/erasures/%s", text_of(receipt, "erasure_id"));
        json_t *again = get(f, "", "GET", path, NULL);
        assert_true(json_equal(again, receipt));
        assert_true(log_has(f, text_of(receipt, "sha256")));
        assert_true(t_wait(!disk_has(f, "word 44"), 5000));
        http_request(f->server.http_url, "GET", "/metrics", "", NULL, &a);
        assert_int_equal(answer_count(&a, "\nsocializer_erasures_total 1\n"), 1);
        answer_deinit(&a);
        json_decref(again);
        json_decref(answer);
}

static void what_a_crash_interrupts_goes_on_at_the_next_start(void **state)
{
        struct fixture *f = *state;
        char text[2560];

        live(f);
        talk_a_lot(f);
        int fd = http_connect(f->server.http_url);
        snprintf(text, sizeof(text),
                 "POST /api/users/me/delete HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n" JSON
                 "Authorization: Bearer %s\r\n\r\n{\"password\":\"password123\"}",
                 f->token);
        http_send(fd, text, strlen(text));
        assert_true(t_wait(status_of(f, f->token, "GET", "/users/me/") == 401, 10000));
        server_kill(&f->server);
        close(fd);
        server_start_again(&f->server);
        assert_true(t_wait(log_has(f, "an account is erased"), 20000));
        assert_true(t_wait(!disk_has(f, "word 44"), 5000));
        /* The name is free. */
        server_create_user(&f->server, "human", "password123", false);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(a_browser_sees_where_somebody_is_signed_in),
                CASE(a_fresh_token_goes_on_with_its_sign_in),
                CASE(signing_out_everywhere_keeps_this_session_or_ends_it),
                CASE(everything_of_a_person_is_one_document),
                CASE(administrators_get_what_they_may_see_anyway),
                CASE(half_an_export_is_no_document),
                CASE(an_export_that_may_not_be_is_refused),
                CASE(who_goes_gets_a_receipt),
                CASE(what_a_crash_interrupts_goes_on_at_the_next_start),
        };

        return !!cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
