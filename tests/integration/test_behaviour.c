/* The behaviour tables over RPC and over HTTP: both answer the same. */
#include "tests/integration/behaviour.h"

#include "common/arena.h"
#include "common/buffer.h"
#include "common/contract.h"
#include "common/json.h"
#include "common/wire.h"
#include "tests/support/server/server.h"

#include "contract.gen.h"
#include "socializer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

/* What a call came to, the same for both ways. */
struct outcome {
        enum status status;
        char field[64];
        json_t *body; /* the response message as JSON; NULL on failure */
};

struct world {
        struct server server;
        soc_client *client;
        char *tokens[ADMIN + 1]; /* by enum who; NULL: not signed in yet */
        CURL *curl;
};

static void outcome_deinit(struct outcome *o)
{
        json_decref(o->body);
}

/* --- over RPC --- */

static ProtobufCMessage *make_request(const struct method *m, json_t *request, struct arena *arena,
                                      struct outcome *o)
{
        struct error error = ERROR_INIT;
        ProtobufCMessage *message = json_new_message(m->input->descriptor, arena);

        assert_non_null(message);
        o->status = json_to_message(m->input, request, arena, message, &error);
        snprintf(o->field, sizeof(o->field), "%s", error.field);
        return o->status == STATUS_OK ? message : NULL;
}

static void call_rpc(struct world *w, const struct method *m, const char *token, json_t *request,
                     struct outcome *o)
{
        AUTO_ARENA arena;
        arena_init(&arena, 1 << 20);
        ProtobufCMessage *message = make_request(m, request, &arena, o);
        if (!message)
                return;

        soc_call_options options = {.token = token ? token : ""};
        ProtobufCMessage *response = NULL;
        soc_error error = {0};
        o->status = (enum status)soc_call(w->client, m->name, message, &options, &response, &error);
        if (o->status != STATUS_OK) {
                snprintf(o->field, sizeof(o->field), "%s", error.field);
                return;
        }
        AUTO_BUFFER text = BUFFER_INIT;
        json_append_message(&text, m->output, response);
        protobuf_c_message_free_unpacked(response, NULL);
        /* jansson's own integers end where those of an epoch go on. */
        o->body = json_loads(buffer_str(&text), JSON_DECODE_INT_AS_REAL, NULL);
        assert_non_null(o->body);
}

/* --- over HTTP, by the method's first route --- */

static size_t collect(char *data, size_t size, size_t n, void *closure)
{
        buffer_append(closure, data, size * n);
        return size * n;
}

/* A value as it stands in a path or a query. */
static void append_escaped(struct world *w, struct buffer *out, json_t *value)
{
        AUTO_FREE char *text = json_is_string(value) ? strdup(json_string_value(value))
                                                     : json_dumps(value, JSON_ENCODE_ANY);
        char *escaped = curl_easy_escape(w->curl, text, 0);

        buffer_append_str(out, escaped);
        curl_free(escaped);
}

/* Fills the {fields} of a path and takes them out of the request. */
static void append_path(struct world *w, struct buffer *out, const char *path, json_t *request)
{
        while (*path) {
                const char *open = strchr(path, '{');
                if (!open) {
                        buffer_append_str(out, path);
                        return;
                }
                buffer_append(out, path, (size_t)(open - path));
                const char *close = strchr(open, '}');
                char name[64];
                snprintf(name, sizeof(name), "%.*s", (int)(close - open - 1), open + 1);
                json_t *value = json_object_get(request, name);
                assert_non_null(value);
                append_escaped(w, out, value);
                json_object_del(request, name);
                path = close + 1;
        }
}

static void append_query(struct world *w, struct buffer *out, json_t *request)
{
        const char *name;
        json_t *value;
        char separator = '?';

        json_object_foreach(request, name, value)
        {
                buffer_printf(out, "%c%s=", separator, name);
                append_escaped(w, out, value);
                separator = '&';
        }
}

static struct curl_slist *headers_for(const char *token)
{
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
        AUTO_BUFFER line = BUFFER_INIT;

