#!/usr/bin/python3
"""Chats through a gateway with python3-websockets, which knows nothing of ours.

    websocket_library.py URL TOKEN

Exit code 77: the library is not there.
"""
import asyncio
import json
import sys

try:
    import websockets
    from websockets.extensions.permessage_deflate import (
        ClientPerMessageDeflateFactory,
        PerMessageDeflate,
    )
except ImportError:
    sys.exit(77)

TEXT = "How was your day? Süß und sauer. " * 20

# Messages that came compressed, by the extension's object: one for every connection.
inflated = {}
decode = PerMessageDeflate.decode


def counting_decode(self, frame, **options):
    if frame.rsv1:
        inflated[id(self)] = inflated.get(id(self), 0) + 1
    return decode(self, frame, **options)


PerMessageDeflate.decode = counting_decode


class Peer:
    def __init__(self, url, token, **options):
        self.url = url.replace("http:", "ws:") + "/ws/chat"
        self.token = token
        self.options = {"compression": None, **options}

    async def __aenter__(self):
        self.socket = await websockets.connect(self.url, **self.options)
        await self.say(type="auth", token=self.token)
        await self.want("connection_established")
        await self.say(type="join_room", room_id="general")
        await self.want("chat_history")
        return self

    async def __aexit__(self, *exception):
        await self.socket.close()

    async def say(self, **command):
        await self.socket.send(json.dumps(command, ensure_ascii=False))

    async def want(self, kind):
        """The next message of this type."""
        while True:
            message = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
            if message["type"] == "error":
                sys.exit(f"error: {message}")
            if message["type"] == kind:
                return message

    def extensions(self):
        # The library has two implementations of a connection.
        return getattr(self.socket, "extensions", None) or getattr(
            getattr(self.socket, "protocol", None), "extensions", []
        )

    def n_inflated(self):
        return sum(inflated.get(id(e), 0) for e in self.extensions())


def check(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")


async def main(url, token):
    narrow = {
        "extensions": [
            ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9)
        ]
    }
    async with Peer(url, token) as plain, Peer(url, token, compression="deflate") as packed, Peer(
        url, token, **narrow
    ) as small:
        check(not plain.extensions(), "who does not ask gets no extension")
        for peer in (packed, small):
            check(
                [e.name for e in peer.extensions()] == ["permessage-deflate"],
                "who asks gets permessage-deflate",
            )
        # More than once: no side may remember the message before.
        for i, speaker in enumerate((plain, packed, small, packed, packed, plain)):
            before = packed.n_inflated()
            await speaker.say(type="chat_message", content=f"{i} {TEXT}")
            for peer in (plain, packed, small):
                message = await peer.want("chat_message")
                check(message["content"] == f"{i} {TEXT}", "what is said is heard")
            check(packed.n_inflated() == before + 1, "long messages come compressed")
        check(small.n_inflated() == 0, "nothing comes that is larger than the window")
        await small.say(type="chat_message", content="x" * 200)
        for peer in (plain, packed, small):
            await peer.want("chat_message")
        check(small.n_inflated() == 1, "what fits into the window comes compressed")
        await packed.say(type="ping")
        before = packed.n_inflated()
        await packed.want("pong")
        check(packed.n_inflated() == before, "short messages come plain")
    # Histories are the longest of all.
    async with Peer(url, token, compression="deflate") as packed:
        check(packed.n_inflated() >= 1, "the history comes compressed")


asyncio.run(main(*sys.argv[1:]))
