import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, frameOf, type Storage } from "../src/outbox.ts";

function memory(): Storage & { data: Map<string, string> } {
  const data = new Map<string, string>();
  return { data, getItem: (k) => data.get(k) ?? null, setItem: (k, v) => void data.set(k, v) };
}

test("an entry stays until it has arrived, in order, under one name", () => {
  const box = new Outbox(memory(), "k", () => {});
  const a = box.add(1, "a", null);
  const b = box.add(1, "b", null);
  box.add(2, "elsewhere", null);
  assert.deepEqual(box.waiting(1).map((e) => e.content), ["a", "b"]);
  assert.notEqual(a.client_message_id, b.client_message_id);
  box.arrived(a.client_message_id);
  box.arrived(a.client_message_id);
  box.arrived("");
  assert.deepEqual(box.waiting(1).map((e) => e.content), ["b"]);
  assert.ok(a.client_message_id.length <= 64);
});

test("a reload finds what was not sent", () => {
  const storage = memory();
  const id = new Outbox(storage, "outbox.7", () => {}).add(1, "kept", null).client_message_id;
  assert.deepEqual(new Outbox(storage, "outbox.7", () => {}).waiting(1).map((e) => e.client_message_id), [id]);
  assert.deepEqual(new Outbox(storage, "outbox.8", () => {}).entries, []);
  storage.data.set("outbox.7", "{broken");
  assert.deepEqual(new Outbox(storage, "outbox.7", () => {}).entries, []);
});

test("what was refused is not sent again by itself, and then under a new name", () => {
  const box = new Outbox(memory(), "k", () => {});
  const id = box.add(1, "a", null).client_message_id;
  box.refuse(id, "You are muted.");
  assert.deepEqual(box.waiting(1), []);
  const again = box.again(id);
  assert.ok(again && again.client_message_id !== id);
  assert.deepEqual(box.waiting(1), [again]);
  box.discard(again.client_message_id);
  assert.deepEqual(box.entries, []);
  assert.equal(box.again("unknown"), null);
});

test("storage that is full loses nothing while the page lives", () => {
  const full: Storage = {
    getItem: () => null,
    setItem: () => {
      throw new Error("quota");
    },
  };
  const box = new Outbox(full, "k", () => {});
  box.add(1, "a", null);
  assert.equal(box.waiting(1).length, 1);
});

test("a reply names its message; others have no such field, which would be refused", () => {
  const box = new Outbox(memory(), "k", () => {});
  const reply = { message_id: 5, seq: 4, user_id: 1, username: "ada", excerpt: "x" };
  assert.equal("reply_to" in frameOf(box.add(1, "a", null)), false);
  assert.equal((frameOf(box.add(1, "a", reply)) as { reply_to?: number }).reply_to, 5);
});
