/* One room, many sockets: the first says things, all of them hear each.
 *
 *     ws_fanout PORT PATH COUNT IN-FLIGHT SECONDS PREFIX MESSAGE [TOKEN]
 *     prints "open" once all are open, and after a line on standard input:
 *     messages deliveries seconds p50_us p99_us own_cpu_us bytes
 *
 * With a token it signs in to a gateway and joins the general room; without, the path is a channel
 * that repeats what it is told. At most so many messages are away whose last delivery has not come;
 * the times are from sending a message to that. Each delivery begins with the prefix: anything else
 * ends the program. */
#include "common/clock.h"
#include "tests/bench/measure.h"
#include "tests/bench/ws_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define MAX_IN_FLIGHT 256
#define MAX_SAMPLES   4000000
#define SILENCE_MS    10000
#define MAX_EVENTS    512

struct listener {
        struct ws_client client;
        uint64_t n_heard;
};

static struct {
        struct listener *listeners;
        unsigned n_listeners, in_flight;
        const char *prefix, *message;
        uint64_t end_ns;
        uint64_t n_sent, n_complete;
        unsigned n_missing[MAX_IN_FLIGHT]; /* deliveries of a message, by its number */
        uint64_t sent_ns[MAX_IN_FLIGHT];
        struct measure times; /* from saying to the last delivery */
        uint64_t n_bytes;
} load;

static void say(void)
{
        size_t i = load.n_sent++ % MAX_IN_FLIGHT;

        load.n_missing[i] = load.n_listeners;
        load.sent_ns[i] = clock_mono_ns();
        ws_client_send(&load.listeners[0].client, load.message, strlen(load.message));
}

static void complete(size_t i)
{
        uint64_t now = clock_mono_ns();

        measure_add(&load.times, now - load.sent_ns[i]);
        load.n_complete++;
        if (now < load.end_ns)
                say();
}

/* A listener hears the messages in the order they were sent, so its count names the message. */
static void hear(void *arg, const char *text, size_t n)
{
        struct listener *l = arg;
        size_t i = l->n_heard % MAX_IN_FLIGHT, n_prefix = strlen(load.prefix);

        if (l->n_heard >= load.n_sent || n < n_prefix || memcmp(text, load.prefix, n_prefix) != 0) {
                fprintf(stderr, "ws_fanout: unexpected: %.*s\n", (int)(n < 300 ? n : 300), text);
                exit(1);
        }
        l->n_heard++;
        load.n_bytes = n;
        if (--load.n_missing[i] == 0)
                complete(i);
}

static void open_all(unsigned port, const char *path, const char *token)
{
        load.listeners = calloc(load.n_listeners, sizeof(*load.listeners));
        if (!load.listeners)
                exit(1);
        measure_init(&load.times, MAX_SAMPLES);
        ws_client_allow(load.n_listeners);
        for (unsigned i = 0; i < load.n_listeners; i++) {
                struct ws_client *c = &load.listeners[i].client;

                ws_client_open(c, port, path, i);
                if (token) {
                        ws_client_sign_in(c, token);
                        ws_client_join(c, "general");
                }
        }
        puts("open");
        fflush(stdout);
        while (getchar() != '\n')
                ;
}

static void run(int epoll)
{
        struct epoll_event events[MAX_EVENTS];

        for (unsigned i = 0; i < load.in_flight; i++)
                say();
        while (load.n_complete < load.n_sent) {
                int n = epoll_wait(epoll, events, MAX_EVENTS, SILENCE_MS);

                if (n <= 0) {
                        fprintf(stderr, "ws_fanout: message %zu did not come everywhere\n",
                                (size_t)load.n_complete);
                        exit(1);
                }
                for (int i = 0; i < n; i++) {
                        struct listener *l = events[i].data.ptr;

                        ws_client_receive(&l->client, hear, l);
                }
        }
}

static void report(double seconds, double cpu)
{
        measure_sort(&load.times);
        printf("%zu %zu %.3f %.0f %.0f %.0f %zu\n", (size_t)load.n_complete,
               (size_t)load.n_complete * load.n_listeners, seconds,
               measure_quantile(&load.times, 0.5), measure_quantile(&load.times, 0.99), cpu,
               (size_t)load.n_bytes);
}

int main(int argc, char **argv)
{
        int epoll = epoll_create1(EPOLL_CLOEXEC);

        if ((argc != 8 && argc != 9) || epoll < 0 || atoi(argv[3]) < 1 || atoi(argv[4]) < 1 ||
            atoi(argv[4]) > MAX_IN_FLIGHT) {
                fprintf(stderr,
                        "usage: ws_fanout PORT PATH COUNT IN-FLIGHT (1-%d) SECONDS PREFIX "
                        "MESSAGE [TOKEN]\n",
                        MAX_IN_FLIGHT);
                return 2;
        }
        load.n_listeners = (unsigned)atoi(argv[3]);
        load.in_flight = (unsigned)atoi(argv[4]);
        load.prefix = argv[6];
        load.message = argv[7];
        open_all((unsigned)atoi(argv[1]), argv[2], argv[8]);
        for (unsigned i = 0; i < load.n_listeners; i++) {
                struct listener *l = &load.listeners[i];
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};

                if (epoll_ctl(epoll, EPOLL_CTL_ADD, l->client.fd, &event)) {
                        perror("ws_fanout: epoll");
                        return 1;
                }
        }
        uint64_t begin = clock_mono_ns();
        double cpu = measure_cpu_us(RUSAGE_SELF);
        load.end_ns = begin + (uint64_t)(atof(argv[5]) * 1e9);
        run(epoll);
        report((double)(clock_mono_ns() - begin) / 1e9, measure_cpu_us(RUSAGE_SELF) - cpu);
        return 0;
}
