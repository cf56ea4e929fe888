// Where a message is written. Enter sends, Shift+Enter begins a new line.
import { useEffect, useRef, useState } from "preact/hooks";
import { sayTyping, send } from "../../chat.ts";
import { draftOf, keepDraft } from "../../drafts.ts";
import { fullTime } from "../../time.ts";
import type { Room, RoomMessage } from "../../wire.ts";
import { RehearseDialog } from "./coach_dialogs.tsx";

const MAX_CHARACTERS = 5000;
const MAX_TIMER_MS = 2 ** 31 - 1;

interface ComposerProps {
  room: Room;
  replyTo: RoomMessage | null;
  onReplied: () => void;
}

// Until when the user is muted, or null; it ends by itself.
function useMute(room: Room): string | null {
  const [, look] = useState(0);
  const left_ms = room.muted_until ? Date.parse(room.muted_until) - Date.now() : 0;
  useEffect(() => {
    if (left_ms <= 0) return;
    const timer = setTimeout(() => look((n) => n + 1), Math.min(left_ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  });
  return left_ms > 0 ? room.muted_until : null;
}

export function Composer({ room, replyTo, onReplied }: ComposerProps) {
  const place = `room ${room.id}`;
  const [text, setDraft] = useState(draftOf(place));
  const [isRehearsing, setIsRehearsing] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  // Counted as the server does: characters, not halves of them.
  const length = Array.from(text.trim()).length;
  const left = MAX_CHARACTERS - length;
  const mutedUntil = useMute(room);
  const isFit = length > 0 && left >= 0;

  useEffect(() => {
    if (replyTo) area.current?.focus();
  }, [replyTo]);
  useEffect(() => () => sayTyping(room.id, false), []);

  function setText(draft: string) {
    keepDraft(place, draft);
    setDraft(draft);
  }
  function submit() {
    if (!isFit || mutedUntil) return;
    send(
      room.id,
      text.trim(),
      replyTo && {
        message_id: replyTo.message_id,
        seq: replyTo.seq,
        user_id: replyTo.user_id,
        username: replyTo.username,
        excerpt: replyTo.content.slice(0, 100),
      },
    );
    setText("");
    sayTyping(room.id, false);
    onReplied();
    area.current?.focus();
  }

  return (
    <>
      <form
        class="composer"
        onSubmit={(e) => {
          e.preventDefault();
          submit();
        }}
      >
        {mutedUntil && (
          <p class="note" role="status">
            You cannot write here until {fullTime(mutedUntil)}.
          </p>
        )}
        {replyTo && (
          <p class="replying">
            <span>
              Reply to <bdi>{replyTo.username}</bdi>: <span dir="auto">{replyTo.content.slice(0, 100)}</span>
            </span>
            <button type="button" class="icon" aria-label="Do not reply" onClick={onReplied}>
              ✕
            </button>
          </p>
        )}
        <div class="composer-row">
          <textarea
            ref={area}
            dir="auto"
            rows={1}
            value={text}
            placeholder={room.coach_enabled ? "Write a message; @coach asks the coach" : "Write a message"}
            aria-label={`Message to ${room.name}`}
            aria-invalid={left < 0 || undefined}
            onInput={(e) => {
              setText(e.currentTarget.value);
              if (!mutedUntil) sayTyping(room.id, e.currentTarget.value !== "");
            }}
            onKeyDown={(e) => {
              // Not while an input method composes a word: its Enter chooses.
              if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
              e.preventDefault();
              submit();
            }}
          />
          <button
            type="button"
            class="icon"
            aria-label="Rehearse with the coach before you send"
            title="Rehearse with the coach"
            disabled={!isFit}
            onClick={() => setIsRehearsing(true)}
          >
            <svg viewBox="0 0 24 24" class="glyph" aria-hidden="true">
              <path d="M12 3l2.5 6.5L21 12l-6.5 2.5L12 21l-2.5-6.5L3 12l6.5-2.5z" />
            </svg>
          </button>
          <button type="submit" class="primary" disabled={!isFit || mutedUntil !== null}>
            Send
          </button>
        </div>
        {left < 200 && (
          <p class={left < 0 ? "field-error" : "hint"} role="status">
            {left < 0 ? `${-left} characters too many` : `${left} characters left`}
          </p>
        )}
      </form>
      {isRehearsing && (
        <RehearseDialog draft={text.trim()} context={replyTo?.content ?? ""} onUse={setText} onClose={() => setIsRehearsing(false)} />
      )}
    </>
  );
}
