#!/bin/sh
# Every threat of docs/security.md names its tests, and they are there: `FILE: NAME`, where NAME stands
# in the file (of C: is run there), or `FILE` alone, somewhere below tests/.
set -eu
cd "$(dirname "$0")/../.."

# check_test FILE-AND-NAME: says what is wrong with it.
check_test() {
        file=${1%%: *}
        name=${1#*: }
        path=$(find tests -path '*/node_modules' -prune -o -path "*/$file" -print | head -n 1)
        if [ -z "$path" ]; then
                echo "no file $file"
        elif [ "$file" = "$1" ]; then
                return
        elif ! grep -qF -- "$name" "$path"; then
                echo "no $name in $file"
        elif [ "${file%.c}" != "$file" ] && [ "$(grep -cw -- "$name" "$path")" -lt 2 ]; then
                echo "$name is not run in $file"
        fi
}

threats() {
        grep -E '^\| ' docs/security.md | grep -vE '^\| threat \|'
}

check_rows() {
        threats | while IFS='|' read -r _ threat means tests rest; do
                if [ -z "$means" ] || [ -n "$rest" ]; then echo "a row is not whole: $threat"; fi
                case $tests in *\`*) ;; *) echo "no test: $threat" ;; esac
                echo "$tests" | grep -oE '`[^`]+`' | tr -d '`' | while IFS= read -r test; do
                        check_test "$test"
                done
        done
        [ "$(threats | wc -l)" -ge 40 ] || echo "threats have gone"
}

found=$(check_rows)
[ -z "$found" ] || {
        echo "docs/security.md:"
        echo "$found"
        exit 1
}
