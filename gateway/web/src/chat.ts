// The live side of all rooms: a log for each room that is followed, and the outbox.
// Views read the signals and call the functions below them.
import { batch, computed, effect, signal } from "@preact/signals";
import { ApiError, call, textOfRefusal } from "./api.ts";
import type { ClientFrame, DurableFrame, MemberFrame, ServerFrame } from "./frames.ts";
import { connect, connection, disconnect, hear, transmit } from "./live.ts";
import { Outbox, frameOf, type Entry } from "./outbox.ts";
import { apply, applyHistory, load, newLog, prepend, type RoomLog } from "./room_log.ts";
import { me } from "./session.ts";
import type { Invite, OnlineUser, ReplyTo, Room, RoomMessages } from "./wire.ts";

export const rooms = signal<Room[] | undefined>(undefined);
export const invites = signal<Invite[]>([]);
export const logs = signal<ReadonlyMap<number, RoomLog>>(new Map());
export const outbox = signal<Entry[]>([]);
export const online = signal<ReadonlyMap<number, OnlineUser[]>>(new Map());
export const typing = signal<ReadonlyMap<number, string[]>>(new Map());
// Up to where others have read: room, user, seq.
export const readMarks = signal<ReadonlyMap<number, ReadonlyMap<number, number>>>(new Map());
// Counts up when the members of a room are to be asked for again.
export const membersVersion = signal(0);
// The last thing to tell somebody who cannot see it.
export const announcement = signal("");
// What could not be done in a room, beside messages, which carry their own.
export const roomError = signal("");
// Rooms that ended while they were looked at.
export const gone = signal<ReadonlyMap<number, string>>(new Map());
export const unreadTotal = computed(() => (rooms.value ?? []).reduce((n, r) => n + r.unread_count, 0));

