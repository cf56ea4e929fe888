#!/bin/sh
# routes.sh OPENAPI RELEASE: no HTTP route of the last release is gone; RELEASE/routes.txt has them,
# a verb and a path a line.
set -eu
openapi=$1 release=$2
python3 - "$openapi" "$release/routes.txt" <<'PY'
import json, sys

with open(sys.argv[1], encoding="utf-8") as f:
    routes = {f"{verb.upper()} {path}" for path, verbs in json.load(f)["paths"].items() for verb in verbs}
with open(sys.argv[2], encoding="utf-8") as f:
    gone = [line.strip() for line in f if line.strip() not in routes]
for route in gone:
    print("gone since the last release:", route)
sys.exit(1 if gone else 0)
PY
