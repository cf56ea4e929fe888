// Levels, what they rest on, and trainings.
import assert from "node:assert/strict";
import { until } from "../servers.mjs";

// Two of them ask an open question about the other one, which the built-in coach takes for listening.
export const LISTENING = [
  "What happened then?",
  "How did you feel about that?",
  "I see",
  "That is good to know",
  "What would you like to do about it?",
];

async function changes(person) {
  return (await person.get("/api/users/me/levels")).changes;
}

// What somebody new does: talks to somebody else, and finds that a level has moved by it.
export async function five_messages_move_a_level({ grace }) {
  const { page } = grace;
  await page.goto("/progress");
  await page.getByRole("heading", { name: "Welcome back, grace" }).waitFor();
  await page.getByRole("heading", { name: "What you practise" }).waitFor();
  await page.goto("/rooms/1");
  await page.locator(".messages > ol").waitFor({ state: "attached" });
  // What has been said before counts as well: as many as it takes, and no more than two rounds.
  for (const text of [...LISTENING, ...LISTENING]) await grace.say(text);
  await until("a level has moved", async () => (await changes(grace)).length > 0);
  // It is told at once, wherever one is.
  await page.locator(".notice", { hasText: /is now at level/ }).first().waitFor();
  await page.getByRole("link", { name: "Progress" }).click();
  await page.getByRole("link", { name: "active listening", exact: true }).first().click();
  await page.getByRole("heading", { level: 1, name: "active listening" }).waitFor();
  const [change] = (await changes(grace)).filter((c) => c.skill_name === "active listening");
  const card = page.locator(`[data-change="${change.id}"]`);
  await card.getByText(`From level ${change.old_level} to ${change.new_level}`).waitFor();
  assert.equal(await card.locator(".evidence li").count(), change.evidence.length);
  await card.locator(".evidence").getByText(change.evidence[0].text).waitFor();
  await card.getByRole("link", { name: "general" }).first().waitFor();
  await page.getByRole("img", { name: /^The level in active listening has moved/ }).waitFor();
  await page.getByText("The same as a table").click();
  assert.ok((await page.getByRole("region", { name: "Levels in active listening" }).locator("tbody tr").count()) > 0);
}

export async function a_change_shows_what_it_rests_on_and_can_be_disputed({ grace }) {
  const { page } = grace;
  const before = (await changes(grace)).filter((c) => c.skill_name === "active listening")[0];
  const card = page.locator(`[data-change="${before.id}"]`);
  await card.getByRole("button", { name: /^Dispute/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Why it is wrong").fill("I only <b>asked</b> in jest.");
  await dialog.getByRole("button", { name: "Dispute" }).click();
  await card.getByText("and the level has gone back: I only <b>asked</b> in jest.").waitFor();
  assert.equal(await card.getByRole("button", { name: /^Dispute/ }).count(), 0);
  const { skills } = await grace.get("/api/users/me/skills");
  const now = skills.find((s) => s.skill.name === "active listening").level;
  assert.equal(await page.locator(".level").innerText(), `${now} of 10`);
}

export async function trainings_pause_and_go_on({ ada }) {
  const { page } = ada;
  await page.goto("/progress");
  const card = page.locator(".card.skill", { hasText: "empathy" });
  await card.getByRole("button", { name: "Pause the training in empathy" }).click();
  await card.getByText("Paused").waitFor();
  await card.getByRole("button", { name: "Resume the training in empathy" }).click();
  await card.getByText("Active").waitFor();
  await page.getByRole("button", { name: "Practise clarity" }).click();
  const clarity = page.locator(".card.skill", { hasText: "clarity" });
  await clarity.getByLabel("How long, for clarity").selectOption("14");
  await clarity.getByRole("button", { name: "Start a training in clarity" }).click();
  await clarity.getByText("14 days left").waitFor();
  await clarity.getByRole("link", { name: /^How it came about/ }).click();
  await page.getByText("Set the level yourself").click();
  await page.getByRole("slider", { name: /^Level/ }).fill("4");
  await page.getByRole("button", { name: "Set", exact: true }).click();
  await page.getByText("You judged yourself.", { exact: true }).waitFor();
  await page.getByRole("button", { name: /^Complete/ }).click();
  await page.getByText("100 %").waitFor();
}
