// A service and a gateway of their own, in a folder that goes with them.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Servers {
  #children = new Map();

  constructor(socializerd, gateway, socializer, web) {
    this.programs = { socializerd, gateway, socializer };
    this.data = mkdtempSync(join(tmpdir(), "web-"));
    this.built = web;
    this.web = join(this.data, "web");
    cpSync(web, this.web, { recursive: true });
  }

  async start() {
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    this.startService();
    this.#spawn(this.programs.gateway, [
      ...["--http", `127.0.0.1:${port}`, "--web", this.web],
      ...["--rpc", `ipc://${this.data}/rpc.ipc`, "--events", `ipc://${this.data}/events.ipc`],
    ]);
    await this.ready();
  }

  startService() {
    this.#spawn(this.programs.socializerd, ["--data", this.data]);
  }

  // As a crash does it: nothing is finished, nobody is told.
  killService() {
    const child = this.#children.get(this.programs.socializerd);
    this.#children.delete(this.programs.socializerd);
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    return gone;
  }

  ready() {
    return until("the servers are ready", async () => (await this.get("/ready").catch(() => ({}))).status === 200);
  }

  // With the operator's right, as the first administrator is made.
  call(method, request) {
    const token = readFileSync(join(this.data, "operator.token"), "utf8").trim();
    const env = { ...process.env, SOCIALIZER_TOKEN: token };
    const parameters = ["--data", this.data, "--compact", "call", method, JSON.stringify(request)];
    return JSON.parse(execFileSync(this.programs.socializer, parameters, { env, encoding: "utf8" }));
  }

  // The answer as it is on the wire: fetch would ask for, and undo, compression.
  get(path, headers = {}) {
    return new Promise((resolve, reject) => {
      const request = http.get(this.url + path, { headers, agent: false }, (answer) => {
        const chunks = [];
        answer.on("data", (c) => chunks.push(c));
        answer.on("end", () =>
          resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      request.on("error", reject);
    });
  }

  async stop() {
    for (const child of [...this.#children.values()].reverse()) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await gone;
      }
    }
    rmSync(this.data, { recursive: true, force: true });
  }

  #spawn(program, parameters) {
    const child = spawn(program, [...parameters, "--log-level", "error"], { stdio: ["ignore", "inherit", "inherit"] });
    this.#children.set(program, child);
  }
}

export async function until(what, holds, ms = 20_000) {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
