#include "gen/plugin.h"

#include "gen/emit.h"
#include "gen/model.h"
#include "gen/names.h"
#include "gen/openapi.h"

#include <string.h>

#define ARENA_BYTES ((size_t)1 << 30)
#define N_FILES     5

typedef Google__Protobuf__Compiler__CodeGeneratorRequest plugin_request;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse plugin_response;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File plugin_file;

/* What protoc passes in --socializer_opt. */
struct options {
        const char *base;
        const char *version;
};

static bool read_options(struct model *m, struct options *ret)
{
        char *all = names_must(
                arena_strdup(m->arena, m->request->parameter ? m->request->parameter : ""));
        char *rest = NULL;

        *ret = (struct options){NULL, "0"};
        for (char *o = strtok_r(all, ",", &rest); o; o = strtok_r(NULL, ",", &rest)) {
                if (strncmp(o, "base=", 5) == 0) {
                        ret->base = o + 5;
                } else if (strncmp(o, "version=", 8) == 0) {
                        ret->version = o + 8;
                        if (ret->version[names_utf8_bytes(ret->version)]) {
                                buffer_append_str(&m->problems, "the version is no UTF-8");
                                return false;
                        }
                } else {
                        buffer_printf(&m->problems, "unknown option '%s'", o);
                        return false;
                }
        }
        return true;
}

static json_t *read_base(struct model *m, const struct options *options)
{
        json_error_t error;
        json_t *base;

        if (!options->base)
                return json_object();
        base = json_load_file(options->base, JSON_REJECT_DUPLICATES, &error);
        if (!base)
                buffer_printf(&m->problems, "%s:%d: %s", options->base, error.line, error.text);
        return base;
}

static void write_openapi(const struct model *m, json_t *base, const struct options *options,
                          struct buffer *tables, struct buffer *document)
{
        json_t *doc = openapi_document(m, base, options->version);
        char *compact = names_must(json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(15)));
        char *pretty = names_must(json_dumps(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(15)));

        emit_tables(tables, m, compact);
        buffer_append_str(document, pretty);
        buffer_append_char(document, '\n');
        free(compact);
        free(pretty);
        json_decref(doc);
}

/* Fills the files; outputs hold their text. */
static void write_files(struct model *m, const struct options *options, struct buffer *outputs,
                        plugin_response *response)
{
        static const char *const names[N_FILES] = {"contract.gen.h", "contract.gen.c",
                                                   "handlers.gen.h", "handlers.gen.c",
                                                   "openapi.json"};
        json_t *base = read_base(m, options);

        if (!base)
                return;
        emit_ids(&outputs[0], m);
        emit_handlers_h(&outputs[2], m);
        emit_handlers_c(&outputs[3], m);
        write_openapi(m, base, options, &outputs[1], &outputs[4]);
        json_decref(base);

        response->file = names_must(arena_calloc(m->arena, N_FILES, sizeof(plugin_file *)));
        for (size_t i = 0; i < N_FILES; i++) {
                plugin_file *file = names_must(arena_alloc(m->arena, sizeof(*file)));

                google__protobuf__compiler__code_generator_response__file__init(file);
                file->name = names_must(arena_strdup(m->arena, names[i]));
                file->content = names_must((void *)buffer_str(&outputs[i]));
                response->file[response->n_file++] = file;
        }
}

static bool write_response(const plugin_response *response, FILE *out)
{
        size_t n = google__protobuf__compiler__code_generator_response__get_packed_size(response);
        AUTO_FREE uint8_t *data = malloc(n ? n : 1);

        if (!data)
                return false;
        google__protobuf__compiler__code_generator_response__pack(response, data);
        return fwrite(data, 1, n, out) == n && fflush(out) == 0;
}

static bool generate(struct arena *arena, const plugin_request *request, FILE *out)
{
        plugin_response response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
        struct buffer outputs[N_FILES] = {BUFFER_INIT};
        struct options options;
        struct model model;
        bool done;

        model_read(&model, arena, request);
        if (model.problems.n_bytes == 0 && read_options(&model, &options))
                write_files(&model, &options, outputs, &response);
        if (model.problems.n_bytes > 0)
                response.error = names_must((void *)buffer_str(&model.problems));
        response.has_supported_features = true;
        response.supported_features =
                GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;
        done = write_response(&response, out);

        for (size_t i = 0; i < N_FILES; i++)
                buffer_deinit(&outputs[i]);
        model_deinit(&model);
        return done;
}

enum plugin_result plugin_run(const void *data, size_t n, FILE *out)
{
        AUTO_ARENA arena;
        plugin_request *request;

        arena_init(&arena, ARENA_BYTES);
        request = google__protobuf__compiler__code_generator_request__unpack(&arena.allocator, n,
                                                                             data);
        if (!request)
                return PLUGIN_NO_REQUEST;
        return generate(&arena, request, out) ? PLUGIN_DONE : PLUGIN_NOT_WRITTEN;
}
