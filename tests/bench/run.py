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
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(pid):
    """A process and its children."""
    pids = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in f.read().split():
                pids += tree(int(child))
    except FileNotFoundError:
        pass
    return pids


def cpu_seconds(pid):
    total = 0
    for p in tree(pid):
        with open(f"/proc/{p}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def rss_bytes(pid):
    total = 0
    for p in tree(pid):
        with open(f"/proc/{p}/statm") as f:
            total += int(f.read().split()[1]) * PAGE
    return total


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench: {what} is not ready after {seconds} s")
        time.sleep(0.05)


def answers(url, headers=None):
    try:
        request = urllib.request.Request(url, headers=headers or {})
        return urllib.request.urlopen(request, timeout=2).status == 200
    except (urllib.error.URLError, OSError):
        return False


def post(url, data, headers=None, form=False):
    body = data.encode() if form else json.dumps(data).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(url, body, {"Content-Type": kind, **(headers or {})})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Bench:
    def __init__(self, options):
        self.build = options.build
        self.seconds = options.seconds
        self.rounds = options.rounds
        self.processes = []
        self.dir = tempfile.mkdtemp(prefix="socializer-bench-")
        self.data = os.path.join(self.dir, "data")
        self.missing = []

    def program(self, name):
        return os.path.join(self.build, name)

    def start(self, *arguments, **options):
        log = open(os.path.join(self.dir, f"{len(self.processes)}.log"), "wb")
        process = subprocess.Popen(arguments, stdout=log, stderr=log, **options)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.dir)

    # --- contestants ---

    def start_socializer(self):
        self.rpc = f"ipc://{self.data}/rpc.ipc"
        self.service = self.start(
            self.program("service/socializerd"), "--data", self.data, "--log-level", "warning"
        )
        self.cli("call", "AdminService/GetHealth", wait=True)
        self.cli(
            "call",
            "CreateUser",
            '{"username":"human","email":"human@example.org","password":"password123"}',
        )
        self.port = free_port()
        self.gateway = self.start(
            self.program("gateway/socializer-gateway"),
            "--http", f"127.0.0.1:{self.port}", "--rpc", self.rpc,
            "--events", f"ipc://{self.data}/events.ipc", "--log-level", "warning",
            "--max-connections", "20000", "--max-websockets-per-user", "20000",
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"
        wait_until(lambda: answers(self.url + "/ready"), "the gateway")
        self.token = post(
            self.url + "/token", "username=human&password=password123", form=True
        )["access_token"]

    def cli(self, *arguments, wait=False):
        command = [self.program("client/cli/socializer"), "--data", self.data, *arguments]

        def run():
            self.answer = subprocess.run(command, capture_output=True, text=True)
            return self.answer.returncode == 0

        if wait:
            wait_until(run, "the service")
        elif not run():
            sys.exit("bench: " + self.answer.stderr)
        return self.answer.stdout

    def start_grpc(self):
        built = subprocess.run([f"{ROOT}/tests/bench/peers/build.sh", self.program("peers")])
        if built.returncode != 0:
            self.missing.append("gRPC C++ (libgrpc++-dev, protobuf-compiler-grpc)")
            self.grpc = None
            return
        self.grpc_url = f"unix:{self.dir}/grpc.sock"
        self.grpc = self.start(self.program("peers/grpc_peer"), "server", self.grpc_url)
        wait_until(lambda: os.path.exists(f"{self.dir}/grpc.sock"), "gRPC")

    def start_nginx(self):
        self.nginx = None
        if not shutil.which("nginx"):
            self.missing.append("nginx (nginx-light)")
            return
        port = free_port()
        with open(f"{ROOT}/tests/bench/peers/nginx.conf") as f:
            configuration = f.read().replace("@PORT@", str(port))
        with open(f"{self.dir}/nginx.conf", "w") as f:
            f.write(configuration)
        self.nginx_url = f"http://127.0.0.1:{port}"
        self.nginx = self.start("nginx", "-p", self.dir, "-c", f"{self.dir}/nginx.conf")
        wait_until(lambda: answers(self.nginx_url), "nginx")

    def start_fastapi(self):
        self.fastapi = None
        port = free_port()
        probe = [sys.executable, "-c", "import fastapi, sqlalchemy, uvicorn, jose, multipart"]
        if subprocess.run(probe, capture_output=True).returncode != 0:
            self.missing.append("FastAPI (python3-fastapi python3-sqlalchemy python3-uvicorn …)")
            return
        self.fastapi_url = f"http://127.0.0.1:{port}"
        self.fastapi = self.start(
            sys.executable, "-m", "uvicorn", "fastapi_app:app", "--port", str(port),
            "--no-access-log", "--log-level", "warning",
            cwd=f"{ROOT}/tests/bench/peers",
            env={**os.environ, "DATABASE": f"{self.dir}/peer.db", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        wait_until(lambda: answers(self.fastapi_url + "/openapi.json"), "FastAPI")
        self.fastapi_token = post(
            self.fastapi_url + "/token", "username=human&password=password123", form=True
        )["access_token"]

    # --- one measurement each: a dictionary of figures ---

    def measure_rpc(self, method, request, in_flight):
        before = cpu_seconds(self.service.pid)
        output = subprocess.run(
            [
                self.program("tests/bench/rpc_load"), self.rpc, self.token, method, request,
                str(in_flight), str(self.seconds),
            ],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        server = cpu_seconds(self.service.pid) - before
        return self.rpc_figures(output, server)

    def measure_grpc(self, in_flight):
        before = cpu_seconds(self.grpc.pid)
        output = subprocess.run(
            [self.program("peers/grpc_peer"), "client", self.grpc_url, str(in_flight), str(self.seconds)],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        return self.rpc_figures(output, cpu_seconds(self.grpc.pid) - before)

    @staticmethod
    def rpc_figures(output, server):
        calls, seconds, p50, p99, client_us = (float(x) for x in output[:5])
        return {
            "rate": calls / seconds,
            "p50": p50,
            "p99": p99,
            "client": client_us / calls,
            "server": server * 1e6 / calls,
            "cpu": (client_us + server * 1e6) / calls,
        }

    def measure_store(self):
        """The SELECT itself, on a copy, since nothing else opens the service's file."""
        copy = os.path.join(self.dir, "store")
        os.makedirs(copy, exist_ok=True)
        for suffix in ("", "-wal"):
            source = f"{self.data}/socializer.db{suffix}"
            if os.path.exists(source):
                shutil.copy(source, f"{copy}/socializer.db{suffix}")
        output = subprocess.run(
            [self.program("tests/bench/store_load"), copy, "2"],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        shutil.rmtree(copy)
        return float(output[2]) / float(output[0])

    def measure_http(self, processes, url, connections, token=None, script=None):
        before = [cpu_seconds(p.pid) for p in processes]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{self.seconds}s", "--latency"]
        if token:
            command += ["-H", "Authorization: Bearer " + token]
        if script:
            command += ["-s", script]
        text = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
        requests = int(re.search(r"(\d+) requests in", text).group(1))
        seconds = float(re.search(r"requests in ([\d.]+)s", text).group(1))
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        if bad:
            sys.exit(f"bench: {url}: {bad.group(0)}")
        used = [cpu_seconds(p.pid) - b for p, b in zip(processes, before)]
        return {
            "rate": requests / seconds,
            "cpu": sum(used) * 1e6 / requests,
            "parts": [u * 1e6 / requests for u in used],
        }

    # --- rounds ---

    def alternate(self, contestants):
        """{name: function} → {name: figures}, medians over the rounds, which take turns."""
        results = {name: [] for name in contestants}
        for _ in range(self.rounds):
            for name, measure in contestants.items():
                results[name].append(measure())
        medians = {}
        for name, rows in results.items():
            medians[name] = {
                key: statistics.median(row[key] for row in rows)
                for key in rows[0]
                if key != "parts"
            }
            if "parts" in rows[0]:
                medians[name]["parts"] = [
                    statistics.median(part) for part in zip(*(row["parts"] for row in rows))
                ]
        return medians


def table(title, head, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    sys.stdout.flush()


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build-bench"))
    parser.add_argument("--seconds", type=int, default=3, help="a measurement (default: 3)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every contestant (default: 3)")
    parser.add_argument("bench", nargs="*", help="rpc, http, login, memory (default: all)")
    options = parser.parse_args()
    wanted = options.bench or ["rpc", "http", "login", "memory"]

    bench = Bench(options)
    try:
        bench.start_socializer()
        at_rest = (rss_bytes(bench.service.pid), rss_bytes(bench.gateway.pid))
        if "rpc" in wanted:
            bench.start_grpc()
        if "http" in wanted:
            if not shutil.which("wrk"):
                sys.exit("bench: wrk is missing; run scripts/deps --bench")
            bench.start_nginx()
            bench.start_fastapi()
        if "memory" in wanted:
            bench_memory(bench, at_rest)
        if "rpc" in wanted:
            bench_rpc(bench)
        if "http" in wanted:
            bench_http(bench)
        if "login" in wanted:
            bench_login(bench)
        for peer in bench.missing:
            print(f"\nMissing: {peer}")
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
