#!/usr/bin/python3
"""Counts the instructions that fixed scenarios take, and holds them against a budget.

    cost.py SOCIALIZERD GATEWAY SOCIALIZER BUDGET [--record]

Times on a shared machine lie; the number of instructions hardly changes from run to run. Service and
gateway run whole under callgrind, one request at a time, so that nothing depends on what happens to
arrive together. Of several rounds the cheapest counts, since upkeep takes turns of its own; what is
over its budget gets more of them. A scenario fails when it takes more than its budget and SLACK;
--record writes what was counted as the new budget, which is for those who know why it has changed.

Exit code 77: valgrind or python3-websockets is missing, or the budget is another compiler's.
"""
import asyncio
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

try:
    import websockets
except ImportError:
    sys.exit(77)

SLACK = 1.10
WARM = 30
COUNT = 100
ROUNDS = 3
MORE_ROUNDS = 10
SOCKETS = 20
MESSAGE = {"content": "Shall we meet at the library after the class, as we did last week? I bring tea."}


class Program:
    """One of ours under callgrind, which counts while it is told to."""

    def __init__(self, directory, name, *arguments):
        self.directory = directory
        self.name = name
        self.out = os.path.join(directory, name + ".out")
        self.log = open(os.path.join(directory, name + ".log"), "wb")
        self.process = subprocess.Popen(
            [
                "valgrind", "--tool=callgrind", "--instr-atstart=no",
                f"--callgrind-out-file={self.out}", *arguments,
            ],
            stdout=self.log, stderr=self.log,
        )  # fmt: skip
        self.n_dumps = 0

    def control(self, option, *value):
        subprocess.run(
            ["callgrind_control", option, *value, str(self.process.pid)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def begin(self):
        self.control("-i", "on")
        self.control("-z")

    def end(self):
        """Instructions since begin()."""
        self.control("-d")
        self.control("-i", "off")
        self.n_dumps += 1
        with open(f"{self.out}.{self.n_dumps}") as f:
            return int(re.search(r"^(?:totals|summary): (\d+)", f.read(), re.M).group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def said(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()


def wait_until(condition, what, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"cost: {what} did not come within {seconds} s")
        time.sleep(0.05)


class House:
    def __init__(self, programs, directory, budget):
        self.budget = budget
        self.counts = {}
        self.programs = programs
        self.directory = directory
        self.data = os.path.join(directory, "data")
        self.service = self.gateway = None

    def start(self):
        programs, directory = self.programs, self.directory
        self.service = Program(
            directory, "service", programs["socializerd"], "--data", self.data, "--log-level",
            "warning", "--write-rate", "0",
        )  # fmt: skip
        wait_until(lambda: self.cli("call", "GetHealth") is not None, "the service")
        for name in ("human", "friend"):
            self.cli(
                "call", "CreateUser",
                json.dumps({"username": name, "email": f"{name}@example.org", "password": "password123"}),
            )  # fmt: skip
        self.gateway = Program(
            directory, "gateway", programs["gateway"], "--http", "127.0.0.1:0",
            "--rpc", f"ipc://{self.data}/rpc.ipc", "--events", f"ipc://{self.data}/events.ipc",
            "--max-messages-per-second", "100000",
        )  # fmt: skip
        wait_until(lambda: re.search(r"127\.0\.0\.1:([1-9]\d*)", self.gateway.said()), "the gateway")
        self.port = int(re.search(r"127\.0\.0\.1:([1-9]\d*)", self.gateway.said()).group(1))
        self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        wait_until(lambda: self.request("GET", "/ready")[0] == 200, "the gateway")
        form = "username=human&password=password123"
        answer = self.request("POST", "/token", form, "application/x-www-form-urlencoded")
        self.token = json.loads(answer[1])["access_token"]
        # What two say to each other is not evaluated, which would take turns of its own.
        room = {"type": "direct", "user_ids": [2]}
        status, text = self.request("POST", "/api/rooms", json.dumps(room))
        if status != 201:
            sys.exit(f"cost: no room: {text}")
        self.room = json.loads(text)["id"]

    def cli(self, *arguments):
        ran = subprocess.run(
            [self.programs["socializer"], "--data", self.data, *arguments], capture_output=True, text=True
        )
        return ran.stdout if ran.returncode == 0 else None

    def request(self, method, path, body=None, kind="application/json"):
        headers = {"Content-Type": kind} if body else {}
        if hasattr(self, "token"):
            headers["Authorization"] = "Bearer " + self.token
        self.http.request(method, path, body, headers)
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def rounds(self, name):
        """The counts of a scenario; yields before and after each of its rounds."""
        counts = self.counts[name] = {}
        for n in range(ROUNDS + MORE_ROUNDS):
            if n >= ROUNDS and not over(counts, self.budget.get(name)):
                return
            for program in (self.service, self.gateway):
                program.begin()
            yield
            for program in (self.service, self.gateway):
                counted = round(program.end() / COUNT)
                counts[program.name] = min(counted, counts.get(program.name, counted))

    def stop(self):
        for program in (self.gateway, self.service):
            if program:
                program.stop()


def over(counts, budget):
    return bool(budget) and any(n > budget.get(program, 0) * SLACK for program, n in counts.items())


def count_http(house, name, method, path, body=None):
    def run(n):
        for _ in range(n):
            status, text = house.request(method, path, body)
            if status not in (200, 201):
                sys.exit(f"cost: {method} {path}: {status} {text[:200]}")

    run(WARM)
    for _ in house.rounds(name):
        run(COUNT)


async def join(house):
    socket = await websockets.connect(f"ws://127.0.0.1:{house.port}/ws/chat", compression=None)
    await socket.send(json.dumps({"type": "auth", "token": house.token}))
    await socket.send(json.dumps({"type": "join_room", "room_id": house.room}))
    while json.loads(await socket.recv())["type"] != "chat_history":
        pass
    return socket


async def say_and_hear(house, sockets, n):
    for _ in range(n):
        await sockets[0].send(json.dumps({"type": "chat_message", "room_id": house.room, **MESSAGE}))
        for socket in sockets:
            while json.loads(await socket.recv())["type"] != "chat_message":
                pass


def count_fanout(house, name):
    """One message to a room of SOCKETS, and its deliveries."""

    async def run():
        sockets = [await join(house) for _ in range(SOCKETS)]
        await say_and_hear(house, sockets, WARM)
        for _ in house.rounds(name):
            await say_and_hear(house, sockets, COUNT)
        for socket in sockets:
            await socket.close()

    asyncio.run(run())


def count_all(house):
    messages = f"/api/rooms/{house.room}/messages"
    count_http(house, "read one's own account", "GET", "/users/me/")
    count_http(house, "write a message", "POST", messages, json.dumps(MESSAGE))
    count_http(house, "read fifty messages", "GET", messages + "?page_size=50")
    count_fanout(house, f"a message to {SOCKETS} sockets")


def compiler():
    """What the counts hang on besides our code."""
    return subprocess.run(["cc", "-dumpfullversion"], capture_output=True, text=True).stdout.strip()


def compare(counts, budget):
    failed = False
    print(f"{'scenario':28} {'program':8} {'counted':>12} {'budget':>12}")
    for name, programs in counts.items():
        for program, n in programs.items():
            allowed = budget.get(name, {}).get(program)
            verdict = ""
            if allowed is None:
                verdict = "has no budget"
            elif n > allowed * SLACK:
                verdict = f"{n / allowed - 1:+.1%}: too much"
            elif n < allowed / SLACK:
                verdict = f"{n / allowed - 1:+.1%}: the budget can be lowered"
            failed |= allowed is None or n > allowed * SLACK
            print(f"{name:28} {program:8} {n:12,} {allowed or 0:12,} {verdict}")
    return failed


def main():
    # meson sets it, and filling memory takes instructions.
    os.environ.pop("MALLOC_PERTURB_", None)
    programs = dict(zip(("socializerd", "gateway", "socializer"), sys.argv[1:4]))
    path = sys.argv[4]
    if not shutil.which("valgrind"):
        sys.exit(77)
    with open(path) as f:
        budget = json.load(f)
    record = "--record" in sys.argv[5:]
    if not record and budget["compiler"] != compiler():
        print(f"the budget is for gcc {budget['compiler']}")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="socializer-cost-") as directory:
        house = House(programs, directory, {} if record else budget["instructions"])
        try:
            house.start()
            count_all(house)
        finally:
            house.stop()
    counts = house.counts
    failed = compare(counts, budget["instructions"])
    if record:
        with open(path, "w") as f:
            json.dump({"compiler": compiler(), "instructions": counts}, f, indent=2)
            f.write("\n")
    elif failed:
        sys.exit("cost: more instructions than the budget allows; see tests/cost/cost.py")


if __name__ == "__main__":
    main()
