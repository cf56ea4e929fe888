#!/bin/sh
# buf.sh PROTO_DIR BUF: the contract keeps to buf's rules. $BUF, or buf in the PATH, comes first;
# where there is none the test is skipped.
set -eu
proto_dir=$1 installed=$2
buf=${BUF:-$(command -v buf || echo "$installed")}
if ! [ -x "$buf" ]; then
        echo "buf is not installed"
        exit 77
fi
cd "$proto_dir"
exec "$buf" lint
