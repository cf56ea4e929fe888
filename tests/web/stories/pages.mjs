// Every page, on a phone and a desk, in light and dark, for everybody.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Person } from "../person.mjs";
import { until } from "../servers.mjs";

const axe = createRequire(import.meta.url)("axe-core").source;

const LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen".repeat(2).slice(0, 100);

// name, address, a text that is there when it is, buttons to press first.
const pages = [
  ["rooms", "/rooms", "general"],
  ["room", "/rooms/1", "kept over a reload"],
  ["members", "/rooms/1", " online", "People"],
  ["room-search", "/rooms/1", "Every word has to be there", "Search in this room"],
  ["room-long", "room of a long name", "مرحبا"],
  ["public", "/rooms", "Public", "Public"],
  ["coach", "/coach", "I am the built-in coach"],
  ["coach-empty", "/coach/t/new", "How do I say no without"],
  ["rehearse", "/coach/rehearse", "Rehearse a draft"],
  ["clarify", "/coach/clarify", "translate it"],
  ["progress", "/progress", "empathy"],
  ["skill", "/progress/1", "How it came about"],
  ["settings", "/settings", "Appearance"],
  ["settings-coach", "/settings/coach", "Which engine"],
  ["settings-preferences", "/settings/preferences", "Preferences"],
  ["settings-security", "/settings/security", "this one"],
  ["settings-data", "/settings/data", "Take your data along"],
  ["admin", "/admin", "The pool of connections"],
  ["admin-people", "/admin/users", "grace@example.org"],
  ["admin-statements", "/admin/statements", "SELECT"],
  ["admin-coach", "/admin/coach", "The coach of the server"],
  ["nowhere", "/nowhere", "There is no such page"],
];

// Something to see on each page; names as long as they may be, and words from right to left.
export async function there_is_something_to_see({ boss }) {
  await boss.post("/api/ai-chat", { message: "Hello coach" });
  await boss.post("/api/users/me/skills", { skill_id: 3 });
  const description = "وصف طويل. ".repeat(20);
  const room = await boss.post("/api/rooms", { name: LONG, description, is_public: true, coach_enabled: true });
  boss.longRoom = `/rooms/${room.id}`;
  const post = (content) => boss.post(`/api/rooms/${room.id}/messages`, { content });
  await post("مرحبا بالجميع، كيف حالكم اليوم؟");
  await post(`${LONG}${LONG}${LONG}`);
  await post("# no heading\n\n```\ncode that is very, very wide: " + "x".repeat(200) + "\n```\nand **bold** https://example.org/" + "a".repeat(120));
  await boss.post("/api/rooms", { name: "غرفة الحوار", description: "نتحدث هنا" });
}

// What comes late has its place already. Below 0.1 is what is called good.
async function jumpOf(page, name) {
  const shift = await page.evaluate(
    () =>
      new Promise((resolve) => {
        let sum = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => setTimeout(() => resolve(sum), 0));
      }),
  );
  return shift < 0.1 ? "" : `${name} jumps by ${shift.toFixed(3)}`;
}

// As on a first visit: what is loaded of script, as it comes over the wire.
async function a_first_visit_is_light(page) {
  const bytes = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((e) => e.name.endsWith(".js"))
      .reduce((n, e) => n + e.encodedBodySize, 0),
  );
  assert.ok(bytes > 0 && bytes < 60 * 1024, `${bytes} bytes of script`);
}

export function atRest(page) {
  return until("nothing is on its way", async () => (await page.locator(".waiting").count()) === 0);
}

export async function check(page, screenshots, name) {
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

export async function every_page_is_for_everybody({ servers, screenshots, first: browser, boss: admin }, width, colorScheme) {
  const storageState = await admin.context.storageState();
  const size = { viewport: { width, height: width < 500 ? 844 : 900 }, colorScheme };
  const somebody = await Person.at(browser, servers.url, size);
  await somebody.page.goto("/");
  await somebody.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await a_first_visit_is_light(somebody.page);
  await check(somebody.page, screenshots, `sign-in-${width}-${colorScheme}`);
  somebody.isContent();
  const person = await Person.at(browser, servers.url, { ...size, storageState });
  // All that is wrong, not only the first of it.
  const wrong = [];
  for (const [name, path, text, ...buttons] of pages) {
    await person.page.goto(path.startsWith("/") ? path : admin.longRoom);
    await person.page.locator("main h1").waitFor();
    for (const button of buttons) await person.page.getByRole("button", { name: button, exact: true }).click();
    await person.page.getByText(text).first().waitFor();
    await atRest(person.page);
    if (buttons.length === 0) wrong.push(await jumpOf(person.page, name));
    await check(person.page, screenshots, `${name}-${width}-${colorScheme}`).catch((e) => wrong.push(e.message));
  }
  assert.deepEqual(wrong.filter(Boolean), []);
  person.isContent();
  await somebody.context.close();
  await person.context.close();
}
