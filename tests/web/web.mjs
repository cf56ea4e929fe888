#!/usr/bin/env node
// The web app as people use it: web.mjs BUILD SOCIALIZERD GATEWAY SOCIALIZER
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";
import { Person, launch } from "./person.mjs";
import { Servers, until } from "./servers.mjs";

const [build, ...programs] = process.argv.slice(2);
const web = join(build, "web");
const screenshots = join(build, "screenshots");
const axe = createRequire(import.meta.url)("axe-core").source;
const servers = new Servers(...programs, web);

async function files_are_compressed_kept_and_pages_found() {
  const script = readdirSync(join(web, "assets")).find((n) => n.endsWith(".js"));
  const plain = await servers.get(`/assets/${script}`);
  const packed = await servers.get(`/assets/${script}`, { "Accept-Encoding": "gzip, deflate, br" });
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.ok(packed.body.length < 60 * 1024);
  assert.deepEqual(gunzipSync(packed.body), plain.body);
  assert.notEqual(packed.headers.etag, plain.headers.etag);
  for (const answer of [plain, packed]) {
    assert.equal(answer.headers["content-type"], "text/javascript; charset=utf-8");
    assert.equal(answer.headers["cache-control"], "public, max-age=31536000, immutable");
    assert.match(answer.headers.vary, /Accept-Encoding/);
  }
  const again = await servers.get(`/assets/${script}`, { "If-None-Match": plain.headers.etag });
  assert.equal(again.status, 304);

  const page = await servers.get("/rooms/7", { Accept: "text/html,*/*;q=0.8" });
  assert.equal(page.status, 200);
  assert.equal(page.headers["cache-control"], "no-cache");
  assert.match(page.headers["content-security-policy"], /default-src 'self'/);
  assert.doesNotMatch(page.headers["content-security-policy"], /unsafe/);
  assert.equal((await servers.get("/rooms/7", { Accept: "application/json" })).status, 404);
  assert.equal((await servers.get("/api/nothing", { Accept: "text/html" })).status, 404);
  assert.equal((await servers.get("/assets/no.js", { Accept: "text/html" })).status, 404);
  assert.equal((await servers.get("/docs", { Accept: "text/html" })).status, 200);
}

async function wrong_input_is_said_where_it_is(ada) {
  const { page } = ada;
  await page.goto("/");
  ada.expectsTrouble = true;
  await page.getByLabel("User name").fill("nobody");
  await page.getByLabel("Password").fill("password123");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("User name").fill("spaces are wrong");
  await page.getByLabel("E-mail").fill("x@example.org");
  await page.getByLabel("Password").fill("password123");
  await page.keyboard.press("Enter");
  await page.getByText(/letters, digits, '_', '.' and '-'/).waitFor();
  assert.equal(await page.getByLabel("User name").getAttribute("aria-invalid"), "true");
  ada.expectsTrouble = false;
}

