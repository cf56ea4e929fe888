#!/usr/bin/python3
"""Many people talk in many rooms while everything is killed around them.

    storm.py SOCIALIZERD GATEWAY SUBSCRIBER

50 senders, half over HTTP and half over WebSocket, say 20,000 messages ($STORM_MESSAGES) in 20 rooms.
100 subscribers of the library and 100 sockets of two gateways listen. Meanwhile the service and both
gateways are killed with SIGKILL and started again, and subscribers are stopped and continued. In the
end every message that was acknowledged has to be in its room once, and every listener must have got
every event of its room, once and in order.

Exit code 77: python3-websockets is not there.
"""
import asyncio
import collections
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from live import PATIENCE_S, Http, Process, free_port, sign_up  # noqa: E402

try:
    import websockets
except ImportError:
    sys.exit(77)

N_MESSAGES = int(os.environ.get("STORM_MESSAGES", "20000"))
N_USERS = 50
N_ROOMS = 20
N_SOCKETS = 100
N_PROCESSES = 4
N_SUBSCRIBERS = 25  # of each process
N_DISASTERS = 12
PASSING = ("message_read", "room_read", "message_sent")  # frames that are no durable events
IN_FLIGHT = 16  # messages of one sender

random.seed(int(os.environ.get("STORM_SEED", "1")))


class World:
    def __init__(self, folder, programs):
        self.folder = folder
        self.service_program, self.gateway_program, self.subscriber_program = programs
        self.ports = [free_port(), free_port()]
        self.data = f"{folder}/data"
        self.tokens, self.rooms = [], []
        self.acknowledged = collections.defaultdict(set)  # names by room
        self.progress = asyncio.Event()

    @property
    def n_acknowledged(self):
        return sum(len(names) for names in self.acknowledged.values())

    def acknowledge(self, room, name):
        self.acknowledged[room].add(name)
        self.progress.set()

    def start(self):
        self.service = Process(
            [self.service_program, "--data", self.data, "--write-rate", "0"],
            f"{self.folder}/service.log",
        )
        self.gateways = [
            Process(
                [
                    self.gateway_program,
                    *("--http", f"127.0.0.1:{port}"),
                    *("--rpc", f"ipc://{self.data}/rpc.ipc"),
                    *("--events", f"ipc://{self.data}/events.ipc"),
                    *("--max-messages-per-second", "10000"),
                ],
                f"{self.folder}/gateway{i}.log",
            )
            for i, port in enumerate(self.ports)
        ]

    async def settle(self):
        """People and rooms."""
        self.tokens = await asyncio.gather(
            *(sign_up(self.ports[i % 2], f"user{i}") for i in range(N_USERS))
        )
        self.https = [Http(self.ports[i % 2], t) for i, t in enumerate(self.tokens)]
        for i in range(N_ROOMS):
            room = {"name": f"room {i}", "is_public": True}
            answer = await self.https[0].call("POST", "/api/rooms", room)
            self.rooms.append(answer["id"])
        await asyncio.gather(*(self.enter(i) for i in range(1, N_USERS)))

    async def enter(self, i):
        for room in self.rooms:
            await self.https[i].call("POST", f"/api/rooms/{room}/join", {})


# --- listeners ---


class Socket:
    """A WebSocket that follows one room and goes on where it was when it is cut off."""

    def __init__(self, world, index):
        self.world = world
        self.port = world.ports[index % 2]
        self.token = world.tokens[index % N_USERS]
        self.room = world.rooms[index % N_ROOMS]
        self.got = []  # (seq, name)
        self.n_connects = 0

    @property
    def last(self):
        return self.got[-1][0] if self.got else 0

    def take(self, frame):
        for message in frame["messages"] if frame["type"] == "chat_history" else [frame]:
            if "seq" in message and message.get("type") not in PASSING:
                self.got.append((message["seq"], message.get("client_message_id") or "-"))

    async def listen(self):
        url = f"ws://127.0.0.1:{self.port}/ws/chat"
        async with websockets.connect(url, max_size=None, ping_interval=None) as ws:
            self.n_connects += 1
            await ws.send(json.dumps({"type": "auth", "token": self.token}))
            join = {"type": "join_room", "room_id": self.room, "after_seq": self.last}
            await ws.send(json.dumps(join))
            async for text in ws:
                frame = json.loads(text)
                if frame["type"] == "room_joined" and not frame["recovered"]:
                    sys.exit(f"not recovered: {frame}")
                if frame["type"] in ("error", "room_left"):
                    return  # and join again
                self.take(frame)

    async def run(self):
        while True:
            try:
                await self.listen()
            except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
                pass
            await asyncio.sleep(0.05)


