// Networks and servers that go away.
import assert from "node:assert/strict";
import { Model } from "../model.mjs";
import { until } from "../servers.mjs";

export async function a_cut_connection_loses_and_doubles_nothing({ ada, grace }) {
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

export async function a_service_that_dies_is_waited_for({ servers, ada, grace }) {
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

// Whatever page it is: it says what went wrong, and is there when it is asked for again.
export async function a_page_that_cannot_be_loaded_says_so({ ada }) {
  const { page } = ada;
  ada.expectsTrouble = true;
  await page.route("**/api/**", (route) => route.abort());
  for (const name of ["Coach", "Progress"]) {
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("alert").getByText("The server cannot be reached.").waitFor();
  }
  await page.unroute("**/api/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "What you practise" }).waitFor();
  // A part of the app that does not arrive.
  await page.route("**/assets/page-*.js", (route) => route.abort());
  await page.goto("/settings");
  await page.getByText("This page could not be loaded.").waitFor();
  await page.unroute("**/assets/page-*.js");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "Profile" }).waitFor();
  ada.expectsTrouble = false;
}

function away(page) {
  return page.getByRole("alert").getByText(/^The server is away for the moment/).first();
}

// The service dies under pages other than a room: each says so, loses nothing, and goes on by itself.
export async function every_page_waits_for_a_service_that_is_away({ servers, ada, grace, boss }) {
  const model = new Model();
  await model.start();
  const box = ada.page.getByRole("textbox", { name: "Message to the coach" });
  const turn = (text) => ada.page.locator(".turn.mine", { hasText: text });
  const everybody = [ada, grace, boss];
  const main = ({ page }, name) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).click();
  try {
    servers.call("UpdateServerSettings", { provider: "openai", endpoint: model.endpoint, model: "test" });
    await main(ada, "Coach");
    await ada.page.getByRole("button", { name: "New conversation" }).click();
    await box.fill("How do I begin?");
    await box.press("Enter");
    await model.say("Begin with ");
    await ada.page.getByText("Begin with").waitFor();
    await box.fill("And how do I end?");
    await grace.page.goto("/settings");
    await grace.page.getByLabel("E-mail").fill("grace@example.com");
    await boss.page.goto("/admin");
    await boss.page.getByText("Ready", { exact: true }).waitFor();

    for (const person of everybody) person.expectsTrouble = true;
    await servers.killService();
    await away(ada.page).waitFor();
    await turn("How do I begin?").waitFor();
    assert.equal(await box.inputValue(), "And how do I end?");
    await grace.page.getByRole("button", { name: "Save" }).click();
    await away(grace.page).waitFor();
    assert.equal(await grace.page.getByLabel("E-mail").inputValue(), "grace@example.com");
    await away(boss.page).waitFor();
    await boss.page.getByText("Not ready").waitFor();
    servers.startService();
    await boss.page.getByText("Ready", { exact: true }).waitFor();
    await until("nothing is wrong any more", async () => (await away(boss.page).count()) === 0);
    // What the coach has been asked is there, and what was being written as well.
    await ada.page.locator(".threads .item", { hasText: "How do I begin?" }).waitFor();
    await turn("How do I begin?").waitFor();
    assert.equal(await box.inputValue(), "And how do I end?");
    await grace.page.getByRole("button", { name: "Save" }).click();
    await grace.page.getByText("Saved").waitFor();

    // Asked, and opened, while it is away.
    await servers.killService();
    await box.press("Enter");
    await main(grace, "Rooms");
    await grace.page.getByRole("button", { name: "Public" }).click();
    await boss.page.getByRole("navigation", { name: "Administration" }).getByRole("link", { name: "People" }).click();
    for (const { page } of [grace, boss]) await away(page).waitFor();
    const other = await ada.context.newPage();
    await other.goto("/progress");
    await away(other).waitFor();
    servers.startService();
    await other.getByRole("heading", { name: "What you practise" }).waitFor();
    await other.close();
    await boss.page.getByText("grace@example.com").waitFor();
    await until("the public rooms are there", async () => (await away(grace.page).count()) === 0);
    // What was asked waits, and is answered.
    await turn("And how do I end?").waitFor();
    await model.say("With thanks");
    await ada.page.getByText("With thanks").waitFor();
    await model.end();
    await ada.page.getByText("Answered by a language model (openai)").waitFor();
    servers.call("UpdateServerSettings", { provider: "builtin", endpoint: "", model: "" });
  } finally {
    await model.stop();
  }
  await grace.call("PATCH", "/api/users/me", { email: "grace@example.org" });
  for (const person of everybody) person.expectsTrouble = false;
}
