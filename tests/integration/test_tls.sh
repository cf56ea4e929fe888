#!/bin/bash
# test_tls.sh SOCIALIZERD GATEWAY SOCIALIZER: what docs/operations.md says of reverse proxies and
# tunnels, done with the blocks that stand there, real programs and throw-away certificates.
set -euo pipefail
socializerd=$(realpath "$1")
gateway=$(realpath "$2")
socializer=$(realpath "$3")
here=$(dirname "$(realpath "$0")")
docs=$here/../../docs/operations.md
PATH=$PATH:/usr/sbin
for program in nginx stunnel openssl curl /usr/bin/python3; do
        command -v $program >/dev/null || exit 77
done

. "$here/../support/programs.sh"

free_port() {
        /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# block FIRST-LINE: the indented block of the documentation that begins with this line.
block() {
        awk -v first="    $1" '
                $0 == first { on = 1 }
                on && !/^    / && !/^$/ { exit }
                on && /^$/ { exit }
                on { print substr($0, 5) }' "$docs"
}

certificate() { # NAME NAME-IN-IT
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                -subj "/CN=$2" -addext "subjectAltName=DNS:$2" \
                -keyout "$dir/$1.key" -out "$dir/$1.pem" 2>/dev/null
}

soc() {
        "$socializer" --rpc "$rpc" "$@"
}

web=$(free_port) http=$(free_port) rpc_port=$(free_port) events_port=$(free_port)
rpc=ipc://$dir/data/rpc.ipc
certificate chat chat.example.org

start_service() {
        start service "$socializerd" --data "$dir/data" --rpc "$rpc" \
                --rpc "tcp://127.0.0.1:$rpc_port" --events "tcp://127.0.0.1:$events_port"
        wait_for "the service" soc call AdminService/GetHealth
}

# talk URL: signs in over a WebSocket, joins the general room, and hears what it says itself.
talk() {
        /usr/bin/python3 - "$1" "$dir/chat.pem" "$token" <<'PY'
import asyncio, json, ssl, sys, websockets

async def main(url, ca, token):
    tls = ssl.create_default_context(cafile=ca) if url.startswith("wss") else None
    # The name is chat.example.org, the address is ours.
    where = {"server_hostname": "chat.example.org", "host": "127.0.0.1"} if tls else {}
    async with websockets.connect(url, ssl=tls, **where) as ws:
        async def until(kind):
            while True:
                frame = json.loads(await asyncio.wait_for(ws.recv(), 20))
                if frame["type"] == kind:
                    return frame
                if frame["type"] == "error":
                    raise SystemExit(frame)
        await ws.send(json.dumps({"type": "auth", "token": token}))
        await until("connection_established")
        await ws.send(json.dumps({"type": "join_room", "room_id": "general"}))
        await until("room_joined")
        await ws.send(json.dumps({"type": "chat_message", "content": "through the tunnel"}))
        frame = await until("chat_message")
        assert frame["content"] == "through the tunnel", frame

asyncio.run(main(*sys.argv[1:]))
PY
}

# --- TLS by nginx ---

https() {
        curl -sS --max-time 20 --cacert "$dir/chat.pem" --noproxy '*' \
                --resolve "chat.example.org:$web:127.0.0.1" "$@"
}
url=https://chat.example.org:$web

behind_nginx() {
        start gateway "$gateway" --http "127.0.0.1:$http" --rpc "$rpc" \
                --events "tcp://127.0.0.1:$events_port" --trusted-proxy 127.0.0.1 --log-level debug
        {
                echo "daemon off; pid $dir/nginx.pid; error_log stderr; worker_processes 1;"
                # As root, nginx changes its user for one that may not see this folder.
                if [ "$(id -u)" = 0 ]; then echo 'user root;'; fi
                echo 'events {} http { access_log off;'
                for temp in client_body proxy fastcgi uwsgi scgi; do
                        echo "${temp}_temp_path $dir/nginx-$temp;"
                done
                block "map \$http_upgrade \$connection_upgrade { default upgrade; '' ''; }" |
                        sed -e "s|listen 443|listen 127.0.0.1:$web|" -e "s|/etc/ssl|$dir|" \
                                -e "s|127.0.0.1:8000|127.0.0.1:$http|"
                echo '}'
        } >"$dir/nginx.conf"
        grep -q proxy_pass "$dir/nginx.conf" || fail "no nginx block in $docs"
        start nginx nginx -p "$dir" -e stderr -c "$dir/nginx.conf"
        wait_for "nginx" https -f "$url/ready"

        token=$(https -f -d 'username=human&password=password123' -D "$dir/head" "$url/token" |
                /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
        grep -qi '^set-cookie: access_token=.*; HttpOnly; SameSite=Lax; .*Secure' "$dir/head" ||
                fail "the cookie is not for TLS only: $(cat "$dir/head")"
        grep -qi '^strict-transport-security:' "$dir/head" || fail "no HSTS"
        https -f -H "Authorization: Bearer $token" "$url/users/me/" | grep -q '"human"' || fail "/users/me/"
        [ "$(https -o /dev/null -w '%{http_code}' "$url/metrics")" = 403 ] || fail "/metrics is open"

        # Where a request came from is what nginx saw, not what the client says.
        https -f --interface 127.0.0.2 -H 'X-Forwarded-For: 192.0.2.9' -H 'X-Request-Id: from-afar' \
                "$url/health" >/dev/null
        wait_for "the client's address in the log" \
                grep -q 'client=127.0.0.2 request_id=from-afar' "$dir/gateway.log"
        # Which host is meant, too: else a page of evil.example could use the cookie.
        for header in 'X-Forwarded-Host: evil.example' 'X-Nothing: x'; do
                got=$(https -o /dev/null -w '%{http_code}' -X DELETE -b "access_token=$token" \
                        -H 'Origin: https://evil.example' -H "$header" "$url/api/users/me/preferences")
                [ "$got" = 403 ] || fail "another site used the cookie with $header: $got"
        done
        https -f -X DELETE -b "access_token=$token" -H "Origin: $url" \
                "$url/api/users/me/preferences" >/dev/null || fail "the own site may not"

        talk "wss://chat.example.org:$web/ws/chat" || fail "no WebSocket through nginx"
        https -fN -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
                -d '{"message":"hello","stream":true}' "$url/api/ai-chat" | grep -q '^event: done' ||
                fail "no stream through nginx"
        if https --tls-max 1.1 "$url/health" >/dev/null 2>&1; then fail "TLS 1.1"; fi
        if curl -sS --resolve "chat.example.org:$web:127.0.0.1" "$url/health" >/dev/null 2>&1; then
                fail "a certificate that nobody knows is trusted: the test proves nothing"
        fi
}

# --- the RPC through stunnel ---

# tunnel NAME FIRST-LINE SED-ARGUMENT…: runs stunnel with the block of the documentation.
tunnel() {
        local name=$1 first=$2
        shift 2
        {
                echo "foreground = yes"
                echo "pid ="
                echo "debug = notice"
                block "$first" | sed -e "s|/etc/stunnel|$dir|" "$@"
        } >"$dir/$name.conf"
        grep -q verifyPeer "$dir/$name.conf" || fail "no block of stunnel in $docs"
        start "$name" stunnel "$dir/$name.conf"
}

through_stunnel() {
        local far_rpc far_events near_rpc near_events wrong
        far_rpc=$(free_port) far_events=$(free_port) near_rpc=$(free_port) near_events=$(free_port)
        certificate service service
        certificate gateway gateway
        tunnel stunnel-service 'cert = /etc/stunnel/service.pem' \
                -e "s|accept = 7443|accept = 127.0.0.1:$far_rpc|" -e "s|accept = 7444|accept = 127.0.0.1:$far_events|" \
                -e "s|127.0.0.1:7000|127.0.0.1:$rpc_port|" -e "s|127.0.0.1:7001|127.0.0.1:$events_port|"
        tunnel stunnel-gateway 'client = yes' \
                -e "s|service.example.org:7443|127.0.0.1:$far_rpc|" -e "s|service.example.org:7444|127.0.0.1:$far_events|" \
                -e "s|127.0.0.1:7000|127.0.0.1:$near_rpc|" -e "s|127.0.0.1:7001|127.0.0.1:$near_events|"
        start far-gateway "$gateway" --http "127.0.0.1:$http" --rpc "tcp://127.0.0.1:$near_rpc" \
                --events "tcp://127.0.0.1:$near_events"
        wait_for "the gateway behind the tunnel" curl -fsS "http://127.0.0.1:$http/ready"
        talk "ws://127.0.0.1:$http/ws/chat" || fail "no WebSocket through the tunnel"

        # Another certificate, or none, is not let in.
        certificate stranger gateway
        wrong=$(free_port)
        sed -e "s|gateway.pem|stranger.pem|; s|gateway.key|stranger.key|" \
                -e "s|127.0.0.1:$near_rpc|127.0.0.1:$wrong|; /\[events\]/,\$d" \
                "$dir/stunnel-gateway.conf" >"$dir/stranger.conf"
        start stranger stunnel "$dir/stranger.conf"
        is_refused() { grep -qE 'alert (unknown ca|certificate|bad certificate)|Connection reset' "$dir/stranger.log"; }
        ask_as_stranger() {
                if timeout 2 "$socializer" --rpc "tcp://127.0.0.1:$wrong" call AdminService/GetHealth; then
                        fail "a stranger's certificate is let in"
                fi
                is_refused
        }
        wait_for "the refusal of a stranger" ask_as_stranger
        if openssl s_client -connect "127.0.0.1:$far_rpc" -quiet -no_ign_eof </dev/null 2>&1 | grep -qa SP; then
                fail "no certificate at all is let in"
        fi
}

start_service
soc --data "$dir/data" user add human --email human@example.org <<<password123 >/dev/null
behind_nginx
stop
start_service
through_stunnel
