// A language model behind the API of OpenAI, which says what a test tells it to, when it does.
import http from "node:http";
import { until } from "./servers.mjs";

export class Model {
  // The answers that are on their way, the latest one last.
  #open = [];
  n_gone = 0;

  async start() {
    this.server = http.createServer((request, answer) => {
      request.resume();
      request.on("end", () => {
        answer.writeHead(200, { "Content-Type": "text/event-stream" });
        answer.flushHeaders();
        this.#open.push(answer);
        answer.on("close", () => {
          if (!answer.writableEnded) this.n_gone++;
          this.#open = this.#open.filter((a) => a !== answer);
        });
      });
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.endpoint = `http://127.0.0.1:${this.server.address().port}/v1`;
  }

  // Waits until it is asked.
  async say(...words) {
    await until("the model is asked", () => this.#open.length > 0);
    for (const content of words) this.#send({ choices: [{ index: 0, delta: { content } }] });
  }

  async end() {
    await until("the model is asked", () => this.#open.length > 0);
    this.#send({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    this.#open.at(-1).end("data: [DONE]\n\n");
  }

  #send(data) {
    this.#open.at(-1).write(`data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", ...data })}\n\n`);
  }

  async stop() {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve()));
  }
}
