// What a room's creator and moderators do: settings, roles, muting, banning, inviting.
import assert from "node:assert/strict";
import { until } from "../servers.mjs";

export async function a_room_is_set_by_who_may({ ada, grace }) {
  const { page } = ada;
  await page.getByRole("button", { name: "Mine" }).click();
  await ada.enter("Rehearsals");
  await grace.enter("Rehearsals");
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.getByRole("button", { name: "Settings of the room" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Rehearsals & more");
  await dialog.getByLabel("Take the password away").check();
  await dialog.getByLabel("Keep messages").fill("0.5");
  await dialog.getByRole("checkbox", { name: /^Coach/ }).check();
  await dialog.getByLabel("What it is told").selectOption("conversation");
  await dialog.getByRole("button", { name: "Save" }).click();
  await grace.page.getByRole("heading", { level: 1, name: "Rehearsals & more" }).waitFor();
  const { rooms } = await ada.get("/api/rooms");
  const room = rooms.find((r) => r.name === "Rehearsals & more");
  assert.deepEqual(
    [room.has_password, room.retention_seconds, room.coach_enabled, room.coach_hears, room.is_public],
    [false, 43_200, true, "conversation", false],
  );
  // Grace is no moderator, and decides for herself what the coach hears.
  await grace.page.getByRole("button", { name: "People", exact: true }).click();
  assert.equal(await grace.page.getByRole("button", { name: "Settings of the room" }).count(), 0);
  await grace.page.getByRole("checkbox", { name: /^Let it hear me/ }).check();
  await until("it may hear her", async () => (await grace.get(`/api/rooms/${room.id}`)).coach_consent === true);
}

export async function members_are_raised_muted_banned_and_invited({ ada, grace }) {
  const { page } = ada;
  const item = page.locator(".member", { hasText: "grace" });
  const manage = async (what) => {
    if ((await item.locator("details[open]").count()) === 0) await item.getByLabel("Manage grace").click();
    await item.getByRole("button", { name: what }).click();
  };
  await manage("Make moderator");
  await item.locator(".item-note", { hasText: "moderator" }).waitFor();
  await grace.page.getByRole("button", { name: "Settings of the room" }).waitFor();
  await manage("No longer moderator");
  await item.getByLabel("Mute grace for").selectOption("3600");
  await item.locator(".item-note", { hasText: "muted" }).waitFor();
  await grace.page.getByText(/^You cannot write here until/).waitFor();
  await manage("Unmute");
  await grace.page.getByRole("textbox", { name: /^Message to/ }).waitFor();
  await manage("Ban");
  await page.getByRole("dialog").getByRole("button", { name: "Ban" }).click();
  await grace.page.getByText("You are no longer in this room.").waitFor();
  await page.getByRole("button", { name: /^Lift the ban/ }).click();
  await page.getByLabel("Invite").fill("grace");
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("button", { name: /^Take back/ }).waitFor();
  await grace.page.getByRole("link", { name: "To the rooms" }).click();
  await grace.page.getByRole("button", { name: /^Accept ?: Rehearsals & more/ }).click();
  await grace.page.getByRole("heading", { level: 1, name: "Rehearsals & more" }).waitFor();
  await page.getByRole("button", { name: "People", exact: true }).click();
}

// What is found is shown where it was said, however far back that is.
export async function what_was_said_is_found({ ada }) {
  const { page } = ada;
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.getByLabel("Search what was said in your rooms").fill("number 3");
  await page.locator(".item", { has: page.getByText("number 3", { exact: true }) }).click();
  await page.getByRole("heading", { level: 1, name: "Long" }).waitFor();
  const message = page.locator(".message.shown", { has: page.getByText("number 3", { exact: true }) });
  await message.waitFor();
  await until("it is in sight", () =>
    message.evaluate((m) => {
      const { top, bottom } = m.getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    }),
  );
  await page.getByRole("button", { name: "↓ To the latest" }).click();
  await until("the end is in sight", () => page.locator(".messages").evaluate((b) => b.scrollHeight - b.scrollTop - b.clientHeight < 2));
  await page.getByRole("button", { name: "Search in this room" }).click();
  await page.getByLabel("Search what was said here").fill("number 77");
  await page.getByRole("complementary", { name: "Search" }).getByRole("link").first().click();
  await page.locator(".message.shown", { hasText: "number 77" }).waitFor();
}
