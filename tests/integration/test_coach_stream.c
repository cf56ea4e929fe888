/* Answers of the coach on their way to a client: through a real gateway and service, from a
 * language model that speaks when the test says so. */
#include "tests/bench/ws_client.h"
#include "tests/integration/test_gateway_http_client.h"
#include "tests/integration/upstream.h"
#include "tests/support/server/server.h"

#include "socializer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
#define DONE        "data: [DONE]\n\n"
#define SECOND_NS   UINT64_C(1000000000)
#define WAIT_MS     10000

struct fixture {
        struct server server;
        struct upstream upstream;
        char human[2048], admin[2048]; /* headers with their tokens */
};

/* Pieces that the upstream may have said; then it waits, or ends. */
static atomic_uint allowed_pieces;
static atomic_bool may_end;

static void speak_as_told(struct connection *c)
{
        unsigned said = 0;

        if (!upstream_take_request(c) || !upstream_send(c, STREAM_HEAD))
                return;
        while (said < atomic_load(&allowed_pieces) || !atomic_load(&may_end)) {
                char piece[128];

                if (said >= atomic_load(&allowed_pieces)) {
                        if (upstream_wait_gone(c, 2))
                                return;
                        continue;
                }
                snprintf(piece, sizeof(piece),
                         "data: {\"choices\":[{\"delta\":{\"content\":\"word%u \"}}]}\n\n", said++);
                if (!upstream_send(c, piece))
                        return;
        }
        upstream_send(c, DONE);
}

static void sign_in(struct fixture *f, const char *username, bool is_admin, char *headers,
                    size_t size)
{
        char token[2048];

        server_create_user(&f->server, username, "password123", is_admin);
        http_sign_in(f->server.http_url, username, "", token, sizeof(token));
        snprintf(headers, size, "Authorization: Bearer %s\r\n" JSON, token);
}

static json_t *ask(struct fixture *f, const char *headers, const char *verb, const char *path,
                   const char *body, unsigned status)
{
        struct answer a;

        http_request(f->server.http_url, verb, path, headers, body, &a);
        if (a.status != status)
                fail_msg("%s %s: %u %s", verb, path, a.status, a.body);
        json_t *json = answer_json(&a);
        answer_deinit(&a);
        return json;
}

static const char *text_of(const json_t *json, const char *name)
{
        const char *text = json_string_value(json_object_get(json, name));

        return text ? text : "";
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        char body[512];

        if (!f)
                return -1;
        *state = f;
        atomic_store(&allowed_pieces, 0);
        atomic_store(&may_end, false);
        server_start(&f->server);
        server_start_gateway(&f->server);
        upstream_start(&f->upstream, speak_as_told);
        sign_in(f, "root_", true, f->admin, sizeof(f->admin));
        sign_in(f, "human", false, f->human, sizeof(f->human));
        snprintf(body, sizeof(body),
                 "{\"provider\":\"openai\",\"endpoint\":\"%s\",\"model\":\"m\"}", f->upstream.url);
        json_decref(ask(f, f->admin, "PATCH", "/api/admin/coach/settings", body, 200));
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        atomic_store(&may_end, true);
        server_assert_no_leases(&f->server);
        server_stop(&f->server);
        upstream_stop(&f->upstream);
        free(f);
        return 0;
}

/* --- a stream that is read as it comes --- */

struct stream {
        int fd;
        char text[64 * 1024];
        size_t n;
        bool ended;
};

static void stream_open(struct fixture *f, struct stream *s, const char *verb, const char *path,
                        const char *body)
{
        char request[4096];
        int n = snprintf(request, sizeof(request),
                         "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s"
                         "Content-Length: %zu\r\n\r\n%s",
                         verb, path, f->human, strlen(body), body);

        *s = (struct stream){.fd = http_connect(f->server.http_url)};
        http_send(s->fd, request, (size_t)n);
}

static void stream_read(struct stream *s)
{
        struct pollfd fd = {.fd = s->fd, .events = POLLIN};

        while (!s->ended && poll(&fd, 1, 0) > 0) {
                ssize_t got = recv(s->fd, s->text + s->n, sizeof(s->text) - 1 - s->n, 0);

                s->ended = got <= 0;
                s->n += got > 0 ? (size_t)got : 0;
                s->text[s->n] = '\0';
        }
}

