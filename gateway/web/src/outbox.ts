// What has been written and is not known to be on the server. An entry stays until the server has
// told of it, whatever happens to the connection or the page in between; it is sent as often as that
// takes, under one name, by which the server knows a repeat.
import type { ClientFrame } from "./frames.ts";
import { newId } from "./id.ts";
import type { ReplyTo } from "./wire.ts";

export interface Entry {
  client_message_id: string;
  room_id: number;
  content: string;
  reply_to: ReplyTo | null;
  // Why the server will not have it; empty: it has not said no.
  refused: string;
}

export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

export class Outbox {
  entries: Entry[] = [];

  // storage: of this tab, so that a reload loses nothing, and two tabs do not send the same.
  constructor(
    private readonly storage: Storage,
    private readonly key: string,
    private readonly onChange: (entries: Entry[]) => void,
  ) {
    try {
      this.entries = JSON.parse(storage.getItem(key) ?? "[]") as Entry[];
    } catch {
      this.entries = [];
    }
    onChange(this.entries);
  }

  add(room_id: number, content: string, reply_to: ReplyTo | null): Entry {
    const entry: Entry = {
      client_message_id: newId(),
      room_id,
      content,
      reply_to,
      refused: "",
    };
    this.become([...this.entries, entry]);
    return entry;
  }

  // The server has it.
  arrived(client_message_id: string): void {
    if (this.has(client_message_id)) this.discard(client_message_id);
  }

  discard(client_message_id: string): void {
    this.become(this.entries.filter((e) => e.client_message_id !== client_message_id));
  }

  refuse(client_message_id: string, refused: string): void {
    this.become(this.entries.map((e) => (e.client_message_id === client_message_id ? { ...e, refused } : e)));
  }

  // Once more, as a new message: what was refused was not kept, but its name may be.
  again(client_message_id: string): Entry | null {
    const entry = this.entries.find((e) => e.client_message_id === client_message_id);
    if (!entry) return null;
    this.discard(client_message_id);
    return this.add(entry.room_id, entry.content, entry.reply_to);
  }

  has(client_message_id: string): boolean {
    return this.entries.some((e) => e.client_message_id === client_message_id);
  }

  // What is to be sent to a room, in the order in which it was written.
  waiting(room_id: number): Entry[] {
    return this.entries.filter((e) => e.room_id === room_id && e.refused === "");
  }

  private become(entries: Entry[]): void {
    this.entries = entries;
    try {
      this.storage.setItem(this.key, JSON.stringify(entries));
    } catch {
      // Full, or forbidden: then only a reload loses what has not been sent.
    }
    this.onChange(entries);
  }
}

export function frameOf(entry: Entry): ClientFrame {
  return {
    type: "chat_message",
    room_id: entry.room_id,
    content: entry.content,
    client_message_id: entry.client_message_id,
    ...(entry.reply_to && { reply_to: entry.reply_to.message_id }),
  };
}
