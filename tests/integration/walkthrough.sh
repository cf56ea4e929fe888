#!/bin/bash
# The README as a new user follows it: scripts/run --demo, then the curl commands, then Ctrl-C.
# A thousand requests in a row and a hundred at once leave no lease and no more connections.
set -euo pipefail
cd "$(dirname "$0")/../.."

dir=$(mktemp -d)
port=$((20000 + $$ % 20000))
url=http://127.0.0.1:$port
run=
finish() {
        if [ -n "$run" ]; then
                kill -TERM "$run" 2>/dev/null || true
                wait "$run" 2>/dev/null || true
        fi
        rm -rf "$dir"
}
trap finish EXIT

fail() {
        echo "walkthrough: $1" >&2
        cat "$dir/log" >&2
        exit 1
}

# has TEXT PATTERN…: the text has each pattern.
has() {
        local text=$1
        shift
        for pattern; do
                grep -qE "$pattern" <<<"$text" || fail "no '$pattern' in: $text"
        done
}

scripts/run --demo --data "$dir/data" --http "127.0.0.1:$port" >"$dir/log" 2>&1 &
run=$!
for ((i = 0; i < 1200; i++)); do
        grep -q "Socializer is at" "$dir/log" && break
        kill -0 "$run" 2>/dev/null || fail "scripts/run ended"
        sleep 0.1
done
grep -q "Socializer is at $url/" "$dir/log" || fail "no address was printed"

answer=$(curl -sS -i -X POST "$url/token" -H "Content-Type: application/x-www-form-urlencoded" \
        -d "username=human&password=password123")
has "$answer" '^HTTP/1.1 200' '"access_token": ?"[^"]+"' '"token_type": ?"bearer"' \
        '"expires_in": ?[0-9]+' '[Ss]et-[Cc]ookie: access_token=.*HttpOnly.*SameSite=Lax'
