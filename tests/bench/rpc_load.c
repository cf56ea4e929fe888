/* Calls a service with so many calls in flight for so long, and prints what it cost.
 *
 *     rpc_load URL TOKEN METHOD JSON IN-FLIGHT SECONDS [LANES-PER-CLASS]
 *     prints: calls seconds p50_us p99_us own_cpu_us failed
 */
#include "common/arena.h"
#include "common/clock.h"
#include "common/contract.h"
#include "common/json.h"
#include "common/log.h"

#include "socializer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MAX_SAMPLES 8000000

static struct {
        soc_client *client;
        const struct method *method;
        ProtobufCMessage *request;
        uint64_t end_ns;
        pthread_mutex_t mutex;
        pthread_cond_t idle;
        unsigned running;
        atomic_size_t n_samples;
        float *samples_us;
        atomic_size_t n_failed;
} load = {.mutex = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

struct slot {
        uint64_t start_ns;
};

static void start(struct slot *slot);

static void ended(void *closure, soc_status status, const ProtobufCMessage *response,
                  const soc_error *error)
{
        struct slot *slot = closure;
        uint64_t now = clock_mono_ns();
        size_t i = atomic_fetch_add(&load.n_samples, 1);

        (void)response;
        if (i < MAX_SAMPLES)
                load.samples_us[i] = (float)(now - slot->start_ns) / 1000.0f;
        if (status != SOC_OK && atomic_fetch_add(&load.n_failed, 1) == 0)
                fprintf(stderr, "rpc_load: %s: %s\n", soc_status_name(status), error->text);
        if (now < load.end_ns) {
                start(slot);
                return;
        }
        LOCK(&load.mutex);
        if (--load.running == 0)
                pthread_cond_signal(&load.idle);
}

static void start(struct slot *slot)
{
        soc_error error;

        slot->start_ns = clock_mono_ns();
        if (soc_call_start(load.client, load.method->name, load.request, NULL, ended, slot, NULL,
                           &error) != SOC_OK) {
                fprintf(stderr, "rpc_load: %s\n", error.text);
                exit(1);
        }
}

static int by_value(const void *a, const void *b)
{
        float x = *(const float *)a, y = *(const float *)b;

        return (x > y) - (x < y);
}

static double cpu_us(void)
{
        struct rusage u;

        getrusage(RUSAGE_SELF, &u);
        return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
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

static void run(unsigned n, double seconds)
{
        struct slot *slots = calloc(n, sizeof(*slots));
        uint64_t begin = clock_mono_ns();
        double cpu = cpu_us();

        if (!slots)
                exit(1);
        load.end_ns = begin + (uint64_t)(seconds * 1e9);
        load.running = n;
        for (unsigned i = 0; i < n; i++)
                start(&slots[i]);
        pthread_mutex_lock(&load.mutex);
        while (load.running)
                pthread_cond_wait(&load.idle, &load.mutex);
        pthread_mutex_unlock(&load.mutex);
        cpu = cpu_us() - cpu;

        double took = (double)(clock_mono_ns() - begin) / 1e9;
        size_t calls = load.n_samples, kept = calls < MAX_SAMPLES ? calls : MAX_SAMPLES;
        qsort(load.samples_us, kept, sizeof(float), by_value);
        printf("%zu %.3f %.1f %.1f %.0f %zu\n", calls, took, (double)load.samples_us[kept / 2],
               (double)load.samples_us[kept * 99 / 100], cpu, (size_t)load.n_failed);
        free(slots);
}

int main(int argc, char **argv)
{
        if (argc != 7 && argc != 8) {
                fprintf(stderr,
                        "usage: rpc_load URL TOKEN METHOD JSON IN-FLIGHT SECONDS [LANES]\n");
                return 2;
        }
        AUTO_ARENA arena;
        soc_error error;
        soc_client_options options = {.token = argv[2]};

        if (argc == 8)
                options.lanes_per_class = (uint32_t)atoi(argv[7]);
        arena_init(&arena, 1 << 20);
        load.method = contract_find_short(argv[3]);
        load.samples_us = malloc(MAX_SAMPLES * sizeof(float));
        if (!load.method || !load.samples_us) {
                fprintf(stderr, "rpc_load: no method %s\n", argv[3]);
                return 2;
        }
        load.request = parse_request(argv[4], &arena);
        if (soc_client_new(argv[1], &options, &load.client, &error) != SOC_OK) {
                fprintf(stderr, "rpc_load: %s\n", error.text);
                return 1;
        }
        run((unsigned)atoi(argv[5]), atof(argv[6]));
        load.client = soc_client_free(load.client);
        free(load.samples_us);
        return load.n_failed ? 1 : 0;
}