static bool stream_has(struct stream *s, const char *text)
{
        stream_read(s);
        return strstr(s->text, text) != NULL;
}

static unsigned stream_count(const struct stream *s, const char *text)
{
        unsigned n = 0;

        for (const char *at = s->text; (at = strstr(at, text)); at++)
                n++;
        return n;
}

static bool stream_is_over(struct stream *s)
{
        stream_read(s);
        return s->ended;
}

static void stream_close(struct stream *s)
{
        close(s->fd);
}

static void stream_chat(struct fixture *f, struct stream *s, const char *answer_id)
{
        char body[256];

        snprintf(body, sizeof(body),
                 "{\"message\":\"Tell me\",\"stream\":true,\"answer_id\":\"%s\"}", answer_id);
        stream_open(f, s, "POST", "/api/ai-chat", body);
}

static bool upstream_is_gone(struct fixture *f)
{
        return atomic_load(&f->upstream.n_gone) == 1;
}

static bool answer_is_done(struct fixture *f, const char *answer_id)
{
        char path[128];

        snprintf(path, sizeof(path), "/api/coach/answers/%s", answer_id);
        json_t *json = ask(f, f->human, "GET", path, NULL, 200);
        bool is_done = json_is_true(json_object_get(json, "is_done"));
        json_decref(json);
        return is_done;
}

/* The newest thing that is remembered. */
static void expect_remembered(struct fixture *f, const char *role, const char *content)
{
        json_t *json = ask(f, f->human, "GET", "/api/users/me/messages?page_size=1", NULL, 200);
        const json_t *newest = json_array_get(json_object_get(json, "messages"), 0);

        assert_string_equal(text_of(newest, "role"), role);
        assert_string_equal(text_of(newest, "content"), content);
        json_decref(json);
}

/* --- tests --- */

static void words_arrive_as_they_are_said(void **state)
{
        struct fixture *f = *state;
        struct stream s;

        stream_chat(f, &s, "one");
        for (unsigned i = 0; i < 5; i++) {
                char word[32], later[32];

                snprintf(word, sizeof(word), "{\"text\":\"word%u \"}", i);
                snprintf(later, sizeof(later), "word%u", i + 1);
                assert_false(stream_has(&s, word));
                atomic_store(&allowed_pieces, i + 1);
                assert_true(t_wait(stream_has(&s, word), WAIT_MS));
                assert_false(stream_has(&s, later));
        }
        assert_false(stream_has(&s, "event: done"));
        atomic_store(&may_end, true);
        assert_true(t_wait(stream_is_over(&s), WAIT_MS));
        assert_int_equal(stream_count(&s, "event: delta"), 5);
        assert_int_equal(stream_count(&s, "event: done"), 1);
        assert_int_equal(stream_count(&s, "event: error"), 0);
        assert_non_null(strstr(s.text, "\"response\":\"word0 word1 word2 word3 word4 \""));
        assert_non_null(strstr(s.text, "\"engine\":\"openai\""));
        assert_non_null(strstr(s.text, "\"answer_id\":\"one\""));
        stream_close(&s);
        expect_remembered(f, "assistant", "word0 word1 word2 word3 word4 ");
}

static void closing_the_connection_stops_the_upstream(void **state)
{
        struct fixture *f = *state;
        struct stream s;

        stream_chat(f, &s, "left");
        atomic_store(&allowed_pieces, 2);
        assert_true(t_wait(stream_has(&s, "word1"), WAIT_MS));
        uint64_t closed_ns = clock_mono_ns();
        stream_close(&s);
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        assert_true(atomic_load(&f->upstream.gone_ns) - closed_ns < SECOND_NS);
        assert_true(t_wait(answer_is_done(f, "left"), WAIT_MS));
        expect_remembered(f, "assistant", "word0 word1 \n\n(The answer was interrupted.)");
}

static void closing_it_before_the_first_word_leaves_the_question(void **state)
{
        struct fixture *f = *state;
        struct stream s;

        stream_chat(f, &s, "early");
        assert_true(t_wait(atomic_load(&f->upstream.n_requests) == 1, WAIT_MS));
        uint64_t closed_ns = clock_mono_ns();
        stream_close(&s);
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        assert_true(atomic_load(&f->upstream.gone_ns) - closed_ns < SECOND_NS);
        assert_true(t_wait(answer_is_done(f, "early"), WAIT_MS));
        expect_remembered(f, "user", "Tell me");
}

