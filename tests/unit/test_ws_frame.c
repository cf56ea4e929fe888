#include "gateway/ws_frame.h"

#include "tests/support/t.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static struct ws_frame *text_frame(size_t n)
{
        AUTO_BUFFER text = BUFFER_INIT;

        for (size_t i = 0; i < n; i++)
                buffer_append_char(&text, (char)('a' + i % 26));
        return ws_frame_text(&text);
}

static void a_length_takes_as_many_bytes_as_it_needs(void **state)
{
        (void)state;
        static const struct {
                size_t n, n_head;
                uint8_t second;
        } cases[] = {{0, 2, 0}, {125, 2, 125}, {126, 4, 126}, {65535, 4, 126}, {65536, 10, 127}};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct ws_frame *f = text_frame(cases[i].n);

                assert_non_null(f);
                assert_int_equal(f->n_bytes, cases[i].n + cases[i].n_head);
                assert_int_equal(f->bytes[0], 0x81);
                assert_int_equal(f->bytes[1], cases[i].second);
                if (cases[i].n > 0)
                        assert_int_equal(f->bytes[cases[i].n_head], 'a');
                ws_frame_unref(f);
        }
}

static void a_close_frame_has_code_and_reason(void **state)
{
        (void)state;
        struct ws_frame *f = ws_frame_close(4003, "no");

        assert_non_null(f);
        assert_int_equal(f->n_bytes, 6);
        assert_memory_equal(f->bytes, "\x88\x04\x0f\xa3no", 6);
        ws_frame_unref(f);
}

static void text_that_has_failed_makes_no_frame(void **state)
{
        (void)state;
        struct buffer failed = {.failed = true};

        assert_null(ws_frame_text(&failed));
        ws_frame_unref(NULL);
}

/* Reads all that is there and checks it against what was queued. */
static size_t drain(int fd, uint8_t *into)
{
        size_t n = 0;
        ssize_t got;

        while ((got = recv(fd, into + n, 65536, MSG_DONTWAIT)) > 0)
                n += (size_t)got;
        return n;
}

static void frames_arrive_whole_and_in_order_through_a_narrow_socket(void **state)
{
        (void)state;
        enum { FRAMES = 300 };
        struct ws_queue q = {0};
        AUTO_BUFFER want = BUFFER_INIT;
        uint8_t *got = malloc(8 * 1024 * 1024);
        size_t n = 0;
        int fds[2], small = 4096;
        enum ws_written w;

        assert_non_null(got);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        for (int i = 0; i < FRAMES; i++) {
                struct ws_frame *f = text_frame((size_t)i * 37);

                assert_true(ws_queue_push(&q, f));
                buffer_append(&want, f->bytes, f->n_bytes);
                ws_frame_unref(f);
        }
        assert_int_equal(q.n_bytes, want.n_bytes);
        while ((w = ws_queue_write(&q, fds[0])) == WS_WRITTEN_SOME)
                n += drain(fds[1], got + n);
        assert_int_equal(w, WS_WRITTEN_ALL);
        n += drain(fds[1], got + n);
        assert_int_equal(n, want.n_bytes);
        assert_memory_equal(got, want.data, n);
        assert_int_equal(q.n_bytes, 0);
        assert_null(q.frames);
        ws_queue_deinit(&q);
        close(fds[0]);
        close(fds[1]);
        free(got);
}

static void dropping_keeps_the_frame_that_is_half_sent(void **state)
{
        (void)state;
        struct ws_queue q = {0};
        struct ws_frame *big = text_frame(1024 * 1024), *next = text_frame(10);
        uint8_t *got = malloc(4 * 1024 * 1024);
        size_t n = 0;
        int fds[2], small = 4096;

        assert_non_null(got);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
        assert_true(ws_queue_push(&q, big) && ws_queue_push(&q, next) && ws_queue_push(&q, next));
        assert_int_equal(ws_queue_write(&q, fds[0]), WS_WRITTEN_SOME);
        ws_queue_drop(&q);
        assert_int_equal(q.n, 1);
        assert_true(ws_queue_push(&q, next));
        while (ws_queue_write(&q, fds[0]) == WS_WRITTEN_SOME)
                n += drain(fds[1], got + n);
        n += drain(fds[1], got + n);
        assert_int_equal(n, big->n_bytes + next->n_bytes);
        assert_memory_equal(got, big->bytes, big->n_bytes);
        assert_memory_equal(got + big->n_bytes, next->bytes, next->n_bytes);
        ws_queue_deinit(&q);
        ws_frame_unref(big);
        ws_frame_unref(next);
        close(fds[0]);
        close(fds[1]);
        free(got);
}

