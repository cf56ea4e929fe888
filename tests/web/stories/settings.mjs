// The account.
import assert from "node:assert/strict";
import { until } from "../servers.mjs";

export async function settings_are_kept({ ada }) {
  const { page } = ada;
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("slider", { name: /^Temperature/ }).fill("0");
  await until("it is kept", async () => (await ada.get("/api/users/me")).temperature === 0);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal((await ada.context.cookies()).length, 0);
}
