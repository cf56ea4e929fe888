// The coach among people: asked with @coach, heard by all, stopped by who asked.
import assert from "node:assert/strict";
import { Model } from "../model.mjs";
import { until } from "../servers.mjs";

export async function the_coach_answers_in_a_room({ servers, ada, grace }) {
  const model = new Model();
  await model.start();
  try {
    servers.call("UpdateServerSettings", { provider: "openai", endpoint: model.endpoint, model: "test" });
    await ada.enter("Rehearsals & more");
    const { rooms } = await ada.get("/api/rooms");
    const room = rooms.find((r) => r.name === "Rehearsals & more");
    await ada.say("@coach How do I begin?");
    await grace.sees(["@coach How do I begin?"]);
    await until("the built-in one has answered", async () => (await grace.page.locator(".message.of-coach:not(.coming)").count()) === 1);
    assert.ok(room.coach_enabled);

    await ada.page.getByRole("button", { name: "People", exact: true }).click();
    await ada.page.getByRole("button", { name: "Settings of the room" }).click();
    await ada.page.getByRole("dialog").getByLabel("Which coach").selectOption("server");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await ada.page.getByText(/^It is a language model: test at|It is a language model: test at/).waitFor();
    await ada.page.getByRole("button", { name: "People", exact: true }).click();
    await ada.say("@coach And now?");
    await model.say("Begin with ", "*what happened*.");
    for (const { page } of [ada, grace]) await page.locator(".coming em", { hasText: "what happened" }).waitFor();
    assert.equal(await grace.page.locator(".coming").getByRole("button", { name: "Stop" }).count(), 0);
    await model.end();
    for (const { page } of [ada, grace]) {
      await page.locator(".message.of-coach:not(.coming)", { hasText: "Begin with what happened." }).waitFor();
      await until("it comes no more", async () => (await page.locator(".coming").count()) === 0);
    }
    await ada.say("@coach Once more?");
    await model.say("Well");
    await ada.page.locator(".coming").getByRole("button", { name: "Stop" }).click();
    await until("the model is left alone", () => model.n_gone === 1);
    for (const { page } of [ada, grace]) await until("nothing stays", async () => (await page.locator(".coming").count()) === 0);
  } finally {
    servers.call("UpdateServerSettings", { provider: "builtin", endpoint: "", model: "" });
    await model.stop();
  }
}

export async function a_draft_is_rehearsed_and_a_message_made_clearer({ ada, grace }) {
  const { page } = ada;
  const area = page.getByRole("textbox", { name: /^Message to/ });
  await area.fill("You never listen.");
  await page.getByRole("button", { name: "Rehearse with the coach before you send" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("meter").waitFor();
  await dialog.getByRole("button", { name: "Use this wording" }).click();
  await dialog.waitFor({ state: "detached" });
  assert.match(await area.inputValue(), /I felt/);
  await area.fill("");
  await grace.say("Could you, maybe, look at it?");
  await ada.sees(["Could you, maybe, look at it?"]);
  await ada.act("Could you, maybe, look at it?", "Clarify");
  await dialog.getByRole("button", { name: "Make it clearer" }).click();
  await dialog.getByText("By the built-in coach.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
}
