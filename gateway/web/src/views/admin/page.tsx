// For administrators: is all well, who is there, what is slow, which coach there is.
import { Link, path } from "../../router.tsx";
import { PageTitle } from "../parts.tsx";
import { CoachPart } from "./coach.tsx";
import { HealthPart } from "./health.tsx";
import { StatementsPart } from "./statements.tsx";
import { UsersPart } from "./users.tsx";

const parts = [
  { name: "", label: "Health", Part: HealthPart },
  { name: "users", label: "People", Part: UsersPart },
  { name: "statements", label: "Statements", Part: StatementsPart },
  { name: "coach", label: "Coach", Part: CoachPart },
];

export function Admin() {
  const name = path.value.split("/")[2] ?? "";
  const { Part } = parts.find((p) => p.name === name) ?? parts[0]!;
  return (
    <main class="page wide">
      <PageTitle title="Administration">Administration</PageTitle>
      <nav class="parts scrolls" aria-label="Administration">
        {parts.map((p) => (
          <Link key={p.name} to={p.name ? `/admin/${p.name}` : "/admin"} isExact>
            {p.label}
          </Link>
        ))}
      </nav>
      <Part key={name} />
    </main>
  );
}
