#!/bin/sh
# Small CodeGeneratorRequests out of tests/vectors/gen, without what they import and without places.
# Usage: plugin_seeds.sh PROTOC PROTO-DIR VECTORS FOLDER
set -eu
protoc=$1 proto=$2 vectors=$3 out=$4

# A FileDescriptorSet of one file as proto_file of a request: the other tag, the same bytes.
as_proto_file() {
        printf '\172'
        tail -c +2 "$1"
}

mkdir -p "$out"
"$protoc" -I/usr/include --descriptor_set_out="$out/timestamp" google/protobuf/timestamp.proto
for name in ok_minimal ok_fields ok_routes; do
        "$protoc" -I"$proto" -I"$vectors/$name" --descriptor_set_out="$out/set" contract.proto
        {
                printf '\012\016contract.proto\022\011version=1'
                as_proto_file "$out/timestamp"
                as_proto_file "$out/set"
        } >"$out/$name"
done
for path in "$vectors"/bad_*.proto; do
        name=$(basename "$path" .proto)
        "$protoc" -I"$proto" -I"$vectors" --descriptor_set_out="$out/set" "$name.proto" 2>/dev/null || continue
        {
                printf "\\012\\$(printf %03o $((${#name} + 6)))%s" "$name.proto"
                as_proto_file "$out/set"
        } >"$out/$name"
done
rm -f "$out/set" "$out/timestamp"
