/* service/coach: which endpoints users may name, which addresses are public, and when an endpoint
 * is left alone. */
#include "service/coach/address.h"
#include "service/coach/breaker.h"
#include "service/coach/endpoint.h"

#include "tests/support/t.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static void endpoints_of_the_right_form_pass(void **state)
{
        static const char *const good[] = {
                "https://api.openai.com/v1",
                "http://127.0.0.1:11434/v1",
                "http://[::1]:8080",
                "HTTPS://Example.ORG/a/b/",
                "https://example.org:8443/v1.5/x/",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                struct error err;

                assert_status(coach_endpoint_check(good[i], NULL, 0, &err), STATUS_OK);
        }
}

static void other_endpoints_are_refused(void **state)
{
        static const char *const bad[] = {
                "",
                "api.openai.com/v1",
                "ftp://example.org/",
                "file:///etc/passwd",
                "gopher://example.org",
                "https://",
                "https://user@example.org/",
                "https://user:pw@example.org/",
                "https://@example.org/",
                "https://example.org/v1?x=1",
                "https://example.org/v1?",
                "https://example.org/v1#x",
                "https://example.org/v1/../admin",
                "https://example.org/v1/%2e%2e/admin",
                "https://example.org/v1%2f..%2fadmin",
                "https://example.org\\@evil.org/",
                "https://example.org/a b",
                "https://example.org/\n",
                "https://ex\xc3\xa4mple.org/",
                "https://example.org:99999/",
        };
        char longest[ENDPOINT_MAX_BYTES + 2] = "https://example.org/";
        struct error err;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                if (coach_endpoint_check(bad[i], NULL, 0, &err) != STATUS_INVALID_ARGUMENT)
                        fail_msg("passed: %s", bad[i]);
                assert_string_equal(err.field, "endpoint");
        }
        memset(longest + 20, 'a', sizeof(longest) - 21);
        assert_status(coach_endpoint_check(longest, NULL, 0, &err), STATUS_INVALID_ARGUMENT);
        assert_non_null(strstr(err.text, "512 bytes"));
}

static void only_what_is_allowed_is_allowed(void **state)
{
        static const char *const allowed[] = {"https://api.openai.com", "http://10.0.0.7:11434/v1/",
                                              "nonsense"};
        static const char *const good[] = {
                "https://api.openai.com/v1",     "https://API.openai.com:443/v1",
                "https://api.openai.com",        "http://10.0.0.7:11434/v1",
                "http://10.0.0.7:11434/v1/more",
        };
        static const char *const bad[] = {
                "http://api.openai.com/v1",
                "https://api.openai.com:8443/v1",
                "https://api.openai.com.evil.org",
                "https://evil-api.openai.com",
                "https://openai.com",
                "http://10.0.0.7:11434",
                "http://10.0.0.7:11434/v10",
                "http://10.0.0.7/v1",
                "http://10.0.0.70:11434/v1",
                "https://api.openai.com./v1",
        };
        struct error err;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                if (coach_endpoint_check(good[i], allowed, ARRAY_SIZE(allowed), &err) != STATUS_OK)
                        fail_msg("refused: %s", good[i]);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                if (coach_endpoint_check(bad[i], allowed, ARRAY_SIZE(allowed), &err) !=
                    STATUS_PERMISSION_DENIED)
                        fail_msg("passed: %s", bad[i]);
                assert_string_equal(err.field, "endpoint");
                assert_int_equal(err.status, STATUS_PERMISSION_DENIED);
        }
        assert_status(coach_endpoint_check(good[0], allowed, 0, &err), STATUS_PERMISSION_DENIED);
}

static void an_endpoint_has_one_spelling(void **state)
{
        static const char *const same[] = {"https://Example.org/v1", "HTTPS://example.org:443/v1/",
                                           "https://EXAMPLE.ORG/v1//"};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
                struct error err;
                char *url;

                assert_status(endpoint_completions_url(same[i], &url, &err), STATUS_OK);
                assert_string_equal(url, "https://example.org:443/v1/chat/completions");
                free(url);
        }
}

static bool is_public(const char *text)
{
        struct sockaddr_storage address = {0};
        struct sockaddr_in *in = (struct sockaddr_in *)&address;
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;

        if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
                in->sin_family = AF_INET;
        } else {
                assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
                in6->sin6_family = AF_INET6;
        }
        return address_is_public((const struct sockaddr *)&address);
}

