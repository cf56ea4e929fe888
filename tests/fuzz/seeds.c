/* Where fuzzing begins: for every method of the contract a request, as it is packed, as JSON and as
 * HTTP, a response, and every kind of event. Written anew by each build, so that a new method has
 * its own at once.
 *
 *     fuzz_seeds FOLDER */
#include "tests/fuzz/fill.h"
#include "tests/fuzz/fuzz.h"

#include "common/json.h"

#include <errno.h>
#include <limits.h>
#include <socializer.h>
#include <string.h>
#include <sys/stat.h>

#define ARENA_BYTES (8u << 20)

static const char *folder;

static void write_seed(const char *target, const char *name, const struct buffer *seed)
{
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", folder, target);
        fuzz_must(mkdir(path, 0755) == 0 || errno == EEXIST);
        snprintf(path, sizeof(path), "%s/%s/%s", folder, target, name);
        AUTO_FCLOSE FILE *out = fopen(path, "wb");
        fuzz_must(out != NULL);
        fuzz_must(fwrite(seed->data, 1, seed->n_bytes, out) == seed->n_bytes);
}

static void append_packed(struct buffer *out, const ProtobufCMessage *message)
{
        size_t n = protobuf_c_message_get_packed_size(message);
        uint8_t *at = buffer_reserve(out, n + 1);

        fuzz_must(at != NULL);
        out->n_bytes += protobuf_c_message_pack(message, at);
}

static void write_packed(const struct method *m, const ProtobufCMessage *message, bool is_response)
{
        AUTO_BUFFER seed = BUFFER_INIT;
        char name[160];
        size_t index = contract_index(m);

        snprintf(name, sizeof(name), "%s.%s.%s", m->service, m->method,
                 is_response ? "response" : "request");
        buffer_append_char(&seed, (char)(index >> 8 | (is_response ? 0x80 : 0)));
        buffer_append_char(&seed, (char)(index & 0xff));
        append_packed(&seed, message);
        write_seed("request", name, &seed);
}

static void write_json(const struct method *m, const ProtobufCMessage *message)
{
        AUTO_BUFFER seed = BUFFER_INIT;
        char name[160];

        snprintf(name, sizeof(name), "%s.%s", m->service, m->method);
        buffer_append_char(&seed, (char)(contract_index(m) >> 8));
        buffer_append_char(&seed, (char)(contract_index(m) & 0xff));
        json_append_message(&seed, m->input, message);
        write_seed("json", name, &seed);
}

/* A batch of one call by the operator (fuzz_dispatch.c). */
static void write_dispatch(const struct method *m, const ProtobufCMessage *message)
{
        AUTO_BUFFER plain = BUFFER_INIT, seed = BUFFER_INIT;
        size_t index = contract_index(m);
        char name[160];

        snprintf(name, sizeof(name), "%s.%s", m->service, m->method);
        append_packed(&plain, message);
        buffer_append(&seed, "c\1\1", 3);
        buffer_append_char(&seed, (char)(index >> 8));
        buffer_append_char(&seed, (char)(index & 0xff));
        buffer_append_char(&seed, (char)(plain.n_bytes >> 8));
        buffer_append_char(&seed, (char)(plain.n_bytes & 0xff));
        buffer_append(&seed, plain.data, plain.n_bytes);
        write_seed("dispatch", name, &seed);
}

/* "/api/users/{user_id}" with 1 for each of its fields. */
static void append_path(struct buffer *out, const char *path)
{
        for (; *path; path++) {
                buffer_append_char(out, *path == '{' ? '1' : *path);
                if (*path == '{')
                        path += strcspn(path, "}");
        }
}

static void write_http(const struct method *m, size_t which, const ProtobufCMessage *message)
{
        const struct http_route *route = &m->routes[which];
        AUTO_BUFFER body = BUFFER_INIT, transcode = BUFFER_INIT, http = BUFFER_INIT;
        char name[160];

        snprintf(name, sizeof(name), "%s.%s.%zu", m->service, m->method, which);
        if (route->has_body)
                json_append_message(&body, m->input, message);
        buffer_printf(&transcode, "%s ", route->verb);
        append_path(&transcode, route->path);
        buffer_append_str(&transcode, "\napplication/json\n");
        buffer_append(&transcode, body.data, body.n_bytes);
        write_seed("transcode", name, &transcode);

        buffer_append(&http, "\0\0", 2);
        buffer_printf(&http, "%s ", route->verb);
        append_path(&http, route->path);
        buffer_printf(&http,
                      " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n"
                      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                      body.n_bytes);
        buffer_append(&http, body.data, body.n_bytes);
        write_seed("http", name, &http);
}

static void write_method(const struct method *m)
{
        AUTO_ARENA arena;

        arena_init(&arena, ARENA_BYTES);
        const ProtobufCMessage *request = fill_message(m->input, 0, &arena);

        write_packed(m, request, false);
        write_packed(m, fill_message(m->output, 0, &arena), true);
        write_json(m, request);
        write_dispatch(m, request);
        for (size_t i = 0; i < m->n_routes; i++)
                write_http(m, i, request);
}

/* A frame of one event after the other, each in its place. */
static void write_events(const ProtobufCMessageDescriptor *descriptor, char whose)
{
        const struct message_rules *rules = contract_rules(descriptor);
        AUTO_BUFFER seed = BUFFER_INIT;
        AUTO_ARENA arena;
        char name[2] = {whose, '\0'};

        arena_init(&arena, ARENA_BYTES);
        buffer_append_char(&seed, whose);
        for (unsigned i = 0; i < descriptor->n_fields; i++) {
                AUTO_BUFFER plain = BUFFER_INIT;
                ProtobufCMessage *event = fill_message(rules, i, &arena);

                if (whose == 'r')
                        ((Socializer__V1__RoomEvent *)event)->seq = (int64_t)i + 1;
                append_packed(&plain, event);
                buffer_append_char(&seed, 's');
                buffer_append_char(&seed, (char)(plain.n_bytes >> 8));
                buffer_append_char(&seed, (char)(plain.n_bytes & 0xff));
                buffer_append(&seed, plain.data, plain.n_bytes);
        }
        write_seed("event", name, &seed);
}

int main(int argc, char **argv)
{
        fuzz_must(argc == 2);
        folder = argv[1];
        fuzz_must(mkdir(folder, 0755) == 0 || errno == EEXIST);
        for (size_t i = 0; i < contract_n_methods; i++)
                write_method(&contract_methods[i]);
        write_events(&socializer__v1__room_event__descriptor, 'r');
        write_events(&socializer__v1__user_event__descriptor, 'u');
        return 0;
}
