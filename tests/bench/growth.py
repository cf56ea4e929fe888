"""How the store and its calls bear up as users, rooms and messages grow.

The database is filled by SQL, half of the messages in the general room, the others in rooms of a
thousand; every user is in about ten of these. Then the store's operations are measured alone, and the
calls of a service that has it.
"""
import json
import os
import shutil
import sqlite3
import statistics
import time

from contestants import table
from host import rss_bytes, stop

TARGET = 1.3  # GetUser and ListRoomMessages, the largest to the smallest
ROOM_MESSAGES = 1000
MEMBERS_A_ROOM = 100
IN_FLIGHT = 16

OPERATIONS = (
    ("user", "a user"), ("room", "a room, as its member sees it"), ("rooms", "a user's rooms"),
    ("messages", "the last 50 messages of a room"), ("search", "a search in the user's rooms"),
    ("append", "a message, 64 in a commit"),
)  # fmt: skip

FILL = """
INSERT INTO account (id, username, username_key, email, email_key, password_hash, created_at)
  WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :users)
  SELECT 1 + i, 'person' || i, 'person' || i, 'p' || i || '@example.org', 'p' || i || '@example.org',
         '-', 1795428000000 FROM n;
INSERT INTO room (id, name, kind, is_public, n_members, created_at, last_seq, last_event_at)
  WITH n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= :rooms)
  SELECT i, 'room ' || i, 'group', 1, :members + 1, 1795428000000, :room_messages, 1795428000000 FROM n;
INSERT INTO room_member (room_id, user_id, state, role, joined_at)
  WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rooms * :members)
  SELECT 2 + i / :members, 2 + (i * 7919) % :users, 1, 3, 1795428000000 FROM n;
INSERT INTO room_member (room_id, user_id, state, role, joined_at)
  SELECT id, 1, 1, 3, 1795428000000 FROM room WHERE id > 1;
INSERT INTO message (id, room_id, seq, user_id, content, created_at)
  WITH n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :messages)
  SELECT i + 1, iif(i % 2, 1, 2 + (i / 2) / :room_messages),
         1 + iif(i % 2, i / 2, (i / 2) % :room_messages), 2 + (i * 31) % :users,
         'Shall we meet at the library after class ' || (i % 977) || '? I bring rare' ||
         ((i * 2654435761) % 100000) || ' tea and the book of last week.', 1795428000000 + i
  FROM n;
UPDATE room SET last_seq = (:messages + 1) / 2, last_event_at = 1795428000000 WHERE id = 1;
INSERT INTO message_text (message_text) VALUES ('rebuild');
UPDATE search_state SET message_id = :messages;
UPDATE evaluation_state SET message_id = :messages;
"""


class Filled:
    """A data folder with so many messages, and the service of it."""

    def __init__(self, bench, messages):
        self.bench, self.messages = bench, messages
        self.data = os.path.join(bench.dir, f"grown-{messages}")
        self.rooms = max(1, messages // 2 // ROOM_MESSAGES)
        self.users = max(MEMBERS_A_ROOM, self.rooms * 10)
        self.start()  # which makes the tables
        self.cli("CreateUser", {"username": "human", "email": "h@example.org", "password": "password123"})
        stop(self.service)
        self.fill()

    def start(self):
        """Returns after how many milliseconds it answers."""
        began = time.monotonic()
        self.service = self.bench.start_service(self.data, "--write-rate", "0")
        return 1000 * (time.monotonic() - began)

    def fill(self):
        began = time.monotonic()
        values = {"users": self.users, "rooms": self.rooms, "members": MEMBERS_A_ROOM,
                  "messages": self.messages,
                  "room_messages": min(ROOM_MESSAGES, self.messages // 2)}  # fmt: skip
        db = sqlite3.connect(f"{self.data}/socializer.db", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000"):
            db.execute("PRAGMA " + pragma)
        for statement in FILL.split(";\n"):
            if statement.strip():
                db.execute(statement, {k: v for k, v in values.items() if ":" + k in statement})
        db.close()
        self.size = os.path.getsize(f"{self.data}/socializer.db")
        print(f"\n{self.messages:,} messages, {self.rooms:,} rooms, {self.users:,} users:"
              f" {self.size / 1e6:,.0f} MB, filled in {time.monotonic() - began:.0f} s")  # fmt: skip

    def cli(self, method, request):
        return json.loads(self.bench.cli("call", method, json.dumps(request), data=self.data))

    def sign_in(self):
        """As user 1, who is in every room."""
        return self.cli("Login", {"username": "human", "password": "password123"})["access_token"]

    def measure(self, token, method, request, options=()):
        return self.bench.measure_load(
            self.service,
            [self.bench.program("tests/bench/rpc_load"), *options, f"ipc://{self.data}/rpc.ipc", token,
             method, request, str(IN_FLIGHT), str(self.bench.seconds)],
        )  # fmt: skip


def calls(filled):
    return {
        "GetUser, a random one": ("GetUser", '{"user_id":11}', ("-r", f"user_id={filled.users}")),
        "ListRoomMessages, general": ("ListRoomMessages", '{"room_id":1}'),
        "ListRoomMessages, a random room": (
            "ListRoomMessages", '{"room_id":1}', ("-r", f"room_id={filled.rooms + 1}")),
        "SearchMessages": ("SearchMessages", '{"query":"rare4711"}'),
        "SendMessage": ("SendMessage", '{"room_id":1,"content":"@unique"}'),
    }  # fmt: skip


def measure_calls(bench, filled):
    """Medians of rounds; each size has its service alone, so they do not take turns."""
    starts = filled.start()
    token = filled.sign_in()
    results = {}
    for name, call in calls(filled).items():
        rounds = [filled.measure(token, *call) for _ in range(bench.rounds)]
        results[name] = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
    memory = rss_bytes(filled.service.pid)
    stop(filled.service)
    return results, starts, memory


def bench_growth(bench, sizes):
    store, rpc, starts, memory = {}, {}, {}, {}
    for n in sizes:
        filled = Filled(bench, n)
        rpc[n], starts[n], memory[n] = measure_calls(bench, filled)
        store[n] = {
            key: statistics.median(
                bench.measure_store(filled.data, key, filled.users, filled.rooms + 1)
                for _ in range(bench.rounds)
            )
            for key, _ in OPERATIONS
        }
        shutil.rmtree(filled.data)
    bench.figures["growth"] = {"store": store, "rpc": rpc}
    head = ("", *(f"{n:,}" for n in sizes), "the last to the first")
    table(
        "The store's operations alone, CPU µs, by how many messages there are", head,
        [(what, *(f"{store[n][key]:.2f}" for n in sizes),
          f"{store[sizes[-1]][key] / store[sizes[0]][key]:.2f} ×") for key, what in OPERATIONS],
    )  # fmt: skip
    for what, key, form in (("p50 µs", "p50", "{:.0f}"), ("service CPU µs a call", "server", "{:.1f}")):
        table(
            f"Calls, {IN_FLIGHT} in flight, {what}, by how many messages there are", head,
            [(name, *(form.format(rpc[n][name][key]) for n in sizes),
              f"{rpc[sizes[-1]][name][key] / rpc[sizes[0]][name][key]:.2f} ×") for name in rpc[sizes[0]]]
            + ([("start of the service, ms", *(f"{starts[n]:.0f}" for n in sizes), ""),
                ("memory of the service afterwards, MB", *(f"{memory[n] / 1e6:.0f}" for n in sizes), "")]
               if key == "p50" else []),
        )  # fmt: skip
