#include "service/auth/token.h"

#include "common/base64.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
/* Of 16 bytes, with the terminator. */
#define JTI_TEXT_BYTES sodium_base64_ENCODED_LEN(TOKEN_JTI_BYTES, BASE64)

static const char header_json[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

static void json_free(json_t **json)
{
        json_decref(*json);
}

#define AUTO_JSON CLEANUP(json_free) json_t

enum status token_refuse(struct error *reterr)
{
        return error_set(reterr, STATUS_UNAUTHENTICATED, "log in again");
}

static enum status no_memory(struct error *reterr)
{
        return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");
}

static char *encode_base64(struct arena *arena, const void *data, size_t n)
{
        size_t size = sodium_base64_encoded_len(n, BASE64);
        char *text = arena_alloc(arena, size);

        return text ? sodium_bin2base64(text, size, data, n, BASE64) : NULL;
}

static char *claims_json(const struct token_claims *claims)
{
        char sub[24], jti[JTI_TEXT_BYTES];

        snprintf(sub, sizeof(sub), "%" PRId64, claims->user_id);
        sodium_bin2base64(jti, sizeof(jti), claims->jti, sizeof(claims->jti), BASE64);

        AUTO_JSON *json = json_pack(
                "{s:s, s:s, s:s, s:I, s:I}", "sub", sub, "username", claims->username, "jti", jti,
                "iat", (json_int_t)claims->issued_at_s, "exp", (json_int_t)claims->expires_at_s);
        return json ? json_dumps(json, JSON_COMPACT) : NULL;
}

enum status token_encode(const uint8_t key[static TOKEN_KEY_BYTES],
                         const struct token_claims *claims, struct arena *arena, const char **ret,
                         struct error *reterr)
{
        uint8_t signature[crypto_auth_hmacsha256_BYTES];
        AUTO_FREE char *payload_json = claims_json(claims);
        if (!payload_json)
                return no_memory(reterr);

        const char *header = encode_base64(arena, header_json, strlen(header_json));
        const char *payload = encode_base64(arena, payload_json, strlen(payload_json));
        const char *content =
                header && payload ? arena_printf(arena, "%s.%s", header, payload) : NULL;
        if (!content)
                return no_memory(reterr);

        crypto_auth_hmacsha256(signature, (const uint8_t *)content, strlen(content), key);
        const char *mac = encode_base64(arena, signature, sizeof(signature));
        const char *token = mac ? arena_printf(arena, "%s.%s", content, mac) : NULL;
        if (!token)
                return no_memory(reterr);
        *ret = token;
        return STATUS_OK;
}

/* Exactly n bytes of base64url. */
static bool decode_exactly(const char *text, size_t n_text, uint8_t *ret, size_t n)
{
        size_t n_decoded;

        return base64_decode(BASE64, text, n_text, ret, n, &n_decoded) && n_decoded == n;
}

/* One part of the token as a JSON object; NULL when it is none. */
static json_t *decode_part(const char *text, size_t n_text)
{
        char json[FRAME_MAX_TOKEN_BYTES];
        size_t n;

        if (!base64_decode(BASE64, text, n_text, json, sizeof(json), &n))
                return NULL;
        return json_loadb(json, n, JSON_REJECT_DUPLICATES, NULL);
}

static bool header_is_ours(const json_t *header)
{
        const char *alg = json_string_value(json_object_get(header, "alg"));
        const json_t *typ = json_object_get(header, "typ");

        if (!alg || strcmp(alg, "HS256") != 0)
                return false;
        if (typ && (!json_is_string(typ) || strcasecmp(json_string_value(typ), "JWT") != 0))
                return false;
        /* An extension that must be understood: none is. */
        return !json_object_get(header, "crit");
}

static bool parse_user_id(const char *text, int64_t *ret)
{
        char canonical[24];
        int64_t id = text ? strtoll(text, NULL, 10) : 0;

        snprintf(canonical, sizeof(canonical), "%" PRId64, id);
        if (id <= 0 || strcmp(canonical, text) != 0)
                return false;
        *ret = id;
        return true;
}

static bool read_claims(const json_t *payload, int64_t now_s, struct token_claims *ret)
{
        const char *username = json_string_value(json_object_get(payload, "username"));
        const char *jti = json_string_value(json_object_get(payload, "jti"));
        const json_t *expires = json_object_get(payload, "exp");
        const json_t *not_before = json_object_get(payload, "nbf");

        if (!parse_user_id(json_string_value(json_object_get(payload, "sub")), &ret->user_id))
                return false;
        if (!jti || !decode_exactly(jti, strlen(jti), ret->jti, sizeof(ret->jti)))
                return false;
        if (!username || strlen(username) >= sizeof(ret->username))
                return false;
        if (!json_is_integer(expires) || json_integer_value(expires) <= now_s)
                return false;
        if (not_before && (!json_is_integer(not_before) || json_integer_value(not_before) > now_s))
                return false;
        snprintf(ret->username, sizeof(ret->username), "%s", username);
        ret->issued_at_s = json_integer_value(json_object_get(payload, "iat"));
        ret->expires_at_s = json_integer_value(expires);
        return true;
}

enum status token_verify(const uint8_t key[static TOKEN_KEY_BYTES], struct frame_bytes token,
                         int64_t now_s, struct token_claims *ret, struct error *reterr)
{
        const char *text = (const char *)token.data;
        struct token_claims claims;
        uint8_t signature[crypto_auth_hmacsha256_BYTES];

        if (token.n_bytes == 0 || token.n_bytes > FRAME_MAX_TOKEN_BYTES)
                return token_refuse(reterr);
        const char *dot1 = memchr(text, '.', token.n_bytes);
        const char *dot2 = memrchr(text, '.', token.n_bytes);
        /* A third dot is no base64, so the parts need not be searched for one. */
        if (!dot1 || dot1 == dot2)
                return token_refuse(reterr);

        /* Nothing of the token is read before its signature holds. */
        if (!decode_exactly(dot2 + 1, (size_t)(text + token.n_bytes - dot2 - 1), signature,
                            sizeof(signature)) ||
            crypto_auth_hmacsha256_verify(signature, token.data, (size_t)(dot2 - text), key) != 0)
                return token_refuse(reterr);

        AUTO_JSON *header = decode_part(text, (size_t)(dot1 - text));
        AUTO_JSON *payload = decode_part(dot1 + 1, (size_t)(dot2 - dot1 - 1));
        if (!header_is_ours(header) || !read_claims(payload, now_s, &claims))
                return token_refuse(reterr);
        *ret = claims;
        return STATUS_OK;
}
