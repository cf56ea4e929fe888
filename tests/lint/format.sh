#!/bin/sh
# Every C file is as clang-format writes it, and no longer than is about one noun.
set -eu
cd "$(dirname "$0")/../.."
command -v clang-format >/dev/null || exit 77
bad=0
files=$(find common service client gateway gen tests -path '*/node_modules' -prune -o -name '*.[ch]' -print)
# shellcheck disable=SC2086 # a list of files
found=$(clang-format --dry-run --Werror $files 2>&1 | grep -E 'warning|error' | head -n 20)
if [ -n "$found" ]; then
        echo "$found"
        bad=1
fi
for file in $files; do
        lines=$(wc -l <"$file")
        if [ "$lines" -gt 800 ]; then
                echo "$file: $lines lines; 800 at most: is it about more than one noun?"
                bad=1
        fi
done
exit $bad
