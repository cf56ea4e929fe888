// For administrators: is all well, who is there, what is slow, which coach there is.
import { PartsPage } from "../parts_page.tsx";
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
  return <PartsPage title="Administration" to="/admin" width="wide" parts={parts} />;
}
