#!/bin/sh
# Every header compiles on its own. Usage: headers.sh CC SOURCE-DIR INCLUDE-FLAG…
set -eu
cc=$1
source=$2
shift 2
bad=0
for header in $(cd "$source" && find common service client gateway gen tests/support -name '*.h'); do
        if ! echo "#include \"$header\"" | "$cc" -std=gnu11 -D_GNU_SOURCE -fsyntax-only -x c \
                -I"$source" "$@" - 2>/tmp/headers.$$; then
                echo "$header does not stand on its own:"
                head -n 5 /tmp/headers.$$
                bad=1
        fi
done
rm -f /tmp/headers.$$
exit $bad
