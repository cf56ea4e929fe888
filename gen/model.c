#include "gen/model.h"

#include "gen/check.h"
#include "gen/names.h"
#include "gen/options.h"
#include "gen/request.h"
#include "gen/route.h"

#include <stdarg.h>
#include <string.h>

/* Field numbers of descriptor.proto, for the way to an element. */
enum {
        FILE_MESSAGE = 4,
        FILE_ENUM = 5,
        FILE_SERVICE = 6,
        MESSAGE_FIELD = 2,
        MESSAGE_NESTED = 3,
        MESSAGE_ENUM = 4,
        FIELD_OPTIONS = 8,
        SERVICE_METHOD = 2,
        METHOD_OPTIONS = 4,
};

void model_problem(struct model *m, struct place place, const char *format, ...)
{
        char text[512];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        buffer_printf(&m->problems, "%s%s:%d: %s", m->problems.n_bytes > 0 ? "\n" : "", place.file,
                      place.line, text);
}

bool model_is_integer(const struct model_field *f)
{
        switch (f->proto->type) {
        case MODEL_TYPE(INT32):
        case MODEL_TYPE(INT64):
        case MODEL_TYPE(UINT32):
        case MODEL_TYPE(UINT64):
        case MODEL_TYPE(SINT32):
        case MODEL_TYPE(SINT64):
        case MODEL_TYPE(FIXED32):
        case MODEL_TYPE(FIXED64):
        case MODEL_TYPE(SFIXED32):
        case MODEL_TYPE(SFIXED64):
                return true;
        default:
                return false;
        }
}

bool model_is_number(const struct model_field *f)
{
        return model_is_integer(f) || f->proto->type == MODEL_TYPE(DOUBLE) ||
               f->proto->type == MODEL_TYPE(FLOAT);
}

bool model_is_string(const struct model_field *f)
{
        return f->proto->type == MODEL_TYPE(STRING);
}

bool model_is_bytes(const struct model_field *f)
{
        return f->proto->type == MODEL_TYPE(BYTES);
}

bool model_is_bool(const struct model_field *f)
{
        return f->proto->type == MODEL_TYPE(BOOL);
}

const struct model_field *model_field_find(const struct model_message *message, const char *name,
                                           size_t n)
{
        for (size_t i = 0; i < message->n_fields; i++) {
                const struct model_field *f = &message->fields[i];

                if (strlen(f->name) == n && memcmp(f->name, name, n) == 0)
                        return f;
        }
        return NULL;
}

bool model_file_is_generated(const struct model *m,
                             const Google__Protobuf__FileDescriptorProto *file)
{
        for (size_t i = 0; i < m->request->n_file_to_generate; i++) {
                if (strcmp(m->request->file_to_generate[i], file->name) == 0)
                        return true;
        }
        return false;
}

/* One more pointer in an array that grows by doubling, out of the arena. */
static void *append(struct model *m, void *array, size_t *n, size_t size)
{
        void *grown = array;

        if ((*n & (*n - 1)) == 0) { /* 0, 1, 2, 4 …: full */
                grown = names_must(arena_calloc(m->arena, *n ? 2 * *n : 1, size));
                if (*n > 0)
                        memcpy(grown, array, *n * size);
        }
        (*n)++;
        return grown;
}

static void add_enum(struct model *m, const Google__Protobuf__FileDescriptorProto *file,
                     const char *scope, const Google__Protobuf__EnumDescriptorProto *proto,
                     struct source_path path)
{
        struct model_enum *e = names_must(arena_alloc(m->arena, sizeof(*e)));

        e->proto = proto;
        e->file = file;
        e->path = path;
        e->place = source_place(file, path);
        e->full_name = names_must(arena_printf(m->arena, "%s.%s", scope, proto->name));
        e->doc = source_comment(m->arena, file, path);
        e->json_prefix =
                names_must(arena_printf(m->arena, "%s_", names_upper_snake(m->arena, proto->name)));
        m->enums = append(m, m->enums, &m->n_enums, sizeof(struct model_enum *));
        m->enums[m->n_enums - 1] = e;
}

static void add_message(struct model *m, const Google__Protobuf__FileDescriptorProto *file,
                        const char *scope, const Google__Protobuf__DescriptorProto *proto,
                        struct source_path path)
{
        struct model_message *msg = names_must(arena_alloc(m->arena, sizeof(*msg)));

        msg->proto = proto;
        msg->file = file;
        msg->path = path;
        msg->place = source_place(file, path);
        msg->full_name = names_must(arena_printf(m->arena, "%s.%s", scope, proto->name));
        msg->c_name = names_lower(m->arena, msg->full_name);
        msg->c_type = names_type(m->arena, msg->full_name);
        /* What others wrote of their own files is not the contract's to repeat. */
        msg->doc = model_file_is_generated(m, file) ? source_comment(m->arena, file, path) : "";
        if (proto->options && proto->options->map_entry)
                model_problem(m, msg->place, "maps are not supported: repeat a message instead");
        m->messages = append(m, m->messages, &m->n_messages, sizeof(struct model_message *));
        m->messages[m->n_messages - 1] = msg;

