// Skills with their levels, and the trainings in them.
import { call } from "../api.ts";
import { useDeed, useLoaded } from "../hooks.ts";
import type { Skill, Training, TrainingStatus, UserSkill } from "../wire.ts";
import { Empty, Failure, PageTitle, Waiting } from "./parts.tsx";

const MAX_LEVEL = 10;
const statuses: TrainingStatus[] = ["pending", "active", "paused", "completed"];

interface Everything {
  catalogue: Skill[];
  skills: UserSkill[];
  trainings: Training[];
}

async function ask(): Promise<Everything> {
  const [catalogue, mine, trainings] = await Promise.all([
    call<{ skills: Skill[] }>("GET", "/api/skills?page_size=500"),
    call<{ skills: UserSkill[] }>("GET", "/api/users/me/skills"),
    call<{ trainings: Training[] }>("GET", "/api/trainings"),
  ]);
  return { catalogue: catalogue.skills, skills: mine.skills, trainings: trainings.trainings };
}

export function Progress() {
  const all = useLoaded("progress", ask);
  const practised = new Set(all.data?.skills.map((s) => s.skill?.id));
  const others = all.data?.catalogue.filter((s) => !practised.has(s.id)) ?? [];
  return (
    <main class="page">
      <PageTitle title="Progress">Progress</PageTitle>
      <Failure text={all.error} retry={() => void all.reload()} />
      {!all.data && !all.error && <Waiting lines={6} />}
      {all.data && (
        <>
          <section aria-labelledby="skills-title">
            <h2 id="skills-title">What you practise</h2>
            {all.data.skills.length === 0 && <Empty>You practise no skill yet. Choose one below.</Empty>}
            <ul class="cards">
              {all.data.skills.map((s) => (
                <SkillCard
                  key={s.skill?.id}
                  userSkill={s}
                  training={all.data?.trainings.find((t) => t.skill_id === s.skill?.id)}
                  onChange={() => void all.reload()}
                />
              ))}
            </ul>
          </section>
          <section aria-labelledby="catalogue-title">
            <h2 id="catalogue-title">What you could practise</h2>
            {others.length === 0 && <Empty>That is all there is for now.</Empty>}
            <ul class="cards">
              {others.map((s) => (
                <OfferCard key={s.id} skill={s} onChange={() => void all.reload()} />
              ))}
            </ul>
          </section>
        </>
      )}
    </main>
  );
}

interface SkillCardProps {
  userSkill: UserSkill;
  training: Training | undefined;
  onChange: () => void;
}

function SkillCard({ userSkill, training, onChange }: SkillCardProps) {
  const deed = useDeed();
  const skill = userSkill.skill;
  if (!skill) return null;
  function change(what: () => Promise<unknown>) {
    void deed.run(async () => {
      await what();
      onChange();
    });
  }
  return (
    <li class="card skill">
      <h3 dir="auto">{skill.name}</h3>
      <p class="hint" dir="auto">
        {skill.description}
      </p>
      <label class="measure">
        <span>
          Level <strong>{userSkill.level}</strong> of {MAX_LEVEL}
        </span>
        <input
          type="range"
          min={0}
          max={MAX_LEVEL}
          step={1}
          value={userSkill.level}
          disabled={deed.busy}
          onChange={(e) => {
            const level = Number(e.currentTarget.value);
            change(() => call("PUT", `/api/users/me/skills/${skill.id}`, { level }));
          }}
        />
      </label>
      {training ? (
        <div class="training">
          <label class="measure">
            <span>
              Training: <strong>{Math.round(training.progress * 100)} %</strong>
            </span>
            <progress max={1} value={training.progress} />
          </label>
          <label>
            <span class="hidden">Status of the training in {skill.name}</span>
            <select
              value={training.status ?? "pending"}
              disabled={deed.busy}
              onChange={(e) => {
                const status = e.currentTarget.value;
                change(() => call("PATCH", `/api/trainings/${training.id}`, { status }));
              }}
            >
              {statuses.map((s) => (
                <option key={s}>{s}</option>
              ))}
            </select>
          </label>
        </div>
      ) : (
        <button
          type="button"
          disabled={deed.busy}
          onClick={() => change(() => call("POST", "/api/trainings", { skill_id: skill.id, status: "active" }))}
        >
          Start a training<span class="hidden"> in {skill.name}</span>
        </button>
      )}
      <Failure text={deed.error} />
    </li>
  );
}

function OfferCard({ skill, onChange }: { skill: Skill; onChange: () => void }) {
  const deed = useDeed();
  async function begin() {
    await call("POST", "/api/users/me/skills", { skill_id: skill.id });
    onChange();
  }
  return (
    <li class="card skill">
      <h3 dir="auto">{skill.name}</h3>
      <p class="hint" dir="auto">
        {skill.description}
      </p>
      <button type="button" disabled={deed.busy} onClick={() => deed.run(begin)}>
        Practise<span class="hidden"> {skill.name}</span>
      </button>
      <Failure text={deed.error} />
    </li>
  );
}
