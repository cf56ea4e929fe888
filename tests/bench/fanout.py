"""One room, many sockets, one of which speaks: what a delivery costs, beside nchan."""
import json
import subprocess
import sys

from contestants import table
from host import cpu_seconds

CONTENT = "Shall we meet at the library after the class, as we did last week? I bring tea."
BYTES = 334  # of a message as our gateway delivers it
PREFIX = '{"type":"chat_message"'


def message_for_nchan():
    """As long as what our gateway delivers, and looking the same."""
    head = PREFIX + ',"room_id":1,"user_id":1,"username":"human","content":' + json.dumps(CONTENT) + ',"x":"'
    return head + "." * (BYTES - len(head) - 2) + '"}'


def measure(bench, processes, arguments):
    """processes[0] is whom deliveries are charged to; the others are told beside it."""
    load = subprocess.Popen(
        [bench.program("tests/bench/ws_fanout"), *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    load.stdout.readline()
    before = [cpu_seconds(p.pid) for p in processes]
    output = load.communicate("\n")[0].split()
    used = [cpu_seconds(p.pid) - b for p, b in zip(processes, before)]
    if load.returncode != 0:
        sys.exit("bench: ws_fanout failed")
    messages, deliveries, seconds, p50, p99, client_us, n_bytes = (float(x) for x in output)
    return {
        "rate": deliveries / seconds,
        "messages": messages / seconds,
        "cpu": used[0] * 1e6 / deliveries,
        "others": sum(used[1:]) * 1e6 / deliveries,
        "client": client_us / deliveries,
        "p50": p50 / 1000,
        "p99": p99 / 1000,
        "bytes": n_bytes,
    }


def measure_ours(bench, sockets, in_flight):
    message = json.dumps({"type": "chat_message", "room_id": "general", "content": CONTENT})
    return measure(
        bench, [bench.gateway, bench.service],
        [str(bench.port), "/ws/chat", str(sockets), str(in_flight), str(bench.seconds), PREFIX,
         message, bench.token],
    )  # fmt: skip


def measure_nchan(bench, sockets, in_flight):
    return measure(
        bench, [bench.nchan],
        [str(bench.nchan_port), "/room", str(sockets), str(in_flight), str(bench.seconds), PREFIX,
         message_for_nchan()],
    )  # fmt: skip


def bench_fanout(bench, counts):
    figures = bench.figures["fanout"] = {}
    for in_flight in (1, 16):
        rows = []
        for sockets in counts:
            contestants = {"Socializer": lambda: measure_ours(bench, sockets, in_flight)}
            if bench.nchan:
                contestants["nginx nchan"] = lambda: measure_nchan(bench, sockets, in_flight)
            results = figures[f"{sockets}, {in_flight}"] = bench.alternate(contestants)
            ours = results["Socializer"]
            rows += [
                (f"{name}, {sockets:,} sockets", f"{r['rate']:,.0f}", f"{r['messages']:,.0f}",
                 f"{r['bytes']:.0f}", f"{r['cpu']:.2f}", f"{r['others']:.2f}", f"{r['client']:.2f}",
                 f"{r['p50']:.1f} / {r['p99']:.1f}",
                 f"{ours['rate'] / r['rate']:.2f} × / {r['cpu'] / ours['cpu']:.2f} ×")
                for name, r in results.items()
            ]  # fmt: skip
        table(
            f"Fan-out, {in_flight} in flight (target: 1.3 × nchan per CPU second)",
            ("", "deliveries/s", "messages/s", "bytes", "server CPU µs a delivery", "service",
             "load program", "to the last socket: p50 / p99 ms", "to it: rate / per CPU"),
            rows,
        )  # fmt: skip
