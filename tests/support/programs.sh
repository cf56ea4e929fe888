# Programs in the background of a test, in a folder of its own; read by the scripts of
# tests/integration with ".".

dir=$(mktemp -d)
pids=()

stop() {
        for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
        for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
        pids=()
}
trap 'stop; rm -rf "$dir"' EXIT

fail() {
        echo "FAIL: $*" >&2
        tail -n 30 "$dir"/*.log >&2 || true
        exit 1
}

# start NAME COMMAND…: says what it says into NAME.log.
start() {
        local name=$1
        shift
        "$@" >>"$dir/$name.log" 2>&1 &
        pids+=($!)
}

# wait_for WHAT COMMAND…
wait_for() {
        local what=$1
        shift
        for ((i = 0; i < 300; i++)); do
                if "$@" >/dev/null 2>&1; then return; fi
                sleep 0.1
        done
        fail "$what does not come"
}
