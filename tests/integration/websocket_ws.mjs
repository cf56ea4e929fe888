#!/usr/bin/env node
// Chats in several rooms with npm's ws, which knows nothing of ours.
//
//     websocket_ws.mjs URL TOKEN
//
// Exit code 77: the package is not there.
import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(new URL("../web/package.json", import.meta.url));
let WebSocket;
try {
  WebSocket = require("ws");
} catch {
  process.exit(77);
}

const [url, token] = process.argv.slice(2);

function fail(what) {
  console.error(`not so: ${what}`);
  process.exit(1);
}

async function call(verb, path, bearer, body) {
  const answer = await fetch(url + path, {
    method: verb,
    headers: {
      "Content-Type": "application/json",
      ...(bearer && { Authorization: `Bearer ${bearer}` }),
    },
    body: body && JSON.stringify(body),
  });
  const json = await answer.json();
  if (!answer.ok) fail(`${verb} ${path}: ${answer.status} ${JSON.stringify(json)}`);
  return json;
}

class Peer {
  constructor(bearer) {
    this.frames = [];
    this.socket = new WebSocket(`${url.replace("http", "ws")}/ws/chat`);
    this.socket.on("open", () => this.say({ type: "auth", token: bearer }));
    this.socket.on("message", (data) => {
      this.frames.push(JSON.parse(data));
      this.wake?.();
    });
    this.closed = new Promise((resolve) => this.socket.on("close", (code) => resolve(code)));
  }

  say(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  // The next frame of this type; those before it are dropped.
  async want(type) {
    const timer = setTimeout(() => fail(`no ${type} within 20 s`), 20000);
    for (;;) {
      const frame = this.frames.shift();
      if (frame?.type === type) {
        clearTimeout(timer);
        return frame;
      }
      if (frame?.type === "error") fail(JSON.stringify(frame));
      if (!frame) await new Promise((resolve) => (this.wake = resolve));
    }
  }

  async join(room_id, more = {}) {
    this.say({ type: "join_room", room_id, ...more });
    return this.want("room_joined");
  }
}

function same(value, wanted, what) {
  if (value !== wanted) fail(`${what}: ${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`);
}

const account = { username: "guest", email: "guest@example.org", password: "password123" };
await call("POST", "/api/auth/register", null, account);
const guest = (await call("POST", "/api/auth/login", null, account_of(account))).access_token;
const club = await call("POST", "/api/rooms", token, {
  name: "club",
  is_public: true,
  password: "sesame12",
});

function account_of({ username, password }) {
  return { username, password };
}

const host = new Peer(token);
await host.want("connection_established");
await host.join("general");
await host.join(club.id);

// A public room with a password, entered over the WebSocket.
const peer = new Peer(guest);
await peer.want("connection_established");
await peer.join(club.id, { password: "sesame12" });
same((await host.want("member_changed")).change, "joined", "the room hears who joins");

// The room is live for both once each has heard the other.
host.say({ type: "chat_message", room_id: club.id, content: "Who is there?", client_message_id: "a" });
const question = await peer.want("chat_message");
same(question.content, "Who is there?", "what is said is heard");
same((await host.want("chat_message")).client_message_id, "a", "by its sender, too");
peer.say({ type: "chat_message", content: "Me.", reply_to: question.message_id });
const answer = await host.want("chat_message");
same(answer.reply_to.excerpt, "Who is there?", "an answer quotes");
same(answer.seq, question.seq + 1, "the numbers have no hole");
await peer.want("chat_message");

peer.say({ type: "edit_message", message_id: answer.message_id, content: "It is me." });
const edit = await host.want("message_edited");
same(edit.content, "It is me.", "an edit is heard");
same(edit.seq, answer.seq + 1, "under a number of its own");
host.say({ type: "react", room_id: club.id, message_id: answer.message_id, emoji: "👋" });
same((await peer.want("message_reaction")).emoji, "👋", "a reaction is heard");
peer.say({ type: "typing", is_typing: true });
same((await host.want("user_typing")).username, "guest", "typing is seen");
peer.say({ type: "read", room_id: club.id, seq: edit.seq });
same((await host.want("message_read")).seq, edit.seq, "reading is seen");
host.say({ type: "get_online_users", room_id: club.id });
const online = await host.want("online_users");
same(online.users.map((u) => u.username).sort().join(), "guest,human", "both are there");

// Another room at the same time.
host.say({ type: "chat_message", room_id: "general", content: "Elsewhere." });
same((await host.want("chat_message")).room_id, 1, "a client is in several rooms at once");

// Cut off, and back with all that was missed.
const last = edit.seq;
peer.socket.terminate();
await peer.closed;
host.say({ type: "delete_message", room_id: club.id, message_id: question.message_id });
const deletion = await host.want("message_deleted");
const again = new Peer(guest);
await again.want("connection_established");
same((await again.join(club.id, { after_seq: last })).recovered, true, "all that was missed follows");
await again.want("message_reaction");
same((await again.want("message_deleted")).seq, deletion.seq, "in its order");

// Out of the room, and out of the session.
await call("DELETE", `/api/rooms/${club.id}/members/${online.users.find((u) => u.username === "guest").user_id}`, token);
same((await again.want("room_left")).reason, "removed", "who is removed is told");
await call("POST", "/api/auth/logout", guest, {});
same(await again.closed, 4003, "a socket ends with its session");
host.socket.close(1000);
same(await host.closed, 1000, "a close is answered");
