/* The only way from bytes to a protobuf message. protobuf-c itself recurses without limit, unpacks
 * a small input into a huge tree, checks no UTF-8 and cuts strings at a NUL; this does not.
 *
 * A first pass over the bytes, driven by the descriptor, checks structure: depth at most 32, at
 * most 65,536 elements, UTF-8 without NUL in strings, no truncation. Then protobuf-c unpacks into
 * an arena whose budget bounds the tree. */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include "common/arena.h"
#include "common/contract.h"
#include "common/status.h"

#define WIRE_MAX_DEPTH    32
#define WIRE_MAX_ELEMENTS 65536

/* The message lives in the arena; nothing to free. INVALID_ARGUMENT names the field that is wrong,
 * RESOURCE_EXHAUSTED when the arena's budget is spent. Unknown fields are dropped (a newer client
 * may send them). */
enum status wire_unpack(const ProtobufCMessageDescriptor *descriptor, const void *data, size_t n,
                        struct arena *arena, ProtobufCMessage **ret,
                        struct error *reterr) MUST_CHECK;

/* Whether n bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates) without NUL. */
bool wire_utf8_valid(const char *text, size_t n);
/* Characters (code points) of valid UTF-8. */
size_t wire_utf8_length(const char *text);

/* Checks a message against the limits in the contract, sub-messages included. INVALID_ARGUMENT
 * names the first field that breaks one, the limit and what was found:
 *     field "username", text "username: want 3 to 50 characters, got 2"
 * Enum values that are not in the contract are refused. Any thread. */
enum status wire_validate(const struct message_rules *rules, const ProtobufCMessage *message,
                          struct error *reterr) MUST_CHECK;
/* Compiles the contract's patterns; called once before threads start. */
enum status wire_validate_init(struct error *reterr) MUST_CHECK;

#endif