async function two_people_talk(ada, grace) {
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

async function nothing_that_is_written_becomes_html(ada, grace) {
  const evil = '<img src=x onerror="document.title=1"> [x](javascript:alert(1)) [ok](https://example.org/a)';
  await ada.say(evil);
  const message = grace.message("onerror");
  await message.waitFor();
  assert.equal(await message.locator("img").count(), 0);
  const links = message.locator(".markdown a");
  assert.equal(await links.count(), 1);
  assert.match(await links.getAttribute("rel"), /noopener/);
  await ada.say("שלום לכולם");
  const hebrew = grace.message("שלום").locator(".markdown p");
  assert.equal(await hebrew.evaluate((p) => getComputedStyle(p).direction), "rtl");
}

async function rooms_are_made_invited_to_and_joined(ada, grace) {
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

async function older_messages_come_as_one_scrolls(ada) {
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

async function a_cut_connection_loses_and_doubles_nothing(ada, grace) {
  await ada.page.goto("/");
  await ada.enter("general");
  await grace.enter("general");
  ada.expectsTrouble = true;
  await ada.context.setOffline(true);
  await ada.page.getByText(/^Connecting…/).waitFor();
  for (const text of ["offline one", "offline two"]) await ada.say(text);
  assert.equal(await ada.page.locator("[data-unsent]").count(), 2);
  for (const text of ["meanwhile one", "meanwhile two"]) await grace.say(text);
  await grace.sees(["meanwhile one", "meanwhile two"]);
  await ada.context.setOffline(false);
  const all = ["meanwhile one", "meanwhile two", "offline one", "offline two"];
  await ada.sees(all);
  await grace.sees(all);

  // Written offline, and the page closed before the connection is back.
  await ada.context.setOffline(true);
  await ada.say("kept over a reload");
  await ada.page.locator("[data-unsent]").waitFor();
  await ada.context.setOffline(false);
  await ada.page.reload();
  await ada.sees([...all, "kept over a reload"]);
  await grace.sees([...all, "kept over a reload"]);
  ada.expectsTrouble = false;
}

async function a_service_that_dies_is_waited_for(ada, grace) {
  ada.expectsTrouble = grace.expectsTrouble = true;
  await ada.say("before");
  await grace.sees(["before"]);
  await servers.killService();
  await ada.say("while it is away");
  await grace.say("me too");
  servers.startService();
  await servers.ready();
  await ada.say("afterwards");
  await until("both are there", async () => (await grace.texts()).includes("while it is away"));
  for (const person of [ada, grace]) {
    await until("nothing waits", async () => (await person.page.locator("[data-unsent]").count()) === 0);
    await person.message("afterwards").waitFor();
    const texts = await person.texts();
    for (const text of ["before", "while it is away", "me too", "afterwards"])
      assert.equal(texts.filter((t) => t === text).length, 1, `${text}: ${texts}`);
  }
  assert.deepEqual((await ada.texts()).slice(-4), (await grace.texts()).slice(-4));
  ada.expectsTrouble = grace.expectsTrouble = false;
}

async function the_coach_answers_and_can_be_stopped(ada) {
  const { page } = ada;
  await page.getByRole("link", { name: "Coach" }).click();
  await page.getByRole("textbox", { name: "Message to the coach" }).fill("Hello coach");
  await page.keyboard.press("Enter");
  await page.locator(".turn:not(.mine)", { hasText: "I am the built-in coach" }).waitFor();
  await page.getByRole("button", { name: "Ask", exact: true }).waitFor();
  // An answer that does not come.
  await page.route("**/api/ai-chat", () => {});
  const aborted = page.waitForEvent("requestfailed", (r) => r.url().endsWith("/api/ai-chat"));
  await page.getByRole("textbox", { name: "Message to the coach" }).fill("And now?");
  await page.keyboard.press("Enter");
  await page.getByText("Thinking…").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await aborted;
  await page.getByRole("button", { name: "Ask", exact: true }).waitFor();
  await page.unroute("**/api/ai-chat");
  await page.reload();
  await page.locator(".turn:not(.mine)", { hasText: "I am the built-in coach" }).waitFor();
}

async function progress_and_settings_are_kept(ada) {
  const { page } = ada;
  await page.getByRole("link", { name: "Progress" }).click();
  // Empathy and active listening are there from the start.
  await page.getByLabel("Status of the training in empathy").waitFor();
  await page.getByRole("button", { name: /^Practise\s+clarity/ }).click();
  const card = page.locator(".card.skill", { hasText: "clarity" });
  await card.getByRole("slider", { name: /^Level/ }).fill("4");
  await page.getByRole("button", { name: /^Start a training\s+in clarity/ }).click();
  await page.getByLabel("Status of the training in clarity").selectOption("completed");
  await page.getByText("100 %").waitFor();
  await page.reload();
  await page.getByText("Level 4 of 10").waitFor();
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("slider", { name: /^Temperature/ }).fill("0");
  await until("it is kept", async () => (await ada.get("/api/users/me")).temperature === 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal((await ada.context.cookies()).length, 0);
}

const pages = [
  ["rooms", "/rooms", "general"],
  ["room", "/rooms/1", "kept over a reload"],
  ["members", "/rooms/1", "People"],
  ["public", "/rooms", "Public"],
  ["new-room", "/rooms", "New room"],
  ["coach", "/coach", "Coach"],
  ["progress", "/progress", "empathy"],
  ["settings", "/settings", "Profile"],
  ["admin", "/admin", "grace@example.org"],
  ["nowhere", "/nowhere", "There is no such page"],
];
const buttons = { members: "People", public: "Public", "new-room": "New room" };

async function check(page, name) {
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join("; ")}`);
  assert.deepEqual(found, [], name);
  // Nothing is wider than the screen.
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }));
  assert.ok(scroll <= client, `${name} is ${scroll} px wide`);
}

async function every_page_is_for_everybody(browser, admin, width, colorScheme) {
  const storageState = await admin.context.storageState();
  const size = { viewport: { width, height: width < 500 ? 844 : 900 }, colorScheme };
  const somebody = await Person.at(browser, servers.url, size);
  await somebody.page.goto("/");
  await somebody.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await check(somebody.page, `sign-in-${width}-${colorScheme}`);
  somebody.isContent();
  const person = await Person.at(browser, servers.url, { ...size, storageState });
  for (const [name, path, text] of pages) {
    await person.page.goto(path);
    await person.page.locator("main h1").waitFor();
    if (buttons[name]) await person.page.getByRole("button", { name: buttons[name], exact: true }).click();
    await person.page.getByText(text).first().waitFor();
    await until("nothing is on its way", async () => (await person.page.locator(".waiting").count()) === 0);
    await check(person.page, `${name}-${width}-${colorScheme}`);
  }
  person.isContent();
  await somebody.context.close();
  await person.context.close();
}

function prepare() {
  mkdirSync(screenshots, { recursive: true });
  servers.call("CreateUser", { username: "boss", email: "boss@example.org", password: "password123", role: "admin" });
}

async function run(what, ...parameters) {
  const begin = Date.now();
  await what(...parameters);
  for (const person of parameters) if (person instanceof Person) person.isContent();
  console.log(`ok ${what.name.replaceAll("_", " ")} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
}

const browsers = [];
try {
  await servers.start();
  prepare();
  browsers.push(...(await Promise.all([launch(), launch()])));
  const [first, second] = browsers;
  const ada = await Person.at(first, servers.url);
  const grace = await Person.at(second, servers.url);
  await run(files_are_compressed_kept_and_pages_found);
  await run(wrong_input_is_said_where_it_is, ada);
  await ada.register("ada");
  await grace.register("grace");
  await run(two_people_talk, ada, grace);
  await run(nothing_that_is_written_becomes_html, ada, grace);
  await run(rooms_are_made_invited_to_and_joined, ada, grace);
  await run(older_messages_come_as_one_scrolls, ada);
  await run(a_cut_connection_loses_and_doubles_nothing, ada, grace);
  await run(a_service_that_dies_is_waited_for, ada, grace);
  await run(the_coach_answers_and_can_be_stopped, ada);
  await run(progress_and_settings_are_kept, ada);
  const boss = await Person.at(first, servers.url);
  await boss.signIn("boss");
  for (const width of [390, 1440])
    for (const scheme of ["light", "dark"]) await run(every_page_is_for_everybody, first, boss, width, scheme);
} catch (error) {
  console.error(error);
  for (const [i, browser] of browsers.entries())
    for (const context of browser.contexts())
      for (const page of context.pages())
        await page.screenshot({ path: join(screenshots, `failed-${i}.png`) }).catch(() => {});
  process.exitCode = 1;
} finally {
  for (const browser of browsers) await browser.close();
  await servers.stop();
}
