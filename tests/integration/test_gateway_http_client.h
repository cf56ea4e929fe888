/* An HTTP client that sends exactly the bytes it is told to. Fails the running test when it cannot.
 */
#ifndef TESTS_INTEGRATION_TEST_GATEWAY_HTTP_CLIENT_H
#define TESTS_INTEGRATION_TEST_GATEWAY_HTTP_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Lines of headers. */
#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

struct answer {
        unsigned status; /* of the first answer; 0: none came */
        char *text; /* all that came, terminated */
        size_t n;
        const char *body; /* of the first answer, in text */
        unsigned long elapsed_ms;
};

/* url: "http://127.0.0.1:PORT". */
int http_connect(const char *url);
void http_send(int fd, const char *bytes, size_t n);
/* Reads until the other side closes. */
void http_read(int fd, struct answer *ret);
/* Connects, sends, reads until the end. */
void http_raw(const char *url, const char *bytes, size_t n, struct answer *ret);
/* One request with "Connection: close". headers: whole lines, each with its CRLF; body may be NULL.
 */
void http_request(const char *url, const char *verb, const char *path, const char *headers,
                  const char *body, struct answer *ret);
void answer_deinit(struct answer *a);
/* A fresh token of an account whose password is "password123". headers: as above. */
void http_sign_in(const char *url, const char *username, const char *headers, char *ret_token,
                  size_t size);

/* The value of a header of the first answer, to be freed; NULL when it is not there. */
char *answer_header(const struct answer *a, const char *name);
/* How often text is in the whole. */
unsigned answer_count(const struct answer *a, const char *text);
/* The body as JSON, to be released. */
json_t *answer_json(const struct answer *a);
/* Fails unless it is an error object of this code with this HTTP status. */
void answer_assert_error(const struct answer *a, unsigned status, const char *code);

#endif