        for (size_t i = 0; i < proto->n_enum_type; i++)
                add_enum(m, file, msg->full_name, proto->enum_type[i],
                         source_child(path, MESSAGE_ENUM, i));
        for (size_t i = 0; i < proto->n_nested_type; i++)
                add_message(m, file, msg->full_name, proto->nested_type[i],
                            source_child(path, MESSAGE_NESTED, i));
}

static void add_types(struct model *m, const Google__Protobuf__FileDescriptorProto *file)
{
        const struct source_path root = {.n = 0};

        for (size_t i = 0; i < file->n_enum_type; i++)
                add_enum(m, file, file->package, file->enum_type[i],
                         source_child(root, FILE_ENUM, i));
        for (size_t i = 0; i < file->n_message_type; i++)
                add_message(m, file, file->package, file->message_type[i],
                            source_child(root, FILE_MESSAGE, i));
}

/* The message of a type name (".socializer.v1.User"); NULL when it is not in the contract. */
static struct model_message *message_of(struct model *m, const char *type_name)
{
        for (size_t i = 0; i < m->n_messages; i++) {
                if (strcmp(m->messages[i]->full_name, type_name + 1) == 0)
                        return m->messages[i];
        }
        return NULL;
}

static struct model_enum *enum_of(struct model *m, const char *type_name)
{
        for (size_t i = 0; i < m->n_enums; i++) {
                if (strcmp(m->enums[i]->full_name, type_name + 1) == 0)
                        return m->enums[i];
        }
        return NULL;
}

static size_t oneof_members(const Google__Protobuf__DescriptorProto *message, int32_t oneof)
{
        size_t n = 0;

        for (size_t i = 0; i < message->n_field; i++)
                n += message->field[i]->has_oneof_index && message->field[i]->oneof_index == oneof;
        return n;
}

static void read_field(struct model *m, struct model_message *msg, size_t index,
                       struct model_field *f)
{
        const Google__Protobuf__FieldDescriptorProto *proto = msg->proto->field[index];
        struct source_path path = source_child(msg->path, MESSAGE_FIELD, index);
        bool options_valid;

        f->proto = proto;
        f->name = proto->name;
        f->place = source_place(msg->file, source_option(path, FIELD_OPTIONS, OPTIONS_FIELD));
        f->doc = model_file_is_generated(m, msg->file) ? source_comment(m->arena, msg->file, path)
                                                       : "";
        f->rules = options_field(m->arena, proto->options, &options_valid);
        if (!options_valid)
                model_problem(m, f->place, "field '%s': its options are no message", f->name);
        f->repeated =
                proto->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
        if (proto->has_oneof_index && !proto->proto3_optional) {
                f->optional = oneof_members(msg->proto, proto->oneof_index) == 1;
                f->choice = !f->optional;
        }
        if (proto->type == MODEL_TYPE(MESSAGE))
                f->message = message_of(m, proto->type_name);
        else if (proto->type == MODEL_TYPE(ENUM))
                f->enumeration = enum_of(m, proto->type_name);
        if ((proto->type == MODEL_TYPE(MESSAGE) && !f->message) ||
            (proto->type == MODEL_TYPE(ENUM) && !f->enumeration))
                model_problem(m, f->place,
                              "field '%s' is a %s, which is no part of the contract; of other "
                              "files only " MODEL_TIMESTAMP " is",
                              f->name, proto->type_name + 1);
        check_field(m, f);
}

static int compare_fields(const void *a, const void *b)
{
        const struct model_field *fa = a, *fb = b;

        return (fa->proto->number > fb->proto->number) - (fa->proto->number < fb->proto->number);
}

static void read_fields(struct model *m, struct model_message *msg)
{
        msg->n_fields = msg->proto->n_field;
        msg->fields = names_must(arena_calloc(m->arena, msg->n_fields + 1, sizeof(msg->fields[0])));
        for (size_t i = 0; i < msg->n_fields; i++)
                read_field(m, msg, i, &msg->fields[i]);
        /* protoc-c orders its field descriptors by number, and rules stand beside them. */
        qsort(msg->fields, msg->n_fields, sizeof(msg->fields[0]), compare_fields);
}

static int compare_messages(const void *a, const void *b)
{
        const struct model_message *const *ma = a, *const *mb = b;

        return strcmp((*ma)->full_name, (*mb)->full_name);
}

static int compare_enums(const void *a, const void *b)
{
        const struct model_enum *const *ea = a, *const *eb = b;

        return strcmp((*ea)->full_name, (*eb)->full_name);
}

static enum lane resolve_lane(Socializer__V1__Lane lane, bool side_effects)
{
        switch (lane) {
        case SOCIALIZER__V1__LANE__LANE_READ:
                return LANE_READ;
        case SOCIALIZER__V1__LANE__LANE_WRITE:
                return LANE_WRITE;
        case SOCIALIZER__V1__LANE__LANE_PASSWORD:
                return LANE_PASSWORD;
        case SOCIALIZER__V1__LANE__LANE_LONG:
                return LANE_LONG;
        default:
                return side_effects ? LANE_WRITE : LANE_READ;
        }
}

