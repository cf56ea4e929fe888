import assert from "node:assert/strict";
import { test } from "node:test";
import { dayOf, shortTime } from "../src/time.ts";

test("days are those of the reader", () => {
  const now = new Date(2026, 10, 27, 0, 30);
  assert.equal(dayOf(new Date(2026, 10, 27, 0, 10).toISOString(), now), "Today");
  assert.equal(dayOf(new Date(2026, 10, 26, 23, 50).toISOString(), now), "Yesterday");
  assert.equal(dayOf(null, now), "");
  assert.notEqual(shortTime(new Date(2026, 10, 26, 23, 50).toISOString(), now), "");
});
