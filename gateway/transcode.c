#include "gateway/transcode.h"

#include "common/json.h"
#include "gateway/uri.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static void json_release(json_t **json)
{
        json_decref(*json);
}

#define AUTO_JSON CLEANUP(json_release) json_t

/* charset=utf-8 or nothing. */
static bool parameters_fit(const char *at)
{
        const char *charset = strcasestr(at, "charset=");

        if (!charset)
                return true;
        charset += strlen("charset=");
        charset += *charset == '"';
        return strncasecmp(charset, "utf-8", 5) == 0 || strncasecmp(charset, "utf8", 4) == 0;
}

bool transcode_body_kind(const char *content_type, enum body_kind *ret)
{
        static const struct {
                const char *name;
                enum body_kind kind;
        } kinds[] = {
                {"application/json", BODY_JSON},
                {"application/x-www-form-urlencoded", BODY_FORM},
        };

        if (!content_type) {
                *ret = BODY_JSON;
                return true;
        }
        size_t n = strcspn(content_type, "; \t");
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (n == strlen(kinds[i].name) &&
                    strncasecmp(content_type, kinds[i].name, n) == 0 &&
                    parameters_fit(content_type + n)) {
                        *ret = kinds[i].kind;
                        return true;
                }
        }
        return false;
}

/* Sets fields from "name=value&…". where: "query parameter" or "form field". */
static enum status fields_from_pairs(const struct transcode_input *input, char *pairs,
                                     const char *where, struct arena *arena,
                                     ProtobufCMessage *message, unsigned *ret_http,
                                     struct error *reterr)
{
        const struct route *route = input->match->route;
        const struct message_rules *rules = route->method->input;
        uint64_t seen = 0; /* bit i: descriptor->fields[i] */
        char *name;
        char *value;
        bool valid;

        for (unsigned i = 0; i < route->n_params; i++)
                seen |= UINT64_C(1) << (route->params[i] - rules->descriptor->fields);

        while (uri_next_pair(&pairs, &name, &value, &valid)) {
                if (!valid) {
                        *ret_http = 400;
                        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                         "bad percent-encoding or no UTF-8 in a %s", where);
                }
                const ProtobufCFieldDescriptor *field =
                        protobuf_c_message_descriptor_get_field_by_name(rules->descriptor, name);
                if (!field)
                        return error_field(reterr, name, "unknown %s", where);

                /* Addresses are kept in logs and histories. */
                if (!route->http->has_body &&
                    (rules->fields[field - rules->descriptor->fields].flags & RULE_SECRET))
                        return error_field(reterr, name,
                                           "a secret belongs into the body of a POST");

                uint64_t bit = UINT64_C(1) << (field - rules->descriptor->fields);
                if (field->label != PROTOBUF_C_LABEL_REPEATED && (seen & bit))
                        return error_field(reterr, name, "given more than once");
                seen |= bit;

                enum status st = json_set_field_text(rules, message, field, value, arena, reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

static enum status message_from_json(const struct transcode_input *input, json_t *object,
                                     struct arena *arena, ProtobufCMessage *message,
                                     unsigned *ret_http, struct error *reterr)
{
        if (!json_is_object(object)) {
                *ret_http = 400;
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "the body is no JSON object");
        }
        return json_to_message(input->match->route->method->input, object, arena, message, reterr);
}

/* The value of a field that can be in a path: a number, an enum, a boolean or a string. */
static bool same_value(const ProtobufCMessage *a, const ProtobufCMessage *b,
                       const ProtobufCFieldDescriptor *field)
{
        const uint8_t *va = (const uint8_t *)a + field->offset;
        const uint8_t *vb = (const uint8_t *)b + field->offset;

        switch (field->type) {
        case PROTOBUF_C_TYPE_STRING:
                return strcmp(*(char *const *)va, *(char *const *)vb) == 0;
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_SINT64:
        case PROTOBUF_C_TYPE_FIXED64:
        case PROTOBUF_C_TYPE_SFIXED64:
                return memcmp(va, vb, sizeof(int64_t)) == 0;
        default:
                return memcmp(va, vb, sizeof(int32_t)) == 0;
        }
}

/* The path wins over nothing: a body that names the same field must agree. */
static enum status fields_from_path(const struct transcode_input *input, const json_t *body,
                                    struct arena *arena, ProtobufCMessage *message,
                                    struct error *reterr)
{
        const struct route *route = input->match->route;
        const struct message_rules *rules = route->method->input;

        for (unsigned i = 0; i < route->n_params; i++) {
                const ProtobufCFieldDescriptor *field = route->params[i];
                const json_t *in_body = body ? json_object_get(body, field->name) : NULL;
                enum status st;

                if (in_body && !json_is_null(in_body)) {
                        ProtobufCMessage *path = json_new_message(rules->descriptor, arena);
                        if (!path)
                                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                                 "out of memory");
                        st = json_set_field_text(rules, path, field, input->match->params[i], arena,
                                                 reterr);
                        if (st != STATUS_OK)
                                return st;
                        if (!same_value(path, message, field))
                                return error_field(reterr, field->name,
                                                   "the path and the body differ");
                        continue;
                }
                st = json_set_field_text(rules, message, field, input->match->params[i], arena,
                                         reterr);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

/* A request without a body may still bring an empty one. */
static bool says_nothing(const char *body)
{
        static const char blank[] = " \t\r\n";

        body += strspn(body, blank);
        if (*body == '{') {
                body += 1;
                body += strspn(body, blank);
                if (*body++ != '}')
                        return false;
                body += strspn(body, blank);
        }
        return *body == '\0';
}

enum status transcode_request(const struct transcode_input *input, struct arena *arena,
                              ProtobufCMessage **ret, unsigned *ret_http, struct error *reterr)
{
        const struct route *route = input->match->route;
        AUTO_JSON *json = NULL;
        enum status st = STATUS_OK;

        *ret_http = 0;
        ProtobufCMessage *message = json_new_message(route->method->input->descriptor, arena);
        if (!message)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED, "out of memory");

        /* What is behind a NUL would be overlooked. */
        if (memchr(input->body, '\0', input->n_body_bytes)) {
                *ret_http = 400;
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "the body has a NUL byte");
        }
        if (!route->http->has_body) {
                if (!says_nothing(input->body)) {
                        *ret_http = 400;
                        return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                         "this request takes no body");
                }
                if (input->query)
                        st = fields_from_pairs(input, input->query, "query parameter", arena,
                                               message, ret_http, reterr);
        } else if (input->query && *input->query) {
                return error_set(reterr, STATUS_INVALID_ARGUMENT,
                                 "this request takes its fields in the body, not in a query");
        } else if (input->body_kind == BODY_FORM) {
                st = fields_from_pairs(input, input->body, "form field", arena, message, ret_http,
                                       reterr);
        } else if (!says_nothing(input->body)) {
                st = json_parse_text(input->body, input->n_body_bytes, &json, reterr);
                if (st != STATUS_OK)
                        *ret_http = 400;
                else
                        st = message_from_json(input, json, arena, message, ret_http, reterr);
        }
        if (st == STATUS_OK)
                st = fields_from_path(input, json, arena, message, reterr);
        if (st == STATUS_OK)
                *ret = message;
        return st;
}
