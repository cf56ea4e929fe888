#include "gateway/ws_frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define FIN          0x80u
#define RSV1         0x40u /* the message is compressed */
#define OPCODE_TEXT  0x1u
#define OPCODE_CLOSE 0x8u
#define OPCODE_PING  0x9u
#define MAX_HEAD     10
#define MAX_REASON   123

/* A frame with its head, which begins with first (flags and opcode), and room for n bytes, which
 * are at *ret_payload. */
static struct ws_frame *make(unsigned first, size_t n, uint8_t **ret_payload)
{
        struct ws_frame *f = malloc(sizeof(*f) + MAX_HEAD + n);
        uint8_t *at;

        if (!f)
                return NULL;
        at = f->bytes;
        *at++ = (uint8_t)first;
        if (n < 126) {
                *at++ = (uint8_t)n;
        } else if (n < 65536) {
                *at++ = 126;
                *at++ = (uint8_t)(n >> 8);
                *at++ = (uint8_t)n;
        } else {
                *at++ = 127;
                for (int shift = 56; shift >= 0; shift -= 8)
                        *at++ = (uint8_t)((uint64_t)n >> shift);
        }
        f->refs = 1;
        f->n_head = (uint8_t)(at - f->bytes);
        f->n_bytes = (uint32_t)(f->n_head + n);
        f->stays_plain = first != (FIN | OPCODE_TEXT);
        f->packed = NULL;
        *ret_payload = at;
        return f;
}

struct ws_frame *ws_frame_text(const struct buffer *text)
{
        uint8_t *payload;
        struct ws_frame *f;

        if (buffer_failed(text) || text->n_bytes > UINT32_MAX / 2)
                return NULL;
        f = make(FIN | OPCODE_TEXT, text->n_bytes, &payload);
        if (f && text->n_bytes > 0)
                memcpy(payload, text->data, text->n_bytes);
        return f;
}

struct ws_frame *ws_frame_ping(void)
{
        uint8_t *payload;

        return make(FIN | OPCODE_PING, 0, &payload);
}

struct ws_frame *ws_frame_close(uint16_t code, const char *reason)
{
        uint8_t *payload;
        size_t n = strnlen(reason, MAX_REASON);
        struct ws_frame *f = make(FIN | OPCODE_CLOSE, 2 + n, &payload);

        if (f) {
                payload[0] = (uint8_t)(code >> 8);
                payload[1] = (uint8_t)code;
                memcpy(payload + 2, reason, n);
        }
        return f;
}

struct ws_frame *ws_frame_raw(const void *data, size_t n)
{
        struct ws_frame *f = malloc(sizeof(*f) + n);

        if (f) {
                *f = (struct ws_frame){.refs = 1, .n_bytes = (uint32_t)n, .stays_plain = true};
                memcpy(f->bytes, data, n);
        }
        return f;
}

static struct ws_frame *pack(const struct ws_frame *f, struct ws_deflate *d)
{
        const uint8_t *data;
        uint8_t *payload;
        size_t n;
        struct ws_frame *packed;

        if (!ws_deflate_pack(d, f->bytes + f->n_head, f->n_bytes - f->n_head, &data, &n))
                return NULL;
        packed = make(FIN | RSV1 | OPCODE_TEXT, n, &payload);
        if (packed)
                memcpy(payload, data, n);
        return packed;
}

struct ws_frame *ws_frame_packed(struct ws_frame *f, struct ws_deflate *d, unsigned window_bits)
{
        size_t n = f->n_bytes - f->n_head;

        /* Nothing in a message reaches back further than to its beginning: one that fits into a
         * small window is good for it, whatever window it was compressed with. */
        if (f->stays_plain || n < WS_DEFLATE_MIN_BYTES ||
            (window_bits < WS_DEFLATE_WINDOW_BITS && n > 1u << window_bits))
                return f;
        if (!f->packed) {
                f->packed = pack(f, d);
                f->stays_plain = !f->packed;
        }
        return f->packed ? f->packed : f;
}

struct ws_frame *ws_frame_ref(struct ws_frame *f)
{
        f->refs++;
        return f;
}

void ws_frame_unref(struct ws_frame *f)
{
        if (!f || --f->refs > 0)
                return;
        ws_frame_unref(f->packed);
        free(f);
}

/* --- the queue --- */

static struct ws_frame **at(const struct ws_queue *q, uint32_t i)
{
        return &q->frames[(q->first + i) & (q->capacity - 1)];
}

static bool grow(struct ws_queue *q)
{
        uint32_t capacity = q->capacity ? q->capacity * 2 : 8;
        struct ws_frame **frames = malloc(capacity * sizeof(struct ws_frame *));

        if (!frames)
                return false;
        for (uint32_t i = 0; i < q->n; i++)
                frames[i] = *at(q, i);
        free(q->frames);
        q->frames = frames;
        q->capacity = capacity;
        q->first = 0;
        return true;
}

bool ws_queue_push(struct ws_queue *q, struct ws_frame *f)
{
        if (q->n == q->capacity && !grow(q))
                return false;
        q->n++;
        *at(q, q->n - 1) = ws_frame_ref(f);
        q->n_bytes += f->n_bytes;
        return true;
}

/* Gives the ring back when it is empty: most sockets are idle most of the time. */
static void shrink(struct ws_queue *q)
{
        if (q->n > 0)
                return;
        free(q->frames);
        *q = (struct ws_queue){0};
}

static void sent(struct ws_queue *q, size_t n)
{
        q->n_bytes -= n;
        q->first_sent += n;
        while (q->n > 0 && q->first_sent >= (*at(q, 0))->n_bytes) {
                q->first_sent -= (*at(q, 0))->n_bytes;
                ws_frame_unref(*at(q, 0));
                q->first = (q->first + 1) & (q->capacity - 1);
                q->n--;
        }
        shrink(q);
}

enum ws_written ws_queue_write(struct ws_queue *q, int fd)
{
        while (q->n > 0) {
                struct iovec iov[64];
                struct mmsghdr message = {.msg_hdr.msg_iov = iov};
                int n;

                for (uint32_t i = 0; i < q->n && i < ARRAY_SIZE(iov); i++) {
                        size_t skip = i == 0 ? q->first_sent : 0;

                        iov[i].iov_base = (*at(q, i))->bytes + skip;
                        iov[i].iov_len = (*at(q, i))->n_bytes - skip;
                        message.msg_hdr.msg_iovlen++;
                }
                /* Not sendmsg(): the guard of old nng releases takes that over, and hides that a
                 * peer has gone. */
                do
                        n = sendmmsg(fd, &message, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
                while (n < 0 && errno == EINTR);
                if (n < 0)
                        return errno == EAGAIN || errno == EWOULDBLOCK ? WS_WRITTEN_SOME
                                                                       : WS_WRITTEN_BROKEN;
                sent(q, message.msg_len);
        }
        return WS_WRITTEN_ALL;
}

void ws_queue_drop(struct ws_queue *q)
{
        uint32_t kept = q->first_sent > 0 ? 1 : 0;

        while (q->n > kept) {
                q->n_bytes -= (*at(q, q->n - 1))->n_bytes;
                ws_frame_unref(*at(q, q->n - 1));
                q->n--;
        }
        shrink(q);
}

void ws_queue_deinit(struct ws_queue *q)
{
        q->first_sent = 0;
        ws_queue_drop(q);
}
