import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import type { ServerFrame } from "../src/frames.ts";
import { Socket, type SocketState, type WebSocketLike } from "../src/socket.ts";

class Fake implements WebSocketLike {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  isClosed = false;
  send(text: string) {
    this.sent.push(text);
  }
  close() {
    this.isClosed = true;
  }
  says(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

let made: Fake[];
let states: SocketState[];
let frames: ServerFrame[];
let refused: number;

function newSocket(): Socket {
  return new Socket({
    connect: () => {
      const ws = new Fake();
      made.push(ws);
      return ws;
    },
    onFrame: (f) => frames.push(f),
    onState: (s) => states.push(s),
    onRefused: () => refused++,
  });
}

function last(): Fake {
  const ws = made.at(-1);
  assert.ok(ws);
  return ws;
}

beforeEach(() => {
  made = [];
  states = [];
  frames = [];
  refused = 0;
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

const hello = { type: "connection_established", user_id: 1, username: "ada" };

test("nothing is sent before the server has said hello", () => {
  const socket = newSocket();
  assert.equal(socket.send({ type: "ping" }), false);
  socket.open();
  assert.equal(socket.send({ type: "ping" }), false);
  last().says(hello);
  assert.equal(socket.send({ type: "ping" }), true);
  assert.deepEqual(states, ["connecting", "open"]);
  socket.close();
});

test("a lost connection is made again, ever more slowly", () => {
  const socket = newSocket();
  socket.open();
  last().says(hello);
  for (let i = 0; i < 8; i++) {
    last().onclose?.({ code: 1006 });
    assert.equal(socket.send({ type: "ping" }), false);
    mock.timers.tick(60);
    assert.equal(made.length, i + 1, "not at once");
    mock.timers.tick(10_000);
    assert.equal(made.length, i + 2);
  }
  socket.close();
  mock.timers.tick(60_000);
  assert.equal(made.length, 9);
});

test("what an old connection still says is not heard", () => {
  const socket = newSocket();
  socket.open();
  const old = last();
  old.says(hello);
  socket.networkChanged(false);
  assert.equal(old.isClosed, true);
  old.says({ type: "pong" });
  assert.equal(frames.length, 1);
  socket.close();
});

test("the network's return is used at once", () => {
  const socket = newSocket();
  socket.open();
  last().says(hello);
  socket.networkChanged(false);
  socket.networkChanged(true);
  assert.equal(made.length, 2);
  // Who is signed out stays so.
  socket.close();
  socket.networkChanged(true);
  assert.equal(made.length, 2);
});

test("silence is asked about, and then taken for what it is", () => {
  const socket = newSocket();
  socket.open();
  last().says(hello);
  mock.timers.tick(20_000);
  assert.deepEqual(last().sent, ['{"type":"ping"}']);
  last().says({ type: "pong" });
  mock.timers.tick(20_000);
  mock.timers.tick(8_000);
  assert.equal(made[0]?.isClosed, true);
  assert.equal(states.at(-1), "waiting");
  socket.close();
});

test("a refused session is told, once", () => {
  const socket = newSocket();
  socket.open();
  last().onclose?.({ code: 4003 });
  assert.equal(refused, 1);
  socket.close();
});
