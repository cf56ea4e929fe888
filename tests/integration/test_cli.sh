#!/bin/bash
# test_cli.sh SOCIALIZER SOCIALIZERD COMPLETION: the command line against a real service. Each check says
# what it expects: an exit code, and a pattern in what was printed.
set -uo pipefail
socializer=$(realpath "$1")
socializerd=$(realpath "$2")
completion=$(realpath "$3")
dir=$(mktemp -d)
service=
failures=0

stop() {
        if [ -n "$service" ]; then
                kill -TERM "$service" 2>/dev/null
                wait "$service"
                service=
        fi
}
trap 'stop; rm -rf "$dir"' EXIT

# A home, an environment and a working folder of its own: nobody's login is read or written.
export HOME=$dir/home XDG_CONFIG_HOME=$dir/config
unset SOCIALIZER_RPC SOCIALIZER_EVENTS SOCIALIZER_DATA SOCIALIZER_TOKEN
mkdir "$HOME" "$dir/data"
cd "$dir" || exit 1

soc() {
        timeout 60 "$socializer" "$@"
}

# check CODE PATTERN ARGUMENT…: standard input is passed on.
check() {
        local code=$1 pattern=$2 got=0
        shift 2
        soc "$@" >"$dir/out" 2>"$dir/err" || got=$?
        if [ "$got" != "$code" ]; then
                echo "FAIL: socializer $*: exit code $got instead of $code" >&2
        elif ! grep -qhE -- "$pattern" "$dir/out" "$dir/err"; then
                echo "FAIL: socializer $*: no /$pattern/" >&2
        elif [ "$code" != 0 ] && [ "$(wc -l <"$dir/err")" != 1 ]; then
                echo "FAIL: socializer $*: want one line on standard error" >&2
        else
                return 0
        fi
        cat "$dir/out" "$dir/err" >&2
        failures=$((failures + 1))
}

without_a_service() {
        check 0 '^usage: socializer' --help
        check 0 'socializer [0-9]+\.' --version
        for verb in call list describe login logout pool queries user room send follow coach skills levels sessions export backup restore; do
                check 0 'Examples:' "$verb" --help
        done
        check 2 'say what to do'
        check 2 "did you mean 'pool'" pol
        check 2 "no verb 'frobnicate'" frobnicate
        check 2 'unrecognized option' --nonsense list
        check 2 "'pool' takes no option --names" pool --names
        check 2 "wants more" call
        check 2 "wants less" list everything
        check 2 'want 0.001 to 86400' --timeout never list
        check 2 'sequence number' follow general --after -3
        check 2 'UserService/GetUser' call GetUsr
        check 2 'no method' describe Frobnicate
        check 2 'the request is no GetUserRequest: .*nothing' call GetUser '{"nothing": 1}'
        check 2 'the request is no' call GetUser '{'
        check 2 'room_id' send nowhere hello
        check 2 'reply_to' send general hello --reply-to that
        check 2 "no 'room frobnicate'" room frobnicate
        check 2 'number of a change' levels --dispute that 'no'
        check 2 'say why' levels --dispute 1
        check 2 'needs --dispute' levels 'no'
        check 2 'want: socializer room show ROOM' room show
        check 2 'want: socializer room leave ROOM' room leave 2 3
        check 2 'want: socializer room join' room join 2 --ban
        check 2 "'send' takes no option --ban" send general hello --ban
        check 2 'a room needs a name' room create
        check 2 "the other one's name" room create Us --direct bob
        check 2 'hidden, for two' room create --direct bob --public
        check 2 'room_id' room show lobby
        check 2 'want name, description' room set 2 colour=red
        check 2 'want name, description' room set 2 name
        check 2 'max_members' room set 2 max_members=many
        check 2 'others can see the command line' room set 2 password=sesame
        check 2 'coach_hears' room set 2 coach_hears=everything
        check 2 'want: socializer room consent' room consent 2 maybe
        check 2 'role' room role 2 bob emperor
        check 2 'mute_seconds' room mute 2 bob long
        check 2 'state' room members 2 asleep
        check 2 'invite_id' room accept me
        check 2 'want: socializer coach' coach How do I say no
        check 2 'want: socializer coach rehearse' coach rehearse
        check 2 'want: socializer coach clarify' coach clarify x --thread y
        check 2 'others can see the command line' coach settings api_key=secret
        check 2 'want provider, endpoint' coach settings colour=red
        check 2 "no 'user frobnicate'" user frobnicate
        check 2 'socializer user role' user role ada
        check 2 'user or admin' user role ada king
        check 2 'an address is' --rpc carrier-pigeon call GetHealth
        check 1 'no service at ipc://.*start socializerd' --timeout 0.2 call GetHealth
        check 0 '^UserService/GetMe$' list --names
        check 0 'GET /users/me/' list
        check 0 '"access": "admin"' list --json
        check 0 'characters' describe SendMessage
        check 0 'HTTP +POST /token' describe Login
        for method in $(soc list --names); do check 0 '^request: ' describe "$method"; done
}

