#!/bin/sh
# fold.sh TEMPLATE OUTPUT HEADER…: the installed header. The generated headers go where the template
# says so, without their includes of one another, in the order given.
set -eu
template=$1
output=$2
shift 2
awk -v headers="$*" '
        function fold(name,   line) {
                while ((status = (getline line < name)) > 0) {
                        if (line !~ /^#include "/ && line !~ /^#include <protobuf-c\//)
                                print line
                }
                if (status < 0) {
                        print "fold.sh: cannot read " name >"/dev/stderr"
                        exit 1
                }
                close(name)
        }
        /^@MESSAGES@$/ {
                n = split(headers, list, " ")
                for (i = 1; i <= n; i++)
                        fold(list[i])
                seen = 1
                next
        }
        { print }
        END {
                if (!seen) {
                        print "fold.sh: no line @MESSAGES@ in the template" >"/dev/stderr"
                        exit 1
                }
        }
' "$template" >"$output"
