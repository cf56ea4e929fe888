// Every page, on a phone and a desk, in light and dark, for everybody.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Person } from "../person.mjs";
import { until } from "../servers.mjs";

const axe = createRequire(import.meta.url)("axe-core").source;

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

async function check(page, screenshots, name) {
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
  await check(somebody.page, screenshots, `sign-in-${width}-${colorScheme}`);
  somebody.isContent();
  const person = await Person.at(browser, servers.url, { ...size, storageState });
  for (const [name, path, text] of pages) {
    await person.page.goto(path);
    await person.page.locator("main h1").waitFor();
    if (buttons[name]) await person.page.getByRole("button", { name: buttons[name], exact: true }).click();
    await person.page.getByText(text).first().waitFor();
    await until("nothing is on its way", async () => (await person.page.locator(".waiting").count()) === 0);
    await check(person.page, screenshots, `${name}-${width}-${colorScheme}`);
  }
  person.isContent();
  await somebody.context.close();
  await person.context.close();
}
