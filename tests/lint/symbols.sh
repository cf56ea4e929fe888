#!/bin/sh
# symbols.sh LIBRARY HEADER: what libsocializer.so exports is what its header declares, listed in
# symbols.sym, the generated messages, and nothing else; the header is C and C++.
set -eu
library=$1
header=$(realpath "$2")
sym=$(dirname "$0")/symbols.sym
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
        echo "symbols.sh: $*" >&2
        exit 1
}

nm -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' | sort >"$dir/all"
grep -vE '^(soc_|socializer__v1__|google__protobuf__timestamp__|__(asan|ubsan|tsan|odr))' "$dir/all" >"$dir/foreign" || true
if [ -s "$dir/foreign" ]; then fail "exports what it should not: $(tr '\n' ' ' <"$dir/foreign")"; fi

grep '^soc_' "$dir/all" >"$dir/ours"
grep -v '^#' "$sym" | sort >"$dir/expected"
diff -u "$dir/expected" "$dir/ours" >&2 || fail "exports (+) are not those of symbols.sym (-)"

# Functions of the header: a name followed by a parenthesis, at the level of declarations.
grep -E '^[a-zA-Z].*[ *]soc_[a-z_]+\(' "$header" | grep -v '^typedef' |
        sed 's/.*[ *]\(soc_[a-z_]*\)(.*/\1/' | sort -u >"$dir/declared"
diff -u "$dir/expected" "$dir/declared" >&2 || fail "the header declares (+) what symbols.sym lacks (-), or the reverse"

printf '#include "%s"\nint main(void) { return soc_version() == 0; }\n' "$header" >"$dir/use.c"
cp "$dir/use.c" "$dir/use.cc"
${CC:-cc} -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only "$dir/use.c" || fail "the header is no C"
if command -v "${CXX:-c++}" >/dev/null; then
        ${CXX:-c++} -Wall -Wextra -Werror -fsyntax-only "$dir/use.cc" || fail "the header is no C++"
fi
