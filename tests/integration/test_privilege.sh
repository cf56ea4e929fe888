#!/bin/bash
# test_privilege.sh SOCIALIZERD GATEWAY: who is started as root with --user is root no more, and what
# it makes is nobody else's. Needs root to begin with.
set -euo pipefail
socializerd=$(realpath "$1")
gateway=$(realpath "$2")
[ "$(id -u)" = 0 ] || exit 77
command -v setpriv >/dev/null || exit 77

user=nobody
uid=$(id -u $user)
gid=$(id -g $user)
. "$(dirname "$0")/../support/programs.sh"
chmod 711 "$dir"

# is_harmless PID: every thread is the user's, with no capability and no way to more.
is_harmless() {
        for task in /proc/"$1"/task/*/status; do
                grep -qE "^Uid:\s$uid\s$uid\s$uid\s$uid$" "$task" || fail "$1: $(grep ^Uid "$task")"
                grep -qE "^Gid:\s$gid\s$gid\s$gid\s$gid$" "$task" || fail "$1: $(grep ^Gid "$task")"
                grep -qE "^Groups:\s($gid )?$" "$task" || fail "$1: $(grep ^Groups "$task")"
                for set in CapPrm CapEff CapInh CapAmb; do
                        grep -qE "^$set:\s0+$" "$task" || fail "$1: $(grep "^$set" "$task")"
                done
                grep -qE '^NoNewPrivs:\s1$' "$task" || fail "$1 may get new rights"
        done
        grep -qE '^Max core file size +0 +0 ' /proc/"$1"/limits || fail "$1 leaves cores"
}

start_both() {
        start service "$socializerd" --data "$dir/data" --user $user
        is_up() { [ "$(grep -c ' ready ' "$dir/service.log")" = "$1" ]; }
        wait_for "the service" is_up "$1"
        # A port that only root may listen on.
        start gateway "$gateway" --http 127.0.0.1:997 --rpc "ipc://$dir/data/rpc.ipc" \
                --events "ipc://$dir/data/events.ipc" --user $user
        wait_for "the gateway" curl -fsS http://127.0.0.1:997/ready
        is_harmless "${pids[0]}"
        is_harmless "${pids[1]}"
}

start_both 1
# Everything is the user's alone: folders 700, files and sockets 600.
[ "$(stat -c '%U %a' "$dir/data")" = "$user 700" ] || fail "$(stat -c '%U %a %n' "$dir/data")"
found=$(find "$dir/data" -mindepth 1 \( ! -user $user -o -perm /077 \))
[ -z "$found" ] || fail "not $user's alone: $found"
for name in socializer.db token.key master.key operator.token rpc.ipc events.ipc; do
        [ -e "$dir/data/$name" ] || fail "no $name"
done
stop
start_both 2
stop

got=0
"$socializerd" --data "$dir/data" --user no-such-user >"$dir/out.log" 2>&1 || got=$?
[ $got = 2 ] && grep -q 'no-such-user: there is no such user' "$dir/out.log" || fail "no such user: $got"
got=0
"$gateway" --http 127.0.0.1:0 --user no-such-user >"$dir/out.log" 2>&1 || got=$?
[ $got = 2 ] && grep -q 'there is no such user' "$dir/out.log" || fail "no such user: $got"
as_user() {
        setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"
}
if as_user test -x "$socializerd"; then
        got=0
        as_user "$socializerd" --data "$dir/data" --user root >"$dir/out.log" 2>&1 || got=$?
        [ $got = 1 ] && grep -q 'cannot become that user' "$dir/out.log" || fail "$user becomes root: $got"
fi
