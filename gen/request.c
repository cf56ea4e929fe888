#include "gen/request.h"

#include "google/protobuf/descriptor.pb-c.h"

#include <stdbool.h>
#include <string.h>

/* As protoc has it. */
#define MAX_DEPTH 32

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS  "0123456789"

static bool is_name(const char *text)
{
        return text && *text && strchr(LETTERS, *text) && !text[strspn(text, LETTERS DIGITS)];
}

/* "socializer.v1"; with a dot in front where a type is named. */
static bool is_path(const char *text)
{
        while (text && *text) {
                size_t n = strspn(text, LETTERS DIGITS);

                if (n == 0 || strchr(DIGITS, *text) || (text[n] && text[n] != '.'))
                        return false;
                if (!text[n])
                        return true;
                text += n + 1;
        }
        return false;
}

static bool is_type(const char *text)
{
        return text && text[0] == '.' && is_path(text + 1);
}

static bool enum_is_whole(const Google__Protobuf__EnumDescriptorProto *e)
{
        for (size_t i = 0; i < e->n_value; i++) {
                if (!is_name(e->value[i]->name))
                        return false;
        }
        return is_name(e->name);
}

static bool field_is_whole(const Google__Protobuf__DescriptorProto *message,
                           const Google__Protobuf__FieldDescriptorProto *f)
{
        bool has_type_name =
                f->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE ||
                f->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP ||
                f->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM;

        return is_name(f->name) && f->has_type && (!has_type_name || is_type(f->type_name)) &&
               (!f->has_oneof_index ||
                (f->oneof_index >= 0 && (size_t)f->oneof_index < message->n_oneof_decl));
}

static bool message_is_whole(const Google__Protobuf__DescriptorProto *m, unsigned depth)
{
        if (depth > MAX_DEPTH || !is_name(m->name))
                return false;
        for (size_t i = 0; i < m->n_oneof_decl; i++) {
                if (!is_name(m->oneof_decl[i]->name))
                        return false;
        }
        for (size_t i = 0; i < m->n_field; i++) {
                if (!field_is_whole(m, m->field[i]))
                        return false;
        }
        for (size_t i = 0; i < m->n_enum_type; i++) {
                if (!enum_is_whole(m->enum_type[i]))
                        return false;
        }
        for (size_t i = 0; i < m->n_nested_type; i++) {
                if (!message_is_whole(m->nested_type[i], depth + 1))
                        return false;
        }
        return true;
}

static bool service_is_whole(const Google__Protobuf__ServiceDescriptorProto *s)
{
        for (size_t i = 0; i < s->n_method; i++) {
                const Google__Protobuf__MethodDescriptorProto *m = s->method[i];

                if (!is_name(m->name) || !is_type(m->input_type) || !is_type(m->output_type))
                        return false;
        }
        return is_name(s->name);
}

static bool file_is_whole(const Google__Protobuf__FileDescriptorProto *file)
{
        for (size_t i = 0; i < file->n_message_type; i++) {
                if (!message_is_whole(file->message_type[i], 1))
                        return false;
        }
        for (size_t i = 0; i < file->n_enum_type; i++) {
                if (!enum_is_whole(file->enum_type[i]))
                        return false;
        }
        for (size_t i = 0; i < file->n_service; i++) {
                if (!service_is_whole(file->service[i]))
                        return false;
        }
        return file->name && *file->name && (!file->package || is_path(file->package));
}

static bool has_file(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                     const char *name)
{
        for (size_t i = 0; i < request->n_proto_file; i++) {
                if (strcmp(request->proto_file[i]->name, name) == 0)
                        return true;
        }
        return false;
}

void request_check(const Google__Protobuf__Compiler__CodeGeneratorRequest *request,
                   struct buffer *problems)
{
        for (size_t i = 0; i < request->n_proto_file; i++) {
                if (!file_is_whole(request->proto_file[i])) {
                        buffer_printf(problems,
                                      "file %zu of the request is not as protoc writes it", i);
                        return;
                }
        }
        for (size_t i = 0; i < request->n_file_to_generate; i++) {
                if (!has_file(request, request->file_to_generate[i])) {
                        buffer_printf(problems, "the request lacks the file %s",
                                      request->file_to_generate[i]);
                        return;
                }
        }
}