static void cancelling_ends_it_with_an_error(void **state)
{
        struct fixture *f = *state;
        struct stream s;

        stream_chat(f, &s, "unwanted");
        atomic_store(&allowed_pieces, 1);
        assert_true(t_wait(stream_has(&s, "word0"), WAIT_MS));
        uint64_t cancelled_ns = clock_mono_ns();
        json_decref(ask(f, f->human, "DELETE", "/api/coach/answers/unwanted", NULL, 200));
        assert_true(t_wait(stream_is_over(&s), WAIT_MS));
        assert_int_equal(stream_count(&s, "event: error"), 1);
        assert_int_equal(stream_count(&s, "event: done"), 0);
        assert_non_null(strstr(s.text, "\"code\":\"CANCELLED\""));
        stream_close(&s);
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        assert_true(atomic_load(&f->upstream.gone_ns) - cancelled_ns < SECOND_NS);
}

static void another_connection_resumes_in_the_middle(void **state)
{
        struct fixture *f = *state;
        struct stream first, second;
        json_t *part;

        stream_chat(f, &first, "shared");
        atomic_store(&allowed_pieces, 3);
        assert_true(t_wait(stream_has(&first, "word2"), WAIT_MS));
        part = ask(f, f->human, "GET", "/api/coach/answers/shared?after=6", NULL, 200);
        assert_string_equal(text_of(part, "text"), "word1 word2 ");
        assert_true(json_is_false(json_object_get(part, "is_done")));
        json_decref(part);

        stream_open(f, &second, "GET", "/api/coach/answers/shared?stream=true&after=6", "");
        assert_true(t_wait(stream_has(&second, "word1 word2 "), WAIT_MS));
        assert_null(strstr(second.text, "word0"));
        atomic_store(&allowed_pieces, 4);
        assert_true(t_wait(stream_has(&second, "word3"), WAIT_MS));
        assert_null(strstr(second.text, "event: done"));
        atomic_store(&may_end, true);
        assert_true(t_wait(stream_is_over(&first) && stream_is_over(&second), WAIT_MS));
        assert_int_equal(stream_count(&first, "event: done"), 1);
        assert_int_equal(stream_count(&second, "event: done"), 1);
        assert_non_null(strstr(second.text, "\"response\":\"word0 word1 word2 word3 \""));
        stream_close(&first);
        stream_close(&second);
}

static void an_answer_that_has_ended_is_streamed_whole(void **state)
{
        struct fixture *f = *state;
        struct stream s;

        atomic_store(&allowed_pieces, 2);
        atomic_store(&may_end, true);
        json_decref(ask(f, f->human, "POST", "/api/ai-chat",
                        "{\"message\":\"Tell me\",\"answer_id\":\"over\"}", 200));
        stream_open(f, &s, "GET", "/api/coach/answers/over?stream=true", "");
        assert_true(t_wait(stream_is_over(&s), WAIT_MS));
        assert_int_equal(stream_count(&s, "event: done"), 1);
        assert_non_null(strstr(s.text, "\"response\":\"word0 word1 \""));
        stream_close(&s);
        char headers[2300];
        struct answer a;
        snprintf(headers, sizeof(headers), "%sLast-Event-ID: 6\r\n", f->human);
        http_request(f->server.http_url, "GET", "/api/coach/answers/over?stream=true", headers,
                     NULL, &a);
        assert_int_equal(answer_count(&a, "{\"text\":\"word0"), 0);
        assert_int_equal(answer_count(&a, "id: 12\nevent: delta\ndata: {\"text\":\"word1 \"}"), 1);
        answer_deinit(&a);
        stream_open(f, &s, "GET", "/api/coach/answers/none?stream=true", "");
        assert_true(t_wait(stream_is_over(&s), WAIT_MS));
        assert_non_null(strstr(s.text, "HTTP/1.1 404"));
        stream_close(&s);
}