        if (token) {
                buffer_printf(&line, "Authorization: Bearer %s", token);
                headers = curl_slist_append(headers, buffer_str(&line));
        }
        return headers;
}

static long perform(struct world *w, const struct http_route *route, const char *url,
                    const char *token, const char *body, struct buffer *answer)
{
        struct curl_slist *headers = headers_for(token);
        long http = 0;

        curl_easy_reset(w->curl);
        curl_easy_setopt(w->curl, CURLOPT_URL, url);
        curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, route->verb);
        curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(w->curl, CURLOPT_TIMEOUT, 60L);
        curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, collect);
        curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, answer);
        if (route->has_body)
                curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, body);
        assert_int_equal(curl_easy_perform(w->curl), CURLE_OK);
        curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &http);
        curl_slist_free_all(headers);
        return http;
}

/* Every error has the one shape, and the HTTP status that goes with its code. */
static void read_error(json_t *body, long http, struct outcome *o)
{
        const char *code = json_string_value(json_object_get(body, "code"));
        json_t *detail = json_array_get(json_object_get(body, "details"), 0);
        json_t *field = json_object_get(json_object_get(detail, "field_violation"), "field");

        assert_non_null(code);
        assert_true(json_is_string(json_object_get(body, "message")));
        assert_true(json_is_string(json_object_get(body, "request_id")));
        assert_true(json_is_array(json_object_get(body, "details")));
        for (uint32_t i = 0; i <= 16; i++) {
                if (!strcmp(status_name(status_from_wire(i)), code))
                        o->status = status_from_wire(i);
        }
        assert_int_equal(http, status_http(o->status));
        if (json_is_string(field))
                snprintf(o->field, sizeof(o->field), "%s", json_string_value(field));
}

static void call_http(struct world *w, const struct method *m, const char *token, json_t *request,
                      struct outcome *o)
{
        /* What programs only do among themselves is nowhere over HTTP. */
        if (m->n_routes == 0) {
                call_rpc(w, m, token, request, o);
                return;
        }
        const struct http_route *route = &m->routes[0];
        AUTO_BUFFER url = BUFFER_INIT, answer = BUFFER_INIT;

        buffer_append_str(&url, w->server.http_url);
        append_path(w, &url, route->path, request);
        if (!route->has_body)
                append_query(w, &url, request);
        AUTO_FREE char *body = json_dumps(request, 0);
        long http = perform(w, route, buffer_str(&url), token, body, &answer);
        json_t *got = json_loads(buffer_str(&answer), JSON_DECODE_ANY, NULL);
        assert_non_null(got);
        if (http >= 400) {
                read_error(got, http, o);
                json_decref(got);
                return;
        }
        assert_int_equal(http, m->http_status);
        o->status = STATUS_OK;
        o->body = got;
        if (route->response_body)
                o->body = json_pack("{s:o}", route->response_body->name, got);
}

/* --- the table --- */

/* Whether everything in want is in got: members of objects, arrays whole. */
static bool contains(json_t *got, json_t *want)
{
        const char *name;
        json_t *value;
        size_t i;

        if (json_is_object(want)) {
                json_object_foreach(want, name, value)
                {
                        json_t *there = json_object_get(got, name);
                        if (!there || !contains(there, value))
                                return false;
                }
                return json_is_object(got);
        }
        if (json_is_array(want)) {
                if (json_array_size(got) != json_array_size(want))
                        return false;
                json_array_foreach(want, i, value)
                {
                        if (!contains(json_array_get(got, i), value))
                                return false;
                }
                return true;
        }
        if (json_is_number(want))
                return json_is_number(got) && json_number_value(got) == json_number_value(want);
        return json_equal(got, want);
}

static bool as_wanted(const struct behaviour *b, const struct outcome *o)
{
        if (o->status != b->status)
                return false;
        if (!b->want)
                return true;
        if (b->status != STATUS_OK)
                return !strcmp(o->field, b->want);
        json_t *want = json_loads(b->want, 0, NULL);
        assert_non_null(want);
        bool same = contains(o->body, want);
        json_decref(want);
        return same;
}