static void a_peer_that_is_gone_is_noticed(void **state)
{
        (void)state;
        struct ws_queue q = {0};
        struct ws_frame *f = text_frame(10);
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        close(fds[1]);
        assert_true(ws_queue_push(&q, f));
        assert_int_equal(ws_queue_write(&q, fds[0]), WS_WRITTEN_BROKEN);
        ws_queue_deinit(&q);
        ws_frame_unref(f);
        close(fds[0]);
}

/* Inflates in small steps, so that zlib has to find in its window what the data refers to. */
static void inflate_narrowly(const struct ws_frame *packed, int window_bits, struct buffer *ret)
{
        static const uint8_t tail[] = {0, 0, 0xff, 0xff};
        AUTO_BUFFER data = BUFFER_INIT;
        z_stream z = {0};
        uint8_t out[16];
        int rc;

        buffer_append(&data, packed->bytes + packed->n_head, packed->n_bytes - packed->n_head);
        buffer_append(&data, tail, sizeof(tail));
        assert_int_equal(inflateInit2(&z, -window_bits), Z_OK);
        z.next_in = data.data;
        z.avail_in = (unsigned)data.n_bytes;
        do {
                z.next_out = out;
                z.avail_out = sizeof(out);
                rc = inflate(&z, Z_SYNC_FLUSH);
                assert_true(rc == Z_OK || rc == Z_BUF_ERROR);
                buffer_append(ret, out, sizeof(out) - z.avail_out);
        } while (z.avail_out == 0);
        assert_int_equal(z.avail_in, 0);
        inflateEnd(&z);
}

static void a_text_is_packed_once_for_everybody(void **state)
{
        (void)state;
        struct ws_deflate d = {0};
        struct ws_frame *f = text_frame(1000), *packed = ws_frame_packed(f, &d, 15);
        AUTO_BUFFER text = BUFFER_INIT;

        assert_ptr_not_equal(packed, f);
        assert_true(packed->n_bytes < f->n_bytes);
        assert_int_equal(packed->bytes[0], 0xc1);
        assert_ptr_equal(ws_frame_packed(f, &d, 15), packed);
        assert_ptr_equal(ws_frame_packed(f, &d, 10), packed);
        inflate_narrowly(packed, 10, &text);
        assert_int_equal(text.n_bytes, 1000);
        assert_memory_equal(text.data, f->bytes + f->n_head, 1000);
        ws_frame_unref(f);
        ws_deflate_deinit(&d);
}

static void a_packed_frame_outlives_the_plain_one_in_a_queue(void **state)
{
        (void)state;
        struct ws_deflate d = {0};
        struct ws_queue q = {0};
        struct ws_frame *f = text_frame(1000), *packed = ws_frame_packed(f, &d, 15);

        assert_true(ws_queue_push(&q, packed));
        ws_frame_unref(f);
        assert_int_equal(q.n_bytes, packed->n_bytes);
        assert_int_equal(packed->refs, 1);
        ws_queue_deinit(&q);
        ws_deflate_deinit(&d);
}

static void some_frames_stay_plain(void **state)
{
        (void)state;
        struct ws_deflate d = {0};
        struct ws_frame *frames[] = {text_frame(WS_DEFLATE_MIN_BYTES - 1), ws_frame_ping(),
                                     ws_frame_close(1000, "bye"), ws_frame_raw("\x81\x01x", 3)};
        struct ws_frame *f = text_frame(WS_DEFLATE_MIN_BYTES + 1);

        for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
                assert_ptr_equal(ws_frame_packed(frames[i], &d, 15), frames[i]);
                ws_frame_unref(frames[i]);
        }
        /* It does not fit into the window of this peer, but into that of others. */
        assert_ptr_equal(ws_frame_packed(f, &d, 8), f);
        assert_ptr_not_equal(ws_frame_packed(f, &d, 9), f);
        assert_ptr_equal(ws_frame_packed(f, &d, 8), f);
        ws_frame_unref(f);
        ws_deflate_deinit(&d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_length_takes_as_many_bytes_as_it_needs),
                cmocka_unit_test(a_close_frame_has_code_and_reason),
                cmocka_unit_test(text_that_has_failed_makes_no_frame),
                cmocka_unit_test(frames_arrive_whole_and_in_order_through_a_narrow_socket),
                cmocka_unit_test(dropping_keeps_the_frame_that_is_half_sent),
                cmocka_unit_test(a_peer_that_is_gone_is_noticed),
                cmocka_unit_test(a_text_is_packed_once_for_everybody),
                cmocka_unit_test(a_packed_frame_outlives_the_plain_one_in_a_queue),
                cmocka_unit_test(some_frames_stay_plain),
        };
        return !!cmocka_run_group_tests_name("ws_frame", tests, NULL, NULL);
}
