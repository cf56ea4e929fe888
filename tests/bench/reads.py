"""Reads over RPC and HTTP, logins beside them, and memory."""
import subprocess
import time

from contestants import table
from host import rss_bytes


def bench_rpc(bench):
    store = bench.measure_store()
    for in_flight in (1, 64):
        contestants = {
            "Socializer GetMe": lambda: bench.measure_rpc("GetMe", "{}", in_flight),
            "Socializer GetHealth": lambda: bench.measure_rpc("GetHealth", "{}", in_flight),
        }
        if bench.grpc:
            contestants["gRPC C++ GetMe"] = lambda: bench.measure_grpc(in_flight)
        results = bench.alternate(contestants)
        rows = []
        for name, r in results.items():
            ratio = ""
            if bench.grpc:
                peer = results["gRPC C++ GetMe"]
                ratio = f"{r['rate'] / peer['rate']:.2f} × / {peer['cpu'] / r['cpu']:.2f} ×"
            rows.append(
                (name, f"{r['rate']:,.0f}", f"{r['p50']:.0f} / {r['p99']:.0f}",
                 f"{r['client']:.2f} + {r['server']:.2f}", f"{r['cpu']:.2f}", ratio)
            )  # fmt: skip
        table(
            f"Read RPC over a unix socket, {in_flight} in flight",
            ("", "calls/s", "p50 / p99 µs", "CPU µs client + service", "together", "to gRPC: rate / per CPU"),
            rows,
        )
        me = results["Socializer GetMe"]
        print(f"\nStore's own work in GetMe: {store:.2f} µs; beyond it: {me['cpu'] - store:.2f} µs a call.")


def bench_http(bench):
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
        results = bench.alternate(contestants)
        rate = results["Socializer"]["rate"]
        rows = [
            (name, f"{r['rate']:,.0f}", f"{r['cpu']:.1f}",
             " + ".join(f"{p:.1f}" for p in r["parts"]), f"{rate / r['rate']:.2f} ×")
            for name, r in results.items()
        ]  # fmt: skip
        table(
            f"GET /users/me/, {connections} connections",
            ("", "requests/s", "server CPU µs", "parts", "ours to it"),
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


def bench_memory(bench, at_rest):
    before = rss_bytes(bench.gateway.pid)
    count = 5000
    holder = subprocess.Popen(
        [bench.program("tests/bench/ws_idle"), str(bench.port), str(count), bench.token],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    opened = holder.stdout.readline().strip() == "open"
    after = rss_bytes(bench.gateway.pid)
    holder.communicate("")
    table(
        "Memory",
        ("", ""),
        [
            ("service at rest", f"{at_rest[0] / 1e6:.1f} MB"),
            ("gateway at rest", f"{at_rest[1] / 1e6:.1f} MB"),
            (f"gateway, each of {count} idle WebSockets",
             f"{(after - before) / count / 1000:.2f} KB" if opened else "did not open"),
        ],
    )  # fmt: skip
