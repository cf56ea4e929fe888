#!/bin/sh
# buf.sh PROTO_DIR BUF RELEASE: the contract keeps to buf's rules, and breaks nobody who was made with
# the one of the last release (RELEASE/contract.binpb; scripts/release writes it). $BUF, or buf in the
# PATH, comes first; where there is none the test is skipped.
set -eu
proto_dir=$1 installed=$2 release=$3
buf=${BUF:-$(command -v buf || echo "$installed")}
if ! [ -x "$buf" ]; then
        echo "buf is not installed"
        exit 77
fi
cd "$proto_dir"
"$buf" lint
exec "$buf" breaking --against "$release/contract.binpb"
