// A room: what was said, what is being said, and who is there.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { call } from "../api.ts";
import {
  closeRoom,
  findRoom,
  gone,
  loadOlder,
  logs,
  markRead,
  openRoom,
  outbox,
  readMarks,
  refreshRooms,
  roomError,
  rooms,
  typing,
} from "../chat.ts";
import { textOf, useDeed, useLoaded } from "../hooks.ts";
import { Link } from "../router.tsx";
import { me } from "../session.ts";
import { dayOf } from "../time.ts";
import type { Room, RoomMessage } from "../wire.ts";
import { Composer } from "./composer.tsx";
import { Members } from "./members.tsx";
import { Message, Unsent } from "./message.tsx";
import { Empty, Failure, Field, PageTitle, Waiting, valuesOf } from "./parts.tsx";

export function RoomView({ roomId }: { roomId: number }) {
  const known = rooms.value?.find((r) => r.id === roomId);
  // Not among the caller's own: maybe public, maybe nothing.
  const other = useLoaded(`${roomId} ${rooms.value !== undefined}`, async () =>
    rooms.value && !known ? await findRoom(roomId) : undefined,
  );
  const reason = gone.value.get(roomId);
  if (known) return <Conversation room={known} />;
  if (reason !== undefined && !other.data) return <NoRoom text={reasonText(reason)} />;
  if (other.data && !other.data.is_member) return <JoinRoom room={other.data} />;
  if (other.data === null) return <NoRoom text="There is no such room, or it is not for you." />;
  return (
    <main class="room">
      {other.error ? <Failure text={other.error} retry={() => void other.reload()} /> : <Waiting lines={6} />}
    </main>
  );
}

function reasonText(reason: string): string {
  if (reason === "left") return "You have left this room.";
  if (reason === "removed") return "You are no longer in this room.";
  if (reason === "deleted") return "This room has been deleted.";
  return reason;
}

function NoRoom({ text }: { text: string }) {
  return (
    <main class="room plain">
      <PageTitle title="Room">{text}</PageTitle>
      <p>
        <Link to="/rooms">To the rooms</Link>
      </p>
    </main>
  );
}

function JoinRoom({ room }: { room: Room }) {
  const deed = useDeed();
  async function join(password: string) {
    await call("POST", `/api/rooms/${room.id}/join`, { password });
    await refreshRooms();
  }
  return (
    <main class="room plain">
      <p class="back">
        <Link to="/rooms">← Rooms</Link>
      </p>
      <PageTitle title={room.name}>{room.name}</PageTitle>
      <p dir="auto">{room.description}</p>
      <p class="hint">{room.member_count === 1 ? "1 person is" : `${room.member_count} people are`} in this room.</p>
      <form
        onSubmit={(event) => {
          const v = valuesOf(event);
          void deed.run(() => join(v["password"] ?? ""));
        }}
      >
        {room.has_password && !room.is_invited && (
          <Field label="Password of the room" name="password" type="password" autocomplete="off" required deed={deed} />
        )}
        <Failure text={deed.field === "password" && room.has_password ? "" : deed.error} />
        <button type="submit" class="primary" disabled={deed.busy}>
          Join
        </button>
      </form>
    </main>
  );
}

function Conversation({ room }: { room: Room }) {
  const [error, setError] = useState("");
  const [showsMembers, setShowsMembers] = useState(false);
  const [replyTo, setReplyTo] = useState<RoomMessage | null>(null);
  const log = logs.value.get(room.id);
  function open() {
    setError("");
    openRoom(room).catch((e: unknown) => setError(textOf(e)));
  }
  useEffect(() => {
    open();
    return () => closeRoom(room.id);
  }, []);
  return (
    <main class="room" data-room={room.id}>
      <header class="room-head">
        <Link to="/rooms" class="back icon" label="Back to the rooms">
          ←
        </Link>
        <div class="room-title">
          <PageTitle title={room.name}>{room.name}</PageTitle>
          {room.description && <p dir="auto">{room.description}</p>}
        </div>
        <button
          type="button"
          class="quiet"
          aria-expanded={showsMembers}
          aria-controls="members"
          onClick={() => setShowsMembers(!showsMembers)}
        >
          People
        </button>
      </header>
      <div class="room-body">
        <section class="talk" aria-label="Conversation">
          {error && !log?.isLoaded ? (
            <Failure text={error} retry={open} />
          ) : log?.isLoaded ? (
            <Messages room={room} onReply={setReplyTo} />
          ) : (
            <div class="messages">
              <Waiting lines={8} />
            </div>
          )}
          <Typing roomId={room.id} />
          <Failure text={roomError.value} />
          <Composer room={room} replyTo={replyTo} onReplied={() => setReplyTo(null)} />
        </section>
        {showsMembers && <Members room={room} onClose={() => setShowsMembers(false)} />}
      </div>
    </main>
  );
}

