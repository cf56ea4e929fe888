// Networks and servers that go away.
import assert from "node:assert/strict";
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
