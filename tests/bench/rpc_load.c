/* Calls a service for so long and prints what it cost: with so many calls in flight, or, with -p,
 * so many a second whatever becomes of them, which shows how long calls wait when many come.
 *
 *     rpc_load [-p CALLS-PER-SECOND] [-r FIELD=MAX] URL TOKEN METHOD JSON IN-FLIGHT SECONDS
 *     prints: calls seconds p50_us p99_us own_cpu_us failed
 *
 * Where the JSON has the text "@unique", every call gets another one. -r sets a number of the
 * request at random, from 1 to MAX. With -p a call's time begins when it is due, and IN-FLIGHT is
 * the most. */
#include "common/arena.h"
#include "common/clock.h"
#include "common/contract.h"
#include "common/json.h"
#include "common/log.h"

#include "socializer.h"
#include "tests/bench/measure.h"
#include "tests/bench/unique.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define MAX_SAMPLES 8000000
#define PLACEHOLDER "@unique"

struct slot {
        ProtobufCMessage *request;
        struct unique unique;
        char text[UNIQUE_CHARS + 1]; /* what the request has in the place of PLACEHOLDER */
        int64_t *number; /* what is drawn; NULL = nothing */
        uint64_t start_ns;
        struct slot *next; /* of the free ones */
};

static struct {
        soc_client *client;
        const struct method *method;
        unsigned rate; /* calls a second; 0 = as many as there are answers */
        const char *random_field;
        long random_max;
        uint64_t end_ns;
        pthread_mutex_t mutex;
        pthread_cond_t idle; /* running or free has changed */
        unsigned running;
        struct slot *free; /* with a rate only */
        struct measure times;
        atomic_size_t n_failed;
} load = {.mutex = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

static void start(struct slot *slot, uint64_t at_ns);

static void ended(void *closure, soc_status status, const ProtobufCMessage *response,
                  const soc_error *error)
{
        struct slot *slot = closure;
        uint64_t now = clock_mono_ns();

        (void)response;
        measure_add(&load.times, now - slot->start_ns);
        if (status != SOC_OK && atomic_fetch_add(&load.n_failed, 1) == 0)
                fprintf(stderr, "rpc_load: %s: %s\n", soc_status_name(status), error->text);
        if (!load.rate && now < load.end_ns) {
                start(slot, now);
                return;
        }
        LOCK(&load.mutex);
        load.running--;
        slot->next = load.free;
        load.free = slot;
        pthread_cond_signal(&load.idle);
}

static void start(struct slot *slot, uint64_t at_ns)
{
        soc_error error;

        unique_text(&slot->unique, slot->text);
        if (slot->number)
                *slot->number = 1 + random() % load.random_max;
        slot->start_ns = at_ns;
        if (soc_call_start(load.client, load.method->name, slot->request, NULL, ended, slot, NULL,
                           &error) != SOC_OK) {
                fprintf(stderr, "rpc_load: %s\n", error.text);
                exit(1);
        }
}

static ProtobufCMessage *parse_request(const char *json, struct arena *arena)
{
        struct error error = ERROR_INIT;
        json_t *object = NULL;
        ProtobufCMessage *request = json_new_message(load.method->input->descriptor, arena);

        if (!request || json_parse_text(json, strlen(json), &object, &error) != STATUS_OK ||
            json_to_message(load.method->input, object, arena, request, &error) != STATUS_OK) {
                fprintf(stderr, "rpc_load: %s\n", error.text);
                exit(2);
        }
        json_decref(object);
        return request;
}

static void replace_placeholder(struct slot *slot)
{
        const ProtobufCMessageDescriptor *d = slot->request->descriptor;

        for (unsigned i = 0; i < d->n_fields; i++) {
                char **text = (char **)((char *)slot->request + d->fields[i].offset);

                if (d->fields[i].type == PROTOBUF_C_TYPE_STRING &&
                    d->fields[i].label == PROTOBUF_C_LABEL_NONE &&
                    !(d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && *text &&
                    strcmp(*text, PLACEHOLDER) == 0)
                        *text = slot->text;
        }
}

static void find_number(struct slot *slot)
{
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
                slot->request->descriptor, load.random_field);

        if (!field || field->type != PROTOBUF_C_TYPE_INT64) {
                fprintf(stderr, "rpc_load: no number '%s' in the request\n", load.random_field);
                exit(2);
        }
        slot->number = (int64_t *)((char *)slot->request + field->offset);
}

static void wait_idle(void)
{
        LOCK(&load.mutex);
        while (load.running)
                pthread_cond_wait(&load.idle, &load.mutex);
}

static void keep_in_flight(struct slot *slots, unsigned n)
{
        load.running = n;
        for (unsigned i = 0; i < n; i++)
                start(&slots[i], clock_mono_ns());
        wait_idle();
}

static struct slot *take_free(void)
{
        LOCK(&load.mutex);
        while (!load.free)
                pthread_cond_wait(&load.idle, &load.mutex);
        struct slot *slot = load.free;
        load.free = slot->next;
        load.running++;
        return slot;
}

static void keep_pace(struct slot *slots, unsigned n, uint64_t begin)
{
        prctl(PR_SET_TIMERSLACK, 1);
        for (unsigned i = 0; i < n; i++) {
                slots[i].next = load.free;
                load.free = &slots[i];
        }
        for (uint64_t i = 0;; i++) {
                uint64_t due = begin + i * 1000000000u / load.rate;
                struct timespec until = {(time_t)(due / 1000000000u), (long)(due % 1000000000u)};

                if (due >= load.end_ns)
                        break;
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
                start(take_free(), due);
        }
        wait_idle();
}

static void run(const char *json, unsigned n, double seconds)
{
        struct slot *slots = calloc(n, sizeof(*slots));
        AUTO_ARENA arena;

        arena_init(&arena, 64 << 20);
        if (!slots)
                exit(1);
        for (unsigned i = 0; i < n; i++) {
                slots[i].request = parse_request(json, &arena);
                replace_placeholder(&slots[i]);
                if (load.random_field)
                        find_number(&slots[i]);
        }

        uint64_t begin = clock_mono_ns();
        double cpu = measure_cpu_us(RUSAGE_SELF);
        load.end_ns = begin + (uint64_t)(seconds * 1e9);
        if (load.rate)
                keep_pace(slots, n, begin);
        else
                keep_in_flight(slots, n);
        cpu = measure_cpu_us(RUSAGE_SELF) - cpu;

        double took = (double)(clock_mono_ns() - begin) / 1e9;
        measure_sort(&load.times);
        printf("%zu %.3f %.1f %.1f %.0f %zu\n", (size_t)load.times.n, took,
               measure_quantile(&load.times, 0.5), measure_quantile(&load.times, 0.99), cpu,
               (size_t)load.n_failed);
        free(slots);
}

static _Noreturn void usage(void)
{
        fprintf(stderr, "usage: rpc_load [-p CALLS-PER-SECOND] [-r FIELD=MAX] URL TOKEN METHOD JSON"
                        " IN-FLIGHT SECONDS\n");
        exit(2);
}

static void read_options(int argc, char **argv)
{
        for (int c; (c = getopt(argc, argv, "p:r:")) != -1;) {
                if (c == 'p') {
                        load.rate = (unsigned)atoi(optarg);
                } else if (c == 'r' && strchr(optarg, '=')) {
                        load.random_field = strsep(&optarg, "=");
                        load.random_max = atol(optarg);
                } else {
                        usage();
                }
        }
        if (argc - optind != 6 || (load.random_field && load.random_max < 1))
                usage();
}

int main(int argc, char **argv)
{
        read_options(argc, argv);
        char **arguments = argv + optind;
        soc_client_options options = {.token = arguments[1]};
        soc_error error;

        load.method = contract_find_short(arguments[2]);
        if (!load.method) {
                fprintf(stderr, "rpc_load: no method %s\n", arguments[2]);
                return 2;
        }
        measure_init(&load.times, MAX_SAMPLES);
        if (soc_client_new(arguments[0], &options, &load.client, &error) != SOC_OK) {
                fprintf(stderr, "rpc_load: %s\n", error.text);
                return 1;
        }
        run(arguments[3], (unsigned)atoi(arguments[4]), atof(arguments[5]));
        load.client = soc_client_free(load.client);
        measure_deinit(&load.times);
        return load.n_failed ? 1 : 0;
}
