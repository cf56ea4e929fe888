// What has happened to the user, told wherever they are: a level has moved, a training is completed.
import { signal } from "@preact/signals";
import type { ServerFrame } from "./frames.ts";
import { hear } from "./live.ts";

export interface Notice {
  id: number;
  text: string;
  // Where it is explained.
  to: string;
  isMilestone: boolean;
}

export const notices = signal<readonly Notice[]>([]);
// Counts up when levels and trainings are to be asked for again.
export const progressVersion = signal(0);

const SHOWN_MS = 20_000;
const MOST = 3;
let last = 0;

hear(onFrame);

export function dismiss(id: number): void {
  notices.value = notices.value.filter((n) => n.id !== id);
}

function tell(text: string, to: string, isMilestone: boolean): void {
  const id = ++last;
  notices.value = [...notices.value, { id, text, to, isMilestone }].slice(-MOST);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

function onFrame(frame: ServerFrame): void {
  if (frame.type === "level_changed") {
    progressVersion.value++;
    const where = `/progress/${frame.skill_id}`;
    if (frame.is_reverted) return;
    const word = frame.is_milestone ? "Milestone reached: " : "";
    tell(`${word}${frame.skill_name} is now at level ${frame.new_level}`, where, frame.is_milestone);
  } else if (frame.type === "training_completed") {
    progressVersion.value++;
    tell(`Training completed: ${frame.skill_name}`, `/progress/${frame.skill_id}`, true);
  }
}
