/* What nng must survive: peers that come and go, in floods and with requests in flight. */
#include "common/cleanup.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define N_CONTEXTS 64
#define N_FLOOD    2000
#define N_CLIENTS  100
#define N_REQUESTS 32 /* in flight when a client goes */

/* A context that sends back whatever it receives. */
struct echo {
        nng_ctx ctx;
        nng_aio *aio;
        bool sending;
};

struct fixture {
        char dir[64];
        char ipc_path[80];
        char ipc_url[96];
        char tcp_url[64];
        uint16_t tcp_port;
        nng_socket rep;
        struct echo echoes[N_CONTEXTS];
};

static void echo_step(void *arg)
{
        struct echo *e = arg;
        int rv = nng_aio_result(e->aio);

        if (rv == NNG_ECLOSED || rv == NNG_ECANCELED)
                return;
        if (rv != 0 && e->sending)
                nng_msg_free(nng_aio_get_msg(e->aio));
        if (rv == 0 && !e->sending) {
                nng_msg *m = nng_aio_get_msg(e->aio);
                nng_aio_set_msg(e->aio, m);
                e->sending = true;
                nng_ctx_send(e->ctx, e->aio);
                return;
        }
        e->sending = false;
        nng_ctx_recv(e->ctx, e->aio);
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        nng_listener tcp;
        nng_sockaddr address;

        assert_non_null(f);
        strcpy(f->dir, "/tmp/nng-guard-XXXXXX");
        assert_non_null(mkdtemp(f->dir));
        snprintf(f->ipc_path, sizeof(f->ipc_path), "%s/s", f->dir);
        snprintf(f->ipc_url, sizeof(f->ipc_url), "ipc://%s", f->ipc_path);
        assert_int_equal(nng_rep0_open(&f->rep), 0);
        assert_int_equal(nng_socket_set_size(f->rep, NNG_OPT_RECVMAXSZ, 1024 * 1024), 0);
        assert_int_equal(nng_listen(f->rep, f->ipc_url, NULL, 0), 0);
        assert_int_equal(nng_listen(f->rep, "tcp://127.0.0.1:0", &tcp, 0), 0);
        assert_int_equal(nng_listener_get_addr(tcp, NNG_OPT_LOCADDR, &address), 0);
        f->tcp_port = ntohs(address.s_in.sa_port);
        snprintf(f->tcp_url, sizeof(f->tcp_url), "tcp://127.0.0.1:%u", f->tcp_port);
        for (size_t i = 0; i < N_CONTEXTS; i++) {
                assert_int_equal(nng_ctx_open(&f->echoes[i].ctx, f->rep), 0);
                assert_int_equal(nng_aio_alloc(&f->echoes[i].aio, echo_step, &f->echoes[i]), 0);
                nng_ctx_recv(f->echoes[i].ctx, f->echoes[i].aio);
        }
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        for (size_t i = 0; i < N_CONTEXTS; i++)
                nng_aio_stop(f->echoes[i].aio);
        for (size_t i = 0; i < N_CONTEXTS; i++)
                nng_aio_free(f->echoes[i].aio);
        nng_close(f->rep);
        unlink(f->ipc_path);
        rmdir(f->dir);
        free(f);
        return 0;
}

static int raw_connect(const struct fixture *f, bool tcp)
{
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        struct sockaddr_in in = {.sin_family = AF_INET,
                                 .sin_port = htons(f->tcp_port),
                                 .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
        const struct sockaddr *address = tcp ? (const void *)&in : (const void *)&un;
        socklen_t n = tcp ? sizeof(in) : sizeof(un);
        int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        strcpy(un.sun_path, f->ipc_path);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, address, n), 0);
        return fd;
}

/* Closed so that tcp says RST: what a port scan does. */
static void abort_connection(int fd, bool tcp)
{
        struct linger linger = {.l_onoff = 1, .l_linger = 0};

        if (tcp)
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        close(fd);
}

