/* The contract as the generator sees it: what protoc hands over, with names resolved, comments
 * attached and our options decoded. Everything lives in the arena of the model. */
#ifndef GEN_MODEL_H
#define GEN_MODEL_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/contract.h"
#include "gen/source.h"

#include "google/api/http.pb-c.h"
#include "google/protobuf/compiler/plugin.pb-c.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "socializer/v1/options.pb-c.h"

#define MODEL_TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define MODEL_TIMESTAMP  "google.protobuf.Timestamp"

struct model_enum {
        const Google__Protobuf__EnumDescriptorProto *proto;
        const Google__Protobuf__FileDescriptorProto *file;
        struct source_path path;
        struct place place;
        const char *full_name;
        const char *doc;
        const char *json_prefix; /* "TRAINING_STATUS_" */
};

struct model_field {
        const Google__Protobuf__FieldDescriptorProto *proto;
        struct place place;
        const char *name;
        const char *doc;
        const Socializer__V1__FieldRules *rules; /* never NULL */
        struct model_message *message; /* of a message field, else NULL */
        struct model_enum *enumeration; /* of an enum field, else NULL */
        bool repeated;
        bool optional; /* the only member of its oneof */
        bool choice; /* one of several members of a oneof */
};

struct model_message {
        const Google__Protobuf__DescriptorProto *proto;
        const Google__Protobuf__FileDescriptorProto *file;
        struct source_path path;
        struct place place;
        const char *full_name;
        const char *c_name; /* "socializer__v1__user" */
        const char *c_type; /* "Socializer__V1__User" */
        const char *doc;
        struct model_field *fields; /* in the order of their numbers */
        size_t n_fields;
        bool has_secret; /* somewhere inside */
        bool in_request; /* part of a method's input */
        bool in_response; /* part of a method's output */
        enum { MODEL_UNSEEN, MODEL_OPEN, MODEL_DONE } visit;
};

struct model_route {
        struct place place;
        const char *verb;
        const char *path;
        bool has_body;
        const struct model_field **params; /* in the order of the path */
        size_t n_params;
        const struct model_field *response_body; /* NULL = the whole response */
};

struct model_method {
        const Google__Protobuf__MethodDescriptorProto *proto;
        const struct model_service *service;
        struct place place;
        const char *full_name; /* "socializer.v1.UserService/GetMe" */
        const char *id; /* "METHOD_USER_SERVICE_GET_ME" */
        const char *handler; /* "user_service_get_me" */
        const char *doc;
        struct model_message *input, *output;
        const Socializer__V1__MethodRules *rules; /* never NULL */
        enum lane lane;
        bool side_effects;
        bool replay;
        struct model_route *routes;
        size_t n_routes;
};

struct model_service {
        const Google__Protobuf__ServiceDescriptorProto *proto;
        const Google__Protobuf__FileDescriptorProto *file;
        struct place place;
        const char *full_name;
        const char *c_name;
        const char *doc;
        size_t first_method;
        size_t n_methods;
};

struct model {
        struct arena *arena;
        const Google__Protobuf__Compiler__CodeGeneratorRequest *request;
        struct model_message **messages; /* in the order of their full names */
        size_t n_messages;
        struct model_enum **enums; /* in the order of their full names */
        size_t n_enums;
        struct model_service *services; /* in the order of files and lines, as are methods */
        size_t n_services;
        struct model_method *methods;
        size_t n_methods;
        struct buffer problems; /* one a line: "FILE:LINE: reason"; owned */
};

/* Reads the request. What is wrong with it is in m->problems; the model is only complete, and
 * only then to be given to the emitters, while that is empty. */
void model_read(struct model *m, struct arena *a,
                const Google__Protobuf__Compiler__CodeGeneratorRequest *request);
void model_deinit(struct model *m);

/* Adds a problem. */
void model_problem(struct model *m, struct place place, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The field of that name (n bytes), or NULL. */
const struct model_field *model_field_find(const struct model_message *message, const char *name,
                                           size_t n);
bool model_file_is_generated(const struct model *m,
                             const Google__Protobuf__FileDescriptorProto *file);

/* What a field holds. */
bool model_is_integer(const struct model_field *f);
bool model_is_number(const struct model_field *f);
bool model_is_string(const struct model_field *f);
bool model_is_bytes(const struct model_field *f);
bool model_is_bool(const struct model_field *f);

#endif
