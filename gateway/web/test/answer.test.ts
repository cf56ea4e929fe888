import assert from "node:assert/strict";
import { test } from "node:test";
import { done, extend, fail, fill, newAnswer, type Answer } from "../src/answer.ts";
import type { AnswerSoFar } from "../src/wire.ts";

function said(...pieces: [number, string][]): Answer {
  let answer = newAnswer("a", "default", "?");
  for (const [offset, piece] of pieces) answer = extend(answer, offset, piece) ?? answer;
  return answer;
}

function soFar(more: Partial<AnswerSoFar>): AnswerSoFar {
  return { answer_id: "a", thread_id: "default", offset: 0, text: "", is_done: false, code: 0, message: "", engine: "", notice: "", ...more };
}

test("pieces follow by their bytes, each once", () => {
  const answer = said([0, "Zür"], [4, "ich "], [4, "ich "], [0, "Zürich 🎉"]);
  assert.equal(answer.text, "Zürich 🎉");
  assert.equal(answer.bytes, new TextEncoder().encode("Zürich 🎉").length);
});

test("a hole is not closed by what comes behind it, but by what the server knows", () => {
  const answer = said([0, "one "]);
  assert.equal(extend(answer, 8, "three"), null);
  const filled = fill(answer, soFar({ offset: 4, text: "two three" }));
  assert.equal(filled.text, "one two three");
  assert.equal(filled.state, "coming");
});

test("an answer ends once: whole, stopped or failed", () => {
  const answer = said([0, "half"]);
  assert.equal(done(answer, "the whole", "builtin").text, "the whole");
  assert.equal(fill(answer, soFar({ offset: 4, text: " more", is_done: true, engine: "openai" })).engine, "openai");
  const stopped = fail(answer, "CANCELLED", "cancelled");
  assert.deepEqual([stopped.state, stopped.error], ["stopped", ""]);
  assert.equal(fail(stopped, "INTERNAL", "too late").state, "stopped");
  assert.equal(extend(stopped, 4, " late")?.text, "half");
  assert.equal(fill(answer, soFar({ is_done: true, code: 1, message: "cancelled" })).state, "stopped");
  assert.equal(fill(answer, soFar({ is_done: true, code: 14, message: "away" })).error, "away");
});
