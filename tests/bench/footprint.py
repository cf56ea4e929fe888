"""What the servers need: memory at rest, under load and of idle sockets, and the time until they answer."""
import os
import statistics
import subprocess
import sys
import time

from contestants import table
from host import answers, cpu_seconds, free_port, peak_bytes, rss_bytes, stop, wait_until

SOCKETS = 10000
WATCHED_S = 10
STARTS = 5


def bench_memory(bench, at_rest):
    idle = measure_idle(bench)
    bench.measure_rpc("SendMessage", '{"room_id":1,"content":"@unique"}', 64)
    bench.measure_rpc("GetMe", "{}", 256)
    loaded = [peak_bytes(p.pid) for p in (bench.service, bench.gateway)]
    bench.figures["memory"] = {"at rest": at_rest, "peak": loaded, **idle}
    table(
        "Memory",
        ("", "service", "gateway"),
        [
            ("at rest", *(f"{n / 1e6:.1f} MB" for n in at_rest)),
            ("at most, under load", *(f"{n / 1e6:.1f} MB" for n in loaded)),
            (f"each of {SOCKETS:,} idle WebSockets", "", f"{idle['bytes'] / 1000:.2f} KB"),
            ("CPU time meanwhile, of a core", f"{idle['service']:.2%}", f"{idle['gateway']:.2%}"),
        ],
    )


def measure_idle(bench):
    """Sockets of which nobody says anything; the gateway pings them."""
    before = rss_bytes(bench.gateway.pid)
    holder = subprocess.Popen(
        [bench.program("tests/bench/ws_idle"), str(bench.port), str(SOCKETS), bench.token],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if holder.stdout.readline().strip() != "open":
        sys.exit("bench: the idle sockets did not open")
    after = rss_bytes(bench.gateway.pid)
    ours = [bench.service, bench.gateway]
    used = [cpu_seconds(p.pid) for p in ours]
    time.sleep(WATCHED_S)
    used = [(cpu_seconds(p.pid) - b) / WATCHED_S for p, b in zip(ours, used)]
    holder.communicate("")
    return {"bytes": (after - before) / SOCKETS, "service": used[0], "gateway": used[1]}


def measure_start(bench, data):
    """Milliseconds until a new service, and a new gateway of it, answer; and until they have ended."""
    port = free_port()
    times = []

    def lap():
        times.append(time.monotonic())

    lap()
    service = bench.start_service(data)
    lap()
    gateway = bench.start(
        bench.program("gateway/socializer-gateway"), "--http", f"127.0.0.1:{port}",
        "--rpc", f"ipc://{data}/rpc.ipc", "--events", f"ipc://{data}/events.ipc",
    )  # fmt: skip
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/ready"), "the gateway", pause=0.001)
    lap()
    stop(gateway)
    lap()
    stop(service)
    lap()
    return dict(zip(("service", "gateway", "gateway ends", "service ends"),
                    (1000 * (b - a) for a, b in zip(times, times[1:]))))  # fmt: skip


def bench_start(bench):
    data = os.path.join(bench.dir, "start")
    first = measure_start(bench, data)
    laps = [measure_start(bench, data) for _ in range(STARTS)]
    usual = {key: statistics.median(lap[key] for lap in laps) for key in first}
    rows = [
        ("service, with a new database", f"{first['service']:.0f}"),
        ("service", f"{usual['service']:.0f}"),
        ("gateway", f"{usual['gateway']:.0f}"),
        ("gateway, ending", f"{usual['gateway ends']:.0f}"),
        ("service, ending", f"{usual['service ends']:.0f}"),
    ]
    if bench.fastapi:
        rows.append(("FastAPI", f"{bench.fastapi_start_ms:.0f}"))
    table(f"From the start of a program until it answers, median of {STARTS}", ("", "ms"), rows)
