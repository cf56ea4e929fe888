#!/usr/bin/python3
"""Measures Socializer beside its peers, all on this machine in one run, taking turns.

Times on a shared machine lie, so every figure is a median of rounds, comes with the CPU time per
operation of client and server, and is given as a ratio to a peer of the same rounds.
"""
import argparse
import json
import os
import re
import shutil
import sys
import time

import coach
import fanout
import footprint
import growth
import latency
import messages
import plot
import reads
from contestants import ROOT, Bench, tables
from host import rss_bytes

# The name of each bench, what runs it, and the peers that it wants.
BENCHES = {
    "memory": (lambda bench, options: footprint.bench_memory(bench, options.at_rest), ()),
    "start": (lambda bench, options: footprint.bench_start(bench), ("fastapi",)),
    "rpc": (lambda bench, options: reads.bench_rpc(bench), ("grpc",)),
    "pace": (lambda bench, options: reads.bench_pace(bench), ("grpc",)),
    "http": (lambda bench, options: reads.bench_http(bench), ("nginx", "fastapi")),
    "login": (lambda bench, options: reads.bench_login(bench), ()),
    "messages": (lambda bench, options: messages.bench_messages(bench), ("fastapi",)),
    "fanout": (lambda bench, options: fanout.bench_fanout(bench, options.sockets), ("nchan",)),
    "latency": (lambda bench, options: latency.bench_latency(bench, options), ()),
    "coach": (lambda bench, options: coach.bench_coach(bench), ()),
    "growth": (lambda bench, options: growth.bench_growth(bench, options.grow), ()),
}


BEGIN, END = "<!-- written by scripts/bench --write -->", "<!-- end -->"


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", default=os.path.join(ROOT, "build-bench"))
    parser.add_argument("--seconds", type=int, default=3, help="a measurement (default: 3)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every contestant (default: 3)")
    parser.add_argument(
        "--sockets", type=counts, default=[100, 1000, 5000],
        help="fanout: in the room (default: 100,1000,5000)",
    )  # fmt: skip
    parser.add_argument("--rate", type=int, default=1000, help="latency: messages a second (default: 1000)")
    parser.add_argument("--rooms", type=int, default=50, help="latency: rooms (default: 50)")
    parser.add_argument(
        "--sockets-per-room", type=int, default=2,
        help="latency: one speaks, the others listen (default: 2)",
    )  # fmt: skip
    parser.add_argument("--general", action="store_true", help="latency: only the general room")
    parser.add_argument(
        "--grow", type=counts, default=[1000, 100000, 10000000],
        help="growth: messages (default: 1000,100000,10000000)",
    )  # fmt: skip
    parser.add_argument(
        "--write", action="store_true", help="put tables and plots into docs/performance.md and .svg"
    )
    parser.add_argument("bench", nargs="*", help=", ".join(BENCHES) + " (default: all)")
    options = parser.parse_args()
    for word in options.bench:
        if word not in BENCHES:
            parser.error(f"there is no bench '{word}'; want {', '.join(BENCHES)}")
    for name, least in (("seconds", 1), ("rounds", 1), ("rate", 2), ("rooms", 1),
                        ("sockets_per_room", 2)):  # fmt: skip
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')}: want at least {least}")
    return options


def counts(text):
    numbers = [int(n) for n in text.split(",")]
    if min(numbers) < 1:
        raise ValueError
    return numbers


def start_peers(bench, wanted):
    if ("http" in wanted or "messages" in wanted) and not shutil.which("wrk"):
        sys.exit("bench: wrk is missing; run scripts/deps --bench")
    peers = {peer for name in wanted for peer in BENCHES[name][1]}
    for peer in sorted(peers):
        getattr(bench, f"start_{peer}")()
    for peer in bench.missing:
        print(f"Missing: {peer}")


def processor():
    with open("/proc/cpuinfo") as f:
        names = re.findall(r"^model name\s*: (.*)", f.read(), re.M)
    return f"{len(names)} × {names[0]}" if names else f"{os.cpu_count()} processors"


def write(bench, options):
    """Between the marks of the document, whose other words are somebody's."""
    path = os.path.join(ROOT, "docs/performance.md")
    with open(path) as f:
        before, rest = f.read().split(BEGIN)
    _, after = rest.split(END)
    missing = "".join(f" Missing: {peer}." for peer in bench.missing)
    said = (f"{time.strftime('%Y-%m-%d')}, {processor()}, a load of {options.load:.1f} before:"
            f" {options.rounds} rounds of {options.seconds} s, medians.{missing}")  # fmt: skip
    with open(path, "w") as f:
        f.write("\n".join((before + BEGIN, "", said, *tables, "", END + after)))
    shutil.copy(os.path.join(options.build, "bench.svg"), os.path.join(ROOT, "docs/performance.svg"))


def main():
    options = parse_options()
    options.load = os.getloadavg()[0]
    wanted = options.bench or BENCHES
    bench = Bench(options)
    try:
        bench.start_socializer()
        options.at_rest = (rss_bytes(bench.service.pid), rss_bytes(bench.gateway.pid))
        start_peers(bench, wanted)
        for name in BENCHES:
            if name in wanted:
                BENCHES[name][0](bench, options)
    finally:
        bench.stop()
    with open(os.path.join(options.build, "bench.json"), "w") as f:
        json.dump(bench.figures, f, indent=1)
    plot.draw(bench.figures, os.path.join(options.build, "bench.svg"))
    if options.write:
        write(bench, options)


if __name__ == "__main__":
    main()
