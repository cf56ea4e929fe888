#!/bin/bash
# test_backup.sh SOCIALIZER SOCIALIZERD SCHEMAS: a backup of a running service, and what restore takes and
# what it refuses. It looks at nothing but what the programs print and what is there afterwards.
set -euo pipefail
socializer=$1 socializerd=$2 vectors=$3
dir=$(mktemp -d "${TMPDIR:-/tmp}/socializer-backup.XXXXXX")
data=$dir/data
failures=0
service=

clean() {
        if [ -n "$service" ]; then kill "$service" 2>/dev/null || true; fi
        wait
        rm -rf "$dir"
}
trap clean EXIT
export HOME=$dir XDG_CONFIG_HOME=$dir/config SOCIALIZER_DATA=$data
unset SOCIALIZER_TOKEN SOCIALIZER_RPC

soc() { "$socializer" "$@"; }

start() {
        "$socializerd" --data "$data" >>"$dir/log" 2>&1 &
        service=$!
        for ((i = 0; i < 100; i++)); do
                soc --timeout 2 call GetHealth >/dev/null 2>&1 && return
        done
        echo "the service does not start:" >&2
        tail "$dir/log" >&2
        exit 1
}

stop() {
        kill "$service"
        wait "$service"
        service=
}

# check CODE PATTERN COMMAND…: the exit code, and what it says.
check() {
        local want=$1 pattern=$2 code=0 text
        shift 2
        text=$("$@" 2>&1) || code=$?
        if [ "$code" != "$want" ] || ! grep -qE "$pattern" <<<"$text"; then
                echo "FAIL: $*: exit code $code, want $want and /$pattern/:" >&2
                echo "$text" >&2
                failures=$((failures + 1))
        fi
}

say() {
        soc --token "$token" send general "$1" >/dev/null
}

said() {
        soc --token "$token" call ListRoomMessages '{"room_id": "general"}' --compact
}

sign_in() {
        token=$(soc call Login '{"username": "ada", "password": "password123"}' --compact |
                sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
}

start
soc user add ada --email ada@example.org --admin <<<password123 >/dev/null
sign_in
say 'before the backup'
soc --token "$token" call SaveMessages '{"user_id": "me", "messages": [{"content": "a secret"}]}' >/dev/null

# While somebody writes.
for ((i = 0; i < 50; i++)); do say "meanwhile $i"; done &
writer=$!
check 0 'bytes, schema [0-9]+, checked' soc backup "$dir/one.db"
wait "$writer"
check 1 'is there already' soc backup "$dir/one.db"
check 0 'one.db: OK' sh -c "cd '$dir' && sha256sum -c one.db.sha256"
[ "$(stat -c %a "$dir/one.db")" = 600 ] || check 1 . true
if grep -q 'a secret' "$dir/one.db"; then check 1 'a secret is in the backup' true; fi
[ -z "$(ls "$data/backups" 2>/dev/null)" ] || check 1 'nothing left on the other side' true
check 1 'NOT_FOUND' soc call ReadBackup '{"name": "socializer.db.v1.20260101T000000.000Z.backup"}'
check 1 'INVALID_ARGUMENT: name' soc call ReadBackup '{"name": "../token.key"}'
check 1 'PERMISSION_DENIED|UNAUTHENTICATED' soc --token x call CreateBackup

say 'after the backup'
check 1 'another socializerd uses' soc restore "$dir/one.db"
stop

# What is no backup, or not what it was, changes nothing.
head -c 100000 /dev/urandom >"$dir/noise"
check 1 'cannot be restored|no database' soc restore "$dir/noise"
check 1 'cannot read' soc restore "$dir/nowhere"
cp "$dir/one.db" "$dir/torn.db" && cp "$dir/one.db.sha256" "$dir/torn.db.sha256"
printf x | dd of="$dir/torn.db" bs=1 seek=20000 conv=notrunc 2>/dev/null
check 1 'is not what it was' soc restore "$dir/torn.db"
cp "$dir/one.db" "$dir/newer.db"
printf '\0\0\3\347' | dd of="$dir/newer.db" bs=1 seek=60 conv=notrunc 2>/dev/null
check 1 'schema 999, and this program knows [0-9]+: install a newer' soc restore "$dir/newer.db"
mv "$data/master.key" "$dir/master.key"
check 1 'master.key is missing' soc restore "$dir/one.db"
mv "$dir/master.key" "$data/master.key"
[ ! -e "$data/socializer.db.restore" ] || check 1 'the stage is left' true
start
said | grep -q 'after the backup' || check 1 'what was there is still there' true
stop

# A restore that was interrupted in its last step is noticed.
touch "$data/socializer.db.restore"
check 1 'a restore was interrupted' "$socializerd" --data "$data"
rm "$data/socializer.db.restore"

check 0 'restored .*1 sessions have ended|sessions have ended' soc restore "$dir/one.db"
start
check 1 'UNAUTHENTICATED' soc --token "$token" call GetMe
sign_in
said | grep -q 'before the backup' || check 1 'what was backed up is there' true
if said | grep -q 'after the backup'; then check 1 'what came later is not' true; fi
check 0 'a secret' soc --token "$token" call ListMessages '{"user_id": "me"}'
stop
aside=$(echo "$data"/backups/replaced-*)
cp -r "$aside" "$dir/aside" && aside=$dir/aside
[ -s "$aside/socializer.db" ] || check 1 'what was there is kept' true

# Databases of every schema that was ever released; the service starts on them, and seals what an old
# one left open.
for schema in "$vectors"/v*.sql; do
        python3 - "$schema" "$dir/old.db" <<'PY'
import os, sqlite3, sys
if os.path.exists(sys.argv[2]):
    os.remove(sys.argv[2])
sqlite3.connect(sys.argv[2]).executescript(open(sys.argv[1], encoding="utf-8").read())
PY
        rm -f "$dir/old.db.sha256"
        check 0 "schema $(basename "$schema" .sql | tr -d v)\)" soc restore "$dir/old.db"
        start
        soc call GetHealth --compact | grep -q '"status": *"ok"' || check 1 "a service on $schema" true
        soc user list | grep -q Human || check 1 "the people of $schema" true
        stop
        # What an account left that was being deleted is deleted in the end.
        if grep -a -q 'How do I say no' "$data/socializer.db"; then check 1 "$schema is sealed" true; fi
done

# And back again, from what was kept; into an empty folder, with the master key beside it.
mkdir -m 700 "$dir/fresh" && cp -p "$data/master.key" "$dir/fresh/"
data=$dir/fresh SOCIALIZER_DATA=$dir/fresh
check 0 'restored' soc restore "$aside/socializer.db"
start
sign_in
said | grep -q 'after the backup' || check 1 'what was kept is whole' true
stop

# Root restores for the user whose folder it is, from a file that only root reads.
if [ "$(id -u)" = 0 ]; then
        chmod 711 "$dir"
        chown -R 65534:65534 "$dir/fresh"
        check 0 'restored' soc restore "$dir/one.db"
        [ -z "$(find "$dir/fresh" ! -uid 65534)" ] || check 1 'all is the owner'"'"'s' true
fi

[ "$failures" = 0 ] || {
        echo "$failures checks failed" >&2
        exit 1
}
