"""Slow answers of the coach, many at once: what they cost, and that nobody else waits for them."""
import asyncio
import json
import selectors
import socket
import threading
import time

from contestants import table
from host import cpu_seconds, rss_bytes, wait_until

ANSWERS = 100
PER_USER = 3  # as the service allows
WORD_S = 0.1
PIECE = b'data: {"choices":[{"delta":{"content":"word "}}]}\n\n'


class Upstream:
    """A language model that says a word every tenth of a second, for ever."""

    def __init__(self):
        self.open = 0
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.run, daemon=True).start()
        wait_until(lambda: hasattr(self, "port"), "the language model")

    def run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.speak, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.loop.run_forever()

    async def speak(self, reader, writer):
        self.open += 1
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            while not reader.at_eof():
                writer.write(PIECE)
                await writer.drain()
                await asyncio.sleep(WORD_S)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()


def ask(bench, token):
    s = socket.create_connection(("127.0.0.1", bench.port))
    body = json.dumps({"message": "Tell me", "stream": True})
    s.sendall(
        f"POST /api/ai-chat HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    s.setblocking(False)
    return s


class Readers:
    """Reads all answers, on a thread, and counts their pieces."""

    def __init__(self, sockets):
        self.selector = selectors.DefaultSelector()
        self.pieces = 0
        self.reading = True
        for s in sockets:
            self.selector.register(s, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.reading:
            for key, _ in self.selector.select(0.1):
                data = key.fileobj.recv(65536)
                self.pieces += data.count(b"event: delta")
                if not data:
                    self.selector.unregister(key.fileobj)

    def stop(self):
        self.reading = False
        self.thread.join()


def sign_in_many(bench):
    tokens = []
    for i in range((ANSWERS + PER_USER - 1) // PER_USER):
        name = f"asker{i}"
        user = {"username": name, "email": f"{name}@example.org", "password": "password123"}
        bench.cli("call", "CreateUser", json.dumps(user))
        tokens.append(bench.sign_in(name))
    return tokens


def bench_coach(bench):
    upstream = Upstream()
    settings = {"provider": "openai", "endpoint": f"http://127.0.0.1:{upstream.port}/v1", "model": "m"}
    bench.cli("call", "UpdateServerSettings", json.dumps(settings))
    tokens = sign_in_many(bench)
    alone = bench.measure_rpc("GetMe", "{}", 1)
    at_rest = rss_bytes(bench.service.pid)
    sockets = [ask(bench, tokens[i // PER_USER]) for i in range(ANSWERS)]
    wait_until(lambda: upstream.open == ANSWERS, f"the coach, with {ANSWERS} answers,")
    readers = Readers(sockets)
    time.sleep(1)
    ours = [bench.service, bench.gateway]
    before, pieces, began = [cpu_seconds(p.pid) for p in ours], readers.pieces, time.monotonic()
    time.sleep(bench.seconds)
    used = sum(cpu_seconds(p.pid) - b for p, b in zip(ours, before))
    rate = (readers.pieces - pieces) / (time.monotonic() - began)
    share = used / (time.monotonic() - began)
    beside = bench.measure_rpc("GetMe", "{}", 1)
    memory = rss_bytes(bench.service.pid) - at_rest
    readers.stop()
    left = time.monotonic()
    for s in sockets:
        s.close()
    wait_until(lambda: upstream.open == 0, "the end of the answers")
    left = time.monotonic() - left
    bench.figures["coach"] = {"alone": alone, "beside": beside}
    table(
        f"GetMe, one at a time, alone and beside {ANSWERS} answers of the coach, a word each {WORD_S} s",
        ("", "calls/s", "p50 / p99 µs"),
        [
            (name, f"{r['rate']:,.0f}", f"{r['p50']:.0f} / {r['p99']:.0f}")
            for name, r in (("alone", alone), ("beside answers", beside))
        ],
    )
    table(
        f"{ANSWERS} answers at once",
        ("pieces/s to clients", "service and gateway: CPU µs a piece", "share of a CPU",
         "service: KB an answer", "the last upstream connection closes after its client"),
        [(f"{rate:.0f} of {ANSWERS / WORD_S:.0f}", f"{used * 1e6 / max(rate * bench.seconds, 1):.0f}",
          f"{100 * share:.0f} %", f"{memory / ANSWERS / 1000:.0f}", f"{left:.2f} s")],
    )  # fmt: skip
