// The account: who one is, the coach's settings, preferences, sessions, the data, and the end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Person } from "../person.mjs";
import { until } from "../servers.mjs";
import { check } from "./pages.mjs";

async function open(page, part) {
  await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: part }).click();
}

export async function settings_are_kept({ ada }) {
  const { page } = ada;
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("E-mail").fill("ada@example.com");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").waitFor();
  assert.equal((await ada.get("/api/users/me")).email, "ada@example.com");
  await page.getByRole("button", { name: "Dark" }).click();
  await until("it is dark", () => page.evaluate(() => getComputedStyle(document.body).backgroundColor === "rgb(17, 22, 20)"));
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.getByRole("button", { name: "As the device" }).click();

  await open(page, "Coach");
  await page.getByRole("slider", { name: /^Temperature/ }).fill("0");
  await until("it is kept", async () => (await ada.get("/api/users/me")).temperature === 0);
  await page.getByLabel("API key").fill("sk-secret");
  await page.getByLabel("Language of its answers").fill("de");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("New API key").waitFor();
  assert.equal(await page.getByLabel("New API key").inputValue(), "");
  assert.equal((await ada.get("/api/coach/settings")).language, "de");
  await page.getByRole("button", { name: "Remove the key" }).click();
  await page.getByLabel("API key", { exact: true }).waitFor();
  ada.expectsTrouble = true;
  await page.getByLabel("Endpoint").fill("https://example.org/v1");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".field-error").waitFor();
  ada.expectsTrouble = false;
}

export async function preferences_are_set_and_deleted({ ada }) {
  const { page } = ada;
  await open(page, "Preferences");
  await page.getByLabel("Type").fill("talk/style");
  await page.getByLabel("Name").fill("<b>tone</b>");
  await page.getByLabel("Value").fill('{"calm": true}');
  await page.getByLabel("How sure").fill("80");
  await page.getByRole("button", { name: "Set" }).click();
  const row = page.locator(".row", { hasText: "<b>tone</b>" });
  await row.getByText('{"calm":true}').waitFor();
  await row.getByText("80 % sure").waitFor();
  await row.getByRole("button", { name: /^Delete/ }).click();
  await row.waitFor({ state: "detached" });
}

// Half of a token's time is over: it is exchanged, and nothing of the page is lost by it.
export async function a_page_that_stays_open_stays_signed_in({ ada }) {
  const { page } = ada;
  await page.getByRole("link", { name: "Rooms" }).click();
  await ada.enter("general");
  const before = await ada.exchangesToken();
  await ada.say("still here");
  await ada.sees(["still here"]);
  assert.equal((await ada.context.request.get("/api/users/me", { headers: { Authorization: `Bearer ${before}` } })).status(), 401);
}

export async function sessions_are_listed_and_ended({ servers, first, ada }) {
  const { page } = ada;
  const phone = await Person.at(first, servers.url);
  await phone.signIn("ada");
  await page.getByRole("link", { name: "Settings" }).click();
  await open(page, "Security");
  await page.getByText("this one").waitFor();
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  phone.expectsTrouble = true;
  await phone.page.getByText("Your session has ended. Please sign in again.").waitFor();
  await until("one is left", async () => (await page.locator(".rows .row").count()) === 1);
  await phone.context.close();

  ada.expectsTrouble = true;
  await page.getByLabel("Current password").fill("wrong");
  await page.getByLabel("New password").fill("password456");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.locator(".field-error").waitFor();
  ada.expectsTrouble = false;
  await page.getByLabel("Current password").fill("password123");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Saved").waitFor();
}

export async function data_is_taken_along_and_an_account_ends({ servers, screenshots, first, ada }) {
  const { page } = ada;
  await open(page, "Data");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
  const all = JSON.parse(readFileSync(await download.path(), "utf8"));
  assert.equal(all.user.username, "ada");
  assert.ok(all.room_messages.length > 0 && all.sessions.length > 0);
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText(/^For a question of yours/).first().waitFor();
  await page.getByRole("button", { name: "Delete all conversations" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete all" }).click();
  await until("they are gone", async () => (await ada.get("/api/users/me/threads")).threads.length === 0);

  await open(page, "Profile");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal((await ada.context.cookies()).length, 0);

  const fay = await Person.at(first, servers.url);
  await fay.register("fay");
  await fay.page.goto("/settings/data");
  await fay.page.getByRole("button", { name: "Delete account" }).click();
  const dialog = fay.page.getByRole("dialog");
  fay.expectsTrouble = true;
  await dialog.getByLabel("Your password").fill("not this one");
  await dialog.getByRole("button", { name: "Delete for good" }).click();
  await dialog.locator(".field-error, .failure").first().waitFor();
  fay.expectsTrouble = false;
  await dialog.getByLabel("Your password").fill("password123");
  await dialog.getByRole("button", { name: "Delete for good" }).click();
  await fay.page.getByRole("heading", { name: "Your account is deleted" }).waitFor();
  await fay.page.getByText(/^Finished on/).waitFor();
  await check(fay.page, screenshots, "receipt");
  assert.equal((await fay.context.cookies()).length, 0);
  fay.isContent();
  await fay.context.close();
}
