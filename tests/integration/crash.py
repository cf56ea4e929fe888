#!/usr/bin/python3
"""The service dies at any moment, and nothing that it has acknowledged is lost or doubled.

    crash.py SOCIALIZERD GATEWAY

People send, edit, delete, react, come and go, talk to themselves, set levels and preferences and open
accounts, each asking until there is an answer, under one Idempotency-Key. Meanwhile the service is
killed with SIGKILL $CRASH_KILLS times (default: 10), also while it starts, and what it left in its log
is torn: there are halves of a transaction, rubbish, a damaged index of the log. A model of what was
acknowledged is kept here. After each kill the files are examined; in the end service, files and model
have to agree. Then the disk gets full, and a file that may not grow does not.
"""
import asyncio
import collections
import contextlib
import os
import random
import resource
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from live import Answer, Http, Process, free_port, sign_up  # noqa: E402

N_KILLS = int(os.environ.get("CRASH_KILLS", "10"))
N_PEOPLE = 12
N_ROOMS = 4
WRITES_PER_KILL = 40  # acknowledged before the next one, most of the time
PATIENCE_S = 60

SEED = int(os.environ.get("CRASH_SEED", str(time.time_ns() % 1000000)))
random.seed(SEED)


def check(condition, what):
    if not condition:
        sys.exit(f"crash: not so (CRASH_SEED={SEED}): {what}")


class World:
    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.data, self.port = f"{folder}/data", free_port()
        self.rooms = []
        self.n_events = collections.Counter()  # acknowledged, by room
        self.names = []  # of accounts
        self.n_acknowledged = 0
        self.is_over = False

    def start(self):
        service, gateway = self.programs
        rpc = f"ipc://{self.data}/rpc.ipc"
        self.service = Process(
            [service, "--data", self.data, "--write-rate", "0"], f"{self.folder}/service.log"
        )
        self.gateway = Process(
            [gateway, "--http", f"127.0.0.1:{self.port}", "--rpc", rpc,
             "--events", f"ipc://{self.data}/events.ipc"],
            f"{self.folder}/gateway.log",
        )  # fmt: skip

    async def settle(self):
        self.names = [f"person{i}" for i in range(N_PEOPLE)]
        tokens = [await sign_up(self.port, name) for name in self.names]
        self.people = [Person(self, name, token) for name, token in zip(self.names, tokens)]
        for i in range(N_ROOMS):
            room = {"name": f"room {i}", "is_public": True}
            self.rooms.append((await self.people[0].http.call("POST", "/api/rooms", room))["id"])
            self.n_events[self.rooms[-1]] = 1  # the first one's coming
        self.rooms.append(1)
        for person in self.people[1:]:
            for room in self.rooms[:-2]:  # the last is for coming and going
                await person.http.call("POST", f"/api/rooms/{room}/join", {})
                self.n_events[room] += 1

    def stop(self):
        return [self.gateway.stop(), self.service.stop()]


