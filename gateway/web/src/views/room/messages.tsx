// What was said in a room, and what is being said: older messages come as one scrolls, the end stays in
// sight, and what is looked for is found.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { loadBackTo, loadOlder, logs, markRead, outbox, readMarks } from "../../chat.ts";
import { roomAnswers } from "../../room_coach.ts";
import { me } from "../../session.ts";
import { dayOf } from "../../time.ts";
import type { Room, RoomMessage } from "../../wire.ts";
import { Empty } from "../parts.tsx";
import { ComingAnswer } from "./coming_answer.tsx";
import { Message, Unsent } from "./message.tsx";

interface MessagesProps {
  room: Room;
  // The message that is looked for; 0: the latest.
  seq: number;
  onReply: (message: RoomMessage) => void;
}

export function Messages({ room, seq, onReply }: MessagesProps) {
  const box = useRef<HTMLDivElement>(null);
  // How far the end is: what is at the end stays there, what is read stays where it is.
  const fromEnd = useRef(0);
  const isAtEnd = useRef(true);
  const log = logs.value.get(room.id);
  const messages = log?.messages ?? [];
  const unsent = outbox.value.filter((e) => e.room_id === room.id);
  const [firstUnread] = useState(room.unread_count > 0 ? room.last_read_seq : Infinity);
  const [shown, setShown] = useState(0);
  const [isAway, setIsAway] = useState(false);
  const coming = roomAnswers.value.filter((a) => a.room_id === room.id);
  const firstSeq = messages[0]?.seq;
  const lastSeq = messages.at(-1)?.seq;

  // The message of that number, or, where that is none or not kept any more, the next one.
  async function show(wanted: number) {
    isAtEnd.current = false;
    await loadBackTo(room.id, wanted).catch(() => {});
    const found = logs.value.get(room.id)?.messages.find((m) => m.seq >= wanted);
    if (!found) return;
    setShown(found.message_id);
    requestAnimationFrame(() => {
      const element = box.current?.querySelector(`[data-message="${found.message_id}"]`);
      element?.scrollIntoView({ block: "center" });
    });
  }
  function see() {
    if (isAtEnd.current && document.visibilityState === "visible") markRead(room.id);
  }
  function scrolled() {
    const b = box.current;
    if (!b) return;
    fromEnd.current = b.scrollHeight - b.scrollTop;
    isAtEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 40;
    setIsAway(!isAtEnd.current);
    if (b.scrollTop < 400) void loadOlder(room.id).catch(() => {});
    see();
  }
  useLayoutEffect(() => {
    const b = box.current;
    if (b) b.scrollTop = isAtEnd.current ? b.scrollHeight : b.scrollTop;
  }, [lastSeq, unsent.length, coming.length, coming.at(-1)?.bytes]);
  useLayoutEffect(() => {
    const b = box.current;
    if (b && !isAtEnd.current) b.scrollTop = b.scrollHeight - fromEnd.current;
    if (b && b.scrollHeight <= b.clientHeight) void loadOlder(room.id).catch(() => {});
  }, [firstSeq]);
  useEffect(see, [log?.cursor]);
  useEffect(() => {
    if (seq > 0) void show(seq);
  }, [seq]);
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
              isShown={m.message_id === shown}
              onReply={onReply}
            />
          );
        })}
        {coming.map((answer) => (
          <ComingAnswer key={answer.answer_id} answer={answer} />
        ))}
        {unsent.map((entry) => (
          <Unsent key={entry.client_message_id} entry={entry} />
        ))}
      </ol>
      {isAway && (
        <p class="to-end">
          <button
            type="button"
            class="small"
            onClick={() => {
              const b = box.current;
              if (b) b.scrollTop = b.scrollHeight;
              b?.focus();
            }}
          >
            ↓ {room.unread_count > 0 ? `${room.unread_count} new` : "To the latest"}
          </button>
        </p>
      )}
    </div>
  );
}

// Of the same one, within five minutes: the name need not be said again.
function isFollowing(before: RoomMessage | undefined, m: RoomMessage): boolean {
  return (
    before !== undefined &&
    before.user_id === m.user_id &&
    before.kind === m.kind &&
    !m.reply_to &&
    Date.parse(m.timestamp ?? "") - Date.parse(before.timestamp ?? "") < 300_000
  );
}

function seenBy(roomId: number, message: RoomMessage): number {
  const marks = readMarks.value.get(roomId) ?? new Map<number, number>();
  return Array.from(marks).filter(([user, seq]) => user !== message.user_id && seq >= message.seq).length;
}