function Typing({ roomId }: { roomId: number }) {
  const names = typing.value.get(roomId) ?? [];
  // Always there, so that nothing jumps when somebody begins.
  return (
    <p class="typing">
      {names.length > 0 &&
        (names.length > 2 ? "Several people are typing…" : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing…`)}
    </p>
  );
}

interface MessagesProps {
  room: Room;
  onReply: (message: RoomMessage) => void;
}

function Messages({ room, onReply }: MessagesProps) {
  const box = useRef<HTMLDivElement>(null);
  // How far the end is: what is at the end stays there, what is read stays where it is.
  const fromEnd = useRef(0);
  const isAtEnd = useRef(true);
  const log = logs.value.get(room.id);
  const messages = log?.messages ?? [];
  const unsent = outbox.value.filter((e) => e.room_id === room.id);
  const [firstUnread] = useState(room.unread_count > 0 ? room.last_read_seq : Infinity);
  const firstSeq = messages[0]?.seq;
  const lastSeq = messages.at(-1)?.seq;

  function see() {
    if (isAtEnd.current && document.visibilityState === "visible") markRead(room.id);
  }
  function scrolled() {
    const b = box.current;
    if (!b) return;
    fromEnd.current = b.scrollHeight - b.scrollTop;
    isAtEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 40;
    if (b.scrollTop < 400) void loadOlder(room.id).catch(() => {});
    see();
  }
  useLayoutEffect(() => {
    const b = box.current;
    if (b) b.scrollTop = isAtEnd.current ? b.scrollHeight : b.scrollTop;
  }, [lastSeq, unsent.length]);
  useLayoutEffect(() => {
    const b = box.current;
    if (b && !isAtEnd.current) b.scrollTop = b.scrollHeight - fromEnd.current;
    if (b && b.scrollHeight <= b.clientHeight) void loadOlder(room.id).catch(() => {});
  }, [firstSeq]);
  useEffect(see, [log?.cursor]);
  useEffect(() => {
    // The keyboard of a phone, or a wider window: the end stays in sight.
    const observer = new ResizeObserver(() => {
      if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
    });
    if (box.current) observer.observe(box.current);
    document.addEventListener("visibilitychange", see);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", see);
    };
  }, []);

  const mine = me.value?.id;
  const lastMine = messages.findLast((m) => m.user_id === mine && !m.is_deleted);
  return (
    <div class="messages" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label="Messages">
      {log?.hasOlder && <p class="older">Loading older messages…</p>}
      {messages.length === 0 && unsent.length === 0 && <Empty>Nothing has been said here yet. Begin.</Empty>}
      <ol>
        {messages.map((m, i) => {
          const before = messages[i - 1];
          const isNewDay = !before || dayOf(before.timestamp) !== dayOf(m.timestamp);
          const isFirstUnread = m.seq > firstUnread && (!before || before.seq <= firstUnread);
          return (
            <Message
              key={m.message_id}
              room={room}
              message={m}
              day={isNewDay ? dayOf(m.timestamp) : ""}
              isFirstUnread={isFirstUnread && m.user_id !== mine}
              isFollowing={!isNewDay && !isFirstUnread && isFollowing(before, m)}
              seenBy={m === lastMine ? seenBy(room.id, m) : 0}
              onReply={onReply}
            />
          );
        })}
        {unsent.map((entry) => (
          <Unsent key={entry.client_message_id} entry={entry} />
        ))}
      </ol>
    </div>
  );
}

// Of the same one, within five minutes: the name need not be said again.
function isFollowing(before: RoomMessage | undefined, m: RoomMessage): boolean {
  return (
    before !== undefined &&
    before.user_id === m.user_id &&
    !m.reply_to &&
    Date.parse(m.timestamp ?? "") - Date.parse(before.timestamp ?? "") < 300_000
  );
}

function seenBy(roomId: number, message: RoomMessage): number {
  const marks = readMarks.value.get(roomId) ?? new Map<number, number>();
  return Array.from(marks).filter(([user, seq]) => user !== message.user_id && seq >= message.seq).length;
}
