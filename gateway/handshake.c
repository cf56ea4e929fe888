#include "gateway/handshake.h"

#include "common/base64.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#define KEY_CHARS 24 /* 16 bytes in base64 */

static uint32_t rotate(uint32_t x, unsigned n)
{
        return x << n | x >> (32 - n);
}

static void sha1_block(uint32_t h[static 5], const uint8_t block[static 64])
{
        uint32_t w[80];
        uint32_t a = h[0];
        uint32_t b = h[1];
        uint32_t c = h[2];
        uint32_t d = h[3];
        uint32_t e = h[4];

        for (size_t i = 0; i < 16; i++)
                w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
        for (unsigned i = 16; i < 80; i++)
                w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);

        for (unsigned i = 0; i < 80; i++) {
                uint32_t f;
                uint32_t k;

                if (i < 20) {
                        f = (b & c) | (~b & d);
                        k = 0x5a827999;
                } else if (i < 40) {
                        f = b ^ c ^ d;
                        k = 0x6ed9eba1;
                } else if (i < 60) {
                        f = (b & c) | (b & d) | (c & d);
                        k = 0x8f1bbcdc;
                } else {
                        f = b ^ c ^ d;
                        k = 0xca62c1d6;
                }
                uint32_t next = rotate(a, 5) + f + e + k + w[i];
                e = d;
                d = c;
                c = rotate(b, 30);
                b = a;
                a = next;
        }
        h[0] += a;
        h[1] += b;
        h[2] += c;
        h[3] += d;
        h[4] += e;
}

void handshake_sha1(const uint8_t *data, size_t n, uint8_t ret[static 20])
{
        uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
        uint8_t padded[128] = {0};
        size_t n_padded = n < 56 ? 64 : 128;

        memcpy(padded, data, n);
        padded[n] = 0x80;
        padded[n_padded - 1] = (uint8_t)(n * 8);
        padded[n_padded - 2] = (uint8_t)(n * 8 >> 8);
        for (size_t at = 0; at < n_padded; at += 64)
                sha1_block(h, padded + at);
        for (unsigned i = 0; i < 20; i++)
                ret[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

bool handshake_accept(const char *key, char ret[static HANDSHAKE_ACCEPT_SIZE])
{
        static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        char text[KEY_CHARS + sizeof(guid)];
        uint8_t bytes[18];
        uint8_t digest[20];
        size_t n;

        if (strlen(key) != KEY_CHARS ||
            !base64_decode(sodium_base64_VARIANT_ORIGINAL, key, KEY_CHARS, bytes, sizeof(bytes),
                           &n) ||
            n != 16)
                return false;
        memcpy(text, key, KEY_CHARS);
        memcpy(text + KEY_CHARS, guid, sizeof(guid));
        handshake_sha1((const uint8_t *)text, sizeof(text) - 1, digest);
        sodium_bin2base64(ret, HANDSHAKE_ACCEPT_SIZE, digest, sizeof(digest),
                          sodium_base64_VARIANT_ORIGINAL);
        return true;
}

bool handshake_has_token(const char *header, const char *token)
{
        size_t n_token = strlen(token);

        for (const char *at = header; at && *at;) {
                at += strspn(at, ", \t");
                size_t n = strcspn(at, ", \t");

                if (n == n_token && strncasecmp(at, token, n) == 0)
                        return true;
                at += n;
        }
        return false;
}
