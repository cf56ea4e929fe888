#include "tests/fuzz/gateway.h"

#include "common/log.h"
#include "common/wire.h"
#include "tests/fuzz/fuzz.h"

#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <sys/socket.h>

/* Turns of the loop in which nothing happens: all that was sent is worked on. */
#define QUIET_TURNS 3
/* Turns of the loop after which a connection has to have ended: many more than any takes. */
#define MAX_TURNS 2000

static const char *const trusted_proxies[] = {"127.0.0.1"};
static const char *const allowed_origins[] = {"https://chat.example.org"};
static const struct gateway_options options = {
        .http = "127.0.0.1:0",
        .rpc_url = "ipc:///nowhere",
        .events_url = "ipc:///nowhere",
        .web_dir = FUZZ_WEB,
        .docs_dir = "",
        .allowed_origins = allowed_origins,
        .n_allowed_origins = 1,
        .trusted_proxies = trusted_proxies,
        .n_trusted_proxies = 1,
        .max_connections = 100,
        .max_messages_per_second = 1000000,
        .request_timeout_s = 30,
        .idle_timeout_s = 75,
};

struct gateway *gateway_setup(void)
{
        static struct gateway gateway;
        struct gateway *g = &gateway;
        struct error error;

        fuzz_must(sodium_init() >= 0);
        signal(SIGPIPE, SIG_IGN);
        log_init("fuzz", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
        *g = (struct gateway){.loop = uv_default_loop(), .options = &options};
        fuzz_must(wire_validate_init(&error) == STATUS_OK);
        fuzz_must(soc_client_new(options.rpc_url, NULL, &g->client, NULL) == SOC_OK);
        fuzz_must(server_new(g, &g->server, &error) == STATUS_OK);
        fuzz_must(ws_new(g, &g->ws, &error) == STATUS_OK);
        return g;
}

/* False: the gateway has closed. */
static bool drain(int fd, struct buffer *ret)
{
        uint8_t data[16384];
        ssize_t n;

        while ((n = recv(fd, data, sizeof(data), MSG_DONTWAIT)) > 0)
                buffer_append(ret, data, (size_t)n);
        return n < 0;
}

/* How many calls and news came to an end in it. */
static size_t turn(struct gateway *g)
{
        uv_run(g->loop, UV_RUN_NOWAIT);
        size_t n = soc_client_dispatch(g->client);
        server_pump(g->server);
        g->gathering = false;
        return n;
}

/* Sends what the socket takes; a gateway that has refused need not read the rest. Who has said
 * everything stays until it is answered: a WebSocket that ends is dropped with all it waits for. */
static void exchange(struct gateway *g, int fd, const uint8_t *data, size_t n, struct buffer *ret)
{
        unsigned turns = 0, quiet = 0;

        do {
                ssize_t sent = n ? send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

                if (sent > 0) {
                        data += sent;
                        n -= (size_t)sent;
                }
                quiet = turn(g) > 0 || sent > 0 ? 0 : quiet + 1;
                if (n == 0 && quiet == QUIET_TURNS)
                        shutdown(fd, SHUT_WR);
                fuzz_must(turns++ < MAX_TURNS);
        } while (drain(fd, ret));
        close(fd);
        while (g->server->conns.n > 0 || !ws_stopped(g->ws)) {
                turn(g);
                fuzz_must(turns++ < MAX_TURNS);
        }
        turn(g); /* what was about to be told to those who have gone */
}

static void make_pair(int fds[2])
{
        int size = 1 << 20;

        fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

void gateway_http(struct gateway *g, const uint8_t *data, size_t n, struct buffer *ret)
{
        const struct sockaddr_in peer = {
                .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = 1};
        int fds[2];

        make_pair(fds);
        fuzz_must(MHD_add_connection(g->server->daemon, fds[0], (const struct sockaddr *)&peer,
                                     sizeof(peer)) == MHD_YES);
        exchange(g, fds[1], data, n, ret);
}

static void release(void *arg)
{
        close(*(int *)arg);
}

void gateway_websocket(struct gateway *g, const uint8_t *data, size_t n, const char *cookie,
                       unsigned window_bits, struct buffer *ret)
{
        int fds[2];

        make_pair(fds);
        const struct ws_peer peer = {
                .fd = fds[0],
                .cookie_token = cookie,
                .client_address = "192.0.2.1",
                .window_bits = window_bits,
                .release = release,
                .release_arg = &fds[0],
        };
        ws_accept(g, &peer);
        exchange(g, fds[1], data, n, ret);
}
