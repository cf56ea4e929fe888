#include "tests/integration/test_gateway_http_client.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000

int http_connect(const char *url)
{
        const char *colon = strrchr(url, ':');
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_non_null(colon);
        assert_true(fd >= 0);
        to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
        return fd;
}

void http_send(int fd, const char *bytes, size_t n)
{
        while (n > 0) {
                ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

                if (sent < 0)
                        return; /* refused halfway: the answer says why */
                bytes += sent;
                n -= (size_t)sent;
        }
}

void http_read(int fd, struct answer *ret)
{
        uint64_t started_ns = clock_mono_ns();
        size_t capacity = 64 * 1024;

        *ret = (struct answer){.text = malloc(capacity)};
        for (;;) {
                struct pollfd p = {.fd = fd, .events = POLLIN};

                assert_non_null(ret->text);
                if (poll(&p, 1, PATIENCE_MS) != 1)
                        fail_msg("the gateway neither answers nor closes: %.*s", (int)ret->n,
                                 ret->text);
                if (capacity - ret->n < 4096) {
                        capacity *= 2;
                        ret->text = realloc(ret->text, capacity);
                        assert_non_null(ret->text);
                }
                ssize_t n = recv(fd, ret->text + ret->n, capacity - ret->n - 1, 0);
                if (n <= 0)
                        break;
                ret->n += (size_t)n;
        }
        ret->text[ret->n] = '\0';
        ret->elapsed_ms = (unsigned long)((clock_mono_ns() - started_ns) / 1000000);
        sscanf(ret->text, "HTTP/1.1 %u", &ret->status);
        const char *end = strstr(ret->text, "\r\n\r\n");
        ret->body = end ? end + 4 : ret->text + ret->n;
}

void http_raw(const char *url, const char *bytes, size_t n, struct answer *ret)
{
        int fd = http_connect(url);

        http_send(fd, bytes, n);
        http_read(fd, ret);
        close(fd);
}

void http_request(const char *url, const char *verb, const char *path, const char *headers,
                  const char *body, struct answer *ret)
{
        char *text;
        int n = asprintf(&text,
                         "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s"
                         "Content-Length: %zu\r\n\r\n%s",
                         verb, path, url + strlen("http://"), headers, body ? strlen(body) : 0,
                         body ? body : "");

        assert_true(n > 0);
        http_raw(url, text, (size_t)n, ret);
        free(text);
}

void answer_deinit(struct answer *a)
{
        free(a->text);
        *a = (struct answer){0};
}

char *answer_header(const struct answer *a, const char *name)
{
        size_t n = strlen(name);

        for (const char *line = strstr(a->text, "\r\n"); line && line + 2 < a->body;
             line = strstr(line, "\r\n")) {
                line += 2;
                if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
                        const char *value = line + n + 1 + strspn(line + n + 1, " ");

                        return strndup(value, strcspn(value, "\r"));
                }
        }
        return NULL;
}

unsigned answer_count(const struct answer *a, const char *text)
{
        unsigned n = 0;

        for (const char *at = a->text; (at = strstr(at, text)); at += strlen(text))
                n++;
        return n;
}

/* The body without the marks of "Transfer-Encoding: chunked". */
static char *join_chunks(const struct answer *a)
{
        const char *at = a->body, *end = a->text + a->n;
        char *text = malloc(a->n + 1), *to = text;

        assert_non_null(text);
        for (;;) {
                char *data;
                unsigned long n = strtoul(at, &data, 16);

                if (data == at || data + 4 > end || n > (size_t)(end - data - 4))
                        fail_msg("the answer is cut");
                if (n == 0)
                        break;
                memcpy(to, data + 2, n);
                to += n;
                at = data + 2 + n + 2;
        }
        *to = '\0';
        return text;
}

json_t *answer_json(const struct answer *a)
{
        char *transfer = answer_header(a, "Transfer-Encoding");
        char *joined = transfer ? join_chunks(a) : NULL;
        json_t *json = json_loads(joined ? joined : a->body, JSON_REJECT_DUPLICATES, NULL);

        if (!json)
                fail_msg("no JSON: %s", a->text);
        free(joined);
        free(transfer);
        return json;
}

void answer_assert_error(const struct answer *a, unsigned status, const char *code)
{
        if (a->status != status)
                fail_msg("want %u %s, got: %s", status, code, a->text);
        json_t *json = answer_json(a);
        char *request_id = answer_header(a, "X-Request-Id");

        assert_string_equal(json_string_value(json_object_get(json, "code")), code);
        assert_true(json_is_string(json_object_get(json, "message")));
        assert_true(json_is_array(json_object_get(json, "details")));
        assert_non_null(request_id);
        assert_string_equal(json_string_value(json_object_get(json, "request_id")), request_id);
        free(request_id);
        json_decref(json);
}

void http_sign_in(const char *url, const char *username, const char *headers, char *ret_token,
                  size_t size)
{
        char form[512], body[256];
        struct answer a;

        snprintf(form, sizeof(form), FORM "%s", headers);
        snprintf(body, sizeof(body), "username=%s&password=password123", username);
        http_request(url, "POST", "/token", form, body, &a);
        assert_int_equal(a.status, 200);
        json_t *json = answer_json(&a);
        snprintf(ret_token, size, "%s", json_string_value(json_object_get(json, "access_token")));
        json_decref(json);
        answer_deinit(&a);
}
