#!/usr/bin/python3
"""Many people at a steady pace for long, with hostile company, and what the servers need for it.

A third of the people speak HTTP, a third a WebSocket in a room of ten, a third the RPC. Beside them,
always: readers who do not read, requests that are never finished, connections that vanish, that are
opened and closed at once on every listener, clients that are gone with calls in flight, floods of wrong
logins, and questions to a coach whose upstream never answers. Every few seconds memory, descriptors and
leases of service and gateway are looked at, and the people's latency. After a warm-up of a fifth of the
time all of it has to stay where it is. Exit code 77: python3-websockets is not there.
"""
import argparse
import asyncio
import collections
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from live import Answer, Http, Process, account, free_port, sign_in, sign_up  # noqa: E402

try:
    import websockets
    import websockets.exceptions
except ImportError:
    sys.exit(77)

ROOM_SIZE = 10
HTTP_PAUSE_S, WORD_PAUSE_S, RPC_PER_SECOND = 4, 10, 0.5

# Of a database connection. Small, so that what grows is soon only what must not.
CACHE_MB = 1

# What memory may grow by after the warm-up, beside a tenth. A run of seconds ends before everything
# has been used once, the more so under a sanitizer.
GROWTH_MB, GROWTH_SHORT_MB, SHORT_S = 8, 48, 120

# What may be said to somebody who asks at a bad moment; everything else is a failure.
LATER = (429, 503)
CLOSED = (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError,
          websockets.exceptions.WebSocketException)  # fmt: skip