class Subscribers:
    """A process of library subscribers."""

    def __init__(self, world, index):
        first = index * N_SUBSCRIBERS
        self.rooms = [world.rooms[(first + i) % N_ROOMS] for i in range(N_SUBSCRIBERS)]
        self.path = f"{world.folder}/subscribers{index}"
        self.process = subprocess.Popen(
            [
                world.subscriber_program,
                f"ipc://{world.data}/rpc.ipc",
                f"ipc://{world.data}/events.ipc",
                world.tokens[index],
                self.path,
                *map(str, self.rooms),
            ]
        )

    def got(self):
        lists = [[] for _ in self.rooms]
        with open(self.path) as f:
            for line in f:
                if line.endswith("\n"):
                    index, seq, name = line.split()
                    lists[int(index)].append((int(seq), name))
        return lists


# --- senders ---


async def send_by_http(world, i, plan):
    http = world.https[i]
    for room, name in plan:
        body = {"content": f"{name} says hello", "client_message_id": name}
        await http.call("POST", f"/api/rooms/{room}/messages", body)
        world.acknowledge(room, name)


class Talker:
    """Sends over a WebSocket; what comes back in the room is acknowledged."""

    def __init__(self, world, i, plan):
        self.world, self.token, self.port = world, world.tokens[i], world.ports[i % 2]
        self.todo = collections.deque(plan)
        self.open = {}  # name: room
        self.heard = None  # the last frame

    async def pump(self, ws):
        while self.todo and len(self.open) < IN_FLIGHT:
            room, name = self.todo.popleft()
            self.open[name] = room
            await self.say(ws, room, name)

    async def say(self, ws, room, name):
        content = f"{name} says hello"
        message = {"type": "chat_message", "room_id": room, "content": content}
        await ws.send(json.dumps({**message, "client_message_id": name}))

    async def talk(self):
        url = f"ws://127.0.0.1:{self.port}/ws/chat"
        async with websockets.connect(url, max_size=None, ping_interval=None) as ws:
            await ws.send(json.dumps({"type": "auth", "token": self.token}))
            for room in self.world.rooms:
                await ws.send(json.dumps({"type": "join_room", "room_id": room}))
            for name, room in list(self.open.items()):
                await self.say(ws, room, name)
            while self.open or self.todo:
                await self.pump(ws)
                frame = self.heard = json.loads(await asyncio.wait_for(ws.recv(), 10))
                messages = frame["messages"] if frame["type"] == "chat_history" else [frame]
                if frame["type"] == "room_left":
                    await ws.send(json.dumps({"type": "join_room", "room_id": frame["room_id"]}))
                if frame["type"] == "error" and frame.get("client_message_id") in self.open:
                    # Not now: once more with the same name.
                    await asyncio.sleep(0.05)
                    name = frame["client_message_id"]
                    await self.say(ws, self.open[name], name)
                for message in messages:
                    if "seq" in message and message.get("client_message_id") in self.open:
                        room = self.open.pop(message["client_message_id"])
                        self.world.acknowledge(room, message["client_message_id"])

    async def run(self):
        while self.open or self.todo:
            try:
                await self.talk()
            except (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException):
                pass
            await asyncio.sleep(0.05)


def plans(world):
    lists = [[] for _ in range(N_USERS)]
    for k in range(N_MESSAGES):
        lists[k % N_USERS].append((random.choice(world.rooms), f"m{k}"))
    return lists


# --- disasters ---


