/* The contract as tables: what gen/ writes from proto/ and everything else reads. The generated
 * part is contract.gen.h (method numbers) and contract.gen.c (the tables declared here). */
#ifndef COMMON_CONTRACT_H
#define COMMON_CONTRACT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a method runs; socializer.v1.Lane with the default resolved. Also the lane of a client. */
enum lane { LANE_READ, LANE_WRITE, LANE_PASSWORD, LANE_LONG, LANE_COUNT };

enum access { ACCESS_PUBLIC, ACCESS_USER, ACCESS_ADMIN };

struct alias {
        const char *name;
        int64_t value;
};

enum rule_flags {
        RULE_REQUIRED = 1 << 0,
        RULE_HAS_MIN = 1 << 1,
        RULE_HAS_MAX = 1 << 2,
        RULE_JSON = 1 << 3, /* a string that is JSON text */
        RULE_SECRET = 1 << 4, /* never logged nor stored with a reply */
        RULE_OPTIONAL = 1 << 5, /* the only member of its oneof: JSON null when unset */
};

/* The limits of one field, beside its descriptor. */
struct field_rule {
        const ProtobufCFieldDescriptor *field;
        unsigned flags; /* enum rule_flags */
        uint32_t min_len, max_len; /* characters of a string, bytes of bytes; max 0 = 65,536 */
        uint32_t min_items, max_items; /* of a repeated field; max 0 = 10,000 */
        double min, max; /* with RULE_HAS_MIN, RULE_HAS_MAX */
        const char *pattern; /* POSIX extended, anchored; NULL = any */
        const char *pattern_hint; /* what it means, for people; NULL = none */
        const struct alias *aliases; /* words for numbers; name NULL ends; NULL = none */
        const struct message_rules *message; /* of a message field, else NULL */
        const char *doc; /* the comment in the .proto, "" = none */
        const char *json_prefix; /* of an enum field: "ROLE_", what JSON leaves out; else NULL */
};

/* One a message type; fields[i] belongs to descriptor->fields[i] (in the order of their numbers).
 */
struct message_rules {
        const ProtobufCMessageDescriptor *descriptor;
        const struct field_rule *fields;
        const char *doc;
        bool has_secret; /* somewhere inside */
};

/* One binding of google.api.http. */
struct http_route {
        const char *verb; /* "GET" */
        const char *path; /* "/api/users/{user_id}/skills" */
        bool has_body; /* body: "*"; the only body this project uses */
        const ProtobufCFieldDescriptor *response_body; /* NULL = the whole response */
};

struct method {
        const char *name; /* "socializer.v1.UserService/GetMe" */
        const char *service; /* "UserService" */
        const char *method; /* "GetMe" */
        const char *doc;
        const ProtobufCServiceDescriptor *service_descriptor;
        unsigned method_index; /* in service_descriptor->methods */
        const struct message_rules *input;
        const struct message_rules *output;
        enum lane lane;
        enum access access;
        bool side_effects; /* false: NO_SIDE_EFFECTS, may be repeated at will */
        bool replay; /* a repeat answers the first reply, so that a client may send it again */
        bool sealed_replay; /* the first reply is kept sealed with the caller's key */
        /* A text by which the handler itself knows a repeat: where it is set, no reply is kept.
         * NULL: there is none. */
        const ProtobufCFieldDescriptor *repeat_key;
        uint32_t timeout_ms;
        unsigned http_status;
        const struct http_route *routes;
        size_t n_routes;
};

/* Generated. The index of contract_methods is enum method_id of contract.gen.h. */
extern const struct method contract_methods[];
extern const size_t contract_n_methods;
extern const struct message_rules *const contract_messages[];
extern const size_t contract_n_messages;
/* The OpenAPI 3.1 document, JSON text. */
extern const char contract_openapi[];
extern const size_t contract_openapi_bytes;

/* By full name; name need not be terminated. NULL when there is none. Any thread, no lock. */
const struct method *contract_find(const char *name, size_t n_bytes);
/* The same by service descriptor and index, as protobuf-c's stubs call it. */
const struct method *contract_find_stub(const ProtobufCServiceDescriptor *service, unsigned index);
/* By "GetMe", "UserService/GetMe", "UserService.GetMe" or the full name, capitals as they are; NULL
 * when there is none, or more than one. For people who type. */
const struct method *contract_find_short(const char *name);
/* Index of a method in contract_methods. */
static inline size_t contract_index(const struct method *m)
{
        return (size_t)(m - contract_methods);
}
/* How much the contract knows: it grows with every method, message and field that is added, and
 * within a package nothing is taken away (buf breaking). Who has the higher number understands who
 * has the lower one. */
uint32_t contract_revision(void);
/* The rules of a message type; NULL for one that is not in the contract. */
const struct message_rules *contract_rules(const ProtobufCMessageDescriptor *descriptor);

#endif
