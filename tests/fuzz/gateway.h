/* A gateway in this process whose service answers at once with messages that fit, made up here
 * (tests/fuzz/client.c stands in for libsocializer). One connection at a time. */
#ifndef TESTS_FUZZ_GATEWAY_H
#define TESTS_FUZZ_GATEWAY_H

#include "common/buffer.h"
#include "gateway/gateway.h"
#include "gateway/server.h"
#include "gateway/ws.h"

/* Of client.c: how calls end until it is set anew. 0: well; each bit that is set fails one of eight
 * calls, in turn. variant: of fill_message(). */
void client_script(uint8_t failures, unsigned variant);

struct gateway *gateway_setup(void);
/* Sends data on a connection of HTTP, or of WebSocket whose handshake is over, says that no more
 * comes, and runs until the gateway has closed it. What came back is appended. */
void gateway_http(struct gateway *g, const uint8_t *data, size_t n, struct buffer *ret);
void gateway_websocket(struct gateway *g, const uint8_t *data, size_t n, const char *cookie,
                       unsigned window_bits, struct buffer *ret);

#endif
