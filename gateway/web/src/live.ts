// The one connection of this page. Whoever wants to know what comes over it says so; nothing here knows
// what it means.
import { batch, signal } from "@preact/signals";
import type { ClientFrame, ServerFrame } from "./frames.ts";
import { check } from "./session.ts";
import { Socket, type SocketState } from "./socket.ts";

export const connection = signal<SocketState>("closed");

const hearers: ((frame: ServerFrame) => void)[] = [];

const socket = new Socket({
  connect: () => {
    const url = new URL("/ws/chat", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    return new WebSocket(url) as never;
  },
  onFrame: (frame) => batch(() => hearers.forEach((hear) => hear(frame))),
  onState: (state) => (connection.value = state),
  // Maybe only this token: who is still signed in comes back by the next attempt.
  onRefused: () => void check().catch(() => {}),
});

addEventListener("online", () => socket.networkChanged(true));
addEventListener("offline", () => socket.networkChanged(false));

export function hear(hearer: (frame: ServerFrame) => void): void {
  hearers.push(hearer);
}

export function connect(): void {
  socket.open();
}

export function disconnect(): void {
  socket.close();
}

// False, and nothing sent, when there is no connection now.
export function transmit(frame: ClientFrame): boolean {
  return socket.send(frame);
}
