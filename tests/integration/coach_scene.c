#include "tests/integration/coach_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[N_WHO] = {"human", "other", "third", "root_"};

json_t *ask(struct scene *s, enum who who, const char *verb, const char *path, const char *body,
            unsigned status)
{
        struct answer a;

        http_request(s->server.http_url, verb, path, s->headers[who], body, &a);
        if (a.status != status)
                fail_msg("%s %s %s: %u %s", verb, path, body ? body : "", a.status, a.body);
        json_t *json = answer_json(&a);
        answer_deinit(&a);
        return json;
}

void must(struct scene *s, enum who who, const char *verb, const char *path, const char *body)
{
        json_decref(ask(s, who, verb, path, body, 200));
}

const char *in_room(struct scene *s, const char *rest)
{
        static char path[128];

        snprintf(path, sizeof(path), "/api/rooms/%lld%s", (long long)s->room, rest);
        return path;
}

const char *text_of(const json_t *json, const char *name)
{
        const char *text = json_string_value(json_object_get(json, name));

        return text ? text : "";
}

int64_t number_of(const json_t *json, const char *name)
{
        return json_integer_value(json_object_get(json, name));
}

static void sign_in(struct scene *s, enum who who)
{
        char token[2048];

        s->ids[who] = server_create_user(&s->server, names[who], "password123", who == ADMIN);
        http_sign_in(s->server.http_url, names[who], "", token, sizeof(token));
        snprintf(s->headers[who], sizeof(s->headers[who]), "Authorization: Bearer %s\r\n" JSON,
                 token);
}

const char *say(struct scene *s, enum who who, const char *content)
{
        static char answer_id[32];
        char body[512];

        snprintf(body, sizeof(body), "{\"content\":\"%s\"}", content);
        json_t *json = ask(s, who, "POST", in_room(s, "/messages"), body, 201);
        snprintf(answer_id, sizeof(answer_id), "message-%lld",
                 (long long)number_of(json, "message_id"));
        json_decref(json);
        return answer_id;
}

void set_room(struct scene *s, const char *settings)
{
        must(s, HUMAN, "PATCH", in_room(s, ""), settings);
}

/* --- the socket --- */

static void on_text(void *arg, const char *text, size_t n)
{
        struct scene *s = arg;

        assert_true(s->n_heard + n + 2 < sizeof(s->heard));
        memcpy(s->heard + s->n_heard, text, n);
        s->n_heard += n;
        s->heard[s->n_heard++] = '\n';
        s->heard[s->n_heard] = '\0';
}

bool hears(struct scene *s, const char *text)
{
        ws_client_receive(&s->client, on_text, s);
        return strstr(s->heard, text) != NULL;
}

static void open_socket(struct scene *s, enum who who)
{
        char token[2048], room[32];

        snprintf(room, sizeof(room), "%lld", (long long)s->room);
        assert_int_equal(sscanf(s->headers[who], "Authorization: Bearer %2047s", token), 1);
        ws_client_open(&s->client, (unsigned)atoi(strrchr(s->server.http_url, ':') + 1), "/ws/chat",
                       0);
        ws_client_sign_in(&s->client, token);
        ws_client_join(&s->client, room);
}

static void make_room(struct scene *s)
{
        char body[256];

        snprintf(body, sizeof(body), "{\"name\":\"Circle\",\"user_ids\":[%lld,%lld]}",
                 (long long)s->ids[OTHER], (long long)s->ids[THIRD]);
        json_t *room = ask(s, HUMAN, "POST", "/api/rooms", body, 201);
        s->room = number_of(room, "id");
        assert_true(json_is_false(json_object_get(room, "coach_enabled")));
        json_decref(room);
        must(s, OTHER, "POST", in_room(s, "/join"), "{}");
        must(s, THIRD, "POST", in_room(s, "/join"), "{}");
}

void scene_init(struct scene *s, upstream_script_fn script, enum who listener)
{
        char body[512];

        server_start(&s->server);
        server_start_gateway(&s->server);
        upstream_start(&s->upstream, script);
        for (enum who who = HUMAN; who < N_WHO; who++)
                sign_in(s, who);
        snprintf(body, sizeof(body),
                 "{\"provider\":\"openai\",\"endpoint\":\"%s\",\"model\":\"m\"}", s->upstream.url);
        must(s, ADMIN, "PATCH", "/api/admin/coach/settings", body);
        make_room(s);
        open_socket(s, listener);
}

void scene_deinit(struct scene *s)
{
        server_assert_no_leases(&s->server);
        ws_client_close(&s->client);
        server_stop(&s->server);
        upstream_stop(&s->upstream);
}

void expect_no_entries(struct scene *s, enum who who)
{
        json_t *ledger = ask(s, who, "GET", "/api/coach/ledger", NULL, 200);

        assert_int_equal(json_array_size(json_object_get(ledger, "disclosures")), 0);
        json_decref(ledger);
}

json_t *entry_of(struct scene *s, enum who who)
{
        json_t *ledger = ask(s, who, "GET", "/api/coach/ledger?page_size=1", NULL, 200);
        json_t *entry = json_incref(json_array_get(json_object_get(ledger, "disclosures"), 0));

        json_decref(ledger);
        assert_non_null(entry);
        return entry;
}

void expect_texts(const json_t *entry, const char *const *texts, size_t n)
{
        const json_t *got = json_object_get(entry, "texts");

        assert_int_equal(json_array_size(got), n);
        for (size_t i = 0; i < n; i++)
                assert_string_equal(text_of(json_array_get(got, i), "text"), texts[i]);
}
