// Somebody at a browser, who notices everything that should not be: errors in the console, requests
// that leave the machine.
import { chromium } from "playwright-core";
import { until } from "./servers.mjs";

const switches = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: switches });
}

// While somebody is offline, or the service away, the browser itself reports what cannot be loaded.
const OF_THE_NETWORK = /Failed to load resource|WebSocket connection to .* failed|net::ERR_INTERNET_DISCONNECTED/;

export class Person {
  complaints = [];
  expectsTrouble = false;

  static async at(browser, url, options = {}) {
    const person = new Person();
    person.context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 800 }, ...options });
    person.context.setDefaultTimeout(20_000);
    person.context.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:"))
        person.complaints.push(`a request to ${request.url()}`);
    });
    await person.newPage();
    return person;
  }

  async newPage() {
    this.page = await this.context.newPage();
    this.page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      if (this.expectsTrouble && OF_THE_NETWORK.test(message.text())) return;
      this.complaints.push(`in the console: ${message.text()} ${message.location().url}`);
    });
    this.page.on("pageerror", (error) => this.complaints.push(`an error: ${error.message}`));
  }

  async register(username) {
    this.username = username;
    await this.page.goto("/");
    await this.page.getByRole("button", { name: "Create an account" }).click();
    await this.page.getByLabel("User name").fill(username);
    await this.page.getByLabel("E-mail").fill(`${username}@example.org`);
    await this.page.getByLabel("Password").fill("password123");
    await this.page.getByRole("button", { name: "Create account" }).click();
    await this.page.getByRole("heading", { name: "Rooms" }).waitFor();
  }

  async signIn(username) {
    this.username = username;
    await this.page.goto("/");
    await this.page.getByLabel("User name").fill(username);
    await this.page.getByLabel("Password").fill("password123");
    await this.page.keyboard.press("Enter");
    await this.page.getByRole("heading", { name: "Rooms" }).waitFor();
  }

  async enter(room) {
    await this.page.locator(".room-list .item").filter({ hasText: room }).first().click();
    await this.page.getByRole("heading", { level: 1, name: room }).waitFor();
    await this.page.locator(".messages > ol").waitFor({ state: "attached" });
  }

  async say(text) {
    const area = this.page.getByRole("textbox", { name: /^Message to/ });
    await area.fill(text);
    await area.press("Enter");
  }

  message(text) {
    return this.page.locator("[data-message]").filter({ hasText: text });
  }

  // All that the room shows, in its order; what is not sent yet comes last.
  texts() {
    return this.page.locator(".messages .message .markdown").allInnerTexts();
  }

  // Waits until these are there, once each, in this order, behind whatever was before.
  async sees(wanted) {
    let texts = [];
    await until(`${this.username} sees ${wanted.at(-1)}`, async () => {
      texts = (await this.texts()).filter((t) => wanted.includes(t));
      return texts.length >= wanted.length && (await this.page.locator("[data-unsent]").count()) === 0;
    }).catch((error) => {
      throw new Error(`${error.message}; there is: ${texts}`);
    });
    if (texts.join("|") !== wanted.join("|")) throw new Error(`${this.username} sees ${texts}, not ${wanted}`);
  }

  async act(text, action) {
    const message = this.message(text);
    await message.hover();
    await message.getByRole("button", { name: /^Actions for/ }).click();
    await message.getByRole("button", { name: action }).click();
  }

  get(path) {
    return this.call("GET", path);
  }

  post(path, body) {
    return this.call("POST", path, body);
  }

  // By the session of the browser, from within it.
  async call(method, path, body) {
    const options = { method, ...(body && { data: body, headers: { Origin: new URL(this.page.url()).origin } }) };
    const answer = await this.context.request.fetch(path, options);
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  }

  async token() {
    return (await this.context.cookies()).find((c) => c.name === "access_token")?.value;
  }

  // Half of the token's time is over, as the page sees it: it is exchanged.
  async exchangesToken() {
    const before = await this.token();
    await this.page.evaluate(() => {
      const hint = JSON.parse(localStorage.getItem("signed-in"));
      localStorage.setItem("signed-in", JSON.stringify({ ...hint, since: hint.since - hint.lifetime_ms / 2 }));
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await until("there is another token", async () => (await this.token()) !== before);
    return before;
  }

  isContent() {
    if (this.complaints.length > 0) throw new Error(`${this.username ?? "somebody"}: ${this.complaints.join("\n")}`);
  }
}
