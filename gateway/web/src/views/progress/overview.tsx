// All skills that one practises, and those that one could.
import { call } from "../../api.ts";
import { useDeed, useLoaded } from "../../hooks.ts";
import { MAX_LEVEL, levelBefore, stepsOf } from "../../levels.ts";
import { progressVersion } from "../../notices.ts";
import { Link } from "../../router.tsx";
import type { LevelChange, Reminder, Skill, Training, UserSkill } from "../../wire.ts";
import { Empty, Failure, PageTitle, Waiting } from "../parts.tsx";
import { ReminderNote } from "../reminder.tsx";
import { LevelChart } from "./chart.tsx";
import { askChanges, askPractice } from "./data.ts";
import { Milestones } from "./milestones.tsx";
import { TrainingPlan } from "./training.tsx";

export function Overview() {
  const all = useLoaded(`progress ${progressVersion.value}`, async () => {
    const [practice, { changes }, reminder] = await Promise.all([
      askPractice(),
      askChanges(0),
      call<Reminder>("GET", "/api/users/me/reminder"),
    ]);
    return { ...practice, changes, reminder };
  });
  const practised = new Set(all.data?.skills.map((s) => s.skill?.id));
  const others = all.data?.catalogue.filter((s) => !practised.has(s.id)) ?? [];
  return (
    <main class="page wide">
      <PageTitle title="Progress">Progress</PageTitle>
      <Failure text={all.error} retry={() => void all.reload()} />
      {!all.data && !all.error && <Waiting lines={8} />}
      {all.data && (
        <>
          <ReminderNote reminder={all.data.reminder} />
          <section aria-labelledby="skills-title">
            <h2 id="skills-title">What you practise</h2>
            {all.data.skills.length === 0 && <Empty>You practise no skill yet. Choose one below.</Empty>}
            <ul class="cards big">
              {all.data.skills.map((s) => (
                <SkillCard
                  key={s.skill?.id}
                  userSkill={s}
                  changes={all.data?.changes.filter((c) => c.skill_id === s.skill?.id) ?? []}
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
  changes: LevelChange[];
  training: Training | undefined;
  onChange: () => void;
}

function SkillCard({ userSkill, changes, training, onChange }: SkillCardProps) {
  const skill = userSkill.skill;
  if (!skill) return null;
  const steps = stepsOf(changes);
  return (
    <li class="card skill">
      <header class="section-head">
        <div>
          <h3 dir="auto">
            <Link to={`/progress/${skill.id}`}>{skill.name}</Link>
          </h3>
          <p class="hint" dir="auto">
            {skill.description}
          </p>
        </div>
        <p class="level">
          <span class="hidden">Level </span>
          {userSkill.level}
          <small> of {MAX_LEVEL}</small>
        </p>
      </header>
      <Milestones steps={steps} level={userSkill.level} />
      <LevelChart skill={skill.name} steps={steps} before={levelBefore(changes)} height={130} />
      <TrainingPlan skill={skill} training={training} onChange={onChange} />
      <p>
        <Link to={`/progress/${skill.id}`}>
          How it came about<span class="hidden">: {skill.name}</span>
        </Link>
      </p>
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
