// The levels worth a pause, and which of them are reached.
import { MILESTONES, reachedAt, type Step } from "../../levels.ts";
import { fullTime, shortTime } from "../../time.ts";

export function Milestones({ steps, level, withDates }: { steps: Step[]; level: number; withDates?: boolean }) {
  return (
    <ol class="milestones" aria-label="Milestones">
      {MILESTONES.map((m) => {
        const at = reachedAt(steps, m);
        const iso = at === null ? null : new Date(at).toISOString();
        const isReached = level >= m;
        return (
          <li key={m} class={isReached ? "reached" : ""} title={isReached ? fullTime(iso) : undefined}>
            <span>{m}</span>
            {withDates && <small>{isReached ? shortTime(iso) || "reached" : "ahead"}</small>}
            {!withDates && <span class="hidden">{isReached ? " reached" : " ahead"}</span>}
          </li>
        );
      })}
    </ol>
  );
}