class Soak:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.data, self.port, self.tcp = f"{folder}/data", free_port(), free_port()
        self.latencies = collections.defaultdict(list)  # ms by way, since the last look
        self.counts = collections.Counter()
        self.failures = []
        self.rows = []

    def start(self):
        service, gateway = self.options.programs[:2]
        self.service = Process(
            [service, "--data", self.data, "--rpc", f"ipc://{self.data}/rpc.ipc",
             "--rpc", f"tcp://127.0.0.1:{self.tcp}", "--db-cache-mb", str(CACHE_MB)],
            f"{self.folder}/service.log",
        )  # fmt: skip
        self.gateway = Process(
            [gateway, "--http", f"127.0.0.1:{self.port}", "--rpc", f"ipc://{self.data}/rpc.ipc",
             "--events", f"ipc://{self.data}/events.ipc", "--request-timeout", "10"],
            f"{self.folder}/gateway.log",
        )  # fmt: skip

    def took(self, way, began):
        self.latencies[way].append((time.monotonic() - began) * 1000)
        self.counts[way] += 1

    def fail(self, what):
        self.failures.append(what)

    # --- people ---

    async def settle(self):
        n = self.options.accounts
        gate = asyncio.Semaphore(4)

        async def one(i):
            async with gate:
                return await sign_up(self.port, f"person{i}")

        self.tokens = await asyncio.gather(*(one(i) for i in range(n)))
        creator = Http(self.port, self.tokens[0])
        self.rooms = []
        for i in range(max(1, self.options.users // 3 // ROOM_SIZE)):
            room = {"name": f"room {i}", "is_public": True, "retention_seconds": 3600}
            self.rooms.append((await creator.call("POST", "/api/rooms", room))["id"])
        creator.close()

        async def enter(i):
            async with gate:
                http = Http(self.port, self.tokens[i % n])
                await http.call("POST", f"/api/rooms/{self.room_of(i)}/join", {})
                http.close()

        await asyncio.gather(*(enter(i) for i in range(self.options.users // 3)))
        await self.stall_the_coach()

    def room_of(self, i):
        return self.rooms[i // ROOM_SIZE % len(self.rooms)]

    async def stall_the_coach(self):
        """The coach is a server that takes every question and never answers."""
        async def hold(reader, writer):
            try:
                while await reader.read(4096):
                    pass
            finally:
                writer.close()

        self.upstream = await asyncio.start_server(hold, "127.0.0.1", 0)
        port = self.upstream.sockets[0].getsockname()[1]
        with open(f"{self.data}/operator.token") as f:
            operator = f.read().strip()
        self.command(operator, "CreateUser", {**account("boss"), "role": "admin"})
        boss = Http(self.port, await sign_in(self.port, "boss"))
        settings = {"provider": "openai", "endpoint": f"http://127.0.0.1:{port}/v1", "model": "m",
                    "allow_private": True}  # fmt: skip
        await boss.call("PATCH", "/api/admin/coach/settings", settings)
        boss.close()

    async def at_rest(self):
        """Descriptors while nobody is connected but who asks for it."""
        http = Http(self.port)
        while " 1\n" not in re.search(r"^socializer_http_connections .*\n",
                                      await http.call("GET", "/metrics"), re.M)[0]:
            await asyncio.sleep(0.05)
        http.close()
        return [self.process_figures(p)[1] for p in (self.service, self.gateway)]

    def command(self, token, method, request):
        subprocess.run(
            [self.options.programs[2], "--data", self.data, "call", method, json.dumps(request)],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOCIALIZER_TOKEN": token},
        )  # fmt: skip

    async def http_person(self, i):
        http = Http(self.port, self.tokens[i % len(self.tokens)])
        try:
            await asyncio.sleep(random.uniform(0, HTTP_PAUSE_S))
            await self.ask(http)
        finally:
            http.close()

    async def ask(self, http):
        while True:
            began = time.monotonic()
            try:
                if random.random() < 0.1:
                    body = {"user_id": "me", "messages": [{"content": "a thought"}]}
                    await http.once("POST", "/api/users/me/messages", body)
                else:
                    await http.once("GET", random.choice(("/users/me/", "/api/rooms")))
                self.took("http", began)
            except Answer as answer:
                self.fail(f"http: {answer}")
            except CLOSED as error:
                self.fail(f"http: {error!r}")
                http.close()
            await asyncio.sleep(random.uniform(0, 2 * HTTP_PAUSE_S))

    async def socket_person(self, i):
        room = self.room_of(i)
        await asyncio.sleep(random.uniform(0, self.options.seconds / 20))  # they come one by one
        token = self.tokens[i % len(self.tokens)]
        said = {}
        while True:
            try:
                async with websockets.connect(
                    f"ws://127.0.0.1:{self.port}/ws/chat", max_size=None, ping_interval=None,
                    compression=None,
                ) as ws:  # fmt: skip
                    await ws.send(json.dumps({"type": "auth", "token": token}))
                    await ws.send(json.dumps({"type": "join_room", "room_id": room}))
                    await self.talk(ws, i, room, said)
            except CLOSED as error:
                self.fail(f"socket: {error!r}")
                await asyncio.sleep(1)

    async def talk(self, ws, i, room, said):
        next_word = time.monotonic() + random.uniform(1, WORD_PAUSE_S)
        while True:
            left = next_word - time.monotonic()
            if left <= 0:
                name = f"s{i}-{len(said)}-{self.counts['socket']}"
                said[name] = time.monotonic()
                word = {"type": "chat_message", "room_id": room, "content": "a word",
                        "client_message_id": name}  # fmt: skip
                await ws.send(json.dumps(word))
                next_word += random.uniform(0.5, 1.5) * WORD_PAUSE_S
                continue
            try:
                frame = json.loads(await asyncio.wait_for(ws.recv(), left))
            except asyncio.TimeoutError:
                continue
            if began := said.pop(frame.get("client_message_id"), None):
                self.took("socket", began)
            if frame["type"] == "error":
                self.fail(f"socket: {frame}")

    async def rpc_people(self, n):
        program = await asyncio.create_subprocess_exec(
            self.options.programs[3], f"tcp://127.0.0.1:{self.tcp}", str(RPC_PER_SECOND), "1",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            for i in range(n):
                program.stdin.write(self.tokens[i % len(self.tokens)].encode() + b"\n")
            program.stdin.close()
            while line := (await program.stdout.readline()).split():
                self.latencies["rpc"].append(int(line[0]) / 1000)
                self.counts["rpc"] += 1
                if line[1] != b"OK":
                    self.fail(f"rpc: {line[1].decode()}")
            self.fail("rpc: the program has ended")
        finally:
            if program.returncode is None:
                program.kill()
            await program.wait()

    # --- company ---

    async def company(self, name, act, pause_s):
        while True:
            try:
                await act()
                self.counts[name] += 1
            except CLOSED:
                self.counts[name] += 1
            await asyncio.sleep(random.uniform(0, 2 * pause_s))

    async def slow_reader(self):
        """Joins a room, and reads nothing for a while."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=4096)
        head = ("GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        writer.write(head.encode())
        for frame in ({"type": "auth", "token": random.choice(self.tokens)},
                      {"type": "join_room", "room_id": random.choice(self.rooms)}):  # fmt: skip
            data = json.dumps(frame).encode()
            length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes(
                [0x80 | 126, len(data) >> 8, len(data) & 255])
            writer.write(b"\x81" + length + bytes(4) + data)
        await asyncio.sleep(20)
        writer.transport.abort()

    async def half_request(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(random.choice((
            b"GET /users/me/ HTTP/1.1\r\nHo",
            b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        )))  # fmt: skip
        await asyncio.wait_for(reader.read(), 60)  # until the gateway has had enough
        writer.close()

    async def vanish(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        token = random.choice(self.tokens)
        writer.write(f"GET /api/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}"
                     "\r\n\r\n".encode() * 20)  # fmt: skip
        await writer.drain()
        writer.transport.abort()

    async def knock_and_run(self):
        """Connections that end as they begin, on every listener."""
        for _ in range(20):
            for connect in (
                asyncio.open_unix_connection(f"{self.data}/rpc.ipc"),
                asyncio.open_unix_connection(f"{self.data}/events.ipc"),
                asyncio.open_connection("127.0.0.1", self.tcp),
                asyncio.open_connection("127.0.0.1", self.port),
            ):
                _, writer = await connect
                writer.transport.abort()

    async def drop_calls(self):
        program = await asyncio.create_subprocess_exec(
            self.options.programs[3], "--drop", f"ipc://{self.data}/rpc.ipc", self.tokens[0])
        if await program.wait() != 0:
            self.fail("drop: the calls did not begin")

    async def wrong_logins(self):
        http = Http(self.port)
        name = f"person{random.randrange(self.options.accounts)}x"
        try:
            await http.once("POST", "/api/auth/login", {"username": name, "password": "wrong1234"})
            self.fail("logins: a wrong password is accepted")
        except Answer as answer:
            if answer.status not in (401, *LATER):
                self.fail(f"logins: {answer}")
            if answer.status in LATER and "retry-after" not in answer.headers:
                self.fail(f"logins: no Retry-After: {answer}")
        finally:
            http.close()

    async def ask_the_coach(self):
        http = Http(self.port, random.choice(self.tokens))
        try:
            await asyncio.wait_for(http.once("POST", "/api/ai-chat", {"message": "Hello?"}), 5)
        except Answer as answer:
            if answer.status not in (504, *LATER):
                self.fail(f"coach: {answer}")
        finally:
            http.close()  # who leaves ends the answer

    def all_company(self):
        return [
            ("slow readers", self.slow_reader, 1), ("slow readers", self.slow_reader, 1),
            ("half requests", self.half_request, 1), ("half requests", self.half_request, 1),
            ("vanished", self.vanish, 1), ("knocks", self.knock_and_run, 2),
            ("dropped", self.drop_calls, 5), ("wrong logins", self.wrong_logins, 0.2),
            ("coach", self.ask_the_coach, 1), ("coach", self.ask_the_coach, 1),
        ]  # fmt: skip

    # --- looking ---

    def process_figures(self, process):
        pid = process.process.pid
        if process.process.poll() is not None:
            sys.exit(f"soak: a server has ended with {process.process.returncode}")
        with open(f"/proc/{pid}/status") as f:
            status = dict(re.findall(r"^(\w+):\s+(\d+)", f.read(), re.M))
        return int(status["VmRSS"]) / 1024, len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])

    async def look(self, began):
        http = Http(self.port)
        text = await http.once("GET", "/metrics")
        http.close()
        row = {"s": time.monotonic() - began}
        for name, process in (("service", self.service), ("gateway", self.gateway)):
            row[f"{name}_mb"], row[f"{name}_fds"], row[f"{name}_threads"] = self.process_figures(
                process)
        match = re.search(r'^socializer_db_connections{state="leased"} (\d+)', text, re.M)
        row["leased"] = int(match[1]) if match else -1
        for way in ("http", "socket", "rpc"):
            values = sorted(self.latencies.pop(way, []))
            row[way] = (statistics.median(values), values[len(values) * 99 // 100]) if values else None
        self.rows.append(row)
        return row

    async def run(self):
        n, began = self.options.users // 3, time.monotonic()
        people = [asyncio.create_task(t) for t in (
            *(self.http_person(i) for i in range(n)),
            *(self.socket_person(i) for i in range(n)), self.rpc_people(n))]  # fmt: skip
        company = [asyncio.create_task(self.company(*c)) for c in self.all_company()]
        print(HEADER)
        try:
            while time.monotonic() - began < self.options.seconds:
                await asyncio.sleep(self.options.every)
                show(await self.look(began))
        finally:
            for task in company + people:
                task.cancel()
            await asyncio.gather(*company, *people, return_exceptions=True)
        self.upstream.close()


HEADER = ("      s | service MB   fds threads | gateway MB   fds | leased |   http p50/p99 |"
          " socket p50/p99 |    rpc p50/p99   ms")


def show(row):
    pairs = [f"{row[w][0]:6.1f} /{row[w][1]:6.1f}" if row[w] else "      -       "
             for w in ("http", "socket", "rpc")]
    print(f"{row['s']:7.0f} | {row['service_mb']:10.1f} {row['service_fds']:5} "
          f"{row['service_threads']:7} | {row['gateway_mb']:10.1f} {row['gateway_fds']:5} | "
          f"{row['leased']:6} | {' | '.join(pairs)}", flush=True)


def verdicts(soak):
    """What has to hold: each a sentence, and whether it does."""
    rows = [r for r in soak.rows if r["s"] > soak.options.seconds / 5]
    third = max(1, len(rows) // 3)
    early, late = rows[:third], rows[-third:]

    def mean(part, name):
        return statistics.mean(r[name] for r in part)

    for name in ("service", "gateway"):
        # At the least: hashing a password takes 64 MB for a moment.
        a, b = (min(r[f"{name}_mb"] for r in part) for part in (early, late))
        end = a * 1.1 + (GROWTH_SHORT_MB if soak.options.seconds < SHORT_S else GROWTH_MB)
        yield f"memory of the {name}: {a:.1f}, then {b:.1f} MB, at most {end:.1f}", b <= end
        a, b = mean(early, f"{name}_fds"), mean(late, f"{name}_fds")
        yield f"descriptors of the {name}: {a:.0f}, then {b:.0f}", b <= a * 1.1 + 20
    for way in ("http", "socket", "rpc"):
        for k, what in ((0, "p50"), (1, "p99")):
            a, b = (statistics.median(r[way][k] for r in part if r[way]) for part in (early, late))
            slack = 10 if k == 0 else 150  # this machine is not ours alone
            yield f"{way} {what}: {a:.1f}, then {b:.1f} ms", b <= a * 2 + slack
    few = max(3, sum(soak.counts.values()) // 10000)
    yield f"{len(soak.failures)} failures: {soak.failures[:3]}", len(soak.failures) <= few
    silent = [c[0] for c in soak.all_company() if not soak.counts[c[0]]]
    yield f"all of the company came: {dict(soak.counts)}", not silent


async def everybody_leaves(soak, at_rest):
    """When all are gone, what they held is given back."""
    end = time.monotonic() + 60
    while True:
        fds = [soak.process_figures(p)[1] for p in (soak.service, soak.gateway)]
        if all(n <= before + 5 for n, before in zip(fds, at_rest)) or time.monotonic() > end:
            return f"descriptors at rest: {at_rest} before, {fds} after", time.monotonic() <= end
        await asyncio.sleep(0.5)


async def main(options):
    # What AddressSanitizer keeps of freed memory would look like growth.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
    with tempfile.TemporaryDirectory(prefix="soak.") as folder:
        soak = Soak(options, folder)
        soak.start()
        codes = None
        try:
            await soak.settle()
            at_rest = await soak.at_rest()
            await soak.run()
            result = [*verdicts(soak), await everybody_leaves(soak, at_rest)]
        finally:
            codes = [soak.gateway.stop(), soak.service.stop()]
            for name in ("service", "gateway"):
                with open(f"{folder}/{name}.log") as f:
                    lines = [x for x in f if " info " not in x]
                sys.stderr.writelines(f"{name}: {x}" for x in lines[-5:])
        result.append((f"both end with 0: {codes}", codes == [0, 0]))
    for sentence, holds in result:
        print(f"{'yes' if holds else 'NO ':3}  {sentence}")
    n = sum(soak.counts[way] for way in ("http", "socket", "rpc"))
    print(f"proved: {options.users} people for {options.seconds} s, {n} calls and words")
    return all(holds for _, holds in result)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs=4, metavar="PROGRAM",
                        help="socializerd, socializer-gateway, socializer, rpc_people")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--accounts", type=int, help="how many people they are (default: as many)")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--every", type=float, default=10, help="seconds between two looks")
    options = parser.parse_args()
    options.accounts = options.accounts or options.users
    return options


sys.exit(0 if asyncio.run(main(parse_options())) else 1)
