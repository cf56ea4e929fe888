#include "service/auth/token.h"
#include "tests/support/t.h"

#include <sodium.h>
#include <string.h>

#define NOW 1800000000

static const uint8_t key[TOKEN_KEY_BYTES] = "0123456789abcdef0123456789abcdef";

/* {"alg":"HS256","typ":"JWT"} and {"sub":"12","username":"human","jti":"AAECAwQFBgcICQoLDA0ODw",
 * "iat":1799999000,"exp":1800001000}, signed with the key above by another program. */
static const char foreign[] =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        "eyJzdWIiOiIxMiIsInVzZXJuYW1lIjoiaHVtYW4iLCJqdGkiOiJBQUVDQXdRRkJnY0lDUW9MREEwT0R3IiwiaWF0Ij"
        "oxNzk5OTk5MDAwLCJleHAiOjE4MDAwMDEwMDB9.-_3SVujd8PxFVCTGfz_kkw5WyaHW72TjXC60XwA2lcE";

static struct frame_bytes bytes(const char *text)
{
        return (struct frame_bytes){(const uint8_t *)text, strlen(text)};
}

static enum status verify(const char *token)
{
        struct token_claims claims;

        return token_verify(key, bytes(token), NOW, &claims, NULL);
}

/* A token of any header and payload, correctly signed. */
static char *sign(struct arena *arena, const char *header, const char *payload)
{
        char h[256], p[4096], s[64];
        uint8_t mac[crypto_auth_hmacsha256_BYTES];
        const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

        sodium_bin2base64(h, sizeof(h), (const uint8_t *)header, strlen(header), variant);
        sodium_bin2base64(p, sizeof(p), (const uint8_t *)payload, strlen(payload), variant);
        char *content = arena_printf(arena, "%s.%s", h, p);
        crypto_auth_hmacsha256(mac, (const uint8_t *)content, strlen(content), key);
        sodium_bin2base64(s, sizeof(s), mac, sizeof(mac), variant);
        return arena_printf(arena, "%s.%s", content, s);
}

#define HEADER  "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define SUB     "\"sub\":\"12\",\"username\":\"human\""
#define JTI     "\"jti\":\"AAECAwQFBgcICQoLDA0ODw\""
#define EXP     "\"exp\":1800001000"
#define PAYLOAD "{" SUB "," JTI "," EXP "}"

static int setup(void **state)
{
        static struct arena arena;

        arena_init(&arena, 1024 * 1024);
        *state = &arena;
        return sodium_init() < 0 ? -1 : 0;
}

static int teardown(void **state)
{
        arena_deinit(*state);
        return 0;
}

static void a_token_says_what_was_put_into_it(void **state)
{
        struct token_claims claims = {
                .user_id = 9007199254740991,
                .username = "human",
                .jti = {1, 2, 3},
                .issued_at_s = NOW,
                .expires_at_s = NOW + 60,
        };
        struct token_claims got;
        const char *token;

        assert_int_equal(token_encode(key, &claims, *state, &token, NULL), STATUS_OK);
        assert_int_equal(token_verify(key, bytes(token), NOW, &got, NULL), STATUS_OK);
        assert_int_equal(got.user_id, claims.user_id);
        assert_string_equal(got.username, "human");
        assert_memory_equal(got.jti, claims.jti, sizeof(got.jti));
        assert_int_equal(got.issued_at_s, NOW);
        assert_int_equal(got.expires_at_s, NOW + 60);
}

