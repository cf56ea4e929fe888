/* Messages of WebSockets, compressed and back (permessage-deflate, RFC 7692). Each begins without
 * a context, so one pair of zlib's streams serves every socket of the loop's thread. */
#ifndef GATEWAY_WS_DEFLATE_H
#define GATEWAY_WS_DEFLATE_H

#define ZLIB_CONST /* what zlib reads, it does not write */

#include "common/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/* Shorter messages are sent as they are: docs/performance.md. */
#define WS_DEFLATE_MIN_BYTES 256

/* What is made here inflates with a window of 2^this bytes, the largest there is. */
#define WS_DEFLATE_WINDOW_BITS 15

/* All zeroes to begin with; zlib's memory comes with the first message. */
struct ws_deflate {
        z_stream packer, unpacker;
        bool can_pack, can_unpack;
        struct buffer packed, unpacked; /* the last message of each */
};

enum ws_unpacked {
        WS_UNPACKED,
        WS_UNPACKED_BROKEN, /* no deflated data, or cut off */
        WS_UNPACKED_TOO_BIG,
        WS_UNPACKED_NO_MEMORY,
};

void ws_deflate_deinit(struct ws_deflate *d);
/* Compresses a message. *ret lives until the next one. False: it would be no shorter, or there is
 * no memory. */
bool ws_deflate_pack(struct ws_deflate *d, const void *data, size_t n, const uint8_t **ret,
                     size_t *ret_n) MUST_CHECK;
/* The other way, as long as it makes no more than max bytes. */
enum ws_unpacked ws_deflate_unpack(struct ws_deflate *d, const void *data, size_t n, size_t max,
                                   const uint8_t **ret, size_t *ret_n) MUST_CHECK;

#endif
