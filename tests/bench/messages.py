"""Durable messages: ours, the FastAPI peer's, and what SQLite alone makes of the same rows."""
import os
import subprocess

from contestants import ROOT, table

CONTENT = "Shall we meet at the library after the class, as we did last week? I bring tea."
IN_FLIGHT = 64

# What is promised, and what is hoped for, as ratios of messages a second.
TARGETS = {"FastAPI": (40, 60), "SQLite, all rows of a call": (0.60, 0.80)}


def measure_ours(bench):
    request = f'{{"room_id":1,"content":"{CONTENT}","client_message_id":"@unique"}}'
    figures = bench.measure_rpc("SendMessage", request, IN_FLIGHT)
    return {**figures, "parts": [figures["client"], figures["server"]]}


def measure_http(bench, processes, url, token, with_name):
    """The same with wrk; the script's path carries no arguments, so they go by environment."""
    os.environ["CONTENT"] = CONTENT
    os.environ["WITH_NAME"] = "yes" if with_name else ""
    figures = bench.measure_http(
        processes, url, IN_FLIGHT, token, f"{ROOT}/tests/bench/peers/messages.lua"
    )
    return {**figures, "parts": [figures["client"], *figures["parts"]]}


def measure_sqlite(bench, what):
    """Its file stays from round to round, and grows as the service's does."""
    folder = os.path.join(bench.dir, "sqlite-" + what)
    os.makedirs(folder, exist_ok=True)
    output = subprocess.run(
        [
            bench.program("tests/bench/store_insert"), folder, str(bench.seconds), str(IN_FLIGHT),
            what, CONTENT,
        ],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    rows, seconds, cpu_us = (float(x) for x in output)
    return {"rate": rows / seconds, "cpu": cpu_us / rows, "parts": [cpu_us / rows]}


def bench_messages(bench):
    measure_ours(bench)  # so that the caches are warm
    ours = [bench.gateway, bench.service]
    contestants = {
        "Socializer, RPC": lambda: measure_ours(bench),
        "Socializer, HTTP": lambda: measure_http(
            bench, ours, bench.url + "/api/rooms/general/messages", bench.token, True
        ),
    }
    if bench.fastapi:
        contestants["FastAPI"] = lambda: measure_http(
            bench, [bench.fastapi], bench.fastapi_url + "/messages", bench.fastapi_token, False
        )
    contestants["SQLite, the message"] = lambda: measure_sqlite(bench, "message")
    contestants["SQLite, all rows of a call"] = lambda: measure_sqlite(bench, "call")
    results = bench.alternate(contestants)
    rate = results["Socializer, RPC"]["rate"]
    table(
        f"Durable messages, {IN_FLIGHT} in flight",
        ("", "messages/s", "CPU µs: client + servers", "RPC to it: rate", "target, later"),
        [
            (name, f"{r['rate']:,.0f}", " + ".join(f"{p:.1f}" for p in r["parts"]),
             f"{rate / r['rate']:.2f} ×",
             "{} ×, {} ×".format(*TARGETS[name]) if name in TARGETS else "")
            for name, r in results.items()
        ],
    )  # fmt: skip