class Person:
    """Somebody, and what the service has told them that it did."""

    def __init__(self, world, name, token):
        self.world, self.name, self.http = world, name, Http(world.port, token)
        self.n_calls = 0
        self.messages = {}  # by their names: room, id, content; content None: deleted
        self.reactions = set()  # names of messages
        self.memory, self.levels, self.n_levels = [], {}, 0
        self.preferences = {}
        self.is_in = name == "person0"  # in the room of coming and going, which one never leaves

    async def call(self, verb, path, body=None):
        """Asks until it is answered, always as the same call."""
        self.n_calls += 1
        key = f"{self.name}-{self.n_calls}"
        answer = await self.http.call(verb, path, body, Idempotency_Key=key)
        self.world.n_acknowledged += 1
        return answer

    def own(self):
        alive = [name for name, m in self.messages.items() if m["content"] is not None]
        return random.choice(alive) if alive else None

    def path(self, name):
        return f"/api/rooms/{self.messages[name]['room']}/messages/{self.messages[name]['id']}"

    async def send(self):
        room = random.choice([*self.world.rooms[:-2], 1])
        name, content = f"{self.name}.{self.n_calls}", f"{self.name} says {random.random()}"
        body = {"content": content, "client_message_id": name}
        got = await self.call("POST", f"/api/rooms/{room}/messages", body)
        check(got["content"] == content, f"the answer to {name} is its own")
        self.messages[name] = {"room": room, "id": got["message_id"], "content": content}
        self.world.n_events[room] += 1

    async def edit(self):
        if name := self.own():
            content = f"{self.name} means {random.random()}"
            await self.call("PATCH", self.path(name), {"content": content})
            self.messages[name]["content"] = content
            self.world.n_events[self.messages[name]["room"]] += 1

    async def delete(self):
        if name := self.own():
            await self.call("DELETE", self.path(name))
            self.messages[name]["content"] = None
            self.reactions.discard(name)
            self.world.n_events[self.messages[name]["room"]] += 1

    async def react(self):
        if name := self.own():
            verb = "DELETE" if name in self.reactions else "PUT"
            body = {} if verb == "PUT" else None
            await self.call(verb, f"{self.path(name)}/reactions/%2B1", body)
            self.reactions ^= {name}
            self.world.n_events[self.messages[name]["room"]] += 1

    async def come_or_go(self):
        room = self.world.rooms[-2]
        if self.name != "person0":
            await self.call("POST", f"/api/rooms/{room}/{'leave' if self.is_in else 'join'}", {})
            self.is_in = not self.is_in
            self.world.n_events[room] += 1

    async def remember(self):
        content = f"{self.name} thinks {random.random()}"
        await self.call("POST", "/api/users/me/messages", {"messages": [{"content": content}]})
        self.memory.append(content)

    async def set_level(self):
        skill, level = random.randint(1, 4), random.randint(0, 10)
        await self.call("PUT", f"/api/users/me/skills/{skill}", {"level": level})
        self.n_levels += self.levels.get(skill, 0) != level
        self.levels[skill] = level

    async def prefer(self):
        key, value = f"k{random.randint(1, 5)}", random.random()
        await self.call("PUT", f"/api/users/me/preferences/ui/{key}", {"value": value})
        self.preferences[key] = value

    async def invite(self):
        name = f"{self.name}.friend{self.n_calls}".replace(".", "_")
        account = {"username": name, "email": f"{name}@example.org", "password": "password123"}
        await self.call("POST", "/api/auth/register", account)
        self.world.names.append(name)

    async def live(self):
        acts = [self.send] * 6 + [self.edit, self.delete, self.react, self.react, self.come_or_go,
                                  self.remember, self.set_level, self.prefer]  # fmt: skip
        while not self.world.is_over:
            await (self.invite if random.random() < 0.01 else random.choice(acts))()


# --- what is on the disk ---


