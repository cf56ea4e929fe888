#!/bin/bash
# test_start.sh SOCIALIZERD GATEWAY: programs that are started wrongly say so in one line that names
# what is wrong, with the exit code 2 for wrong usage and 1 for everything else, and leave what they
# found as it was.
set -uo pipefail
socializerd=$(realpath "$1")
gateway=$(realpath "$2")
dir=$(mktemp -d)
failures=0
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
for name in ${!SOCIALIZER_*}; do unset "$name"; done

fail() {
        echo "FAIL: $*" >&2
        failures=$((failures + 1))
}

# check CODE PATTERN PROGRAM ARGUMENT…
check() {
        local code=$1 pattern=$2 got=0
        shift 2
        timeout 20 "$@" </dev/null >out 2>&1 || got=$?
        if [ "$got" != "$code" ]; then fail "$*: exit code $got instead of $code"; fi
        if ! grep -qE -- "$pattern" out; then fail "$*: no /$pattern/: $(cat out)"; fi
        if [ "$code" != 0 ] && [ "$(wc -l <out)" != 1 ]; then fail "$*: more than a line: $(cat out)"; fi
}

the_service() {
        check 2 'nonsense' "$socializerd" --nonsense
        check 2 "'extra'" "$socializerd" extra
        check 2 'readers: want a number' "$socializerd" --readers x
        check 2 '--data: want the name' "$socializerd" --data ''
        check 2 'cannot read .*nowhere' "$socializerd" --config nowhere
        check 2 'cannot read .*: Is a directory' "$socializerd" --config /tmp
        for url in foo ipc:// tcp://127.0.0.1 tcp://127.0.0.1:99999 tcp://:1 ws://127.0.0.1:80; do
                check 2 "--rpc '$url'" "$socializerd" --data new --rpc "$url"
                check 2 "--events '$url'" "$socializerd" --data new --events "$url"
        done
        if [ -e new ] || [ -e var ]; then fail "wrong usage has made a data folder"; fi

        check 1 'No such file' "$socializerd" --data no/such
        check 1 'is no folder' "$socializerd" --data /etc/passwd
        check 1 'No such file' "$socializerd" --data missing --check
        if [ -e missing ]; then fail "--check has made a folder"; fi

        mkdir broken && head -c 20000 /dev/urandom >broken/socializer.db
        cp broken/socializer.db before
        check 1 'restore a backup' "$socializerd" --data broken
        check 1 'restore a backup' "$socializerd" --data broken --check
        cmp -s before broken/socializer.db || fail "a damaged database has been written to"

        mkdir key && (umask 077 && echo short >key/token.key)
        check 1 'token.key' "$socializerd" --data key --check
}

the_gateway() {
        check 2 'nonsense' "$gateway" --nonsense
        check 2 "'extra'" "$gateway" extra
        for address in foo 127.0.0.1 127.0.0.1: 127.0.0.1:65536 127.0.0.1:99999 127.0.0.1:-1; do
                check 2 '--http .*want HOST:PORT' "$gateway" --http "$address"
        done
        check 2 'rpc' "$gateway" --http 127.0.0.1:0 --rpc foo
        check 2 'origin' "$gateway" --http 127.0.0.1:0 --allowed-origin evil
        check 2 'proxy' "$gateway" --http 127.0.0.1:0 --trusted-proxy 1.2.3
        check 1 '/nowhere' "$gateway" --http 127.0.0.1:0 --web /nowhere
}

the_service
the_gateway
if [ "$failures" != 0 ]; then
        echo "$failures failures" >&2
        exit 1
fi
