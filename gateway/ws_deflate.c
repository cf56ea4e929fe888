#include "gateway/ws_deflate.h"

#include <limits.h>

/* Chosen by measurement: docs/performance.md. */
#define LEVEL        1
#define MEMORY_LEVEL 4

/* Negative: without the head and the checksum of zlib's own format. */
#define RAW_WINDOW_BITS (-WS_DEFLATE_WINDOW_BITS)

/* An empty stored block ends what is flushed. The sender leaves its last four bytes out. */
static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};

void ws_deflate_deinit(struct ws_deflate *d)
{
        if (d->can_pack)
                deflateEnd(&d->packer);
        if (d->can_unpack)
                inflateEnd(&d->unpacker);
        buffer_deinit(&d->packed);
        buffer_deinit(&d->unpacked);
        *d = (struct ws_deflate){0};
}

static bool begin_packing(struct ws_deflate *d)
{
        if (d->can_pack)
                return deflateReset(&d->packer) == Z_OK;
        d->can_pack = deflateInit2(&d->packer, LEVEL, Z_DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL,
                                   Z_DEFAULT_STRATEGY) == Z_OK;
        return d->can_pack;
}

bool ws_deflate_pack(struct ws_deflate *d, const void *data, size_t n, const uint8_t **ret,
                     size_t *ret_n)
{
        z_stream *z = &d->packer;
        size_t room = n + sizeof(tail);

        buffer_clear(&d->packed);
        if (n > UINT_MAX / 2 || !buffer_reserve(&d->packed, room) || !begin_packing(d))
                return false;
        z->next_in = data;
        z->avail_in = (uInt)n;
        z->next_out = d->packed.data;
        z->avail_out = (uInt)room;
        /* With room left it has flushed everything, and the message has become shorter. */
        if (deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_out == 0)
                return false;
        d->packed.n_bytes = room - z->avail_out - sizeof(tail);
        *ret = d->packed.data;
        *ret_n = d->packed.n_bytes;
        return true;
}

static bool begin_unpacking(struct ws_deflate *d)
{
        if (d->can_unpack)
                return inflateReset(&d->unpacker) == Z_OK;
        d->can_unpack = inflateInit2(&d->unpacker, RAW_WINDOW_BITS) == Z_OK;
        return d->can_unpack;
}

/* Feeds a part of the message. *ret_ended: the stream has ended with it; where one ends before
 * that, another may follow. */
static enum ws_unpacked unpack_part(z_stream *z, const uint8_t *data, size_t n, bool *ret_ended)
{
        z->next_in = data;
        z->avail_in = (uInt)n;
        *ret_ended = false;
        while (z->avail_in > 0) {
                switch (inflate(z, Z_SYNC_FLUSH)) {
                case Z_OK:
                        break;
                case Z_STREAM_END:
                        *ret_ended = z->avail_in == 0;
                        if (!*ret_ended)
                                inflateReset(z);
                        break;
                case Z_MEM_ERROR:
                        return WS_UNPACKED_NO_MEMORY;
                default:
                        return WS_UNPACKED_BROKEN;
                }
                if (z->avail_out == 0)
                        return WS_UNPACKED_TOO_BIG;
        }
        return WS_UNPACKED;
}

/* Whether zlib stands behind a whole block, with no bit of the next one read. */
static bool is_between_blocks(const z_stream *z)
{
        return z->data_type == 128;
}

enum ws_unpacked ws_deflate_unpack(struct ws_deflate *d, const void *data, size_t n, size_t max,
                                   const uint8_t **ret, size_t *ret_n)
{
        z_stream *z = &d->unpacker;
        size_t room = max + 1; /* it is too big when that is full */
        enum ws_unpacked result;
        bool ended;

        buffer_clear(&d->unpacked);
        if (n > UINT_MAX || room > UINT_MAX || !buffer_reserve(&d->unpacked, room) ||
            !begin_unpacking(d))
                return WS_UNPACKED_NO_MEMORY;
        z->next_out = d->unpacked.data;
        z->avail_out = (uInt)room;
        result = unpack_part(z, data, n, &ended);
        if (result == WS_UNPACKED && !ended) {
                result = unpack_part(z, tail, sizeof(tail), &ended);
                if (result == WS_UNPACKED && (ended || !is_between_blocks(z)))
                        result = WS_UNPACKED_BROKEN;
        }
        if (result != WS_UNPACKED)
                return result;
        d->unpacked.n_bytes = room - z->avail_out;
        *ret = d->unpacked.data;
        *ret_n = d->unpacked.n_bytes;
        return WS_UNPACKED;
}
