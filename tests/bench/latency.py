"""Talk in many rooms at a steady pace: how long a message takes from one socket to another."""
import subprocess
import sys
import urllib.error

from contestants import table
from host import cpu_seconds, post

TARGET_P50_MS = 1
TARGET_P99_MS = 5


def make_rooms(bench, count, listener):
    """Public rooms that the speaker has made and the listener joined."""
    rooms = []
    try:
        for i in range(count):
            room = {"name": f"bench {i}", "type": "group", "is_public": True}
            made = post(bench.url + "/api/rooms", room, {"Authorization": "Bearer " + bench.token})
            rooms.append(str(made["id"]))
            post(
                f"{bench.url}/api/rooms/{rooms[-1]}/join",
                {},
                {"Authorization": "Bearer " + listener},
            )
    except urllib.error.HTTPError as e:
        sys.exit(f"bench: latency: no room ({e.url}: {e}); --general does with the one that is there")
    return rooms


def measure(bench, options, rooms, listener):
    load = subprocess.Popen(
        [
            bench.program("tests/bench/ws_latency"), str(bench.port), str(options.rate),
            str(bench.seconds), str(options.sockets_per_room), bench.token, listener, *rooms,
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    load.stdout.readline()
    ours = [bench.gateway, bench.service]
    before = [cpu_seconds(p.pid) for p in ours]
    output = load.communicate("\n")[0].split()
    used = [cpu_seconds(p.pid) - b for p, b in zip(ours, before)]
    if load.returncode != 0:
        sys.exit("bench: ws_latency failed")
    sent, deliveries, missing, p50, p99, longest, late = (float(x) for x in output)
    return {
        "deliveries": deliveries,
        "missing": missing,
        "p50": p50 / 1000,
        "p99": p99 / 1000,
        "longest": longest / 1000,
        "late": late / 1000,
        "gateway": used[0] * 1e6 / sent,
        "service": used[1] * 1e6 / sent,
    }


def bench_latency(bench, options):
    listener = bench.sign_in("friend")
    rooms = ["general"] if options.general else make_rooms(bench, options.rooms, listener)
    where = "the general room" if options.general else f"{len(rooms)} rooms"
    r = bench.alternate({"": lambda: measure(bench, options, rooms, listener)})[""]
    bench.figures["latency"] = r
    table(
        f"{options.rate:,} messages/s over {where}, {options.sockets_per_room} sockets in each",
        ("p50 ms", "p99 ms", "longest ms", "load program late: p99 ms", "missing",
         "CPU µs a message: gateway + service"),
        [
            (f"{r['p50']:.2f} (target: below {TARGET_P50_MS})",
             f"{r['p99']:.2f} (target: below {TARGET_P99_MS})", f"{r['longest']:.2f}", f"{r['late']:.2f}",
             f"{r['missing']:.0f} of {r['deliveries'] + r['missing']:.0f}",
             f"{r['gateway']:.1f} + {r['service']:.1f}"),
        ],
    )  # fmt: skip
