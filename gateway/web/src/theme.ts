// Light or dark: as the device says, or as one has chosen. The choice is a preference of the account, and
// kept in the browser as well, so that the page has it from its first moment.
import { effect, signal } from "@preact/signals";
import { call } from "./api.ts";
import { me } from "./session.ts";
import type { Preference } from "./wire.ts";

export type Theme = "system" | "light" | "dark";
const themes: Theme[] = ["system", "light", "dark"];
const KEY = "theme";

export const theme = signal<Theme>(kept());

function kept(): Theme {
  try {
    return themeOf(localStorage.getItem(KEY));
  } catch {
    return "system";
  }
}

function themeOf(value: unknown): Theme {
  return themes.find((t) => t === value) ?? "system";
}

effect(() => {
  const chosen = theme.value;
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Then the next page begins as the device says.
  }
});

// Another device may have chosen.
let asked = 0;
effect(() => {
  const id = me.value?.id ?? 0;
  if (id === asked) return;
  asked = id;
  if (id) void ask().catch(() => {});
});

async function ask(): Promise<void> {
  const { preferences } = await call<{ preferences: Preference[] }>("GET", "/api/users/me/preferences?type=interface");
  theme.value = themeOf(preferences.find((p) => p.key === "theme")?.value);
}

export async function chooseTheme(chosen: Theme): Promise<void> {
  theme.value = chosen;
  await call("PUT", "/api/users/me/preferences/interface/theme", { value: chosen });
}
