/* What private conversations leave behind on disk and in logs: nothing that can be read, and no key
 * outside the file of keys. */
#include "tests/integration/test_gateway_http_client.h"
#include "tests/support/server/raw.h"
#include "tests/support/server/server.h"

#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each is looked for everywhere. */
#define SAVED  "Quirinus borrowed the ladder again"
#define ASKED  "how do I tell Quirinus about the ladder"
#define STREAM "and what if Quirinus shouts at me"
#define WRONG  "Quirinus must not see this refused word"

/* This is not sealed; that it is found shows that looking works. */
#define THREAD "thread-about-nothing"

#define KEY_BYTES    32
#define ANSWER_BYTES 24
#define MAX_SECRETS  32

struct secret {
        const char *what;
        char bytes[80];
        size_t n;
};

struct world {
        struct server server;
        char token[2048];
        struct secret secrets[MAX_SECRETS];
        size_t n_secrets;
};

static void ask(struct world *w, const char *verb, const char *path, const char *headers,
                const char *body, struct answer *ret)
{
        char all[4096];

        snprintf(all, sizeof(all), "Authorization: Bearer %s\r\n" JSON "%s", w->token, headers);
        http_request(w->server.http_url, verb, path, all, body, ret);
}

static int setup(void **state)
{
        static const char *const debug[] = {"--log-level", "debug", NULL};
        struct world *w = calloc(1, sizeof(*w));

        if (!w || sodium_init() < 0)
                return -1;
        *state = w;
        server_start_with(&w->server, debug);
        w->server.gateway_arguments[0] = debug[0];
        w->server.gateway_arguments[1] = debug[1];
        server_start_gateway(&w->server);
        server_create_user(&w->server, "human", "password123", false);
        http_sign_in(w->server.http_url, "human", "", w->token, sizeof(w->token));
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        server_stop(&w->server);
        free(w);
        return 0;
}

/* --- what is looked for --- */

static void add_secret(struct world *w, const char *what, const void *bytes, size_t n)
{
        struct secret *s = &w->secrets[w->n_secrets++];

        assert_true(w->n_secrets <= MAX_SECRETS && n >= 16 && n <= sizeof(s->bytes));
        s->what = what;
        memcpy(s->bytes, bytes, n);
        s->n = n;
}

static void add_text(struct world *w, const char *text)
{
        add_secret(w, text, text, strlen(text));
}

