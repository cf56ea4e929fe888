#!/bin/sh
# web.sh SOCIALIZERD GATEWAY SOCIALIZER: the web app's unit tests, then the app in Chromium against a
# real service. Skipped where Node.js, Chromium or the built app is missing.
set -eu
here=$(dirname "$(realpath "$0")")
root=$here/../..
for program in node chromium; do
        command -v "$program" >/dev/null || exit 77
done
[ -d "$root/build/web" ] && [ -d "$root/build/web-unit" ] || exit 77
[ -d "$here/node_modules/axe-core" ] && [ -d "$here/node_modules/playwright-core" ] || exit 77
node --test "$root/build/web-unit/test/"
exec node "$here/web.mjs" "$root/build" "$@"