static void read_method(struct model *m, const struct model_service *service, size_t index,
                        struct source_path path)
{
        const Google__Protobuf__MethodDescriptorProto *proto = service->proto->method[index];
        const char *name = service->proto->name;
        struct model_method *method;
        bool options_valid;

        m->methods = append(m, m->methods, &m->n_methods, sizeof(m->methods[0]));
        method = &m->methods[m->n_methods - 1];
        method->proto = proto;
        method->place = source_place(service->file, path);
        method->doc = source_comment(m->arena, service->file, path);
        method->full_name =
                names_must(arena_printf(m->arena, "%s/%s", service->full_name, proto->name));
        method->id =
                names_must(arena_printf(m->arena, "METHOD_%s_%s", names_upper_snake(m->arena, name),
                                        names_upper_snake(m->arena, proto->name)));
        method->handler = names_must(arena_printf(m->arena, "%s_%s", names_snake(m->arena, name),
                                                  names_snake(m->arena, proto->name)));
        method->input = message_of(m, proto->input_type);
        method->output = message_of(m, proto->output_type);
        method->rules = options_method(m->arena, proto->options, &options_valid);
        if (!options_valid)
                model_problem(m, method->place, "%s: its options are no message",
                              method->full_name);
        method->side_effects =
                !proto->options ||
                proto->options->idempotency_level !=
                        GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS;
        method->lane = resolve_lane(method->rules->lane, method->side_effects);
        method->replay = method->side_effects && !method->rules->no_replay;
        check_method(m, method);
        if (!method->input || !method->output) {
                model_problem(m, method->place, "%s: %s is no part of the contract",
                              method->full_name,
                              (method->input ? proto->output_type : proto->input_type) + 1);
                m->n_methods--;
                return;
        }
        route_read(m, method,
                   source_place(service->file, source_option(path, METHOD_OPTIONS, OPTIONS_HTTP)));
}

static void read_services(struct model *m, const Google__Protobuf__FileDescriptorProto *file)
{
        const struct source_path root = {.n = 0};

        for (size_t i = 0; i < file->n_service; i++) {
                struct source_path path = source_child(root, FILE_SERVICE, i);
                struct model_service *s;

                m->services = append(m, m->services, &m->n_services, sizeof(m->services[0]));
                s = &m->services[m->n_services - 1];
                s->proto = file->service[i];
                s->file = file;
                s->place = source_place(file, path);
                s->full_name =
                        names_must(arena_printf(m->arena, "%s.%s", file->package, s->proto->name));
                s->c_name = names_lower(m->arena, s->full_name);
                s->doc = source_comment(m->arena, file, path);
                s->first_method = m->n_methods;
                for (size_t j = 0; j < s->proto->n_method; j++)
                        read_method(m, s, j, source_child(path, SERVICE_METHOD, j));
                s->n_methods = m->n_methods - s->first_method;
        }
}

/* A method knows its service only once the array of services has stopped growing. */
static void link_services(struct model *m)
{
        for (size_t i = 0; i < m->n_services; i++) {
                const struct model_service *s = &m->services[i];

                for (size_t j = 0; j < s->n_methods; j++)
                        m->methods[s->first_method + j].service = s;
        }
}

static const Google__Protobuf__FileDescriptorProto *file_named(
        const Google__Protobuf__Compiler__CodeGeneratorRequest *request, const char *name)
{
        for (size_t i = 0; i < request->n_proto_file; i++) {
                if (strcmp(request->proto_file[i]->name, name) == 0)
                        return request->proto_file[i];
        }
        return NULL;
}

static void read_types(struct model *m)
{
        const Google__Protobuf__FileDescriptorProto *timestamp =
                file_named(m->request, "google/protobuf/timestamp.proto");

        if (timestamp)
                add_types(m, timestamp);
        for (size_t i = 0; i < m->request->n_file_to_generate; i++) {
                const Google__Protobuf__FileDescriptorProto *file =
                        file_named(m->request, m->request->file_to_generate[i]);

                check_file(m, file);
                if (file->package)
                        add_types(m, file);
        }
        if (m->n_messages > 0)
                qsort(m->messages, m->n_messages, sizeof(struct model_message *), compare_messages);
        if (m->n_enums > 0)
                qsort(m->enums, m->n_enums, sizeof(struct model_enum *), compare_enums);
        for (size_t i = 0; i < m->n_enums; i++)
                check_enum(m, m->enums[i]);
        for (size_t i = 0; i < m->n_messages; i++)
                read_fields(m, m->messages[i]);
}

void model_read(struct model *m, struct arena *a,
                const Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
        *m = (struct model){.arena = a, .request = request};
        request_check(request, &m->problems);
        if (m->problems.n_bytes > 0)
                return;
        read_types(m);
        for (size_t i = 0; i < request->n_file_to_generate; i++) {
                const Google__Protobuf__FileDescriptorProto *file =
                        file_named(request, request->file_to_generate[i]);

                if (file->package)
                        read_services(m, file);
        }
        link_services(m);
        check_whole(m);
        route_check_unique(m);
}

void model_deinit(struct model *m)
{
        buffer_deinit(&m->problems);
}
