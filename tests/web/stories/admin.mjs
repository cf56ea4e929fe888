// What administrators do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Person } from "../person.mjs";
import { until } from "../servers.mjs";

export async function accounts_are_made_changed_and_deleted({ servers, first, boss }) {
  const { page } = boss;
  await page.getByRole("link", { name: "Admin" }).click();
  await page.getByRole("navigation", { name: "Administration" }).getByRole("link", { name: "People" }).click();
  await page.getByRole("button", { name: "New account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill("ida");
  await dialog.getByLabel("E-mail").fill("ida@example.org");
  await dialog.getByLabel("Password").fill("password123");
  await dialog.getByRole("button", { name: "Create" }).click();
  const row = page.locator("tr", { hasText: "ida@example.org" });
  const ida = await Person.at(first, servers.url);
  await ida.signIn("ida");
  await row.getByRole("button", { name: /^Password/ }).click();
  await dialog.getByLabel("New password").fill("password456");
  ida.expectsTrouble = true;
  await dialog.getByRole("button", { name: "Set" }).click();
  await ida.page.getByText("Your session has ended. Please sign in again.").waitFor();
  await ida.context.close();
  await row.getByLabel("Role of ida").selectOption("admin");
  await until("she is one", async () => (await boss.get("/api/users/by-username/ida")).role === "admin");
  await row.getByRole("button", { name: /^Delete/ }).click();
  await dialog.getByRole("button", { name: "Delete for good" }).click();
  await row.waitFor({ state: "detached" });
}

export async function the_server_is_looked_at_and_set({ servers, boss }) {
  const { page } = boss;
  const part = (name) => page.getByRole("navigation", { name: "Administration" }).getByRole("link", { name }).click();
  await part("Health");
  await page.getByText("Ready", { exact: true }).waitFor();
  await page.getByRole("img", { name: /^In the last two minutes at most/ }).waitFor();
  await page.locator(".chart polyline").first().waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Prune now" }).click();
  await page.getByText(/events? went\./).waitFor();
  const key = () => readFileSync(join(servers.data, "master.key"));
  const before = key();
  await page.getByRole("button", { name: "Rotate the master key" }).click();
  await page.getByRole("dialog").getByText(/^Back up the new master.key/).waitFor();
  assert.deepEqual(key(), before);
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  await page.getByText(/ sealed with the new one. Back up master.key now.$/).waitFor();
  assert.notDeepEqual(key(), before);
  const { messages } = await boss.get("/api/users/me/messages");
  assert.ok(messages.some((m) => m.content === "Hello coach"));
  await part("Statements");
  await page.getByRole("button", { name: "Longest, ms" }).click();
  await page.locator('th[aria-sort="descending"]', { hasText: "Longest" }).waitFor();
  await page.locator(".sql summary").first().click();
  await page.locator(".sql details[open] pre").waitFor();
  await part("Coach");
  await page.getByLabel("Questions of one user a minute").fill("120");
  await page.getByLabel("Endpoints that users may set").fill("no address");
  boss.expectsTrouble = true;
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".field", { hasText: "Endpoints that users may set" }).locator(".field-error").waitFor();
  boss.expectsTrouble = false;
  await page.getByLabel("Endpoints that users may set").fill("https://api.example.org\nhttps://other.example.org/v1");
  await page.getByLabel("API key").fill("sk-of-the-server");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  const settings = await boss.get("/api/admin/coach/settings");
  assert.deepEqual(settings.allowed_endpoints, ["https://api.example.org", "https://other.example.org/v1"]);
  assert.equal(settings.requests_per_minute, 120);
  assert.equal(settings.has_api_key, true);
  await page.getByRole("button", { name: "Remove the key" }).click();
  await page.getByLabel("API key", { exact: true }).waitFor();
}
