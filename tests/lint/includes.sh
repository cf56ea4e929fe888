#!/bin/sh
# Includes only point down: common includes nothing else of ours; db < store < auth < rpc < events <
# upkeep < coach < progress < api in service/; client/ and gateway/ include nothing of service/.
set -eu
cd "$(dirname "$0")/../.."
bad=0

# check FOLDER FORBIDDEN: no file in FOLDER includes a header that matches.
check() {
        if found=$(grep -rnE "^#include \"($2)" "$1" --include='*.[ch]' --include='*.in'); then
                echo "$1 must not include these:"
                echo "$found"
                bad=1
        fi
}

check common '(service|client|gateway|socializer)(/|\.h)'
check gen '(service|client|gateway)/'
check client '(service|gateway)/'
check gateway 'service/'
check service '(client|gateway)/'
check service/db 'service/(store|auth|rpc|events|coach|progress|api|service)'
check service/store 'service/(auth|rpc|events|coach|progress|api|service)'
check service/auth 'service/(rpc|events|coach|api|service)'
check service/events 'service/(upkeep|coach|api|store)'
check service/upkeep 'service/(rpc|coach|api|service)'
check service/coach 'service/(progress|api|rpc)'
check service/progress 'service/(rpc|events|upkeep|api|service)'
check service/rpc 'service/(progress|api)'

exit $bad
