/* The small parsers, of which the first byte chooses one: what is in headers of HTTP, in addresses,
 * in page tokens, in access tokens. */
#include "tests/fuzz/fuzz.h"

#include "common/wire.h"
#include "gateway/cookie.h"
#include "gateway/deflate_offer.h"
#include "gateway/handshake.h"
#include "gateway/origin.h"
#include "gateway/proxy.h"
#include "gateway/static_files.h"
#include "gateway/uri.h"
#include "service/api/wire.h"
#include "service/auth/token.h"
#include "service/coach/endpoint.h"

#include <string.h>

#define ARENA_BYTES (1u << 20)

static void escapes(char *text)
{
        char *at = text, *name, *value;
        bool valid;

        while (uri_next_pair(&at, &name, &value, &valid)) {
                if (valid)
                        fuzz_must(wire_utf8_valid(name, strlen(name)) &&
                                  wire_utf8_valid(value, strlen(value)));
        }
}

static void path(char *text)
{
        if (uri_decode(text, false))
                fuzz_must(wire_utf8_valid(text, strlen(text)));
        if (static_files_path_safe(text))
                fuzz_must(!strstr(text, "..") || !strstr(text, "/.."));
}

static void cookie(char *text)
{
        char header[4096];
        size_t n = 0;
        const char *value = cookie_find(text, COOKIE_TOKEN, &n);

        if (value)
                fuzz_must(value >= text && value + n <= text + strlen(text));
        if (cookie_write(text, 60, true, header, sizeof(header)))
                fuzz_must(strlen(header) < sizeof(header));
}

static void offer(char *text)
{
        struct deflate_offer offer = {0};

        if (!deflate_offer_accept(text, &offer) || offer.window_bits == 0)
                return;
        fuzz_must(offer.window_bits >= 8 && offer.window_bits <= 15);
        fuzz_must(strlen(offer.answer) < sizeof(offer.answer));
        fuzz_must(!strpbrk(offer.answer, "\r\n"));
}

static void handshake(char *text)
{
        char accept[HANDSHAKE_ACCEPT_SIZE];

        if (handshake_accept(text, accept))
                fuzz_must(strlen(accept) == HANDSHAKE_ACCEPT_SIZE - 1);
        handshake_has_token(text, "upgrade");
}

/* An origin is that of the host that it names, and no other's. */
static void origin(char *text)
{
        char of_url[256];
        struct error error = ERROR_INIT;
        enum status st = origin_check(text, &error);

        fuzz_check_error(st, &error);
        if (origin_of_url(text, of_url, sizeof(of_url)))
                fuzz_must(strlen(of_url) < sizeof(of_url) &&
                          strncmp(of_url, text, strlen(of_url)) == 0);
        origin_is_host(text, "chat.example.org");
        if (origin_is_host(text, "a.example"))
                fuzz_must(!origin_is_host(text, "b.example"));
}

static void proxy(char *text)
{
        struct proxies proxies = {0};
        struct address peer, client;
        char written[PROXY_ADDR_SIZE];
        struct error error = ERROR_INIT;

        fuzz_must(address_parse("127.0.0.1", &peer));
        fuzz_must(proxies_add(&proxies, "127.0.0.0/8", &error) == STATUS_OK);
        proxies_client(&proxies, &peer, text, &client);
        address_format(&client, written);
        fuzz_must(address_parse(written, &client));
        enum status st = proxies_add(&proxies, text, &error);
        fuzz_check_error(st, &error);
}

/* What is taken for a token of ours is the token of its number. */
static void page_token(char *text)
{
        AUTO_ARENA arena;
        struct error error = ERROR_INIT;
        int64_t id = -1;
        enum status st = wire_parse_page_token(text, &id, &error);

        arena_init(&arena, ARENA_BYTES);
        fuzz_check_error(st, &error);
        if (st != STATUS_OK || !*text)
                return;
        fuzz_must(id > 0);
        const char *again = wire_page_token(&arena, id);
        fuzz_must(again && strcmp(again, text) == 0);
}

/* Nobody guesses a token; whoever knows the key gets in only with one that is whole. */
static void access_token(char *text)
{
        static const uint8_t key[TOKEN_KEY_BYTES] = "a key that the fuzzer does see.";
        struct frame_bytes token = {(uint8_t *)text, strlen(text)};
        struct token_claims claims;
        struct error error = ERROR_INIT;
        enum status st = token_verify(key, token, 1795428000, &claims, &error);

        fuzz_check_error(st, &error);
        if (st == STATUS_OK)
                fuzz_must(claims.user_id > 0 && claims.expires_at_s > 1795428000);
}

/* However a user spells it, what is asked is what administrators allow. */
static void endpoint(char *text)
{
        static const char *const allowed[] = {"https://api.example.org/v1",
                                              "http://10.0.0.7:11434"};
        struct error error = ERROR_INIT;
        char *url = NULL;
        enum status st = endpoint_completions_url(text, &url, &error);

        fuzz_check_error(st, &error);
        if (st == STATUS_OK)
                fuzz_must(url && !strpbrk(url, "\r\n "));
        st = coach_endpoint_check(text, allowed, ARRAY_SIZE(allowed), &error);
        fuzz_check_error(st, &error);
        if (st == STATUS_OK)
                fuzz_must(url &&
                          (strncmp(url, "https://api.example.org:443/v1/", 31) == 0 ||
                           strncmp(url, "http://10.0.0.7:11434/", 22) == 0) &&
                          !strstr(url, "/../") && !strcasestr(url, "/%2e%2e/"));
        free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        static void (*const parsers[])(char *text) = {escapes,      path,    cookie, offer,
                                                      handshake,    origin,  proxy,  page_token,
                                                      access_token, endpoint};
        /* A letter, so that a corpus can be read: 'a' is the first. */
        unsigned which = fuzz_byte(&data, &n) - (unsigned)'a';
        AUTO_FREE char *text = fuzz_text(data, n);

        if (which < ARRAY_SIZE(parsers))
                parsers[which](text);
        return 0;
}
