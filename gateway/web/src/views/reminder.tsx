// What there is to say to somebody who comes back: the plans, and how far each is from its next step.
import { Link } from "../router.tsx";
import type { Reminder } from "../wire.ts";

export function ReminderNote({ reminder }: { reminder: Reminder }) {
  return (
    <section class="note reminder" aria-labelledby="reminder-title">
      <h2 id="reminder-title">
        Welcome back, <bdi>{reminder.username}</bdi>
      </h2>
      {reminder.hint && <p>{reminder.hint}</p>}
      <ul>
        {reminder.plans.map((plan) => (
          <li key={plan.skill_name}>
            <Link to={`/progress/${plan.training?.skill_id}`}>{plan.skill_name}</Link>: level {plan.training?.level ?? 0},{" "}
            {plan.training?.next_milestone ? `next milestone at ${plan.training.next_milestone}, ` : ""}
            {plan.days_left === 0 ? "the planned time is over" : plan.days_left === 1 ? "1 day left" : `${plan.days_left} days left`}
          </li>
        ))}
      </ul>
    </section>
  );
}
