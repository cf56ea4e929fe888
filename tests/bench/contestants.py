"""The contestants: how each is started, and how turns are taken."""
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

from host import answers, children_seconds, cpu_seconds, free_port, listens, post, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NCHAN = "/usr/lib/nginx/modules/ngx_nchan_module.so"


class Bench:
    def __init__(self, options):
        self.build = options.build
        self.seconds = options.seconds
        self.rounds = options.rounds
        self.processes = []
        self.dir = tempfile.mkdtemp(prefix="socializer-bench-")
        self.data = os.path.join(self.dir, "data")
        self.missing = []
        self.figures = {}  # of each bench, for the plots

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

    def start_service(self, data, *options):
        """A service, as soon as it answers."""
        def answers_rpc():
            with socket.socket(socket.AF_UNIX) as s:
                return s.connect_ex(f"{data}/rpc.ipc") == 0

        service = self.start(
            self.program("service/socializerd"), "--data", data, "--log-level", "warning", *options
        )
        wait_until(answers_rpc, "the service", seconds=600, pause=0.001)
        return service

    def start_socializer(self):
        self.rpc = f"ipc://{self.data}/rpc.ipc"
        self.rpc_tcp = f"tcp://127.0.0.1:{free_port()}"
        self.service = self.start_service(
            self.data, "--write-rate", "0", "--rpc", self.rpc, "--rpc", self.rpc_tcp
        )
        for name in ("human", "friend"):
            self.cli(
                "call",
                "CreateUser",
                f'{{"username":"{name}","email":"{name}@example.org","password":"password123"}}',
            )
        self.port = free_port()
        self.gateway = self.start(
            self.program("gateway/socializer-gateway"),
            "--http", f"127.0.0.1:{self.port}", "--rpc", self.rpc,
            "--events", f"ipc://{self.data}/events.ipc", "--log-level", "warning",
            "--max-connections", "20000", "--max-websockets-per-user", "20000",
            "--max-messages-per-second", "1000000",
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"
        wait_until(lambda: answers(self.url + "/ready"), "the gateway")
        self.token = self.sign_in("human")

    def sign_in(self, name):
        form = f"username={name}&password=password123"
        return post(self.url + "/token", form, form=True)["access_token"]

    def cli(self, *arguments, data=None):
        command = [self.program("client/cli/socializer"), "--data", data or self.data, *arguments]
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode != 0:
            sys.exit("bench: " + answer.stderr)
        return answer.stdout

    def start_grpc(self):
        built = subprocess.run([f"{ROOT}/tests/bench/peers/build.sh", self.program("peers")])
        if built.returncode != 0:
            self.missing.append("gRPC C++ (libgrpc++-dev, protobuf-compiler-grpc)")
            self.grpc = None
            return
        self.grpc_url = f"unix:{self.dir}/grpc.sock"
        port = free_port()
        self.grpc_tcp = f"127.0.0.1:{port}"
        self.grpc = self.start(
            self.program("peers/grpc_peer"), "server", self.grpc_url, self.grpc_tcp
        )
        wait_until(lambda: os.path.exists(f"{self.dir}/grpc.sock") and listens(port), "gRPC")

    def start_nginx(self):
        self.nginx = None
        if not shutil.which("nginx"):
            self.missing.append("nginx (nginx-light)")
            return
        self.nginx, port = self.run_nginx("nginx.conf")
        self.nginx_url = f"http://127.0.0.1:{port}"

    def start_nchan(self):
        self.nchan = None
        if not shutil.which("nginx") or not os.path.exists(NCHAN):
            self.missing.append("nchan (nginx-light, libnginx-mod-nchan)")
            return
        self.nchan, self.nchan_port = self.run_nginx("nchan.conf")

    def run_nginx(self, name):
        port = free_port()
        with open(f"{ROOT}/tests/bench/peers/{name}") as f:
            configuration = f.read().replace("@PORT@", str(port)).replace("@NCHAN@", NCHAN)
        with open(f"{self.dir}/{name}", "w") as f:
            f.write(configuration)
        process = self.start("nginx", "-p", self.dir, "-c", f"{self.dir}/{name}")
        wait_until(lambda: answers(f"http://127.0.0.1:{port}"), name)
        return process, port

    def start_fastapi(self):
        self.fastapi = None
        port = free_port()
        probe = [sys.executable, "-c", "import fastapi, sqlalchemy, uvicorn, jose, multipart"]
        if subprocess.run(probe, capture_output=True).returncode != 0:
            self.missing.append("FastAPI (python3-fastapi python3-sqlalchemy python3-uvicorn …)")
            return
        self.fastapi_url = f"http://127.0.0.1:{port}"
        began = time.monotonic()
        self.fastapi = self.start(
            sys.executable, "-m", "uvicorn", "fastapi_app:app", "--port", str(port),
            "--no-access-log", "--log-level", "warning",
            cwd=f"{ROOT}/tests/bench/peers",
            env={**os.environ, "DATABASE": f"{self.dir}/peer.db", "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        wait_until(lambda: answers(self.fastapi_url + "/openapi.json"), "FastAPI", pause=0.001)
        self.fastapi_start_ms = 1000 * (time.monotonic() - began)
        self.fastapi_token = post(
            self.fastapi_url + "/token", "username=human&password=password123", form=True
        )["access_token"]

    # --- one measurement each: a dictionary of figures ---

    def measure_rpc(self, method, request, in_flight, options=(), url=None):
        return self.measure_load(
            self.service,
            [self.program("tests/bench/rpc_load"), *options, url or self.rpc, self.token, method,
             request, str(in_flight), str(self.seconds)],
        )  # fmt: skip

    def measure_grpc(self, in_flight, options=(), url=None):
        return self.measure_load(
            self.grpc,
            [self.program("peers/grpc_peer"), "client", url or self.grpc_url, str(in_flight),
             str(self.seconds), *options],
        )  # fmt: skip

    def measure_load(self, server, command):
        before = cpu_seconds(server.pid)
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        return self.rpc_figures(output, cpu_seconds(server.pid) - before)

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

    def measure_store(self, folder, operation, users, rooms):
        """CPU µs of an operation of the store alone, in a loop; nobody else has the file open."""
        output = subprocess.run(
            [self.program("tests/bench/store_load"), folder, str(self.seconds), operation, str(users),
             str(rooms)],
            capture_output=True, text=True, check=True,
        ).stdout.split()  # fmt: skip
        return float(output[2]) / float(output[0])

    def measure_http(self, processes, url, connections, token=None, script=None):
        before = [cpu_seconds(p.pid) for p in processes]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{self.seconds}s", "--latency"]
        if token:
            command += ["-H", "Authorization: Bearer " + token]
        if script:
            command += ["-s", script]
        client = children_seconds()
        text = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
        client = children_seconds() - client
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
            "client": client * 1e6 / requests,
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
    """Prints a table; all of them are in `tables` as well."""
    lines = [f"\n### {title}\n", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    text = "\n".join(lines)
    tables.append(text)
    print(text, flush=True)


tables = []