// Everybody is in it who is not banned from it.
const GENERAL = 1;
// A connection may follow 64 rooms; one place is kept for a room that is only looked at.
const MAX_FOLLOWED = 60;
const TYPING_ENDS_MS = 6_000;
const RETRY_MS = 1_000;
// Not the message's fault: it is kept and sent again.
const PASSING = ["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "CANCELLED"];

let box: Outbox | null = null;
// The room on the screen, whose messages count as read.
let active = 0;
const joined = new Set<number>();
// Rooms of which the user has been banned in this moment, and which are about to be left for it.
const banned = new Set<number>();
const typingTimers = new Map<string, ReturnType<typeof setTimeout>>();

hear(onFrame);
effect(() => {
  if (connection.value !== "open") joined.clear();
});

export function start(userId: number): void {
  box = new Outbox(sessionStorage, `outbox.${userId}`, (entries) => (outbox.value = entries));
  connect();
  void firstRooms().catch(() => {});
}

export function stop(): void {
  disconnect();
  box = null;
  asking = null;
  batch(() => {
    rooms.value = undefined;
    invites.value = [];
    logs.value = new Map();
    outbox.value = [];
    online.value = new Map();
    typing.value = new Map();
    readMarks.value = new Map();
    gone.value = new Map();
  });
}

// All of the caller's rooms and invitations, anew; those that are new here are followed.
// Once, for all who wait for the first ones.
let asking: Promise<void> | null = null;

export function firstRooms(): Promise<void> {
  return (asking ??= refreshRooms().finally(() => (asking = null)));
}

export async function refreshRooms(): Promise<void> {
  const [mine, waiting] = await Promise.all([
    call<{ rooms: Room[] }>("GET", "/api/rooms?page_size=500"),
    call<{ invites: Invite[] }>("GET", "/api/rooms/invites?page_size=100"),
  ]);
  batch(() => {
    rooms.value = mine.rooms.sort(byLastEvent);
    invites.value = waiting.invites;
    for (const room of mine.rooms.slice(0, MAX_FOLLOWED)) follow(room.id, room.last_seq);
  });
}

function byLastEvent(a: Room, b: Room): number {
  return (b.last_event_at ?? b.created_at ?? "").localeCompare(a.last_event_at ?? a.created_at ?? "");
}

function follow(roomId: number, cursor: number): void {
  if (logs.value.has(roomId)) return;
  setLog(roomId, newLog(cursor));
  join(roomId);
}

function join(roomId: number): void {
  const log = logs.value.get(roomId);
  if (log) transmit({ type: "join_room", room_id: roomId, after_seq: log.cursor });
}

// Whether somebody still sees a room's beginning: reads its newest page.
export async function openRoom(room: Room): Promise<void> {
  active = room.id;
  roomError.value = "";
  follow(room.id, room.last_seq);
  if (!logs.value.get(room.id)?.isLoaded) await reload(room.id);
}

export function closeRoom(roomId: number): void {
  if (active === roomId) active = 0;
}

// Nobody looks at it any more: who comes again asks anew.
export function forgetGone(roomId: number): void {
  const next = new Map(gone.value);
  if (next.delete(roomId)) gone.value = next;
}

async function reload(roomId: number): Promise<void> {
  const page = await call<RoomMessages>("GET", `/api/rooms/${roomId}/messages?page_size=50`);
  const log = logs.value.get(roomId);
  if (!log) return;
  batch(() => {
    for (const message of page.messages) box?.arrived(message.client_message_id);
    setLog(roomId, load(log, page));
  });
}

let loadingOlder: Promise<void> | null = null;
export function loadOlder(roomId: number, size = 50): Promise<void> {
  loadingOlder ??= askOlder(roomId, size).finally(() => (loadingOlder = null));
  return loadingOlder;
}

async function askOlder(roomId: number, size: number): Promise<void> {
  const log = logs.value.get(roomId);
  const first = log?.messages[0];
  if (!first || !log.hasOlder) return;
  const path = `/api/rooms/${roomId}/messages?page_size=${size}&before_seq=${first.seq}`;
  const page = await call<RoomMessages>("GET", path);
  const now = logs.value.get(roomId);
  if (now) setLog(roomId, prepend(now, page));
}

// So far back that what has this number is there, if it is not too far.
const MAX_PAGES = 20;
export async function loadBackTo(roomId: number, seq: number): Promise<void> {
  for (let i = 0; i < MAX_PAGES; i++) {
    const log = logs.value.get(roomId);
    const first = log?.messages[0];
    if (!log?.hasOlder || !first || first.seq <= seq) return;
    await loadOlder(roomId, 500);
  }
}

export function send(roomId: number, content: string, replyTo: ReplyTo | null): void {
  const entry = box?.add(roomId, content, replyTo);
  if (entry && joined.has(roomId)) transmit(frameOf(entry));
}

export function sendAgain(id: string): void {
  const entry = box?.again(id);
  if (entry && joined.has(entry.room_id)) transmit(frameOf(entry));
}

export function discard(id: string): void {
  box?.discard(id);
}

// What is not a message is done now or not at all: nobody wants a reaction of yesterday.
export function act(frame: ClientFrame): void {
  roomError.value = transmit(frame) ? "" : "You are offline. Try again when the connection is back.";
}

let typingSaid = 0;
export function sayTyping(roomId: number, isTyping: boolean): void {
  const now = Date.now();
  // Every few seconds is enough; that it is over is said at once.
  if (isTyping ? now - typingSaid < 3_000 : typingSaid === 0) return;
  typingSaid = isTyping ? now : 0;
  if (joined.has(roomId)) transmit({ type: "typing", room_id: roomId, is_typing: isTyping });
}

// Everything that the room shows has been seen.
export function markRead(roomId: number): void {
  const room = rooms.value?.find((r) => r.id === roomId);
  const cursor = logs.value.get(roomId)?.cursor ?? 0;
  if (!room || cursor <= room.last_read_seq || !joined.has(roomId)) return;
  if (!transmit({ type: "read", room_id: roomId, seq: cursor })) return;
  updateRoom(roomId, (r) => ({ ...r, last_read_seq: cursor, unread_count: 0 }));
}

export function setReadMark(roomId: number, userId: number, seq: number): void {
  const marks = new Map(readMarks.value.get(roomId) ?? []);
  if (seq <= (marks.get(userId) ?? 0)) return;
  marks.set(userId, seq);
  readMarks.value = new Map(readMarks.value).set(roomId, marks);
}

function setLog(roomId: number, log: RoomLog): void {
  logs.value = new Map(logs.value).set(roomId, log);
}

function updateRoom(roomId: number, f: (room: Room) => Room): void {
  rooms.value = rooms.value?.map((r) => (r.id === roomId ? f(r) : r));
}

function forgetRoom(roomId: number, reason: string): void {
  const next = new Map(logs.value);
  next.delete(roomId);
  joined.delete(roomId);
  logs.value = next;
  gone.value = new Map(gone.value).set(roomId, banned.delete(roomId) || roomId === GENERAL ? "banned" : reason);
  rooms.value = rooms.value?.filter((r) => r.id !== roomId);
}

function onFrame(frame: ServerFrame): void {
  switch (frame.type) {
    case "connection_established":
      for (const roomId of logs.value.keys()) join(roomId);
      // Unread counts and invitations of the meantime.
      void refreshRooms().catch(() => {});
      break;
    case "room_joined":
      onJoined(frame.room_id, frame.last_seq, frame.recovered);
      break;
    case "chat_history": {
      const log = logs.value.get(frame.room_id);
      for (const message of frame.messages) box?.arrived(message.client_message_id);
      if (log) setLog(frame.room_id, applyHistory(log, frame.messages));
      break;
    }
    case "chat_message":
    case "message_edited":
    case "message_deleted":
    case "message_reaction":
    case "member_changed":
    case "room_updated":
    case "room_event":
      onDurable(frame);
      break;
    case "message_sent":
      box?.arrived(frame.client_message_id);
      break;
    case "user_joined":
    case "user_left":
      onPresence(frame.room_id, frame, frame.type === "user_joined");
      break;
    case "online_users":
      if (frame.room_id) online.value = new Map(online.value).set(frame.room_id, frame.users);
      break;
    case "user_typing":
      onTyping(frame.room_id, frame.username, frame.is_typing);
      break;
    case "message_read":
      setReadMark(frame.room_id, frame.user_id, frame.seq);
      break;
    case "room_left":
      forgetRoom(frame.room_id, frame.reason);
      break;
    case "room_read":
    case "invite":
    case "membership_changed":
      void refreshRooms().catch(() => {});
      break;
    case "error":
      onError(frame);
      break;
  }
}

function onJoined(roomId: number, lastSeq: number, recovered: boolean): void {
  joined.add(roomId);
  const log = logs.value.get(roomId);
  if (log && !recovered) {
    // Some of it is not kept any more: what is on the screen is read anew, from there on.
    setLog(roomId, newLog(lastSeq));
    if (log.isLoaded) void reload(roomId).catch(() => {});
  }
  transmit({ type: "get_online_users", room_id: roomId });
  for (const entry of box?.waiting(roomId) ?? []) transmit(frameOf(entry));
}

function onDurable(frame: DurableFrame): void {
  const log = logs.value.get(frame.room_id);
  if (!log || frame.seq <= log.cursor) return;
  setLog(frame.room_id, apply(log, frame));
  switch (frame.type) {
    case "chat_message": {
      box?.arrived(frame.client_message_id);
      onTyping(frame.room_id, frame.username, false);
      const isMine = frame.user_id === me.value?.id;
      updateRoom(frame.room_id, (r) => ({
        ...r,
        last_event_at: frame.timestamp,
        unread_count: r.unread_count + (isMine ? 0 : 1),
      }));
      rooms.value = rooms.value && [...rooms.value].sort(byLastEvent);
      if (!isMine && frame.room_id === active) announcement.value = `${frame.username}: ${frame.content}`;
      break;
    }
    case "member_changed":
      onMember(frame);
      break;
    case "room_updated":
      void refreshRooms().catch(() => {});
      break;
  }
}

function onMember(frame: MemberFrame): void {
  if (frame.user_id === me.value?.id) {
    // Who is out is not told any more who is in; that it is for good, only this says.
    if (frame.change === "banned") banned.add(frame.room_id);
    if (["left", "removed", "banned"].includes(frame.change)) return;
    // What one may do is known before anything is asked.
    if (frame.change === "role") updateRoom(frame.room_id, (r) => ({ ...r, my_role: frame.role ?? r.my_role }));
    else updateRoom(frame.room_id, (r) => ({ ...r, muted_until: frame.change === "muted" ? frame.muted_until : null }));
  }
  membersVersion.value++;
}

function onPresence(roomId: number, who: OnlineUser, isOnline: boolean): void {
  const others = (online.value.get(roomId) ?? []).filter((u) => u.user_id !== who.user_id);
  const next = isOnline ? [...others, { user_id: who.user_id, username: who.username }] : others;
  online.value = new Map(online.value).set(roomId, next);
  if (!isOnline) onTyping(roomId, who.username, false);
}

function onTyping(roomId: number, username: string, isTyping: boolean): void {
  const key = `${roomId} ${username}`;
  clearTimeout(typingTimers.get(key));
  typingTimers.delete(key);
  if (isTyping) typingTimers.set(key, setTimeout(() => onTyping(roomId, username, false), TYPING_ENDS_MS));
  const names = typing.value.get(roomId) ?? [];
  if (isTyping === names.includes(username)) return;
  const next = isTyping ? [...names, username] : names.filter((n) => n !== username);
  typing.value = new Map(typing.value).set(roomId, next);
}

function onError(frame: Extract<ServerFrame, { type: "error" }>): void {
  const isPassing = PASSING.includes(frame.code);
  const again = Math.max(frame.retry_after_ms ?? 0, RETRY_MS);
  const id = frame.client_message_id;
  if (id) {
    if (isPassing) setTimeout(() => resend(id), again);
    else box?.refuse(id, frame.message);
  } else if (frame.room_id && !frame.message_id && !joined.has(frame.room_id)) {
    const roomId = frame.room_id;
    if (isPassing) setTimeout(() => join(roomId), again);
    else forgetRoom(roomId, frame.message);
  } else if (frame.room_id === active) {
    roomError.value = textOfRefusal(frame.code, frame.message);
  }
}

function resend(id: string): void {
  const entry = box?.entries.find((e) => e.client_message_id === id && e.refused === "");
  if (entry && joined.has(entry.room_id)) transmit(frameOf(entry));
}

// A room that is not among the caller's own: NOT_FOUND is null.
export async function findRoom(roomId: number): Promise<Room | null> {
  try {
    return await call<Room>("GET", `/api/rooms/${roomId}`);
  } catch (error) {
    if (error instanceof ApiError && error.code === "NOT_FOUND") return null;
    throw error;
  }
}
