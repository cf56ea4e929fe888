#!/bin/sh
# clang-tidy over our own sources. Usage: tidy.sh BUILD-DIR
set -eu
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
command -v clang-tidy >/dev/null || exit 77
# clang does not know every flag of gcc; the commands stay otherwise as they are.
find common service client gateway gen -name '*.c' |
        xargs -P 2 -n 8 clang-tidy -p "$build" --quiet --warnings-as-errors='*' \
                --extra-arg=-Wno-unknown-warning-option 2>/dev/null
