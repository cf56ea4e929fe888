// Rooms, and talking in them.
import assert from "node:assert/strict";
import { until } from "../servers.mjs";

export async function two_people_talk({ ada, grace }) {
  await ada.enter("general");
  await grace.enter("general");
  await ada.page.getByRole("textbox", { name: /^Message to/ }).pressSequentially("Hel");
  await grace.page.getByText("ada is typing…").waitFor();
  await ada.say("Hello grace");
  await grace.sees(["Hello grace"]);
  await grace.say("Hello ada");
  await ada.sees(["Hello grace", "Hello ada"]);
  await until("nobody types any more", async () => (await grace.page.getByText("typing…").count()) === 0);
  await grace.page.locator('[aria-label="New messages"]', { hasText: "ada: Hello grace" }).waitFor({ state: "attached" });

  await ada.act("Hello grace", "Edit");
  await ada.page.getByLabel("Edit the message").fill("Hello **grace** & `all`");
  await ada.page.keyboard.press("Control+Enter");
  await ada.page.getByRole("button", { name: "Save" }).click();
  await until("the focus is back", () => ada.page.evaluate(() => document.activeElement.ariaLabel?.startsWith("Actions for")));
  await grace.message("Hello grace & all").locator("strong", { hasText: "grace" }).waitFor();
  await grace.page.getByText("edited").waitFor();

  await grace.act("Hello grace & all", "React with 👍");
  await ada.message("Hello grace").getByRole("button", { name: "👍 1" }).click();
  await grace.message("Hello grace").getByRole("button", { name: "👍 2" }).waitFor();

  await grace.act("Hello grace & all", "Reply");
  await grace.say("An answer");
  await ada.message("An answer").locator("blockquote", { hasText: "ada" }).waitFor();

  await grace.act("Hello ada", "Delete");
  await ada.page.getByText("This message has been deleted.").waitFor();
  await ada.page.getByRole("button", { name: "People", exact: true }).click();
  await ada.page.getByText("2 online").waitFor();
  await ada.page.getByRole("button", { name: "People", exact: true }).click();
}

export async function nothing_that_is_written_becomes_html({ ada, grace }) {
  const evil = '<img src=x onerror="document.title=1"> [x](javascript:alert(1)) [ok](https://example.org/a)';
  await ada.say(evil);
  const message = grace.message("onerror");
  await message.waitFor();
  assert.equal(await message.locator("img").count(), 0);
  const links = message.locator(".markdown a");
  assert.equal(await links.count(), 1);
  assert.match(await links.getAttribute("rel"), /noopener/);
  // A room's name is somebody's words as well; it stands in the list, the heading and the title.
  const { id } = await ada.post("/api/rooms", { name: evil.slice(0, 60), description: evil, is_public: true });
  await ada.page.goto(`/rooms/${id}`);
  await ada.page.getByRole("heading", { level: 1, name: "onerror" }).waitFor();
  assert.equal(await ada.page.locator("main img, .room-list img").count(), 0);
  assert.match(await ada.page.title(), /^<img/);
  await ada.post(`/api/rooms/${id}/leave`);
  await ada.page.goto("/rooms/1");
  await ada.page.locator(".messages > ol").waitFor({ state: "attached" });
  await ada.say("1. One\n2. *Two*\n> said\n# <b>Loud</b>");
  const list = grace.message("Two").locator(".markdown");
  await list.locator("ol > li > em", { hasText: "Two" }).waitFor();
  await list.locator("blockquote", { hasText: "said" }).waitFor();
  await list.locator("strong", { hasText: "<b>Loud</b>" }).waitFor();
  await ada.say("שלום לכולם");
  const hebrew = grace.message("שלום").locator(".markdown p");
  assert.equal(await hebrew.evaluate((p) => getComputedStyle(p).direction), "rtl");
}

export async function rooms_are_made_invited_to_and_joined({ ada, grace }) {
  const { page } = ada;
  await page.getByRole("button", { name: "New room" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name", { exact: true }).fill("Rehearsals");
  await dialog.getByLabel("Description").fill("Before it counts");
  await dialog.getByLabel("Invite").fill("nobody-of-this-name");
  await dialog.getByText("More options").click();
  await dialog.getByLabel("Password").fill("practice123");
  await dialog.getByLabel("Keep messages").fill("30");
  ada.expectsTrouble = true;
  await dialog.getByRole("button", { name: "Create room" }).click();
  await dialog.getByText("Nobody is called nobody-of-this-name.").waitFor();
  ada.expectsTrouble = false;
  await dialog.getByLabel("Invite").fill("grace");
  await dialog.getByRole("button", { name: "Create room" }).click();
  await page.getByRole("heading", { level: 1, name: "Rehearsals" }).waitFor();
  const { rooms } = await ada.get("/api/rooms");
  const room = rooms.find((r) => r.name === "Rehearsals");
  assert.equal(room.retention_seconds, 30 * 86400);
  assert.equal(room.has_password, true);
  assert.equal(room.is_public, false);

  await grace.page.getByRole("button", { name: /^Accept ?: Rehearsals/ }).click();
  await grace.page.getByRole("heading", { level: 1, name: "Rehearsals" }).waitFor();
  await grace.say("Here I am");
  await ada.sees(["Here I am"]);
  await ada.page.getByRole("button", { name: "People", exact: true }).click();
  await ada.page.locator(".members").getByText("creator").waitFor();
  await ada.page.getByRole("button", { name: "People", exact: true }).click();

  // Unread elsewhere, until it is looked at.
  await ada.enter("general");
  await grace.say("Are you there?");
  const item = ada.page.locator(".room-list .item").filter({ hasText: "Rehearsals" });
  await item.locator(".badge").waitFor();
  await ada.enter("Rehearsals");
  await ada.page.getByText("New", { exact: true }).waitFor();
  await until("it is read", async () => (await item.locator(".badge").count()) === 0);
  await grace.page.getByText("Seen by 1").waitFor();
}

export async function older_messages_come_as_one_scrolls({ ada }) {
  const { id } = await ada.post("/api/rooms", { name: "Long", is_public: true });
  for (let i = 1; i <= 130; i++) await ada.post(`/api/rooms/${id}/messages`, { content: `number ${i}` });
  await ada.page.goto(`/rooms/${id}`);
  await ada.message("number 130").waitFor();
  await until("the end is in sight", () => isAtEnd(ada.page));
  const wanted = Array.from({ length: 130 }, (_, i) => `number ${i + 1}`);
  await until("the first one is there", async () => {
    await ada.page.locator(".messages").evaluate((b) => (b.scrollTop = 0));
    return (await ada.texts()).length >= wanted.length;
  });
  assert.deepEqual(await ada.texts(), wanted);
}

function isAtEnd(page) {
  return page.locator(".messages").evaluate((b) => b.scrollHeight - b.scrollTop - b.clientHeight < 2);
}
