#!/bin/bash
# operations.sh DOCUMENT SOCIALIZER SOCIALIZERD GATEWAY: runs the commands of docs/operations.md, its
# blocks marked sh, in their order, as somebody would who follows it. Folders are below one of the
# test's own, the gateway has a port of its own, and systemctl and scripts/install are played: they
# start, stop and "install" the programs that were built.
set -euo pipefail
document=$1 socializer=$(realpath "$2") socializerd=$(realpath "$3") gateway=$(realpath "$4")
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
root=$(mktemp -d "${TMPDIR:-/tmp}/socializer-operations.XXXXXX")
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

stop_unit() {
        local pid
        [ -s "$root/$1.pid" ] || return 0
        pid=$(cat "$root/$1.pid")
        kill "$pid" 2>/dev/null || true
        # It is a child of a shell that is gone.
        while kill -0 "$pid" 2>/dev/null; do read -rt 0.02 <> <(:) || true; done
        rm -f "$root/$1.pid"
}

clean() {
        stop_unit socializer-gateway
        stop_unit socializerd
        rm -rf "$root"
}
trap clean EXIT

mkdir -p "$root"/{bin,var/lib,etc/systemd/system,srv,root,scripts}
ln -s "$source_dir/scripts/systemd" "$root/scripts/systemd"
ln -s "$socializer" "$socializerd" "$root/bin/"
export HOME=$root/root XDG_CONFIG_HOME=$root/root/.config PATH=$root/bin:$PATH root port gateway
for name in ${!SOCIALIZER_*}; do unset "$name"; done

printf '#!/bin/sh\ncommand -v socializer socializerd >/dev/null\n' >"$root/scripts/install"
cat >"$root/bin/systemctl" <<'UNIT'
#!/bin/bash
# Starts what a unit's ExecStart says, stops it, and knows what it has started.
set -euo pipefail
start() {
        local words
        read -ra words < <(sed -n 's/^ExecStart=//p' "$root/etc/systemd/system/$1.service")
        words=("${words[@]//\/usr\/local\/bin\/socializer-gateway/$gateway}")
        words=("${words[@]//\/usr\/local\/bin/$root/bin}")
        words=("${words[@]//\/var\/lib/$root/var/lib}")
        words=("${words[@]//127.0.0.1:8000/127.0.0.1:$port}")
        "${words[@]}" >>"$root/$1.log" 2>&1 </dev/null &
        echo $! >"$root/$1.pid"
        for ((i = 0; i < 500; i++)); do
                grep -q ' ready ' "$root/$1.log" && ! grep -q stopped <(tail -n 1 "$root/$1.log") && return
                kill -0 "$(cat "$root/$1.pid")" || exit 1
                read -rt 0.02 <> <(:) || true
        done
        exit 1
}
stop() {
        local pid
        pid=$(cat "$root/$1.pid")
        kill "$pid"
        while kill -0 "$pid" 2>/dev/null; do read -rt 0.02 <> <(:) || true; done
        rm "$root/$1.pid"
}
case "$*" in
daemon-reload) ;;
"enable --now "*) for unit in "${@:3}"; do start "$unit"; done ;;
"start "*) for unit in "${@:2}"; do start "$unit"; done ;;
"stop "*) for unit in "${@:2}"; do stop "$unit"; done ;;
*)
        echo "systemctl $*?" >&2
        exit 1
        ;;
esac
UNIT
chmod +x "$root/bin/systemctl" "$root/scripts/install"

# The commands, with the folders and the port of the test.
awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$document" |
        sed "s,/var/lib,$root/var/lib,g; s,/srv,$root/srv,g; s,/etc/systemd,$root/etc/systemd,g
             s,/root/,$root/root/,g; s,127.0.0.1:8000,127.0.0.1:$port,g" >"$root/commands"
[ "$(grep -c . "$root/commands")" -ge 20 ] || {
        echo "FAIL: next to no commands in $document" >&2
        exit 1
}
cd "$root"
printf 'password123\n' >"$root/password"
n=0
while IFS= read -r command <&3; do
        [ -n "$command" ] || continue
        n=$((n + 1))
        echo "\$ $command"
        # One shell for all of them: "export" and "cd" last. "cd" is left where it began.
        if ! eval "$command" <"$root/password" >"$root/output" 2>&1; then
                echo "FAIL: command $n:" >&2
                cat "$root/output" >&2
                tail -n 5 "$root"/*.log >&2
                exit 1
        fi
        head -n 3 "$root/output"
        cd "$root"
done 3<"$root/commands"
echo "$n commands"
