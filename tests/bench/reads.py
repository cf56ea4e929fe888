"""Reads over RPC and HTTP, and logins beside them."""
import subprocess
import time

from contestants import table

IN_FLIGHT = (1, 16, 64, 256)
IN_FLIGHT_TCP = (1, 64)
PACES = (2000, 10000, 30000)
MAX_WAITING = 4096  # calls of a paced load; as many as the client queues


def rpc_row(name, r, peer):
    ratio = f"{r['rate'] / peer['rate']:.2f} × / {peer['cpu'] / r['cpu']:.2f} ×" if peer else ""
    return (name, f"{r['rate']:,.0f}", f"{r['p50']:.0f} / {r['p99']:.0f}",
            f"{r['client']:.2f} + {r['server']:.2f}", f"{r['cpu']:.2f}", ratio)  # fmt: skip


def bench_rpc(bench):
    figures = bench.figures["rpc"] = {}
    for way, counts, url, grpc_url in (
        ("a unix socket", IN_FLIGHT, None, None),
        ("tcp", IN_FLIGHT_TCP, bench.rpc_tcp, bench.grpc and bench.grpc_tcp),
    ):
        rows = []
        for n in counts:
            contestants = {"Socializer": lambda: bench.measure_rpc("GetMe", "{}", n, url=url)}
            if bench.grpc:
                contestants["gRPC C++"] = lambda: bench.measure_grpc(n, url=grpc_url)
            results = bench.alternate(contestants)
            figures[f"{way}, {n}"] = results
            rows += [
                rpc_row(f"{name}, {n} in flight", r, results.get("gRPC C++"))
                for name, r in results.items()
            ]
        table(
            f"GetMe over {way}",
            ("", "calls/s", "p50 / p99 µs", "CPU µs client + service", "together",
             "to gRPC: rate / per CPU"),
            rows,
        )  # fmt: skip


def bench_pace(bench):
    """An open loop: calls come when they are due, whatever has become of those before."""
    figures = bench.figures["pace"] = {}
    rows = []
    for rate in PACES:
        contestants = {
            "Socializer": lambda: bench.measure_rpc("GetMe", "{}", MAX_WAITING, ("-p", str(rate)))
        }
        if bench.grpc:
            contestants["gRPC C++"] = lambda: bench.measure_grpc(MAX_WAITING, (str(rate),))
        results = figures[rate] = bench.alternate(contestants)
        rows += [
            (f"{name}, {rate:,}/s", f"{r['rate']:,.0f}", f"{r['p50']:.0f}", f"{r['p99']:.0f}",
             f"{r['cpu']:.1f}")
            for name, r in results.items()
        ]  # fmt: skip
    table(
        "GetMe over a unix socket, so many a second: from when a call was due until it was answered",
        ("", "answered/s", "p50 µs", "p99 µs", "CPU µs client + service"),
        rows,
    )


def bench_http(bench):
    figures = bench.figures["http"] = {}
    for connections in (64, 512):
        ours = [bench.gateway, bench.service]
        contestants = {
            "Socializer": lambda: bench.measure_http(
                ours, bench.url + "/users/me/", connections, bench.token
            )
        }
        if bench.nginx:
            contestants["nginx return 200"] = lambda: bench.measure_http(
                [bench.nginx], bench.nginx_url, connections
            )
        if bench.fastapi:
            contestants["FastAPI"] = lambda: bench.measure_http(
                [bench.fastapi], bench.fastapi_url + "/users/me/", connections, bench.fastapi_token
            )
        results = figures[connections] = bench.alternate(contestants)
        ours = results["Socializer"]
        rows = [
            (name, f"{r['rate']:,.0f}", f"{r['cpu']:.1f}",
             " + ".join(f"{p:.1f}" for p in r["parts"]),
             f"{ours['rate'] / r['rate']:.2f} × / {r['cpu'] / ours['cpu']:.2f} ×")
            for name, r in results.items()
        ]  # fmt: skip
        table(
            f"GET /users/me/, {connections} connections",
            ("", "requests/s", "server CPU µs", "parts", "ours to it: rate / per CPU"),
            rows,
        )


def bench_login(bench):
    """Ordinary calls while logins keep every password thread busy."""
    alone = bench.measure_rpc("GetMe", "{}", 16)
    attack = subprocess.Popen(
        [
            bench.program("tests/bench/rpc_load"), bench.rpc, "", "Login",
            '{"username":"human","password":"password123"}', "32", str(bench.seconds + 1),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    time.sleep(0.3)
    beside = bench.measure_rpc("GetMe", "{}", 16)
    logins = attack.communicate()[0].split()
    table(
        "GetMe, 16 in flight, alone and beside 32 logins in flight",
        ("", "calls/s", "p50 / p99 µs", "logins/s"),
        [
            ("alone", f"{alone['rate']:,.0f}", f"{alone['p50']:.0f} / {alone['p99']:.0f}", ""),
            ("beside logins", f"{beside['rate']:,.0f}", f"{beside['p50']:.0f} / {beside['p99']:.0f}",
             f"{float(logins[0]) / float(logins[1]):.1f}"),
        ],
    )  # fmt: skip
