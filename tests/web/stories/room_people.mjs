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

// What the page's menu of somebody in the room offers.
async function manage(page, name, what) {
  const item = page.locator(".member", { hasText: name });
  if ((await item.locator("details[open]").count()) === 0) await item.getByLabel(`Manage ${name}`).click();
  await item.getByRole("button", { name: what }).click();
}

function note(page, name, text) {
  return page.locator(".member", { hasText: name }).locator(".item-note", { hasText: text });
}

export async function members_are_raised_muted_banned_and_invited({ ada, grace }) {
  const { page } = ada;
  const box = grace.page.getByRole("textbox", { name: /^Message to/ });
  await manage(page, "grace", "Make moderator");
  await note(page, "grace", "moderator").waitFor();
  await grace.page.getByRole("button", { name: "Settings of the room" }).waitFor();
  await manage(page, "grace", "No longer moderator");
  await page.getByLabel("Mute grace for").selectOption("3600");
  await note(page, "grace", "muted").waitFor();
  await grace.page.getByText(/^You cannot write here until/).waitFor();
  await manage(page, "grace", "Unmute");
  await grace.page.getByText(/^You cannot write here until/).waitFor({ state: "detached" });
  await box.fill("What I wanted to say");
  await manage(page, "grace", "Ban");
  await page.getByRole("dialog").getByRole("button", { name: "Ban" }).click();
  await grace.page.getByRole("heading", { name: "You are banned from this room." }).waitFor();
  await grace.page.getByText("What I wanted to say").waitFor();
  await page.getByRole("button", { name: /^Lift the ban/ }).click();
  await page.getByLabel("Invite").fill("grace");
  await page.getByRole("button", { name: "Invite" }).click();
  await page.getByRole("button", { name: /^Take back/ }).waitFor();
  await grace.page.getByRole("link", { name: "To the rooms" }).click();
  await grace.page.getByRole("button", { name: /^Accept ?: Rehearsals & more/ }).click();
  await grace.page.getByRole("heading", { level: 1, name: "Rehearsals & more" }).waitFor();
  assert.equal(await box.inputValue(), "What I wanted to say");
  await box.fill("");
}

// The creator is another one then, and whoever was it is a moderator, on both screens at once.
export async function a_room_is_handed_over_and_back({ ada, grace }) {
  await grace.page.getByRole("button", { name: "People", exact: true }).click();
  for (const [from, to] of [[ada, grace], [grace, ada]]) {
    await manage(from.page, to.username, "Hand the room over");
    await from.page.getByRole("dialog").getByRole("button", { name: "Hand over" }).click();
    for (const { page } of [ada, grace]) {
      await note(page, to.username, "creator").waitFor();
      await note(page, from.username, "moderator").waitFor();
    }
    await to.page.getByRole("button", { name: "Delete room" }).waitFor();
    assert.equal(await from.page.getByRole("button", { name: "Delete room" }).count(), 0);
    assert.equal(await from.page.getByLabel(`Manage ${to.username}`).count(), 0);
  }
  await manage(ada.page, "grace", "No longer moderator");
  await note(ada.page, "grace", "moderator").waitFor({ state: "detached" });
  for (const { page } of [ada, grace]) await page.getByRole("button", { name: "People", exact: true }).click();
}

// In the general room administrators say who may write, and who may be there.
export async function an_administrator_mutes_and_bans_in_the_general_room({ ada, grace, boss }) {
  const box = grace.page.getByRole("textbox", { name: /^Message to/ });
  for (const person of [ada, grace, boss]) {
    await person.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Rooms" }).click();
    await person.enter("general");
  }
  for (const { page } of [ada, boss]) await page.getByRole("button", { name: "People", exact: true }).click();
  await note(ada.page, "grace", "online").waitFor();
  assert.equal(await ada.page.getByLabel("Manage grace").count(), 0);

  // Muted in the middle of a sentence: it stays, and is not sent.
  await box.fill("In the middle of");
  await boss.page.getByLabel("Manage grace").click();
  await boss.page.getByLabel("Mute grace for").selectOption("3600");
  await note(boss.page, "grace", "muted").waitFor();
  await grace.page.getByText(/^You cannot write here until/).waitFor();
  await box.press("Enter");
  assert.equal(await grace.page.getByRole("button", { name: "Send", exact: true }).isDisabled(), true);
  assert.equal(await box.inputValue(), "In the middle of");
  await manage(boss.page, "grace", "Unmute");
  await grace.page.getByText(/^You cannot write here until/).waitFor({ state: "detached" });
  await box.press("Enter");
  await ada.sees(["In the middle of"]);

  // Muted while the connection was away: the server refuses what was written meanwhile, and it stays.
  const { id } = await grace.get("/api/users/me");
  grace.expectsTrouble = true;
  await grace.context.setOffline(true);
  await grace.page.getByText(/^Connecting…/).waitFor();
  await grace.say("said offline");
  await boss.call("PATCH", `/api/rooms/1/members/${id}`, { mute_seconds: 3600 });
  await note(boss.page, "grace", "muted").waitFor();
  await grace.context.setOffline(false);
  const refused = grace.page.locator("[data-unsent]", { hasText: "said offline" });
  await refused.getByRole("alert").getByText(/you are muted/).waitFor();
  grace.expectsTrouble = false;
  await manage(boss.page, "grace", "Unmute");
  await refused.getByRole("button", { name: "Send again" }).click();
  for (const person of [ada, grace]) await person.sees(["In the middle of", "said offline"]);

  await box.fill("Before I go");
  await manage(boss.page, "grace", "Ban");
  await boss.page.getByRole("dialog").getByRole("button", { name: "Ban" }).click();
  await grace.page.getByRole("heading", { name: "You are banned from this room." }).waitFor();
  await grace.page.getByText("Before I go").waitFor();
  await boss.page.getByRole("button", { name: /^Lift the ban/ }).waitFor();
  assert.equal(await ada.page.getByRole("button", { name: /^Lift the ban/ }).count(), 0);
  await until("she is not listed", async () => (await ada.page.locator(".member", { hasText: "grace" }).count()) === 0);
  // Who comes anew is told the same, and not asked to join.
  await grace.page.reload();
  await grace.page.getByRole("heading", { name: "You are banned from this room." }).waitFor();
  assert.equal(await grace.page.getByRole("button", { name: "Join" }).count(), 0);
  await boss.page.getByRole("button", { name: /^Lift the ban/ }).click();
  await box.waitFor();
  await grace.say("Here again");
  await ada.sees(["Here again"]);
  for (const { page } of [ada, boss]) await page.getByRole("button", { name: "People", exact: true }).click();
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
