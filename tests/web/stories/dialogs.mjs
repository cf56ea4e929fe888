// Every dialog: for everybody, opened and closed by the keyboard alone, and the focus is back where it was.
import assert from "node:assert/strict";
import { Person } from "../person.mjs";
import { until } from "../servers.mjs";
import { atRest, check } from "./pages.mjs";
import { LISTENING } from "./progress.mjs";

const button = (name) => (page) => page.getByRole("button", { name });
const ofPeople = (name) => async (page) => {
  await page.getByRole("button", { name: "People", exact: true }).click();
  return page.getByRole("button", { name, exact: true });
};

async function ofGrace(page, name) {
  await page.getByRole("button", { name: "People", exact: true }).click();
  await page.getByLabel("Manage grace").click();
  return page.locator(".member", { hasText: "grace" }).getByRole("button", { name });
}

async function ofADraft(page) {
  await page.getByRole("textbox", { name: /^Message to/ }).fill("You never listen to me.");
  return page.getByRole("button", { name: "Rehearse with the coach before you send" });
}

// What is chosen goes with the menu, to whose button the focus comes back.
async function ofAMessage(page) {
  const menu = page.getByRole("button", { name: /^Actions for/ }).last();
  await menu.focus();
  await page.keyboard.press("Enter");
  return [page.getByRole("button", { name: "Clarify" }), menu];
}

async function ofAConversation(page) {
  const list = page.getByRole("button", { name: "☰ Conversations" });
  if (await list.isVisible()) await list.click();
  return page.getByRole("button", { name: /^Delete the conversation/ }).first();
}

// name, address, title, and how to come to the button that opens it; what has the focus afterwards, where
// that is another.
const dialogs = [
  ["new-room", "/rooms", "New room", button("New room")],
  ["room-settings", "the room", "Settings of the room", ofPeople("Settings of the room")],
  ["member-hand-over", "the room", "Hand the room to grace?", (page) => ofGrace(page, "Hand the room over")],
  ["member-remove", "the room", "Remove grace?", (page) => ofGrace(page, "Remove")],
  ["member-ban", "the room", "Ban grace?", (page) => ofGrace(page, "Ban")],
  ["leave-room", "the room", "Leave this room?", ofPeople("Leave")],
  ["delete-room", "the room", "Delete this room?", ofPeople("Delete room")],
  ["rehearse-message", "the room", "How it is likely to be taken", ofADraft],
  ["clarify-message", "the room", "Say it more clearly, or translate it", ofAMessage],
  ["delete-conversation", "/coach", "Delete this conversation?", ofAConversation],
  ["dispute", "the skill", "Dispute this change?", (page) => page.getByRole("button", { name: /^Dispute/ }).first()],
  ["delete-preferences", "/settings/preferences", "Delete all preferences?", button("Delete all")],
  ["delete-conversations", "/settings/data", "Delete all conversations?", button("Delete all conversations")],
  ["delete-account", "/settings/data", "Delete your account?", button("Delete account")],
  ["admin-master-key", "/admin", "Rotate the master key?", button("Rotate the master key")],
  ["admin-new", "/admin/users", "New account", button("New account")],
  ["admin-password", "/admin/users", "A new password for grace", button("Password of grace")],
  ["admin-delete", "/admin/users", "Delete grace?", button("Delete grace")],
];

export async function there_is_something_to_ask({ boss, grace }) {
  const room = await boss.post("/api/rooms", { name: "Company", is_public: true });
  await grace.post(`/api/rooms/${room.id}/join`);
  for (const content of [...LISTENING, ...LISTENING]) await boss.post(`/api/rooms/${room.id}/messages`, { content });
  await until("a level has moved", async () => (await boss.get("/api/users/me/levels")).changes.length > 0);
  const [{ skill_id }] = (await boss.get("/api/users/me/levels")).changes;
  await boss.call("PUT", "/api/users/me/preferences/talk/tone", { value: "calm" });
  boss.places = { "the room": `/rooms/${room.id}`, "the skill": `/progress/${skill_id}` };
}

function isInside(page) {
  return page.evaluate(() => document.querySelector("dialog").contains(document.activeElement));
}

async function opens_and_closes(page, title, prepare, look) {
  const [opener, heir = opener] = [await prepare(page)].flat();
  await opener.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: title, exact: true });
  await dialog.waitFor();
  await atRest(page);
  assert.ok(await isInside(page), `${title}: the focus is elsewhere`);
  await look();
  // All the way round: what is behind it cannot be reached.
  const n = await dialog.locator("button, input, select, textarea, summary").count();
  for (let i = 0; i <= n; i++) {
    await page.keyboard.press("Tab");
    const where = await page.evaluate(() => document.activeElement === document.body);
    assert.ok(where || (await isInside(page)), `${title}: the focus comes out`);
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await until(`${title}: the focus is back`, () => heir.evaluate((e) => e === document.activeElement), 2_000);
}

export async function every_dialog_is_for_everybody({ servers, screenshots, first: browser, boss }, width, colorScheme) {
  const storageState = await boss.context.storageState();
  const person = await Person.at(browser, servers.url, { viewport: { width, height: width < 500 ? 844 : 900 }, colorScheme, storageState });
  const { page } = person;
  const wrong = [];
  for (const [name, address, title, prepare] of dialogs) {
    await page.goto(boss.places[address] ?? address);
    await page.locator("main h1").waitFor();
    await atRest(page);
    const look = () => check(page, screenshots, `${name}-${width}-${colorScheme}`);
    await opens_and_closes(page, title, prepare, look).catch((e) => wrong.push(`${name}: ${e.message}`));
  }
  assert.deepEqual(wrong, []);
  person.isContent();
  await person.context.close();
}