static void assert_answers(const char *url)
{
        nng_socket req;
        nng_msg *m;

        assert_int_equal(nng_req0_open(&req), 0);
        assert_int_equal(nng_socket_set_ms(req, NNG_OPT_SENDTIMEO, 10000), 0);
        assert_int_equal(nng_socket_set_ms(req, NNG_OPT_RECVTIMEO, 10000), 0);
        assert_int_equal(nng_dial(req, url, NULL, 0), 0);
        assert_int_equal(nng_msg_alloc(&m, 0), 0);
        assert_int_equal(nng_msg_append(m, "still there", 11), 0);
        assert_int_equal(nng_sendmsg(req, m, 0), 0);
        assert_int_equal(nng_recvmsg(req, &m, 0), 0);
        assert_int_equal(nng_msg_len(m), 11);
        assert_memory_equal(nng_msg_body(m), "still there", 11);
        nng_msg_free(m);
        nng_close(req);
}

static unsigned count_fds(void)
{
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

static void wait_for_fds(unsigned want)
{
        for (int i = 0; i < 1000 && count_fds() > want; i++)
                poll(NULL, 0, 10);
        assert_in_range(count_fds(), 0, want);
}

static void flood(struct fixture *f, bool tcp)
{
        unsigned before;

        assert_answers(f->ipc_url);
        assert_answers(f->tcp_url);
        before = count_fds();
        for (int i = 0; i < N_FLOOD; i++)
                abort_connection(raw_connect(f, tcp), tcp);
        wait_for_fds(before);
        assert_answers(f->ipc_url);
        assert_answers(f->tcp_url);
}

static void connect_and_close_on_ipc_leaves_it_answering(void **state)
{
        flood(*state, false);
}

static void connect_and_close_on_tcp_leaves_it_answering(void **state)
{
        flood(*state, true);
}

/* One request as it looks on the wire: (ipc: 1,) length, request id, body. */
static size_t put_request(uint8_t *at, bool tcp, uint8_t id)
{
        size_t n = 0;

        if (!tcp)
                at[n++] = 1;
        memset(at + n, 0, 8);
        at[n + 7] = 8; /* id and body */
        n += 8;
        memcpy(at + n, (uint8_t[]){0x80, 0, 0, id, 'b', 'o', 'd', 'y'}, 8);
        return n + 8;
}

static void drop_in_flight(struct fixture *f, bool tcp)
{
        static const uint8_t greeting[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
        uint8_t requests[N_REQUESTS * 32];
        uint8_t theirs[8];
        size_t n = 0;
        unsigned before;

        for (unsigned i = 0; i < N_REQUESTS; i++)
                n += put_request(requests + n, tcp, (uint8_t)i);
        assert_answers(f->ipc_url);
        assert_answers(f->tcp_url);
        before = count_fds();
        for (int i = 0; i < N_CLIENTS; i++) {
                int fd = raw_connect(f, tcp);

                assert_int_equal(send(fd, greeting, 8, MSG_NOSIGNAL), 8);
                assert_int_equal(recv(fd, theirs, 8, MSG_WAITALL), 8);
                assert_int_equal(send(fd, requests, n, MSG_NOSIGNAL), n);
                abort_connection(fd, tcp);
        }
        wait_for_fds(before);
        assert_answers(f->ipc_url);
        assert_answers(f->tcp_url);
}

static void ipc_clients_that_vanish_with_requests_in_flight_leak_nothing(void **state)
{
        drop_in_flight(*state, false);
}

static void tcp_clients_that_vanish_with_requests_in_flight_leak_nothing(void **state)
{
        drop_in_flight(*state, true);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(connect_and_close_on_ipc_leaves_it_answering, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(connect_and_close_on_tcp_leaves_it_answering, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(
                        ipc_clients_that_vanish_with_requests_in_flight_leak_nothing, setup,
                        teardown),
                cmocka_unit_test_setup_teardown(
                        tcp_clients_that_vanish_with_requests_in_flight_leak_nothing, setup,
                        teardown),
        };

        alarm(100);
        return !!cmocka_run_group_tests(tests, NULL, NULL);
}