static void a_deadline_stops_the_upstream(void **state)
{
        struct fixture *f = *state;
        Socializer__V1__ChatRequest request = SOCIALIZER__V1__CHAT_REQUEST__INIT;
        const soc_call_options options = {.timeout_ms = 700};
        soc_client *client;
        soc_error error;
        char token[2048];

        assert_int_equal(sscanf(f->human, "Authorization: Bearer %2047s", token), 1);
        const soc_client_options who = {.token = token};
        assert_int_equal(soc_client_new(f->server.rpc_url, &who, &client, NULL), SOC_OK);
        atomic_store(&allowed_pieces, 2);
        request.message = (char *)"Tell me";
        request.answer_id = (char *)"late";
        uint64_t asked_ns = clock_mono_ns();
        assert_int_equal(soc_call(client, "socializer.v1.CoachService/Chat", &request.base,
                                  &options, NULL, &error),
                         SOC_DEADLINE_EXCEEDED);
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        uint64_t gone_ns = atomic_load(&f->upstream.gone_ns);
        assert_true(gone_ns - asked_ns > 700 * SECOND_NS / 1000);
        assert_true(gone_ns - asked_ns < 1700 * SECOND_NS / 1000);
        soc_client_free(client);
        assert_true(t_wait(answer_is_done(f, "late"), WAIT_MS));
        expect_remembered(f, "assistant", "word0 word1 \n\n(The answer was interrupted.)");
}

static void a_fourth_at_once_is_refused(void **state)
{
        struct fixture *f = *state;
        struct stream s[3];
        struct answer a;

        for (unsigned i = 0; i < 3; i++) {
                char name[8];

                snprintf(name, sizeof(name), "n%u", i);
                stream_chat(f, &s[i], name);
        }
        assert_true(t_wait(atomic_load(&f->upstream.n_requests) == 3, WAIT_MS));
        http_request(f->server.http_url, "POST", "/api/ai-chat", f->human,
                     "{\"message\":\"x\",\"stream\":true}", &a);
        answer_assert_error(&a, 429, "RESOURCE_EXHAUSTED");
        char *retry = answer_header(&a, "Retry-After");
        assert_non_null(retry);
        free(retry);
        answer_deinit(&a);
        atomic_store(&may_end, true);
        for (unsigned i = 0; i < 3; i++) {
                assert_true(t_wait(stream_is_over(&s[i]), WAIT_MS));
                stream_close(&s[i]);
        }
}

static void a_service_that_dies_leaves_the_question_and_no_half_answer(void **state)
{
        struct fixture *f = *state;
        struct stream s;

        stream_chat(f, &s, "lost");
        atomic_store(&allowed_pieces, 1);
        assert_true(t_wait(stream_has(&s, "word0"), WAIT_MS));
        server_kill(&f->server);
        assert_true(t_wait(stream_is_over(&s), WAIT_MS));
        assert_int_equal(stream_count(&s, "event: error"), 1);
        assert_non_null(strstr(s.text, "\"code\":\"UNAVAILABLE\""));
        stream_close(&s);
        server_start_again(&f->server);
        expect_remembered(f, "user", "Tell me");
}

