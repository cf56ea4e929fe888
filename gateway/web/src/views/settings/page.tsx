// The account and everything that is the user's own to decide, in parts.
import { PartsPage } from "../parts_page.tsx";
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
  return <PartsPage title="Settings" to="/settings" width="narrow" parts={parts} />;
}
