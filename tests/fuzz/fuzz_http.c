/* The gateway whole: what comes over a connection, and answers that no byte of it can reshape. The
 * first byte says which calls fail, the second what the others answer. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/gateway.h"

#include <string.h>
#include <strings.h>

static struct gateway *gateway;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc;
        (void)argv;
        gateway = gateway_setup();
        return 0;
}

/* Everything that the gateway or libmicrohttpd ever says. A header beyond these is somebody's who
 * got a line break into one. */
static bool is_known_header(const char *line)
{
        static const char *const names[] = {
                "Access-Control-Allow-Credentials",
                "Access-Control-Allow-Headers",
                "Access-Control-Allow-Methods",
                "Access-Control-Allow-Origin",
                "Access-Control-Expose-Headers",
                "Access-Control-Max-Age",
                "Allow",
                "Cache-Control",
                "Connection",
                "Content-Disposition",
                "Content-Encoding",
                "Content-Length",
                "Content-Security-Policy",
                "Content-Type",
                "Cross-Origin-Opener-Policy",
                "Cross-Origin-Resource-Policy",
                "Date",
                "ETag",
                "Keep-Alive",
                "Location",
                "Permissions-Policy",
                "Referrer-Policy",
                "Retry-After",
                "Sec-WebSocket-Accept",
                "Sec-WebSocket-Extensions",
                "Sec-WebSocket-Version",
                "Set-Cookie",
                "Strict-Transport-Security",
                "Transfer-Encoding",
                "Upgrade",
                "Vary",
                "WWW-Authenticate",
                "X-Accel-Buffering",
                "X-Content-Type-Options",
                "X-Frame-Options",
                "X-Request-Id",
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                size_t n = strlen(names[i]);

                if (strncasecmp(line, names[i], n) == 0 && line[n] == ':')
                        return true;
        }
        return false;
}

/* The first answer's head; what follows it depends on its length. */
static void check_head(char *answer)
{
        char *end = strstr(answer, "\r\n\r\n"), *rest = NULL;

        fuzz_must(strncmp(answer, "HTTP/1.", 7) == 0 && end);
        *end = '\0';
        strtok_r(answer, "\n", &rest);
        for (char *line; (line = strtok_r(NULL, "\n", &rest));) {
                if (!is_known_header(line))
                        fprintf(stderr, "what is this: %s\n", line);
                fuzz_must(is_known_header(line));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        AUTO_BUFFER answer = BUFFER_INIT;
        uint8_t failures = fuzz_byte(&data, &n), variant = fuzz_byte(&data, &n);

        client_script(failures, variant);
        gateway_http(gateway, data, n, &answer);
        if (answer.n_bytes > 0) {
                AUTO_FREE char *text = fuzz_text(answer.data, answer.n_bytes);
                check_head(text);
        }
        fuzz_must(gateway->server->body_bytes == 0 && gateway->server->n_polled == 0);
        return 0;
}
