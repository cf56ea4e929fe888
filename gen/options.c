#include "gen/options.h"

#include "common/buffer.h"
#include "gen/names.h"

/* Bytes of the varint at data, at most n. */
static size_t varint_bytes(const uint8_t *data, size_t n)
{
        size_t i = 0;

        while (i < n && (data[i] & 0x80))
                i++;
        return i < n ? i + 1 : n;
}

/* An option that is set in several statements arrives in as many pieces; joined, they read as one
 * message. The pieces of protobuf-c begin with their length. */
static ProtobufCMessage *extension(struct arena *a, const ProtobufCMessage *options, uint32_t tag,
                                   const ProtobufCMessageDescriptor *descriptor, bool *ret_valid)
{
        AUTO_BUFFER joined = BUFFER_INIT;
        bool found = false;

        *ret_valid = true;
        if (!options)
                return NULL;
        for (unsigned i = 0; i < options->n_unknown_fields; i++) {
                const ProtobufCMessageUnknownField *f = &options->unknown_fields[i];
                size_t skip;

                if (f->tag != tag || f->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
                        continue;
                skip = varint_bytes(f->data, f->len);
                buffer_append(&joined, f->data + skip, f->len - skip);
                found = true;
        }
        if (!found)
                return NULL;
        if (buffer_failed(&joined))
                names_must(NULL);
        ProtobufCMessage *message =
                protobuf_c_message_unpack(descriptor, &a->allocator, joined.n_bytes, joined.data);
        if (a->exhausted)
                names_must(NULL);
        *ret_valid = message != NULL;
        return message;
}

const Socializer__V1__MethodRules *options_method(struct arena *a,
                                                  const Google__Protobuf__MethodOptions *options,
                                                  bool *ret_valid)
{
        static const Socializer__V1__MethodRules none = SOCIALIZER__V1__METHOD_RULES__INIT;
        ProtobufCMessage *found = extension(a, (const ProtobufCMessage *)options, OPTIONS_METHOD,
                                            &socializer__v1__method_rules__descriptor, ret_valid);

        return found ? (Socializer__V1__MethodRules *)found : &none;
}

const Socializer__V1__FieldRules *options_field(struct arena *a,
                                                const Google__Protobuf__FieldOptions *options,
                                                bool *ret_valid)
{
        static const Socializer__V1__FieldRules none = SOCIALIZER__V1__FIELD_RULES__INIT;
        ProtobufCMessage *found = extension(a, (const ProtobufCMessage *)options, OPTIONS_FIELD,
                                            &socializer__v1__field_rules__descriptor, ret_valid);

        return found ? (Socializer__V1__FieldRules *)found : &none;
}

const Google__Api__HttpRule *options_http(struct arena *a,
                                          const Google__Protobuf__MethodOptions *options,
                                          bool *ret_valid)
{
        return (Google__Api__HttpRule *)extension(a, (const ProtobufCMessage *)options,
                                                  OPTIONS_HTTP, &google__api__http_rule__descriptor,
                                                  ret_valid);
}