static void a_key_is_used_and_never_shown(void **state)
{
        struct fixture *f = *state;
        char body[512];
        struct answer a;

        snprintf(body, sizeof(body), "{\"endpoint\":\"%s\"}", f->upstream.url);
        http_request(f->server.http_url, "PATCH", "/api/coach/settings", f->human, body, &a);
        answer_assert_error(&a, 403, "PERMISSION_DENIED");
        answer_deinit(&a);
        json_decref(ask(f, f->admin, "PATCH", "/api/admin/coach/settings",
                        "{\"allowed_endpoints\":{\"items\":[\"http://127.0.0.1:1\"]}}", 200));
        char allow[256];
        snprintf(allow, sizeof(allow), "{\"allowed_endpoints\":{\"items\":[\"%s\"]}}",
                 f->upstream.url);
        http_request(f->server.http_url, "PATCH", "/api/coach/settings", f->human, body, &a);
        answer_assert_error(&a, 403, "PERMISSION_DENIED");
        answer_deinit(&a);
        json_decref(ask(f, f->admin, "PATCH", "/api/admin/coach/settings", allow, 200));
        snprintf(body, sizeof(body), "{\"endpoint\":\"%s\",\"api_key\":\"sk-very-secret\"}",
                 f->upstream.url);
        json_t *settings = ask(f, f->human, "PATCH", "/api/coach/settings", body, 200);
        assert_true(json_is_true(json_object_get(settings, "has_api_key")));
        json_decref(settings);

        /* It is allowed, but in this machine. */
        http_request(f->server.http_url, "POST", "/api/ai-chat", f->human, "{\"message\":\"x\"}",
                     &a);
        answer_assert_error(&a, 403, "PERMISSION_DENIED");
        answer_deinit(&a);
        assert_int_equal(atomic_load(&f->upstream.n_connections), 0);
        json_decref(ask(f, f->admin, "PATCH", "/api/admin/coach/settings",
                        "{\"allow_private\":true}", 200));
        atomic_store(&allowed_pieces, 1);
        atomic_store(&may_end, true);
        json_decref(ask(f, f->human, "POST", "/api/ai-chat", "{\"message\":\"x\"}", 200));
        assert_non_null(strstr(f->upstream.request, "Authorization: Bearer sk-very-secret"));

        http_request(f->server.http_url, "GET", "/api/coach/settings", f->human, NULL, &a);
        assert_null(strstr(a.text, "sk-very-secret"));
        answer_deinit(&a);
        char *log = server_log(&f->server);
        assert_null(strstr(log, "sk-very-secret"));
        free(log);
}

static bool files_have(const struct server *s, const char *text)
{
        char command[2 * T_PATH_BYTES];

        snprintf(command, sizeof(command), "grep -rqa -- '%s' '%s'", text, s->data);
        return system(command) == 0;
}

static void a_key_is_not_in_the_database_as_it_is(void **state)
{
        struct fixture *f = *state;

        json_decref(ask(f, f->human, "PATCH", "/api/coach/settings",
                        "{\"model\":\"plain-model\",\"api_key\":\"sk-very-secret\"}", 200));
        assert_true(files_have(&f->server, "plain-model"));
        assert_false(files_have(&f->server, "sk-very-secret"));
}

static void the_rate_is_the_administrators(void **state)
{
        struct fixture *f = *state;
        struct answer a;

        json_decref(ask(f, f->admin, "PATCH", "/api/admin/coach/settings",
                        "{\"provider\":\"builtin\",\"requests_per_minute\":1}", 200));
        json_decref(ask(f, f->human, "POST", "/api/coach/clarify", "{\"text\":\"Maybe.\"}", 200));
        http_request(f->server.http_url, "POST", "/api/coach/rehearse", f->human,
                     "{\"draft\":\"You never listen.\"}", &a);
        answer_assert_error(&a, 429, "RESOURCE_EXHAUSTED");
        answer_deinit(&a);
}

/* --- over WebSockets --- */

/* A socket of human's, and all that it has heard. */
struct peer {
        struct ws_client client;
        char heard[64 * 1024];
        size_t n;
};

static void on_text(void *arg, const char *text, size_t n)
{
        struct peer *p = arg;

        assert_true(p->n + n + 2 < sizeof(p->heard));
        memcpy(p->heard + p->n, text, n);
        p->n += n;
        p->heard[p->n++] = '\n';
        p->heard[p->n] = '\0';
}

static bool peer_has(struct peer *p, const char *text)
{
        ws_client_receive(&p->client, on_text, p);
        return strstr(p->heard, text) != NULL;
}

static unsigned peer_count(const struct peer *p, const char *text)
{
        unsigned n = 0;

        for (const char *at = p->heard; (at = strstr(at, text)); at++)
                n++;
        return n;
}

static void peer_open(struct fixture *f, struct peer *p)
{
        char token[2048];

        *p = (struct peer){0};
        assert_int_equal(sscanf(f->human, "Authorization: Bearer %2047s", token), 1);
        ws_client_open(&p->client, (unsigned)atoi(strrchr(f->server.http_url, ':') + 1), "/ws/chat",
                       0);
        ws_client_sign_in(&p->client, token);
}

static void peer_say(struct peer *p, const char *text)
{
        ws_client_send(&p->client, text, strlen(text));
}

static const char ask_frame[] =
        "{\"type\":\"coach_message\",\"content\":\"Tell me\",\"thread_id\":\"work\","
        "\"client_message_id\":\"c1\"}";

