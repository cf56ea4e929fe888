// Skills, how far one is with each, and by what: all of them, or one.
import { path } from "../../router.tsx";
import { Overview } from "./overview.tsx";
import { SkillPage } from "./skill_page.tsx";

export function Progress() {
  const skillId = Number(path.value.split("/")[2]) || 0;
  return skillId ? <SkillPage key={skillId} skillId={skillId} /> : <Overview />;
}
