/* The small parsers of the gateway: addresses, cookies, origins, escapes, handshakes, sentences. */
#include "gateway/cookie.h"
#include "gateway/handshake.h"
#include "gateway/headers.h"
#include "gateway/origin.h"
#include "gateway/proxy.h"
#include "gateway/sse.h"
#include "gateway/static_files.h"
#include "gateway/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool decodes(const char *from, bool plus, const char *to)
{
        char text[64];

        snprintf(text, sizeof(text), "%s", from);
        return uri_decode(text, plus) && strcmp(text, to) == 0;
}

static void escapes_are_decoded_once(void **state)
{
        (void)state;
        assert_true(decodes("a%20b", false, "a b"));
        assert_true(decodes("a+b", false, "a+b"));
        assert_true(decodes("a+b", true, "a b"));
        assert_true(decodes("%2541", false, "%41"));
        assert_true(decodes("%F0%9f%98%80", false, "\xf0\x9f\x98\x80"));
}

static void pairs_come_in_order_and_end(void **state)
{
        char text[] = "&a=1&&b&c=x%3Dy=z&=v&";
        static const char *const want[][2] = {{"a", "1"}, {"b", ""}, {"c", "x=y=z"}, {"", "v"}};
        char *at = text;
        char *name;
        char *value;
        bool valid;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
                assert_true(uri_next_pair(&at, &name, &value, &valid));
                assert_true(valid);
                assert_string_equal(name, want[i][0]);
                assert_string_equal(value, want[i][1]);
        }
        assert_false(uri_next_pair(&at, &name, &value, &valid));
}

static void a_bad_escape_makes_a_pair_invalid(void **state)
{
        char text[] = "a=%zz&b=2";
        char *at = text;
        char *name;
        char *value;
        bool valid;

        (void)state;
        assert_true(uri_next_pair(&at, &name, &value, &valid));
        assert_false(valid);
        assert_true(uri_next_pair(&at, &name, &value, &valid));
        assert_true(valid);
        assert_string_equal(name, "b");
}

static bool cookie_is(const char *header, const char *want)
{
        size_t n;
        const char *value = cookie_find(header, "access_token", &n);

        return value && n == strlen(want) && memcmp(value, want, n) == 0;
}

static void a_cookie_is_found_by_its_whole_name(void **state)
{
        size_t n;

        (void)state;
        assert_true(cookie_is("access_token=abc", "abc"));
        assert_true(cookie_is("x=1; access_token=d=e ;y=2", "d=e"));
        assert_true(cookie_is("access_token=", ""));
        assert_null(cookie_find("my_access_token=abc", "access_token", &n));
        assert_null(cookie_find("access_tokens=abc", "access_token", &n));
        assert_null(cookie_find("", "access_token", &n));
        assert_null(cookie_find(";;;", "access_token", &n));
}