/* The name of the first answer that it has heard of. */
static void answer_of(const struct peer *p, char id[static 65])
{
        const char *at = strstr(p->heard, "\"answer_id\":\"");

        assert_non_null(at);
        assert_int_equal(sscanf(at, "\"answer_id\":\"%64[^\"]", id), 1);
}

static void all_sockets_of_a_user_hear_the_coach(void **state)
{
        struct fixture *f = *state;
        struct peer one, two;

        peer_open(f, &one);
        peer_open(f, &two);
        peer_say(&one, ask_frame);
        atomic_store(&allowed_pieces, 1);
        assert_true(t_wait(peer_has(&one, "\"offset\":0,\"text\":\"word0 \""), WAIT_MS));
        assert_true(t_wait(peer_has(&two, "\"offset\":0,\"text\":\"word0 \""), WAIT_MS));
        atomic_store(&allowed_pieces, 2);
        assert_true(t_wait(peer_has(&two, "\"offset\":6,\"text\":\"word1 \""), WAIT_MS));
        atomic_store(&may_end, true);
        assert_true(t_wait(peer_has(&one, "coach_done") && peer_has(&two, "coach_done"), WAIT_MS));
        assert_int_equal(peer_count(&one, "\"type\":\"coach_done\""), 1);
        assert_int_equal(peer_count(&two, "\"type\":\"coach_done\""), 1);
        assert_int_equal(peer_count(&one, "\"response\":\"word0 word1 \""), 1);
        assert_int_equal(peer_count(&two, "\"response\":\"word0 word1 \""), 1);
        assert_int_equal(peer_count(&one, "\"client_message_id\":\"c1\""), 1);
        assert_true(peer_count(&two, "\"thread_id\":\"work\"") >= 3);
        ws_client_close(&one.client);
        ws_client_close(&two.client);
}

static void a_socket_cancels_what_it_asked(void **state)
{
        struct fixture *f = *state;
        struct peer p;
        char frame[256], id[65];

        peer_open(f, &p);
        peer_say(&p, ask_frame);
        atomic_store(&allowed_pieces, 1);
        assert_true(t_wait(peer_has(&p, "word0"), WAIT_MS));
        answer_of(&p, id);
        snprintf(frame, sizeof(frame), "{\"type\":\"coach_cancel\",\"answer_id\":\"%s\"}", id);
        uint64_t cancelled_ns = clock_mono_ns();
        peer_say(&p, frame);
        assert_true(t_wait(peer_has(&p, "\"type\":\"error\",\"code\":\"CANCELLED\""), WAIT_MS));
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        assert_true(atomic_load(&f->upstream.gone_ns) - cancelled_ns < SECOND_NS);
        assert_int_equal(peer_count(&p, "coach_done"), 0);
        peer_say(&p, "{\"type\":\"coach_cancel\",\"answer_id\":\"none\"}");
        assert_true(t_wait(peer_has(&p, "NOT_FOUND"), WAIT_MS));
        peer_say(&p, "{\"type\":\"coach_message\"}");
        assert_true(t_wait(peer_has(&p, "\"field\":\"content\""), WAIT_MS));
        ws_client_close(&p.client);
}

static void who_names_an_answer_can_end_it_before_the_first_word(void **state)
{
        struct fixture *f = *state;
        struct peer p;

        peer_open(f, &p);
        peer_say(&p, "{\"type\":\"coach_message\",\"content\":\"Well?\",\"answer_id\":\"mine\"}");
        assert_true(t_wait(atomic_load(&f->upstream.n_requests) == 1, WAIT_MS));
        json_decref(ask(f, f->human, "GET", "/api/coach/answers/mine", NULL, 200));
        peer_say(&p, "{\"type\":\"coach_message\",\"content\":\"Well?\",\"answer_id\":\"mine\"}");
        assert_true(t_wait(peer_has(&p, "ALREADY_EXISTS"), WAIT_MS));
        peer_say(&p, "{\"type\":\"coach_cancel\",\"answer_id\":\"mine\"}");
        assert_true(t_wait(peer_has(&p, "\"code\":\"CANCELLED\""), WAIT_MS));
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        peer_say(&p, "{\"type\":\"coach_message\",\"content\":\"Well?\",\"answer_id\":\"a b\"}");
        assert_true(t_wait(peer_has(&p, "\"field\":\"answer_id\""), WAIT_MS));
        ws_client_close(&p.client);
}