static void complain(const struct behaviour *b, const struct outcome *o)
{
        AUTO_FREE char *body = o->body ? json_dumps(o->body, 0) : NULL;

        fprintf(stderr, "%s: %s %s\n  want %s %s\n  got  %s %s%s\n", b->what, b->method, b->request,
                status_name(b->status), b->want ? b->want : "", status_name(o->status), o->field,
                body ? body : "");
}

typedef void (*call_way)(struct world *w, const struct method *m, const char *token,
                         json_t *request, struct outcome *o);

static void sign_in(struct world *w, call_way way, enum who who)
{
        static const char *const names[] = {
                [HUMAN] = "human", [OTHER] = "other", [GUEST] = "guest",
                [LATE] = "late",   [ADMIN] = "admin",
        };
        __attribute__((cleanup(outcome_deinit))) struct outcome o = {0};
        json_t *request = json_pack("{s:s,s:s}", "username", names[who], "password", "password123");

        way(w, &contract_methods[METHOD_USER_SERVICE_LOGIN], NULL, request, &o);
        json_decref(request);
        assert_int_equal(o.status, STATUS_OK);
        w->tokens[who] = strdup(json_string_value(json_object_get(o.body, "access_token")));
}

static bool run_row(struct world *w, call_way way, const struct behaviour *b)
{
        const struct method *m = contract_find_short(b->method);
        __attribute__((cleanup(outcome_deinit))) struct outcome o = {0};
        json_t *request = json_loads(b->request, 0, NULL);

        assert_non_null(m);
        assert_non_null(request);
        if (b->who != NOBODY && !w->tokens[b->who])
                sign_in(w, way, b->who);
        way(w, m, w->tokens[b->who], request, &o);
        json_decref(request);
        bool good = as_wanted(b, &o);
        if (!good)
                complain(b, &o);
        return good;
}

static void run_table(struct world *w, call_way way, const struct behaviour *rows, unsigned n_rows)
{
        unsigned n_wrong = 0;

        for (unsigned i = 0; i < n_rows; i++)
                n_wrong += !run_row(w, way, &rows[i]);
        assert_int_equal(n_wrong, 0);
        server_assert_no_leases(&w->server);
}

static int setup(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        server_start(&w->server);
        server_start_gateway(&w->server);
        server_create_user(&w->server, "admin", "password123", true);
        assert_int_equal(soc_client_new(w->server.rpc_url, NULL, &w->client, NULL), SOC_OK);
        w->curl = curl_easy_init();
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        struct world *w = *state;

        for (size_t i = 0; i < ARRAY_SIZE(w->tokens); i++)
                free(w->tokens[i]);
        curl_easy_cleanup(w->curl);
        soc_client_free(w->client);
        server_stop(&w->server);
        free(w);
        return 0;
}

static void the_table_holds_over_rpc(void **state)
{
        run_table(*state, call_rpc, behaviours, n_behaviours);
}

static void the_table_holds_over_http(void **state)
{
        run_table(*state, call_http, behaviours, n_behaviours);
}

static void the_chat_table_holds_over_rpc(void **state)
{
        run_table(*state, call_rpc, chat_behaviours, n_chat_behaviours);
}

static void the_chat_table_holds_over_http(void **state)
{
        run_table(*state, call_http, chat_behaviours, n_chat_behaviours);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_table_holds_over_rpc, setup, teardown),
                cmocka_unit_test_setup_teardown(the_table_holds_over_http, setup, teardown),
                cmocka_unit_test_setup_teardown(the_chat_table_holds_over_rpc, setup, teardown),
                cmocka_unit_test_setup_teardown(the_chat_table_holds_over_http, setup, teardown),
        };
        struct error error = ERROR_INIT;

        curl_global_init(CURL_GLOBAL_DEFAULT);
        if (wire_validate_init(&error) != STATUS_OK)
                return 1;
        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