async def disasters(world, subscribers):
    """One after another as the talk goes on, so that none comes before or after it."""
    kinds = ["service", "gateway0", "stop", "gateway1", "leave", "service"]
    for n in range(N_DISASTERS):
        while world.n_acknowledged < N_MESSAGES * (n + 1) / (N_DISASTERS + 2):
            world.progress.clear()
            await asyncio.wait_for(world.progress.wait(), PATIENCE_S)
        kind = kinds[n % len(kinds)]
        if kind == "service":
            world.service.kill()
            world.service.start()
        elif kind == "stop":
            stopped = subscribers[n % N_PROCESSES]
            stopped.process.send_signal(signal.SIGSTOP)
            goal = min(world.n_acknowledged + N_MESSAGES // 20, N_MESSAGES * 9 // 10)
            while world.n_acknowledged < goal:
                world.progress.clear()
                await asyncio.wait_for(world.progress.wait(), PATIENCE_S)
            stopped.process.send_signal(signal.SIGCONT)
        elif kind == "leave":
            # Somebody goes and comes back: the keys of the room change under everybody.
            room = world.rooms[n % N_ROOMS]
            http = Http(world.ports[0], world.tokens[-1])
            try:
                await http.call("POST", f"/api/rooms/{room}/leave", {}, Idempotency_Key=f"leave{n}")
            finally:
                await http.call("POST", f"/api/rooms/{room}/join", {}, Idempotency_Key=f"join{n}")
        else:
            gateway = world.gateways[int(kind[-1])]
            gateway.kill()
            gateway.start()


async def watch(world, talkers, work):
    """Ends everything when nothing goes on any more, and says where it stands."""
    while True:
        before = world.n_acknowledged
        await asyncio.sleep(PATIENCE_S)
        if world.n_acknowledged == before:
            stuck = [f"{t.port}: {len(t.todo)} to say, {list(t.open.items())[:3]} under way, "
                     f"heard {t.heard}" for t in talkers if t.todo or t.open]
            print(f"storm: nothing new after {before} messages; {stuck[:5]}", file=sys.stderr)
            work.cancel()
            return


# --- the reckoning ---


async def truth(world, room):
    events, after = [], 0
    while True:
        path = f"/api/rooms/{room}/events?after_seq={after}&page_size=500"
        page = await world.https[0].call("GET", path)
        if not page["events"]:
            return events
        for event in page["events"]:
            message = event.get("message") or {}
            events.append((event["seq"], message.get("client_message_id") or "-"))
        after = events[-1][0]


def check(condition, what):
    if not condition:
        sys.exit(f"storm: not so: {what}")


def check_room(world, room, events):
    check([seq for seq, _ in events] == list(range(1, len(events) + 1)), f"room {room}: no holes")
    names = collections.Counter(name for _, name in events if name != "-")
    check(set(names) == world.acknowledged[room], f"room {room}: all that was acknowledged")
    check(all(n == 1 for n in names.values()), f"room {room}: nothing twice")


async def everything_arrives(world, events, sockets, subscribers):
    end = time.monotonic() + PATIENCE_S
    behind = None
    while time.monotonic() < end:
        behind = [f"socket {i} at {s.last}" for i, s in enumerate(sockets)
                  if s.last < len(events[s.room])]
        if not behind:
            for i, process in enumerate(subscribers):
                for k, got in enumerate(process.got()):
                    if (got[-1][0] if got else 0) < len(events[process.rooms[k]]):
                        behind.append(f"subscriber {i}.{k} at {got[-1:] or 0}")
        if not behind:
            return
        await asyncio.sleep(0.2)
    sys.exit(f"storm: after {PATIENCE_S} s these are behind: {behind[:10]}")


async def main(programs):
    with tempfile.TemporaryDirectory(prefix="storm.") as folder:
        world = World(folder, programs)
        world.start()
        subscribers, tasks = [], []
        try:
            await world.settle()
            subscribers = [Subscribers(world, i) for i in range(N_PROCESSES)]
            sockets = [Socket(world, i) for i in range(N_SOCKETS)]
            tasks = [asyncio.create_task(s.run()) for s in sockets]
            began = time.monotonic()
            senders = [
                send_by_http(world, i, plan) if i % 2 == 0 else Talker(world, i, plan)
                for i, plan in enumerate(plans(world))
            ]
            talkers = [s for s in senders if isinstance(s, Talker)]
            work = asyncio.gather(
                disasters(world, subscribers),
                *(s.run() if isinstance(s, Talker) else s for s in senders),
            )
            tasks.append(asyncio.create_task(watch(world, talkers, work)))
            await work
            took = time.monotonic() - began
            events = {room: await truth(world, room) for room in world.rooms}
            for room in world.rooms:
                check_room(world, room, events[room])
            check(world.n_acknowledged == N_MESSAGES, "everything was acknowledged")
            await everything_arrives(world, events, sockets, subscribers)
            for i, s in enumerate(sockets):
                check(s.got == events[s.room], f"socket {i}: each event once, in order")
            for i, process in enumerate(subscribers):
                for k, got in enumerate(process.got()):
                    check(got == events[process.rooms[k]],
                          f"subscriber {i}.{k}: each event once, in order")
            n = sum(len(events[s.room]) for s in sockets) + sum(
                len(events[room]) for p in subscribers for room in p.rooms)
            print(f"proved: {N_MESSAGES} messages in {took:.1f} s, {n} deliveries; the service began "
                  f"{world.service.n_starts} times, the gateways "
                  f"{[g.n_starts for g in world.gateways]}")
        except BaseException:
            for name in ("service.log", "gateway0.log", "gateway1.log"):
                with open(f"{folder}/{name}") as f:
                    sys.stderr.writelines(f"{name}: {line}" for line in f.readlines()[-15:])
            raise
        finally:
            for task in tasks:
                task.cancel()
            for process in subscribers:
                process.process.kill()
                process.process.wait()
            codes = [p.stop() for p in (*world.gateways, world.service)]
        check(codes == [0, 0, 0], f"all end with 0: {codes}")


asyncio.run(main(sys.argv[1:4]))
