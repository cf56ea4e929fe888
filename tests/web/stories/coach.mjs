// The coach: asking, stopping, coming back in the middle, conversations, drafts and texts.
import assert from "node:assert/strict";
import { Model } from "../model.mjs";
import { until } from "../servers.mjs";

async function ask(page, text) {
  await page.getByRole("textbox", { name: "Message to the coach" }).fill(text);
  await page.keyboard.press("Enter");
}

function answer(page, text) {
  return page.locator(".turn:not(.mine)", { hasText: text });
}

export async function the_coach_answers({ ada }) {
  const { page } = ada;
  await page.getByRole("link", { name: "Coach" }).click();
  await ask(page, "Hello coach");
  await answer(page, "I am the built-in coach").waitFor();
  await page.getByText("Answered by the built-in coach").waitFor();
  await page.getByRole("button", { name: "Ask", exact: true }).waitFor();
  assert.equal(await page.locator(".turn.mine", { hasText: "Hello coach" }).count(), 1);
}

export async function answers_stream_stop_and_outlive_a_reload({ servers, ada }) {
  const { page } = ada;
  const model = new Model();
  await model.start();
  try {
    servers.call("UpdateServerSettings", { provider: "openai", endpoint: model.endpoint, model: "test" });
    await page.getByRole("button", { name: "New conversation" }).click();
    await ask(page, "How do I say no?");
    await page.getByText("Thinking…").waitFor();
    await model.say("Say **no** ", "kindly");
    await answer(page, "Say no kindly").waitFor();
    // The page is loaded anew in the middle, and hears the rest.
    await page.reload();
    await answer(page, "Say no kindly").waitFor();
    await model.say(", and *once*.");
    await answer(page, "Say no kindly, and once.").waitFor();
    // So does one whose token is exchanged, which closes its connection.
    await ada.exchangesToken();
    await model.say(" Truly.");
    await answer(page, "Say no kindly, and once. Truly.").waitFor();
    assert.equal(model.n_gone, 0);
    await model.end();
    await page.getByText("Answered by a language model (openai)").waitFor();
    await until("it is there once", async () => (await page.locator(".turn").count()) === 2);

    // Stopped before the first word, and after some.
    await ask(page, "And why?");
    await page.getByText("Thinking…").waitFor();
    await until("the model is asked", async () => (await model.say(), true));
    await page.getByRole("button", { name: "Stop" }).click();
    await until("the model is left alone", () => model.n_gone === 1);
    await page.getByRole("button", { name: "Ask", exact: true }).waitFor();
    await ask(page, "Once more?");
    await model.say("Because you");
    await answer(page, "Because you").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await until("the model is left alone", () => model.n_gone === 2);
    await answer(page, /^Coach:Because you\s*\(The answer was interrupted/).waitFor();
  } finally {
    servers.call("UpdateServerSettings", { provider: "builtin", endpoint: "", model: "" });
    await model.stop();
  }
}

export async function conversations_are_found_and_deleted({ ada }) {
  const { page } = ada;
  const list = page.getByRole("complementary", { name: "Conversations" });
  await list.getByRole("link", { name: /^Once more\?/ }).waitFor();
  await list.getByRole("link", { name: /^Hello coach/ }).click();
  await answer(page, "I am the built-in coach").waitFor();
  await list.getByRole("button", { name: "Delete the conversation: Hello coach" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await until("it is gone", async () => (await list.getByRole("link").count()) === 1);
  assert.equal((await ada.get("/api/users/me/threads")).threads.length, 1);
  await answer(page, "Say no kindly").waitFor();
}

export async function drafts_are_rehearsed_and_texts_made_clearer({ ada }) {
  const { page } = ada;
  await page.getByRole("link", { name: "Rehearse" }).click();
  await page.getByLabel("What you want to send").fill("You never listen to me.");
  await page.getByRole("button", { name: "Rehearse" }).click();
  await page.getByRole("meter").waitFor();
  await page.getByText(/people defend themselves against verdicts/).waitFor();
  await page.getByText("By the built-in coach.").waitFor();
  const better = await page.locator(".better").innerText();
  await page.getByRole("button", { name: "Use as the draft" }).click();
  assert.equal(await page.getByLabel("What you want to send").inputValue(), better);
  await page.getByRole("link", { name: "Clarify" }).click();
  await page.getByRole("textbox", { name: "The text" }).fill("Could you look at it?");
  await page.getByLabel("Language").selectOption("de");
  await page.getByRole("button", { name: "Make it clearer" }).click();
  await page.getByText(/cannot translate into "de"/).waitFor();
}
