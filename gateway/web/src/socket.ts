// One WebSocket that is there again after it has gone. Knows nothing of rooms.
import type { ClientFrame, ServerFrame } from "./frames.ts";

export type SocketState = "connecting" | "open" | "waiting" | "closed";

// What of a WebSocket is used here; tests bring their own.
export interface WebSocketLike {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface SocketOptions {
  connect: () => WebSocketLike;
  onFrame: (frame: ServerFrame) => void;
  onState: (state: SocketState) => void;
  // The session is over, or maybe only this token: close code 4003.
  onRefused: () => void;
}

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
// A network that has silently gone is noticed by a question without an answer.
const PING_AFTER_MS = 20_000;
const PONG_WITHIN_MS = 8_000;
const REFUSED = 4003;

export class Socket {
  private ws: WebSocketLike | null = null;
  private wait = FIRST_WAIT_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private state: SocketState = "closed";

  constructor(private readonly options: SocketOptions) {}

  open(): void {
    if (this.state === "closed" || this.state === "waiting") this.connect();
  }

  // For good, until open().
  close(): void {
    this.drop();
    this.become("closed");
  }

  // The network has gone or come, says the browser, long before TCP would.
  networkChanged(isOnline: boolean): void {
    if (this.state === "closed") return;
    if (isOnline) {
      this.wait = FIRST_WAIT_MS;
      if (this.state === "waiting") this.connect();
    } else {
      this.drop();
      this.retry();
    }
  }

  // False, and nothing sent, when there is no connection now.
  send(frame: ClientFrame): boolean {
    if (this.state !== "open" || !this.ws) return false;
    this.ws.send(JSON.stringify(frame));
    return true;
  }

  private become(state: SocketState): void {
    if (this.state === state) return;
    this.state = state;
    this.options.onState(state);
  }

  private drop(): void {
    clearTimeout(this.timer);
    const ws = this.ws;
    this.ws = null;
    if (!ws) return;
    // What still arrives from it is of the past: it would come again, and twice.
    ws.onmessage = null;
    ws.onclose = null;
    ws.close();
  }

  private connect(): void {
    this.drop();
    this.become("connecting");
    const ws = this.options.connect();
    this.ws = ws;
    ws.onmessage = (event) => this.received(event.data);
    ws.onclose = (event) => {
      this.drop();
      this.retry();
      if (event.code === REFUSED) this.options.onRefused();
    };
    this.watch(PONG_WITHIN_MS, () => this.lost());
  }

  private retry(): void {
    this.become("waiting");
    // Not all at the same instant after a restart.
    const ms = this.wait * (0.5 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, MAX_WAIT_MS);
    this.watch(ms, () => this.connect());
  }

  private lost(): void {
    this.drop();
    this.retry();
  }

  private watch(ms: number, then: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }

  private received(data: unknown): void {
    this.watch(PING_AFTER_MS, () => {
      this.send({ type: "ping" });
      this.watch(PONG_WITHIN_MS, () => this.lost());
    });
    const frame = JSON.parse(String(data)) as ServerFrame;
    if (frame.type === "connection_established") {
      this.wait = FIRST_WAIT_MS;
      this.become("open");
    }
    this.options.onFrame(frame);
  }
}
