/* The opening handshake of a WebSocket (RFC 6455). */
#ifndef GATEWAY_HANDSHAKE_H
#define GATEWAY_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDSHAKE_ACCEPT_SIZE 29

/* The answer to Sec-WebSocket-Key, terminated. False when key is not 16 bytes in base64. */
bool handshake_accept(const char *key, char ret[static HANDSHAKE_ACCEPT_SIZE]);

/* Whether a comma-separated header ("keep-alive, Upgrade") names a token; capitals do not matter.
 */
bool handshake_has_token(const char *header, const char *token);

/* SHA-1 (FIPS 180-4), which the handshake asks for; good for nothing else today. At most 119 bytes.
 */
void handshake_sha1(const uint8_t *data, size_t n, uint8_t ret[static 20]);

#endif
