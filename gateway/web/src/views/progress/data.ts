// What the pages of progress ask the server for.
import { call } from "../../api.ts";
import type { LevelChange, Skill, Training, UserSkill } from "../../wire.ts";

export interface Practice {
  catalogue: Skill[];
  skills: UserSkill[];
  trainings: Training[];
}

export async function askPractice(): Promise<Practice> {
  const [catalogue, mine, trainings] = await Promise.all([
    call<{ skills: Skill[] }>("GET", "/api/skills?page_size=500"),
    call<{ skills: UserSkill[] }>("GET", "/api/users/me/skills"),
    call<{ trainings: Training[] }>("GET", "/api/trainings"),
  ]);
  return { catalogue: catalogue.skills, skills: mine.skills, trainings: trainings.trainings };
}

export interface Changes {
  // The newest first.
  changes: LevelChange[];
  next_page_token: string;
}

// skillId 0: of all skills.
export function askChanges(skillId: number, token = ""): Promise<Changes> {
  return call<Changes>("GET", `/api/users/me/levels?page_size=100&skill_id=${skillId}&page_token=${token}`);
}
