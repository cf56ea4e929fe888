#!/bin/sh
# test_cli_install.sh BUILD SOURCE [CFLAG…]: installs into a folder of its own, as a packager does, and
# builds the examples against what is there and nothing else.
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

flags=$(pkg-config --cflags --libs socializer) || fail "pkg-config fails"
library=$(find "$dir" -name libsocializer.so.0)
LD_LIBRARY_PATH=$(dirname "$library")
export LD_LIBRARY_PATH

# example NAME LINES ARGUMENT…: is there, as short as an example should be, builds, says how it is used,
# and explains what is wrong with the arguments.
example() {
        name=$1
        lines=$2
        shift 2
        file=$(find "$dir" -name "$name.c")
        cmp "$file" "$source/client/examples/$name.c" || fail "no example $name.c"
        [ "$(wc -l <"$file")" -lt "$lines" ] || fail "$name.c has grown to $lines lines"
        # shellcheck disable=SC2086 # lists of words
        ${CC:-cc} -Wall -Wextra -Werror $cflags "$file" $flags -o "$dir/$name" || fail "$name.c does not build"
        code=0
        "$dir/$name" 2>"$dir/usage" || code=$?
        [ "$code" = 2 ] || fail "without arguments $name should say how it is used"
        grep -q 'usage:' "$dir/usage" || fail "without arguments $name should say how it is used"
        code=0
        "$dir/$name" "$@" 2>"$dir/error" || code=$?
        [ "$code" = 1 ] || fail "a bad address should be an error of $name"
        grep -q 'an address is' "$dir/error" || fail "$name should explain a bad address"
}
cflags=$*
echo -1 >"$dir/cursor"
example hello 60 nonsense a b
example bot 80 nonsense nonsense a b 1 "$dir/cursor"

[ -n "$(find "$dir" -path '*/man1/socializer.1*')" ] || fail "no man page"
[ -n "$(find "$dir" -path '*/bash-completion/completions/socializer')" ] || fail "no completion"
