#!/usr/bin/python3
"""What an operator looks at: /metrics, the dashboard, and the way of a request id into the log.

    monitor.py SOCIALIZERD GATEWAY DASHBOARD

/metrics has to be what Prometheus takes (promtool says so where it is installed; the same rules are
checked here anyway), and every metric that the dashboard asks for has to be there. The id and the
traceparent that a browser sends have to be in the service's log, also beside a slow statement.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from live import Process, account, free_port  # noqa: E402

PATIENCE_S = 30
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$')
LABELS = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')

socializerd, gateway, dashboard = sys.argv[1:4]
failures = []


def fail(text):
    failures.append(text)
    print("FAIL:", text, file=sys.stderr)


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    fail(f"{what} does not come")
    return False


class World:
    def __init__(self, folder):
        self.data = os.path.join(folder, "data")
        self.log_path = os.path.join(folder, "log")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.service = Process(
            [socializerd, "--data", self.data, "--slow-query-ms", "1", "--log-level", "debug",
             "--log-format", "json"], self.log_path)
        self.gateway = Process(
            [gateway, "--http", self.url[len("http://"):], "--rpc", f"ipc://{self.data}/rpc.ipc",
             "--events", f"ipc://{self.data}/events.ipc"], self.log_path)

    def get(self, verb, path, body=None, **headers):
        request = urllib.request.Request(self.url + path, method=verb,
                                         data=None if body is None else json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def is_ready(self):
        try:
            self.get("GET", "/ready")
            return True
        except OSError:
            return False

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return [json.loads(line) for line in f if line.startswith("{") and line.endswith("}\n")]

    def stop(self):
        for server in (self.gateway, self.service):
            if (code := server.stop()) != 0:
                fail(f"{server.arguments[0]} ended with {code}")


# --- what Prometheus takes ---


def family_of(name, types):
    for ending in ("_bucket", "_sum", "_count"):
        if name.endswith(ending) and types.get(name[:-len(ending)]) == "histogram":
            return name[:-len(ending)]
    return name


def check_labels(line, labels):
    rest = labels[1:-1] if labels else ""
    found = dict(LABELS.findall(rest))
    if LABELS.sub("", rest) != "":
        fail(f"labels: {line}")
    return found


def check_histograms(samples, types):
    """Buckets grow, end with +Inf, and that is the count."""
    for family in (f for f, t in types.items() if t == "histogram"):
        series = {}
        for name, labels, value in samples:
            if family_of(name, types) == family:
                key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
                series.setdefault(key, {}).setdefault(name[len(family):], []).append((labels, value))
        for key, parts in series.items():
            counts = [value for _, value in parts.get("_bucket", [])]
            if not counts or counts != sorted(counts):
                fail(f"{family}{key}: buckets do not grow")
            elif parts["_bucket"][-1][0]["le"] != "+Inf" or counts[-1] != parts["_count"][0][1]:
                fail(f"{family}{key}: the last bucket is not all")
            if "_sum" not in parts:
                fail(f"{family}{key}: no sum")


def check_metrics(text):
    """Returns the families."""
    types, helps, samples, seen, current = {}, set(), [], set(), None
    for line in text.split("\n"):
        if not line:
            continue
        if line.startswith("# HELP "):
            helps.add(line.split(" ", 3)[2])
            continue
        if line.startswith("# TYPE "):
            _, _, current, kind = line.split(" ")
            if current in types:
                fail(f"two families {current}")
            types[current] = kind
            continue
        match = SAMPLE.match(line)
        if not match:
            fail(f"no sample: {line}")
            continue
        name, labels, value = match.groups()
        if family_of(name, types) != current:
            fail(f"{name} is not under its family")
        if (name, labels) in seen:
            fail(f"twice: {name}{labels}")
        seen.add((name, labels))
        samples.append((name, check_labels(line, labels), float(value)))
    for name, kind in types.items():
        if name not in helps:
            fail(f"{name} has no help")
        if (kind == "counter") != name.endswith("_total"):
            fail(f"{name} is a {kind}")
        if not name.startswith("socializer_"):
            fail(f"{name} is not ours")
    check_histograms(samples, types)
    if not text.endswith("\n"):
        fail("the text does not end with a line")
    return types


def check_with_promtool(text):
    promtool = shutil.which("promtool")
    if not promtool:
        print("promtool is not installed")
        return
    done = subprocess.run([promtool, "check", "metrics"], input=text.encode(), capture_output=True)
    if done.returncode != 0 or done.stderr:
        fail(f"promtool: {done.stdout.decode()}{done.stderr.decode()}")


def check_dashboard(types):
    with open(dashboard, encoding="utf-8") as f:
        panels = json.load(f)["panels"]
    asked = set()
    for panel in panels:
        for target in panel.get("targets", []):
            asked |= set(re.findall(r"socializer_[a-z_]+", target["expr"]))
    if len(asked) < 20:
        fail("the dashboard asks for next to nothing")
    for name in asked:
        if family_of(name, types) not in types:
            fail(f"the dashboard asks for {name}, which is not there")
    for name in types:
        if not any(family_of(a, types) == name for a in asked):
            print(f"not on the dashboard: {name}")


# --- from a browser to SQL ---


def token_of(world):
    world.get("POST", "/api/auth/register", account("human"))
    return json.loads(world.get("POST", "/api/auth/login", {
        "username": "human", "password": "password123"}))["access_token"]


def follow_a_request(world, token):
    bearer = {"Authorization": f"Bearer {token}"}
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    words = [{"content": "x" * 16000} for _ in range(60)]
    world.get("POST", "/api/users/me/messages", {"messages": words}, **bearer)

    def is_told():
        world.get("GET", "/api/users/me/messages?page_size=500", **bearer, X_Request_Id="mine-7",
                  traceparent=trace)
        return any(line.get("message") == "a statement was slow" and
                   line.get("request_id") == "mine-7" for line in world.log())

    wait_for("the id beside a slow statement", is_told)
    calls = [line for line in world.log() if line.get("request_id") == "mine-7"]
    if not any(line.get("message") == "call" and line.get("traceparent") == trace
               for line in calls):
        fail("the traceparent is not in the service's log")
    if not any(line.get("message") == "call" and
               line.get("method") == "socializer.v1.UserService/ListMessages" for line in calls):
        fail("the call has another id")


def main():
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        try:
            if not wait_for("the gateway", world.is_ready):
                return
            token = token_of(world)
            world.get("GET", "/users/me/", Authorization=f"Bearer {token}")
            follow_a_request(world, token)
            text = world.get("GET", "/metrics")
            types = check_metrics(text)
            check_with_promtool(text)
            check_dashboard(types)
        finally:
            world.stop()


main()
sys.exit(1 if failures else 0)
