// The account and everything that is the user's own to decide, in parts.
import { Link, path } from "../../router.tsx";
import { PageTitle } from "../parts.tsx";
import { CoachPart } from "./coach.tsx";
import { DataPart } from "./data.tsx";
import { PreferencesPart } from "./preferences.tsx";
import { ProfilePart } from "./profile.tsx";
import { SecurityPart } from "./security.tsx";

const parts = [
  { name: "", label: "Profile", Part: ProfilePart },
  { name: "coach", label: "Coach", Part: CoachPart },
  { name: "preferences", label: "Preferences", Part: PreferencesPart },
  { name: "security", label: "Security", Part: SecurityPart },
  { name: "data", label: "Data", Part: DataPart },
];

export function Settings() {
  const name = path.value.split("/")[2] ?? "";
  const { Part } = parts.find((p) => p.name === name) ?? parts[0]!;
  return (
    <main class="page narrow">
      <PageTitle title="Settings">Settings</PageTitle>
      <nav class="parts scrolls" aria-label="Settings">
        {parts.map((p) => (
          <Link key={p.name} to={p.name ? `/settings/${p.name}` : "/settings"} isExact>
            {p.label}
          </Link>
        ))}
      </nav>
      <Part key={name} />
    </main>
  );
}