/* The keys that are in master.key now, in every form that somebody may have written them in. */
static void add_keys(struct world *w)
{
        char path[T_PATH_BYTES + 16], text[2 * KEY_BYTES + 1];
        uint8_t key[KEY_BYTES];
        size_t n;

        snprintf(path, sizeof(path), "%s/master.key", w->server.data);
        AUTO_FREE char *keys = t_read_file(path, NULL);
        const char *base64 = strchr(keys, ' ') + 1;
        assert_int_equal(sodium_base642bin(key, sizeof(key), base64, strcspn(base64, "\n"), NULL,
                                           &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                         0);
        assert_int_equal(n, KEY_BYTES);
        add_secret(w, "a key in base64url", base64, strcspn(base64, "\n"));
        add_secret(w, "a key", key, sizeof(key));
        sodium_bin2hex(text, sizeof(text), key, sizeof(key));
        add_text(w, text);
        for (char *c = text; *c; c++)
                if (*c >= 'a')
                        *c = (char)(*c - 'a' + 'A');
        add_text(w, text);
        sodium_bin2base64(text, sizeof(text), key, sizeof(key),
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        add_text(w, text);
}

/* nftw() takes no argument of ours. */
static struct {
        struct world *world;
        bool has_control; /* what is not sealed was found */
        unsigned n_files, n_found;
} search;

static int search_file(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
        size_t n;

        if (kind != FTW_F || !S_ISREG(info->st_mode) || strcmp(path + ftw->base, "master.key") == 0)
                return 0;
        AUTO_FREE char *data = t_read_file(path, &n);
        search.n_files++;
        search.has_control |= memmem(data, n, THREAD, strlen(THREAD)) != NULL;
        for (size_t i = 0; i < search.world->n_secrets; i++) {
                const struct secret *s = &search.world->secrets[i];

                if (!memmem(data, n, s->bytes, s->n))
                        continue;
                print_error("%s has: %s\n", path, s->what);
                search.n_found++;
        }
        return 0;
}

static void assert_nothing_is_found(struct world *w)
{
        memset(&search, 0, sizeof(search));
        search.world = w;
        assert_int_equal(nftw(w->server.dir, search_file, 16, FTW_PHYS), 0);
        assert_true(search.has_control);
        assert_true(search.n_files >= 4); /* the database, two logs, a token at least */
        assert_int_equal(search.n_found, 0);
}

/* --- talking --- */

static void save(struct world *w)
{
        struct answer a;

        ask(w, "POST", "/api/users/me/messages", "",
            "{\"messages\":[{\"content\":\"" SAVED "\",\"thread_id\":\"" THREAD "\"}]}", &a);
        assert_int_equal(a.status, 201);
        answer_deinit(&a);
        add_text(w, SAVED);
}

/* The same call twice has one answer and happens once. */
static void chat(struct world *w)
{
        static const char body[] = "{\"message\":\"" ASKED "\",\"thread_id\":\"" THREAD "\"}";
        static const char once[] = "Idempotency-Key: once\r\n";
        struct answer first, second;

        ask(w, "POST", "/api/ai-chat", once, body, &first);
        assert_int_equal(first.status, 200);
        ask(w, "POST", "/api/ai-chat", once, body, &second);
        assert_int_equal(second.status, 200);
        assert_string_equal(first.body, second.body);
        json_t *answer = answer_json(&first);
        const char *text = json_string_value(json_object_get(answer, "response"));
        assert_true(strlen(text) > ANSWER_BYTES);
        add_text(w, ASKED);
        add_secret(w, "the coach's answer", text, ANSWER_BYTES);
        json_decref(answer);
        answer_deinit(&first);
        answer_deinit(&second);
}

static void stream(struct world *w)
{
        struct answer a;

        ask(w, "POST", "/api/ai-chat", "",
            "{\"message\":\"" STREAM "\",\"stream\":true,\"thread_id\":\"" THREAD "\"}", &a);
        assert_int_equal(a.status, 200);
        assert_int_equal(answer_count(&a, "event: done"), 1);
        answer_deinit(&a);
        add_text(w, STREAM);
}

static void be_refused(struct world *w)
{
        struct answer a;

        ask(w, "POST", "/api/users/me/messages", "",
            "{\"messages\":[{\"content\":\"" WRONG "\",\"role\":\"internal\"}]}", &a);
        answer_assert_error(&a, 422, "INVALID_ARGUMENT");
        answer_deinit(&a);
        ask(w, "POST", "/api/ai-chat", "", "{\"message\":\"" WRONG "\"", &a);
        assert_true(a.status >= 400 && a.status < 500);
        answer_deinit(&a);
        add_text(w, WRONG);
}

static void assert_all_is_remembered(struct world *w)
{
        struct answer a;

        ask(w, "GET", "/api/users/me/messages?thread_id=" THREAD, "", NULL, &a);
        assert_int_equal(a.status, 200);
        json_t *answer = answer_json(&a);
        /* What was saved, and two questions with their answers. */
        assert_int_equal(json_array_size(json_object_get(answer, "messages")), 5);
        assert_int_equal(answer_count(&a, SAVED), 1);
        assert_int_equal(answer_count(&a, "\"" ASKED "\""), 1);
        assert_int_equal(answer_count(&a, "\"" STREAM "\""), 1);
        json_decref(answer);
        answer_deinit(&a);
}

static void rotate(struct world *w)
{
        char token[256];
        struct raw r;

        server_operator_token(&w->server, token, sizeof(token));
        raw_open(&r, w->server.rpc_url);
        assert_status(raw_call(&r, 1, "AdminService/RotateMasterKey", token, NULL), STATUS_OK);
        raw_close(&r);
}

static void conversations_leave_nothing_that_can_be_read(void **state)
{
        struct world *w = *state;

        add_keys(w);
        save(w);
        chat(w);
        stream(w);
        be_refused(w);
        assert_all_is_remembered(w);
        assert_nothing_is_found(w); /* in the log of the database, which is not written back yet */
        rotate(w);
        add_keys(w);
        assert_all_is_remembered(w);
        server_kill(&w->server);
        assert_nothing_is_found(w);
        server_start_again(&w->server);
        assert_all_is_remembered(w);
        assert_int_equal(server_terminate(&w->server), 0);
        assert_nothing_is_found(w);
        server_start_again(&w->server);
        server_assert_no_leases(&w->server);
}

/* --- without the file --- */

static void assert_refused(const char *const *arguments, const char *word)
{
        AUTO_FREE char *output = NULL;

        assert_int_equal(server_run_service(arguments, &output), 1);
        assert_non_null(strstr(output, "master.key"));
        assert_non_null(strstr(output, word));
        assert_non_null(strstr(output, "restore"));
        assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
}

static void without_its_master_key_it_does_not_start(void **state)
{
        struct world *w = *state;
        const char *run[] = {"--data", w->server.data, NULL};
        const char *check[] = {"--data", w->server.data, "--check", NULL};
        char path[T_PATH_BYTES + 16];
        size_t n;

        save(w);
        chat(w);
        stream(w);
        assert_int_equal(server_terminate(&w->server), 0);
        snprintf(path, sizeof(path), "%s/master.key", w->server.data);
        AUTO_FREE char *key = t_read_file(path, &n);
        assert_int_equal(unlink(path), 0);
        assert_refused(run, "missing");
        assert_refused(check, "missing");
        assert_int_equal(access(path, F_OK), -1); /* and none is made in its place */
        t_write_file(path, "nonsense\n", 9);
        assert_int_equal(chmod(path, 0600), 0);
        assert_refused(run, "damaged");
        assert_refused(check, "damaged");
        t_write_file(path, key, n);
        assert_int_equal(server_run_service(check, NULL), 0);
        server_start_again(&w->server);
        assert_all_is_remembered(w);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(conversations_leave_nothing_that_can_be_read),
                CASE(without_its_master_key_it_does_not_start),
        };
        return !!cmocka_run_group_tests_name("private", tests, NULL, NULL);
}