static void a_cookie_is_written_for_this_site_only(void **state)
{
        char text[128];

        (void)state;
        assert_true(cookie_write("abc", 60, true, text, sizeof(text)));
        assert_string_equal(text,
                            "access_token=abc; HttpOnly; SameSite=Lax; Path=/; Max-Age=60; Secure");
        assert_true(cookie_write("", 60, false, text, sizeof(text)));
        assert_string_equal(text, "access_token=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
        assert_false(cookie_write("abc", 60, true, text, 20));
}

static void an_origin_is_its_host(void **state)
{
        (void)state;
        assert_true(origin_is_host("http://localhost:8000", "localhost:8000"));
        assert_true(origin_is_host("https://Chat.example.org", "chat.example.org"));
        assert_true(origin_is_host("https://chat.example.org", "chat.example.org:443"));
        assert_false(origin_is_host("http://chat.example.org", "chat.example.org:443"));
        assert_false(origin_is_host("http://localhost:8000", "localhost:8001"));
        assert_false(origin_is_host("http://localhost:8000.evil.example", "localhost:8000"));
        assert_false(origin_is_host("null", "null"));
        assert_false(origin_is_host("http://", ""));
}

static void origins_are_checked_and_listed(void **state)
{
        static const char *const list[] = {"https://a.example", "*"};
        char origin[32];
        struct error error;

        (void)state;
        assert_int_equal(origin_check("https://a.example:8443", &error), STATUS_OK);
        assert_int_equal(origin_check("*", &error), STATUS_OK);
        assert_int_equal(origin_check("a.example", &error), STATUS_INVALID_ARGUMENT);
        assert_int_equal(origin_check("https://a.example/", &error), STATUS_INVALID_ARGUMENT);
        assert_true(origin_in_list("https://A.example", list, 2, false));
        assert_false(origin_in_list("https://b.example", list, 2, false));
        assert_true(origin_in_list("https://b.example", list, 2, true));
        assert_true(origin_of_url("https://a.example/b?c", origin, sizeof(origin)));
        assert_string_equal(origin, "https://a.example");
        assert_false(origin_of_url("about:blank", origin, sizeof(origin)));
}

static void check_client(const struct proxies *p, const char *peer, const char *forwarded,
                         const char *want)
{
        char text[PROXY_ADDR_SIZE];
        struct address address;
        struct address client;

        assert_true(address_parse(peer, &address));
        proxies_client(p, &address, forwarded, &client);
        address_format(&client, text);
        assert_string_equal(text, want);
}

static void only_trusted_proxies_say_where_a_request_came_from(void **state)
{
        struct proxies p = {.n = 0};
        struct error error;

        (void)state;
        assert_int_equal(proxies_add(&p, "10.0.0.0/8", &error), STATUS_OK);
        assert_int_equal(proxies_add(&p, "::1", &error), STATUS_OK);
        check_client(&p, "10.1.2.3", "203.0.113.7", "203.0.113.7");
        check_client(&p, "10.1.2.3", "1.1.1.1, 203.0.113.7", "203.0.113.7");
        check_client(&p, "10.1.2.3", "203.0.113.7, 10.9.9.9", "203.0.113.7");
        check_client(&p, "::1", "2001:db8::5", "2001:db8::5");
        check_client(&p, "11.1.2.3", "203.0.113.7", "11.1.2.3");
        check_client(&p, "10.1.2.3", NULL, "10.1.2.3");
        check_client(&p, "10.1.2.3", "nonsense", "10.1.2.3");
        check_client(&p, "10.1.2.3", ",,", "10.1.2.3");
}

static void bad_blocks_are_refused(void **state)
{
        static const char *const bad[] = {"",         "/8", "10.0.0.0/33", "10.0.0.0/",
                                          "10.0.0/8", "x",  "::1/129",     "10.0.0.0/8x"};
        struct proxies p = {.n = 0};
        struct error error;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(proxies_add(&p, bad[i], &error), STATUS_INVALID_ARGUMENT);
        assert_int_equal(p.n, 0);
}

static void a_handshake_is_answered_as_the_rfc_says(void **state)
{
        char accept[HANDSHAKE_ACCEPT_SIZE];

        (void)state;
        assert_true(handshake_accept("dGhlIHNhbXBsZSBub25jZQ==", accept));
        assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_false(handshake_accept("dGhlIHNhbXBsZSBub25j", accept));
        assert_false(handshake_accept("", accept));
        assert_false(handshake_accept("!!!!IHNhbXBsZSBub25jZQ==", accept));
}

static void sha1_is_sha1(void **state)
{
        static const uint8_t want[20] = {0x84, 0x98, 0x3e, 0x44, 0x1c, 0x3b, 0xd2,
                                         0x6e, 0xba, 0xae, 0x4a, 0xa1, 0xf9, 0x51,
                                         0x29, 0xe5, 0xe5, 0x46, 0x70, 0xf1};
        static const char text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        uint8_t digest[20];

        (void)state;
        handshake_sha1((const uint8_t *)text, sizeof(text) - 1, digest);
        assert_memory_equal(digest, want, 20);
}

static void a_token_is_found_in_a_list(void **state)
{
        (void)state;
        assert_true(handshake_has_token("keep-alive, Upgrade", "upgrade"));
        assert_false(handshake_has_token("keep-alive, Upgraded", "upgrade"));
        assert_false(handshake_has_token("", "upgrade"));
}

static void smuggling_is_found(void **state)
{
        const struct headers fine = {.host = "h", .content_length = "12"};
        const struct headers both = {
                .host = "h", .content_length = "1", .transfer_encoding = "chunked"};
        const struct headers twice = {.host = "h", .repeated = "Content-Length"};
        const struct headers odd = {.host = "h", .transfer_encoding = "gzip, chunked"};
        const struct headers signed_length = {.host = "h", .content_length = "+1"};
        const struct headers no_host = {.content_length = "1"};

        (void)state;
        assert_null(headers_fault(&fine, true));
        assert_non_null(headers_fault(&both, true));
        assert_non_null(headers_fault(&twice, true));
        assert_non_null(headers_fault(&odd, true));
        assert_non_null(headers_fault(&signed_length, true));
        assert_non_null(headers_fault(&no_host, true));
        assert_null(headers_fault(&no_host, false));
}

static void weights_decide_what_is_accepted(void **state)
{
        static const struct {
                const char *value;
                bool is_accepted;
        } cases[] = {
                {NULL, false},          {"", false},
                {"gzip", true},         {"br, GZIP;q=0.5", true},
                {"gzip;q=0", false},    {"gzip; q=0.000, br", false},
                {"gzip;q=0.001", true}, {"x-gzip", false},
                {"gzipped, br", false}, {"br;q=0, gzip", true},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct headers h = {.accept_encoding = cases[i].value};

                assert_int_equal(headers_accept_gzip(&h), cases[i].is_accepted);
        }
        assert_true(headers_accept_html(&(struct headers){.accept = "text/html,*/*;q=0.8"}));
        assert_false(headers_accept_html(&(struct headers){.accept = "*/*"}));
}

static void text_is_cut_after_sentences(void **state)
{
        (void)state;
        assert_int_equal(sse_sentence("One. Two."), 5);
        assert_int_equal(sse_sentence("Two."), 4);
        assert_int_equal(sse_sentence("3.5 is a number. Yes"), 17);
        assert_int_equal(sse_sentence("What?!  No"), 8);
        assert_int_equal(sse_sentence("line\nnext"), 5);
        assert_int_equal(sse_sentence("no end"), 6);
        assert_int_equal(sse_sentence(""), 0);
}

static void paths_stay_inside_the_folder(void **state)
{
        (void)state;
        assert_true(static_files_path_safe("/index.html"));
        assert_true(static_files_path_safe("/assets/a.b.js"));
        assert_false(static_files_path_safe("/../x"));
        assert_false(static_files_path_safe("/a/../../x"));
        assert_false(static_files_path_safe("/.git/config"));
        assert_false(static_files_path_safe("/a\\..\\x"));
        assert_false(static_files_path_safe("//etc/passwd"));
        assert_false(static_files_path_safe("x"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(escapes_are_decoded_once),
                cmocka_unit_test(pairs_come_in_order_and_end),
                cmocka_unit_test(a_bad_escape_makes_a_pair_invalid),
                cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
                cmocka_unit_test(a_cookie_is_written_for_this_site_only),
                cmocka_unit_test(an_origin_is_its_host),
                cmocka_unit_test(origins_are_checked_and_listed),
                cmocka_unit_test(only_trusted_proxies_say_where_a_request_came_from),
                cmocka_unit_test(bad_blocks_are_refused),
                cmocka_unit_test(a_handshake_is_answered_as_the_rfc_says),
                cmocka_unit_test(sha1_is_sha1),
                cmocka_unit_test(a_token_is_found_in_a_list),
                cmocka_unit_test(smuggling_is_found),
                cmocka_unit_test(weights_decide_what_is_accepted),
                cmocka_unit_test(text_is_cut_after_sentences),
                cmocka_unit_test(paths_stay_inside_the_folder),
        };

        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