accounts() {
        check 2 'e-mail' user add ada --admin </dev/null
        check 1 'no password given' user add ada --admin --email ada@example.org </dev/null
        check 1 'INVALID_ARGUMENT: .*password' user add ada --admin --email ada@example.org <<<short
        check 0 'ada.*admin.*active' user add ada --admin --email ada@example.org <<<password123
        check 0 'bob.*user.*active' user add bob --email bob@example.org <<<password123
        check 1 'ALREADY_EXISTS' user add bob --email other@example.org <<<password123
        check 0 'bob@example.org' user show bob
        check 0 '"username": "bob"' user show bob --json
        check 1 'NOT_FOUND' user show nobody
        check 0 'bob.*inactive' user deactivate bob
        check 1 'UNAUTHENTICATED' login bob <<<password123
        check 0 'bob.*active' user activate bob
        check 0 'bob.*admin' user role bob admin
        check 0 'bob.*user' user role bob user
        check 0 'is changed' user password bob <<<password456
        check 0 'ada' user list
}

login() {
        check 1 'UNAUTHENTICATED' login bob <<<password123
        check 1 'no password given' login bob </dev/null
        check 0 'logged in as bob' login bob <<<password456
        check 0 '^Welcome back, bob!$' login bob <<<password456
        check 0 '^empathy: level 0 of 10, next milestone at level 2, 30 days left\.$' login bob <<<password456
        if [ "$(stat -c %a "$XDG_CONFIG_HOME/socializer/token")" != 600 ]; then
                echo "FAIL: the token can be read by others" >&2
                failures=$((failures + 1))
        fi
        token=$(cat "$XDG_CONFIG_HOME/socializer/token")
        if grep -qF -- "$token" "$dir/out" "$dir/err"; then
                echo "FAIL: the token is shown" >&2
                failures=$((failures + 1))
        fi
        check 0 '"username": "bob"' call GetMe
        check 0 '^\{"user":' call GetMe --compact
        check 1 'UNAUTHENTICATED.*log in with' --token nonsense call GetMe
        SOCIALIZER_TOKEN=nonsense check 1 'UNAUTHENTICATED' call GetMe
        SOCIALIZER_TOKEN=nonsense check 0 'bob' --token "$token" call GetMe
        check 1 'PERMISSION_DENIED: [^;]*$' --token "$token" pool
        check 0 '"temperature": 0.4' call SetTemperature - <<<'{"temperature": 0.4}'
        check 1 'INVALID_ARGUMENT: temperature' call SetTemperature '{"temperature": 3}'
        check 1 'NOT_FOUND' call GetUser '{"user_id": 999}'
}

# follow runs until it is told to stop; what it has printed is waited for.
rooms() {
        check 0 'message 1 of room 1' send general 'Hello everybody'
        check 0 'message 2 of room 1' send general - <<<'from a file'
        check 1 'INVALID_ARGUMENT: content' send 1 "$(printf 'x%.0s' {1..5001})"
        check 1 'NOT_FOUND|PERMISSION_DENIED' send 999 hello
        soc follow general --after 0 >"$dir/followed" 2>"$dir/follow-err" &
        local follower=$! i
        check 0 'message 3' send general 'and now live'
        for ((i = 0; i < 200; i++)); do
                grep -q 'and now live' "$dir/followed" && break
                sleep 0.05
        done
        kill -TERM "$(pgrep -P "$follower" -f follow || echo "$follower")" 2>/dev/null
        wait "$follower"
        check 0 'message 4 of room 1' send general 'So do I' --reply-to 1
        check 0 '"excerpt": "Hello everybody"' send general 'And I' --reply-to 1 --json
        check 1 'NOT_FOUND' send general 'x' --reply-to 999
        if ! grep -q 'bob: Hello everybody' "$dir/followed" || [ "$(wc -l <"$dir/followed")" != 3 ]; then
                echo "FAIL: follow printed:" >&2
                cat "$dir/followed" "$dir/follow-err" >&2
                failures=$((failures + 1))
        fi
}

