"""Real servers and real connections, for tests that are written in Python."""
import asyncio
import json
import os
import signal
import socket
import subprocess
import time

PATIENCE_S = int(os.environ.get("STORM_PATIENCE", "120"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Process:
    """A server that is killed and started again."""

    def __init__(self, arguments, log):
        self.arguments = arguments
        self.log = open(log, "ab")
        self.n_starts = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.arguments, stderr=self.log, stdout=self.log)
        self.n_starts += 1

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


class Answer(Exception):
    def __init__(self, status, body, headers=None):
        super().__init__(f"{status} {body}")
        self.status, self.body, self.headers = status, body, headers or {}


class Http:
    """One connection that comes back by itself, for one request at a time."""

    def __init__(self, port, token=None):
        self.port, self.token, self.streams = port, token, None

    async def connect(self):
        if not self.streams:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)

    async def once(self, verb, path, body=None, headers={}):
        await self.connect()
        reader, writer = self.streams
        data = b"" if body is None else json.dumps(body).encode()
        head = [f"{verb} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(data)}"]
        head += ["Content-Type: application/json"] if data else []
        head += [f"Authorization: Bearer {self.token}"] if self.token else []
        head += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)
        status = int((await reader.readline()).split()[1])
        got = {}
        while (line := (await reader.readline()).strip()):
            name, value = line.decode().split(":", 1)
            got[name.lower()] = value.strip()
        text = await reader.readexactly(int(got.get("content-length", 0)))
        is_json = got.get("content-type", "").startswith("application/json")
        answer = json.loads(text) if is_json else text.decode()
        if status >= 300:
            raise Answer(status, answer, got)
        return answer

    def close(self):
        if self.streams:
            self.streams[1].close()
        self.streams = None

    async def call(self, verb, path, body=None, **headers):
        """Asks until there is an answer that says yes or no."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await asyncio.wait_for(self.once(verb, path, body, headers), 30)
            except Answer as answer:
                if answer.status not in (429, 499, 502, 503, 504) or time.monotonic() > end:
                    raise
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, IndexError):
                if time.monotonic() > end:
                    raise
            self.close()
            await asyncio.sleep(0.05)  # before knocking again


def account(name):
    return {"username": name, "email": f"{name}@example.org", "password": "password123"}


async def sign_in(port, name):
    """The token of a new session."""
    http = Http(port)
    login = {"username": name, "password": "password123"}
    token = (await http.call("POST", "/api/auth/login", login))["access_token"]
    http.close()
    return token


async def sign_up(port, name):
    """Makes an account; the token of its session."""
    http = Http(port)
    key = f"register-{name}"  # where patience ends before the hashing, it is asked for again
    await http.call("POST", "/api/auth/register", account(name), Idempotency_Key=key)
    http.close()
    return await sign_in(port, name)
