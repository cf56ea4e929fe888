import assert from "node:assert/strict";
import { test } from "node:test";
import { levelBefore, reachedAt, stepsOf } from "../src/levels.ts";
import type { LevelChange } from "../src/wire.ts";

const HOUR = 3_600_000;
const BEGIN = Date.parse("2026-11-27T10:00:00.000Z");

function hours(n: number): string {
  return new Date(BEGIN + n * HOUR).toISOString();
}

function change(id: number, from: number, to: number, disputed: number | null = null): LevelChange {
  return {
    id,
    user_id: 1,
    skill_id: 1,
    skill_name: "empathy",
    old_level: from,
    new_level: to,
    engine: "builtin",
    is_self_assessed: false,
    why: "",
    evidence: [],
    created_at: hours(id),
    disputed_at: disputed === null ? null : hours(disputed),
    dispute_reason: "",
    is_reverted: disputed !== null,
  };
}

test("a level goes from change to change, in whatever order they are told", () => {
  const changes = [change(3, 4, 5), change(1, 2, 3), change(2, 3, 4)];
  assert.deepEqual(stepsOf(changes), [
    { at: BEGIN + HOUR, level: 3 },
    { at: BEGIN + 2 * HOUR, level: 4 },
    { at: BEGIN + 3 * HOUR, level: 5 },
  ]);
  assert.equal(levelBefore(changes), 2);
  assert.deepEqual(stepsOf([]), []);
  assert.equal(levelBefore([]), 0);
});

test("what is disputed takes back as much as it gave, when it is disputed", () => {
  const steps = stepsOf([change(1, 0, 2, 5), change(3, 2, 3)]);
  assert.deepEqual(steps.map((s) => s.level), [2, 3, 1]);
  assert.equal(steps[2]?.at, BEGIN + 5 * HOUR);
});

test("a milestone is reached since the level has stayed there", () => {
  const steps = stepsOf([change(1, 0, 2), change(2, 2, 1), change(3, 1, 2), change(4, 2, 4)]);
  assert.equal(reachedAt(steps, 2), BEGIN + 3 * HOUR);
  assert.equal(reachedAt(steps, 4), BEGIN + 4 * HOUR);
  assert.equal(reachedAt(steps, 6), null);
});