static void public_addresses_are_told_from_others(void **state)
{
        static const char *const open[] = {
                "1.1.1.1",      "8.8.8.8",      "9.255.255.255",  "11.0.0.0",
                "172.15.0.1",   "172.32.0.1",   "192.167.1.1",    "192.169.0.1",
                "100.63.0.1",   "100.128.0.1",  "169.253.0.1",    "223.255.255.255",
                "2606:4700::1", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
        };
        static const char *const closed[] = {
                "0.0.0.0",
                "0.1.2.3",
                "127.0.0.1",
                "127.255.255.254",
                "10.0.0.1",
                "10.255.255.255",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.0.1",
                "169.254.169.254",
                "100.64.0.1",
                "192.0.2.1",
                "198.18.0.1",
                "224.0.0.1",
                "239.1.1.1",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "fe80::1",
                "fec0::1",
                "fc00::1",
                "fd00:ec2::254",
                "ff02::1",
                "2001:db8::1",
                "2001::1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::ffff:169.254.169.254",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b:1::1",
                "2002:7f00:1::",
                "2002:a00:1::",
                "100::1",
        };
        struct sockaddr_un local = {.sun_family = AF_UNIX};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(open); i++)
                if (!is_public(open[i]))
                        fail_msg("taken for private: %s", open[i]);
        for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
                if (is_public(closed[i]))
                        fail_msg("taken for public: %s", closed[i]);
        assert_false(address_is_public((const struct sockaddr *)&local));
}

static struct breaker_set *new_breakers(unsigned max_failures, uint32_t open_ms)
{
        struct breaker_set *set = calloc(1, sizeof(*set));

        assert_non_null(set);
        set->max_failures = max_failures;
        set->open_ms = open_ms;
        return set;
}

static void free_breakers(struct breaker_set *set)
{
        breaker_set_deinit(set);
        free(set);
}

static void a_breaker_opens_after_failures_in_a_row(void **state)
{
        struct breaker_set *set = new_breakers(3, 30000);
        uint32_t wait_ms = 0;

        (void)state;
        for (int i = 0; i < 5; i++) {
                breaker_report(set, "a", BREAKER_FAILED);
                breaker_report(set, "a", BREAKER_FAILED);
                assert_true(breaker_admit(set, "a", &wait_ms));
                breaker_report(set, "a", BREAKER_WORKED);
        }
        breaker_report(set, "a", BREAKER_FAILED);
        breaker_report(set, "a", BREAKER_UNKNOWN);
        breaker_report(set, "a", BREAKER_FAILED);
        assert_true(breaker_admit(set, "a", &wait_ms));
        breaker_report(set, "a", BREAKER_FAILED);
        assert_false(breaker_admit(set, "a", &wait_ms));
        assert_in_range(wait_ms, 29000, 30000);
        assert_true(breaker_admit(set, "b", &wait_ms));
        free_breakers(set);
}

static void a_half_open_breaker_lets_one_through(void **state)
{
        struct breaker_set *set = new_breakers(1, 20);
        uint32_t wait_ms = 0;

        (void)state;
        breaker_report(set, "a", BREAKER_FAILED);
        assert_true(t_wait(breaker_admit(set, "a", &wait_ms), 5000));
        assert_false(breaker_admit(set, "a", &wait_ms));
        /* One that was cancelled leaves its place to the next. */
        breaker_report(set, "a", BREAKER_UNKNOWN);
        assert_true(breaker_admit(set, "a", &wait_ms));
        breaker_report(set, "a", BREAKER_FAILED);
        assert_false(breaker_admit(set, "a", &wait_ms));
        assert_true(t_wait(breaker_admit(set, "a", &wait_ms), 5000));
        breaker_report(set, "a", BREAKER_WORKED);
        assert_true(breaker_admit(set, "a", &wait_ms));
        assert_true(breaker_admit(set, "a", &wait_ms));
        free_breakers(set);
}

static void the_endpoint_used_longest_ago_is_forgotten(void **state)
{
        struct breaker_set *set = new_breakers(1, 30000);
        uint32_t wait_ms = 0;
        char name[16];

        (void)state;
        for (int i = 0; i < BREAKER_MAX_ENDPOINTS; i++) {
                snprintf(name, sizeof(name), "%d", i);
                breaker_report(set, name, BREAKER_FAILED);
        }
        assert_false(breaker_admit(set, "0", &wait_ms));
        breaker_report(set, "new", BREAKER_FAILED);
        assert_false(breaker_admit(set, "new", &wait_ms));
        assert_false(breaker_admit(set, "0", &wait_ms));
        assert_true(breaker_admit(set, "1", &wait_ms));
        assert_false(breaker_admit(set, "2", &wait_ms));
        free_breakers(set);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(endpoints_of_the_right_form_pass),
                cmocka_unit_test(other_endpoints_are_refused),
                cmocka_unit_test(only_what_is_allowed_is_allowed),
                cmocka_unit_test(an_endpoint_has_one_spelling),
                cmocka_unit_test(public_addresses_are_told_from_others),
                cmocka_unit_test(a_breaker_opens_after_failures_in_a_row),
                cmocka_unit_test(a_half_open_breaker_lets_one_through),
                cmocka_unit_test(the_endpoint_used_longest_ago_is_forgotten),
        };
        return !!cmocka_run_group_tests_name("coach_endpoint", tests, NULL, NULL);
}