def examine(world):
    """Opens a copy of what the dead have left, as the next start will."""
    with tempfile.TemporaryDirectory(prefix="crash.") as copy:
        for name in ("socializer.db", "socializer.db-wal"):
            if os.path.exists(f"{world.data}/{name}"):
                shutil.copy(f"{world.data}/{name}", copy)
        db = sqlite3.connect(f"{copy}/socializer.db")
        check(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity_check")
        check(db.execute("PRAGMA foreign_key_check").fetchall() == [], "foreign_key_check")
        db.close()


def checksum(data, s0, s1, order):
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for i in range(0, len(words), 2):
        s0 = (s0 + words[i] + s1) & 0xFFFFFFFF
        s1 = (s1 + words[i + 1] + s0) & 0xFFFFFFFF
    return s0, s1


def tear_log(path):
    """Writes what an interrupted transaction would have left behind the last that is whole."""
    with open(path, "r+b") as log:
        head = log.read(32)
        if len(head) < 32:
            return
        magic, _, page, _ = struct.unpack(">4I", head[:16])
        order, salts = "<>"[magic & 1], head[16:24]
        end, sums = 32, struct.unpack(">2I", head[24:32])
        while len(frame := log.read(24 + page)) == 24 + page and frame[8:16] == salts:
            if frame[4:8] != b"\0\0\0\0":  # the end of a transaction
                end, sums = log.tell(), struct.unpack(">2I", frame[16:24])
        log.seek(end)
        for _ in range(random.randint(1, 3)):  # good frames, of a transaction that has no end
            start, data = struct.pack(">2I", random.randint(1, 20), 0), os.urandom(page)
            sums = checksum(start + data, *sums, order)
            log.write(start + salts + struct.pack(">2I", *sums) + data)
        last = struct.pack(">2I", 1, 50) + salts + os.urandom(8) + os.urandom(page)
        log.write(last[: random.choice((len(last), 1000, 30, 5))])


def damage(world):
    path = f"{world.data}/socializer.db"
    kind = random.choice(("nothing", "log", "log", "index", "no index"))
    if kind == "log" and os.path.exists(f"{path}-wal"):
        tear_log(f"{path}-wal")
    elif kind == "index" and os.path.exists(f"{path}-shm"):
        size = os.path.getsize(f"{path}-shm")
        with open(f"{path}-shm", "r+b") as index:
            index.write(os.urandom(size))
    elif kind == "no index" and os.path.exists(f"{path}-shm"):
        os.remove(f"{path}-shm")
    return kind


async def kill_again_and_again(world, lives):
    done = collections.Counter()
    for _ in range(N_KILLS):
        if random.random() < 0.2:
            await asyncio.sleep(random.uniform(0, 0.1))  # it is still starting
        else:
            goal = world.n_acknowledged + random.randint(1, 2 * WRITES_PER_KILL)
            end = time.monotonic() + PATIENCE_S
            while world.n_acknowledged < goal:
                if lives.done():
                    return await lives  # somebody has got a wrong answer
                check(time.monotonic() < end, "it goes on after a kill")
                await asyncio.sleep(0.001)
        check(world.service.process.poll() is None, "it dies by nothing but being killed")
        world.service.kill()
        done[damage(world)] += 1
        examine(world)
        world.service.start()
    return done


# --- the reckoning ---


async def all_pages(http, path, member, **query):
    items, token = [], ""
    while True:
        more = "&".join(f"{k}={v}" for k, v in {**query, "page_token": token}.items())
        page = await http.call("GET", f"{path}?{more}")
        items += page[member]
        if not (token := page["next_page_token"]):
            return items


async def check_room(world, room):
    http, events, after = world.people[0].http, [], 0
    while page := (await http.call(
        "GET", f"/api/rooms/{room}/events?after_seq={after}&page_size=500"))["events"]:
        events += page
        after = events[-1]["seq"]
    check([e["seq"] for e in events] == list(range(1, len(events) + 1)), f"room {room}: no holes")
    check(len(events) == world.n_events[room],
          f"room {room}: {world.n_events[room]} events were acknowledged, {len(events)} are there")
    wanted = {name: m for p in world.people for name, m in p.messages.items() if m["room"] == room}
    reactions = set().union(*(p.reactions for p in world.people))
    found = collections.Counter()
    for event in events:
        if not (message := event.get("message")):
            continue
        name = message["client_message_id"]
        found[name] += 1
        got = await http.call("GET", f"/api/rooms/{room}/messages/{message['message_id']}")
        want = wanted.get(name)
        check(want, f"room {room}: {name} was said")
        check(got["content"] == (want["content"] or ""), f"{name} is as it was left")
        n = sum(r["count"] for r in got["reactions"])
        check(n == (name in reactions), f"{name} has the reactions that were acknowledged")
    check(set(found) == set(wanted) and all(n == 1 for n in found.values()),
          f"room {room}: everything that was acknowledged, once")


async def check_person(world, p):
    said = await all_pages(p.http, "/api/users/me/messages", "messages", page_size=100)
    check([m["content"] for m in reversed(said)] == p.memory, f"{p.name} remembers")
    levels = {s["skill"]["id"]: s["level"]
              for s in (await p.http.call("GET", "/api/users/me/skills"))["skills"]}
    check(all(levels[k] == n for k, n in p.levels.items()), f"{p.name}'s levels")
    changes = await all_pages(p.http, "/api/users/me/levels", "changes", page_size=100)
    mine = [c for c in changes if c["is_self_assessed"]]
    check(len(mine) == p.n_levels, f"{p.name} has set {p.n_levels} levels, {len(mine)} are there")
    got = (await p.http.call("GET", "/api/users/me/preferences"))["preferences"]
    check({x["key"]: x["value"] for x in got} == p.preferences, f"{p.name}'s preferences")
    room = await p.http.call("GET", f"/api/rooms/{world.rooms[-2]}")
    check(room["is_member"] == p.is_in, f"{p.name} is where they went")


def check_counts(world):
    db = sqlite3.connect(f"{world.data}/socializer.db")
    people = world.people
    for table, want in {
        "account": len(world.names),
        "message": sum(len(p.messages) for p in people),
        "memory_message": sum(len(p.memory) for p in people),
        "preference": sum(len(p.preferences) for p in people),
        "message_reaction": sum(len(p.reactions) for p in people),
    }.items():
        got = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        check(got == want, f"{table}: {want} rows were acknowledged, {got} are there")
    db.close()


@contextlib.asynccontextmanager
async def living(world):
    """A world that has begun; in the end it stops well and is examined."""
    world.start()
    try:
        await world.settle()
        yield world
    finally:
        codes = world.stop()
    check(codes == [0, 0], f"both end with 0: {codes}")
    examine(world)
    check_counts(world)


async def kills(folder, programs):
    async with living(World(folder, programs)) as world:
        lives = asyncio.gather(*(p.live() for p in world.people))
        done = await kill_again_and_again(world, lives)
        world.is_over = True
        await lives
        for room in world.rooms:
            await check_room(world, room)
        for person in world.people:
            await check_person(world, person)
        users = await all_pages(world.people[0].http, "/api/users", "users", page_size=100)
        check(sorted(u["username"] for u in users) == sorted(world.names), "the accounts")
    print(f"proved: {N_KILLS} kills, {world.n_acknowledged} writes acknowledged, all there, once")
    print(f"found on the disk: {dict(done)}")


# --- a disk that is full, a file that may not grow ---


async def until_refused(world, person, statuses):
    """Writes until there is no room; what was acknowledged counts."""
    for n in range(20000):
        name = f"{person.name}.long.{person.n_calls}"
        person.n_calls += 1
        body = {"content": f"{name} " + "x" * 4000, "client_message_id": name}
        try:
            got = await person.http.once("POST", "/api/rooms/1/messages", body)
        except Answer as answer:
            check(answer.status in statuses, f"a write without room: {answer}")
            return answer
        person.messages[name] = {"room": 1, "id": got["message_id"], "content": body["content"]}
        world.n_events[1] += 1
        world.n_acknowledged += 1
    sys.exit("crash: the disk is never full")


async def a_disk_that_is_full(folder, programs):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=True)
    try:
        await fill_it_three_times(World(folder, programs))
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


