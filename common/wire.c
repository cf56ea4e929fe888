#include "common/wire.h"

#include "common/reflect.h"
#include "common/utf8.h"

#include <string.h>

enum { TYPE_VARINT = 0, TYPE_FIXED64 = 1, TYPE_BYTES = 2, TYPE_FIXED32 = 5 };

/* The pass over the bytes before protobuf-c sees them. */
struct scan {
        const uint8_t *at, *end;
        unsigned depth;
        unsigned *n_elements; /* of the whole message */
        struct error *reterr;
};

/* --- UTF-8 --- */

bool wire_utf8_valid(const char *text, size_t n)
{
        return utf8_is_valid(text, n) && !memchr(text, '\0', n);
}

size_t wire_utf8_length(const char *text)
{
        size_t n = 0;

        for (; *text; text++)
                n += ((unsigned char)*text & 0xc0) != 0x80;
        return n;
}

/* --- the scan --- */

static bool scan_varint(struct scan *s, uint64_t *ret)
{
        uint64_t value = 0;

        for (unsigned shift = 0; shift < 70; shift += 7) {
                if (s->at == s->end)
                        return false;
                uint8_t byte = *s->at++;
                if (shift == 63 && byte > 1)
                        return false;
                value |= (uint64_t)(byte & 0x7f) << shift;
                if (!(byte & 0x80)) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

static bool scan_skip(struct scan *s, uint64_t n)
{
        if (n > (uint64_t)(s->end - s->at))
                return false;
        s->at += n;
        return true;
}

static unsigned wire_type_of(ProtobufCType type)
{
        switch (type) {
        case PROTOBUF_C_TYPE_STRING:
        case PROTOBUF_C_TYPE_BYTES:
        case PROTOBUF_C_TYPE_MESSAGE:
                return TYPE_BYTES;
        case PROTOBUF_C_TYPE_FIXED64:
        case PROTOBUF_C_TYPE_SFIXED64:
        case PROTOBUF_C_TYPE_DOUBLE:
                return TYPE_FIXED64;
        case PROTOBUF_C_TYPE_FIXED32:
        case PROTOBUF_C_TYPE_SFIXED32:
        case PROTOBUF_C_TYPE_FLOAT:
                return TYPE_FIXED32;
        default:
                return TYPE_VARINT;
        }
}

static enum status truncated(struct scan *s, const ProtobufCMessageDescriptor *d)
{
        return error_set(s->reterr, STATUS_INVALID_ARGUMENT, "%s: truncated or no protobuf",
                         d->short_name);
}

static enum status count_elements(struct scan *s, uint64_t n)
{
        if (n > WIRE_MAX_ELEMENTS || (*s->n_elements += (unsigned)n) > WIRE_MAX_ELEMENTS)
                return error_set(s->reterr, STATUS_INVALID_ARGUMENT,
                                 "want at most %d elements in a message", WIRE_MAX_ELEMENTS);
        return STATUS_OK;
}

/* The elements of a packed field, each of which unpacks into 4 to 8 bytes. */
static enum status scan_packed(struct scan *s, const ProtobufCFieldDescriptor *f, struct scan body,
                               const ProtobufCMessageDescriptor *d)
{
        unsigned type = wire_type_of(f->type);
        uint64_t n = 0, value;

        if (type == TYPE_FIXED32 || type == TYPE_FIXED64) {
                size_t width = type == TYPE_FIXED32 ? 4 : 8;
                if ((size_t)(body.end - body.at) % width)
                        return truncated(s, d);
                return count_elements(s, (uint64_t)(body.end - body.at) / width);
        }
        for (; body.at < body.end; n++) {
                if (!scan_varint(&body, &value))
                        return truncated(s, d);
        }
        return count_elements(s, n);
}

static enum status scan_message(struct scan *s, const ProtobufCMessageDescriptor *d);

/* The content of a length-delimited field that the contract knows. */
static enum status scan_bytes(struct scan *s, const ProtobufCFieldDescriptor *f, struct scan body,
                              const ProtobufCMessageDescriptor *d)
{
        if (f->type == PROTOBUF_C_TYPE_STRING &&
            !wire_utf8_valid((const char *)body.at, (size_t)(body.end - body.at)))
                return error_field(s->reterr, f->name, "want UTF-8 without NUL");
        if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
                if (++body.depth > WIRE_MAX_DEPTH)
                        return error_field(s->reterr, f->name, "nested deeper than %d",
                                           WIRE_MAX_DEPTH);
                return scan_message(&body, f->descriptor);
        }
        if (wire_type_of(f->type) != TYPE_BYTES)
                return scan_packed(s, f, body, d);
        return STATUS_OK;
}

static enum status scan_field(struct scan *s, const ProtobufCMessageDescriptor *d,
                              const ProtobufCFieldDescriptor *f, unsigned type, uint64_t *seen)
{
        struct scan body = *s;
        uint64_t value = 0;
        bool good = type == TYPE_VARINT || type == TYPE_BYTES
                            ? scan_varint(s, &value)
                            : scan_skip(s, type == TYPE_FIXED64 ? 8 : 4);

        if (!good)
                return truncated(s, d);
        if (type == TYPE_BYTES) {
                body.at = s->at;
                if (!scan_skip(s, value))
                        return truncated(s, d);
                body.end = s->at;
        }
        if (!f)
                return STATUS_OK; /* a newer client's: skipped */
        if (type != wire_type_of(f->type) &&
            !(type == TYPE_BYTES && f->label == PROTOBUF_C_LABEL_REPEATED))
                return error_field(s->reterr, f->name, "wrong wire type %u", type);
        /* protobuf-c merges a repeated singular message, and fails where an unset oneof is inside.
         */
        size_t i = (size_t)(f - d->fields);
        if (f->type == PROTOBUF_C_TYPE_MESSAGE && f->label != PROTOBUF_C_LABEL_REPEATED && i < 64) {
                if (*seen >> i & 1)
                        return error_field(s->reterr, f->name, "given twice");
                *seen |= (uint64_t)1 << i;
        }
        enum status st = count_elements(s, 1);
        if (st == STATUS_OK && type == TYPE_BYTES)
                st = scan_bytes(s, f, body, d);
        return st;
}

static enum status scan_message(struct scan *s, const ProtobufCMessageDescriptor *d)
{
        uint64_t seen = 0, tag;

        while (s->at < s->end) {
                if (!scan_varint(s, &tag) || tag >> 3 == 0 || tag >> 3 > 536870911)
                        return truncated(s, d);
                unsigned type = (unsigned)(tag & 7);
                if (type != TYPE_VARINT && type != TYPE_FIXED64 && type != TYPE_BYTES &&
                    type != TYPE_FIXED32)
                        return truncated(s, d);
                const ProtobufCFieldDescriptor *f =
                        protobuf_c_message_descriptor_get_field(d, (unsigned)(tag >> 3));
                enum status st = scan_field(s, d, f, type, &seen);
                if (st != STATUS_OK)
                        return st;
        }
        return STATUS_OK;
}

/* --- unpacking --- */

static void drop_unknown(ProtobufCMessage *message)
{
        const ProtobufCMessageDescriptor *d = message->descriptor;

        message->n_unknown_fields = 0;
        for (unsigned i = 0; i < d->n_fields; i++) {
                const ProtobufCFieldDescriptor *f = &d->fields[i];
                char *member = (char *)message + f->offset;
                if (f->type != PROTOBUF_C_TYPE_MESSAGE)
                        continue;
                if (f->label == PROTOBUF_C_LABEL_REPEATED) {
                        size_t n = *reflect_count(message, f);
                        ProtobufCMessage **items = *(ProtobufCMessage ***)member;
                        for (size_t k = 0; k < n; k++)
                                drop_unknown(items[k]);
                        continue;
                }
                if (reflect_is_unset(message, f))
                        continue;
                if (*(ProtobufCMessage **)member)
                        drop_unknown(*(ProtobufCMessage **)member);
        }
}

enum status wire_unpack(const ProtobufCMessageDescriptor *descriptor, const void *data, size_t n,
                        struct arena *arena, ProtobufCMessage **ret, struct error *reterr)
{
        /* What a frame leaves out is at NULL, to which not even 0 may be added. */
        const uint8_t *at = n ? data : (const uint8_t *)"";
        unsigned n_elements = 0;
        struct scan scan = {
                .at = at,
                .end = at + n,
                .n_elements = &n_elements,
                .reterr = reterr,
        };
        enum status st = scan_message(&scan, descriptor);

        if (st != STATUS_OK)
                return st;
        ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &arena->allocator, n, at);
        if (!message && arena->exhausted)
                return error_set(reterr, STATUS_RESOURCE_EXHAUSTED,
                                 "%s unpacks into more than %zu bytes", descriptor->short_name,
                                 arena->budget_bytes);
        if (!message)
                return error_set(reterr, STATUS_INVALID_ARGUMENT, "%s: malformed",
                                 descriptor->short_name);
        drop_unknown(message);
        *ret = message;
        return STATUS_OK;
}
