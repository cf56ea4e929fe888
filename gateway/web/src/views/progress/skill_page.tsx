// One skill: its level over time, and every change of it with what it rests on.
import { useState } from "preact/hooks";
import { call } from "../../api.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { MAX_LEVEL, levelBefore, stepsOf } from "../../levels.ts";
import { progressVersion } from "../../notices.ts";
import { Link } from "../../router.tsx";
import type { LevelChange, Skill } from "../../wire.ts";
import { Empty, Failure, PageTitle, Waiting } from "../parts.tsx";
import { LevelChart, LevelTable } from "./chart.tsx";
import { askChanges, askPractice } from "./data.ts";
import { Change } from "./change.tsx";
import { Milestones } from "./milestones.tsx";
import { TrainingPlan } from "./training.tsx";

export function SkillPage({ skillId }: { skillId: number }) {
  const all = useLoaded(`skill ${skillId} ${progressVersion.value}`, async () => {
    const [practice, page] = await Promise.all([askPractice(), askChanges(skillId)]);
    return {
      skill: practice.catalogue.find((s) => s.id === skillId),
      level: practice.skills.find((s) => s.skill?.id === skillId)?.level ?? 0,
      training: practice.trainings.find((t) => t.skill_id === skillId),
      ...page,
    };
  });
  const data = all.data;
  const name = data?.skill?.name ?? "Skill";
  const steps = data ? stepsOf(data.changes) : [];
  return (
    <main class="page">
      <p class="back">
        <Link to="/progress">← Progress</Link>
      </p>
      <PageTitle title={name}>{name}</PageTitle>
      <Failure text={all.error} retry={() => void all.reload()} />
      {!data && !all.error && <Waiting lines={8} />}
      {data?.skill && (
        <>
          <p dir="auto">{data.skill.description}</p>
          <section class="card" aria-labelledby="level-title">
            <header class="section-head">
              <h2 id="level-title">Level</h2>
              <p class="level">
                {data.level}
                <small> of {MAX_LEVEL}</small>
              </p>
            </header>
            <LevelChart skill={name} steps={steps} before={levelBefore(data.changes)} height={220} />
            <Milestones steps={steps} level={data.level} withDates />
            {steps.length > 0 && <LevelTable skill={name} steps={steps} />}
            <OwnLevel skill={data.skill} level={data.level} onChange={() => void all.reload()} />
          </section>
          <section class="card" aria-label="Training">
            <TrainingPlan skill={data.skill} training={data.training} onChange={() => void all.reload()} />
          </section>
          <section aria-labelledby="changes-title">
            <h2 id="changes-title">How it came about</h2>
            <p class="hint">
              Every fifth message you write, in rooms and to the coach, is looked at. What you say to one person alone is not.
            </p>
            {data.changes.length === 0 && <Empty>It has not moved yet.</Empty>}
            <ol class="changes">
              {data.changes.map((c) => (
                <Change key={c.id} change={c} onChange={() => void all.reload()} />
              ))}
            </ol>
            <Older skillId={skillId} token={data.next_page_token} onMore={(more, token) => all.set({ ...data, changes: [...data.changes, ...more], next_page_token: token })} />
          </section>
        </>
      )}
      {data && !data.skill && <Empty>There is no such skill.</Empty>}
    </main>
  );
}

interface OlderProps {
  skillId: number;
  token: string;
  onMore: (changes: LevelChange[], token: string) => void;
}

function Older({ skillId, token, onMore }: OlderProps) {
  const deed = useDeed();
  if (token === "") return null;
  async function ask() {
    const page = await askChanges(skillId, token);
    onMore(page.changes, page.next_page_token);
  }
  return (
    <p class="buttons">
      <button type="button" disabled={deed.busy} onClick={() => deed.run(ask)}>
        Older changes
      </button>
      <Failure text={deed.error} />
    </p>
  );
}

// What one thinks oneself; it is told as such.
function OwnLevel({ skill, level, onChange }: { skill: Skill; level: number; onChange: () => void }) {
  const deed = useDeed();
  const [value, setValue] = useState(level);
  async function save() {
    await call("PUT", `/api/users/me/skills/${skill.id}`, { level: value });
    onChange();
  }
  return (
    <details class="more">
      <summary>Set the level yourself</summary>
      <label class="measure">
        <span>
          Level <strong>{value}</strong> of {MAX_LEVEL}
        </span>
        <input type="range" min={0} max={MAX_LEVEL} step={1} value={value} onInput={(e) => setValue(Number(e.currentTarget.value))} />
      </label>
      <p class="buttons">
        <button type="button" disabled={deed.busy || value === level} onClick={() => deed.run(save)}>
          Set
        </button>
        <span class="hint">It will say that you judged yourself.</span>
      </p>
      <Failure text={deed.error} />
    </details>
  );
}
