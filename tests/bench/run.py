#!/usr/bin/python3
"""Measures Socializer beside its peers, all on this machine in one run, taking turns.

Times on a shared machine lie, so every figure is a median of rounds, comes with the CPU time per
operation of client and server, and is given as a ratio to a peer of the same rounds.
"""
import argparse
import os
import shutil
import sys

import coach
import fanout
import latency
import messages
import reads
from contestants import ROOT, Bench
from host import rss_bytes

WORDS = ("rpc", "http", "login", "memory", "messages", "fanout", "latency", "coach")


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--build", default=os.path.join(ROOT, "build-bench"))
    parser.add_argument("--seconds", type=int, default=3, help="a measurement (default: 3)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every contestant (default: 3)")
    parser.add_argument("--sockets", type=int, default=1000, help="fanout: in the room (default: 1000)")
    parser.add_argument("--rate", type=int, default=1000, help="latency: messages a second (default: 1000)")
    parser.add_argument("--rooms", type=int, default=50, help="latency: rooms (default: 50)")
    parser.add_argument(
        "--sockets-per-room", type=int, default=2,
        help="latency: one speaks, the others listen (default: 2)",
    )  # fmt: skip
    parser.add_argument("--general", action="store_true", help="latency: only the general room")
    parser.add_argument("bench", nargs="*", help=", ".join(WORDS) + " (default: all)")
    options = parser.parse_args()
    for word in options.bench:
        if word not in WORDS:
            parser.error(f"there is no bench '{word}'; want {', '.join(WORDS)}")
    for name, least in (("seconds", 1), ("rounds", 1), ("sockets", 1), ("rate", 2), ("rooms", 1),
                        ("sockets_per_room", 2)):  # fmt: skip
        if getattr(options, name) < least:
            parser.error(f"--{name.replace('_', '-')}: want at least {least}")
    return options


def start_peers(bench, wanted):
    if ("http" in wanted or "messages" in wanted) and not shutil.which("wrk"):
        sys.exit("bench: wrk is missing; run scripts/deps --bench")
    if "rpc" in wanted:
        bench.start_grpc()
    if "http" in wanted:
        bench.start_nginx()
    if "http" in wanted or "messages" in wanted:
        bench.start_fastapi()
    if "fanout" in wanted:
        bench.start_nchan()


def main():
    options = parse_options()
    wanted = options.bench or WORDS
    bench = Bench(options)
    try:
        bench.start_socializer()
        at_rest = (rss_bytes(bench.service.pid), rss_bytes(bench.gateway.pid))
        if "memory" in wanted:
            reads.bench_memory(bench, at_rest)
        start_peers(bench, wanted)
        for peer in bench.missing:
            print(f"Missing: {peer}")
        if "rpc" in wanted:
            reads.bench_rpc(bench)
        if "http" in wanted:
            reads.bench_http(bench)
        if "login" in wanted:
            reads.bench_login(bench)
        if "messages" in wanted:
            messages.bench_messages(bench)
        if "fanout" in wanted:
            fanout.bench_fanout(bench, options.sockets)
        if "latency" in wanted:
            latency.bench_latency(bench, options)
        if "coach" in wanted:
            coach.bench_coach(bench)
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
