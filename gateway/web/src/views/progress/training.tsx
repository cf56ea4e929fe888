// The plan for one skill: where it stands, and what can be done with it.
import { call } from "../../api.ts";
import { useDeed } from "../../hooks.ts";
import { shortTime } from "../../time.ts";
import type { Skill, Training, TrainingStatus } from "../../wire.ts";
import { Failure, valuesOf } from "../parts.tsx";

interface TrainingProps {
  skill: Skill;
  training: Training | undefined;
  onChange: () => void;
}

const words: Record<TrainingStatus, string> = {
  pending: "Not begun",
  active: "Active",
  paused: "Paused",
  completed: "Completed",
};

// What can be done from there: the word on the button, and the status that it leads to.
const ways: Record<TrainingStatus, [string, TrainingStatus][]> = {
  pending: [["Begin", "active"]],
  active: [
    ["Pause", "paused"],
    ["Complete", "completed"],
  ],
  paused: [["Resume", "active"]],
  completed: [["Take up again", "active"]],
};

export function TrainingStatusPill({ training }: { training: Training }) {
  const status = training.status ?? "pending";
  return (
    <span class="pill" data-status={status}>
      {words[status]}
    </span>
  );
}

export function daysLeft(training: Training): string {
  if (training.status === "completed") return `completed ${shortTime(training.completed_at)}`;
  if (!training.due_at) return "";
  const days = Math.ceil((Date.parse(training.due_at) - Date.now()) / 86_400_000);
  if (days <= 0) return "the planned time is over";
  return days === 1 ? "1 day left" : `${days} days left`;
}

export function TrainingPlan({ skill, training, onChange }: TrainingProps) {
  const deed = useDeed();
  function change(what: () => Promise<unknown>) {
    void deed.run(async () => {
      await what();
      onChange();
    });
  }
  if (!training)
    return (
      <form
        class="inline"
        onSubmit={(event) => {
          const days = Number(valuesOf(event)["days"]);
          change(() => call("POST", "/api/trainings", { skill_id: skill.id, status: "active", days }));
        }}
      >
        <label>
          <span class="hidden">How long, for {skill.name}</span>
          <select name="days">
            {[7, 14, 30, 60, 90].map((d) => (
              <option key={d} value={d} selected={d === 30}>
                {d} days
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={deed.busy}>
          Start a training<span class="hidden"> in {skill.name}</span>
        </button>
        <Failure text={deed.error} />
      </form>
    );
  const percent = Math.round(training.progress * 100);
  return (
    <div class="training">
      <p class="training-head">
        <span>Training</span> <TrainingStatusPill training={training} />
        <span class="hint">{daysLeft(training)}</span>
      </p>
      <label class="measure">
        <span class="hidden">Progress of the training in {skill.name}</span>
        <progress max={1} value={training.progress} />
      </label>
      <p class="hint">
        {percent} %{training.next_milestone > 0 && ` · next milestone: level ${training.next_milestone}`}
      </p>
      <p class="buttons">
        {ways[training.status ?? "pending"].map(([word, status]) => (
          <button
            key={status}
            type="button"
            class="small"
            disabled={deed.busy}
            onClick={() => change(() => call("PATCH", `/api/trainings/${training.id}`, { status }))}
          >
            {word}
            <span class="hidden"> the training in {skill.name}</span>
          </button>
        ))}
      </p>
      <Failure text={deed.error} />
    </div>
  );
}
