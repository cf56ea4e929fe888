"""Durable messages: ours, the FastAPI peer's, and what SQLite alone makes of the same rows."""
import os
import subprocess

from contestants import ROOT, table

CONTENT = "Shall we meet at the library after the class, as we did last week? I bring tea."
IN_FLIGHT = (64, 512)

# With 64 in flight, as ratios of messages a second.
TARGETS = {"FastAPI": "60 ×", "SQLite, all rows of a call": "0.80 ×"}


def measure_ours(bench, n):
    request = f'{{"room_id":1,"content":"{CONTENT}","client_message_id":"@unique"}}'
    figures = bench.measure_rpc("SendMessage", request, n)
    return {**figures, "parts": [figures["client"], figures["server"]]}


def measure_http(bench, processes, url, token, with_name, connections):
    """The same with wrk; the script's path carries no arguments, so they go by environment."""
    os.environ["CONTENT"] = CONTENT
    os.environ["WITH_NAME"] = "yes" if with_name else ""
    figures = bench.measure_http(
        processes, url, connections, token, f"{ROOT}/tests/bench/peers/messages.lua"
    )
    return {**figures, "parts": [figures["client"], *figures["parts"]]}


def measure_sqlite(bench, what, n):
    """Its file stays from round to round, and grows as the service's does."""
    folder = os.path.join(bench.dir, f"sqlite-{what}-{n}")
    os.makedirs(folder, exist_ok=True)
    output = subprocess.run(
        [
            bench.program("tests/bench/store_insert"), folder, str(bench.seconds), str(n),
            what, CONTENT,
        ],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    rows, seconds, cpu_us = (float(x) for x in output)
    return {"rate": rows / seconds, "cpu": cpu_us / rows, "parts": [cpu_us / rows]}


def bench_messages(bench):
    bench.figures["messages"] = {}
    for n in IN_FLIGHT:
        measure_all(bench, n)


def measure_all(bench, n):
    measure_ours(bench, n)  # so that the caches are warm
    ours = [bench.gateway, bench.service]
    contestants = {
        "Socializer, RPC": lambda: measure_ours(bench, n),
        "Socializer, HTTP": lambda: measure_http(
            bench, ours, bench.url + "/api/rooms/general/messages", bench.token, True, n
        ),
    }
    if bench.fastapi:
        contestants["FastAPI"] = lambda: measure_http(
            bench, [bench.fastapi], bench.fastapi_url + "/messages", bench.fastapi_token, False, n
        )
    contestants["SQLite, the message"] = lambda: measure_sqlite(bench, "message", n)
    contestants["SQLite, all rows of a call"] = lambda: measure_sqlite(bench, "call", n)
    results = bench.figures["messages"][n] = bench.alternate(contestants)
    rate = results["Socializer, RPC"]["rate"]
    table(
        f"Durable messages, {n} in flight",
        ("", "messages/s", "CPU µs: client + servers", "RPC to it: rate", "target"),
        [
            (name, f"{r['rate']:,.0f}", " + ".join(f"{p:.1f}" for p in r["parts"]),
             f"{rate / r['rate']:.2f} ×", TARGETS.get(name, ""))
            for name, r in results.items()
        ],
    )  # fmt: skip