static void a_token_that_another_program_signed_is_read(void **state)
{
        (void)state;
        const uint8_t jti[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
        struct token_claims got;

        assert_int_equal(token_verify(key, bytes(foreign), NOW, &got, NULL), STATUS_OK);
        assert_int_equal(got.user_id, 12);
        assert_string_equal(got.username, "human");
        assert_memory_equal(got.jti, jti, sizeof(jti));
}

static void a_token_of_another_key_is_refused(void **state)
{
        (void)state;
        uint8_t other[TOKEN_KEY_BYTES];
        struct token_claims got;
        struct error error = ERROR_INIT;

        memcpy(other, key, sizeof(other));
        other[31] ^= 1;
        assert_int_equal(token_verify(other, bytes(foreign), NOW, &got, &error),
                         STATUS_UNAUTHENTICATED);
        assert_string_equal(error.text, "log in again");
}

static void any_changed_character_is_refused(void **state)
{
        char *token = arena_strdup(*state, foreign);

        for (size_t i = 0; token[i]; i++) {
                char was = token[i];

                for (unsigned c = 1; c < 256; c++) {
                        token[i] = (char)c;
                        if (token[i] != was)
                                assert_int_equal(verify(token), STATUS_UNAUTHENTICATED);
                }
                token[i] = was;
        }
        assert_int_equal(verify(token), STATUS_OK);
}

static void every_truncation_and_any_junk_behind_is_refused(void **state)
{
        const char *const junk[] = {"A", "=", ".", " ", "\n", ".A", "===", "%"};
        size_t n = strlen(foreign);
        struct token_claims got;

        for (size_t i = 0; i < n; i++) {
                struct frame_bytes cut = {(const uint8_t *)foreign, i};

                assert_int_equal(token_verify(key, cut, NOW, &got, NULL), STATUS_UNAUTHENTICATED);
        }
        for (size_t i = 0; i < ARRAY_SIZE(junk); i++)
                assert_int_equal(verify(arena_printf(*state, "%s%s", foreign, junk[i])),
                                 STATUS_UNAUTHENTICATED);
        /* A NUL behind it, too. */
        assert_int_equal(token_verify(key, (struct frame_bytes){(const uint8_t *)foreign, n + 1},
                                      NOW, &got, NULL),
                         STATUS_UNAUTHENTICATED);
}

static void other_algorithms_and_extensions_are_refused(void **state)
{
        const char *const headers[] = {
                "{\"alg\":\"none\"}",
                "{\"alg\":\"None\",\"typ\":\"JWT\"}",
                "{\"alg\":\"hs256\"}",
                "{\"alg\":\"HS512\"}",
                "{\"alg\":\"RS256\"}",
                "{\"typ\":\"JWT\"}",
                "{\"alg\":[\"HS256\"]}",
                "{\"alg\":\"none\",\"alg\":\"HS256\"}",
                "{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
                "{\"alg\":\"HS256\",\"typ\":1}",
                "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
                "{\"alg\":\"HS256\",\"crit\":null}",
                "[\"HS256\"]",
                "\"HS256\"",
                "",
        };

        assert_int_equal(verify(sign(*state, HEADER, PAYLOAD)), STATUS_OK);
        assert_int_equal(verify(sign(*state, "{\"alg\":\"HS256\",\"kid\":\"1\"}", PAYLOAD)),
                         STATUS_OK);
        for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
                assert_int_equal(verify(sign(*state, headers[i], PAYLOAD)), STATUS_UNAUTHENTICATED);
}

static void an_unsigned_token_is_refused(void **state)
{
        (void)state;
        /* {"alg":"none"} and the claims above, with no signature. */
        assert_int_equal(verify("eyJhbGciOiJub25lIn0."
                                "eyJzdWIiOiIxMiIsInVzZXJuYW1lIjoiaHVtYW4ifQ."),
                         STATUS_UNAUTHENTICATED);
        assert_int_equal(verify("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMiJ9"), STATUS_UNAUTHENTICATED);
}

static void bad_claims_are_refused(void **state)
{
        const char *const payloads[] = {
                "{" SUB "," JTI "}", /* never expires */
                "{" SUB "," JTI ",\"exp\":1800000000}", /* expires now */
                "{" SUB "," JTI ",\"exp\":\"1800001000\"}",
                "{" SUB "," JTI ",\"exp\":1800001000.5}",
                "{" SUB "," JTI ",\"exp\":-1}",
                "{" SUB "," JTI "," EXP ",\"nbf\":1800000001}",
                "{" SUB "," JTI "," EXP ",\"exp\":1900000000}",
                "{" SUB "," EXP "}",
                "{" SUB ",\"jti\":\"AAECAwQFBgcICQoLDA0O\"," EXP "}",
                "{" SUB ",\"jti\":\"AAECAwQFBgcICQoLDA0ODxA\"," EXP "}",
                "{" SUB ",\"jti\":7," EXP "}",
                "{\"username\":\"human\"," JTI "," EXP "}",
                "{\"sub\":12,\"username\":\"human\"," JTI "," EXP "}",
                "{\"sub\":\"0\",\"username\":\"human\"," JTI "," EXP "}",
                "{\"sub\":\"-12\",\"username\":\"human\"," JTI "," EXP "}",
                "{\"sub\":\"012\",\"username\":\"human\"," JTI "," EXP "}",
                "{\"sub\":\"12 \",\"username\":\"human\"," JTI "," EXP "}",
                "{\"sub\":\"99999999999999999999\",\"username\":\"human\"," JTI "," EXP "}",
                "{\"sub\":\"12\"," JTI "," EXP "}",
                "[]",
                "{" SUB "," JTI "," EXP "} x",
        };

        for (size_t i = 0; i < ARRAY_SIZE(payloads); i++)
                assert_int_equal(verify(sign(*state, HEADER, payloads[i])), STATUS_UNAUTHENTICATED);
}

static void an_oversized_token_is_refused(void **state)
{
        char filler[2048];

        memset(filler, 'x', sizeof(filler));
        filler[1000] = '\0';
        assert_int_equal(verify(sign(*state, HEADER,
                                     arena_printf(*state, "{" SUB "," JTI "," EXP ",\"x\":\"%s\"}",
                                                  filler))),
                         STATUS_OK);
        filler[1000] = 'x';
        filler[2047] = '\0';
        assert_int_equal(verify(sign(*state, HEADER,
                                     arena_printf(*state, "{" SUB "," JTI "," EXP ",\"x\":\"%s\"}",
                                                  filler))),
                         STATUS_UNAUTHENTICATED);
        assert_int_equal(verify(""), STATUS_UNAUTHENTICATED);
        assert_int_equal(verify(".."), STATUS_UNAUTHENTICATED);
        assert_int_equal(verify("a.b.c.d"), STATUS_UNAUTHENTICATED);
}

static void no_memory_is_an_error_and_not_half_a_token(void **state)
{
        struct token_claims claims = {.user_id = 1, .username = "human", .expires_at_s = NOW + 1};
        const char *token = NULL;

        for (unsigned n = 1; n < 20; n++) {
                arena_fail_after(n);
                enum status st = token_encode(key, &claims, *state, &token, NULL);
                arena_fail_after(0);
                if (st == STATUS_OK)
                        break;
                assert_int_equal(st, STATUS_RESOURCE_EXHAUSTED);
                assert_null(token);
        }
        assert_non_null(token);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_token_says_what_was_put_into_it),
                cmocka_unit_test(a_token_that_another_program_signed_is_read),
                cmocka_unit_test(a_token_of_another_key_is_refused),
                cmocka_unit_test(any_changed_character_is_refused),
                cmocka_unit_test(every_truncation_and_any_junk_behind_is_refused),
                cmocka_unit_test(other_algorithms_and_extensions_are_refused),
                cmocka_unit_test(an_unsigned_token_is_refused),
                cmocka_unit_test(bad_claims_are_refused),
                cmocka_unit_test(an_oversized_token_is_refused),
                cmocka_unit_test(no_memory_is_an_error_and_not_half_a_token),
        };

        return !!cmocka_run_group_tests(tests, setup, teardown);
}