static void peer_close(const struct peer *p, uint16_t code)
{
        const uint8_t frame[] = {0x88, 0x82, 0, 0, 0, 0, (uint8_t)(code >> 8), (uint8_t)code};

        assert_int_equal(send(p->client.fd, frame, sizeof(frame), MSG_NOSIGNAL), sizeof(frame));
}

static void saying_goodbye_stops_the_upstream(void **state)
{
        struct fixture *f = *state;
        struct peer p;

        peer_open(f, &p);
        peer_say(&p, ask_frame);
        atomic_store(&allowed_pieces, 1);
        assert_true(t_wait(peer_has(&p, "word0"), WAIT_MS));
        uint64_t left_ns = clock_mono_ns();
        peer_close(&p, 1000);
        assert_true(t_wait(upstream_is_gone(f), WAIT_MS));
        assert_true(atomic_load(&f->upstream.gone_ns) - left_ns < SECOND_NS);
        ws_client_close(&p.client);
}

static void take_up_again(struct fixture *f, void (*leave)(struct peer *p))
{
        struct peer p, again;
        char path[128], id[65];

        peer_open(f, &p);
        peer_say(&p, ask_frame);
        atomic_store(&allowed_pieces, 2);
        assert_true(t_wait(peer_has(&p, "word1"), WAIT_MS));
        answer_of(&p, id);
        leave(&p);
        peer_open(f, &again);
        snprintf(path, sizeof(path), "/api/coach/answers/%s", id);
        json_t *part = ask(f, f->human, "GET", path, NULL, 200);
        assert_string_equal(text_of(part, "text"), "word0 word1 ");
        assert_true(json_is_false(json_object_get(part, "is_done")));
        json_decref(part);
        /* Said again and again until it is heard: the socket's subscription may not be there yet.
         */
        assert_true(t_wait((atomic_fetch_add(&allowed_pieces, 1), peer_has(&again, "coach_delta")),
                           WAIT_MS));
        atomic_store(&may_end, true);
        assert_true(t_wait(peer_has(&again, "coach_done"), WAIT_MS));
        assert_int_equal(peer_count(&again, "\"code\":\"OK\""), 1);
        assert_int_equal(atomic_load(&f->upstream.n_gone), 0);
        ws_client_close(&again.client);
}

static void break_off(struct peer *p)
{
        ws_client_close(&p->client);
}

static void a_broken_connection_is_taken_up_again(void **state)
{
        take_up_again(*state, break_off);
}

static bool has_ended(const struct peer *p)
{
        char rest[512];

        return recv(p->client.fd, rest, sizeof(rest), MSG_DONTWAIT) == 0;
}

static void load_anew(struct peer *p)
{
        peer_close(p, 1001);
        assert_true(t_wait(has_ended(p), WAIT_MS));
        ws_client_close(&p->client);
}

static void a_page_that_is_loaded_anew_takes_it_up_again(void **state)
{
        take_up_again(*state, load_anew);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(words_arrive_as_they_are_said),
                TEST(closing_the_connection_stops_the_upstream),
                TEST(closing_it_before_the_first_word_leaves_the_question),
                TEST(cancelling_ends_it_with_an_error),
                TEST(another_connection_resumes_in_the_middle),
                TEST(an_answer_that_has_ended_is_streamed_whole),
                TEST(a_deadline_stops_the_upstream),
                TEST(a_fourth_at_once_is_refused),
                TEST(a_service_that_dies_leaves_the_question_and_no_half_answer),
                TEST(a_key_is_used_and_never_shown),
                TEST(a_key_is_not_in_the_database_as_it_is),
                TEST(the_rate_is_the_administrators),
                TEST(all_sockets_of_a_user_hear_the_coach),
                TEST(a_socket_cancels_what_it_asked),
                TEST(who_names_an_answer_can_end_it_before_the_first_word),
                TEST(saying_goodbye_stops_the_upstream),
                TEST(a_broken_connection_is_taken_up_again),
                TEST(a_page_that_is_loaded_anew_takes_it_up_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
