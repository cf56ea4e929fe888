#!/bin/sh
# check.sh PLUGIN PROTO_DIR GEN_DIR VECTOR: runs the generator over one vector of this folder.
#
# ok_NAME is a folder with contract.proto and what has to come out, byte for byte; the C in it also
# has to compile. bad_NAME is a .proto that has to be refused with the text in bad_NAME.error.
# GEN_DIR is the build's gen/, for the headers of protoc-c.
# With SOCIALIZER_REGENERATE=1 the expected files are written instead of compared.
set -eu
plugin=$1 proto_dir=$2 gen_dir=$3 vector=$4
here=$(CDPATH= cd -- "$(dirname "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../../.." && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# generate DIR FILE: the generator's files go to $out.
generate() {
        protoc --plugin=protoc-gen-socializer="$plugin" --socializer_out="$out" \
                --socializer_opt=base="$here/base.json",version=1.2.3 \
                -I "$1" -I "$proto_dir" "$2"
}

# compare ACTUAL EXPECTED
compare() {
        if [ "${SOCIALIZER_REGENERATE:-0}" = 1 ]; then
                cp "$1" "$2"
        else
                diff -u "$2" "$1"
        fi
}

check_ok() {
        generate "$here/$vector" contract.proto
        for file in contract.gen.h contract.gen.c handlers.gen.h handlers.gen.c openapi.json; do
                compare "$out/$file" "$here/$vector/$file"
        done
        "$root/gen/protoc-c.sh" protoc-c "$here/$vector:$proto_dir" "$out" contract.proto
        for file in contract.gen.c handlers.gen.c; do
                "${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wno-unused-function -Werror \
                        -fsyntax-only -I "$out" -I "$root" -I "$gen_dir" "$out/$file"
        done
}

check_bad() {
        if generate "$here" "$vector.proto" 2>"$out/stderr"; then
                echo "$vector.proto was accepted" >&2
                exit 1
        fi
        # protoc itself warns of imports that a vector does not use.
        sed '/: warning: Import /d; s/^--socializer_out: //' "$out/stderr" >"$out/error"
        compare "$out/error" "$here/$vector.error"
}

case $vector in
ok_*) check_ok ;;
bad_*) check_bad ;;
*)
        echo "usage: check.sh PLUGIN PROTO_DIR GEN_DIR VECTOR" >&2
        exit 2
        ;;
esac