async def fill_it_three_times(world):
    folder, filler = world.folder, f"{world.folder}/filler"

    def fill(leave_bytes):
        room = os.statvfs(folder)
        with open(filler, "wb") as f:
            f.write(b"x" * max(room.f_bavail * room.f_frsize - leave_bytes, 1))

    async with living(world):
        person = world.people[0]
        for is_killed in (False, True, False):
            fill(1_500_000)
            answer = await until_refused(world, person, (503,))
            check(int(answer.headers.get("retry-after", "0")) > 0, "it says when to come again")
            await person.http.once("GET", "/api/rooms/1/messages")  # reading goes on
            await person.http.once("GET", "/ready")
            if is_killed:
                world.service.kill()
                os.remove(filler)
                world.service.start()
                await person.send()
            else:
                os.remove(filler)
                body = {"content": "at once"}
                await person.http.once("POST", f"/api/rooms/{world.rooms[0]}/typing", {})
                await person.http.once("POST", "/api/users/me/messages", {"messages": [body]})
                person.memory.append("at once")
        await check_room(world, 1)
        await check_person(world, person)
    print(f"proved: a full disk three times, {world.n_acknowledged} writes acknowledged, all there, once")


async def a_file_that_may_not_grow(folder, programs):
    async with living(World(folder, programs)) as world:
        person, service = world.people[0], world.service.process.pid
        limit = os.path.getsize(f"{world.data}/socializer.db-wal") + 500_000
        resource.prlimit(service, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        await until_refused(world, person, (503,))
        await person.http.once("GET", "/api/rooms/1/messages")
        infinity = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(service, resource.RLIMIT_FSIZE, infinity)
        await person.http.once("POST", "/api/users/me/messages", {"messages": [{"content": "x"}]})
        person.memory.append("x")
        await check_room(world, 1)
    print(f"proved: a file that may not grow, {world.n_acknowledged} writes acknowledged, all there, once")


def run(part, programs):
    with tempfile.TemporaryDirectory(prefix="crash.") as folder:
        try:
            asyncio.run(part(folder, programs))
        except BaseException:
            for name in ("service.log", "gateway.log"):
                with open(f"{folder}/{name}") as f:
                    sys.stderr.writelines(f"{name}: {line}" for line in f.readlines()[-15:])
            raise


def with_a_small_disk():
    """This program once more, where it may mount a file system that nobody else sees."""
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        mount = [*unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0:
            return subprocess.run([*unshare, sys.executable, *sys.argv, "full"]).returncode
    print("no full disk: this system lets nobody mount a small one")
    return 0


if sys.argv[3:] == ["full"]:
    run(a_disk_that_is_full, sys.argv[1:3])
else:
    run(kills, sys.argv[1:3])
    run(a_file_that_may_not_grow, sys.argv[1:3])
    sys.exit(with_a_small_disk())
