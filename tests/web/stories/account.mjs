// Coming, and what can go wrong with it.
import assert from "node:assert/strict";

export async function wrong_input_is_said_where_it_is({ ada }) {
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
