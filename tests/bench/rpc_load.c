/* Calls a service with so many calls in flight for so long, and prints what it cost.
 *
 *     rpc_load URL TOKEN METHOD JSON IN-FLIGHT SECONDS [LANES-PER-CLASS]
 *     prints: calls seconds p50_us p99_us own_cpu_us failed
 *
 * Where the JSON has the text "@unique", every call gets another one. */
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

#define MAX_SAMPLES 8000000
#define PLACEHOLDER "@unique"

static struct {
        soc_client *client;
        const struct method *method;
        uint64_t end_ns;
        pthread_mutex_t mutex;
        pthread_cond_t idle;
        unsigned running;
        struct measure times;
        atomic_size_t n_failed;
} load = {.mutex = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

struct slot {
        ProtobufCMessage *request;
        struct unique unique;
        char text[UNIQUE_CHARS + 1]; /* what the request has in the place of PLACEHOLDER */
        uint64_t start_ns;
};

static void start(struct slot *slot);

static void ended(void *closure, soc_status status, const ProtobufCMessage *response,
                  const soc_error *error)
{
        struct slot *slot = closure;
        uint64_t now = clock_mono_ns();

        (void)response;
        measure_add(&load.times, now - slot->start_ns);
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

        unique_text(&slot->unique, slot->text);
        slot->start_ns = clock_mono_ns();
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
        }

        uint64_t begin = clock_mono_ns();
        double cpu = measure_cpu_us(RUSAGE_SELF);
        load.end_ns = begin + (uint64_t)(seconds * 1e9);
        load.running = n;
        for (unsigned i = 0; i < n; i++)
                start(&slots[i]);
        pthread_mutex_lock(&load.mutex);
        while (load.running)
                pthread_cond_wait(&load.idle, &load.mutex);
        pthread_mutex_unlock(&load.mutex);
        cpu = measure_cpu_us(RUSAGE_SELF) - cpu;

        double took = (double)(clock_mono_ns() - begin) / 1e9;
        measure_sort(&load.times);
        printf("%zu %.3f %.1f %.1f %.0f %zu\n", (size_t)load.times.n, took,
               measure_quantile(&load.times, 0.5), measure_quantile(&load.times, 0.99), cpu,
               (size_t)load.n_failed);
        free(slots);
}

int main(int argc, char **argv)
{
        if (argc != 7 && argc != 8) {
                fprintf(stderr,
                        "usage: rpc_load URL TOKEN METHOD JSON IN-FLIGHT SECONDS [LANES]\n");
                return 2;
        }
        soc_error error;
        soc_client_options options = {.token = argv[2]};

        if (argc == 8)
                options.lanes_per_class = (uint32_t)atoi(argv[7]);
        load.method = contract_find_short(argv[3]);
        if (!load.method) {
                fprintf(stderr, "rpc_load: no method %s\n", argv[3]);
                return 2;
        }
        measure_init(&load.times, MAX_SAMPLES);
        if (soc_client_new(argv[1], &options, &load.client, &error) != SOC_OK) {
                fprintf(stderr, "rpc_load: %s\n", error.text);
                return 1;
        }
        run(argv[4], (unsigned)atoi(argv[5]), atof(argv[6]));
        load.client = soc_client_free(load.client);
        measure_deinit(&load.times);
        return load.n_failed ? 1 : 0;
}
