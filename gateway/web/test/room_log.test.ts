import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurableFrame } from "../src/frames.ts";
import { apply, applyHistory, load, newLog, prepend, react, type RoomLog } from "../src/room_log.ts";
import type { RoomMessage, RoomMessages } from "../src/wire.ts";

function message(seq: number, more: Partial<RoomMessage> = {}): RoomMessage {
  return {
    room_id: 1,
    seq,
    message_id: seq * 10,
    user_id: 2,
    username: "ada",
    content: `m${seq}`,
    timestamp: "2026-11-27T10:00:00.000Z",
    client_message_id: "",
    edited_at: null,
    is_deleted: false,
    reply_to: null,
    reactions: [],
    kind: "user",
    engine: "",
    ...more,
  };
}

function page(seqs: number[], last_seq: number, first_seq = 1): RoomMessages {
  return { messages: seqs.map((s) => message(s)), last_seq, first_seq };
}

function said(seq: number): DurableFrame {
  return { type: "chat_message", ...message(seq) };
}

function edited(seq: number, of: number, content: string): DurableFrame {
  return {
    type: "message_edited",
    room_id: 1,
    seq,
    message_id: of * 10,
    user_id: 2,
    username: "ada",
    content,
    edited_at: "2026-11-27T11:00:00.000Z",
  };
}

function seqs(log: RoomLog): number[] {
  return log.messages.map((m) => m.seq);
}

test("each number counts once", () => {
  let log = load(newLog(3), page([1, 2, 3], 3));
  log = apply(log, said(4));
  log = apply(log, said(4));
  log = applyHistory(log, [message(3), message(4), message(5)]);
  assert.deepEqual(seqs(log), [1, 2, 3, 4, 5]);
  assert.equal(log.cursor, 5);
});

test("what comes while a page is read is not lost, whichever is newer", () => {
  // The page is older than what has come.
  let log = apply(apply(newLog(3), said(4)), edited(5, 2, "new"));
  log = load(log, page([1, 2, 3], 3));
  assert.deepEqual(seqs(log), [1, 2, 3, 4]);
  assert.equal(log.messages[1]?.content, "new");
  assert.equal(log.cursor, 5);
  // The page has it already.
  log = load(apply(newLog(3), said(4)), page([1, 2, 3, 4], 4));
  assert.deepEqual(seqs(log), [1, 2, 3, 4]);
  // The page knows more: what is on its way is of the past.
  log = apply(load(newLog(3), page([2, 3, 4, 5], 5)), said(4));
  assert.deepEqual(seqs(log), [2, 3, 4, 5]);
});

test("a page of events alone still moves the cursor", () => {
  assert.equal(load(newLog(7), page([], 7)).cursor, 7);
  assert.equal(load(newLog(9), page([1], 7)).cursor, 9);
});

test("older pages go before, until the first one kept", () => {
  let log = load(newLog(9), page([7, 9], 9, 2));
  assert.equal(log.hasOlder, true);
  log = prepend(log, page([4, 5, 7], 9, 2));
  assert.deepEqual(seqs(log), [4, 5, 7, 9]);
  assert.equal(log.hasOlder, true);
  assert.equal(prepend(log, page([2, 3], 9, 2)).hasOlder, false);
  assert.equal(prepend(log, page([], 9, 2)).hasOlder, false);
});

test("edits, deletions and reactions change the message they are about", () => {
  let log = load(newLog(2), page([1, 2], 2));
  log = apply(log, edited(3, 1, "better"));
  const who = { room_id: 1, user_id: 5, username: "grace" };
  log = apply(log, { type: "message_reaction", seq: 4, message_id: 20, emoji: "👍", is_added: true, ...who });
  assert.equal(log.messages[0]?.content, "better");
  assert.notEqual(log.messages[0]?.edited_at, null);
  assert.deepEqual(log.messages[1]?.reactions, [{ emoji: "👍", count: 1, user_ids: [5] }]);
  log = apply(log, { type: "message_deleted", seq: 5, message_id: 20, ...who });
  assert.equal(log.messages[1]?.is_deleted, true);
  assert.equal(log.messages[1]?.content, "");
  assert.deepEqual(log.messages[1]?.reactions, []);
  // Of a kind that is not known here.
  assert.equal(apply(log, { type: "room_event", room_id: 1, seq: 6 }).cursor, 6);
});

test("a reaction that a history shows already is not counted again", () => {
  const one = [{ emoji: "👍", count: 1, user_ids: [5] }];
  assert.deepEqual(react(one, "👍", 5, true), one);
  assert.deepEqual(react(one, "👍", 6, true), [{ emoji: "👍", count: 2, user_ids: [5, 6] }]);
  assert.deepEqual(react(one, "👍", 6, false), one);
  assert.deepEqual(react(one, "👍", 5, false), []);
});