token=$(sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p' <<<"$answer")

answer=$(curl -sS -i -X POST "$url/token" -d "username=human&password=wrong-password")
has "$answer" '^HTTP/1.1 401' '[Ww][Ww][Ww]-[Aa]uthenticate: Bearer' '"code": ?"UNAUTHENTICATED"'

answer=$(curl -sS "$url/users/me/" -H "Authorization: Bearer $token")
has "$answer" '"username": ?"human"' '"email": ?"human@example.org"' '"is_active": ?true' \
        '"role": ?"user"' '"temperature": ?0.7' '"created_at": ?"20'
[ "$(curl -sS "$url/users/me" -H "Authorization: Bearer $token")" = "$answer" ] ||
        fail "without the slash the answer differs"

answer=$(curl -sS -X POST "$url/api/ai-chat" -H "Authorization: Bearer $token" \
        -H "Content-Type: application/json" -d '{"message": "Hello AI!", "stream": false}')
has "$answer" '"response": ?".*built-in coach' '"thread_id"' '"tools_used"'

answer=$(curl -sSN -i -X POST "$url/api/ai-chat" -H "Authorization: Bearer $token" \
        -H "Content-Type: application/json" -d '{"message": "Hello AI!", "stream": true}')
has "$answer" 'text/event-stream' '^event: delta' '^event: done'
[ "$(grep -c '^event: done' <<<"$answer")" = 1 ] || fail "want one done event"
answer=$(curl -sSN -X POST "$url/api/ai-chat" -H "Authorization: Bearer $token" \
        -H "Content-Type: application/json" \
        -d '{"message": "How do I say no?", "stream": true, "answer_id": "first"}')
has "$answer" '"answer_id": ?"first"'
answer=$(curl -sS "$url/api/coach/answers/first" -H "Authorization: Bearer $token")
has "$answer" '"is_done": ?true' '"text": ?".'
answer=$(curl -sS -X POST "$url/api/coach/rehearse" -H "Authorization: Bearer $token" \
        -H "Content-Type: application/json" -d '{"draft": "You never listen."}')
has "$answer" '"score": ?[0-9]' '"reasons"' '"better"'

answer=$(curl -sS -i -X POST "$url/api/auth/register" -H "Content-Type: application/json" \
        -d '{"username":"walker","email":"walker@example.org","password":"password123"}')
has "$answer" '^HTTP/1.1 201' '"message"' '"id": ?[0-9]+' '"username": ?"walker"' \
        '"email": ?"walker@example.org"'

# Rooms: one that nobody else sees, an invitation, its answer, and what is said there.
grace=$(curl -sS -X POST "$url/token" -d "username=grace&password=password123" |
        sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p')
answer=$(curl -sS -X POST "$url/api/rooms" -H "Authorization: Bearer $token" \
        -H "Content-Type: application/json" \
        -d '{"name": "Rehearsals", "description": "Before it counts."}')
has "$answer" '"name": ?"Rehearsals"' '"is_public": ?false' '"my_role": ?"creator"'
room=$(sed -n 's/^{"id": *\([0-9]*\).*/\1/p' <<<"$answer")
answer=$(curl -sS "$url/api/rooms/$room" -H "Authorization: Bearer $grace")
has "$answer" '"code": ?"NOT_FOUND"'
answer=$(curl -sS -X POST "$url/api/rooms/$room/invites" -H "Authorization: Bearer $token" \
        -H "Content-Type: application/json" -d '{"usernames": ["grace"]}')
has "$answer" '"code": ?"OK"' '"invite": ?\{"id"'
invite=$(sed -n 's/.*"invite": *{"id": *\([0-9]*\).*/\1/p' <<<"$answer")
has "$(curl -sS "$url/api/rooms/invites" -H "Authorization: Bearer $grace")" '"room_name": ?"Rehearsals"'
answer=$(curl -sS -X POST "$url/api/rooms/invites/$invite/accept" -H "Authorization: Bearer $grace" \
        -H "Content-Type: application/json" -d '{}')
has "$answer" '"name": ?"Rehearsals"' '"is_member": ?true' '"member_count": ?2'
answer=$(curl -sS -i -X POST "$url/api/rooms/$room/messages" -H "Authorization: Bearer $token" \
        -H "Content-Type: application/json" -d '{"content": "Tomorrow I ask for more responsibility."}')
has "$answer" '^HTTP/1.1 201' '"seq": ?3'
answer=$(curl -sS "$url/api/rooms/search?query=more+respons" -H "Authorization: Bearer $grace")
has "$answer" '"content": ?"Tomorrow I ask for more responsibility\."'

# What --demo has made.
answer=$(curl -sS "$url/api/rooms?scope=public" -H "Authorization: Bearer $token")
has "$answer" '"Listening circle"' '"Job interviews"' '"has_password": ?true'

for path in /docs /openapi.json /health /ready /metrics /; do
        [ "$(curl -sS -o /dev/null -w '%{http_code}' "$url$path")" = 200 ] || fail "$path is not 200"
done
has "$(curl -sS "$url/health")" '^\{"status": ?"ok"\}$'

# How many connections the pool has, and how many of them are leased.
pool() {
        curl -sS "$url/metrics" | grep -E '^socializer_db_connections\{' | sort
}
before=$(pool)
codes=$(for ((i = 0; i < 1000; i++)); do printf 'url = "%s/users/me/"\noutput = "/dev/null"\n' "$url"; done |
        curl -sS -K - -w '%{http_code}\n' -H "Authorization: Bearer $token" | sort | uniq -c)
has "$codes" '^ *1000 200$'
codes=$(for ((i = 0; i < 100; i++)); do printf 'url = "%s/users/me/"\noutput = "/dev/null"\n' "$url"; done |
        curl -sS -Z --parallel-immediate --parallel-max 100 -K - -w '%{http_code}\n' \
                -H "Authorization: Bearer $token" | sort | uniq -c)
has "$codes" '^ *100 200$'
after=$(pool)
[ "$before" = "$after" ] || fail "the pool was $before and is $after"
has "$after" 'leased"?\} 0$'

kill -TERM "$run"
status=0
wait "$run" || status=$?
run=
[ "$status" = 0 ] || fail "scripts/run ended with $status"
echo "walkthrough: as documented"
