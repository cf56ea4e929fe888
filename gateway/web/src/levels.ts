// A level over time, out of the changes that made it. Nothing here talks to anybody.
import type { LevelChange } from "./wire.ts";

export const MAX_LEVEL = 10;
export const MILESTONES = [2, 4, 6, 8, 10];

// From then on, until the next one.
export interface Step {
  at: number;
  level: number;
}

// Of one skill's changes, in any order: the steps in theirs. A change that was disputed takes back as
// much as it had given, at the time of the dispute: others may have followed it.
export function stepsOf(changes: LevelChange[]): Step[] {
  const marks = changes.flatMap((c) => [
    { at: Date.parse(c.created_at ?? ""), id: c.id, to: (_: number) => c.new_level },
    ...(c.disputed_at && c.is_reverted
      ? [{ at: Date.parse(c.disputed_at), id: Infinity, to: (level: number) => level - (c.new_level - c.old_level) }]
      : []),
  ]);
  marks.sort((a, b) => a.at - b.at || a.id - b.id);
  let level = 0;
  return marks.map((mark) => {
    level = Math.min(MAX_LEVEL, Math.max(0, mark.to(level)));
    return { at: mark.at, level };
  });
}

// What it was before the first step.
export function levelBefore(changes: LevelChange[]): number {
  return changes.reduce<LevelChange | null>((a, b) => (a && a.id < b.id ? a : b), null)?.old_level ?? 0;
}

// Since when the level has been at least this high; null: it is not.
export function reachedAt(steps: Step[], milestone: number): number | null {
  let since: number | null = null;
  for (const { at, level } of steps) since = level < milestone ? null : (since ?? at);
  return since;
}
