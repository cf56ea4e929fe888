#!/bin/sh
# test_cli_install.sh BUILD SOURCE [CFLAG…]: installs into a folder of its own, as a packager does, and
# builds the example against what is there and nothing else.
set -eu
build=$1
source=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
        echo "test_cli_install.sh: $*" >&2
        exit 1
}

meson install -C "$build" --no-rebuild --destdir "$dir" >"$dir/log" 2>&1 || {
        cat "$dir/log" >&2
        fail "meson install failed"
}
pc=$(find "$dir" -name socializer.pc)
[ -n "$pc" ] || fail "no pkg-config file"
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
PKG_CONFIG_SYSROOT_DIR=$dir
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
pkg-config --print-requires socializer | grep -q '^libprotobuf-c' || fail "protobuf-c is not required"

example=$(find "$dir" -name hello.c)
cmp "$example" "$source/client/examples/hello.c" || fail "no example"
[ "$(wc -l <"$example")" -lt 60 ] || fail "the example has grown to 60 lines"
flags=$(pkg-config --cflags --libs socializer) || fail "pkg-config fails"
# shellcheck disable=SC2086 # a list of words
${CC:-cc} -Wall -Wextra -Werror "$@" "$example" $flags -o "$dir/hello" || fail "the example does not build"

library=$(find "$dir" -name libsocializer.so.0)
LD_LIBRARY_PATH=$(dirname "$library")
export LD_LIBRARY_PATH
code=0
"$dir/hello" 2>"$dir/usage" || code=$?
[ "$code" = 2 ] || fail "without arguments the example should say how it is used"
grep -q '^usage:' "$dir/usage" || fail "without arguments the example should say how it is used"
code=0
"$dir/hello" nonsense a b 2>"$dir/error" || code=$?
[ "$code" = 1 ] || fail "a bad address should be an error"
grep -q 'INVALID_ARGUMENT: an address is' "$dir/error" || fail "a bad address should be explained"

[ -n "$(find "$dir" -path '*/man1/socializer.1*')" ] || fail "no man page"
[ -n "$(find "$dir" -path '*/bash-completion/completions/socializer')" ] || fail "no completion"
