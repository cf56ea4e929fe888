// The coach.

export async function the_coach_answers_and_can_be_stopped({ ada }) {
  const { page } = ada;
  await page.getByRole("link", { name: "Coach" }).click();
  await page.getByRole("textbox", { name: "Message to the coach" }).fill("Hello coach");
  await page.keyboard.press("Enter");
  await page.locator(".turn:not(.mine)", { hasText: "I am the built-in coach" }).waitFor();
  await page.getByRole("button", { name: "Ask", exact: true }).waitFor();
  // An answer that does not come.
  await page.route("**/api/ai-chat", () => {});
  const aborted = page.waitForEvent("requestfailed", (r) => r.url().endsWith("/api/ai-chat"));
  await page.getByRole("textbox", { name: "Message to the coach" }).fill("And now?");
  await page.keyboard.press("Enter");
  await page.getByText("Thinking…").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await aborted;
  await page.getByRole("button", { name: "Ask", exact: true }).waitFor();
  await page.unroute("**/api/ai-chat");
  await page.reload();
  await page.locator(".turn:not(.mine)", { hasText: "I am the built-in coach" }).waitFor();
}
