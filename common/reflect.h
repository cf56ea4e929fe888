/* How protobuf-c lays out the members of a message, for code that walks descriptors. */
#ifndef COMMON_REFLECT_H
#define COMMON_REFLECT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes of one element of a repeated field, and of the member of a singular one. */
static inline size_t reflect_element_bytes(ProtobufCType type)
{
        switch (type) {
        case PROTOBUF_C_TYPE_STRING:
        case PROTOBUF_C_TYPE_MESSAGE:
                return sizeof(void *);
        case PROTOBUF_C_TYPE_BYTES:
                return sizeof(ProtobufCBinaryData);
        case PROTOBUF_C_TYPE_BOOL:
                return sizeof(protobuf_c_boolean);
        case PROTOBUF_C_TYPE_INT64:
        case PROTOBUF_C_TYPE_SINT64:
        case PROTOBUF_C_TYPE_SFIXED64:
        case PROTOBUF_C_TYPE_UINT64:
        case PROTOBUF_C_TYPE_FIXED64:
        case PROTOBUF_C_TYPE_DOUBLE:
                return 8;
        default:
                return 4;
        }
}

static inline void *reflect_member(const ProtobufCMessage *message,
                                   const ProtobufCFieldDescriptor *field)
{
        return (char *)message + field->offset;
}

/* The count of a repeated field. */
static inline size_t *reflect_count(const ProtobufCMessage *message,
                                    const ProtobufCFieldDescriptor *field)
{
        return (size_t *)((char *)message + field->quantifier_offset);
}

/* Which member of its oneof is set. */
static inline uint32_t *reflect_case(const ProtobufCMessage *message,
                                     const ProtobufCFieldDescriptor *field)
{
        return (uint32_t *)((char *)message + field->quantifier_offset);
}

/* Whether the field belongs to a oneof of which another member, or none, is set. */
static inline bool reflect_is_unset(const ProtobufCMessage *message,
                                    const ProtobufCFieldDescriptor *field)
{
        return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
               *reflect_case(message, field) != field->id;
}

static inline bool reflect_is_timestamp(const ProtobufCMessageDescriptor *descriptor)
{
        return !strcmp(descriptor->name, "google.protobuf.Timestamp");
}

#endif
