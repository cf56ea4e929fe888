/* Talk in many rooms at a steady pace: how long a message takes from one socket to the others.
 *
 *     ws_latency PORT RATE SECONDS SOCKETS-PER-ROOM SPEAKER-TOKEN LISTENER-TOKEN ROOM…
 *     prints "open" once all are open, and after a line on standard input:
 *     sent deliveries missing p50_us p99_us max_us late_p99_us
 *
 * The messages of the first half second are sent besides, and not timed. In each room the first
 * socket speaks and the others listen. The loop is open: messages go out when they are due, whether
 * or not earlier ones have arrived, and the times are from when they were due. How late this
 * program itself was tells how busy the machine is with other things. */
#include "common/clock.h"
#include "tests/bench/measure.h"
#include "tests/bench/ws_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define MAX_EVENTS 256
#define WARM_S     0.5 /* in which rooms that have just been joined get going */
#define GRACE_NS   UINT64_C(5000000000) /* for the last deliveries */
#define NAME       "\"client_message_id\":\"bench-"

static struct {
        struct ws_client *clients; /* those of a room are neighbours */
        unsigned n_rooms, per_room;
        char **rooms;
        double rate;
        uint64_t begin_ns;
        size_t n_messages, n_sent;
        size_t n_heard, n_expected;
        size_t n_warm; /* the first messages, whose times do not count */
        struct measure times;
        struct measure late; /* from when a message was due until it was said */
} load;

static uint64_t due_ns(size_t i)
{
        return load.begin_ns + (uint64_t)((double)i * 1e9 / load.rate);
}

static void say(size_t i)
{
        char text[512];
        size_t room = i % load.n_rooms;
        int n = snprintf(
                text, sizeof(text),
                "{\"type\":\"chat_message\",\"room_id\":\"%s\",\"content\":\"Shall we meet "
                "at the library after the class, as we did last week?\"," NAME "%zx-%zu\"}",
                load.rooms[room], (size_t)load.begin_ns, i);

        ws_client_send(&load.clients[room * load.per_room], text, (size_t)n);
}

static void say_what_is_due(uint64_t now)
{
        while (load.n_sent < load.n_messages && due_ns(load.n_sent) <= now) {
                if (load.n_sent >= load.n_warm)
                        measure_add(&load.late, clock_mono_ns() - due_ns(load.n_sent));
                say(load.n_sent++);
        }
}

/* arg: whether this socket listens. */
static void hear(void *arg, const char *text, size_t n)
{
        const char *name = memmem(text, n, NAME, strlen(NAME));
        const char *dash = name ? memchr(name + strlen(NAME), '-', 32) : NULL;

        if (memmem(text, n, "\"type\":\"error\"", 14)) {
                fprintf(stderr, "ws_latency: %.*s\n", (int)n, text);
                exit(1);
        }
        if (!arg || !dash)
                return;
        size_t i = strtoull(dash + 1, NULL, 10);

        load.n_heard++;
        if (i >= load.n_warm)
                measure_add(&load.times, clock_mono_ns() - due_ns(i));
}

static void open_all(unsigned port, const char *speaker, const char *listener)
{
        unsigned n = load.n_rooms * load.per_room;

        load.clients = calloc(n, sizeof(*load.clients));
        if (!load.clients)
                exit(1);
        measure_init(&load.times, load.n_expected);
        measure_init(&load.late, load.n_messages);
        ws_client_allow(n);
        for (unsigned i = 0; i < n; i++) {
                ws_client_open(&load.clients[i], port, "/ws/chat", i);
                ws_client_sign_in(&load.clients[i], i % load.per_room == 0 ? speaker : listener);
                ws_client_join(&load.clients[i], load.rooms[i / load.per_room]);
        }
        puts("open");
        fflush(stdout);
        while (getchar() != '\n')
                ;
}

static int start_timer(int epoll)
{
        struct itimerspec pace = {.it_value.tv_nsec = 1,
                                  .it_interval.tv_nsec = (long)(1e9 / load.rate)};
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
        int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

        if (timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) ||
            timerfd_settime(timer, 0, &pace, NULL)) {
                perror("ws_latency: timer");
                exit(1);
        }
        return timer;
}

static void run(int epoll)
{
        AUTO_CLOSE int timer = start_timer(epoll);
        struct epoll_event events[MAX_EVENTS];
        uint64_t expirations, now = load.begin_ns;

        while (load.n_heard < load.n_expected && now < due_ns(load.n_messages) + GRACE_NS) {
                int n = epoll_wait(epoll, events, MAX_EVENTS, -1);

                for (int i = 0; i < n; i++) {
                        struct ws_client *c = events[i].data.ptr;
                        bool listens = c && (size_t)(c - load.clients) % load.per_room != 0;

                        if (c)
                                ws_client_receive(c, hear, listens ? c : NULL);
                        else
                                (void)!read(timer, &expirations, sizeof(expirations));
                }
                now = clock_mono_ns();
                say_what_is_due(now);
        }
}

static void report(void)
{
        measure_sort(&load.times);
        measure_sort(&load.late);
        printf("%zu %zu %zu %.0f %.0f %.0f %.0f\n", load.n_sent, load.n_heard,
               load.n_expected - load.n_heard, measure_quantile(&load.times, 0.5),
               measure_quantile(&load.times, 0.99), measure_quantile(&load.times, 1),
               measure_quantile(&load.late, 0.99));
}

int main(int argc, char **argv)
{
        int epoll = epoll_create1(EPOLL_CLOEXEC);

        if (argc < 8 || epoll < 0 || atof(argv[2]) <= 1 || atoi(argv[4]) < 2) {
                fprintf(stderr, "usage: ws_latency PORT RATE SECONDS SOCKETS-PER-ROOM (2 or more) "
                                "SPEAKER-TOKEN LISTENER-TOKEN ROOM...\n");
                return 2;
        }
        load.rate = atof(argv[2]);
        load.n_warm = (size_t)(load.rate * WARM_S);
        load.n_messages = load.n_warm + (size_t)(load.rate * atof(argv[3]));
        load.per_room = (unsigned)atoi(argv[4]);
        load.rooms = argv + 7;
        load.n_rooms = (unsigned)(argc - 7);
        load.n_expected = load.n_messages * (load.per_room - 1);
        open_all((unsigned)atoi(argv[1]), argv[5], argv[6]);
        for (unsigned i = 0; i < load.n_rooms * load.per_room; i++) {
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = &load.clients[i]};

                if (epoll_ctl(epoll, EPOLL_CTL_ADD, load.clients[i].fd, &event)) {
                        perror("ws_latency: epoll");
                        return 1;
                }
        }
        load.begin_ns = clock_mono_ns();
        run(epoll);
        report();
        return 0;
}
