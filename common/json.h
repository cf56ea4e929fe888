/* Protobuf messages as JSON and back, by reflection: the canonical proto3 mapping
 * (https://protobuf.dev/programming-guides/json/) with these choices:
 *   - names are the .proto's own (snake_case); every field is emitted
 *   - an unset message field, and an unset one-field oneof (proto3's "optional"), are null; of a
 *     oneof with several members only the one that is set appears
 *   - 64-bit integers are numbers (ids stay below 2^53); decimal strings are accepted too
 *   - enum values are written without their prefix, in lower case ("active" for
 *     TRAINING_STATUS_ACTIVE), null for _UNSPECIFIED; the full name and the number are accepted too
 *   - bytes are base64; google.protobuf.Timestamp is RFC 3339
 *   - a field with the json rule is embedded as the value it holds
 *   - unknown fields are refused by name, as are duplicate ones
 * Also the small writer that the rest of the JSON in this project is made with. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/arena.h"
#include "common/buffer.h"
#include "common/contract.h"
#include "common/status.h"

#include <jansson.h>

#define JSON_MAX_BYTES 1048576 /* 1 MiB */
#define JSON_MAX_DEPTH 64

/* Appends text as a JSON string, quotes included. text is UTF-8. */
void json_append_string(struct buffer *out, const char *text);
/* The same of n bytes that need no end. */
void json_append_string_n(struct buffer *out, const char *text, size_t n);
/* Appends a finite double in the shortest form that reads back the same, "2.0" for a whole one;
 * null for what is not finite. */
void json_append_double(struct buffer *out, double value);
/* Appends any value, without spaces; its numbers have no more digits than they need. */
void json_append_value(struct buffer *out, const json_t *value);

/* Appends the message as a JSON object. */
void json_append_message(struct buffer *out, const struct message_rules *rules,
                         const ProtobufCMessage *message);
/* Appends one field's value (what google.api.http calls response_body). */
void json_append_field(struct buffer *out, const struct message_rules *rules,
                       const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/* Parses text, at most JSON_MAX_BYTES and JSON_MAX_DEPTH, no duplicate names. The caller owns *ret
 * (json_decref). INVALID_ARGUMENT says line and column. */
enum status json_parse_text(const char *text, size_t n, json_t **ret,
                            struct error *reterr) MUST_CHECK;

/* Fills a message (already initialised, of rules->descriptor) from a JSON object; memory comes from
 * the arena. INVALID_ARGUMENT names the field: unknown, of the wrong type, out of its type's range.
 */
enum status json_to_message(const struct message_rules *rules, json_t *object, struct arena *arena,
                            ProtobufCMessage *message, struct error *reterr) MUST_CHECK;
/* Sets one field from text, as in a path or a query: numbers, booleans, enums, aliases ("me"),
 * strings as they are, json fields as JSON. Setting a repeated field appends. */
enum status json_set_field_text(const struct message_rules *rules, ProtobufCMessage *message,
                                const ProtobufCFieldDescriptor *field, const char *text,
                                struct arena *arena, struct error *reterr) MUST_CHECK;
/* A new initialised message in the arena; NULL when there is no memory. */
ProtobufCMessage *json_new_message(const ProtobufCMessageDescriptor *descriptor,
                                   struct arena *arena) MUST_CHECK;

/* The error object that every layer answers with:
 * {"code":"NOT_FOUND","message":"…","details":[…],"request_id":"…"} */
void json_append_error(struct buffer *out, const struct error *error, const char *request_id);

/* What JSON calls an enum value: "active". NULL for _UNSPECIFIED. scratch holds it. */
const char *json_enum_name(const struct field_rule *rule, int value, char scratch[static 64]);

#endif
