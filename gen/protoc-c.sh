#!/bin/sh
# protoc-c.sh PROTOC_C PROTO_DIR OUT_DIR FILE.proto: messages, service descriptors and client stubs.
# protoc-c names the members of a service's struct after its methods, even "register", which C and
# C++ keep for themselves; such a member gets an underscore.
set -eu
protoc_c=$1 proto_dir=$2 out_dir=$3 file=$4
"$protoc_c" -I "$proto_dir" --c_out="$out_dir" "$file"
header=$out_dir/${file%.proto}.pb-c.h
keywords='auto|break|case|class|continue|default|delete|do|else|export|extern|for|goto|if|inline'
keywords="$keywords|new|operator|private|protected|public|register|return|static|switch|throw|try"
keywords="$keywords|union|using|virtual|while"
sed -E "s/^  void \(\*($keywords)\)\(/  void (*\1_)(/" "$header" >"$header.new"
mv "$header.new" "$header"