# A second login, beside the one that is kept.
sign_in_ada() {
        ada=$(soc call Login '{"username": "ada", "password": "password123"}' --compact |
                sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
}

# Ada makes rooms, Bob comes into them.
rooms_made() {
        check 0 'ROOM +2' --token "$ada" room create 'Book club' --coach --invite bob
        check 0 'Open house.*public' --token "$ada" room create 'Open house' --public --json --compact
        check 1 'NOT_FOUND' --token "$ada" room create 'Nobody' --invite nobody
        check 1 'no password of the room given' --token "$ada" room create Locked --password </dev/null
        check 0 'ACCESS +password' --token "$ada" room create Locked --public --password <<<sesame
        check 0 'NAME +bob' --token "$ada" room create --direct bob
        check 0 'ROOM +5' room create --direct ada
        check 0 '2 +Book club +group +hidden +creator +1 +0 ' --token "$ada" room list
        check 0 '"name": "Locked"' room list --public --json
        check 0 'Open house' room list --public house
        check 0 'YOU +invited' room show 2
        check 0 'DESCRIPTION +We read' --token "$ada" room set 2 description='We read.' max_members=9
        check 0 'MEMBERS +1 of 9' room show 2
        check 0 "COACH +the server's; hears those who consent, not you" --token "$ada" room set 2 \
                coach=server coach_hears=conversation
        check 0 'may be sent to its coach' --token "$ada" room consent 2 yes
        check 0 'COACH +built in; hears those who consent, you too' --token "$ada" room set 2 coach=builtin
        check 0 'may not be sent' --token "$ada" room consent 2 no
        check 0 'ACCESS +password' --token "$ada" room set 3 password <<<sesame
        check 0 'ACCESS +public' --token "$ada" room set 3 password=
        check 1 'PERMISSION_DENIED' room set 3 name=Mine
}

rooms_entered() {
        check 0 '1 +2 +Book club +ada' room invites
        check 0 'is declined' room decline 1
        check 1 'FAILED_PRECONDITION' room accept 1
        check 0 'bob +invited, with number 2' --token "$ada" room invite 2 bob
        check 1 'nobody +NOT_FOUND' --token "$ada" room invite 2 bob nobody
        check 0 'YOU +member' room accept 2
        check 1 "password: room 4 has one; .*--password' asks" room join 4
        check 1 'password: wrong' room join 4 --password <<<wrong
        check 0 'YOU +member' room join 4 --password <<<sesame
        check 0 'left room 4' room leave 4
        check 1 'FAILED_PRECONDITION' room leave 4
        check 0 'bob +member' room members 2
        check 1 'bob +ALREADY_EXISTS: bob is in room 2 already' --token "$ada" room invite 2 bob
        check 0 'MEMBERS +everybody' room show general
        check 0 'bob' --token "$ada" room members 4 left
        check 0 'bob +moderator' --token "$ada" room role 2 bob moderator
        check 0 'bob +moderator .*20' --token "$ada" room mute 2 bob 60
        check 1 'you are muted in room 2 until [^;]*; try again in [0-9]+ s$' send 2 hello
        check 0 'bob +moderator .*-$' --token "$ada" room mute 2 bob 0
        check 0 'message' send 2 'Dead Souls, says Bob'
        check 0 'Dead Souls' --token "$ada" room search 'soul'
        check 0 '"messages": \[\]' room search 'souls' --room general --json
        check 1 'INVALID_ARGUMENT: query' room search '?!'
        check 0 'room 2 is read up to' --token "$ada" room read 2
        check 1 'INVALID_ARGUMENT: seq' --token "$ada" room read 2 999
        check 0 '"last_read_seq"' --token "$ada" room read 2 1 --json
        check 0 'bob is banned from room 2' --token "$ada" room remove 2 bob --ban
        check 1 'NOT_FOUND' room show 2
        check 0 'bob' --token "$ada" room members 2 banned
        check 0 'bob may come into room 2 again' --token "$ada" room unban 2 bob
        check 1 'NOT_FOUND' --token "$ada" room remove 2 bob
        check 1 'PERMISSION_DENIED' room delete 3 --yes
        check 0 'Open house, is deleted' --token "$ada" room delete 3 --yes
        check 1 'NOT_FOUND' room show 3
}

# The built-in coach's words come at once; that others come piece by piece is test_coach_stream's.
coach() {
        check 0 '[a-z]' coach 'How do I say no?' --thread work
        check 0 '"thread_id": "work"' coach - --thread work --json <<<'And then?'
        check 1 'INVALID_ARGUMENT: thread_id' coach hello --thread 'a b'
        check 0 '"content": "How do I say no\?"' call ListMessages '{"user_id": "me", "thread_id": "work"}'
        check 0 '^[0-9]+ of 10' coach rehearse 'You never listen.'
        check 0 '"engine": "builtin"' coach clarify 'Could you maybe look at it?' --json
        check 0 'you: Could you maybe look at it' coach ledger
        check 0 '"task": "clarify"' coach ledger --json
        check 2 'want: socializer coach ledger' coach ledger burn
        check 0 '4 entries are deleted' coach ledger delete
        check 0 'nothing has been sent yet' coach ledger
        check 0 'evaluation +by this engine, too' coach settings remote_evaluation=true
        check 0 "provider +\(the server's\)" coach settings
        check 0 'language +de' coach settings language=de api_key <<<sk-password456
        check 0 'api_key +\(set\)' coach settings
        check 0 'api_key +\(none\)' coach settings api_key= language=
        check 1 'PERMISSION_DENIED: endpoint' coach settings endpoint=https://api.example.org/v1
        check 1 'INVALID_ARGUMENT: provider' coach settings provider=oracle
}

statistics() {
        check 0 'connections, .* leased' pool
        check 0 '"connections"' pool --json
        check 0 'MEAN MS' queries
        check 0 '"sql"' queries 5 --json
        check 0 'SEARCH|SCAN' queries 10 --plans
        check 2 '1 to 500' queries many
        check 0 '"status": "ok"' call GetHealth
        check 0 'socializer_rpc_requests_total' call GetMetrics
        check 0 'ok' --rpc "ipc://$dir/data/rpc.ipc" call AdminService/GetHealth
        SOCIALIZER_RPC=ipc:///nowhere check 1 'no service' --timeout 0.2 call GetHealth
}

sessions() {
        check 0 'this one +socializer on ' sessions
        check 0 '"is_current": true' sessions --json
        check 1 'INVALID_ARGUMENT: session_id' sessions end 7
        check 2 'which one' sessions end
        check 0 '2 sessions have ended' sessions end others
        check 0 'SESSION' --token "$ada" sessions list bob
        check 1 'NOT_FOUND' --token "$ada" sessions end 00000000000000000000000000000000 bob
}

takeaway() {
        check 0 '^\{"format":"socializer.export.1".*"memory":\[\{' export me
        check 0 '"left_out":\["coach_settings","memory"' export bob
        soc export me "$dir/me.json" || failures=$((failures + 1))
        check 1 'exists' export me "$dir/me.json"
        [ "$(stat -c %a "$dir/me.json")" = 600 ] || {
                echo "FAIL: others can read the export" >&2
                failures=$((failures + 1))
        }
        check 2 'export' export
}

goodbye() {
        check 0 'logged out' logout
        check 0 'nobody was logged in' logout
        check 1 'UNAUTHENTICATED' --token "$token" call GetMe
        check 0 'is deleted' user delete bob --yes </dev/null
        check 1 'NOT_FOUND' user show bob
}

# What bash would offer for the words given; the last is the one being typed.
complete_words() {
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _socializer
        echo "${COMPREPLY[*]}"
}

completes() {
        local want=$1 got
        shift
        got=$(complete_words "$socializer" "$@")
        if [[ " $got " != *" $want "* ]]; then
                echo "FAIL: completion of '$*': '$got' lacks '$want'" >&2
                failures=$((failures + 1))
        fi
}

completion() {
        # shellcheck disable=SC1090
        source "$completion"
        completes queries q
        completes UserService/GetMe call UserService/GetM
        completes GetMe call GetM
        completes deactivate --data . user d
        completes admin user role bob a
        completes --after follow general --a
        completes general send g
        completes members room m
        completes general room show g
        completes max_members= room set 2 m
        completes moderator room role 2 bob m
        completes banned room members 2 b
        completes --password room join 2 --p
        completes --reply-to send general hi --r
        completes --dispute levels --d
}

# Bob says kind things until a level moves.
levels() {
        check 0 'empathy +0 +active +0 % +level 2' skills
        check 0 '"next_milestone": 2' skills --json
        check 0 'empathy +0 +active' skills bob
        check 0 'no level has changed' levels
        for ((i = 0; i < 200; i++)); do
                soc send general "I understand that this is hard, friend $i." >/dev/null
                soc levels | grep -q 'empathy' && break
        done
        check 0 'empathy: 0 to 1, by builtin' levels
        check 0 '\[1\] in room 1: I understand that this is hard, friend [0-9]+\.' levels
        check 0 '"old_level": 0' levels --json
        check 1 'NOT_FOUND' levels --dispute 99 'It was irony'
        check 0 'taken back: It was irony' levels --dispute 1 'It was irony'
        check 1 'FAILED_PRECONDITION' levels --dispute 1 'It was irony'
}

without_a_service
completion
export SOCIALIZER_DATA=$dir/data
"$socializerd" --data "$dir/data" >"$dir/service.log" 2>&1 &
service=$!
for ((i = 0; i < 100; i++)); do
        soc --timeout 2 call GetHealth >/dev/null 2>&1 && break
done
accounts
login
rooms
sign_in_ada
rooms_made
rooms_entered
coach
levels
statistics
sessions
takeaway
goodbye
if grep -qE 'password(123|456)|sesame' "$dir/service.log"; then
        echo "FAIL: a password is in the log" >&2
        failures=$((failures + 1))
fi
[ "$failures" = 0 ] || {
        echo "$failures checks failed; the service said:" >&2
        tail -n 20 "$dir/service.log" >&2
        exit 1
}
