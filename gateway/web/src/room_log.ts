// What is known of a room's messages, and what an event makes of it. Nothing here talks to anybody.
import type { DurableFrame } from "./frames.ts";
import type { Reaction, RoomMessage, RoomMessages } from "./wire.ts";

export interface RoomLog {
  // Ascending by seq, without holes between the first and the last.
  messages: RoomMessage[];
  // The last event that was seen; what has a lower number is known already.
  cursor: number;
  // Whether there are older messages than the first one here.
  hasOlder: boolean;
  isLoaded: boolean;
  // What has come since the room is followed and is not loaded yet: a page that arrives may be older.
  early: DurableFrame[];
}

export function newLog(cursor: number): RoomLog {
  return { messages: [], cursor, hasOlder: true, isLoaded: false, early: [] };
}

// An event, once: a repeat changes nothing.
export function apply(log: RoomLog, frame: DurableFrame): RoomLog {
  if (frame.seq <= log.cursor) return log;
  const next = { ...log, cursor: frame.seq };
  return log.isLoaded ? change(next, frame) : { ...next, early: [...log.early, frame] };
}

// Messages of a chat_history: runs of a resumed room.
export function applyHistory(log: RoomLog, messages: RoomMessage[]): RoomLog {
  return messages.reduce((l, m) => apply(l, { type: "chat_message", ...m }), log);
}

// The newest page, and what has happened since it was read.
export function load(log: RoomLog, page: RoomMessages): RoomLog {
  const loaded: RoomLog = {
    messages: page.messages,
    cursor: page.last_seq,
    hasOlder: hasOlder(page.messages, page.first_seq),
    isLoaded: true,
    early: [],
  };
  const next = log.early.reduce((l, frame) => apply(l, frame), loaded);
  return { ...next, cursor: Math.max(next.cursor, log.cursor) };
}

// The page before the first message.
export function prepend(log: RoomLog, page: RoomMessages): RoomLog {
  const first = log.messages[0]?.seq ?? Infinity;
  const older = page.messages.filter((m) => m.seq < first);
  return {
    ...log,
    messages: [...older, ...log.messages],
    hasOlder: older.length > 0 && hasOlder(older, page.first_seq),
  };
}

function hasOlder(messages: RoomMessage[], first_seq: number): boolean {
  const first = messages[0];
  return first !== undefined && first.seq > first_seq;
}

function change(log: RoomLog, frame: DurableFrame): RoomLog {
  switch (frame.type) {
    case "chat_message": {
      const { type: _, ...message } = frame;
      return { ...log, messages: [...log.messages, message] };
    }
    case "message_edited":
      return update(log, frame.message_id, (m) => ({ ...m, content: frame.content, edited_at: frame.edited_at }));
    case "message_deleted":
      return update(log, frame.message_id, (m) => ({ ...m, content: "", is_deleted: true, reactions: [] }));
    case "message_reaction":
      return update(log, frame.message_id, (m) => ({
        ...m,
        reactions: react(m.reactions, frame.emoji, frame.user_id, frame.is_added),
      }));
    default:
      return log;
  }
}

function update(log: RoomLog, message_id: number, f: (m: RoomMessage) => RoomMessage): RoomLog {
  return { ...log, messages: log.messages.map((m) => (m.message_id === message_id ? f(m) : m)) };
}

export function react(reactions: Reaction[], emoji: string, user_id: number, is_added: boolean): Reaction[] {
  const old = reactions.find((r) => r.emoji === emoji) ?? { emoji, count: 0, user_ids: [] };
  const user_ids = old.user_ids.filter((id) => id !== user_id);
  // A history shows messages as they are now, and the event that made them so may follow. Only the
  // first 20 people are named: of a later one nothing else can be known.
  const isNamed = user_ids.length < old.user_ids.length;
  if (is_added === isNamed && old.count <= 20) return reactions;
  const next = {
    emoji,
    count: Math.max(0, old.count + (is_added ? 1 : -1)),
    user_ids: is_added && user_ids.length < 20 ? [...user_ids, user_id] : user_ids,
  };
  if (next.count === 0) return reactions.filter((r) => r.emoji !== emoji);
  return reactions.some((r) => r.emoji === emoji)
    ? reactions.map((r) => (r.emoji === emoji ? next : r))
    : [...reactions, next];
}
